"""The state of a workspace as values: what a store keeps of it beside its entities, and all that a store returns."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import takewhile
from typing import TYPE_CHECKING, NamedTuple

from sandbox.core.account import Account, Otp, RateWindow
from sandbox.core.agenda import AgendaEntry
from sandbox.core.callback import Callback, Target
from sandbox.core.callback_store import CallbackStore
from sandbox.core.clock import Clock
from sandbox.core.journal import LostReply, RequestRecord
from sandbox.core.message import Message
from sandbox.core.retention import Retention
from sandbox.core.rules import RuleCounted
from sandbox.core.scenario import Scenario

if TYPE_CHECKING:
    from sandbox.core.world import World


class Counters(NamedTuple):
    """What a workspace has beside its entities, at one instant.

    `at` is the instant of the newest batch, `evicting` the number of the message to check next for eviction, and
    `scenario_began` and `requests_before` tell since when the scenario is in force.
    """

    batches: int
    last_message: int
    last_callback: int
    last_request: int
    evicting: int
    journal_bytes: int
    evicted: Mapping[str, int]
    seed: int
    state: str
    scenario_began: datetime
    requests_before: int
    at: datetime

    @classmethod
    def of(cls, world: "World") -> "Counters":
        """Return those of a workspace, now."""
        return cls(
            world.batches,
            world.last_message,
            world.last_callback,
            world.last_request,
            world.retention.next,
            world.journal_bytes,
            {**world.evicted},
            world.seed,
            world.state,
            world.scenario_began,
            world.requests_before,
            world.changed_at,
        )


class WorldState(NamedTuple):
    """Everything that a workspace has, as a store returns it; each collection is in the order of its numbers."""

    counters: Counters
    clock: Clock
    scenario: Scenario
    targets: Mapping[str, Target]
    accounts: Iterable[Account]
    otps: Iterable[Otp]
    windows: Iterable[RateWindow]
    rule_counts: Iterable[RuleCounted]
    lost_replies: Iterable[LostReply]
    agenda: Iterable[AgendaEntry]
    messages: dict[int, Message]
    numbers: dict[str, int]
    callbacks: dict[int, Callback]
    requests: dict[int, RequestRecord]

    def put_into(self, world: "World") -> None:
        """Let an empty world take over everything but the numbers of batches."""
        counters, world.targets = self.counters, {**self.targets}
        world.accounts = {(each.provider, each.key): each for each in self.accounts}
        world.otps = {(each.provider, each.account, each.recipient): each for each in self.otps}
        world.windows = {each.name: each for each in self.windows}
        world.rule_counts.update((each.name, each.count) for each in self.rule_counts)
        for lost in self.lost_replies:
            world.lost_replies.put(lost)
        for entry in self.agenda:
            world.agenda.put(entry)
        world.messages, world.numbers = self.messages, self.numbers
        world.callbacks, world.requests = CallbackStore(self.messages, {}, self.callbacks), self.requests
        world.last_message, world.last_callback = counters.last_message, counters.last_callback
        world.use_settings(self.scenario)
        world.last_request, world.journal_bytes = counters.last_request, counters.journal_bytes
        world.scenario_began, world.requests_before = counters.scenario_began, counters.requests_before
        world.retention, world.state = Retention(counters.evicting), counters.state
        for number in takewhile(lambda number: number < counters.evicting, self.messages):
            if world.is_finished(self.messages[number]):
                world.retention.add_ended(number)
        world.evicted = {**world.evicted, **counters.evicted}
