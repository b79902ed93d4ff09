"""Checks the JSON Schemas in a provider's document: that each is one, and that its patterns can be compiled.

What is let through here fails at no request.
"""

import re
from collections.abc import Iterator

from sandbox.core.errors import near_miss
from sandbox.formats.yaml_files import ValuePath
from sandbox.specs.mistakes import Part
from sandbox.specs.patterns import ecma

TYPES = ("array", "boolean", "integer", "null", "number", "object", "string")
ONE = ("items", "not", "if", "then", "else", "additionalProperties", "contains", "propertyNames")
SEVERAL = ("allOf", "anyOf", "oneOf", "prefixItems")
NAMED = ("properties", "patternProperties", "dependentSchemas")


def check_schema(part: Part) -> bool:
    """Whether a schema is one; what is wrong with it is noted."""
    before = len(part.found)
    from sandbox.specs.validation import schema_problems  # noqa: PLC0415 - a start without specs of one's own has no need

    for path, problem, value in schema_problems(part.value):
        if path[-1:] == ("type",) or path[-2:-1] == ("type",):
            part.note(f"no type is called '{value}'.{near_miss(str(value), TYPES)}", *path)
        else:
            part.note(problem, *path)
    if len(part.found) == before:
        for inner in parts(part):
            _check_words(inner)
    return len(part.found) == before


def _check_words(part: Part) -> None:
    part.marks()
    pattern = part.value.get("pattern")
    for each in [*([pattern] if isinstance(pattern, str) else ()), *part.value.get("patternProperties", ())]:
        try:
            ecma(each)
        except re.error as error:
            part.note(f"'{each}' is no pattern: {error}", "pattern")
    for name, each in part.value.get("properties", {}).items():
        part.inside("properties", {}).inside(name, each).of("a mapping")


def parts(part: Part) -> Iterator[Part]:
    """Yield a schema and every schema in it."""
    if not isinstance(part.value, dict):
        return
    yield part
    for path, inner in _inner(part.value):
        yield from parts(Part(part.found, (*part.path, *path), inner))


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
    """Return what a value breaks of a schema that is known to be one."""
    from sandbox.specs.validation import thorough  # noqa: PLC0415 - as above

    return [each.problem for each in thorough({"properties": {"value": schema}})({"value": value}, {})]
