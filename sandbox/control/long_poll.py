"""Waits for what may yet happen in a workspace: woken by its batches, never polling; a reset or a stop ends it."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Self, TypeVar

from sandbox.control.problems import refuse
from sandbox.core.change import Batch, Change, WorkspaceDeleted, WorkspaceReset
from sandbox.core.errors import ResetError
from sandbox.core.world import World

Found = TypeVar("Found")
Stirs = Callable[[Change], bool]


class WaitRegistry:
    """The calls that wait in one server; none of them outlasts it."""

    def __init__(self) -> None:
        self.ears: set[ChangeWaiter] = set()
        self.stopping = False

    def stop(self) -> None:
        """Wake them all, and let nobody wait any more."""
        self.stopping = True
        for ear in self.ears:
            ear.stir()


class ChangeWaiter:
    """Listens to a world while somebody waits; `stirs` says which changes are worth another look."""

    def __init__(self, waits: WaitRegistry, world: World, stirs: Stirs) -> None:
        self._waits = waits
        self._world = world
        self._stirs = stirs
        self._stirred = asyncio.Event()
        self._reset = False

    def __enter__(self) -> Self:
        self._world.batch_subscribers.append(self._hear)
        self._waits.ears.add(self)
        return self

    def __exit__(self, *_: object) -> None:
        self._world.batch_subscribers.remove(self._hear)
        self._waits.ears.discard(self)

    def stir(self) -> None:
        """Wake whoever waits."""
        self._stirred.set()

    def _hear(self, batch: Batch) -> None:
        if any(self._reset_by(change) or self._stirs(change) for change in batch.changes):
            self._stirred.set()

    def _reset_by(self, change: Change) -> bool:
        self._reset = self._reset or isinstance(change, WorkspaceReset | WorkspaceDeleted)
        return self._reset

    async def stirred(self, until: float) -> bool:
        """Wait for a change that stirs; False when the loop's time `until` comes first.

        Raises:
            ResetError: the workspace was reset or deleted.
            ProblemError: 503, the server stops.

        """
        if self._waits.stopping:
            self._stirred.set()
        try:
            async with asyncio.timeout_at(until):
                await self._stirred.wait()
        except TimeoutError:
            return False
        self._stirred.clear()
        if self._reset:
            message = f"the workspace {self._world.name} was reset while this call waited"
            raise ResetError(message)
        if self._waits.stopping:
            raise refuse(503, "", "the server is stopping")
        return True


async def wait_for(
    waits: WaitRegistry,
    world: World,
    look: Callable[[], Awaitable[Found | None]],
    *,
    stirs: Stirs,
    wait: timedelta | None,
) -> Found | None:
    """Look until there is something to be found, or for as long as `wait` of real time; None when there is nothing.

    Raises:
        ResetError: the workspace was reset or deleted meanwhile.
        ProblemError: 503, the server stopped meanwhile.

    """
    if not wait:
        return await look()
    until = asyncio.get_running_loop().time() + wait.total_seconds()
    with ChangeWaiter(waits, world, stirs) as ear:
        while (found := await look()) is None:
            if not await ear.stirred(until):
                return None
    return found
