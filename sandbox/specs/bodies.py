"""Hints on a body as a whole: of another kind than its Content-Type says, in another coding, or not read at all."""

import json
import re
from collections import Counter
from collections.abc import Collection, Iterator
from urllib.parse import unquote_to_bytes

from sandbox.specs.body_parsing import FORM, Request, UnreadableError, pairs
from sandbox.specs.characters import name as character_name
from sandbox.specs.near_parameter import member

JSON, XML = "application/json", "application/xml"
# Content types about which there is nothing to say, as clients write them.
USUAL_TYPES = frozenset(
    f"{kind}{charset}" for kind in (JSON, FORM, XML) for charset in ("", "; charset=utf-8", ";charset=utf-8")
)
WORDS = {JSON: "JSON", FORM: "a form", XML: "XML"}
CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:+-]{1,40})", re.IGNORECASE)
READ_CHARSETS = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})
FORM_LIKE = re.compile(rb"[\w.%+\[\]-]{1,60}=[^\s{<]*(?:[\s&]|\Z)")
ELEMENT = re.compile(rb"<([A-Za-z_][\w.:-]*)")
BOM = b"\xef\xbb\xbf"
WIDE = (b"\xff\xfe", b"\xfe\xff")
BLANK = b" \t\r\n"
LOOKED_AT = 64 * 1024  # bytes of a query or form in which a foreign coding is looked for


def body_hints(request: Request, types: tuple[str, ...], *, reads_query: bool) -> Iterator[str]:
    """Say what is unusual about a body; `types` are those that the operation reads."""
    body = request.body
    if not body or request.broken or request.oversize:
        return
    if not types:
        yield f"body: is not read by {request.method} here{'; parameters stand in the query' if reads_query else ''}"
        return
    given = request.headers.get("content-type", "")
    declared = given.partition(";")[0].strip().lower()
    declared = {"text/xml": XML}.get(declared, declared)
    charset = CHARSET.search(given)
    if charset and charset[1].lower() not in READ_CHARSETS:
        yield f"body: the Content-Type says charset {charset[1]}, but it is read as UTF-8"
    yield from _kind(body, declared, types)
    yield from _coding(body, declared)


def _kind(body: bytes, declared: str, types: tuple[str, ...]) -> Iterator[str]:
    """Say that a body looks like another kind than it should be."""
    looks = looks_like(body)
    if looks is None or looks == declared:
        if declared == JSON and is_json_twice(body):
            yield "body: is a JSON text that holds JSON itself: it was encoded twice"
        return
    says = f", but the Content-Type says {declared[:60]}" if declared else ", but it has no Content-Type"
    right = f"send Content-Type: {looks}" if looks in types else f"read here: {', '.join(types)}"
    yield f"body: looks like {WORDS[looks]}{says}; {right}"


def looks_like(body: bytes) -> str | None:
    """Return the type that a body's beginning is typical of."""
    begin = body[:LOOKED_AT].removeprefix(BOM).lstrip(BLANK)
    if begin.startswith((b"{", b"[")):
        return JSON
    if begin.startswith(b"<"):
        return XML
    return FORM if FORM_LIKE.match(begin) else None


def is_json_twice(body: bytes) -> bool:
    """Tell whether a body is a JSON text whose value is a JSON object."""
    begin = body.lstrip(BLANK)
    return begin.startswith(b'"') and begin[1:].lstrip(BLANK)[:1] in {b"{", b"["}


def _coding(body: bytes, declared: str) -> Iterator[str]:
    """Say that a body is not UTF-8, or has characters where its syntax has no place for them."""
    if body.startswith(WIDE) or b"\0" in body[:2]:
        yield "body: looks like UTF-16; send UTF-8"
        return
    if body.startswith(BOM):
        yield f"body: begins with {character_name(chr(0xFEFF))}"
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        yield f"body: {_in_windows_1252(body, error)}"
        return
    if declared == FORM:
        yield from _escaped(body, "form")
    if declared == JSON and not text.isascii():
        yield from _stray(text.removeprefix("\ufeff"))


def _stray(text: str) -> Iterator[str]:
    """Name the character at which a text stops being JSON, where it is none of JSON's own."""
    try:
        json.JSONDecoder().decode(text)
    except json.JSONDecodeError as error:
        found = text[error.pos : error.pos + 1]
        if found and not found.isascii():
            place = f"line {error.lineno} column {error.colno}"
            yield f"body: has {character_name(found)} at {place}, where JSON has no place for it"
    except (ValueError, RecursionError):
        return


def query_coding(query: str) -> Iterator[str]:
    """Say that a query is not UTF-8."""
    yield from _escaped(query.encode(), "query")


def _escaped(text: bytes, at: str) -> Iterator[str]:
    if b"%" not in text:
        return
    raw = unquote_to_bytes(text[:LOOKED_AT].rpartition(b"%")[0] if len(text) > LOOKED_AT else text)
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        yield f"{at}: {_in_windows_1252(raw, error)}"


def _in_windows_1252(body: bytes, error: UnicodeDecodeError) -> str:
    byte = body[error.start]
    try:
        meant = f"is {bytes([byte]).decode('cp1252')!r} in windows-1252, but"
    except UnicodeDecodeError:
        meant = "is"
    return f"the byte {byte:02X} {meant} not UTF-8; send UTF-8"


def repeated(request: Request, origin: str, *, read: Collection[str], reads_query: bool) -> Iterator[str]:
    """Say which parameters were given more than once, as one alone counts; `read` are the names that the body gave."""
    if reads_query and "&" in request.query:
        yield from _repeated_fields(request.query, "query")
    if origin == "form":
        yield from _repeated_fields(request.body.decode("utf-8", "replace"), "form")
    elif read and request.body.lstrip(BLANK).startswith(b"<"):
        _, *elements = [each.decode() for each in ELEMENT.findall(request.body[:LOOKED_AT])] or [""]
        for element, count in Counter(elements).items():
            if element not in read:
                yield f"body.{element}: stands inside another element, where nothing is read"
            elif count > 1:
                yield f"body.{element}: is given {count} times, only the last one counts"


def _repeated_fields(text: str, at: str) -> Iterator[str]:
    try:
        fields = pairs(text)
    except UnreadableError:
        return
    ways: dict[str, list[str]] = {}
    for name, _ in fields:
        ways.setdefault(name.removesuffix("[]"), []).append(name)
    for name, given in ways.items():
        if len({*given}) > 1:
            yield f"{at}{member(name)}: is given as {name} and as {name}[]; only one of the two counts"
        elif len(given) > 1 and given[0] == name:
            yield f"{at}{member(name)}: is given {len(given)} times, only the last one counts"
