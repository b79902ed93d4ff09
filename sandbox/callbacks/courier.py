"""The courier: makes the attempts at callbacks, in order, a limited number at a time, and returns their results."""

import asyncio
from collections import deque
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol, cast

from sandbox.callbacks.egress import Egress
from sandbox.core.callback import Attempt, Callback, Outgoing, TargetOrigin
from sandbox.core.clock import monotonic
from sandbox.core.errors import SandboxError, StoreError

AT_A_TIME = 64  # attempts under way at one target


class Sender(Protocol):
    """Whose callbacks the courier delivers."""

    def now(self) -> datetime:
        """Return the instant on the clock of the callbacks."""

    def write(self, callback: Callback) -> Outgoing:
        """Return the request of a callback, whose turn has come."""

    def committed(self) -> asyncio.Future[None] | None:
        """Return what to await before an attempt, None if nothing."""

    def owned(self) -> asyncio.Future[None] | None:
        """Return what to await right before the first byte, None if nothing."""

    def store(self, callback: Callback, request: Outgoing, attempt: Attempt) -> None:
        """Take the result of an attempt."""


class Job(NamedTuple):
    """One attempt to be made.

    Jobs of one `host_queue` share the attempts that one target takes at a time; first attempts of the callbacks of one
    message are made one after the other.
    """

    sender: Sender
    callback: Callback
    workspace: str
    host_queue: str
    origin: TargetOrigin
    timeout: timedelta
    first: bool
    replay: bool


class Courier:
    """Owns every attempt in progress: one queue per target, and one per message for first attempts."""

    def __init__(self, egress: Egress) -> None:
        self._egress = egress
        self._host_queues: dict[str, deque[Job]] = {}
        self._active: dict[str, int] = {}
        self._message_queues: dict[tuple[str, int], deque[Job]] = {}
        self._tasks: dict[asyncio.Task[None], Job] = {}
        self._late: set[asyncio.Task[None]] = set()  # those that have reached their timeout
        self._open: dict[str, int] = {}
        self._waiting: dict[str, list[asyncio.Future[None]]] = {}

    def send(self, job: Job) -> None:
        """Take a job; its attempt is made as soon as order and the limit allow."""
        self._open[job.workspace] = self._open.get(job.workspace, 0) + 1
        if job.first:
            queue = self._message_queues.get((job.workspace, job.callback.message))
            if queue is not None:
                queue.append(job)
                return
            self._message_queues[job.workspace, job.callback.message] = deque()
        self._queue(job)

    async def settled(self, workspace: str) -> None:
        """Wait until no attempt of a workspace is waiting or under way."""
        if self._open.get(workspace):
            future = asyncio.get_running_loop().create_future()
            self._waiting.setdefault(workspace, []).append(future)
            await future

    async def abort(self, workspace: str, messages: Collection[int] | None = None) -> None:
        """Drop waiting jobs of a workspace and abort those under way; none of them stores a result any more.

        `messages`: the numbers of the messages whose jobs these are; None means all.
        """

        def is_dropped(of: str, message: int) -> bool:
            return of == workspace and (messages is None or message in messages)

        dropped = 0
        for host_queue in self._host_queues.values():
            kept = [job for job in host_queue if not is_dropped(job.workspace, job.callback.message)]
            dropped += len(host_queue) - len(kept)
            host_queue.clear()
            host_queue.extend(kept)
        for key in [key for key in self._message_queues if is_dropped(*key)]:
            dropped += len(self._message_queues.pop(key))
        tasks = [task for task, job in self._tasks.items() if is_dropped(job.workspace, job.callback.message)]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        left = self._open.pop(workspace, 0) - dropped - sum(task.cancelled() for task in tasks)
        if left > 0:
            self._open[workspace] = left
        else:
            self._release(workspace)

    async def close(self) -> None:
        """Abort everything."""
        for workspace in {*self._open}:
            await self.abort(workspace)

    def _queue(self, job: Job) -> None:
        if self._active.get(job.host_queue, 0) < AT_A_TIME:
            self._start(job)
        else:
            self._host_queues.setdefault(job.host_queue, deque()).append(job)

    def _start(self, job: Job) -> None:
        self._active[job.host_queue] = self._active.get(job.host_queue, 0) + 1
        task = asyncio.get_running_loop().create_task(self._attempt(job))
        self._tasks[task] = job
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Start the next job of the same target, and the next of the same message."""
        job = self._tasks.pop(task)
        self._late.discard(task)
        self._active[job.host_queue] -= 1
        host_queue = self._host_queues.get(job.host_queue)
        if host_queue:
            self._start(host_queue.popleft())
        elif not self._active[job.host_queue]:
            self._active.pop(job.host_queue)
            self._host_queues.pop(job.host_queue, None)
        if task.cancelled():
            return
        if job.first:
            queue = self._message_queues.get((job.workspace, job.callback.message))
            if queue:
                self._queue(queue.popleft())
            elif queue is not None:
                del self._message_queues[job.workspace, job.callback.message]
        self._open[job.workspace] -= 1
        if not self._open[job.workspace]:
            del self._open[job.workspace]
            self._release(job.workspace)
        task.result()

    def _give_up(self, task: asyncio.Task[None]) -> None:
        """End an attempt that takes too long."""
        self._late.add(task)
        task.cancel()

    def _release(self, workspace: str) -> None:
        for future in self._waiting.pop(workspace, ()):
            if not future.done():
                future.set_result(None)

    async def _attempt(self, job: Job) -> None:
        sender, callback = job.sender, job.callback
        outgoing = sender.write(callback)
        committed = sender.committed()
        if committed is not None:  # the first byte leaves only after all that the request rests on is safe
            try:
                await asyncio.shield(committed)
            except StoreError:
                return  # the store has lost the callback's turn; the workspace goes on without this attempt
        begun, at = monotonic(), sender.now()
        status, answer, error = None, "", None
        task, seconds = cast("asyncio.Task[None]", asyncio.current_task()), job.timeout.total_seconds()
        timer = task.get_loop().call_later(seconds, self._give_up, task)  # a fifth of the time of `asyncio.timeout`
        try:
            status, answer = await self._egress.send(outgoing, job.origin, owned=sender.owned)
        except StoreError:
            return  # as above: nothing was sent
        except asyncio.CancelledError:
            if task not in self._late or task.uncancel():
                raise
            error = f"no response within {seconds:g} s"
        except (SandboxError, OSError, ValueError) as failure:
            error = str(failure)
        finally:
            timer.cancel()
        number, ms = callback.next_attempt, (monotonic() - begun) * 1000
        attempt = Attempt(number, at, status, answer, ms, error, job.replay, outgoing.url)
        sender.store(callback, outgoing, attempt)
