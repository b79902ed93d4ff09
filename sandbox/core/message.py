"""Messages and their lifecycles: statuses, the moves between them, and what is planned for a message."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from difflib import get_close_matches
from enum import StrEnum
from typing import NamedTuple

from sandbox.core.agenda import AgendaEntry, EntryKind
from sandbox.core.errors import IllegalMoveError, UnknownStatusError
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


@dataclass(frozen=True, slots=True)
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
    a phone that of the last request before it. `reply` is what the phone will reply by itself. `trace` is the trace
    context of its request.
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
    reply: PhoneReply | None = None
    trace: TraceContext | None = None

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
        return self.history[-1].status

    @property
    def provider_status(self) -> str:
        """The provider's word for the current status."""
        return self.history[-1].word

    @property
    def accepted_at(self) -> datetime:
        """When its request was accepted."""
        return self.history[0].at

    def fact(self, name: str) -> str:
        """Return the value of `data` under `name`, or an empty text."""
        return self.data.get(name, "") if self.data else ""


OPT = "opt"  # the name under which a message from a phone keeps what it asks for
MOVE = EntryKind.MOVE  # a look at a member of an enumeration takes a third of the time of making an entry
HISTORY = Message._fields.index("history")  # followed by plan and callbacks, which a status change replaces too


def plan_lifecycle(channel: Channel, lifecycle: Lifecycle, *, begin: datetime) -> tuple[Step, ...]:
    """Return the steps of a lifecycle with their times.

    A failure that the channel does not have is the nearest that it has; other statuses that it lacks are left out.
    """
    steps, words, at = [], channel.words, begin
    for status, delay, word in lifecycle:
        if status in words:
            at += delay
            steps.append(Step(status, word or words[status], at))
        elif status in STAND_INS:
            nearest = channel.resolve(status, after=steps[-1].status if steps else Status.QUEUED)
            if nearest is not None:
                at += delay
                steps.append(Step(nearest, words[nearest], at))
    return tuple(steps)


def with_channel(message: Message, channel: Channel) -> Message:
    """Return a message with a newer version of its channel, whose words its planned steps get.

    A planned status that the new version lacks keeps its word, and a variant that the new version has stays.
    """
    plan = tuple(_reworded(step, channel) for step in message.plan)
    return message._replace(channel=channel, plan=plan)


def _reworded(step: Step, channel: Channel) -> Step:
    if step.status not in channel.words or step.word in channel.variants.get(step.status, ()):
        return step
    return step._replace(word=channel.words[step.status])


def skip_first_delay(lifecycle: Lifecycle) -> Lifecycle:
    """Return the lifecycle with no delay before its first step, as for priority traffic."""
    return (
        (LifecycleStep(lifecycle[0].status, timedelta(0), lifecycle[0].word), *lifecycle[1:])
        if lifecycle
        else lifecycle
    )


def move(message: Message, step: Step, *, callback: int | None = None, illegal: bool = False) -> Message:
    """Return the message with the status of `step`; steps planned after it stay planned.

    `callback` is the id of the callback that reports the step, if one does.

    Raises:
        IllegalMoveError: the status cannot follow the current one, and `illegal` is false.

    """
    allowed = message.channel.may_follow(message.status)
    if step.status not in allowed and not illegal:
        known = f"; allowed: {', '.join(sorted(allowed))}" if allowed else ", because that status is final"
        text = f"{message.id} is {message.status} and cannot become {step.status}{known}"
        raise IllegalMoveError(text)
    rest = message.plan[1:] if message.plan and message.plan[0] is step else ()
    calls = message.callbacks if callback is None else (*message.callbacks, callback)
    # Most messages come here twice; `_replace` takes three times as long.
    return Message._make((*message[:HISTORY], (*message.history, step), rest, calls, *message[HISTORY + 3 :]))


def next_move(message: Message) -> AgendaEntry | None:
    """Return the agenda entry of the next planned step of a message, or None."""
    plan = message.plan
    return AgendaEntry(plan[0].at, MOVE, message.rank, message.number) if plan else None


def plan_reply(message: Message, step: Step) -> tuple[AgendaEntry, ...]:
    """Return when the phone replies by itself, if `step` delivers a message for the first time that it replies to."""
    if message.reply is None or step.status is not Status.DELIVERED:
        return ()
    if any(each.status is Status.DELIVERED for each in message.history):
        return ()
    return (AgendaEntry(step.at + message.reply.after, EntryKind.INBOUND, 0, message.number),)
