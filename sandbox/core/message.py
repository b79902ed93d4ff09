"""Messages: their channels with the statuses of each, how they are reported, and what is planned for a message."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from difflib import get_close_matches
from enum import StrEnum
from typing import NamedTuple

from sandbox.core.errors import UnknownStatusError
from sandbox.core.seeded_random import AT_ONCE, Distribution
from sandbox.core.trace import TraceContext


class Direction(StrEnum):
    """Whether an application sent a message to a phone, or a phone sent it to the application."""

    OUTBOUND = "outbound"
    INBOUND = "inbound"


class Status(StrEnum):
    """The statuses of the sandbox; each provider has its own words for them.

    `RECEIVED` is the only one of messages from phones; the others are those of lifecycles.
    """

    SCHEDULED = "scheduled"
    QUEUED = "queued"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    EXPIRED = "expired"
    REJECTED = "rejected"
    READ = "read"
    RECEIVED = "received"


LIFECYCLE_STATUSES: tuple[Status, ...] = tuple(each for each in Status if each is not Status.RECEIVED)

# The failures that stand in for one that a channel does not have, the nearest first.
STAND_INS: Mapping[Status, tuple[Status, ...]] = {
    Status.UNDELIVERED: (Status.FAILED, Status.EXPIRED, Status.REJECTED),
    Status.EXPIRED: (Status.UNDELIVERED, Status.FAILED, Status.REJECTED),
    Status.FAILED: (Status.UNDELIVERED, Status.REJECTED, Status.EXPIRED),
    Status.REJECTED: (Status.FAILED, Status.UNDELIVERED, Status.EXPIRED),
}


class LifecycleStep(NamedTuple):
    """A step: `status` comes `delay` after the step before; `word` is the provider's, if it has several."""

    status: Status
    delay: timedelta
    word: str | None = None


Lifecycle = tuple[LifecycleStep, ...]
OF_PHONES = ".inbound"  # ends the key of the channel of messages from phones; no name of a channel has a dot


@dataclass(frozen=True, slots=True, eq=False)
class Channel:
    """The statuses and lifecycle of one kind of message at one provider; compiled from `x-sandbox` in its spec."""

    name: str
    words: Mapping[Status, str]
    variants: Mapping[Status, frozenset[str]]
    read_back: Mapping[str, Status]
    moves: Mapping[Status, frozenset[Status]]
    reports: frozenset[Status]
    lifecycle: Lifecycle
    direction: Direction = Direction.OUTBOUND

    @property
    def key(self) -> str:
        """The name by which tables and stores know it; a channel's messages from phones have their own."""
        return self.name if self.direction is Direction.OUTBOUND else f"{self.name}{OF_PHONES}"

    def may_follow(self, status: Status) -> frozenset[Status]:
        """Return the statuses that may follow `status`."""
        return self.moves.get(status, frozenset())

    def resolve(self, status: Status, *, after: Status) -> Status | None:
        """Return a status if the channel has it, else the nearest failure that may follow `after`; None if none may."""
        if status in self.words:
            return status
        return next((each for each in STAND_INS.get(status, ()) if each in self.may_follow(after)), None)

    def word(self, status: Status, variant: str | None = None) -> str:
        """Return the provider's word for `status`, or `variant` if a step names one of several."""
        return variant or self.words[status]

    def parse(self, word: str) -> tuple[Status, str | None]:
        """Return the status and variant of a name: ours, the provider's, or both as in `rejected/DNDNUMB`.

        Raises:
            UnknownStatusError: the channel has no such status; the text suggests a similar name.

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
        hint = f" Did you mean '{near[0]}'?" if near else f" Available: {', '.join(self.words)}."
        message = f"no status is called '{word}' for {self.name}.{hint}"
        raise UnknownStatusError(message)


def make_inbound_channel(name: str, *, word: str) -> Channel:
    """Return the channel of the messages that phones send: they are received, and that is all; `word` says so."""
    received = Status.RECEIVED
    return Channel(
        name, {received: word}, {}, {word: received}, {}, frozenset({received}), (), direction=Direction.INBOUND
    )


class Step(NamedTuple):
    """A status and when it was, or will be, reached; `word` is the provider's word for it."""

    status: Status
    word: str
    at: datetime


class MessageStep(NamedTuple):
    """A status that is reached so long `after` a message was accepted: messages that are planned alike share them."""

    status: Status
    word: str
    after: timedelta


MessageSteps = tuple[MessageStep, ...]


class CallbackOrder(StrEnum):
    """Another order for the callbacks of a message; all wait for the last planned one."""

    REVERSE = "reverse"
    SHUFFLE = "shuffle"


@dataclass(frozen=True, slots=True)
class CallbackPolicy:
    """How the callbacks of a message are sent; the defaults are the provider's own behaviour.

    `lost`: callbacks of these statuses are never delivered; `first_lost`: the first attempt of each fails. `held`: each
    waits until it is released. `strict`: each waits until the earlier ones of its message have ended, retries included.
    """

    timeout: timedelta | None = None  # None: the provider's
    retries: tuple[timedelta, ...] | None = None  # None: the provider's retry schedule
    collect_only: bool = False  # never sent, only collected: a web page of another site made the request
    delay: Distribution = AT_ONCE  # after the status change
    copies: int = 1
    lost: frozenset[Status] = frozenset()
    first_lost: bool = False
    order: CallbackOrder | None = None
    held: bool = False
    key: str | None = None  # replaces the target's key
    strict: bool = False


DEFAULT_POLICY = CallbackPolicy()


class PhoneReply(NamedTuple):
    """What the phone replies by itself, so long after the message was delivered."""

    text: str
    after: timedelta


class Draft(NamedTuple):
    """A message that a provider's function wants to send.

    `lifecycle` None: that of the channel, unless a rule has another. A lower `rank` goes first at the same instant.
    `data` is stored with the message for the provider's own use.
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
    """A message; a named tuple, because each status change makes a new one.

    `number` counts the messages of its workspace; `request` is the id of its request in the journal, of a message from
    a phone that of the last request before it. `steps` are its statuses, of which it has `reached` so many; the others
    are planned. `reply` is what the phone will reply by itself. `trace` is the trace context of its request.
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
    accepted_at: datetime
    steps: MessageSteps
    code: str | None = None
    scheduled_for: datetime | None = None
    rule: str | None = None
    rank: int = 0
    callback_policy: CallbackPolicy = DEFAULT_POLICY
    data: Mapping[str, str] | None = None
    reply: PhoneReply | None = None
    trace: TraceContext | None = None
    reached: int = 1
    callbacks: tuple[int, ...] = ()

    @property
    def is_inbound(self) -> bool:
        """Whether a phone sent it."""
        return self.channel.direction is Direction.INBOUND

    @property
    def phone(self) -> str:
        """The number of the phone: that of the recipient, or of the sender of a message from a phone."""
        return (self.sender or "") if self.is_inbound else self.recipient

    @property
    def opt(self) -> str | None:
        """What a message from a phone asks for: `stop` if it opts out, `start` if it opts in again, else None."""
        return self.fact(OPT) or None if self.is_inbound else None

    @property
    def status(self) -> Status:
        """The current status."""
        return self.steps[self.reached - 1].status

    @property
    def provider_status(self) -> str:
        """The provider's word for the current status."""
        return self.steps[self.reached - 1].word

    @property
    def status_at(self) -> datetime:
        """When the current status was reached."""
        return self.accepted_at + self.steps[self.reached - 1].after

    @property
    def is_moving(self) -> bool:
        """Whether a further status is planned."""
        return self.reached < len(self.steps)

    @property
    def history(self) -> tuple[Step, ...]:
        """The statuses that it has reached, the current one last."""
        return tuple(map(self.step, range(self.reached)))

    @property
    def plan(self) -> tuple[Step, ...]:
        """The statuses that are planned."""
        return tuple(map(self.step, range(self.reached, len(self.steps))))

    def step(self, place: int) -> Step:
        """Return one of its statuses, counted from 0, and when it was or will be reached."""
        status, word, after = self.steps[place]
        return Step(status, word, self.accepted_at + after)

    def fact(self, name: str) -> str:
        """Return the value of `data` under `name`, or an empty text."""
        return self.data.get(name, "") if self.data else ""


OPT = "opt"  # the name under which a message from a phone keeps what it asks for
