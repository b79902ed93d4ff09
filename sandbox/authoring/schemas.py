"""Turns the schemas of a description into schemas of JSON Schema 2020-12, as OpenAPI 3.1 and the sandbox use them.

Only keywords whose values are sound are taken, so the result is a valid schema whatever the description contains. A
reference stays a reference, to a schema of `components`. What refers to itself, and what would be too large once its
references are resolved, is cut: the sandbox then accepts any value there.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.authoring.reading import Node, as_data, listing, mapping, text_of
from sandbox.specs.types import ecma, pointer_steps

REFERENCE = "#/components/schemas/"
SIZE_LIMIT = 5_000  # values of a schema with its references resolved
NESTING_LIMIT = 12  # schemas inside one another, and references behind one another
TEXT_LIMIT = 160  # characters of a description
TYPES = frozenset({"array", "boolean", "integer", "null", "number", "object", "string"})
OTHER_TYPES = {
    "int": "integer",
    "long": "integer",
    "float": "number",
    "double": "number",
    "decimal": "number",
    "bool": "boolean",
    "str": "string",
    "text": "string",
    "date": "string",
    "datetime": "string",
    "map": "object",
    "dict": "object",
    "list": "array",
}
UNSAFE_NAME = re.compile(r"[^A-Za-z0-9._-]+")
SENTENCE_END = re.compile(r"(?<=[.!?])(?<!e\.g\.)(?<!i\.e\.)\s|\n\s*\n")
LINK = re.compile(r"\[([^\[\]]*)\]\([^()]*\)")
MARKUP = re.compile(r"<[^<>]{1,200}>|[*_`]{2,3}")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_pattern(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(ecma(value))
    except (re.error, OverflowError, RecursionError):
        return False


# The keywords whose value is taken as it is, each with what makes it sound.
PLAIN: Mapping[str, Callable[[Any], bool]] = {
    "const": lambda value: not isinstance(value, dict | list),
    "default": lambda value: not isinstance(value, dict | list),
    "format": lambda value: isinstance(value, str),
    "maximum": _is_number,
    "minimum": _is_number,
    "exclusiveMaximum": _is_number,
    "exclusiveMinimum": _is_number,
    "maxItems": _is_count,
    "minItems": _is_count,
    "maxLength": _is_count,
    "minLength": _is_count,
    "maxProperties": _is_count,
    "minProperties": _is_count,
    "multipleOf": lambda value: _is_number(value) and value > 0,
    "pattern": _is_pattern,
    "uniqueItems": lambda value: isinstance(value, bool),
}


def first_sentence(text: object) -> str:
    """Return what a description says first, on one line and without its markup."""
    plain = MARKUP.sub("", LINK.sub(r"\1", text_of(text)[:2000])).strip()
    line = " ".join(SENTENCE_END.split(plain, maxsplit=1)[0].split())
    return line if len(line) <= TEXT_LIMIT else line[: TEXT_LIMIT - 1].rsplit(" ", 1)[0] + "…"


def find(document: object, reference: str) -> object | None:
    """Return the target of a reference inside the document, None if there is none."""
    here = document
    for step in pointer_steps(reference.removeprefix("#")) if reference not in {"#", "#/"} else ():
        if isinstance(here, list) and step.isdecimal() and int(step) < len(here):
            here = here[int(step)]
        elif isinstance(here, dict) and step in here:
            here = here[step]
        else:
            unquoted = re.sub("%([0-9A-Fa-f]{2})", lambda found: chr(int(found[1], 16)), step)
            if not isinstance(here, dict) or unquoted not in here:
                return None
            here = here[unquoted]
    return here


def followed(document: Node, node: object) -> Mapping[str, Any]:
    """Return a mapping, or what its reference leads to; empty if that is none."""
    for _ in range(NESTING_LIMIT):
        reference = mapping(node).get("$ref")
        if not isinstance(reference, str):
            return mapping(node)
        node = find(document, reference)
    return {}


class SchemaConverter:
    """Converts schemas; `components` collects those that others refer to, `notes` what was cut, by component."""

    def __init__(self, document: Node, *, word: Mapping[str, str]) -> None:
        self._document = document
        self._word = word
        self._names: dict[str, str] = {}
        self._sizes: dict[str, int] = {}
        self._open: list[str] = []
        self.components: dict[str, Node] = {}
        self.notes: list[str] = []

    def convert(self, schema: object, depth: int = 0) -> Node:
        """Return a schema as JSON Schema 2020-12; anything that is no schema becomes the one that accepts all."""
        source = mapping(schema)
        reference = source.get("$ref")
        if isinstance(reference, str):
            return _nullable(self._reference(reference, depth), source)
        if depth > NESTING_LIMIT:
            return {}
        result = _kinds(source)
        for name, is_sound in PLAIN.items():
            if name in source and is_sound(source[name]):
                result[name] = source[name]
        _exclusive(source, result)
        self._values(source, result)
        self._members(source, result, depth)
        for name in ("allOf", "anyOf", "oneOf"):
            branches = [self.convert(each, depth + 1) for each in listing(source.get(name))]
            if branches:
                result[name] = branches
        if isinstance(source.get("not"), dict):
            result["not"] = self.convert(source["not"], depth + 1)
        text = first_sentence(source.get("description"))
        if text:
            result["description"] = text
        return _nullable(result, source)

    def _values(self, source: Mapping[str, Any], result: Node) -> None:
        """Add the allowed values and an example."""
        allowed = listing(source.get("enum"))
        if allowed:
            if result.get("type") == "string":  # YAML reads `enum: [1, 2]` and `[on, off]` as other types
                allowed = [str(each) if _is_number(each) else each for each in allowed]
            result["enum"] = list({repr(each): as_data(each) for each in allowed}.values())
        example = source.get("example", next(iter(listing(source.get("examples"))), None))
        if example is not None and not isinstance(example, dict | list):
            result["examples"] = [example]

    def _members(self, source: Mapping[str, Any], result: Node, depth: int) -> None:
        """Add the schemas of properties and items."""
        properties = mapping(source.get("properties"))
        required = [each for each in listing(source.get("required")) if isinstance(each, str)]
        # OpenAPI 3 has no `required: true` at a property, but many descriptions do.
        required += [name for name, each in properties.items() if mapping(each).get("required") is True]
        if required:
            result["required"] = list(dict.fromkeys(required))
        if properties:
            result["properties"] = {
                name: {**self.convert(each, depth + 1), "x-word": self._word["x-word"]}
                for name, each in properties.items()
            }
        if "items" in source:
            items = source["items"]
            result["items"] = self.convert(items[0] if isinstance(items, list) and items else items, depth + 1)
        more = source.get("additionalProperties")
        if isinstance(more, bool):
            result["additionalProperties"] = more
        elif isinstance(more, dict) and more:
            result["additionalProperties"] = self.convert(more, depth + 1)

    def _reference(self, reference: str, depth: int) -> Node:
        if reference in self._open:
            self.notes.append(
                f"{self._name(reference)} refers to itself; its inner {self._name(reference)} is not checked"
            )
            return {}
        target = find(self._document, reference)
        if not isinstance(target, dict) or len(self._open) > NESTING_LIMIT or depth > NESTING_LIMIT:
            problem = "leads nowhere" if not isinstance(target, dict) else "is nested too deeply"
            self.notes.append(f"{reference} {problem}; what stands there is not checked")
            return {}
        name = self._name(reference)
        if name not in self.components:
            self._open.append(reference)
            converted = self.convert(target)
            self._open.pop()
            self.components[name] = {**converted, **self._word}
            self._sizes[name] = self._size(converted)
        if self._sizes[name] > SIZE_LIMIT:
            self.notes.append(
                f"{name} has more than {SIZE_LIMIT} values once its references are resolved; it is not checked"
            )
            return {}
        return {"$ref": REFERENCE + name}

    def _name(self, reference: str) -> str:
        """Return the name of the component that a reference leads to; two targets never share one."""
        if reference not in self._names:
            base = UNSAFE_NAME.sub("-", pointer_steps(reference)[-1]).strip("-") or "schema"
            taken = set(self._names.values())
            names = (base if count == 1 else f"{base}-{count}" for count in range(1, len(taken) + 2))
            self._names[reference] = next(name for name in names if name not in taken)
        return self._names[reference]

    def _size(self, value: object) -> int:
        """Return how many values a converted schema has with its references resolved."""
        if isinstance(value, list):
            return 1 + sum(map(self._size, value))
        if not isinstance(value, dict):
            return 1
        reference = value.get("$ref")
        if isinstance(reference, str):
            return self._sizes.get(reference.removeprefix(REFERENCE), 1)
        return 1 + sum(map(self._size, value.values()))


def _kinds(source: Mapping[str, Any]) -> Node:
    """Return `type` with known types alone."""
    given = source.get("type")
    words = [given] if isinstance(given, str) else listing(given)
    known = [OTHER_TYPES.get(word.lower(), word) for word in words if isinstance(word, str)]
    known = [each for each in known if each in TYPES]
    if not known and "properties" in source:
        known = ["object"]
    kinds = list(dict.fromkeys(known))
    return {"type": kinds[0] if len(kinds) == 1 else kinds} if kinds else {}


def _exclusive(source: Mapping[str, Any], result: Node) -> None:
    """Turn `exclusiveMinimum: true` beside `minimum: 5` of OpenAPI 3.0 into `exclusiveMinimum: 5`."""
    for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if source.get(exclusive) is True and bound in result:
            result[exclusive] = result.pop(bound)


def _nullable(result: Node, source: Mapping[str, Any]) -> Node:
    """Return a schema that accepts null if OpenAPI 3.0 or Swagger 2 says so."""
    if source.get("nullable") is not True and source.get("x-nullable") is not True:
        return result
    if "enum" in result and None not in result["enum"]:
        result = {**result, "enum": [*result["enum"], None]}
    kinds = result.get("type")
    if kinds is not None:
        words = [kinds] if isinstance(kinds, str) else kinds
        return {**result, "type": list(dict.fromkeys([*words, "null"]))}
    return {"anyOf": [result, {"type": "null"}]} if result.keys() & {"$ref", "allOf", "anyOf", "oneOf"} else result
