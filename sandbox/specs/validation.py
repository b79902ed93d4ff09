"""Validates values and schemas with jsonschema: all violations at once, in words.

It is imported when the first violation is found, so that a start does not wait for it.
"""

import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError, best_match
from jsonschema.validators import extend

from sandbox.core.clock import DurationError, parse_duration
from sandbox.core.errors import near_miss
from sandbox.formats.json_text import ValuePath
from sandbox.specs.document import SpecNode
from sandbox.specs.types import VIOLATION_LIMIT, WORDING, Check, PathProblem, Schema, Violation, ecma, show

TYPES = ("array", "boolean", "integer", "null", "number", "object", "string")


def _pattern(_: object, pattern: str, instance: object, __: object) -> Iterator[ValidationError]:
    if isinstance(instance, str) and not ecma(pattern).search(instance):
        yield ValidationError(f"does not match {pattern}")


def _required(_: object, names: list[str], instance: object, __: object) -> Iterator[ValidationError]:
    """Yield one error for each missing property, with its name alone as the message."""
    if isinstance(instance, dict):
        yield from (ValidationError(name) for name in names if name not in instance)


FORMATS = FormatChecker(formats=())


@FORMATS.checks("time-zone", raises=(ZoneInfoNotFoundError, ValueError, OSError))
def _is_time_zone(value: object) -> bool:
    """Return whether a string names an IANA time zone."""
    return not isinstance(value, str) or bool(ZoneInfo(value))


@FORMATS.checks("time-span", raises=DurationError)
def _is_time_span(value: object) -> bool:
    """Return whether a string or number is a duration; other values are left to `type`."""
    return not isinstance(value, str | int | float) or bool(parse_duration(value) is not None)


class Parts:
    """Validators of subschemas, each created once: jsonschema itself creates one for every check.

    This requires schemas without references, such as those of `sandbox.specs.document`.
    """

    def __init__(self) -> None:
        self._made: dict[int, tuple[object, Draft202012Validator]] = {}

    def errors(self, value: object, schema: Schema, step: str | int) -> Iterator[ValidationError]:
        """Return the errors of the value that stands at `step`."""
        known = self._made.get(id(schema))
        if known is None:
            known = self._made[id(schema)] = (schema, Validator(schema, format_checker=FORMATS))
        for error in known[1].iter_errors(value):
            error.relative_path.appendleft(step)
            yield error


PARTS = Parts()


def _properties(_: object, schemas: Mapping[str, Schema], instance: object, __: object) -> Iterator[ValidationError]:
    if isinstance(instance, dict):
        for name, schema in schemas.items():
            if name in instance:
                yield from PARTS.errors(instance[name], schema, name)


def _items(_: object, schema: Schema, instance: object, parent: Schema) -> Iterator[ValidationError]:
    """Validate the items of an array, unless there are too many: then that is the only violation."""
    if isinstance(instance, list) and len(instance) <= parent.get("maxItems", len(instance)):
        for place, value in enumerate(instance):
            yield from PARTS.errors(value, schema, place)


Validator = extend(  # type: ignore[no-untyped-call]  # jsonschema leaves this one function untyped
    Draft202012Validator,
    {"pattern": _pattern, "required": _required, "properties": _properties, "items": _items},
)


def schema_problems(schema: Schema) -> tuple[PathProblem, ...]:
    """Return what makes a schema invalid, each with its path in the schema."""
    return _schema_problems(json.dumps(schema, default=str))


@lru_cache(maxsize=1024)  # a document names the same schema in many places, and a look at one takes milliseconds
def _schema_problems(text: str) -> tuple[PathProblem, ...]:
    found: list[PathProblem] = []
    for error in Draft202012Validator(Draft202012Validator.META_SCHEMA).iter_errors(json.loads(text)):
        while error.context:  # the branch of an anyOf that says most
            error = best_match(error.context)  # noqa: PLW2901
        path = tuple(error.absolute_path)
        is_type = path[-1:] == ("type",) or path[-2:-1] == ("type",)
        found.append(PathProblem(path, _unknown_type(str(error.instance)) if is_type else _problem(error)))
    return tuple(found)


def _unknown_type(name: str) -> str:
    return f"unknown type '{name}'.{near_miss(name, TYPES)}"


def compile_validator(schema: Schema) -> Check:
    """Return a function from values and their origins (by parameter) to all violations."""
    validator = Validator(schema, format_checker=FORMATS)
    source = "body" if schema.get("x-has-body") else "query"

    def check(values: Mapping[str, object], origins: Mapping[str, str]) -> tuple[Violation, ...]:
        found = islice(validator.iter_errors(values), VIOLATION_LIMIT)
        return tuple(_violation(error, origins, source) for error in found)

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
    """Return what would be right, and how well that is known."""
    if not isinstance(schema, Mapping) or "description" not in schema:
        return ""
    return f" ({schema.get('x-word', 'inferred')}: {schema['description']})"


def _problem(error: ValidationError) -> str:
    value: Any = error.instance
    rule: Any = error.validator_value
    word = WORDING.get(str(error.validator))
    return word(value, rule) if word else f"{show(value)} does not satisfy {error.validator}: {show(rule)}"


ONE = ("items", "not", "if", "then", "else", "additionalProperties", "contains", "propertyNames")
SEVERAL = ("allOf", "anyOf", "oneOf", "prefixItems")
NAMED = ("properties", "patternProperties", "dependentSchemas")


def check_schema(part: SpecNode) -> bool:
    """Return whether a schema is valid; its mistakes are added to the document's."""
    before = len(part.found)
    for path, problem in schema_problems(part.value):
        part.note(problem, *path)
    if len(part.found) == before:
        for inner in parts(part):
            _check_words(inner)
    return len(part.found) == before


def _check_words(part: SpecNode) -> None:
    part.marks()
    pattern = part.value.get("pattern")
    for each in [*([pattern] if isinstance(pattern, str) else ()), *part.value.get("patternProperties", ())]:
        try:
            ecma(each)
        except re.error as error:
            part.note(f"'{each}' is not a valid pattern: {error}", "pattern")
    for name, each in part.value.get("properties", {}).items():
        part.inside("properties", {}).inside(name, each).of("a mapping")


def parts(part: SpecNode) -> Iterator[SpecNode]:
    """Yield a schema and every schema in it."""
    if not isinstance(part.value, dict):
        return
    yield part
    for path, inner in _inner(part.value):
        yield from parts(SpecNode(part.found, (*part.path, *path), inner))


def _inner(schema: dict[str, object]) -> Iterator[tuple[ValuePath, object]]:
    for key in ONE:
        if key in schema:
            yield (key,), schema[key]
    for key in SEVERAL:
        branches = schema.get(key)
        if isinstance(branches, list):
            yield from (((key, place), each) for place, each in enumerate(branches))
    for key in NAMED:
        named = schema.get(key)
        if isinstance(named, dict):
            yield from (((key, name), each) for name, each in named.items())


def fits(value: object, schema: dict[str, object]) -> list[str]:
    """Return the problems of a value with a valid schema."""
    return [each.problem for each in compile_validator({"properties": {"value": schema}})({"value": value}, {})]
