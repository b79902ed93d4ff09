"""One workspace at work: its world, the timer on its agenda, its attempts under way, and what may be done to it."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from sandbox.core import chance
from sandbox.core.agenda import Due, Kind
from sandbox.core.callback import Target
from sandbox.core.clock import Clock, Pace, make_clock, stamp, ticks
from sandbox.core.errors import BackwardsError, EndlessError, ResetError
from sandbox.core.message import Message, Step
from sandbox.core.scenario import Scenario
from sandbox.core.world import Aim, Cleared, Deleted, World
from sandbox.delivery import Courier
from sandbox.dispatch import Dispatch
from sandbox.handling import Answer, Arrival, answer
from sandbox.packs import Packs
from sandbox.progress import carry_out, report_step

AT_ONCE = 500  # due entries that are carried out before others on the loop get their turn
GRAIN = 0.001  # seconds; entries that are due closer together than this share one waking
HORIZON = timedelta(days=30)  # how far an advance until idle goes
STEPS = 1_000_000  # how many things an advance until idle does
SHOWN = 1_000  # how many happenings an advance tells of


@dataclass(frozen=True, slots=True)
class Start:
    """What a workspace starts with; None leaves it to the scenario, then to the default."""

    scenario: Scenario
    seed: int | None = None
    pace: Pace | None = None
    targets: Mapping[str, Target] = field(default_factory=dict)

    def clock(self) -> Clock:
        """Return the clock that a workspace has at its start and after a reset."""
        mode, rate, start = self.pace or self.scenario.clock or Pace()
        return make_clock(mode, rate=rate, start=start)

    def draw_seed(self) -> int:
        """Return the seed asked for, else the scenario's, else a fresh one."""
        asked = self.scenario.seed if self.seed is None else self.seed
        return chance.fresh_seed() if asked is None else asked


class Happening(NamedTuple):
    """One thing that an advance did: a message moved to `status`, or the `attempt`-th try of one of its callbacks.

    Both are None for a callback that was kept as collected.
    """

    at: datetime
    message: str
    status: str | None = None
    attempt: int | None = None


@dataclass(frozen=True, slots=True)
class Advance:
    """What an advance came to: `count` happenings, the first 1,000 of them in `items`."""

    begin: datetime
    end: datetime
    count: int
    items: tuple[Happening, ...]


Goal = timedelta | datetime | None  # by, to, until idle


class Workspace:
    """Owns a world: nobody else moves its clock, works through its agenda or sends its callbacks."""

    def __init__(self, name: str, *, start: Start, packs: Packs, courier: Courier) -> None:
        self.name = name
        self.start = start
        self._packs = packs
        self._courier = courier
        self._timer: tuple[datetime, asyncio.TimerHandle] | None = None
        self._held = False  # somebody works through the agenda: no timer is wanted
        self._turn = asyncio.Lock()  # advances queue up
        self._life = 0  # counts resets
        self._told: list[Happening] | None = None
        self._count = 0
        self._running = start.clock()
        self.world = World(
            name,
            clock=start.clock(),
            seed=start.draw_seed(),
            scenario=start.scenario,
            defaults={each: pack.spec.defaults for each, pack in packs.items()},
        )
        self.dispatch = Dispatch(self.world, packs, courier, noted=self._tried)
        self.world.targets = {**start.scenario.targets, **start.targets}
        self.world.listeners.append(lambda _: self._arm())

    def receive(self, arrival: Arrival) -> Answer:
        """Handle a request, and what it makes due at once."""
        reply = answer(self.world, arrival)
        self._work()
        return reply

    # The agenda and its timer.

    def _arm(self) -> None:
        """See to it that the loop wakes when the first entry of the agenda is due."""
        if self._held:
            return
        first = self.world.agenda.first()
        if first is None or (self._timer is not None and self._timer[0] <= first.at):
            return
        delay = self.world.clock.real_seconds_until(first.at)
        if delay is None:
            return
        self._disarm()
        self._timer = (first.at, asyncio.get_running_loop().call_later(max(delay, GRAIN), self._wake))

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer[1].cancel()
            self._timer = None

    def _wake(self) -> None:
        self._timer = None
        self._work()

    def _work(self) -> None:
        """Carry out what is due, in slices, so that nobody waits long."""
        if self._held:
            return
        self._held = True
        self._slice(self.world.now())
        self._held = False
        self._arm()

    def _slice(self, now: datetime) -> bool:
        """Carry out some of what is due; return whether there may be more."""
        for _ in range(AT_ONCE):
            due = self.world.agenda.first()
            if due is None or due.at > now:
                return False
            callback = carry_out(self.world, self._packs, due)
            if callback is not None:
                self.dispatch.send(callback)
            elif self._told is not None:
                self._tell(due)
        return True

    # What may be done to it.

    def aim(self, provider: str, target: Target | None) -> None:
        """Send a provider's callbacks somewhere from now on, or keep them."""
        self.world.commit(Aim(provider, target))

    def move(self, message: Message, word: str) -> Message:
        """Move a message now, callback included; the rest of its plan is given up.

        Raises:
            UnknownStatusError: no such status.
            IllegalMoveError: it may not follow the present one.

        """
        status, variant = message.channel.parse(word)
        step = Step(status, message.channel.word(status, variant), self.world.now())
        report_step(self.world, message._replace(plan=()), step)
        self._work()
        return self.world.messages[message.number]

    # The clock.

    async def set_clock(self, pace: Pace) -> Clock:
        """Run otherwise from now on, or from the pace's start on.

        Raises:
            BackwardsError: that is before now.

        """
        async with self._turn:
            now = self.world.now()
            start = pace.start or now
            if start < now:
                message = f"the clock stands at {stamp(now)} and cannot go back to {stamp(start)}"
                raise BackwardsError(message)
            self.world.commit(make_clock(pace.mode, rate=pace.rate, start=start))
            self._disarm()
            self._work()
            return self.world.clock

    async def advance(self, goal: Goal) -> Advance:
        """Go from due instant to due instant; at each, wait until every attempt has ended.

        Raises:
            BackwardsError: the goal is before now.
            EndlessError: until idle, and 30 days or 1,000,000 steps were not enough.
            ResetError: a reset came meanwhile.

        """
        async with self._turn:
            self._hold_clock()
            life = self._life
            begin = self.world.now()
            try:
                end = goal if isinstance(goal, datetime) else begin + goal if goal is not None else None
                if end is not None and end < begin:
                    message = f"the clock stands at {stamp(begin)} and cannot go back to {stamp(end)}"
                    raise BackwardsError(message)
                await self._walk(begin, end, life)
                if end is not None:
                    self.world.commit(self.world.clock.moved(end))
                return Advance(begin, self.world.now(), self._count, tuple(self._told or ()))
            finally:
                self._told = None
                self._held = False
                if life == self._life:
                    self.world.commit(replace(self._running, origin=self.world.now(), anchor=ticks()))

    def _hold_clock(self) -> None:
        """Stop the clock at this instant, whatever its rate; `_running` remembers how it ran."""
        self._running = self.world.clock
        self._held = True
        self._disarm()
        self._told, self._count = [], 0
        self.world.commit(replace(self._running, origin=self.world.now(), rate=0.0))

    async def _walk(self, begin: datetime, end: datetime | None, life: int) -> None:
        while True:
            await self._courier.settled(self.name)
            if life != self._life:
                message = f"the workspace {self.name} was reset while its clock advanced"
                raise ResetError(message)
            due = self.world.agenda.first()
            if due is None or (end is not None and due.at > end):
                return
            if end is None and (due.at > begin + HORIZON or self._count > STEPS):
                message = f"no end after {HORIZON.days} days or {STEPS} steps: something is always pending"
                raise EndlessError(message)
            if due.at > self.world.now():
                self.world.commit(self.world.clock.moved(due.at))
            while self._slice(self.world.now()):
                await asyncio.sleep(0)

    def _tell(self, due: Due) -> None:
        """Note what carrying out an entry did."""
        if due.kind is Kind.MOVE:
            message = self.world.messages[due.number]
            self._note(Happening(due.at, message.id, status=message.status))
        else:
            message = self.world.messages[self.world.callbacks[due.number].message]
            self._note(Happening(due.at, message.id))

    def _tried(self, message: Message, attempt: int) -> None:
        """Hear of an attempt that has ended."""
        if self._told is not None:
            self._note(Happening(self.world.now(), message.id, attempt=attempt))

    def _note(self, happening: Happening) -> None:
        self._count += 1
        if self._told is not None and len(self._told) < SHOWN:
            self._told.append(happening)

    # The whole.

    def use(self, scenario: Scenario) -> None:
        """Behave as a scenario says from now on; account values that it names overwrite those of existing accounts."""
        self.world.commit(scenario, *filter(None, map(scenario.opened, self.world.accounts.values())))

    async def reset(self) -> None:
        """Bring the workspace back to its start; nothing of before arrives afterwards.

        Targets and the scenario stay. Without a seed of its own a workspace draws a new one, so that ids do not repeat.
        """
        await self._stop()
        start = replace(self.start, scenario=self.world.scenario)
        self.world.commit(Cleared(start.clock(), start.draw_seed()))

    async def end(self) -> None:
        """Stop for good."""
        await self._stop()
        self.world.commit(Deleted())

    async def _stop(self) -> None:
        self._life += 1
        self._disarm()
        self.world.agenda.clear()
        await self._courier.abort(self.name)
