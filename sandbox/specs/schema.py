"""JSON Schema validation with jsonschema, every violation at once, worded for a person."""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError
from jsonschema.validators import extend

from sandbox.core.errors import SpecError
from sandbox.specs.terms import Violation

SHOWN = 60  # characters of a value that are shown
MANY = 50  # violations that are worded; a request with more has many of one kind

# What `type` calls a value, for a person.
KINDS = {dict: "an object", list: "an array", str: "a string", bool: "a boolean", int: "a number", float: "a number"}


@lru_cache(maxsize=1024)
def ecma(pattern: str) -> re.Pattern[str]:
    r"""Return an ECMA-262 pattern for Python: `$` is the very end, and `\d`, `\w`, `\b` know ASCII alone."""
    out: list[str] = []
    escaped = in_class = False
    for character in pattern:
        bare = not escaped
        out.append(r"\Z" if character == "$" and bare and not in_class else character)
        if bare and character in "[]":
            in_class = character == "["
        escaped = character == "\\" and bare
    return re.compile("".join(out), re.ASCII)


def _pattern(_: object, pattern: str, instance: object, __: object) -> Iterator[ValidationError]:
    if isinstance(instance, str) and not ecma(pattern).search(instance):
        yield ValidationError(f"does not match {pattern}")


def _required(_: object, names: list[str], instance: object, __: object) -> Iterator[ValidationError]:
    """Yield one error for each missing property, with its name alone as the message."""
    if isinstance(instance, dict):
        yield from (ValidationError(name) for name in names if name not in instance)


Validator = extend(  # type: ignore[no-untyped-call]  # jsonschema leaves this one function untyped
    Draft202012Validator,
    {"pattern": _pattern, "required": _required},
)
Schema = Mapping[str, Any]
Check = Callable[[Mapping[str, object], Mapping[str, str]], tuple[Violation, ...]]


def compile_schema(schema: Schema, *, where: str) -> Check:
    """Return a function from values and their origins (by parameter) to all violations.

    Raises:
        SpecError: the schema is not one; the text begins with `where`.

    """
    try:
        Validator.check_schema(schema)
    except SchemaError as error:
        message = f"{where}: {error.json_path}: {error.message}"
        raise SpecError(message) from None
    validator = Validator(schema)
    source = "body" if schema.get("x-has-body") else "query"

    def check(values: Mapping[str, object], origins: Mapping[str, str]) -> tuple[Violation, ...]:
        found: list[Violation] = []
        for error in validator.iter_errors(values):
            found.append(_violation(error, origins, source))
            if len(found) >= MANY:
                break
        return tuple(found)

    return check


def _violation(error: ValidationError, origins: Mapping[str, str], source: str) -> Violation:
    path = list(error.absolute_path)
    schema: Schema = error.schema if isinstance(error.schema, Mapping) else {}
    if error.validator == "required":
        path.append(error.message)
        problem = f"is missing{_right(schema.get('properties', {}).get(error.message))}"
    else:
        problem = _problem(error) + _right(schema)
    name = str(path[0]) if path else ""
    origin = origins.get(name) or schema.get("x-origins", {}).get(name) or source
    return Violation(origin + _place(path), name, str(error.validator), problem)


def _place(path: list[str | int]) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)


def _right(schema: object) -> str:
    """Return what would be right, and whose word it is."""
    if not isinstance(schema, Mapping) or "description" not in schema:
        return ""
    return f" ({schema.get('x-word', 'inferred')}: {schema['description']})"


def show(value: object) -> str:
    """Return a value as it came, cut to a length that fits a sentence."""
    text = repr(value if not isinstance(value, str) else value[: SHOWN + 1])
    return text if len(text) <= SHOWN + 2 else text[:SHOWN] + "…'" if isinstance(value, str) else text[:SHOWN] + "…"


def _problem(error: ValidationError) -> str:
    value: Any = error.instance
    rule: Any = error.validator_value
    word = WORDING.get(str(error.validator))
    return word(value, rule) if word else f"{show(value)} breaks the rule {error.validator}: {show(rule)}"


WORDING: Mapping[str, Callable[[Any, Any], str]] = {
    "type": lambda value, rule: f"{show(value)} is {KINDS.get(type(value), 'null')}, not {_either(rule)}",
    "pattern": lambda value, rule: f"{show(value)} does not match {rule}",
    "minLength": lambda value, rule: f"{show(value)} has {len(value)} characters, fewer than {rule}",
    "maxLength": lambda value, rule: f"{show(value)} has {len(value)} characters, more than {rule}",
    "minItems": lambda value, rule: f"it has {len(value)} entries, fewer than {rule}",
    "maxItems": lambda value, rule: f"it has {len(value)} entries, more than {rule}",
    "minimum": lambda value, rule: f"{show(value)} is less than {rule}",
    "maximum": lambda value, rule: f"{show(value)} is more than {rule}",
    "enum": lambda value, rule: f"{show(value)} is none of {', '.join(map(str, rule))}",
}


def _either(kinds: str | list[str]) -> str:
    return kinds if isinstance(kinds, str) else " or ".join(kinds)
