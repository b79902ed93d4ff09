"""How a workspace behaves: its clock, its accounts, its scenario."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from sandbox.client.decode import KEY
from sandbox.core.account import Approval
from sandbox.core.clock import ClockMode
from sandbox.core.message import Status


@dataclass(frozen=True, slots=True)
class Clock:
    """How a workspace's clock runs: it stood at `start` at first, and stands at `now`."""

    mode: ClockMode
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
class Rule:
    """A rule of a scenario in words, and how many of the kept requests it shaped."""

    name: str
    words: str
    hits: int


@dataclass(frozen=True, slots=True)
class Scenario:
    """The scenario in use; `source` is the YAML or JSON that it was made from.

    `warnings` say what in it never takes effect, as `file:line:column: message`.
    """

    name: str
    description: str
    rules: tuple[Rule, ...]
    source: str
    warnings: tuple[str, ...] = ()
