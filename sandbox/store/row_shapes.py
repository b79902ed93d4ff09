"""What the value of each kind of row must look like: checks a saved state, which people may have written themselves.

A check raises ShapeError with the place of the first mistake: what is there, and what would be right.
"""

import re
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import cast

from sandbox.core.account import Approval
from sandbox.core.callback import CallbackState, TargetOrigin
from sandbox.core.clock import LONGEST_DURATION, ClockMode
from sandbox.core.errors import SandboxError, near_miss
from sandbox.core.message import CallbackOrder, Status
from sandbox.core.trace import TraceContext, parse_trace
from sandbox.specs.types import show
from sandbox.store.base import Kind

Check = Callable[[object, str], None]  # a value and its place

FIRST_TIME, END_OF_TIME = datetime(1970, 1, 1, tzinfo=UTC), datetime(3000, 1, 1, tzinfo=UTC)
MOST = 10**15  # of any number
BASE64 = re.compile(r"[A-Za-z0-9+/]*={0,2}")
AMOUNT = re.compile(r"-?\d{1,40}(?:\.\d{1,40})?(?:[Ee][+-]?\d{1,2})?", re.ASCII)


class ShapeError(SandboxError):
    """A value is not what its place requires."""


def _refuse(value: object, at: str, wanted: str) -> None:
    message = f"{at} is {show(value)}; it must be {wanted}"
    raise ShapeError(message)


def text(value: object, at: str) -> None:
    """Check that a value is a text."""
    if type(value) is not str:
        _refuse(value, at, "a text")


def flag(value: object, at: str) -> None:
    """Check that a value is true or false."""
    if type(value) is not bool:
        _refuse(value, at, "true or false")


def anything(_: object, __: str) -> None:
    """Accept any JSON."""


def whole(least: int = 0, most: int = MOST) -> Check:
    """Return the check of a whole number between two, both inclusive."""

    def check(value: object, at: str) -> None:
        if type(value) is not int or not least <= value <= most:
            _refuse(value, at, f"a whole number from {least} to {most}")

    return check


def number(value: object, at: str) -> None:
    """Check that a value is a number of at least 0."""
    if type(value) not in {int, float} or not 0 <= value <= MOST:  # type: ignore[operator]
        _refuse(value, at, "a number of at least 0")


def seconds(value: object, at: str) -> None:
    """Check that a value is a duration in seconds."""
    if type(value) not in {int, float} or not 0 <= value <= LONGEST_DURATION.total_seconds():  # type: ignore[operator]
        _refuse(value, at, "a number of seconds, at most ten years")


def time(value: object, at: str) -> None:
    """Check that a value is a time with its zone."""
    try:
        if type(value) is str and FIRST_TIME <= datetime.fromisoformat(value) < END_OF_TIME:
            return
    except (ValueError, TypeError):  # no time, or one without a zone
        pass
    _refuse(value, at, "a time with its zone from 1970 to 2999, such as 2026-03-02T12:00:00+00:00")


def amount(value: object, at: str) -> None:
    """Check that a value is a decimal number as text."""
    try:
        if type(value) is str and AMOUNT.fullmatch(value) and Decimal(value).is_finite():
            return
    except InvalidOperation:
        pass
    _refuse(value, at, 'an amount as text, such as "99.95"')


def one_of(names: Collection[str]) -> Check:
    """Return the check of a text that must be one of some names."""

    def check(value: object, at: str) -> None:
        if type(value) is not str or value not in names:
            message = f"{at} is {show(value)}, which is not known.{near_miss(str(value)[:100], names)}"
            raise ShapeError(message)

    return check


def maybe(check: Check) -> Check:
    """Return the check of a value that may be null."""
    return lambda value, at: None if value is None else check(value, at)


def many(check: Check, *, least: int = 0) -> Check:
    """Return the check of a list."""

    def check_list(value: object, at: str) -> None:
        if type(value) is not list or len(value) < least:
            _refuse(value, at, "a list" if not least else f"a list of at least {least}")
        for place, each in enumerate(cast("list[object]", value)):
            check(each, f"{at}[{place}]")

    return check_list


def row(*checks: Check) -> Check:
    """Return the check of a list of so many values."""

    def check_row(value: object, at: str) -> None:
        if type(value) is not list or len(value) != len(checks):
            _refuse(value, at, f"a list of {len(checks)}")
        for place, (check, each) in enumerate(zip(checks, cast("list[object]", value), strict=True)):
            check(each, f"{at}[{place}]")

    return check_row


def members(required: Mapping[str, Check], optional: Mapping[str, Check] | None = None) -> Check:
    """Return the check of an object that has some members, may have others, and has no more."""
    known = {**required, **(optional or {})}

    def check_members(value: object, at: str) -> None:
        if type(value) is not dict:
            _refuse(value, at, "an object")
        given = cast("dict[str, object]", value)
        for name in required:
            if name not in given:
                message = f"{at}.{name} is missing"
                raise ShapeError(message)
        for name, each in given.items():
            if name not in known:
                message = f"{at} has an unknown member {show(name)}.{near_miss(name[:100], known)}"
                raise ShapeError(message)
            known[name](each, f"{at}.{name}")

    return check_members


def mapping(check: Check) -> Check:
    """Return the check of an object with any names."""

    def check_mapping(value: object, at: str) -> None:
        if type(value) is not dict:
            _refuse(value, at, "an object")
        for name, each in cast("dict[str, object]", value).items():
            check(each, f"{at}.{name[:100]}")

    return check_mapping


def trace(value: object, at: str) -> None:
    """Check that a value is a trace context, whose parts callbacks may carry in headers."""
    row(text, text, whole(0, 255), maybe(text))(value, at)
    given = TraceContext(*cast("tuple[str, str, int, str | None]", value))
    if parse_trace(f"00-{given.trace_id}-{given.parent_id}-{given.flags:02x}", given.state) != given:
        _refuse(value, at, "the ids, flags and tracestate of a W3C trace context")


def base64(value: object, at: str) -> None:
    """Check that a value is bytes in base64."""
    if type(value) is not str or len(value) % 4 or not BASE64.fullmatch(value):
        _refuse(value, at, "base64")


def content(value: object, at: str) -> None:
    """Check that a value is a body: a text, or an object with its bytes in base64."""
    if type(value) is not str:
        members({"base64": base64})(value, at)


STEP = row(one_of([*Status]), text, time)
PAIRS = many(row(text, text))
COUNT, ID = whole(), whole(1)
DELAY = members(
    {},
    {
        "fixed": seconds,
        "uniform": row(seconds, seconds),
        "normal": row(seconds, seconds),
        "lognormal": row(seconds, number),
        "percentiles": row(many(number), many(seconds)),
    },
)
POLICY = members(
    {},
    {
        **dict.fromkeys(["collect_only", "first_lost", "held", "strict"], flag),
        "copies": whole(1, 100),
        "order": one_of([*CallbackOrder]),
        "key": text,
        "timeout": seconds,
        "retries": many(seconds),
        "delay": DELAY,
        "lost": many(one_of([*Status])),
    },
)
ATTEMPT = members(
    {"number": ID, "at": time, "status": maybe(whole(100, 999)), "answer": text, "ms": number},
    {"error": maybe(text), "url": text, "replay": flag, "interrupted": flag, "accepted": flag},
)
REQUEST = {
    **dict.fromkeys(["method", "path", "query"], text),
    **dict.fromkeys(["provider", "operation", "key"], maybe(text)),
    **dict.fromkeys(["headers", "reply_headers"], PAIRS),
    **dict.fromkeys(["body", "reply_body"], content),
    "at": time,
    "body_size": COUNT,
    "status": whole(0, 999),
    "refused": flag,
    "ms": number,
}
MESSAGE = dict.fromkeys(["id", "provider", "operation", "channel", "account", "recipient", "text"], text)

SHAPES: Mapping[Kind, Check] = {
    Kind.ACCOUNT: members(
        {"provider": text, "key": text, "balance": many(row(text, amount))},
        {
            "senders": many(
                members(
                    {"id": text, "name": text, "state": one_of([*Approval]), "created_at": time}, {"approved_at": time}
                )
            ),
            "templates": many(members({"id": text, "text": text})),
            "stop_list": many(text),
            "secret": text,
        },
    ),
    Kind.AGENDA: members({"at": time, "rank": whole(-MOST)}),
    Kind.CALLBACK: members(
        {"message": ID, "provider": text, "step": STEP, "due": time, "state": one_of([*CallbackState])},
        {
            "request": members({"method": text, "url": text, "headers": PAIRS, "body": text}),
            "attempts": many(ATTEMPT),
            "settings": text,
        },
    ),
    Kind.CLOCK: members(
        {"mode": one_of([*ClockMode]), "rate": number, "start": time, "origin": time, "real": time},
    ),
    Kind.CODE: members(
        {
            **dict.fromkeys(["provider", "account", "recipient", "code"], text),
            "expires_at": time,
            "message": ID,
            "wrong_tries": COUNT,
            "used": flag,
        }
    ),
    Kind.COUNTERS: members(
        {
            **dict.fromkeys(["last_message", "last_callback", "last_request", "requests_before"], COUNT),
            **dict.fromkeys(["batches", "journal_bytes", "seed"], whole(0, 10**18)),
            "evicting": ID,
            "evicted": members(dict.fromkeys(["messages", "callbacks", "requests"], COUNT)),
            "state": text,
            "scenario_began": time,
            "at": time,
        }
    ),
    Kind.INBOUND: members({"at": time, "rank": whole(-MOST)}),
    Kind.LOST_REPLY: members({"at": time, "request": ID, "texts": many(row(text, text, text, text))}),
    Kind.MESSAGE: members(
        {**MESSAGE, "request": COUNT, "sender": maybe(text), "history": many(STEP, least=1)},
        {
            "plan": many(STEP),
            "callbacks": many(ID),
            "callback_policy": POLICY,
            "data": PAIRS,
            "reply": members({"text": text, "after": seconds}),
            "code": text,
            "scheduled_for": time,
            "rule": text,
            "rank": whole(-MOST),
            "trace": trace,
        },
    ),
    Kind.RATE_WINDOW: members({"name": text, "since": time, "count": COUNT}),
    Kind.REQUEST: members(
        REQUEST, {"why": many(text), "rule": text, "messages": many(text), "resent_of": ID, "delay": seconds}
    ),
    Kind.RULE_COUNT: members({"name": text, "count": COUNT}),
    Kind.SCENARIO: members({"name": text, "sources": many(members({"name": text, "text": text}))}),
    Kind.SETTINGS: mapping(anything),
    Kind.TARGET: members({"provider": text, "url": text, "key": maybe(text), "origin": one_of([*TargetOrigin])}),
}
