"""Hints on bodies and texts: another kind or encoding than declared, invisible characters, letters for digits."""

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterator
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from sandbox.specs.body_parsing import FORM, Request, UnreadableError, media_type, pairs
from sandbox.specs.types import member

CHARACTER_LIMIT = 3  # characters that are named in one text

# Invisible characters, and those that look like a plain space.
INVISIBLE = re.compile(
    "[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\xa0\xad\u1680\u2000-\u200b\u2028\u2029\u202f\u205f-\u2064\u3000\u3164\ufeff\uffa0"
    "\ufff9-\ufffb]"
)
# These join letters, set their direction or select a form: some scripts need them, ASCII text does not.
JOINING = re.compile("[\u034f\u061c\u200c-\u200f\u202a-\u202e\u2066-\u2069\ufe00-\ufe0f\U000e0020-\U000e007f]")
EDGES = re.compile(r"(?P<begin>[ \t\r\n]*)[^ \t\r\n]+(?P<end>[ \t\r\n]*)")  # one word, and the blanks around it
NAMES = {
    "\0": "null character",
    "\t": "tab",
    "\n": "line feed",
    "\r": "carriage return",
    " ": "space",
    "\x1b": "escape",
    "\x7f": "delete",
    "\xa0": "no-break space",
    "\ufeff": "byte order mark",
}
# Letters that are typed or scanned in place of a digit.
LOOKALIKES = {**dict.fromkeys("OoОоΟο", "0"), **dict.fromkeys("Il|", "1")}  # noqa: RUF001 - Cyrillic and Greek too
DIGITS = re.compile(r"[0-9]*")
ASCII_MARKS = frozenset("+0123456789 ().,/-")
NUMBER = re.compile(r"\+?[0-9 ().,/-]*[0-9][0-9 ().,/-]*")


def name(character: str) -> str:
    """Return a character's code and name: `U+FEFF (byte order mark)`."""
    words = NAMES.get(character) or unicodedata.name(character, "control character").lower()
    return f"{code_of(character)} ({words})"


def code_of(character: str) -> str:
    """Return a character's code point: `U+FEFF`."""
    return f"U+{ord(character):04X}"


def describe_invisible(text: str) -> str:
    """Return the invisible characters of a text with their places, in words; empty if there are none.

    Blanks around a single word count, as numbers, keys and codes are single words; those around a sentence do not.
    """
    places = _places(text)
    named = [_placed(text, character, place) for character, place in places.items()]
    more = len(named) - CHARACTER_LIMIT
    return " and ".join(named[:CHARACTER_LIMIT]) + (f" and {more} more" if more > 0 else "")


def invisible_characters(text: str) -> tuple[str, ...]:
    """Return the characters that `describe_invisible` names in a text."""
    return tuple(_places(text))[:CHARACTER_LIMIT]


def _places(text: str) -> dict[str, int]:
    """Return where each invisible character first stands in a text."""
    places: dict[str, int] = {}
    edges = EDGES.fullmatch(text)
    if edges and edges["begin"]:
        places[text[0]] = 0
    for match in INVISIBLE.finditer(text):
        places.setdefault(match[0], match.start())
    if JOINING.search(text) and JOINING.sub("", INVISIBLE.sub("", text)).isascii():
        for match in JOINING.finditer(text):
            places.setdefault(match[0], match.start())
    if edges and edges["end"]:
        places.setdefault(edges["end"][0], len(text) - len(edges["end"]))
    return places


def _placed(text: str, character: str, place: int) -> str:
    if place == 0:
        return f"begins with {name(character)}"
    if not text[place:].strip(character + " \t\r\n"):
        return f"ends with {name(character)}"
    return f"has {name(character)} at character {place + 1}"


def why_not_digits(text: str) -> str:
    """Return why a text is not only the digits 0 to 9, in words; empty if it is."""
    return next(_obstacles(text), "")


def _obstacles(text: str) -> Iterator[str]:
    if DIGITS.fullmatch(text):
        return
    if found := describe_invisible(text):
        yield found
    if found := misread_digits(text):
        yield found
    place, other = next((place, each) for place, each in enumerate(text) if each not in "0123456789")
    yield f"has {other!r} at character {place + 1}"


def misread_digits(text: str) -> str:
    """Return how a text writes a number in other digits or with letters for digits; empty if it does not."""
    odd = [place for place, each in enumerate(text) if each not in ASCII_MARKS and _digit(each) is not None]
    if not odd or not NUMBER.fullmatch("".join(_digit(each) or each for each in text)):
        return ""
    first = text[odd[0]]
    if first not in LOOKALIKES:
        script = re.sub(r"( DIGIT)? \w+$", "", unicodedata.name(first)).title()
        return f"has {script} digits instead of 0 to 9"
    letter = first if first.isascii() else name(first)
    return f"has {letter} at character {odd[0] + 1}, probably instead of {LOOKALIKES[first]}"


def _digit(character: str) -> str | None:
    """Return the ASCII digit that a character is or looks like."""
    digit = unicodedata.digit(character, None)
    return LOOKALIKES.get(character) if digit is None else str(digit)


JSON, XML = "application/json", "application/xml"
WORDS = {JSON: "JSON", FORM: "a form", XML: "XML"}
CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:+-]{1,40})", re.IGNORECASE)
READ_CHARSETS = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})
FORM_LIKE = re.compile(rb"[\w.%+\[\]-]{1,60}=[^\s{<]*(?:[\s&]|\Z)")
ELEMENT = re.compile(rb"<([A-Za-z_][\w.:-]*)")
BOM = b"\xef\xbb\xbf"
WIDE = (b"\xff\xfe", b"\xfe\xff")
BLANK = b" \t\r\n"
SCAN_LIMIT = 64 * 1024  # bytes of a query or form in which another encoding is looked for


@lru_cache(maxsize=128)
def is_usual_type(content_type: str | None) -> bool:
    """Return whether no hint can follow from a content type: JSON, a form or XML, in a charset that is read."""
    if content_type is None:
        return False
    kind, charset = _kind_and_charset(content_type)
    return kind in WORDS and charset.lower() in READ_CHARSETS


def _kind_and_charset(content_type: str) -> tuple[str, str]:
    """Return the media type and the charset (default: utf-8) of a content type."""
    charset = CHARSET.search(content_type)
    return media_type(content_type), charset[1] if charset else "utf-8"


def body_hints(request: Request, types: tuple[str, ...], *, reads_query: bool) -> Iterator[str]:
    """Yield hints on the kind and encoding of a body; `types` are the media types that the operation reads."""
    body = request.body
    if not body or request.broken or request.oversize:
        return
    if not types:
        yield f"body: ignored by {request.method} here{'; send the parameters in the query' if reads_query else ''}"
        return
    declared, charset = _kind_and_charset(request.headers.get("content-type", ""))
    if charset.lower() not in READ_CHARSETS:
        yield f"body: the Content-Type declares charset {charset}, but the body is read as UTF-8"
    yield from _kind(body, declared, types)
    yield from _coding(body, declared)


def _kind(body: bytes, declared: str, types: tuple[str, ...]) -> Iterator[str]:
    """Yield a hint if a body looks like another media type than declared."""
    looks = looks_like(body)
    if looks is None or looks == declared:
        if declared == JSON and is_json_twice(body):
            yield "body: is a JSON string that contains JSON: it was encoded twice"
        return
    says = f", but the Content-Type is {declared[:60]}" if declared else ", but the Content-Type is missing"
    right = f"send Content-Type: {looks}" if looks in types else f"use {' or '.join(types)}"
    yield f"body: looks like {WORDS[looks]}{says}; {right}"


def looks_like(body: bytes) -> str | None:
    """Return the media type that the beginning of a body looks like."""
    begin = body[:SCAN_LIMIT].removeprefix(BOM).lstrip(BLANK)
    if begin.startswith((b"{", b"[")):
        return JSON
    if begin.startswith(b"<"):
        return XML
    return FORM if FORM_LIKE.match(begin) else None


def is_json_twice(body: bytes) -> bool:
    """Return whether a body is a JSON string that contains a JSON object or array."""
    begin = body.lstrip(BLANK)
    return begin.startswith(b'"') and begin[1:].lstrip(BLANK)[:1] in {b"{", b"["}


def _coding(body: bytes, declared: str) -> Iterator[str]:
    """Yield hints on a body that is not UTF-8, or has characters that its syntax does not allow."""
    if body.startswith(WIDE) or b"\0" in body[:2]:
        yield "body: looks like UTF-16; send UTF-8"
        return
    if body.startswith(BOM):
        yield f"body: begins with {name(chr(0xFEFF))}"
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
    """Yield a hint on the non-ASCII character at which a text stops being JSON."""
    try:
        json.JSONDecoder().decode(text)
    except json.JSONDecodeError as error:
        found = text[error.pos : error.pos + 1]
        if found and not found.isascii():
            place = f"line {error.lineno} column {error.colno}"
            yield f"body: has {name(found)} at {place}, where JSON does not allow it"
    except (ValueError, RecursionError):
        return


def query_coding(query: str) -> Iterator[str]:
    """Yield a hint on a query that is not UTF-8."""
    yield from _escaped(query.encode(), "query")


def _escaped(text: bytes, at: str) -> Iterator[str]:
    if b"%" not in text:
        return
    raw = unquote_to_bytes(text[:SCAN_LIMIT].rpartition(b"%")[0] if len(text) > SCAN_LIMIT else text)
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        yield f"{at}: {_in_windows_1252(raw, error)}"


def _in_windows_1252(body: bytes, error: UnicodeDecodeError) -> str:
    byte = body[error.start]
    try:
        meant = f"is {bytes([byte]).decode('cp1252')!r} in windows-1252, but is"
    except UnicodeDecodeError:
        meant = "is"
    return f"the byte {byte:02X} {meant} not valid UTF-8; send UTF-8"


def repeated(request: Request, origin: str, *, read: Collection[str], reads_query: bool) -> Iterator[str]:
    """Yield hints on parameters that were given more than once; `read` has the names read from the body."""
    if reads_query and "&" in request.query:
        yield from _repeated_fields(request.query, "query")
    if origin == "form":
        yield from _repeated_fields(request.body.decode("utf-8", "replace"), "form")
    elif read and request.body.lstrip(BLANK).startswith(b"<"):
        _, *elements = [each.decode() for each in ELEMENT.findall(request.body[:SCAN_LIMIT])] or [""]
        for element, count in Counter(elements).items():
            if element not in read:
                yield f"body.{element}: ignored, because it is inside another element"
            elif count > 1:
                yield f"body.{element}: is given {count} times; only the last value is used"


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
            yield f"{at}{member(name)}: is given both as {name} and as {name}[]; only one of them is used"
        elif len(given) > 1 and given[0] == name:
            yield f"{at}{member(name)}: is given {len(given)} times; only the last value is used"
