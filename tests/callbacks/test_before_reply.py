"""Callbacks that arrive before the reply to their request: magic number 63, by the order of events."""

import asyncio

import pytest
from aiohttp import ClientError, web

from sandbox.core.callback import CallbackState
from sandbox.core.clock import ClockConfig, ClockMode
from sandbox.engine.workspace import WorkspaceConfig
from sandbox.scenarios import load_named
from tests.builders import NOON, packs
from tests.callbacks.starts import FAST, statuses
from tests.conftest import SandboxMaker
from tests.scenarios.builders import load, one_rule
from tests.servers import BETATEL_SMS, UBILL_SMS, Gate, Receiver, Sandbox, hangs_up, says, turn

SMS_63 = BETATEL_SMS.with_values(to="38761000063")
STANDING = ClockConfig(ClockMode.FROZEN, start=NOON)
UBILL_63 = UBILL_SMS.with_values(numbers="995511000063,995512000063")


def magic(clock_config: ClockConfig) -> WorkspaceConfig:
    """Return a start with the magic numbers."""
    return WorkspaceConfig(load_named("default", packs=packs()), seed=7, clock_config=clock_config)


@pytest.fixture
async def sandbox(make_sandbox: SandboxMaker) -> Sandbox:
    """Return a sandbox with the magic numbers whose clock stands."""
    return await make_sandbox(magic(STANDING))


@pytest.mark.parametrize("clock_config", [STANDING, FAST], ids=["frozen", "running"])
async def test_63_replies_once_every_callback_was_tried(
    make_sandbox: SandboxMaker, receiver: Receiver, clock_config: ClockConfig
) -> None:
    sandbox = await make_sandbox(magic(clock_config))
    gate = Gate()
    receiver.otherwise = gate
    sandbox.set_target("betatel", receiver.url())
    sending = asyncio.create_task(sandbox.send(SMS_63))
    await gate.until(1)
    await turn()
    early = sending.done()
    gate.open()
    reply = await sending

    assert (early, reply.status, statuses(receiver), [each.state for each in sandbox.callbacks]) == (
        False,
        200,
        ["sent", "delivered"],
        [CallbackState.DELIVERED] * 2,
    )


async def test_63_waits_for_the_callbacks_of_every_recipient(sandbox: Sandbox, receiver: Receiver) -> None:
    sandbox.set_target("ubill", receiver.url())

    reply = await sandbox.send(UBILL_63)

    assert (reply.status, len(receiver.calls), [each.state for each in sandbox.callbacks]) == (
        200,
        4,
        [CallbackState.DELIVERED] * 4,
    )


async def test_a_receiver_that_fails_holds_the_reply_back_for_one_attempt_alone(
    sandbox: Sandbox, receiver: Receiver
) -> None:
    receiver.answers.extend([says(503), hangs_up])
    sandbox.set_target("betatel", receiver.url())

    reply = await sandbox.send(SMS_63)

    assert (reply.status, [len(each.attempts) for each in sandbox.callbacks], sandbox.world.now()) == (
        200,
        [1, 1],
        NOON,
    )


async def test_without_a_target_the_reply_comes_at_once_and_the_callbacks_are_there(sandbox: Sandbox) -> None:
    reply = await sandbox.send(SMS_63)

    assert (reply.status, [each.state for each in sandbox.callbacks]) == (200, [CallbackState.COLLECTED] * 2)


LATER_DELIVERED = "lifecycle: [sent: 0s, delivered: 5s], after: callbacks"
STRICT = "lifecycle: [sent: 0s, delivered: 0s], after: callbacks, callbacks: {strict: true}"


async def test_what_is_due_later_holds_nothing_back(sandbox: Sandbox, receiver: Receiver) -> None:
    sandbox.workspace.use(load(one_rule("to: '*'", LATER_DELIVERED)))
    sandbox.set_target("betatel", receiver.url())

    reply = await sandbox.send()

    assert (reply.status, statuses(receiver)) == (200, ["sent"])


async def test_a_strict_callback_behind_one_that_is_retried_holds_nothing_back(
    sandbox: Sandbox, receiver: Receiver
) -> None:
    receiver.answers.append(says(503))
    sandbox.workspace.use(load(one_rule("to: '*'", STRICT)))
    sandbox.set_target("betatel", receiver.url())

    reply = await sandbox.send()

    assert (reply.status, statuses(receiver)) == (200, ["sent"])


async def test_a_receiver_that_calls_the_sandbox_itself_is_answered(sandbox: Sandbox, receiver: Receiver) -> None:
    async def asks(_: web.Request) -> web.StreamResponse:
        return web.Response(text=str((await sandbox.send()).status))

    receiver.otherwise = asks
    sandbox.set_target("betatel", receiver.url())

    reply = await sandbox.send(SMS_63)

    assert (reply.status, [attempt.answer for attempt in sandbox.attempts]) == (200, ["200", "200"])


async def test_a_reset_closes_the_connection_of_a_reply_that_waits(sandbox: Sandbox, receiver: Receiver) -> None:
    gate = Gate()
    receiver.otherwise = gate
    sandbox.set_target("betatel", receiver.url())
    before = len(sandbox.world.batch_subscribers)
    sending = asyncio.create_task(sandbox.send(SMS_63))
    await gate.until(1)
    await sandbox.reset()

    with pytest.raises(ClientError):
        await sending
    assert len(sandbox.world.batch_subscribers) == before
