"""Works through a world's agenda: sets the timer, moves the messages that are due, and makes their callbacks."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from sandbox.callbacks.dispatch import begin_attempt
from sandbox.core.agenda import AgendaEntry, EntryKind
from sandbox.core.callback import Callback, CallbackState
from sandbox.core.lifecycle import MOVE
from sandbox.core.world import World
from sandbox.engine.inbound import reply_by_itself
from sandbox.engine.report import report_next
from sandbox.providers.registry import Registry

# A look at a member of an enumeration takes as long as a call.
INBOUND, SENDING, PENDING = EntryKind.INBOUND, CallbackState.SENDING, CallbackState.PENDING
AT_ONCE = 500  # due entries that are carried out before others on the loop get their turn
GRAIN = 0.005  # seconds; entries that are due closer together than this share one timer, which saves 5 % of the time


class Scheduler:
    """Owns the timer of a world's agenda; `send` takes each callback that must leave now."""

    def __init__(self, world: World, packs: Registry, *, send: Callable[[Callback], None]) -> None:
        self._world = world
        self._packs = packs
        self._send = send
        self._timer: tuple[datetime, asyncio.TimerHandle] | None = None
        self._held = False
        self._paused = False
        world.on_commit = self.arm

    def arm(self) -> None:
        """Set the timer for the first entry of the agenda, unless an earlier timer is set."""
        if self._held or self._paused:
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
        """Cancel the timer."""
        if self._timer is not None:
            self._timer[1].cancel()
            self._timer = None

    @contextmanager
    def held(self) -> Iterator[None]:
        """Return a context manager during which no timer is set, as its caller works through the agenda."""
        before, self._held = self._held, True  # a reset holds the clock while an advance does
        self.disarm()
        try:
            yield
        finally:
            self._held = before
            self.arm()

    def work(self) -> None:
        """Carry out what is due now, up to the size of one slice; the timer is set for the rest."""
        if self._held or self._paused:
            return
        self._held = True  # what is committed in the slice sets no timer
        try:
            self.run_slice(self._world.now())
        finally:
            self._held = False
        self.arm()

    def pause(self) -> None:
        """Carry out nothing until `go_on`: the store has failed."""
        self._paused = True
        self.disarm()

    def go_on(self) -> None:
        """Carry out what is due by now, and set the timer for the rest."""
        self._paused = False
        self.work()

    def run_slice(self, now: datetime, on_done: Callable[[AgendaEntry, Callback | None], None] | None = None) -> bool:
        """Carry out at most `AT_ONCE` due entries; return whether there may be more.

        `on_done` is called with each entry whose callback does not leave, and with the callback that it collected.
        """
        for _ in range(AT_ONCE):
            due = self._world.agenda.first()
            if due is None or due.at > now:
                return False
            callback = carry_out(self._world, self._packs, due, quietly=on_done is None)
            if callback is not None and callback.state is SENDING:
                self._send(callback)
            elif on_done is not None:
                on_done(due, callback)
        return True

    def _wake(self) -> None:
        self._timer = None
        self.work()


def carry_out(world: World, packs: Registry, due: AgendaEntry, *, quietly: bool = False) -> Callback | None:
    """Carry out an entry; return the callback that it collects, or the one that the caller must send.

    `quietly`: None instead of one that is collected, if that spares the work to make it.
    """
    if due.kind is MOVE:
        # At an instant at which the clock stands, all status changes come before the first callback.
        state = SENDING if world.clock.rate else PENDING
        return report_next(world, packs, world.messages[due.number], state=state, quietly=quietly)
    if due.kind is INBOUND:
        return reply_by_itself(world, packs, world.messages[due.number], at=due.at)
    return begin_attempt(world, packs, world.callbacks[due.number])
