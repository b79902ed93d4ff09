"""Patterns of conditions: globs, and regular expressions that run in linear time."""

import re
from collections.abc import Callable
from fnmatch import translate
from typing import NamedTuple

from sandbox.formats.phone_numbers import normalize_number
from sandbox.scenarios.value_readers import digits as number
from sandbox.scenarios.yaml_node import Node

Matcher = Callable[[str], bool]
WILD = frozenset("*?[")
NUMBER = re.compile(r"[\d*?\[\]!+ -]+", re.ASCII)  # a glob over digits
TAIL = re.compile(r"\*?(\d+)", re.ASCII)
LONGEST = 1000  # characters of a regular expression


class Pattern(NamedTuple):
    """A pattern and what it was made from, numbers as they are compared; `tail`: digits that every match ends with."""

    source: str
    matches: Matcher
    tail: str | None = None


def is_regex(text: str) -> bool:
    """Whether a pattern is written as `/regex/`."""
    return len(text) > 1 and text.startswith("/") and text.endswith("/")


def glob(node: Node) -> Pattern:
    """Read a glob."""
    value = number(node)
    return Pattern(value, compile_glob(value))


def glob_or_regex(node: Node) -> Pattern:
    """Read a glob or `/regex/`; a glob that is a number compares by digits."""
    value = number(node)
    if is_regex(value):
        return Pattern(value, regex(node, value[1:-1]))
    if NUMBER.fullmatch(value) and value != "*":
        plain = normalize_number(value) if "[" not in value else value
        matches = compile_glob(plain)
        return Pattern(plain, lambda text: matches(normalize_number(text)))
    return Pattern(value, compile_glob(value))


def recipient(node: Node) -> Pattern:
    """Read a glob or `/regex/` over a recipient's digits."""
    pattern = glob_or_regex(node)
    if is_regex(pattern.source):
        return pattern
    found = TAIL.fullmatch(pattern.source)
    return Pattern(pattern.source, compile_glob(pattern.source), found[1] if found else None)


def words_or_regex(node: Node) -> Pattern:
    """Read a text that another must contain, or `/regex/`."""
    value = number(node)
    if is_regex(value):
        return Pattern(value, regex(node, value[1:-1]))
    return Pattern(value, lambda text: value in text)


def compile_glob(pattern: str) -> Matcher:
    """Return the quickest test of a glob."""
    if pattern == "*":
        return lambda _: True
    if not WILD & set(pattern):
        return lambda text: text == pattern
    rest = pattern.strip("*")
    if not WILD & set(rest):
        if pattern == f"*{rest}":
            return lambda text: text.endswith(rest)
        if pattern == f"{rest}*":
            return lambda text: text.startswith(rest)
    match = re.compile(translate(pattern)).match
    return lambda text: match(text) is not None


def regex(node: Node, pattern: str) -> Matcher:
    """Return the test of a regular expression, which may match anywhere in a text."""
    import re2  # noqa: PLC0415 - 20 ms that a scenario without regular expressions need not pay

    if len(pattern) > LONGEST:
        node.refuse(f"a regular expression has at most {LONGEST} characters; this has {len(pattern)}")
    options = re2.Options()
    options.log_errors = False
    try:
        search = re2.compile(pattern, options=options).search
    except re2.error as error:
        why = error.args[0].decode() if isinstance(error.args[0], bytes) else str(error)
        node.refuse(f"/{pattern[:60]}/ is no expression that runs in linear time (RE2 syntax): {why}")
    return lambda text: search(text) is not None
