"""The changes that a workspace stores, batches of them, and their subscribers.

Every request, status change and attempt yields one numbered batch. Subscribers are called after it is stored: a
workspace's own for each batch, those in `Subscribers` for each change of a type in any workspace. A change is a new
value, so a batch can be written to a file or sent to a replica as it is.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

from sandbox.core.account import Account, Otp, RateWindow
from sandbox.core.agenda import AgendaEntry, EntryKind
from sandbox.core.callback import Callback, Target
from sandbox.core.clock import Clock
from sandbox.core.journal import LostReply, RequestRecord
from sandbox.core.message import Message
from sandbox.core.rules import RuleCounted, ScenarioStateSet
from sandbox.core.scenario import Scenario
from sandbox.core.world_state import WorldState


class AgendaEntryRemoved(NamedTuple):
    """No attempt of this callback, or no reply of a phone to this message, is pending any more.

    The next status change of a message needs no such change, and no entry: the world takes it from the message.
    """

    kind: EntryKind
    number: int


@dataclass(frozen=True, slots=True)
class TargetSet:
    """Callbacks of a provider are sent to `target` from now on; None: nowhere."""

    provider: str
    target: Target | None


@dataclass(frozen=True, slots=True)
class WorkspaceReset:
    """All state is deleted and everything pending is cancelled; the workspace starts again with `clock` and `seed`.

    `state`: it goes on with what was saved; then targets and scenario are replaced too.
    """

    clock: Clock
    seed: int
    state: WorldState | None = None


@dataclass(frozen=True, slots=True)
class MessagesDeleted:
    """Messages are deleted with their callbacks, codes and agenda entries; everything else stays.

    `messages` has their numbers; None: every message.
    """

    messages: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class WorkspaceDeleted:
    """The workspace is deleted; its subscribers get no change after this one."""


class ProvidersReplaced(NamedTuple):
    """The documents of the providers were edited; everything that is stored stays.

    `defaults` has the default settings by provider. `scenario` is the one in force, compiled for the new documents; it
    goes on. `messages` has by number those whose channel has a new version, which words their next statuses.
    """

    defaults: Mapping[str, Mapping[str, object]]
    scenario: Scenario
    messages: Mapping[int, Message]


EntityKey = int | str | tuple[str, str, str]


class EntitiesRemoved(NamedTuple):
    """Entities of a type are gone as a result of another change of the same batch, which the world adds at its end.

    `keys` are numbers of messages or callbacks, ids of requests, names of rate windows and rule counts, or provider,
    account and recipient of one-time codes. Retention removes entities, as do the deletion of messages and the start of
    a scenario.
    """

    entity: type
    keys: tuple[EntityKey, ...]


Change = (
    Clock
    | Scenario
    | WorkspaceReset
    | WorkspaceDeleted
    | MessagesDeleted
    | Message
    | Callback
    | Account
    | Otp
    | RateWindow
    | RequestRecord
    | LostReply
    | AgendaEntry
    | AgendaEntryRemoved
    | TargetSet
    | RuleCounted
    | ScenarioStateSet
    | EntitiesRemoved
    | ProvidersReplaced
)


class Batch(NamedTuple):
    """The changes of one event; numbers count from 1 in each workspace and never repeat."""

    workspace: str
    number: int
    at: datetime
    changes: tuple[Change, ...]


BatchSubscriber = Callable[[Batch], None]


# Called with a message that has its next planned status, and with whether that was reported.
CollectedSubscriber = Callable[[Message, bool], None]


class Subscribers(dict[type, list[Callable[..., None]]]):
    """Functions to call with each change of a type, in any workspace, and its batch.

    Most changes of a server without targets are planned statuses whose callbacks are collected. While `of_each` is 0,
    nobody needs a batch of these; `of_collected` are called for each instead.
    """

    def __init__(self) -> None:
        super().__init__()
        self.of_each = 0
        self.of_collected: list[CollectedSubscriber] = []

    def add(
        self,
        subscriber: Callable[..., None],
        *kinds: type,
        collected: CollectedSubscriber | Literal[False] | None = None,
    ) -> None:
        """Call `subscriber` with each change of these types.

        `collected` is called instead for a planned status whose callback is collected; False: nothing is.
        """
        for kind in kinds:
            self.setdefault(kind, []).append(subscriber)
        if collected:
            self.of_collected.append(collected)
        elif collected is None and not {Message, Callback}.isdisjoint(kinds):
            self.of_each += 1
