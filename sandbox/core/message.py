"""A message: one text to one recipient, with its history and what is planned for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from difflib import get_close_matches
from enum import StrEnum
from typing import NamedTuple

from sandbox.core.agenda import AgendaEntry, EntryKind
from sandbox.core.errors import IllegalMoveError, UnknownStatusError
from sandbox.core.seeded_random import AT_ONCE, Distribution


class Status(StrEnum):
    """Our words; each provider has its own for them."""

    SCHEDULED = "scheduled"
    QUEUED = "queued"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    EXPIRED = "expired"
    REJECTED = "rejected"
    READ = "read"


class LifecycleStep(NamedTuple):
    """A planned step: `status` comes `delay` after the one before; `word` is the provider's, where it has several."""

    status: Status
    delay: timedelta
    word: str | None = None


Lifecycle = tuple[LifecycleStep, ...]


@dataclass(frozen=True, slots=True)
class Channel:
    """How messages of one kind live at one provider; compiled from `x-sandbox` in its spec."""

    name: str
    words: Mapping[Status, str]
    variants: Mapping[Status, frozenset[str]]
    read_back: Mapping[str, Status]
    moves: Mapping[Status, frozenset[Status]]
    reports: frozenset[Status]
    lifecycle: Lifecycle

    def may_follow(self, status: Status) -> frozenset[Status]:
        """Return the statuses that a message in `status` may move to."""
        return self.moves.get(status, frozenset())

    def word(self, status: Status, variant: str | None = None) -> str:
        """Return the provider's word for `status`: `variant` where a step names one of several."""
        return variant or self.words[status]

    def parse(self, word: str) -> tuple[Status, str | None]:
        """Read one of our words, the provider's word, or both as `rejected/DNDNUMB`.

        Raises:
            UnknownStatusError: no such status here; the text has the near miss.

        """
        ours, _, theirs = word.partition("/")
        if ours in self.words and (not theirs or theirs in self.variants.get(Status(ours), ())):
            return Status(ours), theirs or None
        if not theirs and word in self.read_back:
            status = self.read_back[word]
            return status, None if self.words[status] == word else word
        known = [*self.words, *self.read_back]
        known += [f"{status}/{variant}" for status, variants in self.variants.items() for variant in sorted(variants)]
        near = get_close_matches(word, known, n=1)
        hint = f" Did you mean '{near[0]}'?" if near else f" There are: {', '.join(self.words)}."
        message = f"no status is called '{word}' for {self.name}.{hint}"
        raise UnknownStatusError(message)


class Step(NamedTuple):
    """A status and when it came, or is planned to come; `word` is the provider's."""

    status: Status
    word: str
    at: datetime


class CallbackOrder(StrEnum):
    """An order of a message's callbacks other than their own; they wait for the last planned one."""

    REVERSE = "reverse"
    SHUFFLE = "shuffle"


@dataclass(frozen=True, slots=True)
class CallbackPolicy:
    """How the callbacks of a message are sent; the default is the provider's own way.

    `lost`: callbacks of these statuses never arrive; `first_lost`: the first attempt of each does not. `held`: each
    waits to be released. `strict`: none begins before the earlier ones of its message have ended, retries included.
    """

    timeout: timedelta | None = None  # None: the provider's
    retries: tuple[timedelta, ...] | None = None  # None: the provider's ladder
    muted: bool = False  # kept as collected whatever the target: the request came from a foreign web page
    delay: Distribution = AT_ONCE  # after the step that is reported
    copies: int = 1
    lost: frozenset[Status] = frozenset()
    first_lost: bool = False
    order: CallbackOrder | None = None
    held: bool = False
    key: str | None = None  # in place of the target's
    strict: bool = False


DEFAULT_POLICY = CallbackPolicy()


class Draft(NamedTuple):
    """A message that a pack proposes. `lifecycle` None: the channel's own, unless a rule has another.

    `data` is what the pack itself wants to remember of it. A lower `rank` goes first at the same instant.
    """

    id: str
    channel: Channel
    recipient: str
    sender: str | None
    text: str
    code: str | None = None
    scheduled_for: datetime | None = None
    lifecycle: Lifecycle | None = None
    rank: int = 0
    data: Mapping[str, str] | None = None


class Message(NamedTuple):
    """An accepted message; a named tuple, as one is made anew at each of its moves and that must be quick.

    `number` counts acceptances in its workspace; `request` is the journal id of its request.
    """

    id: str
    number: int
    request: int
    provider: str
    operation: str
    channel: Channel
    account: str
    sender: str | None
    recipient: str
    text: str
    history: tuple[Step, ...]
    plan: tuple[Step, ...] = ()
    callbacks: tuple[int, ...] = ()
    code: str | None = None
    scheduled_for: datetime | None = None
    rule: str | None = None
    rank: int = 0
    callback_policy: CallbackPolicy = DEFAULT_POLICY
    data: Mapping[str, str] | None = None

    @property
    def status(self) -> Status:
        """The present status."""
        return self.history[-1].status

    @property
    def provider_status(self) -> str:
        """The provider's word for the present status."""
        return self.history[-1].word

    @property
    def accepted_at(self) -> datetime:
        """When its request was accepted."""
        return self.history[0].at

    def fact(self, name: str) -> str:
        """Return what the pack remembered under `name`, or an empty text."""
        return self.data.get(name, "") if self.data else ""


HISTORY = Message._fields.index("history")  # behind it stand plan and callbacks, which a move changes too


def plan_lifecycle(channel: Channel, lifecycle: Lifecycle, *, begin: datetime) -> tuple[Step, ...]:
    """Lay a life out on the clock: each delay counts from the step before; a status the channel lacks is left out."""
    steps, words, at = [], channel.words, begin
    for status, delay, word in lifecycle:
        if status in words:
            at += delay
            steps.append(Step(status, word or words[status], at))
    return tuple(steps)


def skip_first_delay(lifecycle: Lifecycle) -> Lifecycle:
    """Return the lifecycle with no delay before its first step, as for priority traffic."""
    return (
        (LifecycleStep(lifecycle[0].status, timedelta(0), lifecycle[0].word), *lifecycle[1:])
        if lifecycle
        else lifecycle
    )


def move(message: Message, step: Step, *, callback: int | None = None, illegal: bool = False) -> Message:
    """Return the message in the step's status; what was planned after that step stays planned.

    `callback` is the id of the callback that reports the step, if one does.

    Raises:
        IllegalMoveError: the status may not follow the present one and `illegal` does not allow it.

    """
    allowed = message.channel.may_follow(message.status)
    if step.status not in allowed and not illegal:
        known = ", ".join(sorted(allowed)) or "nothing: it has ended"
        text = f"{message.id} is {message.status}; {step.status} may not follow, only {known}"
        raise IllegalMoveError(text)
    rest = message.plan[1:] if message.plan and message.plan[0] is step else ()
    calls = message.callbacks if callback is None else (*message.callbacks, callback)
    # Every message is moved, mostly twice; `_replace` takes three times as long.
    return Message._make((*message[:HISTORY], (*message.history, step), rest, calls, *message[HISTORY + 3 :]))


def next_move(message: Message) -> AgendaEntry | None:
    """Return the agenda's entry for the next planned step of a message."""
    return AgendaEntry(message.plan[0].at, EntryKind.MOVE, message.rank, message.number) if message.plan else None
