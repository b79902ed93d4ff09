"""One workspace: its world, its clock, its pending callbacks, and the operations on it as a whole."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from sandbox.callbacks.courier import Courier
from sandbox.callbacks.dispatch import Dispatch
from sandbox.core import seeded_random
from sandbox.core.agenda import AgendaEntry, EntryKind
from sandbox.core.callback import Callback, Target, interrupt
from sandbox.core.change import MessagesDeleted, Subscribers, TargetSet, WorkspaceDeleted, WorkspaceReset
from sandbox.core.clock import Clock, ClockConfig, make_clock, refuse_backwards
from sandbox.core.errors import ResetError, SandboxError
from sandbox.core.lifecycle import replan
from sandbox.core.message import Message, Step
from sandbox.core.scenario import Scenario
from sandbox.core.world import World
from sandbox.core.world_state import WorldState
from sandbox.engine.advance import Advance, AdvanceRun, Goal
from sandbox.engine.gate import CommitGate
from sandbox.engine.inbound import PhoneText, receive
from sandbox.engine.report import report_next
from sandbox.engine.scheduler import Scheduler
from sandbox.providers.registry import Registry

SUSPENDED = "suspended"


@dataclass(frozen=True, slots=True)
class WorkspaceConfig:
    """What a workspace starts with; None means the scenario's value, or else the default.

    `max_pending` is the number of agenda entries above which sends are refused. `trace_callbacks`: callbacks carry the
    trace context of their message.
    """

    scenario: Scenario
    seed: int | None = None
    clock_config: ClockConfig | None = None
    targets: Mapping[str, Target] = field(default_factory=dict)
    max_pending: int = 1_000_000
    trace_callbacks: bool = False

    def clock(self) -> Clock:
        """Return the clock that a workspace has at its start and after a reset."""
        mode, rate, start = self.clock_config or self.scenario.clock or ClockConfig()
        return make_clock(mode, rate=rate, start=start)

    def draw_seed(self) -> int:
        """Return the seed given, else the scenario's, else a fresh one."""
        seed = self.scenario.seed if self.seed is None else self.seed
        return seeded_random.make_seed() if seed is None else seed


class Workspace:
    """Owns a world: nothing else moves its clock, carries out its agenda or sends its callbacks.

    `gate` holds its responses back until they may leave; `dispatch` does what a person asks of single callbacks;
    `number` grows with each new workspace of a server.
    """

    def __init__(  # noqa: PLR0913 - independent options, by keyword
        self,
        name: str,
        *,
        number: int,
        start: WorkspaceConfig,
        packs: Registry,
        courier: Courier,
        subscribers: Subscribers,
    ) -> None:
        self.name = name
        self.number = number
        self.label: str | None = None  # what people call it; `name` is its id
        self.start = start
        self.world = World(
            name,
            clock=start.clock(),
            seed=start.draw_seed(),
            scenario=start.scenario,
            defaults={each: pack.spec.defaults for each, pack in packs.items()},
            targets={**start.scenario.targets, **start.targets},
            max_pending=start.max_pending,
            trace_callbacks=start.trace_callbacks,
            subscribers=subscribers,
        )
        self.gate = CommitGate(self.world)
        self.dispatch = Dispatch(
            self.world,
            packs,
            courier,
            committed=self.gate.latest,
            owned=self.gate.owned,
            on_attempt=self._add_attempt,
        )
        self._packs = packs
        self._courier = courier
        self._scheduler = Scheduler(self.world, packs, send=self.dispatch.send)
        self._clock_lock = asyncio.Lock()  # one change or advance of the clock at a time
        self._resets = 0
        self._ending = "reset"  # what ends an advance under way, if anything does
        self._advance_run: AdvanceRun | None = None

    @property
    def is_suspended(self) -> bool:
        """Whether its work was stopped, as the store has failed or another replica has taken it over."""
        return self._ending == SUSPENDED

    def work(self) -> None:
        """Carry out what is due now."""
        self._scheduler.work()

    def move(self, message: Message, word: str) -> Message:
        """Move a message now, callback included; the rest of its plan is dropped.

        Raises:
            UnknownStatusError: no such status.
            IllegalMoveError: the status cannot follow the present one.

        """
        status, variant = message.channel.parse(word)
        step = Step(status, message.channel.word(status, variant), self.world.now())
        report_next(self.world, self._packs, replan(message, step))
        self._scheduler.work()
        return self.world.messages[message.number]

    def receive(self, given: PhoneText) -> Message:
        """Let a phone send a text; return the message that it is."""
        receive(self.world, self._packs, given)
        message = self.world.messages[self.world.last_message]
        self._scheduler.work()
        return self.world.messages[message.number]

    def set_target(self, provider: str, target: Target | None) -> None:
        """Send a provider's callbacks to a target from now on; None: keep them as collected."""
        self.world.commit(TargetSet(provider, target))

    def use(self, scenario: Scenario) -> None:
        """Activate a scenario; account values that it sets overwrite those of existing accounts."""
        self.world.commit(scenario, *filter(None, map(scenario.opened, self.world.accounts.values())))

    async def set_clock(self, clock_config: ClockConfig) -> Clock:
        """Change how the clock runs, from now on or from the configured start.

        Raises:
            ClockBackwardsError: that start is before now.

        """
        async with self._clock_lock:
            now = self.world.now()
            start = clock_config.start or now
            refuse_backwards(now, start)
            self.world.commit(make_clock(clock_config.mode, rate=clock_config.rate, start=start))
            self._scheduler.disarm()
            self._scheduler.work()
            return self.world.clock

    async def advance(self, goal: Goal) -> Advance:
        """Advance the clock; see `AdvanceRun.advance` for what is raised. Advances of a workspace queue up."""
        async with self._clock_lock:
            resets = self._resets

            def ended() -> str | None:
                return None if self._resets == resets else self._ending

            run = AdvanceRun(self.world, self._scheduler, self._courier, ended=ended)
            self._advance_run = run
            try:
                return await run.advance(goal)
            finally:
                self._advance_run = None

    def _add_attempt(self, message: Message, callback: Callback) -> None:
        """Add an attempt that has ended to the advance under way, if there is one."""
        if self._advance_run is not None:
            self._advance_run.add_attempt(message, callback)

    async def reset(self) -> None:
        """Reset the workspace to its start; nothing from before the reset arrives afterwards.

        Targets and the scenario stay. A workspace without a fixed seed draws a new one, so that ids do not repeat.
        """
        self._ending = "reset"
        start = replace(self.start, scenario=self.world.scenario)
        await self._clear(lambda: WorkspaceReset(start.clock(), start.draw_seed()))

    async def load(self, state: WorldState) -> None:
        """Replace everything by a saved state; nothing from before arrives afterwards. What is due is carried out."""
        self._ending = "replaced by a saved state"
        await self._clear(lambda: WorkspaceReset(state.clock, state.counters.seed, state))
        self.work()

    async def forget(self, messages: Collection[int] | None = None) -> None:
        """Delete every message, or those of some numbers, with their callbacks; attempts under way are aborted."""
        numbers = None if messages is None else frozenset(messages)
        # First the batch, then the abort, in one turn: an advance under way finds nothing of these messages to send.
        self.world.commit(MessagesDeleted(None if numbers is None else tuple(sorted(numbers))))
        await self._courier.abort(self.name, numbers)

    async def end(self) -> None:
        """Delete everything, for good."""
        self._ending = "deleted"
        await self._clear(WorkspaceDeleted)

    async def suspend(self, reason: SandboxError | None = None) -> None:
        """Stop all work and abort what is under way; delayed responses fail with `reason`, or ResetError."""
        self._scheduler.pause()
        self._ending = SUSPENDED
        self._resets += 1
        self.gate.close(reason)
        await self._courier.abort(self.name)

    def go_on(self, interrupted: Iterable[Callback] = ()) -> None:
        """Carry out what fell due while the workspace was not at work, and go on from there.

        `interrupted` are the callbacks whose attempts were under way; these become due again.
        """
        self._ending = "reset"
        for callback in map(interrupt, interrupted):
            self.world.commit(callback, AgendaEntry(callback.due, EntryKind.CALLBACK, 0, callback.id))
        self._scheduler.go_on()

    async def _clear(self, change: Callable[[], WorkspaceReset | WorkspaceDeleted]) -> None:
        """Abort what is under way, then delete everything in one batch."""
        self._resets += 1
        self.gate.close(ResetError(f"the workspace {self.name} was {self._ending}"))
        with self._scheduler.held():
            await self._courier.abort(self.name)
            self.world.commit(change())
            await self._courier.abort(self.name)  # what was sent while the attempts under way came to their end
