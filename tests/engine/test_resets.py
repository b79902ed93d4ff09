"""What a reset or a stop ends."""

import asyncio
from datetime import timedelta

import pytest

from sandbox.core.errors import ResetError
from tests.callbacks.starts import LATER, SOON, running, statuses
from tests.conftest import SandboxMaker
from tests.servers import PATIENCE, UBILL_SMS, Gate, Receiver, Sandbox, says


async def test_a_reset_aborts_what_is_under_way_and_cancels_what_was_due(sandbox: Sandbox, receiver: Receiver) -> None:
    gate = Gate()
    receiver.otherwise = gate
    sandbox.set_target("betatel", receiver.url())
    await sandbox.send()
    advance = asyncio.create_task(sandbox.advance(LATER))
    await gate.until(1)
    await sandbox.reset()
    with pytest.raises(ResetError):
        await advance
    await gate.until_empty()
    after = await sandbox.advance()

    assert (len(receiver.calls), sandbox.callbacks, dict(sandbox.world.messages), after.count) == (1, [], {}, 0)


async def test_a_reset_forgets_the_retries(sandbox: Sandbox, receiver: Receiver) -> None:
    receiver.otherwise = says(503)
    sandbox.set_target("betatel", receiver.url())
    await sandbox.send()
    await sandbox.advance(SOON)
    await sandbox.reset()
    await sandbox.advance(timedelta(hours=1))

    assert statuses(receiver) == ["sent"]


async def test_after_a_reset_the_same_target_hears_of_new_messages(sandbox: Sandbox, receiver: Receiver) -> None:
    sandbox.set_target("betatel", receiver.url())
    await sandbox.send()
    await sandbox.reset()
    await sandbox.send()
    await sandbox.advance()

    assert statuses(receiver) == ["sent", "delivered"]


async def test_a_reset_lets_go_what_waited_for_room(sandbox: Sandbox, receiver: Receiver) -> None:
    gate = Gate()
    receiver.otherwise = gate
    sandbox.set_target("betatel", receiver.url())
    for _ in range(70):
        await sandbox.send()
    advance = asyncio.create_task(sandbox.advance(SOON))
    await gate.until(64)
    await sandbox.reset()
    with pytest.raises(ResetError):
        await advance
    gate.open()
    await sandbox.send()
    await sandbox.advance()

    assert len(receiver.calls) == 66


async def test_a_server_that_stops_does_not_wait_for_a_receiver(make_sandbox: SandboxMaker, receiver: Receiver) -> None:
    sandbox = await make_sandbox(running())
    gate = Gate()
    receiver.otherwise = gate
    sandbox.set_target("betatel", receiver.url())
    await sandbox.send()
    await gate.until(1)
    async with asyncio.timeout(PATIENCE):
        await sandbox.client.close()
        await gate.until_empty()

    assert len(receiver.calls) == 1


async def test_messages_deleted_during_an_advance_are_not_reported_any_more(
    sandbox: Sandbox, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    gate = Gate()
    receiver.otherwise = gate
    sandbox.set_target("ubill", receiver.url())
    numbers = [f"9955{number}" for number in range(11_10_00_00, 11_11_00_00)]  # twenty slices of one instant
    await sandbox.send(UBILL_SMS.with_values(numbers=numbers))
    advance = asyncio.create_task(sandbox.advance(SOON))
    while not gate.waiting:  # attempts are under way, and the instant is not over
        await asyncio.sleep(0)
    deleting = asyncio.create_task(sandbox.workspace.forget())
    gate.open()
    await deleting
    called = len(receiver.calls)
    await advance
    await gate.until_empty()

    assert (len(receiver.calls), sandbox.callbacks, dict(sandbox.world.messages), caplog.text) == (called, [], {}, "")
