"""The state of a workspace as values: what a store keeps of it beside its entities, and all that a store returns."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from sandbox.core.account import Account, Otp, RateWindow
from sandbox.core.agenda import AgendaEntry
from sandbox.core.callback import Callback, Target
from sandbox.core.clock import Clock
from sandbox.core.journal import LostReply, RequestRecord
from sandbox.core.message import Message
from sandbox.core.rules import RuleCounted
from sandbox.core.scenario import Scenario
from sandbox.core.sequence_store import SequenceStore

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
    messages: SequenceStore[Message]
    numbers: dict[str, int]
    callbacks: SequenceStore[Callback]
    requests: SequenceStore[RequestRecord]
