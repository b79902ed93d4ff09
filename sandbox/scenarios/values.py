"""Readers of single values: texts, numbers, durations, instants."""

import math
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation

from sandbox.core.duration import DurationError, parse_duration
from sandbox.scenarios.node import Node, near
from sandbox.specs.schema import show


def text(node: Node) -> str:
    """Read a text."""
    if not isinstance(node.value, str):
        node.expect("a text", "" if isinstance(node.value, dict | list) else "; put it in quotes")
    return node.value


def word(node: Node) -> str:
    """Read a text that has something in it."""
    value = text(node).strip()
    if not value:
        node.refuse("is empty")
    return value


def digits(node: Node) -> str:
    """Read a text that may be written as a whole number."""
    return str(node.value) if isinstance(node.value, int) and not isinstance(node.value, bool) else word(node)


def one_of(node: Node, known: Iterable[str], *, what: str) -> str:
    """Read one of some words."""
    value = text(node)
    names = tuple(known)
    if value not in names:
        node.refuse(f"no {what} is called '{value}'.{near(value, names)}")
    return value


def flag(node: Node) -> bool:
    """Read true or false."""
    if not isinstance(node.value, bool):
        node.expect("true or false")
    return node.value


def whole(node: Node) -> int:
    """Read a whole number."""
    if not isinstance(node.value, int) or isinstance(node.value, bool):
        node.expect("a whole number")
    return node.value


def count(node: Node) -> int:
    """Read a whole number from 1."""
    value = whole(node)
    if value < 1:
        node.refuse(f"{value} is less than 1")
    return value


def number(node: Node) -> float:
    """Read a number."""
    if not isinstance(node.value, int | float) or isinstance(node.value, bool):
        node.expect("a number")
    if not math.isfinite(node.value):
        node.refuse(f"{node.value} is no number")
    return float(node.value)


def positive(node: Node) -> float:
    """Read a number above 0."""
    value = number(node)
    if value <= 0:
        node.refuse(f"{value:g} is not positive")
    return value


def amount(node: Node) -> Decimal:
    """Read an amount of a purse, from 0."""
    value = node.value
    try:
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            node.expect("an amount")
        found = Decimal(str(value))
    except InvalidOperation:
        node.refuse(f"{show(value)} is no amount")
    if not found.is_finite() or found < 0:
        node.refuse(f"{show(value)} is no amount from 0 on")
    return found


def duration(node: Node) -> timedelta:
    """Read a duration."""
    try:
        return parse_duration(node.value)
    except DurationError as error:
        node.refuse(str(error))


def instant(node: Node) -> datetime:
    """Read a day and time with its zone."""
    value = node.value
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        found = None
    if not isinstance(found, datetime) or found.tzinfo is None:
        node.refuse(f"{show(str(value))} is no instant; write it as 2026-03-02T12:00:00Z")
    return found.astimezone(UTC)
