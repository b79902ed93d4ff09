"""The results of calls about clock, agenda and scenario as frozen values; `values` has the others."""

from dataclasses import dataclass, field
from datetime import datetime

from sandbox.core.callback import CallbackState
from sandbox.core.clock import ClockMode
from sandbox.core.message import Status

KEY = "key"  # in a field's metadata: its name in JSON, if that is a keyword of Python
LOCAL = {"local": True}  # metadata of a field that the client knows, and no JSON has


@dataclass(frozen=True, slots=True)
class Clock:
    """The clock of a workspace: it began at `start` and shows `now`."""

    mode: ClockMode
    rate: float
    start: datetime
    now: datetime


@dataclass(frozen=True, slots=True)
class AdvanceItem:
    """One effect of an advance: a message reached `status`, or a callback for it was attempted (`attempt`).

    `to` is the recipient. Of a callback, `state` is its state afterwards; `http_status` is what the receiver answered,
    `error` why it did not.
    """

    at: datetime
    kind: str
    message: str
    to: str = ""
    status: Status | None = None
    attempt: int | None = None
    callback: int | None = None
    state: CallbackState | None = None
    http_status: int | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class AgendaItem:
    """What is due at `at`: a message becomes `status`, or the callback that reports it is attempted (`attempt`)."""

    at: datetime
    kind: str
    message: str
    to: str
    provider: str
    status: Status
    callback: int | None
    attempt: int | None


@dataclass(frozen=True, slots=True)
class Agenda:
    """What is due next, the first entry first; `count` is the number of all pending entries."""

    items: tuple[AgendaItem, ...]
    count: int


@dataclass(frozen=True, slots=True)
class Advance:
    """The effects of an advance: their number, and the first 1,000 of them."""

    begin: datetime = field(metadata={KEY: "from"})
    end: datetime = field(metadata={KEY: "to"})
    count: int
    items: tuple[AdvanceItem, ...]
    truncated: bool


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of a scenario in words, and the number of requests in the journal that it applied to."""

    name: str
    words: str
    hits: int


@dataclass(frozen=True, slots=True)
class Scenario:
    """The scenario in use; `source` is its YAML or JSON text.

    `warnings` name what in it has no effect, as `file:line:column: message`.
    """

    name: str
    description: str
    rules: tuple[Rule, ...]
    source: str
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ScenarioCheck:
    """A scenario that can be used; `warnings` name what in it has no effect, as `file:line:column: message`."""

    name: str
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ScenarioEntry:
    """A scenario that can be used by name, or the mistakes of its file as `file:line:column: message`."""

    name: str
    description: str
    mistakes: tuple[str, ...]
