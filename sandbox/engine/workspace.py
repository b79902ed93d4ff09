"""One workspace at work: its world, its clock, its callbacks on their way, and what may be done to it as a whole."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from sandbox.callbacks.courier import Courier
from sandbox.callbacks.dispatch import Dispatch
from sandbox.core import seeded_random
from sandbox.core.callback import Target
from sandbox.core.change import Batch, MessagesDeleted, Subscribers, TargetSet, WorkspaceDeleted, WorkspaceReset
from sandbox.core.clock import Clock, ClockConfig, make_clock, refuse_backwards
from sandbox.core.errors import ResetError
from sandbox.core.message import Message, Step
from sandbox.core.scenario import Scenario
from sandbox.core.world import World
from sandbox.engine.advance import Advance, AdvanceRun, Goal
from sandbox.engine.scheduler import Scheduler
from sandbox.engine.transitions import is_awaited, report_step
from sandbox.pipeline import Answer, Arrival, answer
from sandbox.providers.registry import Registry


@dataclass(frozen=True, slots=True)
class WorkspaceConfig:
    """What a workspace starts with; None leaves it to the scenario, then to the default.

    `max_pending`: so many agenda entries, and it refuses sends.
    """

    scenario: Scenario
    seed: int | None = None
    clock_config: ClockConfig | None = None
    targets: Mapping[str, Target] = field(default_factory=dict)
    max_pending: int = 1_000_000

    def clock(self) -> Clock:
        """Return the clock that a workspace has at its start and after a reset."""
        mode, rate, start = self.clock_config or self.scenario.clock or ClockConfig()
        return make_clock(mode, rate=rate, start=start)

    def draw_seed(self) -> int:
        """Return the seed asked for, else the scenario's, else a fresh one."""
        asked = self.scenario.seed if self.seed is None else self.seed
        return seeded_random.make_seed() if asked is None else asked


class Workspace:
    """Owns a world: nobody else moves its clock, works through its agenda or sends its callbacks.

    `dispatch` is what a person does to single callbacks.
    """

    def __init__(
        self, name: str, *, start: WorkspaceConfig, packs: Registry, courier: Courier, subscribers: Subscribers
    ) -> None:
        self.name = name
        self.start = start
        self.world = World(
            name,
            clock=start.clock(),
            seed=start.draw_seed(),
            scenario=start.scenario,
            defaults={each: pack.spec.defaults for each, pack in packs.items()},
            subscribers=subscribers,
        )
        self.world.max_pending = start.max_pending
        self.world.targets = {**start.scenario.targets, **start.targets}
        self.dispatch = Dispatch(self.world, packs, courier, noted=self._tried)
        self._packs = packs
        self._courier = courier
        self._scheduler = Scheduler(self.world, packs, leaving=self.dispatch.send)
        self._turn = asyncio.Lock()  # advances queue up
        self._resets = 0
        self._lingering: set[asyncio.Future[None]] = set()  # replies that a scenario keeps back
        self._journey: AdvanceRun | None = None

    def receive(self, arrival: Arrival) -> Answer:
        """Handle a request, and what it makes due at once."""
        reply = answer(self.world, arrival)
        self._scheduler.work()
        return reply

    def delay_reply(self, seconds: float | None) -> asyncio.Future[None]:
        """Begin to wait in real time, as a reply that a scenario keeps back does; None: until a reset.

        Raises (when it is awaited):
            ResetError: a reset came meanwhile.

        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        self._lingering.add(future)
        future.add_done_callback(self._lingering.discard)
        if seconds is not None:
            timer = loop.call_later(seconds, _end, future)
            future.add_done_callback(lambda _: timer.cancel())
        return future

    def linger_for(self, ids: Iterable[str]) -> asyncio.Future[None]:
        """Wait until the callbacks that were due when their messages were accepted were tried; see `delay_reply`.

        It is done with the batch that stores the last of these attempts, so the reply cannot leave before it.
        """
        future, waiting = self.delay_reply(None), [*ids]

        def look(_: Batch | None = None) -> None:
            while waiting and not is_awaited(self.world, waiting[-1]):
                waiting.pop()
            if not waiting:
                _end(future)

        self.world.batch_subscribers.append(look)
        future.add_done_callback(lambda _: self.world.batch_subscribers.remove(look))
        look()
        return future

    def move(self, message: Message, word: str) -> Message:
        """Move a message now, callback included; the rest of its plan is given up.

        Raises:
            UnknownStatusError: no such status.
            IllegalMoveError: it may not follow the present one.

        """
        status, variant = message.channel.parse(word)
        step = Step(status, message.channel.word(status, variant), self.world.now())
        report_step(self.world, self._packs, message._replace(plan=()), step)
        self._scheduler.work()
        return self.world.messages[message.number]

    def set_target(self, provider: str, target: Target | None) -> None:
        """Send a provider's callbacks somewhere from now on, or keep them."""
        self.world.commit(TargetSet(provider, target))

    def use(self, scenario: Scenario) -> None:
        """Behave as a scenario says from now on; account values that it names overwrite those of existing accounts."""
        self.world.commit(scenario, *filter(None, map(scenario.opened, self.world.accounts.values())))

    async def set_clock(self, clock_config: ClockConfig) -> Clock:
        """Run otherwise from now on, or from the pace's start on.

        Raises:
            BackwardsError: that is before now.

        """
        async with self._turn:
            now = self.world.now()
            start = clock_config.start or now
            refuse_backwards(now, start)
            self.world.commit(make_clock(clock_config.mode, rate=clock_config.rate, start=start))
            self._scheduler.disarm()
            self._scheduler.work()
            return self.world.clock

    async def advance(self, goal: Goal) -> Advance:
        """Advance the clock; see `AdvanceRun.go` for what is raised. Advances of a workspace queue up."""
        async with self._turn:
            resets = self._resets
            journey = AdvanceRun(self.world, self._scheduler, self._courier, unbroken=lambda: self._resets == resets)
            self._journey = journey
            try:
                return await journey.go(goal)
            finally:
                self._journey = None

    def _tried(self, message: Message, attempt: int) -> None:
        """Hear of an attempt that has ended."""
        if self._journey is not None:
            self._journey.tried(message, attempt)

    async def reset(self) -> None:
        """Bring the workspace back to its start; nothing of before arrives afterwards.

        Targets and the scenario stay. Without a seed of its own a workspace draws a new one, so that ids do not repeat.
        """
        start = replace(self.start, scenario=self.world.scenario)
        await self._begin_anew(lambda: WorkspaceReset(start.clock(), start.draw_seed()))

    async def forget(self, messages: Collection[int] | None = None) -> None:
        """Forget every message, or those of some numbers, with their callbacks; those under way are aborted."""
        numbers = None if messages is None else frozenset(messages)
        # First the batch, then the abort, in one turn: an advance under way finds nothing of these messages to send.
        self.world.commit(MessagesDeleted(None if numbers is None else tuple(sorted(numbers))))
        await self._courier.abort(self.name, numbers)

    async def end(self) -> None:
        """Stop for good."""
        await self._begin_anew(WorkspaceDeleted)

    async def _begin_anew(self, change: Callable[[], WorkspaceReset | WorkspaceDeleted]) -> None:
        """Abort what is under way, then forget everything in one batch."""
        self._resets += 1
        for future in self._lingering:
            if not future.done():
                future.set_exception(ResetError(f"the workspace {self.name} was reset"))
        with self._scheduler.held():
            await self._courier.abort(self.name)
            self.world.commit(change())
            await self._courier.abort(self.name)  # what was sent while the attempts under way came to their end


def _end(waiting: asyncio.Future[None]) -> None:
    """Let a wait end, unless it has."""
    if not waiting.done():
        waiting.set_result(None)
