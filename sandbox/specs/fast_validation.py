"""Checks values against a schema with compiled code; jsonschema checks again, and describes, what does not pass.

fastjsonschema turns a schema into Python code. A test compares its verdicts with jsonschema's on many inputs.
"""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import fastjsonschema

from sandbox.specs.types import Check, Schema, Violation, ecma_source

KEYWORDS_OF_SCHEMAS = frozenset({"items", "not", "if", "then", "else", "additionalProperties", "propertyNames"})
KEYWORDS_OF_LISTS = frozenset({"allOf", "anyOf", "oneOf"})
JUDGED_FORMATS = frozenset({"time-zone", "time-span"})
# Keywords that are not compiled: schemas that have one are left to jsonschema.
JUDGED = frozenset(
    {
        "prefixItems",
        "contains",
        "minContains",
        "maxContains",
        "uniqueItems",
        "patternProperties",
        "dependentRequired",
        "dependentSchemas",
        "unevaluatedItems",
        "unevaluatedProperties",
    }
)


class UncompiledError(Exception):
    """A schema has a keyword that is not compiled."""


class CompiledSchema:
    """A compiled schema; it is compiled at the first use, as a start needs few of them."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema

    @cached_property
    def _code(self) -> Callable[[object], object]:
        return _compiled(self.schema)

    @cached_property
    def _judge(self) -> Check:
        from sandbox.specs.validation import compile_validator  # noqa: PLC0415 - loaded when it is needed first

        return compile_validator(self.schema)

    def fits(self, values: object) -> bool:
        """Return whether the values are known to fit."""
        try:
            self._code(values)
        except (fastjsonschema.JsonSchemaValueException, UncompiledError):
            return False
        return True

    def violations(self, values: Mapping[str, object], origins: Mapping[str, str]) -> tuple[Violation, ...]:
        """Return all violations of values; `origins` says in which part of the request each parameter was."""
        return self._judge(values, origins)


def _compiled(schema: Schema) -> Callable[[object], object]:
    try:
        translated = translate(schema)
        code: Callable[[object], object] = fastjsonschema.compile(
            translated, use_default=False, use_formats=False, detailed_exceptions=False
        )
    except (fastjsonschema.JsonSchemaDefinitionException, UncompiledError):
        return _never
    return code


def _never(_: object) -> object:
    raise UncompiledError


def translate(schema: object) -> Any:  # noqa: ANN401 - a schema is whatever JSON is
    """Return an equivalent schema in draft 7, with patterns in Python's syntax and enumerations by type.

    Python's 1 equals True, JSON's does not; so numbers are enumerated behind `type: integer`.
    """
    if not isinstance(schema, Mapping):
        return schema
    result: dict[str, Any] = {}
    for keyword, value in schema.items():
        if keyword in JUDGED or (keyword == "format" and value in JUDGED_FORMATS):
            raise UncompiledError(keyword)
        if keyword == "pattern":
            result[keyword] = f"(?a:{ecma_source(value)})"
        elif keyword == "properties":
            result[keyword] = {name: translate(each) for name, each in value.items()}
        elif keyword in KEYWORDS_OF_SCHEMAS:
            result[keyword] = translate(value)
        elif keyword in KEYWORDS_OF_LISTS:
            result[keyword] = [translate(each) for each in value]
        elif not keyword.startswith("x-") and keyword not in {"enum", "const", "description", "default", "examples"}:
            result[keyword] = value
    values = [schema["const"]] if "const" in schema else schema.get("enum")
    if values is not None:
        result["allOf"] = [*result.get("allOf", ()), {"anyOf": [one_of(values, kind) for kind in kinds_of(values)]}]
    return result


def kinds_of(values: list[object]) -> list[str]:
    """Return the JSON types of some values, each once."""
    return sorted({KINDS.get(type(value), "null") for value in values})


def one_of(values: list[object], kind: str) -> dict[str, Any]:
    """Return the schema of those values that have a type."""
    return {"type": kind, "enum": [value for value in values if KINDS.get(type(value), "null") == kind]}


KINDS: Mapping[type, str] = {
    bool: "boolean",
    int: "number",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
}
