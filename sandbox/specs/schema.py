"""What a check by JSON Schema is, and the words for what it finds wrong."""

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.specs.types import Violation

SHOWN = 60  # characters of a value that are shown
MANY = 50  # violations that are worded; a request with more has many of one kind

Schema = Mapping[str, Any]
Check = Callable[[Mapping[str, object], Mapping[str, str]], tuple[Violation, ...]]

# What `type` calls a value, for a person.
KINDS = {dict: "an object", list: "an array", str: "a string", bool: "a boolean", int: "a number", float: "a number"}


def show(value: object) -> str:
    """Return a value as it came, cut to a length that fits a sentence."""
    text = repr(value if not isinstance(value, str) else value[: SHOWN + 1])
    return text if len(text) <= SHOWN + 2 else text[:SHOWN] + "…'" if isinstance(value, str) else text[:SHOWN] + "…"


WORDING: Mapping[str, Callable[[Any, Any], str]] = {
    "type": lambda value, rule: f"{show(value)} is {KINDS.get(type(value), 'null')}, not {_either(rule)}",
    "pattern": lambda value, rule: f"{show(value)} does not match {rule}",
    "minLength": lambda value, rule: f"{show(value)} has {len(value)} characters, fewer than {rule}",
    "maxLength": lambda value, rule: f"{show(value)} has {len(value)} characters, more than {rule}",
    "minItems": lambda value, rule: f"it has {len(value)} entries, fewer than {rule}",
    "maxItems": lambda value, rule: f"it has {len(value)} entries, more than {rule}",
    "minimum": lambda value, rule: f"{show(value)} is less than {rule}",
    "maximum": lambda value, rule: f"{show(value)} is more than {rule}",
    "format": lambda value, rule: f"{show(value)} is no {rule}",
    "enum": lambda value, rule: f"{show(value)} is none of {', '.join(map(str, rule))}",
}


def _either(kinds: str | list[str]) -> str:
    return kinds if isinstance(kinds, str) else " or ".join(kinds)
