"""Callbacks: the report of one status change to the customer's server, with every attempt to deliver it."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from sandbox.core.message import Step

ANSWER_LIMIT = 2048  # bytes of a receiver's response that are kept
HOST = re.compile(r"(?!-)[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.?", re.ASCII)  # a name or IPv4 address


class CallbackState(StrEnum):
    """The state of a callback."""

    PENDING = "pending"
    HELD = "held"
    SENDING = "sending"
    DELIVERED = "delivered"
    FAILED = "failed"
    CANCELLED = "cancelled"
    COLLECTED = "collected"


OPEN_STATES = frozenset({CallbackState.PENDING, CallbackState.HELD, CallbackState.SENDING})


class TargetOrigin(StrEnum):
    """Where a target comes from; a target from a request may reach fewer hosts."""

    REQUEST = "request"
    SETTINGS = "settings"


def is_success(status: int) -> bool:
    """Return whether an HTTP status is 2xx."""
    return 200 <= status < 300  # noqa: PLR2004 - the range of HTTP success


class Target(NamedTuple):
    """Where callbacks are sent; receivers recognise the provider by the secret `key`."""

    url: str
    key: str | None = None
    origin: TargetOrigin = TargetOrigin.SETTINGS


class Outgoing(NamedTuple):
    """An outgoing HTTP request."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: str = ""


class Attempt(NamedTuple):
    """One attempt: `status` and the first 2 KB of the response, or `error`; `ms` is real time, `url` the target.

    `interrupted`: the server stopped during the attempt, so the receiver may have got it; it is made again.
    `accepted`: whether the answer counts as received, for providers that ask for more or less than a 2xx status.
    """

    number: int
    at: datetime
    status: int | None
    answer: str
    ms: float
    error: str | None = None
    replay: bool = False
    url: str = ""
    interrupted: bool = False
    accepted: bool | None = None

    @property
    def succeeded(self) -> bool:
        """Whether the answer counts as received: as `accepted` says, or else if its status is 2xx."""
        if self.accepted is not None:
            return self.accepted
        return self.status is not None and is_success(self.status)


class Callback(NamedTuple):
    """The report of `step` of message number `message`; `due` is when the next attempt is due, or the last one was.

    A callback without a target is collected: its request is composed when it is first read, with `settings`, the
    provider's settings at the time of the status change.
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

    @property
    def next_attempt(self) -> int:
        """The number of its next attempt, from 1."""
        return len(self.attempts) + 1

    @property
    def is_untried(self) -> bool:
        """Whether no attempt has come to an end."""
        return not self.attempts or all(attempt.interrupted for attempt in self.attempts)

    @property
    def is_failing(self) -> bool:
        """Whether it failed for good, or its last attempt failed and another may follow."""
        if self.state in OPEN_STATES:
            ended = (attempt for attempt in reversed(self.attempts) if not attempt.interrupted)
            return not next((attempt.succeeded for attempt in ended), True)
        return self.state is CallbackState.FAILED


INTERRUPTED = "the server stopped during this attempt; it is made again"


def interrupt(callback: Callback) -> Callback:
    """Return a callback whose attempt was under way when the server stopped: it is due as before, and tried again."""
    url = callback.request.url if callback.request else ""
    attempt = Attempt(callback.next_attempt, callback.due, None, "", 0.0, INTERRUPTED, url=url, interrupted=True)
    return callback._replace(state=CallbackState.PENDING, attempts=(*callback.attempts, attempt))


class MessageCallbackState(StrEnum):
    """The state of all callbacks of a message: that of the one which needs most attention, in this order."""

    FAILING = "failing"
    WAITING = "waiting"
    CANCELLED = "cancelled"
    COLLECTED = "collected"
    DELIVERED = "delivered"


ATTENTION = {state: rank for rank, state in enumerate(MessageCallbackState)}


def state_of_all(callbacks: Iterable[Callback]) -> MessageCallbackState | None:
    """Return the state of a message's callbacks together, None if there are none."""
    return min(map(_attention_state, callbacks), key=ATTENTION.__getitem__, default=None)


def _attention_state(callback: Callback) -> MessageCallbackState:
    if callback.is_failing:
        return MessageCallbackState.FAILING
    if callback.state in OPEN_STATES:
        return MessageCallbackState.WAITING
    return MessageCallbackState(callback.state)


def retry_delay(attempt: int, schedule: tuple[timedelta, ...]) -> timedelta | None:
    """Return how long to wait after attempt number `attempt` (from 1), or None if the retry schedule has ended."""
    return schedule[attempt - 1] if attempt <= len(schedule) else None


def record_attempt(
    callback: Callback, attempt: Attempt, *, request: Outgoing, schedule: tuple[timedelta, ...]
) -> Callback:
    """Return the callback after an attempt: delivered, due again, or failed at the end of the retry schedule.

    A retry is due at the attempt's due time plus the delay of the schedule: an attempt takes no time on the clock.
    """
    attempts, state, due = (*callback.attempts, attempt), CallbackState.DELIVERED, callback.due
    if not attempt.succeeded:
        wait = retry_delay(sum(not each.interrupted for each in attempts), schedule)
        state, due = (CallbackState.FAILED, due) if wait is None else (CallbackState.PENDING, due + wait)
    return callback._replace(request=request, settings=None, attempts=attempts, state=state, due=due)
