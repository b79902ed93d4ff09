"""Works through a world's agenda: at its times on a running clock, or when somebody holds the clock and walks it."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from sandbox.core.agenda import AgendaEntry
from sandbox.core.callback import Callback, CallbackState
from sandbox.core.change import Batch
from sandbox.core.world import World
from sandbox.engine.transitions import carry_out
from sandbox.providers.registry import Registry

AT_ONCE = 500  # due entries that are carried out before others on the loop get their turn
GRAIN = 0.001  # seconds; entries that are due closer together than this share one waking


class Scheduler:
    """Owns the timer on a world's agenda; `leaving` takes each callback that must go out now."""

    def __init__(self, world: World, packs: Registry, *, leaving: Callable[[Callback], None]) -> None:
        self._world = world
        self._packs = packs
        self._leaving = leaving
        self._timer: tuple[datetime, asyncio.TimerHandle] | None = None
        self._held = False
        world.batch_subscribers.append(self.arm)

    def arm(self, _: Batch | None = None) -> None:
        """See to it that the loop wakes when the first entry of the agenda is due."""
        if self._held:
            return
        first = self._world.agenda.first()
        if first is None or (self._timer is not None and self._timer[0] <= first.at):
            return
        delay = self._world.clock.real_seconds_until(first.at)
        if delay is None:
            return
        self.disarm()
        self._timer = (first.at, asyncio.get_running_loop().call_later(max(delay, GRAIN), self._wake))

    def disarm(self) -> None:
        """Let the loop sleep."""
        if self._timer is not None:
            self._timer[1].cancel()
            self._timer = None

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep the timer away while somebody else works through the agenda."""
        before, self._held = self._held, True  # a reset holds the clock while an advance does
        self.disarm()
        try:
            yield
        finally:
            self._held = before
            self.arm()

    def work(self) -> None:
        """Carry out what is due, in slices, so that nobody waits long."""
        if self._held:
            return
        self._held = True  # what is committed meanwhile sets no timer
        try:
            self.slice(self._world.now())
        finally:
            self._held = False
        self.arm()

    def slice(self, now: datetime, told: Callable[[AgendaEntry, Callback | None], None] | None = None) -> bool:
        """Carry out some of what is due; return whether there may be more.

        `told` hears of each entry, and of the callback that was collected by it; not of those that leave.
        """
        for _ in range(AT_ONCE):
            due = self._world.agenda.first()
            if due is None or due.at > now:
                return False
            callback = carry_out(self._world, self._packs, due)
            if callback is not None and callback.state is CallbackState.SENDING:
                self._leaving(callback)
            elif told is not None:
                told(due, callback)
        return True

    def _wake(self) -> None:
        self._timer = None
        self.work()
