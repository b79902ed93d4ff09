"""Callbacks in their order, and how many at a time."""

import asyncio
from datetime import timedelta

from sandbox.core.callback import Callback
from sandbox.core.change import Batch
from sandbox.core.clock import ClockConfig, ClockMode
from sandbox.core.message import Message
from sandbox.core.scenario import Scenario
from sandbox.engine.workspace import WorkspaceConfig
from tests.builders import NOON
from tests.callbacks.starts import LATER, SOON, running, statuses
from tests.conftest import SandboxMaker
from tests.servers import UBILL_SMS, Gate, Receiver, Sandbox, says


async def test_a_message_reports_in_the_order_of_its_statuses(make_sandbox: SandboxMaker, receiver: Receiver) -> None:
    sandbox = await make_sandbox(running())
    gate = Gate()
    receiver.otherwise = gate
    sandbox.set_target("betatel", receiver.url())
    await sandbox.send()
    await gate.until(1)
    await sandbox.until(lambda: sandbox.message().status == "delivered")
    before = statuses(receiver)
    gate.open()
    await sandbox.until(lambda: [each.state for each in sandbox.callbacks] == ["delivered", "delivered"])

    assert (before, statuses(receiver), gate.most) == (["sent"], ["sent", "delivered"], 1)


async def test_two_statuses_of_one_instant_report_one_after_the_other(sandbox: Sandbox, receiver: Receiver) -> None:
    gate = Gate()
    receiver.otherwise = gate
    sandbox.set_target("betatel", receiver.url())
    await sandbox.send()
    sandbox.workspace.move(sandbox.message(), "sent")
    sandbox.workspace.move(sandbox.message(), "delivered")
    await gate.until(1)
    before = statuses(receiver)
    gate.open()
    await sandbox.advance()

    assert (before, statuses(receiver), gate.most) == (["sent"], ["sent", "delivered"], 1)


async def test_a_retry_that_waits_holds_nothing_back(sandbox: Sandbox, receiver: Receiver) -> None:
    receiver.answers.append(says(503))
    sandbox.set_target("betatel", receiver.url())
    await sandbox.send()
    await sandbox.advance()

    assert statuses(receiver) == ["sent", "delivered", "sent"]


async def test_at_an_instant_of_a_standing_clock_a_retry_leaves_before_a_callback_that_is_made_then(
    make_sandbox: SandboxMaker, receiver: Receiver
) -> None:
    retries = {"betatel": {"retries": ["2s"]}}  # as long after `sent` as `delivered`
    start = WorkspaceConfig(Scenario("retries", settings=retries), clock_config=ClockConfig(ClockMode.FROZEN))
    sandbox = await make_sandbox(start)
    receiver.answers.append(says(503))
    sandbox.set_target("betatel", receiver.url())
    await sandbox.send()
    await sandbox.advance()

    assert statuses(receiver) == ["sent", "sent", "delivered"]


async def test_on_a_clock_that_runs_a_callback_is_stored_as_being_sent_with_its_status(
    make_sandbox: SandboxMaker, receiver: Receiver
) -> None:
    sandbox = await make_sandbox(running())
    batches: list[Batch] = []
    sandbox.world.batch_subscribers.append(batches.append)
    sandbox.set_target("betatel", receiver.url())
    await sandbox.send()
    await sandbox.until(lambda: [each.state for each in sandbox.callbacks] == ["delivered", "delivered"])
    stored = [
        [each.history[-1].status if isinstance(each, Message) else (each.id, each.state) for each in kinds]
        for batch in batches
        if (kinds := [each for each in batch.changes if isinstance(each, Message | Callback)])
    ]

    assert sorted(stored[1:], key=str) == [
        [(1, "delivered")],
        [(2, "delivered")],
        ["delivered", (2, "sending")],
        ["sent", (1, "sending")],
    ]


async def test_different_messages_report_side_by_side(sandbox: Sandbox, receiver: Receiver) -> None:
    gate = Gate()
    receiver.otherwise = gate
    sandbox.set_target("betatel", receiver.url())
    for _ in range(5):
        await sandbox.send()
    advance = asyncio.create_task(sandbox.advance(SOON))
    await gate.until(5)
    gate.open()
    await advance

    assert len({call.json["uuid"] for call in receiver.calls}) == 5


async def test_one_target_has_64_attempts_at_a_time_and_holds_up_no_other(
    sandbox: Sandbox,
    receiver: Receiver,
    receiver_too: Receiver,
) -> None:
    gate = Gate()
    receiver.otherwise = gate
    sandbox.set_target("betatel", receiver.url())
    sandbox.set_target("ubill", receiver_too.url())
    for _ in range(100):
        await sandbox.send()
    await sandbox.send(UBILL_SMS)
    advance = asyncio.create_task(sandbox.advance(SOON))
    await gate.until(64)
    await sandbox.until(lambda: sandbox.callbacks[-1].state == "delivered")
    waiting = gate.waiting
    gate.open()
    await advance

    assert (waiting, gate.most, len(receiver.calls), len(receiver_too.calls)) == (64, 64, 100, 1)


async def test_the_clock_stands_until_every_attempt_of_an_instant_has_ended(
    sandbox: Sandbox,
    receiver: Receiver,
) -> None:
    gate = Gate()
    receiver.otherwise = gate
    sandbox.set_target("betatel", receiver.url())
    await sandbox.send()
    advance = asyncio.create_task(sandbox.advance(LATER))
    await gate.until(1)
    meanwhile = sandbox.world.now()
    gate.open()
    done = await advance

    assert (meanwhile, [each.at for each in sandbox.attempts], done.end) == (
        NOON + timedelta(milliseconds=200),
        [NOON + timedelta(milliseconds=200), NOON + timedelta(milliseconds=2200)],
        NOON + LATER,
    )


async def test_none_is_lost_and_none_overtakes_on_a_clock_that_runs(
    make_sandbox: SandboxMaker,
    receiver: Receiver,
) -> None:
    sandbox = await make_sandbox(running())
    sandbox.set_target("betatel", receiver.url())
    for _ in range(100):
        await sandbox.send()
    await sandbox.until(
        lambda: len(sandbox.callbacks) == 200 and {each.state for each in sandbox.callbacks} == {"delivered"}
    )
    heard: dict[str, list[str]] = {}
    for call in receiver.calls:
        heard.setdefault(call.json["uuid"], []).append(call.json["status"])

    assert (len(heard), [each for each in heard.values() if each != ["sent", "delivered"]]) == (100, [])
