"""Advances a clock from due instant to due instant, and waits at each until every attempt has ended."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from sandbox.callbacks.courier import Courier
from sandbox.core.agenda import AgendaEntry, EntryKind
from sandbox.core.callback import Callback
from sandbox.core.clock import refuse_backwards
from sandbox.core.errors import AdvanceLimitError, ResetError
from sandbox.core.message import Message
from sandbox.core.world import World
from sandbox.engine.scheduler import Scheduler

HORIZON = timedelta(days=30)  # the longest advance until idle
STEPS = 1_000_000  # the most events of an advance until idle
SHOWN = 1_000  # how many events an advance lists

Goal = timedelta | datetime | None  # by, to, until idle


class AdvanceEvent(NamedTuple):
    """One thing that an advance did: a message moved to `status`, or the `attempt`-th attempt at one of its callbacks.

    Both are None for a callback that was collected. `callback` is as it was after the attempt, `to` the recipient.
    """

    at: datetime
    message: str
    to: str
    status: str | None = None
    attempt: int | None = None
    callback: Callback | None = None


@dataclass(frozen=True, slots=True)
class Advance:
    """What an advance did: `count` events, the first 1,000 of them in `items`."""

    begin: datetime
    end: datetime
    count: int
    items: tuple[AdvanceEvent, ...]


class AdvanceRun:
    """One advance of one world; `ended` returns "reset" or "deleted" if its workspace was, since it began."""

    def __init__(
        self, world: World, scheduler: Scheduler, courier: Courier, *, ended: Callable[[], str | None]
    ) -> None:
        self._world = world
        self._scheduler = scheduler
        self._courier = courier
        self._ended = ended
        self._items: list[AdvanceEvent] = []
        self._count = 0
        self._callbacks: list[tuple[int, int, AdvanceEvent]] = []  # of this instant, by rank and id: moves come first

    async def advance(self, goal: Goal) -> Advance:
        """Advance to a goal; a running clock stands at each instant, and runs on from the end.

        Raises:
            ClockBackwardsError: the goal is before now.
            AdvanceLimitError: until idle, and 30 days or 1,000,000 steps were not enough.
            ResetError: the workspace was reset or deleted meanwhile.

        """
        world = self._world
        stopped = world.clock.stopped()
        begin = stopped.now()
        end = goal if isinstance(goal, datetime) else None if goal is None else begin + goal
        if end is not None:
            refuse_backwards(begin, end)
        with self._scheduler.held():
            world.commit(stopped)
            try:
                await self._walk(begin, end)
                if end is not None:
                    world.commit(world.clock.moved(end))
            finally:
                if self._ended() is None:
                    world.commit(world.clock.resumed())
        return Advance(begin, world.now() if end is None else end, self._count, tuple(self._items))

    async def _walk(self, begin: datetime, end: datetime | None) -> None:
        world = self._world
        while True:
            await self._courier.settled(world.name)
            if (ended := self._ended()) is not None:
                message = f"the workspace {world.name} was {ended} while its clock advanced"
                raise ResetError(message)
            due = world.agenda.first()
            if due is None or (end is not None and due.at > end):
                return
            if end is None and (due.at > begin + HORIZON or self._count > STEPS):
                message = f"not idle after {HORIZON.days} days or {STEPS} steps: something is always pending"
                raise AdvanceLimitError(message)
            if due.at > world.now():
                world.commit(world.clock.moved(due.at))
            while self._ended() is None and self._scheduler.run_slice(world.now(), self._add_entry):
                await asyncio.sleep(0)  # not a wait: others on the loop get their turn
            self._add(*(event for *_, event in sorted(self._callbacks, key=lambda each: each[:2])))
            self._callbacks.clear()

    def _add_entry(self, due: AgendaEntry, collected: Callback | None) -> None:
        """Add what carrying out an entry did."""
        world = self._world
        if due.kind is not EntryKind.CALLBACK:
            replied = due.kind is EntryKind.INBOUND  # the message from the phone is the newest of all
            message = world.messages[world.last_message if replied else due.number]
            self._add(AdvanceEvent(due.at, message.id, message.recipient, status=message.status))
            if collected is not None:
                event = AdvanceEvent(due.at, message.id, message.recipient, callback=collected)
                self._callbacks.append((0, collected.id, event))
        else:
            callback = world.callbacks[due.number]
            message = world.messages[callback.message]
            event = AdvanceEvent(due.at, message.id, message.recipient, callback=callback)
            self._callbacks.append((due.rank, due.number, event))

    def add_attempt(self, message: Message, callback: Callback) -> None:
        """Add the last attempt of a callback, which has ended."""
        now, attempt = self._world.now(), len(callback.attempts)
        self._add(AdvanceEvent(now, message.id, message.recipient, attempt=attempt, callback=callback))

    def _add(self, *events: AdvanceEvent) -> None:
        self._count += len(events)
        if len(self._items) < SHOWN:
            self._items.extend(events[: SHOWN - len(self._items)])
