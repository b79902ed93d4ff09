"""The one place in which what leaves a workspace waits until the batch that it rests on is committed.

A response, at once or delayed, and the first byte of a callback leave only when their batch is safe. Memory has a batch
as soon as the world has it, so nothing waits. A store that commits several batches at a time is given to the gate as
another `Committed`; nothing else needs to change.
"""

import asyncio
from collections.abc import Callable, Iterable

from sandbox.core.agenda import EntryKind
from sandbox.core.callback import Callback, CallbackState
from sandbox.core.change import Batch
from sandbox.core.effects import Fault
from sandbox.core.errors import ResetError, SandboxError
from sandbox.core.lifecycle import moves_at_once
from sandbox.core.message import Message
from sandbox.core.world import World
from sandbox.pipeline import Response

# From a batch's number to a future that is done once the batch is committed, None if it is already.
Committed = Callable[[int], asyncio.Future[None] | None]


# A future that is done once this server is known to own the workspace still, None if it is known.
Ownership = Callable[[], asyncio.Future[None] | None]


def in_memory(_: int) -> None:
    """Return that a batch is committed already."""


def alone() -> None:
    """Return that no other server may have taken the workspace over."""


class CommitGate:
    """Holds back the responses of a workspace, and tells the courier what its callbacks must wait for."""

    def __init__(self, world: World, committed: Committed = in_memory) -> None:
        self.committed = committed
        self.ownership: Ownership = alone
        self._world = world
        self._held: set[asyncio.Future[None]] = set()

    @property
    def held(self) -> int:
        """The number of responses that scenarios hold back."""
        return len(self._held)

    def latest(self) -> asyncio.Future[None] | None:
        """Return a future that is done once everything that the world has now is committed, None if it is already."""
        return self.committed(self._world.batches)

    def owned(self) -> asyncio.Future[None] | None:
        """Return a future that is done once this server is known to own the workspace still, None if it is known."""
        return self.ownership()

    def hold_back(self, batch: int, response: Response) -> asyncio.Future[None] | None:
        """Return what to await before a response leaves; None if it leaves at once and whole.

        Raises (when it is awaited):
            ResetError: the workspace was reset before a response that a scenario delays could leave.

        """
        if response.fault is Fault.HANG:
            return self._wait()
        if response.awaits:
            return self.wait_for_callbacks(response.awaits)
        if response.delay or response.fault is not None:
            return self.wait(response.delay.total_seconds(), batch=batch)
        if self.committed(batch) is None:
            return None
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._release(future, batch)
        return future

    def hang(self) -> asyncio.Future[None]:
        """Return a future that is never done, but for a reset; see `hold_back`."""
        return self._wait()

    def wait(self, seconds: float, *, batch: int = 0) -> asyncio.Future[None]:
        """Return a future that is done after a real time, once the batch is committed; see `hold_back`."""
        future = self._wait()
        timer = asyncio.get_running_loop().call_later(seconds, self._release, future, batch)
        future.add_done_callback(lambda _: timer.cancel())
        return future

    def wait_for_callbacks(self, ids: Iterable[str]) -> asyncio.Future[None]:
        """Return a future that is done once the callbacks of messages that were due at their acceptance were tried.

        It is done with the batch that stores the last of these attempts, so the response cannot leave before it; see
        `hold_back`.
        """
        future, waiting = self._wait(), [*ids]

        def check(_: Batch | None = None) -> None:
            while waiting and not _is_awaited(self._world, waiting[-1]):
                waiting.pop()
            if not waiting:
                self._release(future, self._world.batches)

        self._world.batch_subscribers.append(check)
        future.add_done_callback(lambda _: self._world.batch_subscribers.remove(check))
        check()
        return future

    def close(self, reason: SandboxError | None = None) -> None:
        """End every delay of a scenario with an error, so that these responses never leave; default: ResetError."""
        for future in self._held:
            if not future.done():
                future.set_exception(reason or ResetError(f"the workspace {self._world.name} was reset"))

    def _wait(self) -> asyncio.Future[None]:
        """Return a future that is done when it is released, or never but for a reset."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._held.add(future)
        future.add_done_callback(self._held.discard)
        return future

    def _release(self, future: asyncio.Future[None], batch: int) -> None:
        """Let a wait end once the batch is committed."""
        committed = self.committed(batch)
        if committed is None:
            _end(future)
        else:
            committed.add_done_callback(lambda done: _end(future, done))


def _end(future: asyncio.Future[None], committed: asyncio.Future[None] | None = None) -> None:
    """Let a wait end, unless it has; with the error of the commit if that failed."""
    if future.done():
        return
    error = committed.exception() if committed is not None else None
    if error is None:
        future.set_result(None)
    else:
        future.set_exception(error)


def _is_awaited(world: World, message_id: str) -> bool:
    """Return whether a move or a first attempt is still to come that was due when the message was accepted."""
    message = world.message(message_id)
    if message is None:
        return False
    if moves_at_once(message):
        return True
    return any(_is_untried(world, message, world.callbacks[each]) for each in message.callbacks)


def _is_untried(world: World, message: Message, callback: Callback) -> bool:
    """Return whether a callback that was due at the acceptance is still to be tried for the first time."""
    strict = message.callback_policy.strict  # the one before it puts it off; the step tells when it would have been due
    due = min(callback.due, callback.step.at) if strict else callback.due
    if not callback.is_untried or due > message.accepted_at:
        return False
    return callback.state is CallbackState.SENDING or world.agenda.find(EntryKind.CALLBACK, callback.id) is not None
