"""The courier: carries callbacks to their targets, in order, so many at a time, and tells what became of them."""

import asyncio
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sandbox.callbacks.egress import Egress
from sandbox.core.callback import Outgoing, TargetOrigin
from sandbox.core.clock import monotonic
from sandbox.core.errors import SandboxError

AT_A_TIME = 64  # attempts under way at one target


@dataclass(frozen=True, slots=True)
class Result:
    """What an attempt came to: the status and beginning of an answer, or an error in words.

    `at` is the instant on the workspace's clock at which it began, `ms` the real time it took.
    """

    at: datetime
    request: Outgoing
    status: int | None
    answer: str
    ms: float
    error: str | None


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """One attempt to be made.

    `begin` gives the instant and the request when it is sent, `done` takes the result. Jobs of one `host_queue` share
    the room of one target; those that are the `first` attempt of a callback go one after the other within a `message`.
    """

    workspace: str
    message: int
    host_queue: str
    origin: TargetOrigin
    timeout: timedelta
    first: bool
    begin: Callable[[], tuple[datetime, Outgoing]]
    done: Callable[[Result], None]


class Courier:
    """Owns every attempt under way: one line a target, one line a message for first attempts."""

    def __init__(self, door: Egress) -> None:
        self._door = door
        self._lanes: dict[str, deque[Job]] = {}
        self._active: dict[str, int] = {}
        self._lines: dict[tuple[str, int], deque[Job]] = {}
        self._tasks: dict[asyncio.Task[None], Job] = {}
        self._open: dict[str, int] = {}
        self._waiting: dict[str, list[asyncio.Future[None]]] = {}

    def send(self, job: Job) -> None:
        """Take a job; it starts as soon as order and room allow."""
        self._open[job.workspace] = self._open.get(job.workspace, 0) + 1
        if job.first:
            line = self._lines.get((job.workspace, job.message))
            if line is not None:
                line.append(job)
                return
            self._lines[job.workspace, job.message] = deque()
        self._queue(job)

    async def settled(self, workspace: str) -> None:
        """Wait until no attempt of a workspace is waiting or under way."""
        if self._open.get(workspace):
            future = asyncio.get_running_loop().create_future()
            self._waiting.setdefault(workspace, []).append(future)
            await future

    async def abort(self, workspace: str, messages: Collection[int] | None = None) -> None:
        """Forget waiting jobs of a workspace and abort those under way; none of them is heard of again.

        `messages`: the numbers of those whose jobs are meant; None means all.
        """

        def meant(of: str, message: int) -> bool:
            return of == workspace and (messages is None or message in messages)

        gone = 0
        for host_queue in self._lanes.values():
            kept = [job for job in host_queue if not meant(job.workspace, job.message)]
            gone += len(host_queue) - len(kept)
            host_queue.clear()
            host_queue.extend(kept)
        for key in [key for key in self._lines if meant(*key)]:
            gone += len(self._lines.pop(key))
        tasks = [task for task, job in self._tasks.items() if meant(job.workspace, job.message)]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        left = self._open.pop(workspace, 0) - gone - sum(task.cancelled() for task in tasks)
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
            self._lanes.setdefault(job.host_queue, deque()).append(job)

    def _start(self, job: Job) -> None:
        self._active[job.host_queue] = self._active.get(job.host_queue, 0) + 1
        task = asyncio.get_running_loop().create_task(self._attempt(job))
        self._tasks[task] = job
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Make room for the next of its lane, and let the next of its message go."""
        job = self._tasks.pop(task)
        self._active[job.host_queue] -= 1
        host_queue = self._lanes.get(job.host_queue)
        if host_queue:
            self._start(host_queue.popleft())
        elif not self._active[job.host_queue]:
            self._active.pop(job.host_queue)
            self._lanes.pop(job.host_queue, None)
        if task.cancelled():
            return
        if job.first:
            line = self._lines.get((job.workspace, job.message))
            if line:
                self._queue(line.popleft())
            elif line is not None:
                del self._lines[job.workspace, job.message]
        self._open[job.workspace] -= 1
        if not self._open[job.workspace]:
            del self._open[job.workspace]
            self._release(job.workspace)
        task.result()

    def _release(self, workspace: str) -> None:
        for future in self._waiting.pop(workspace, ()):
            if not future.done():
                future.set_result(None)

    async def _attempt(self, job: Job) -> None:
        begun = monotonic()
        at, outgoing = job.begin()
        status, answer, error = None, "", None
        try:
            async with asyncio.timeout(job.timeout.total_seconds()):
                status, answer = await self._door.send(outgoing, job.origin)
        except TimeoutError:
            error = f"no answer within {job.timeout.total_seconds():g} s"
        except (SandboxError, OSError, ValueError) as failure:
            error = str(failure)
        job.done(Result(at, outgoing, status, answer, (monotonic() - begun) * 1000, error))
