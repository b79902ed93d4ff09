"""What the control API answers, as frozen values. Times are aware, in UTC and on the workspace's clock."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Generic, TypeVar, overload

from sandbox.client.reading import KEY
from sandbox.core.account import Approval
from sandbox.core.callback import State
from sandbox.core.clock import Mode
from sandbox.core.lifecycle import Status

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Page(Sequence[Row], Generic[Row]):
    """Some things, newest first; `next` is the cursor of the page that follows, `evicted` counts what was let go."""

    items: tuple[Row, ...]
    next: str | None = None
    evicted: int = 0

    def __len__(self) -> int:
        return len(self.items)

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Row, ...]: ...
    def __getitem__(self, index: int | slice) -> Row | tuple[Row, ...]:
        return self.items[index]

    def __iter__(self) -> Iterator[Row]:
        return iter(self.items)


@dataclass(frozen=True, slots=True)
class Step:
    """A status that a message had; `provider_status` is the provider's word for it."""

    status: Status
    provider_status: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Plan:
    """A status that is yet to come."""

    status: Status
    at: datetime


@dataclass(frozen=True, slots=True)
class Message:
    """One text to one recipient. `request` is the number of the request that sent it; the account's key is masked."""

    id: str
    provider: str
    operation: str
    channel: str
    account: str
    sender: str | None = field(metadata={KEY: "from"})
    to: str
    text: str
    code: str | None
    encoding: str
    segments: int
    status: Status
    provider_status: str
    rule: str | None
    request: int
    accepted_at: datetime
    scheduled_for: datetime | None
    history: tuple[Step, ...]
    planned: tuple[Plan, ...]
    callbacks: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Otp:
    """The newest one-time code for a number; `message` is the id of the message that carried it."""

    code: str
    to: str
    provider: str
    message: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Outgoing:
    """The request of a callback."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at a callback: the `status` and first 2 KB of the answer, or an `error`; `ms` is real time."""

    number: int
    at: datetime
    status: int | None
    answer: str
    ms: float
    error: str | None
    replay: bool


@dataclass(frozen=True, slots=True)
class Callback:
    """The report of one status change; `reports` is the provider's word for the status."""

    id: int
    message: str
    provider: str
    reports: str
    state: State
    due: datetime
    request: Outgoing | None
    attempts: tuple[Attempt, ...]


@dataclass(frozen=True, slots=True)
class Reply:
    """What a provider request was answered; the body is cut to 16 KB."""

    status: int
    headers: Mapping[str, str]
    body: str


@dataclass(frozen=True, slots=True)
class Request:
    """A provider request as it came and was answered; `why` says what was refused and what would be right.

    The body is cut to 16 KB; `body_size` bytes came.
    """

    id: int
    at: datetime
    provider: str | None
    operation: str | None
    method: str
    path: str
    query: Mapping[str, object]
    headers: Mapping[str, str]
    body: str
    body_size: int
    body_cut: bool
    reply: Reply
    refused: bool
    why: tuple[str, ...]
    rule: str | None
    messages: tuple[str, ...]
    ms: float


@dataclass(frozen=True, slots=True)
class Near:
    """Something that nearly matched, and in what it differs; `id` is that of a message or of a refused request."""

    id: str | int
    differs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a verification found; it is true when it passed. `matches` are message ids."""

    passed: bool
    count: int
    matches: tuple[str, ...]
    near: tuple[Near, ...]

    def __bool__(self) -> bool:
        return self.passed

    def __str__(self) -> str:
        head = f"{'passed' if self.passed else 'did not pass'}: {self.count} matched"
        return "\n".join([head, *(f"  near: {near.id}: {'; '.join(near.differs)}" for near in self.near)])


@dataclass(frozen=True, slots=True)
class Target:
    """Where the callbacks of a provider go; the key is masked."""

    url: str
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Clock:
    """How a workspace's clock runs: it stood at `start` at first, and stands at `now`."""

    mode: Mode
    rate: float
    start: datetime
    now: datetime


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that an advance did: a message came to `status`, or a callback of it was tried (`attempt`)."""

    at: datetime
    kind: str
    message: str
    status: Status | None = None
    attempt: int | None = None


@dataclass(frozen=True, slots=True)
class Advance:
    """What an advance came to: `count` happenings, the first 1,000 of them in `items`."""

    begin: datetime = field(metadata={KEY: "from"})
    end: datetime = field(metadata={KEY: "to"})
    count: int
    items: tuple[Happening, ...]
    truncated: bool


@dataclass(frozen=True, slots=True)
class Sender:
    """A sender id or brand of an account."""

    id: str
    name: str
    state: Approval


@dataclass(frozen=True, slots=True)
class Template:
    """A registered text of an account."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Account:
    """Whom a key stands for; `brands` are what uBill calls its senders. The key is masked."""

    provider: str
    key: str
    balance: Mapping[str, Decimal]
    senders: tuple[Sender, ...] = ()
    brands: tuple[Sender, ...] = ()
    templates: tuple[Template, ...] = ()
    stop_list: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Health:
    """That a sandbox serves, and what."""

    status: str
    version: str
    providers: tuple[str, ...]


Keys = Mapping[str, Mapping[str, str]]  # by provider, then by the header or parameter that carries the key


@dataclass(frozen=True, slots=True)
class Workspace:
    """A workspace; a request with one of its `keys` leads into it. `default` has none: any other key leads there.

    `ttl` is how many seconds of real time it lasts unused; None means for ever.
    """

    id: str
    scenario: str
    clock: Clock
    seed: int
    keys: Keys
    targets: Mapping[str, Target]
    ttl: float | None


@dataclass(frozen=True, slots=True)
class Provider:
    """What a provider offers; each entry carries its word (documented, published, inferred) and its source."""

    name: str
    title: str
    hosts: tuple[str, ...]
    operations: tuple[Mapping[str, object], ...]
    channels: tuple[Mapping[str, object], ...]
    settings: tuple[Mapping[str, object], ...]


@dataclass(frozen=True, slots=True)
class Scenario:
    """A scenario that can be used, or is in use."""

    name: str
    description: str


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened: `kind` is message, status, callback, request, clock or scenario."""

    id: str
    kind: str
    data: Mapping[str, object]
