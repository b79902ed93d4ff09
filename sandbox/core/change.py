"""What may change in a workspace, and who hears of it.

Every request, move or attempt becomes one numbered batch of changes. Listeners hear of it afterwards: those of a
workspace of each batch, hearers of each change of one type in all workspaces. A change is a new value, so a batch can
be written to a file or sent to a copy as it is.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sandbox.core.account import Account
from sandbox.core.agenda import Due, Kind
from sandbox.core.callback import Callback, Target
from sandbox.core.clock import Clock
from sandbox.core.journal import Exchange
from sandbox.core.lost_replies import LostReply
from sandbox.core.message import Message
from sandbox.core.otp import Otp
from sandbox.core.scenario import Scenario
from sandbox.core.tally import Tally, Turn
from sandbox.core.window import Window


class Nothing(NamedTuple):
    """Nothing is pending any more for this subject."""

    kind: Kind
    number: int


@dataclass(frozen=True, slots=True)
class Aim:
    """Callbacks of a provider go to `target` from now on, or nowhere."""

    provider: str
    target: Target | None


@dataclass(frozen=True, slots=True)
class Cleared:
    """Everything of before is forgotten, what is pending is cancelled; `clock` and `seed` begin anew."""

    clock: Clock
    seed: int


@dataclass(frozen=True, slots=True)
class Emptied:
    """Messages are forgotten with their callbacks and codes, what is pending for them is cancelled; all else stays.

    `messages` are their numbers; None means every message.
    """

    messages: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Deleted:
    """The workspace is gone; the last change that its listeners hear of."""


Change = (
    Clock
    | Scenario
    | Cleared
    | Deleted
    | Emptied
    | Message
    | Callback
    | Account
    | Otp
    | Window
    | Exchange
    | LostReply
    | Due
    | Nothing
    | Aim
    | Tally
    | Turn
)


class Batch(NamedTuple):
    """What one thing that happened changed; numbers count from 1 in each workspace and never repeat."""

    workspace: str
    number: int
    at: datetime
    changes: tuple[Change, ...]


Listener = Callable[[Batch], None]


class Hearers(dict[type, list[Callable[..., None]]]):
    """Who hears of changes of a type, whatever the workspace: called with the change and its batch."""

    def add(self, hear: Callable[..., None], *kinds: type) -> None:
        """Have changes of these types heard."""
        for kind in kinds:
            self.setdefault(kind, []).append(hear)
