"""Hints on what a provider passes over without a word: unknown names, unread parts, characters that nobody sees.

A hint is no reason of a refusal: the provider may well accept the request, and its reply is the same. So hints stand
apart from violations, and a request whose names are all known and whose texts are plain is not looked at any closer.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from sandbox.specs.bodies import USUAL_TYPES, body_hints, query_coding, repeated
from sandbox.specs.body_parsing import Request, UnreadableError, Values, pairs
from sandbox.specs.characters import misread_digits, unseen
from sandbox.specs.near_parameter import member, suggestion
from sandbox.specs.schema import show
from sandbox.specs.types import Violation

LIMIT = 20  # hints that a request gets
SECRET = re.compile("key|token|secret|password", re.IGNORECASE)  # parameters whose value is not quoted
CODE = re.compile(r"U\+[0-9A-F]{4,6}")
PARAMETER = re.compile(r"(\w+)(?:\[\d+\])*: ")
BRANCHES = ("allOf", "anyOf", "oneOf")
CONDITIONS = ("if", "then", "else")

Schema = Mapping[str, Any]


class Names(NamedTuple):
    """The names that an object may have: `inside` has those of members that are objects or lists of objects.

    Where `free`, the schema lets in any name.
    """

    known: frozenset[str]
    inside: Mapping[str, "Names"]
    free: bool = False


ANY = Names(frozenset(), {}, free=True)


class Known(NamedTuple):
    """What an operation reads of a request: names, whether of the query, and bodies of which types."""

    names: Names
    reads_query: bool
    types: tuple[str, ...]


class Given(NamedTuple):
    """The parameters of a request before they were merged; `origin` says where those of the body stand."""

    query: Values
    body: Values
    origin: str


def names_of(schemas: Iterable[Schema], *, objects: Iterable[Schema] = ()) -> Names:
    """Return the names that some schemas of one object have; `objects` are further ones that may let in any name."""
    found: dict[str, list[Schema]] = {}
    for schema in (*schemas, *objects):
        for name, each in _properties(schema):
            found.setdefault(name, []).append(each)
    inside = {name: names for name, each in found.items() if (names := _names_inside(each)) is not None}
    return Names(frozenset(found), inside, any(map(_is_free, objects)))


def _properties(schema: Schema) -> Iterator[tuple[str, Schema]]:
    yield from schema.get("properties", {}).items()
    for branch in BRANCHES:
        for each in schema.get(branch, ()):
            yield from _properties(each)
    for condition in CONDITIONS:
        if isinstance(schema.get(condition), Mapping):
            yield from _properties(schema[condition])


def _names_inside(schemas: list[Schema]) -> Names | None:
    """Return the names of an object's members, or of those of a list's entries; None where neither is described."""
    inner = [*schemas, *(each["items"] for each in schemas if isinstance(each.get("items"), Mapping))]
    described = [each for each in inner if any(_properties(each))]
    return names_of((), objects=described) if described else None


def _is_free(schema: Schema) -> bool:
    return (
        schema.get("additionalProperties", False) is not False
        or "patternProperties" in schema
        or not any(_properties(schema))
    )


def is_usual(request: Request, values: Mapping[str, object], known: Known, given: Given) -> bool:
    """Tell whether nothing about a request calls for a closer look; it is asked of every request that is valid."""
    query, body, origin = given
    if request.body:
        if not known.types or request.headers.get("content-type") not in USUAL_TYPES:
            return False
        if request.body.count(b"&") >= len(body) if origin == "form" else request.body.startswith(b"<"):
            return False
    if request.query and (not known.reads_query or request.query.count("&") >= len(query)):
        return False
    if query and body and not query.keys().isdisjoint(body):
        return False
    return _is_plain(values, known.names)


def _is_plain(values: Mapping[str, object], names: Names) -> bool:
    """Tell whether all names of an object are known, and all its texts in one line without blanks around them."""
    known, inside, free = names
    if not (values.keys() <= known or free):
        return False
    for name, value in values.items():
        if type(value) is str:
            if not value.isprintable() or value != value.strip():
                return False
        elif type(value) is dict:
            if not _is_plain(value, inside.get(name, ANY)):
                return False
        elif type(value) is list and not _is_plain_list(value, inside.get(name, ANY)):
            return False
    return True


def _is_plain_list(values: list[object], names: Names) -> bool:
    for each in values:
        if type(each) is str:
            if not each.isprintable() or each != each.strip():
                return False
        elif type(each) is dict and not _is_plain(each, names):
            return False
    return True


def hints_of(request: Request, known: Known, given: Given, violations: tuple[Violation, ...]) -> tuple[str, ...]:
    """Return what there is to say about a request beside its violations, at most 20 sentences."""
    found: dict[str, None] = {}
    for each in _hints(request, known, given, violations):
        if len(found) == LIMIT and each not in found:
            return (*[*found][:-1], "request: there are more hints like these")
        found[each] = None
    return tuple(found)


def _hints(request: Request, known: Known, given: Given, violations: tuple[Violation, ...]) -> Iterator[str]:
    about_body = tuple(body_hints(request, known.types, reads_query=known.reads_query))
    yield from about_body
    if request.query:
        yield from query_coding(request.query) if known.reads_query else _unread(request.query, known)
    yield from repeated(request, given.origin, read=given.body, reads_query=known.reads_query)
    for name, value in given.query.items():
        if name in given.body and given.body[name] != value:
            yield f"query{member(name)}: is not read, as {given.origin}{member(name)} is given too"
    yield from _walk(given.query, known.names, at="query", top=known.names)
    if not (about_body and given.origin == "form" and request.body.lstrip()[:1] in {b"{", b"["}):
        yield from _walk(given.body, known.names, at=given.origin, top=known.names)
    merged = {**given.query, **given.body}
    for each in violations:
        value = merged.get(each.name)
        if each.rule == "pattern" and isinstance(value, str) and (odd := misread_digits(value)):
            yield f"{each.at}: {show(value)} {odd}"


def _unread(query: str, known: Known) -> Iterator[str]:
    """Say of each parameter of a query that is not read where it belongs."""
    try:
        names = dict.fromkeys(name.removesuffix("[]") for name, _ in pairs(query))
    except UnreadableError:
        return
    for name in names:
        place = f"body.{name}" if name in known.names.known and known.types else _elsewhere(name, known.names)
        meant = f"; {place}?" if place else ""
        yield f"query{member(name)}: not known here, where the query is not read{meant}"


def _walk(values: Mapping[str, object], names: Names, *, at: str, top: Names) -> Iterator[str]:
    """Say which members of an object are not known, and which texts have characters that nobody sees."""
    for name, value in values.items():
        place = at + member(name)
        if not names.free and name not in names.known:
            absent = [each for each in names.known if each not in values]
            meant = suggestion(name, absent) or _elsewhere(name, top)
            odd = unseen(name)
            yield f"{place}: not known here{f'; {meant}?' if meant else ''}{f' The name {odd}' if odd else ''}"
            continue
        inside = names.inside.get(name, ANY)
        for step, each in _entries(value):
            if isinstance(each, str) and (odd := unseen(each)):
                shown = "" if SECRET.search(name) else f"{show(each)} "
                yield f"{place}{step}: {shown}{odd}"
            elif isinstance(each, dict):
                yield from _walk(each, inside, at=place + step, top=top)


def _entries(value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, list):
        yield from ((f"[{place}]", each) for place, each in enumerate(value))
    else:
        yield "", value


def _elsewhere(name: str, top: Names) -> str:
    """Return where a request may have a name that stands in the wrong object, empty where it has it nowhere."""
    if name in top.known:
        return f"body.{name}"
    return next((f"body.{outer}.{name}" for outer, inner in top.inside.items() if name in inner.known), "")


def unsaid(hints: tuple[str, ...], why: tuple[str, ...]) -> tuple[str, ...]:
    """Return the hints but those on characters that the reasons `why` name in the same parameter."""
    said = {(parameter, code) for each in why for parameter, code in _characters(each)}
    return tuple(each for each in hints if not (told := set(_characters(each))) or not told <= said)


def _characters(sentence: str) -> Iterator[tuple[str, str]]:
    place = PARAMETER.search(sentence)
    yield from ((place[1] if place else "", code) for code in CODE.findall(sentence))
