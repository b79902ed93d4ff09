"""Hints on what a provider ignores without saying so: unknown parameters, unread parts, invisible characters.

A hint is not a reason for a refusal and does not change the reply, so hints are separate from violations. A request
whose names are all known and whose texts are plain takes a short path that looks for none.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from difflib import get_close_matches
from functools import lru_cache
from typing import NamedTuple

from sandbox.specs.body_parsing import Request, UnreadableError, Values, pairs
from sandbox.specs.text_hints import (
    body_hints,
    code_of,
    describe_invisible,
    invisible_characters,
    is_usual_type,
    misread_digits,
    query_coding,
    repeated,
)
from sandbox.specs.types import USUAL, Schema, Violation, member, properties_of, show

NAME_LIMIT = 40  # characters of a name that is compared
LEAST_SIMILARITY = 0.7  # minimum difflib ratio


def suggestion(name: str, known: Collection[str]) -> str:
    """Return the known name that an unknown name most likely stands for, empty if there is none."""
    bare = {_bare(each): each for each in sorted(known)}
    asked = _bare(name[: 2 * NAME_LIMIT])
    if not asked or len(asked) > NAME_LIMIT:
        return ""
    if asked in bare:
        return bare[asked]
    close = get_close_matches(asked, bare, n=1, cutoff=LEAST_SIMILARITY)
    if close:
        return bare[close[0]]
    same = next((group for group in SYNONYMS if asked in group), frozenset[str]())
    return next((each for short, each in bare.items() if short in same), "")


def _bare(name: str) -> str:
    """Return a name without word separators, index and namespace."""
    return re.sub(r"^\{.*\}|\[.*\]$|[\W_]", "", name).casefold()


# Providers use different words for one parameter; a client of one provider sends its word to another.
SYNONYMS = tuple(
    frozenset(map(_bare, words))
    for words in (
        USUAL["recipient"],
        (*USUAL["text"], "sms"),
        (*USUAL["sender"], "brandID", "brand"),
        (*USUAL["otp"], "code", "pin"),
        ("key", "apikey", "token", "accesskey"),
        ("dlrurl", "callbackurl", "callback", "webhook", "statuscallback"),
        ("sendtime", "time", "sendat", "scheduledat", "scheduletime"),
    )
)


HINT_LIMIT = 20  # hints for one request
COMMON_HEADERS = frozenset({"accept", "authorization", "content-length", "content-type", "host", "user-agent"})
SECRET = re.compile("key|token|secret|password", re.IGNORECASE)  # parameters whose values are never quoted


class Hint(NamedTuple):
    """A sentence for a person, and the `characters` that it names in the value of a `parameter`, if it names any."""

    sentence: str
    parameter: str = ""
    characters: tuple[str, ...] = ()


class Names(NamedTuple):
    """The known members of an object; `inside` has those of members that are objects or lists of objects.

    If `free`, the schema allows any name.
    """

    known: frozenset[str]
    inside: Mapping[str, "Names"]
    free: bool = False


ANY = Names(frozenset(), {}, free=True)


class Known(NamedTuple):
    """What an operation reads: parameter names, the query or not, bodies of some media types, and headers."""

    names: Names
    reads_query: bool
    types: tuple[str, ...]
    headers: frozenset[str] = frozenset()


class Given(NamedTuple):
    """The parameters of a request before merging; `origin` is `body` or `form`."""

    query: Values
    body: Values
    origin: str


def names_of(schemas: Iterable[Schema], *, objects: Iterable[Schema] = ()) -> Names:
    """Return the names in the schemas of one object; `objects` are further schemas, which may allow any name."""
    objects = tuple(objects)
    found = properties_of((*schemas, *objects))
    inside = {name: names for name, each in found.items() if (names := _names_inside(each)) is not None}
    return Names(frozenset(found), inside, any(map(_is_free, objects)))


def _names_inside(schemas: list[Schema]) -> Names | None:
    """Return the names of an object's members or of a list's items, None if neither is described."""
    inner = [*schemas, *(each["items"] for each in schemas if isinstance(each.get("items"), Mapping))]
    described = [each for each in inner if properties_of([each])]
    return names_of((), objects=described) if described else None


def _is_free(schema: Schema) -> bool:
    return (
        schema.get("additionalProperties", False) is not False
        or "patternProperties" in schema
        or not properties_of([schema])
    )


def is_usual(  # noqa: PLR0913 - `Given` in parts, as this runs for every valid request
    request: Request, values: Values, known: Known, query: Values, *, body: Values, origin: str
) -> bool:
    """Return whether a valid request can have no hints."""
    headers, wanted = request.headers, known.headers
    if not (wanted <= headers.keys() or wanted <= values.keys()) and _misspelt_headers(
        tuple(headers), wanted, wanted.difference(headers, query, body)
    ):
        return False
    if request.body:
        if not known.types or not is_usual_type(headers.get("content-type")):
            return False
        if request.body.count(b"&") >= len(body) if origin == "form" else request.body.startswith(b"<"):
            return False
    if request.query and (not known.reads_query or request.query.count("&") >= len(query)):
        return False
    if query and body and not query.keys().isdisjoint(body):
        return False
    return _is_plain(values, known.names)


def _is_plain(values: Mapping[str, object], names: Names) -> bool:
    """Return whether all names of an object are known and none of its texts needs a closer look.

    A text is plain if it has only printable characters and line breaks, and no blanks around it.
    """
    known, inside, free = names
    if not (values.keys() <= known or free):
        return False
    for name, value in values.items():
        if type(value) is str:
            if value != value.strip() or not (value.isprintable() or _is_plain_text(value)):
                return False
        elif type(value) is dict:
            if not _is_plain(value, inside.get(name, ANY)):
                return False
        elif type(value) is list and not _is_plain_list(value, inside.get(name, ANY)):
            return False
    return True


def _is_plain_text(text: str) -> bool:
    return text.replace("\n", "").replace("\r", "").isprintable()


def _is_plain_list(values: list[object], names: Names) -> bool:
    for each in values:
        if type(each) is str:
            if each != each.strip() or not (each.isprintable() or _is_plain_text(each)):
                return False
        elif type(each) is dict and not _is_plain(each, names):
            return False
    return True


def hints_of(request: Request, known: Known, given: Given, violations: tuple[Violation, ...]) -> tuple[Hint, ...]:
    """Return the hints for a request with its violations, at most 20."""
    found: dict[Hint, None] = {}
    for each in _hints(request, known, given, violations):
        if len(found) == HINT_LIMIT and each not in found:
            return (*[*found][:-1], Hint("request: further hints are left out"))
        found[each] = None
    return tuple(found)


def _hints(request: Request, known: Known, given: Given, violations: tuple[Violation, ...]) -> Iterator[Hint]:
    about_body = tuple(body_hints(request, known.types, reads_query=known.reads_query))
    yield from map(Hint, about_body)
    if not any(each.rule == "syntax" for each in violations):  # an unreadable part may have what a header lacks
        absent = known.headers.difference(request.headers, given.query, given.body)
        yield from map(Hint, _misspelt_headers(tuple(request.headers), known.headers, absent))
    if request.query:
        about_query = query_coding(request.query) if known.reads_query else _unread(request.query, known)
        yield from map(Hint, about_query)
    yield from map(Hint, repeated(request, given.origin, read=given.body, reads_query=known.reads_query))
    for name, value in given.query.items():
        if name in given.body and given.body[name] != value:
            yield Hint(f"query{member(name)}: ignored, because {given.origin}{member(name)} is given too")
    yield from _walk(given.query, known.names, at="query", top=known.names)
    if not (about_body and given.origin == "form" and request.body.lstrip()[:1] in {b"{", b"["}):
        yield from _walk(given.body, known.names, at=given.origin, top=known.names)
    merged = {**given.query, **given.body}
    for each in violations:
        value = merged.get(each.name)
        if each.rule == "pattern" and isinstance(value, str) and (odd := misread_digits(value)):
            yield Hint(f"{each.at}: {show(value)} {odd}")


@lru_cache(maxsize=128)  # a client sends the same headers again and again
def _misspelt_headers(given: tuple[str, ...], known: frozenset[str], absent: frozenset[str]) -> tuple[str, ...]:
    """Return a hint for each header that is similar to one that the request lacks."""
    odd = [name for name in given if absent and name not in known and name not in COMMON_HEADERS]
    likely = ((name, suggestion(name, absent) or suggestion(name.removeprefix("x-"), absent)) for name in odd)
    return tuple(f"header{member(name)}: unknown header; did you mean {meant}?" for name, meant in likely if meant)


def _unread(query: str, known: Known) -> Iterator[str]:
    """Yield a hint for each parameter of a query that is not read."""
    try:
        names = dict.fromkeys(name.removesuffix("[]") for name, _ in pairs(query))
    except UnreadableError:
        return
    for name in names:
        place = f"body.{name}" if name in known.names.known and known.types else _elsewhere(name, known.names)
        meant = f"; did you mean {place}?" if place else ""
        yield f"query{member(name)}: ignored, because the query is not read here{meant}"


def _walk(values: Mapping[str, object], names: Names, *, at: str, top: Names) -> Iterator[Hint]:
    """Yield hints on unknown members of an object and on invisible characters in its texts."""
    for name, value in values.items():
        place = at + member(name)
        if not names.free and name not in names.known:
            absent = [each for each in names.known if each not in values]
            meant = suggestion(name, absent) or _elsewhere(name, top)
            odd = describe_invisible(name)
            help_ = f"; did you mean {meant}?" if meant else ""
            yield Hint(f"{place}: unknown parameter{help_}{f' The name {odd}.' if odd else ''}")
            continue
        inside = names.inside.get(name, ANY)
        for step, each in _entries(value):
            if isinstance(each, str) and (characters := invisible_characters(each)):
                shown = "" if SECRET.search(name) else f"{show(each)} "
                yield Hint(f"{place}{step}: {shown}{describe_invisible(each)}", name, characters)
            elif isinstance(each, dict):
                yield from _walk(each, inside, at=place + step, top=top)


def _entries(value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, list):
        yield from ((f"[{place}]", each) for place, each in enumerate(value))
    else:
        yield "", value


def _elsewhere(name: str, top: Names) -> str:
    """Return where a misplaced name belongs, empty if it belongs nowhere."""
    if name in top.known:
        return f"body.{name}"
    return next((f"body.{outer}.{name}" for outer, inner in top.inside.items() if name in inner.known), "")


def without_repeats(hints: tuple[Hint, ...], reasons: tuple[str, ...]) -> tuple[str, ...]:
    """Return the sentences of hints, without those on characters that a reason already names in the same parameter."""
    return tuple([hint.sentence for hint in hints if not _is_repeated(hint, reasons)])


def _is_repeated(hint: Hint, reasons: tuple[str, ...]) -> bool:
    if not hint.characters:
        return False
    named = " ".join(each for each in reasons if _is_about(each, hint.parameter))
    return all(code_of(each) in named for each in hint.characters)


def _is_about(reason: str, parameter: str) -> bool:
    """Return whether a reason such as `body.nodes[1].to: …` or `to[1]: …` is about a parameter."""
    place = re.sub(r"(\[\d+\])*$", "", reason.partition(": ")[0])
    return place == parameter or place.endswith(f".{parameter}")
