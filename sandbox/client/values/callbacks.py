"""What is reported: callbacks, where they go, and events."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sandbox.core.callback import CallbackState


@dataclass(frozen=True, slots=True)
class Outgoing:
    """The request of a callback."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at a callback: the `status` and first 2 KB of the answer, or an `error`.

    `url` is where it went, `ms` real time.
    """

    number: int
    at: datetime
    url: str | None
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
    state: CallbackState
    due: datetime
    request: Outgoing | None
    attempts: tuple[Attempt, ...]


@dataclass(frozen=True, slots=True)
class Target:
    """Where the callbacks of a provider go; the key is masked."""

    url: str
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened: `kind` is message, status, callback, request, clock or scenario."""

    id: str
    kind: str
    data: Mapping[str, object]
