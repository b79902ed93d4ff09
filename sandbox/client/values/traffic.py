"""What was sent: messages, one-time codes, requests, and the verdict on them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sandbox.client.decode import KEY
from sandbox.core.message import Status


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
class Reply:
    """What a provider request was answered; the body is cut to 16 KB."""

    status: int
    headers: Mapping[str, str]
    body: str


@dataclass(frozen=True, slots=True)
class Request:
    """A provider request as it came and was answered; `why` says what was refused and what would be right.

    Of a request that is not `refused` it says what was passed over: dropped numbers, unknown parameters and the like.
    The body is cut to 16 KB; `body_size` bytes came.
    `resent`: the same text went to the same number within a minute before, in the request `resent_of`, and the reply to
    that was lost.
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
    resent: bool
    resent_of: int | None
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
