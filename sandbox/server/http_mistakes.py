"""Tells in words what is wrong with the bytes of a request that is not HTTP, and reads as much of it as can be read."""

import re
from collections.abc import Callable, Iterator
from http import HTTPMethod
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from sandbox.specs.body_parsing import Request

SHOWN = 80  # characters of a client's text that a sentence quotes
VERSION = re.compile(rb"[A-Za-z]+/[0-9.]*")
AUTHORITY = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")
TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
VERSIONS = (b"HTTP/1.0", b"HTTP/1.1")
METHODS = frozenset(HTTPMethod)
TLS = b"\x16\x03"  # how a TLS connection begins
LONGEST_HEADER = 8190  # bytes of a header, name and value
MOST_HEADERS = 128
ONCE = frozenset({"host", "content-length", "content-type", "transfer-encoding", "user-agent", "server"})


class Parts(NamedTuple):
    """A request taken apart as far as that goes."""

    line: bytes
    method: bytes
    target: bytes
    version: bytes | None
    headers: tuple[bytes, ...]
    body: bytes
    whole: bool  # whether the head has its end
    bare: bool  # whether a line of the head ends in LF alone

    def values(self, name: str) -> list[str]:
        """Return what the headers of a name say."""
        pairs = (each.partition(b":") for each in self.headers)
        return [text(value).strip() for key, _, value in pairs if text(key).strip().lower() == name]


def take_apart(raw: bytes) -> Parts:
    """Return the parts of a request, whatever line ends it has."""
    content = raw.lstrip(b"\r\n")
    end = re.search(rb"\r?\n\r?\n", content)
    head, body = (content[: end.start()], content[end.end() :]) if end else (content, b"")
    line, *headers = re.split(rb"\r?\n", head)
    bare = re.search(rb"(?<!\r)\n", content[: end.end()] if end else content) is not None
    method, _, rest = line.partition(b" ")
    target, _, last = rest.strip(b" ").rpartition(b" ")
    version = last if VERSION.fullmatch(last) else None
    if version is None:
        target = rest.strip(b" ")
    return Parts(line, method, target.rstrip(b" "), version, tuple(headers), body, whole=end is not None, bare=bare)


def read_request(raw: bytes) -> Request:
    """Return as much of a request as was read; method and path are empty where it has none."""
    if raw.startswith(TLS):
        return Request("", "", "", {}, raw)
    parts = take_apart(raw)
    if not TOKEN.fullmatch(parts.method):
        return Request("", "", "", {}, raw)
    target = AUTHORITY.sub("", text(parts.target), count=1)
    path, _, query = target.partition("#")[0].partition("?")
    pairs = (each.partition(b":") for each in parts.headers if b":" in each)
    headers = {text(name).strip().lower(): text(value).strip() for name, _, value in pairs}
    return Request(text(parts.method), unquote(path), query, headers, parts.body)


def find_mistake(raw: bytes) -> str:
    """Return in a sentence what is wrong with a request that could not be read: the first mistake that is found."""
    if raw.startswith(TLS):
        return "connection: this is a TLS handshake, but the port serves plain HTTP; use http://, or start with --tls"
    parts = take_apart(raw)
    return next((found for check in CHECKS for found in check(parts)), "request: not HTTP/1.1")


def text(content: bytes) -> str:
    """Return bytes as text, whatever they are."""
    return content.decode("utf-8", "replace")


def quoted(content: bytes) -> str:
    """Return bytes as a sentence quotes them."""
    return repr(text(content[:SHOWN]))


def _method(parts: Parts) -> Iterator[str]:
    if not TOKEN.fullmatch(parts.method):
        yield f"request line: {quoted(parts.line)} does not begin with a method; write for example GET / HTTP/1.1"


def _target(parts: Parts) -> Iterator[str]:
    start = parts.line.find(parts.target) if parts.target else 0
    for place, byte in enumerate(parts.target):
        where = f"request line: byte 0x{byte:02X} at column {start + place + 1}"
        if byte > 0x7F:  # noqa: PLR2004 - the last of ASCII
            character = _character(parts.target, place)
            escaped = "".join(f"%{each:02X}" for each in character)
            shown = f" ('{text(character)}')" if "\ufffd" not in text(character) else ""
            yield f"{where}{shown}: percent-encode it as {escaped}"
        elif byte == 0x20:  # noqa: PLR2004 - the blank
            yield f"request line: a space at column {start + place + 1}: percent-encode it as %20"
        elif byte < 0x20 or byte == 0x7F:  # noqa: PLR2004 - controls
            yield f"{where}: percent-encode it as %{byte:02X}"
    if parts.version is None:
        yield f"request line: {quoted(parts.line)} has no HTTP version; it must end in HTTP/1.1"


def _character(content: bytes, place: int) -> bytes:
    """Return the bytes of the character that begins at a place; one byte where that is no UTF-8."""
    for size in (2, 3, 4):
        try:
            content[place : place + size].decode()
        except UnicodeDecodeError:
            continue
        return content[place : place + size]
    return content[place : place + 1]


def _version(parts: Parts) -> Iterator[str]:
    if parts.version is not None and parts.version not in VERSIONS:
        yield f"request line: the version {quoted(parts.version)} is not supported; use HTTP/1.1"
    target = text(parts.target)
    if not target.startswith("/") and not AUTHORITY.match(target) and target != "*":
        yield f"request line: the target {quoted(parts.target)} must be a path that begins with / or an absolute URL"
    try:
        urlsplit(target)
    except ValueError:
        yield f"request line: the target {quoted(parts.target)} is not a valid URL"


def _headers(parts: Parts) -> Iterator[str]:
    last = len(parts.headers) - (not parts.whole)  # the last may not be complete
    for number, line in enumerate(parts.headers[:last], 1):
        name, colon, value = line.partition(b":")
        if line[:1] in {b" ", b"\t"}:
            yield f"header {number}: it begins with a space; write each header on one line"
        elif not colon:
            yield f"header {number}: {quoted(line)} has no colon; write Name: value"
        elif not TOKEN.fullmatch(name):
            yield f"header {number}: the name {quoted(name)} contains a character that is not allowed in header names"
        odd = next((each for each in value if (each < 0x20 and each != 0x09) or each == 0x7F), None)  # noqa: PLR2004
        if odd is not None:
            shown = f"header {number} ({text(name)})"
            yield f"{shown}: its value contains the byte 0x{odd:02X}, which is not allowed in headers"
    for number, line in enumerate(parts.headers, 1):
        if len(line) > LONGEST_HEADER:
            yield f"header {number} ({text(line[:SHOWN].partition(b':')[0])}): longer than {LONGEST_HEADER} bytes"
    if len(parts.headers) > MOST_HEADERS:
        yield f"headers: more than {MOST_HEADERS}"


def _repeated(parts: Parts) -> Iterator[str]:
    for name in sorted(ONCE):
        if len(parts.values(name)) > 1:
            yield f"header {name}: given more than once"
    if parts.whole and parts.version == b"HTTP/1.1" and not parts.values("host"):
        yield "header Host: is missing; HTTP/1.1 requires it"


def _length(parts: Parts) -> Iterator[str]:
    for value in parts.values("content-length"):
        if not re.fullmatch("[0-9]{1,18}", value):
            yield f"header Content-Length: {value[:SHOWN]!r} is not a number of bytes"
    codings = parts.values("transfer-encoding")
    if codings and parts.values("content-length"):
        yield "headers: Content-Length and Transfer-Encoding cannot be combined"
    for value in codings:
        if value.lower() != "chunked":
            yield f"header Transfer-Encoding: {value[:SHOWN]!r} is not supported; only chunked is"
    if codings:
        yield "body: a chunk does not begin with its size in hexadecimal digits, or does not end after that many bytes"


def _rest(parts: Parts) -> Iterator[str]:
    if not parts.line:
        yield "request: empty"
    if parts.bare:
        yield "request: a header line ends in LF alone; HTTP requires CR LF"
    if text(parts.method) not in METHODS:
        yield f"request line: {quoted(parts.method)} is not an HTTP method"


CHECKS: tuple[Callable[[Parts], Iterator[str]], ...] = (
    _method,
    _target,
    _version,
    _headers,
    _repeated,
    _length,
    _rest,
)
