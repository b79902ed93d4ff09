"""What a reset or a stop ends."""

import asyncio
from datetime import timedelta

import pytest

from sandbox.core.errors import ResetError
from tests.conftest import SandboxMaker
from tests.delivery.starts import LATER, SOON, running, statuses
from tests.servers import PATIENCE, Authenticate, Receiver, Sandbox, says


async def test_a_reset_aborts_what_is_under_way_and_cancels_what_was_due(sandbox: Sandbox, receiver: Receiver) -> None:
    authenticate = Authenticate()
    receiver.otherwise = authenticate
    sandbox.set_target("betatel", receiver.url())
    await sandbox.send()
    advance = asyncio.create_task(sandbox.advance(LATER))
    await authenticate.until(1)
    await sandbox.reset()
    with pytest.raises(ResetError):
        await advance
    await authenticate.until_empty()
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
    authenticate = Authenticate()
    receiver.otherwise = authenticate
    sandbox.set_target("betatel", receiver.url())
    for _ in range(70):
        await sandbox.send()
    advance = asyncio.create_task(sandbox.advance(SOON))
    await authenticate.until(64)
    await sandbox.reset()
    with pytest.raises(ResetError):
        await advance
    authenticate.open()
    await sandbox.send()
    await sandbox.advance()

    assert len(receiver.calls) == 66


async def test_a_server_that_stops_does_not_wait_for_a_receiver(make_sandbox: SandboxMaker, receiver: Receiver) -> None:
    sandbox = await make_sandbox(running())
    authenticate = Authenticate()
    receiver.otherwise = authenticate
    sandbox.set_target("betatel", receiver.url())
    await sandbox.send()
    await authenticate.until(1)
    async with asyncio.timeout(PATIENCE):
        await sandbox.client.close()
        await authenticate.until_empty()

    assert len(receiver.calls) == 1
