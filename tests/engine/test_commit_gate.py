"""What leaves a workspace waits until a store has committed the batch that it rests on."""

import asyncio

import pytest

from sandbox.core.callback import CallbackState
from tests.server.connections import HEADERS, frozen, request
from tests.server.test_fast_path import MakeServer, both_ways
from tests.servers import PATIENCE, Receiver, Sandbox, says, turn

TURNS = 20  # of the loop: more than a response takes on loopback


class Store:
    """A store that commits when it is told to; it is asked with a batch's number."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self._done = 0
        self._waiting: list[asyncio.Future[None]] = []
        self._changed = asyncio.Condition()

    def __call__(self, number: int) -> asyncio.Future[None] | None:
        self.asked.append(number)
        if number <= self._done:
            return None
        self._waiting.append(asyncio.get_running_loop().create_future())
        return self._waiting[-1]

    async def until_asked(self, number: int) -> None:
        """Return when something waits for a batch."""
        async with asyncio.timeout(PATIENCE):
            while not self._waiting or self.asked[-1] < number:
                await turn()
        for _ in range(TURNS):
            await turn()

    def commit(self) -> None:
        """Commit every batch that was asked for."""
        self._done = max(self.asked)
        for each in self._waiting:
            each.set_result(None)
        self._waiting.clear()


@both_ways
@pytest.mark.parametrize("then", ["", "then: {after: 1ms}", "then: {fault: slow_body}"], ids=["plain", "late", "slow"])
async def test_a_response_leaves_once_its_batch_is_committed(way: MakeServer, then: str) -> None:
    store = Store()
    async with way(frozen(f"rules: [{{name: r, when: {{to: '*'}}, {then}}}]" if then else "rules: []")) as place:
        place.engine.default.gate.committed = store
        line = await place.connect()
        hearing = asyncio.create_task(line.receive())
        await line.send(request(*HEADERS))
        await store.until_asked(1)
        early = hearing.done()
        store.commit()
        reply = await hearing

    assert (early, reply.partition(b"\r\n")[0]) == (False, b"HTTP/1.1 200 OK")


@both_ways
async def test_the_refusal_of_what_cannot_be_read_waits_too(way: MakeServer) -> None:
    store = Store()
    async with way(frozen()) as place:
        place.engine.default.gate.committed = store
        line = await place.connect()
        hearing = asyncio.create_task(line.receive())
        await line.send(b"POST /v1/sms/send HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n")
        await store.until_asked(1)
        early = hearing.done()
        store.commit()
        reply = await hearing

    assert (early, reply.partition(b"\r\n")[0]) == (False, b"HTTP/1.1 400 Bad Request")


async def test_a_callback_leaves_once_its_batch_is_committed(sandbox: Sandbox, receiver: Receiver) -> None:
    sandbox.set_target("betatel", receiver.url())
    await sandbox.send()
    store = Store()
    sandbox.workspace.gate.committed = store
    sandbox.workspace.move(sandbox.message(), "sent")
    sending = sandbox.world.batches
    await store.until_asked(sending)
    early = [*receiver.calls]
    store.commit()
    await sandbox.until(lambda: sandbox.callbacks[0].state is CallbackState.DELIVERED)

    assert (early, len(receiver.calls), min(store.asked)) == ([], 1, sending)


async def test_a_retry_waits_for_the_batch_of_the_attempt_before_it(sandbox: Sandbox, receiver: Receiver) -> None:
    receiver.answers.append(says(503))
    sandbox.set_target("betatel", receiver.url())
    await sandbox.send()
    sandbox.workspace.move(sandbox.message(), "sent")
    await sandbox.until(lambda: len(sandbox.attempts) == 1)
    store = Store()
    sandbox.workspace.gate.committed = store
    sandbox.workspace.dispatch.fire(sandbox.callbacks[0])
    await store.until_asked(sandbox.world.batches)
    early = len(receiver.calls)
    store.commit()
    await sandbox.until(lambda: len(sandbox.attempts) == 2)

    assert (early, len(receiver.calls)) == (1, 2)


async def test_a_reset_drops_a_callback_that_waits_for_its_batch(sandbox: Sandbox, receiver: Receiver) -> None:
    sandbox.set_target("betatel", receiver.url())
    await sandbox.send()
    store = Store()
    sandbox.workspace.gate.committed = store
    sandbox.workspace.move(sandbox.message(), "sent")
    await store.until_asked(sandbox.world.batches)
    await sandbox.reset()
    store.commit()
    for _ in range(TURNS):
        await turn()

    assert (receiver.calls, sandbox.callbacks) == ([], [])
