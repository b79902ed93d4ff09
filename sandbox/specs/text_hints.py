"""Hints on bodies and texts: another kind or encoding than declared, invisible characters, letters for digits."""

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterator
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from sandbox.specs.body_parsing import FORM, Request, UnreadableError, pairs
from sandbox.specs.types import member

SHOWN = 3  # characters that are named of one text

# Nobody sees these, or takes them for a plain space.
UNSEEN = re.compile(
    "[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\xa0\xad\u1680\u2000-\u200b\u2028\u2029\u202f\u205f-\u2064\u3000\u3164\ufeff\uffa0"
    "\ufff9-\ufffb]"
)
# These join letters, set their direction or pick a form: a text of such a script needs them, plain ASCII does not.
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
# Letters that are typed, or read by a machine, in place of a digit.
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


def unseen(text: str) -> str:
    """Return where a text has characters that nobody sees, each named; empty where it has none.

    Blanks around a single word count, as a number, a key or a code is one; those around a sentence do not.
    """
    places = _places(text)
    told = [_placed(text, character, place) for character, place in places.items()]
    return " and ".join(told[:SHOWN]) + (f" and {len(told) - SHOWN} more" if len(told) > SHOWN else "")


def invisible_characters(text: str) -> tuple[str, ...]:
    """Return the characters that `unseen` names in a text."""
    return tuple(_places(text))[:SHOWN]


def _places(text: str) -> dict[str, int]:
    """Return where each invisible character first stands in a text."""
    places: dict[str, int] = {}
    edges = EDGES.fullmatch(text)
    if edges and edges["begin"]:
        places[text[0]] = 0
    for match in UNSEEN.finditer(text):
        places.setdefault(match[0], match.start())
    if JOINING.search(text) and JOINING.sub("", UNSEEN.sub("", text)).isascii():
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


def why_no_digits(text: str) -> str:
    """Return what keeps a text from being the digits 0 to 9 alone, in words; empty where it is digits."""
    return next(_obstacles(text), "")


def _obstacles(text: str) -> Iterator[str]:
    if DIGITS.fullmatch(text):
        return
    if found := unseen(text):
        yield found
    if found := misread_digits(text):
        yield found
    place, other = next((place, each) for place, each in enumerate(text) if each not in "0123456789")
    yield f"has {other!r} at character {place + 1}"


def misread_digits(text: str) -> str:
    """Return how a text is a number in digits of another script, or with letters for digits; empty where it is not."""
    odd = [place for place, each in enumerate(text) if each not in ASCII_MARKS and _digit(each) is not None]
    if not odd or not NUMBER.fullmatch("".join(_digit(each) or each for each in text)):
        return ""
    first = text[odd[0]]
    if first not in LOOKALIKES:
        script = re.sub(r"( DIGIT)? \w+$", "", unicodedata.name(first)).title()
        return f"has {script} digits, not 0 to 9"
    letter = first if first.isascii() else name(first)
    return f"has {letter} at character {odd[0] + 1}, where {LOOKALIKES[first]} may be meant"


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
LOOKED_AT = 64 * 1024  # bytes of a query or form in which a foreign coding is looked for


@lru_cache(maxsize=128)
def is_usual_type(content_type: str | None) -> bool:
    """Return whether no hint can follow from a content type: JSON, a form or XML, in a charset that is read."""
    if content_type is None:
        return False
    kind, charset = _kind_and_charset(content_type)
    return kind in WORDS and charset.lower() in READ_CHARSETS


def _kind_and_charset(content_type: str) -> tuple[str, str]:
    """Return the media type and the charset (default: utf-8) of a content type."""
    kind = content_type.partition(";")[0].strip().lower()
    charset = CHARSET.search(content_type)
    return {"text/xml": XML}.get(kind, kind), charset[1] if charset else "utf-8"


def body_hints(request: Request, types: tuple[str, ...], *, reads_query: bool) -> Iterator[str]:
    """Say what is unusual about a body; `types` are those that the operation reads."""
    body = request.body
    if not body or request.broken or request.oversize:
        return
    if not types:
        yield f"body: is not read by {request.method} here{'; parameters stand in the query' if reads_query else ''}"
        return
    declared, charset = _kind_and_charset(request.headers.get("content-type", ""))
    if charset.lower() not in READ_CHARSETS:
        yield f"body: the Content-Type says charset {charset}, but it is read as UTF-8"
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
    """Name the character at which a text stops being JSON, where it is none of JSON's own."""
    try:
        json.JSONDecoder().decode(text)
    except json.JSONDecodeError as error:
        found = text[error.pos : error.pos + 1]
        if found and not found.isascii():
            place = f"line {error.lineno} column {error.colno}"
            yield f"body: has {name(found)} at {place}, where JSON has no place for it"
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
