"""Readers of single values: texts, numbers, durations, instants."""

import math
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation

from sandbox.core.clock import DurationError, parse_duration
from sandbox.core.errors import near_miss
from sandbox.scenarios.yaml_node import Node
from sandbox.specs.types import show

WORDS_OF_FLAGS = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}


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
    """Read a text that may look like a number; it is taken as it is written, leading zeros included."""
    return word(node) if isinstance(node.value, bool) or node.written is None else node.written


def one_of(node: Node, known: Iterable[str], *, what: str) -> str:
    """Read one of some words."""
    value = text(node)
    names = tuple(known)
    if value not in names:
        node.refuse(f"no {what} is called '{value}'.{near_miss(value, names)}")
    return value


def flag(node: Node) -> bool:
    """Read true or false."""
    if not isinstance(node.value, bool):
        meant = WORDS_OF_FLAGS.get(node.value.lower()) if isinstance(node.value, str) else None
        node.expect("true or false", f"; write {meant}" if meant else "")
    return node.value


def whole(node: Node) -> int:
    """Read a whole number."""
    if isinstance(node.value, float) and node.value.is_integer():  # 1e0 and 2.0 are whole to JSON Schema, too
        return int(node.value)
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
    value = node.written if isinstance(node.value, float) else node.value
    try:
        if isinstance(value, bool) or not isinstance(value, int | str):
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
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        node.refuse(f"{show(str(value))} is no instant; write it as 2026-03-02T12:00:00Z")
    return found.astimezone(UTC)
