"""Examples of schemas: those that a description has, and others made from the types alone."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.authoring.names import rank
from sandbox.authoring.postman import schema_of
from sandbox.authoring.reading import Node, as_data, listing, mapping, text_of
from sandbox.authoring.schemas import followed
from sandbox.specs.types import BRANCHES

NESTING_LIMIT = 8  # objects inside one another in an example
VALUE_LIMIT = 2_000  # values of one example
MEMBER_LIMIT = 60  # members of one object of an example
FORMATS: Mapping[str, object] = {
    "date-time": "2026-01-15T12:00:00Z",
    "date": "2026-01-15",
    "time": "12:00:00Z",
    "uuid": "5f0c4f6e-8a1d-4c1e-9d3b-2b7a6c9e1f00",
    "uri": "https://example.com/",
    "url": "https://example.com/",
    "email": "someone@example.com",
    "ipv4": "192.0.2.1",
}
NUMBER = "38761444555"
NAMED: Mapping[str, str] = {"recipient": NUMBER, "code": "482910"}  # by the field that a name stands for
FORMS = (f"+{NUMBER}", NUMBER, "482910", str(FORMATS["uuid"]), "Acme", "ACME1", "1", "01JV5V54KPYK9GB29265EQRZ2P")
SIMPLE = re.compile(r"\^?\(?([A-Z|]{2,20})?\)?\[[^\]]*a-[^\]]*\]\{(\d{1,3})\}\$?")  # such as ^(SM|MM)[0-9a-f]{32}$
TEXT_LIMIT = 200
KINDS: Mapping[str, object] = {"boolean": True, "integer": 1, "number": 1.5, "null": None, "string": "text"}


def _matching(source: Mapping[str, Any]) -> str | None:
    """Return a text that matches the pattern of a schema; None if it has none, or if none of the usual forms does.

    RE2 matches in linear time, whatever a description has as pattern.
    """
    import re2  # noqa: PLC0415 - it takes 20 ms

    given, least, most = source.get("pattern"), source.get("minLength", 0), source.get("maxLength", TEXT_LIMIT)
    if not isinstance(given, str) or not isinstance(least, int) or not isinstance(most, int):
        return None
    options = re2.Options()
    options.log_errors = False
    try:
        pattern = re2.compile(given, options=options)
    except (re2.error, UnicodeError):
        return None
    simple = SIMPLE.fullmatch(given)
    made = f"{(simple[1] or '').partition('|')[0]}{'a' * int(simple[2])}" if simple else ""
    usual = str(FORMATS.get(text_of(source.get("format")), KINDS["string"]))
    fitting = (text for text in (usual, made, *FORMS) if text and least <= len(text) <= most)
    return next((text for text in fitting if pattern.search(text)), None)


def _named(name: str, value: object) -> object:
    """Return an example that was made up, or what its name says that it is."""
    known = next((text for field, text in NAMED.items() if rank(field, name) is not None), None)
    if known is None or value not in (KINDS["string"], KINDS["integer"]) or isinstance(value, bool):
        return value
    return known if isinstance(value, str) else int(known) if known.isdecimal() else value


class Sampler:
    """Makes examples of the schemas of a description."""

    def __init__(self, document: Node) -> None:
        self._document = document
        self._members: dict[int, dict[str, object]] = {}
        self._left, self._asks = 0, False

    def published(self, schema: object) -> object:
        """Return the example that a schema itself has, None if it has none."""
        source = followed(self._document, schema)
        return source.get("example", next(iter(listing(source.get("examples"))), None))

    def members(self, schema: object, depth: int = 0) -> dict[str, object]:
        """Return the schemas of the properties of an object, those of its branches too."""
        source = followed(self._document, schema)
        if id(source) in self._members:
            return self._members[id(source)]
        found: dict[str, object] = {}
        for name in BRANCHES:
            for each in listing(source.get(name)) if depth < NESTING_LIMIT else ():
                for member, inner in self.members(each, depth + 1).items():
                    found.setdefault(member, inner)
        found.update(mapping(source.get("properties")))
        if isinstance(source, dict) and source:  # a node of the description, which keeps its identity
            self._members[id(source)] = found
        return found

    def required(self, schema: object) -> frozenset[str]:
        """Return the properties that an object must have."""
        source = followed(self._document, schema)
        nodes = [source, *(followed(self._document, each) for each in listing(source.get("allOf")))]
        return frozenset(str(name) for node in nodes for name in listing(node.get("required")))

    def resolved(self, schema: object) -> Mapping[str, Any]:
        """Return a schema, or what its reference leads to."""
        return followed(self._document, schema)

    def kind(self, schema: object) -> str:
        """Return the type of a schema as far as it says one: `object` or `array` if one of its branches is."""
        source = followed(self._document, schema)
        given = source.get("type")
        words = [given] if isinstance(given, str) else [each for each in listing(given) if each != "null"]
        if words:
            return str(words[0])
        if "properties" in source or "additionalProperties" in source:
            return "object"
        if "items" in source:
            return "array"
        branches = [each for name in ("allOf", "oneOf", "anyOf") for each in listing(source.get(name))]
        return next((found for each in branches[:20] if (found := self._branch(each))), "")

    def _branch(self, schema: object) -> str:
        source = followed(self._document, schema)
        given = source.get("type")
        return given if isinstance(given, str) else "object" if "properties" in source else ""

    def as_object(self, schema: object, example: object) -> object | None:
        """Return the schema of a body if it is an object, None for a list; of several branches the objects count.

        If a published example lacks what the schema requires, one of both is wrong; the example counts.
        """
        source = followed(self._document, schema)
        if isinstance(example, dict) and not self.required(schema) <= example.keys():
            return schema_of(example)
        for name in ("oneOf", "anyOf"):
            branches = listing(source.get(name))
            kept = [each for each in branches if self.kind(each) != "array"]
            if branches and len(kept) < len(branches) and kept:
                return kept[0] if len(kept) == 1 else {**source, name: kept}
        return None if self.kind(schema) not in {"object", ""} else schema

    def sample(self, schema: object, *, asks: bool = False) -> object:
        """Return an example of a schema: its own, or one made of its parts; `asks`: it is that of a request."""
        self._left, self._asks = VALUE_LIMIT, asks
        return as_data(self._sample(schema, 0, ()))

    def _sample(self, schema: object, depth: int, inside: tuple[str, ...]) -> object:
        reference = mapping(schema).get("$ref")
        if isinstance(reference, str):
            if reference in inside:
                return None
            inside = (*inside, reference)
        source = followed(self._document, schema)
        given = next(self._given(source), None)
        self._left -= 1
        if given is not None or depth > NESTING_LIMIT or self._left < 0:
            return given
        kind = self.kind(source)
        if kind == "object" or (not kind and self.members(source)):
            names = list(self.members(source).items())[:MEMBER_LIMIT]
            found = {name: self._sample(each, depth + 1, inside) for name, each in names}
            return {name: _named(name, each) for name, each in found.items()} if self._asks else found
        if kind == "array":
            return [self._sample(source["items"], depth + 1, inside)] if "items" in source else []
        branch = next((each for name in BRANCHES for each in listing(source.get(name))[:1]), None)
        return self._scalar(source, kind) if branch is None else self._sample(branch, depth + 1, inside)

    def _given(self, source: Mapping[str, Any]) -> Iterator[object]:
        """Yield the values that a schema itself names."""
        if source.get("example") is not None:
            yield source["example"]
        yield from listing(source.get("examples"))[:1]
        yield from (source[name] for name in ("const", "default") if source.get(name) is not None)
        yield from listing(source.get("enum"))[:1]

    def _scalar(self, source: Mapping[str, Any], kind: str) -> object:
        if kind in {"integer", "number"}:
            least = source.get("minimum")
            return least if isinstance(least, int | float) else KINDS[kind]
        if kind == "string" or not kind:
            found = _matching(source)
            if found is not None:
                return found
            text = str(FORMATS.get(text_of(source.get("format")), KINDS["string"]))
            most = source.get("maxLength")
            return text[:most] if isinstance(most, int) and most >= 0 else text
        return KINDS.get(kind)
