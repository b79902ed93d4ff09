"""What has happened lately in a workspace and what is pending, in numbers, as frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from sandbox.client.behaviour_values import KEY


@dataclass(frozen=True, slots=True)
class KeptSince:
    """Since when messages and requests are complete, if retention has deleted some of the window; else None."""

    messages: datetime | None
    requests: datetime | None


@dataclass(frozen=True, slots=True)
class Sends:
    """The messages accepted in the step that begins at `at`, by their present status, and its refused requests."""

    at: datetime
    statuses: Mapping[str, int]
    refused: int


@dataclass(frozen=True, slots=True)
class DurationBucket:
    """Durations up to `up_to` seconds that are longer than those of the bucket before; None: more than 30 days."""

    up_to: float | None
    count: int


@dataclass(frozen=True, slots=True)
class Durations:
    """Durations in seconds, to three significant digits; the percentiles are None if there are none."""

    count: int
    p50: float | None
    p95: float | None
    p99: float | None
    buckets: tuple[DurationBucket, ...]


@dataclass(frozen=True, slots=True)
class Delivery:
    """The times from acceptance to the final status of the messages of a channel, as in `Durations`."""

    provider: str
    channel: str
    count: int
    p50: float | None
    p95: float | None
    p99: float | None
    buckets: tuple[DurationBucket, ...]


@dataclass(frozen=True, slots=True)
class CallbackCounts:
    """Callbacks by state, the `failing` ones among them, and how late the last attempts began."""

    states: Mapping[str, int]
    failing: int
    late: Durations


@dataclass(frozen=True, slots=True)
class Refusal:
    """A reason of refusals, with `…` in place of values; `latest` is the newest request that was refused for it."""

    provider: str | None
    reason: str
    count: int
    latest: int
    status: int


@dataclass(frozen=True, slots=True)
class Refusals:
    """The number of refused requests and of reasons, and the most frequent reasons, at most 20."""

    count: int
    reasons: int
    items: tuple[Refusal, ...]


@dataclass(frozen=True, slots=True)
class PendingBucket:
    """The status changes, callbacks and replies of phones that are due up to `up_to`, after the bucket before."""

    up_to: datetime
    status: int
    callback: int
    inbound: int


@dataclass(frozen=True, slots=True)
class Pending:
    """The number of pending entries, and when they are due: in buckets that grow with the distance from now."""

    count: int
    buckets: tuple[PendingBucket, ...]


@dataclass(frozen=True, slots=True)
class Balance:
    """The balance of an account by balance type, and the one that it was opened with; the key is masked."""

    provider: str
    key: str
    balance: Mapping[str, Decimal]
    opening: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class Balances:
    """The number of accounts, and those that have spent the largest share of a balance, at most 20."""

    count: int
    items: tuple[Balance, ...]


@dataclass(frozen=True, slots=True)
class Overview:
    """What happened from `begin` to `end` in steps of `step` seconds, and what is pending."""

    begin: datetime = field(metadata={KEY: "from"})
    end: datetime = field(metadata={KEY: "to"})
    step: float
    kept_since: KeptSince
    sends: tuple[Sends, ...]
    delivery: tuple[Delivery, ...]
    callbacks: CallbackCounts
    refusals: Refusals
    pending: Pending
    balances: Balances
