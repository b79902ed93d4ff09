"""Readers of single values: strings, numbers, durations, distributions, timestamps and patterns.

Each reader takes a node and returns its value, or raises `MistakeError`.
"""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from fnmatch import translate
from typing import NamedTuple

from sandbox.core.clock import DurationError, parse_duration
from sandbox.core.errors import near_miss
from sandbox.core.seeded_random import Distribution, Fixed, Lognormal, Normal, Percentiles, Uniform
from sandbox.formats.phone_numbers import normalize_number
from sandbox.scenarios.yaml_node import Node
from sandbox.specs.types import show

BOOLEAN_WORDS = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}
SIGMA_LIMIT = 3.0  # one delay in a thousand is then 10,000 times the median
PERCENT = 100.0

Matcher = Callable[[str], bool]
WILDCARDS = frozenset("*?[")
NUMBER_GLOB = re.compile(r"[\d*?\[\]!+ -]+", re.ASCII)
TAIL = re.compile(r"\*?(\d+)", re.ASCII)
PHONE_NUMBER = re.compile(r"\+?\d+", re.ASCII)
REGEX_LIMIT = 1000  # characters


def read_string(node: Node) -> str:
    """Read a string."""
    if not isinstance(node.value, str):
        node.fail_type("a string", "" if isinstance(node.value, dict | list) else "; put it in quotes")
    return node.value


def read_name(node: Node) -> str:
    """Read a string that is not empty."""
    value = read_string(node).strip()
    if not value:
        node.fail("the string is empty")
    return value


def read_as_written(node: Node) -> str:
    """Read a string or a number; a number is returned as it is written, leading zeros included."""
    return read_name(node) if isinstance(node.value, bool) or node.written is None else node.written


def read_number_as_written(node: Node) -> str:
    """Read a string or a phone number that is written in digits: no number is sent as `3.8e10` or `0o17`."""
    value = read_as_written(node)
    if node.written is not None and not PHONE_NUMBER.fullmatch(value):
        node.fail(f"{value} is not a phone number; write its digits, or put it in quotes if it is a string")
    return value


def read_choice(node: Node, known: Iterable[str], *, what: str) -> str:
    """Read one of the `known` words."""
    value = read_string(node)
    names = tuple(known)
    if value not in names:
        node.fail(f"no {what} is called '{value}'.{near_miss(value, names)}")
    return value


def read_boolean(node: Node) -> bool:
    """Read true or false."""
    if not isinstance(node.value, bool):
        meant = BOOLEAN_WORDS.get(node.value.lower()) if isinstance(node.value, str) else None
        node.fail_type("true or false", f"; write {meant}" if meant else "")
    return node.value


def read_integer(node: Node) -> int:
    """Read an integer."""
    if isinstance(node.value, float) and node.value.is_integer():  # 1e0 and 2.0 are integers in JSON Schema, too
        return int(node.value)
    if not isinstance(node.value, int) or isinstance(node.value, bool):
        node.fail_type("an integer")
    return node.value


def read_count(node: Node) -> int:
    """Read an integer of at least 1."""
    value = read_integer(node)
    if value < 1:
        node.fail(f"{value} is less than 1")
    return value


def read_number(node: Node) -> float:
    """Read a finite number."""
    if not isinstance(node.value, int | float) or isinstance(node.value, bool):
        node.fail_type("a number")
    if not math.isfinite(node.value):
        node.fail(f"{node.value} is not a finite number")
    return float(node.value)


def read_positive_number(node: Node) -> float:
    """Read a number above 0."""
    value = read_number(node)
    if value <= 0:
        node.fail(f"{value:g} is not greater than 0")
    return value


def read_amount(node: Node) -> Decimal:
    """Read an amount of money or credits, at least 0."""
    value = node.written if isinstance(node.value, float) else node.value
    try:
        if isinstance(value, bool) or not isinstance(value, int | str):
            node.fail_type("an amount")
        found = Decimal(str(value))
    except InvalidOperation:
        node.fail(f"{show(value)} is not an amount; write a number of at least 0")
    if not found.is_finite() or found < 0:
        node.fail(f"{show(value)} is not an amount; write a number of at least 0")
    return found


def read_duration(node: Node) -> timedelta:
    """Read a duration."""
    try:
        return parse_duration(node.value)
    except DurationError as error:
        node.fail(str(error))


def read_timestamp(node: Node) -> datetime:
    """Read a date and time with a time zone; return it in UTC."""
    value = node.value
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        node.fail(f"invalid timestamp {show(str(value))}; write it with a time zone, such as 2026-03-02T12:00:00Z")
    return found.astimezone(UTC)


def read_delay(node: Node) -> Distribution:
    """Read a duration or a distribution of durations."""
    if not isinstance(node.value, dict):
        return Fixed(read_duration(node))
    fields = node.fields(DISTRIBUTIONS, what="a distribution")
    if len(fields.entries) != 1:
        node.fail(f"write exactly one of {', '.join(DISTRIBUTIONS)}")
    (name, entry), *_ = fields.entries.items()
    if name not in DISTRIBUTIONS:
        return Fixed(timedelta(0))  # the unknown key is recorded as a mistake
    return DISTRIBUTIONS[name](entry)


def _pair(node: Node, example: str) -> tuple[Node, Node]:
    entries = node.items()
    if len(entries) != 2:  # noqa: PLR2004 - a pair
        node.fail(f"write {example}")
    return entries[0], entries[1]


def _uniform(node: Node) -> Distribution:
    low, high = map(read_duration, _pair(node, "uniform: [100ms, 400ms]"))
    if low > high:
        node.fail("the first duration is longer than the second")
    return Uniform(low, high)


def _normal(node: Node) -> Distribution:
    mean, deviation = map(read_duration, _pair(node, "normal: [2s, 500ms], the mean and the standard deviation"))
    return Normal(mean, deviation)


def _lognormal(node: Node) -> Distribution:
    median, sigma = _pair(node, "lognormal: [2s, 0.5], the median and sigma")
    value = read_number(sigma)
    if not 0 <= value <= SIGMA_LIMIT:
        sigma.fail(f"sigma must be from 0 to {SIGMA_LIMIT:g}")
    return Lognormal(read_duration(median), value)


def _percentiles(node: Node) -> Distribution:
    shares, delays = [], []
    for key, entry in node.entries().items():
        try:
            share = float(key)
        except ValueError:
            share = -1.0
        if not 0 <= share <= PERCENT:
            entry.fail(f"'{key}' is not a percentile; write a number from 0 to 100")
        shares.append(share)
        delays.append(read_duration(entry))
    if not shares:
        node.fail("write percentiles: {50: 1s, 95: 8s}")
    if shares != sorted(set(shares)) or delays != sorted(delays):
        node.fail("percentiles and their durations must be in ascending order")
    return Percentiles(tuple(shares), tuple(delays))


DISTRIBUTIONS: Mapping[str, Callable[[Node], Distribution]] = {
    "uniform": _uniform,
    "normal": _normal,
    "lognormal": _lognormal,
    "percentiles": _percentiles,
}


class Pattern(NamedTuple):
    """A pattern and its source, in which numbers are digits only; `tail`: digits with which every match ends."""

    source: str
    matches: Matcher
    tail: str | None = None


def is_regex(text: str) -> bool:
    """Return whether a pattern is written as `/regex/`."""
    return len(text) > 1 and text.startswith("/") and text.endswith("/")


def read_glob(node: Node) -> Pattern:
    """Read a glob."""
    value = read_as_written(node)
    return Pattern(value, compile_glob(value))


def read_pattern(node: Node) -> Pattern:
    """Read a glob or `/regex/`; a glob of digits compares numbers by their digits."""
    value = read_as_written(node)
    if is_regex(value):
        return Pattern(value, compile_regex(node, value[1:-1]))
    if NUMBER_GLOB.fullmatch(value) and value != "*":
        plain = normalize_number(value) if "[" not in value else value
        matches = compile_glob(plain)
        return Pattern(plain, lambda text: matches(normalize_number(text)))
    return Pattern(value, compile_glob(value))


def read_recipient(node: Node) -> Pattern:
    """Read a glob or `/regex/` that is matched against the digits of a recipient."""
    read_number_as_written(node)
    pattern = read_pattern(node)
    if is_regex(pattern.source):
        return pattern
    found = TAIL.fullmatch(pattern.source)
    return Pattern(pattern.source, compile_glob(pattern.source), found[1] if found else None)


def read_text_pattern(node: Node) -> Pattern:
    """Read a string that a text must contain, or `/regex/`."""
    value = read_as_written(node)
    if is_regex(value):
        return Pattern(value, compile_regex(node, value[1:-1]))
    return Pattern(value, lambda text: value in text)


def compile_glob(pattern: str) -> Matcher:
    """Return the fastest matcher for a glob."""
    if pattern == "*":
        return lambda _: True
    if not WILDCARDS & set(pattern):
        return lambda text: text == pattern
    rest = pattern.strip("*")
    if not WILDCARDS & set(rest):
        if pattern == f"*{rest}":
            return lambda text: text.endswith(rest)
        if pattern == f"{rest}*":
            return lambda text: text.startswith(rest)
    match = re.compile(translate(pattern)).match
    return lambda text: match(text) is not None


def compile_regex(node: Node, pattern: str) -> Matcher:
    """Return a matcher that searches a text for a regular expression, in linear time."""
    import re2  # noqa: PLC0415 - 20 ms that a scenario without regular expressions need not pay

    if len(pattern) > REGEX_LIMIT:
        node.fail(f"a regular expression may have at most {REGEX_LIMIT} characters; this one has {len(pattern)}")
    options = re2.Options()
    options.log_errors = False
    try:
        search = re2.compile(pattern, options=options).search
    except re2.error as error:
        why = error.args[0].decode() if isinstance(error.args[0], bytes) else str(error)
        node.fail(f"invalid regular expression /{pattern[:60]}/ (RE2 syntax): {why}")
    return lambda text: search(text) is not None
