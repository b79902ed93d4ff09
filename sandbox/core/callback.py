"""A callback: the report of one status change to the customer's server, with every attempt at it."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from sandbox.core.message import Step

ANSWER_LIMIT = 2048  # bytes of an answer that are kept
HOST = re.compile(r"(?!-)[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.?", re.ASCII)  # a name or IPv4 address


class CallbackState(StrEnum):
    """Where a callback stands."""

    PENDING = "pending"
    HELD = "held"
    SENDING = "sending"
    DELIVERED = "delivered"
    FAILED = "failed"
    CANCELLED = "cancelled"
    COLLECTED = "collected"


OPEN_STATES = frozenset({CallbackState.PENDING, CallbackState.HELD, CallbackState.SENDING})


class TargetOrigin(StrEnum):
    """Who named a target; what comes with a request may lead to fewer places."""

    REQUEST = "request"
    SETTINGS = "settings"


class Target(NamedTuple):
    """Where the callbacks of a provider go; `key` is the secret that lets the receiver know the sender."""

    url: str
    key: str | None = None
    origin: TargetOrigin = TargetOrigin.SETTINGS


class Outgoing(NamedTuple):
    """An HTTP request that leaves the sandbox."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: str = ""


class Attempt(NamedTuple):
    """One try: `status` and the first 2 KB of the answer, or `error`; `ms` is real time, `url` where it went."""

    number: int
    at: datetime
    status: int | None
    answer: str
    ms: float
    error: str | None = None
    replay: bool = False
    url: str = ""

    @property
    def succeeded(self) -> bool:
        """Whether the receiver took it: any 2xx."""
        return self.status is not None and 200 <= self.status < 300  # noqa: PLR2004 - the range of HTTP success


class Callback(NamedTuple):
    """The report of `step` of message number `message`; `due` is when the next attempt is, or the last was, due.

    `settings` are the provider's of the moment in which it was collected, where its request is yet to be written: that
    is done when somebody looks at it.
    """

    id: int
    message: int
    provider: str
    step: Step
    due: datetime
    state: CallbackState = CallbackState.PENDING
    request: Outgoing | None = None
    attempts: tuple[Attempt, ...] = ()
    settings: Mapping[str, object] | None = None


def retry_delay(attempt: int, ladder: tuple[timedelta, ...]) -> timedelta | None:
    """Return how long to wait after the `attempt`-th try (from 1); None when the ladder ends."""
    return ladder[attempt - 1] if attempt <= len(ladder) else None


def record_attempt(
    callback: Callback, attempt: Attempt, *, request: Outgoing, ladder: tuple[timedelta, ...]
) -> Callback:
    """Return the callback after an attempt: delivered, due again by the ladder, or failed at its end.

    A retry is due at its attempt's due time plus the ladder's step, as an attempt takes no time on the clock.
    """
    done = callback._replace(request=request, settings=None, attempts=(*callback.attempts, attempt))
    if attempt.succeeded:
        return done._replace(state=CallbackState.DELIVERED)
    wait = retry_delay(len(done.attempts), ladder)
    if wait is None:
        return done._replace(state=CallbackState.FAILED)
    return done._replace(state=CallbackState.PENDING, due=callback.due + wait)
