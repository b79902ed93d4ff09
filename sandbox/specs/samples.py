"""Sample values for requests of documents without examples, made from their schemas.

A sample has what the schema requires and the parts of a message: a recipient, a text, and a sender if there must be
one. It is a proposal: a schema may ask for more than can be made up, such as a checksum.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from sandbox.specs.spec import MessageFields, NumberPlan, Operation, Pointer, ProviderSpec
from sandbox.specs.types import BRANCHES, Schema, ecma, ecma_source

GENERATED = "generated"  # the name of a sample that no document has
KEY = "demo"  # in the workspace `default` every key has an account of its own
TEXT = "Your code is 482910"
SENDER = "ACME"
CODE = "482910"
NUMBERS = ("38761444555", "+38761444555", "0038761444555", "995511194242", "14155550123", "+14155550123", "61444555")
# Values for strings of which only the format, or a pattern, is known; the first that the schema allows is taken.
FORMATS: Mapping[str, str] = {
    "date-time": "2030-01-01T12:00:00Z",
    "date": "2030-01-01",
    "time": "12:00:00Z",
    "duration": "PT1H",
    "email": "sample@example.com",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "http://127.0.0.1:9000/callback",
    "url": "http://127.0.0.1:9000/callback",
    "uuid": "4f1c2a9e-7b3d-4c58-9a60-2f8d1e5b7c34",
}
STRINGS = ("sample", "SAMPLE", CODE, "1", "a", "A1", "en", "en-US", "US", *FORMATS.values())
DEPTH_LIMIT = 16  # levels of a schema; one that refers to itself has no end
LONGEST = 4096  # characters of a string that is made for a pattern or a length


class Parts(NamedTuple):
    """What a sample is made for: where the parts of a message stand, the keys, and what a sender may be."""

    message: MessageFields
    credentials: tuple[str, ...] = ()
    home: NumberPlan | None = None
    senders: tuple[str, ...] = ()


def parts_of(spec: ProviderSpec, operation: Operation) -> Parts:
    """Return what the samples of an operation are made for."""
    account = spec.document["x-sandbox"]["account"]
    senders = [str(each["id"]) for each in (*account.get("senders", ()), *account.get("brands", ()))]
    paths = {part.name for way in spec.authentication for part in way if part.place == "path"}
    return Parts(operation.message, (*spec.credentials, *paths.difference(spec.credentials)), spec.home, tuple(senders))


def samples_of(media: str, content: Mapping[str, Any], parts: Parts) -> dict[str, object]:
    """Return the examples of a body by name; one that is made from its schema if it has none."""
    named = {name: each["value"] for name, each in content.get("examples", {}).items()}
    if not named and content.get("example") is not None:
        named = {"example": content["example"]}
    if named:
        return named
    made = sample_body(content.get("schema", {}), parts)
    return {GENERATED: sample_xml(made) if media.endswith("xml") else made}


def example_of(node: Mapping[str, Any]) -> object:
    """Return the example that a parameter, media type or schema has: `example`, or the first of its examples."""
    if "example" in node:
        return node["example"]
    examples = node.get("examples")
    if isinstance(examples, list):
        return next(iter(examples), None)
    first: object = next(iter(examples.values()), None) if isinstance(examples, Mapping) else None
    return first.get("value") if isinstance(first, Mapping) else None


def sample_parameter(name: str, parameter: Mapping[str, Any], parts: Parts) -> object:
    """Return a sample of a parameter that is required or a part of a message, or has an example; None for others."""
    given = example_of(parameter)
    if given is not None:
        return given
    maker = _Maker(parts)
    schema = parameter.get("schema", {})
    known = maker.known(schema)
    if known is not None:
        return known
    return maker.value(schema, (name,)) if parameter.get("required") or maker.is_wanted((name,)) else None


def sample_fields(parameter: Mapping[str, Any], parts: Parts) -> dict[str, object]:
    """Return samples of the fields of a parameter that is a whole query."""
    given = example_of(parameter)
    return given if isinstance(given, dict) else sample_body(parameter.get("schema", {}), parts)


def sample_body(schema: Schema, parts: Parts) -> dict[str, object]:
    """Return a sample of a body."""
    found = _Maker(parts).value(schema, ())
    return found if isinstance(found, dict) else {}


def sample_xml(values: Mapping[str, object], root: str = "request") -> str:
    """Return a sample as XML; the members of the root are its values."""
    from xml.etree.ElementTree import Element, SubElement, tostring  # noqa: PLC0415 - for the providers with XML

    def fill(parent: Element, value: object) -> None:
        if isinstance(value, Mapping):
            for name, each in value.items():
                for item in each if isinstance(each, list) else [each]:
                    fill(SubElement(parent, name), item)
        else:
            parent.text = str(value).lower() if isinstance(value, bool) else str(value)

    top = Element(root)
    fill(top, values)
    return tostring(top, encoding="unicode")


class _Maker:
    """Makes the values of one request."""

    def __init__(self, parts: Parts) -> None:
        message = parts.message
        self._parts = parts
        rows = _plain(message.rows)
        common = _plain(message.common)
        self._kinds: dict[Pointer, str] = {}
        for kind in ("recipient", "text", "sender", "code"):
            for place in getattr(message, kind):
                pointer = _plain(place)
                for before in {(), rows, common}:
                    self._kinds.setdefault((*before, *pointer), kind)

    def is_wanted(self, path: Pointer) -> bool:
        """Return whether a value is a part of every sample: a key, a recipient or a text, or what contains one."""
        if path and path[-1] in self._parts.credentials:
            return True
        wanted = (place for place, kind in self._kinds.items() if kind in {"recipient", "text"})
        return any(place[: len(path)] == path for place in wanted)

    def known(self, schema: Schema) -> object:
        """Return the value that a schema names itself; None if it names none."""
        given = example_of(schema)
        if given is not None:
            return given
        choices = schema.get("enum")
        chosen = next((each for each in choices if each is not None), None) if isinstance(choices, list) else None
        return next((each for each in (schema.get("const"), schema.get("default"), chosen) if each is not None), None)

    def value(self, schema: Schema, path: Pointer, depth: int = 0) -> object:
        """Return a value that a schema allows; `path` is where it stands, without the indexes of lists."""
        schema = _merged(schema)
        known = self.known(schema)
        if known is not None or depth > DEPTH_LIMIT:
            return known
        made: object = None
        match _type_of(schema):
            case "object":
                made = dict(self._members(schema, path, depth))
            case "array":
                made = [self.value(schema.get("items", {}), path, depth + 1)] * max(1, schema.get("minItems", 1))
            case "boolean":
                made = False
            case "integer" | "number" as kind:
                made = self._number(schema, path, whole=kind == "integer")
            case "string":
                made = self._string(schema, path)
        return made

    def _members(self, schema: Schema, path: Pointer, depth: int) -> Iterator[tuple[str, object]]:
        required, properties = schema.get("required", ()), schema.get("properties", {})
        has = {kind for place, kind in self._kinds.items() if place[:-1] == path and place[-1] in properties}
        done: set[str] = set()
        for name, each in properties.items():
            place = (*path, name)
            kind = self._kinds.get(place)
            is_first = kind in has and kind not in done and self.is_wanted(place)
            if not each.get("readOnly") and (name in required or (is_first if kind else self.is_wanted(place))):
                done.add(kind or "")
                yield name, self.value(each, place, depth + 1)

    def _number(self, schema: Schema, path: Pointer, *, whole: bool) -> float:
        if self._kinds.get(path) == "recipient":
            return int(NUMBERS[0])
        low, high = schema.get("minimum"), schema.get("maximum")
        step = schema.get("multipleOf") or 1
        above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
        low = above + step if isinstance(above, int | float) and not isinstance(above, bool) else low
        high = below - step if isinstance(below, int | float) and not isinstance(below, bool) else high
        value = 1 if low is None else max(low, 1)
        value = value if high is None else min(value, high)
        value = -(-value // step) * step
        return int(value) if whole else value

    def _string(self, schema: Schema, path: Pointer) -> str:
        candidates = [*self._candidates(path), *filter(None, [FORMATS.get(schema.get("format", ""))]), *STRINGS]
        pattern = schema.get("pattern")
        if isinstance(pattern, str):
            candidates.append(text_for(pattern))
        shortest = schema.get("minLength", 0)
        candidates += [each * (shortest // len(each) + 1) for each in ("sample ", "1") if shortest <= LONGEST]
        longest = schema.get("maxLength", LONGEST)
        candidates += [each[:longest] for each in candidates]
        return next((each for each in candidates if _is_allowed(each, schema)), candidates[0])

    def _candidates(self, path: Pointer) -> Iterable[str]:
        if path and path[-1] in self._parts.credentials:
            return (KEY,)
        numbers: tuple[str, ...] = NUMBERS
        home = self._parts.home
        if home is not None:
            local = NUMBERS[0][-home.national :].zfill(home.national)
            numbers = (home.country + local, f"+{home.country}{local}", local, *NUMBERS)
        known = {
            "recipient": numbers,
            "text": (TEXT, CODE),
            "sender": (*self._parts.senders, SENDER, "Acme", *numbers),
            "code": (CODE, "1234", CODE * 2),
        }
        return known.get(self._kinds.get(path, ""), ())


def _plain(pointer: Pointer | None) -> Pointer:
    """Return a pointer without the indexes of lists."""
    return tuple(step for step in pointer or () if not step.isdecimal())


def _merged(schema: Schema) -> Schema:
    """Return a schema with what all of its branches, or the first of several, add."""
    merged = dict(schema)
    for name in BRANCHES:
        branches = schema.get(name)
        chosen = branches if name == "allOf" else branches[:1] if isinstance(branches, list) else []
        for branch in chosen if isinstance(chosen, list) else []:
            more = _merged(branch) if isinstance(branch, Mapping) else {}
            properties = {**more.get("properties", {}), **merged.get("properties", {})}
            required = [*merged.get("required", ()), *more.get("required", ())]
            merged = {**more, **merged}
            merged |= {"properties": properties} if properties else {}
            merged |= {"required": required} if required else {}
    return merged


def _type_of(schema: Schema) -> str:
    given = schema.get("type")
    kinds = [given] if isinstance(given, str) else [*(given or ())]
    if kinds:
        return next((each for each in kinds if each != "null"), "null")
    return "object" if "properties" in schema else "array" if "items" in schema else "string"


def _is_allowed(text: str, schema: Schema) -> bool:
    if not schema.get("minLength", 0) <= len(text) <= schema.get("maxLength", len(text)):
        return False
    pattern = schema.get("pattern")
    try:
        return not isinstance(pattern, str) or ecma(pattern).search(text) is not None
    except re.error:
        return True


def text_for(pattern: str) -> str:
    """Return a text that matches a pattern, empty if none can be made."""
    from re import _parser  # noqa: PLC0415 - there is no public one

    with suppress(re.error, RecursionError, OverflowError):
        return "".join(_texts(_parser.parse(ecma_source(pattern), re.ASCII)))[:LONGEST]
    return ""


CATEGORIES: Mapping[str, str] = {
    "CATEGORY_DIGIT": "1",
    "CATEGORY_WORD": "a",
    "CATEGORY_SPACE": " ",
    "CATEGORY_NOT_DIGIT": "a",
    "CATEGORY_NOT_WORD": "-",
    "CATEGORY_NOT_SPACE": "a",
}


def _texts(steps: Iterable[tuple[Any, Any]]) -> Iterator[str]:
    """Yield a text for each step of a parsed pattern."""
    for kind, value in steps:
        match str(kind):
            case "LITERAL":
                yield chr(value)
            case "NOT_LITERAL":
                yield "b" if chr(value) == "a" else "a"
            case "ANY":
                yield "a"
            case "IN":
                yield _one_of(value)
            case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
                least, _, inner = value
                yield "".join(_texts(inner)) * min(least, LONGEST)
            case "SUBPATTERN":
                yield from _texts(value[3])
            case "BRANCH":
                yield from _texts(value[1][0])


def _one_of(choices: list[tuple[Any, Any]]) -> str:
    kind, value = choices[0]
    match str(kind):
        case "LITERAL":
            return chr(value)
        case "RANGE":
            return chr(value[0])
        case "CATEGORY":
            return CATEGORIES.get(str(value), "a")
    taken = {chr(each) for kind, each in choices if str(kind) == "LITERAL"}
    ranges = [each for kind, each in choices if str(kind) == "RANGE"]
    free = (
        each for each in "a1A-_." if each not in taken and not any(low <= ord(each) <= high for low, high in ranges)
    )
    return next(free, "~")
