"""What may change in a workspace, and who hears of it.

Every request, move or attempt becomes one numbered batch of changes. Listeners hear of it afterwards: those of a
workspace of each batch, hearers of each change of one type in all workspaces. A change is a new value, so a batch can
be written to a file or sent to a copy as it is.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sandbox.core.account import Account, Otp, RateWindow
from sandbox.core.agenda import AgendaEntry, EntryKind
from sandbox.core.callback import Callback, Target
from sandbox.core.clock import Clock
from sandbox.core.journal import LostReply, RequestRecord
from sandbox.core.message import Message
from sandbox.core.rules import RuleCounted, ScenarioStateSet
from sandbox.core.scenario import Scenario


class AgendaEntryRemoved(NamedTuple):
    """Nothing is pending any more for this subject."""

    kind: EntryKind
    number: int


@dataclass(frozen=True, slots=True)
class TargetSet:
    """Callbacks of a provider go to `target` from now on, or nowhere."""

    provider: str
    target: Target | None


@dataclass(frozen=True, slots=True)
class WorkspaceReset:
    """Everything of before is forgotten, what is pending is cancelled; `clock` and `seed` begin anew."""

    clock: Clock
    seed: int


@dataclass(frozen=True, slots=True)
class MessagesDeleted:
    """Messages are forgotten with their callbacks and codes, what is pending for them is cancelled; all else stays.

    `messages` are their numbers; None means every message.
    """

    messages: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class WorkspaceDeleted:
    """The workspace is gone; the last change that its listeners hear of."""


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
)


class Batch(NamedTuple):
    """What one thing that happened changed; numbers count from 1 in each workspace and never repeat."""

    workspace: str
    number: int
    at: datetime
    changes: tuple[Change, ...]


BatchSubscriber = Callable[[Batch], None]


class Subscribers(dict[type, list[Callable[..., None]]]):
    """Who hears of changes of a type, whatever the workspace: called with the change and its batch."""

    def add(self, hear: Callable[..., None], *kinds: type) -> None:
        """Have changes of these types heard."""
        for kind in kinds:
            self.setdefault(kind, []).append(hear)
