"""Requests that HTTP itself refuses: finds what is wrong with their bytes, and answers and records them.

aiohttp answers what its parser refuses by itself, in its own words. Here such a request is read as far as possible and
gets a number, an entry in the journal and a reason, as any other does. Below `/_sandbox` it gets a problem document of
the control API.
"""

import asyncio
import re
import zlib
from collections.abc import Callable, Iterator
from http import HTTPMethod
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from sandbox.control.problems import BASE, document, encode, refuse
from sandbox.engine.engine import Engine
from sandbox.pipeline import Response
from sandbox.server.response_writer import encode_answer
from sandbox.specs.body_parsing import Request
from sandbox.specs.types import PROBLEM

QUOTE_LIMIT = 80  # characters of a client's text that a sentence quotes
VERSION = re.compile(rb"[A-Za-z]+/[0-9.]*")
AUTHORITY = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")
TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
VERSIONS = (b"HTTP/1.0", b"HTTP/1.1")
METHODS = frozenset(HTTPMethod)
TLS = b"\x16\x03"  # the first bytes of a TLS connection
LONGEST_HEADER = 8190  # bytes of a header, name and value
MOST_HEADERS = 128
LINE_LIMIT = 1024 * 1024  # bytes of a request line: a GET may name as many recipients as a POST
PATH_QUOTE_LIMIT = 200  # characters of a longer path in the journal
PATH_LIMIT = 8190  # bytes of a path; aiohttp's router takes quadratic time for the segments of a path
ONCE = frozenset({"host", "content-length", "content-type", "transfer-encoding", "user-agent", "server"})
CODINGS = {"gzip": zlib.MAX_WBITS | 16, "x-gzip": zlib.MAX_WBITS | 16, "deflate": zlib.MAX_WBITS}
UNCOMPRESSED = frozenset({"", "identity"})
ZLIB = 8  # the low half of the first byte of a zlib stream


class BadRequest(NamedTuple):
    """Why a request is refused before it is handled, and what could be read of it."""

    status: int
    why: str
    request: Request


class BadRequestError(TimeoutError):
    """A request turned out to be malformed while its body was awaited.

    It is a TimeoutError, because aiohttp continues to read a body that was refused unread, and expects only that error.
    """

    def __init__(self, bad: BadRequest) -> None:
        super().__init__(bad.why)
        self.bad = bad


def malformed(raw: bytes, received: int, *, earlier: int) -> BadRequest:
    """Return why a request that the parser could not read is refused.

    `raw` are the first of its `received` bytes; `earlier` requests came on its connection.
    """
    request = read_request(raw)
    if received > len(raw) and b"\n" not in raw.lstrip(b"\r\n"):
        long = received > LINE_LIMIT
        what = f"longer than {LINE_LIMIT} bytes" if long else f"malformed after its first {len(raw)} bytes"
        return BadRequest(414 if long else 400, f"request line: {what}", request)
    hint = "; the Content-Length of the request before it may be too small" if earlier and not request.path else ""
    return BadRequest(400, find_mistake(raw) + hint, request)


def incomplete(raw: bytes, received: int, *, status: int, reason: str) -> BadRequest:
    """Return why a request whose end did not arrive is refused; `raw` are the first of its `received` bytes."""
    return BadRequest(status, f"{_find_missing(raw, received)}; {reason}", read_request(raw))


def _find_missing(raw: bytes, received: int) -> str:
    parts = split_request(raw)
    if not parts.complete:
        return "request: the headers are incomplete: the empty line after them is missing"
    lengths = [each for each in parts.values("content-length") if re.fullmatch("[0-9]{1,18}", each)]
    if lengths:
        return f"body: {received - len(raw) + len(parts.body)} of {lengths[0]} bytes (Content-Length) arrived"
    return "body: the last chunk is missing"


def refuse_request(engine: Engine, bad: BadRequest) -> tuple[Response, asyncio.Future[None] | None]:
    """Return the reply to a bad request, and what it waits for; add it to the journal unless it is a control call's."""
    status, why, request = bad
    if request.path == BASE or request.path.startswith(f"{BASE}/"):
        problem = document(status, refuse(status, "", why).mistakes)
        return Response(status, {"Content-Type": PROBLEM, "Cache-Control": "no-store"}, encode(problem)), None
    _, response, waiting = engine.refuse(request, status=status, why=why)
    return response, waiting


def encode_last(answer: Response, *, method: str) -> bytes:
    """Return the bytes of a connection's last reply."""
    closing = answer._replace(headers={**answer.headers, "Connection": "close"})
    content = encode_answer(closing)
    return content[: content.index(b"\r\n\r\n") + 4] if method == "HEAD" else content


class RawRequest(NamedTuple):
    """A request split into its parts as far as its bytes allow."""

    line: bytes
    method: bytes
    target: bytes
    version: bytes | None
    headers: tuple[bytes, ...]
    body: bytes
    complete: bool  # whether the empty line after the headers is there
    bare_lf: bool  # whether a line of the head ends in LF alone

    def values(self, name: str) -> list[str]:
        """Return the values of the headers of a name, which is in lower case."""
        pairs = (each.partition(b":") for each in self.headers)
        return [decode(value).strip() for key, _, value in pairs if decode(key).strip().lower() == name]


def split_request(raw: bytes) -> RawRequest:
    """Return the parts of a request; its lines may end in LF alone."""
    content = raw.lstrip(b"\r\n")
    end = re.search(rb"\r?\n\r?\n", content)
    head, body = (content[: end.start()], content[end.end() :]) if end else (content, b"")
    line, *headers = re.split(rb"\r?\n", head)
    bare_lf = re.search(rb"(?<!\r)\n", content[: end.end()] if end else content) is not None
    method, _, rest = line.partition(b" ")
    target, _, last = rest.strip(b" ").rpartition(b" ")
    version = last if VERSION.fullmatch(last) else None
    if version is None:
        target = rest.strip(b" ")
    return RawRequest(
        line, method, target.rstrip(b" "), version, tuple(headers), body, complete=end is not None, bare_lf=bare_lf
    )


def read_request(raw: bytes) -> Request:
    """Return what can be read of a request; method and path are empty if it has none."""
    if raw.startswith(TLS):
        return Request("", "", "", {}, raw)
    parts = split_request(raw)
    if not TOKEN.fullmatch(parts.method):
        return Request("", "", "", {}, raw)
    target = decode(parts.target)
    authority = AUTHORITY.match(target)
    target = target[authority.end() :] if authority else target
    path, _, query = target.partition("#")[0].partition("?")
    pairs = (each.partition(b":") for each in parts.headers if b":" in each)
    headers = {decode(name).strip().lower(): decode(value).strip() for name, _, value in pairs}
    return Request(decode(parts.method), unquote(path), query, headers, parts.body)


def find_mistake(raw: bytes) -> str:
    """Return the first mistake found in a request that the parser refused, as a sentence."""
    if raw.startswith(TLS):
        return "connection: this is a TLS handshake, but the port serves plain HTTP; use http://, or start with --tls"
    parts = split_request(raw)
    return next((found for check in CHECKS for found in check(parts)), "request: not HTTP/1.1")


def decode(content: bytes) -> str:
    """Return bytes as a string; bytes that are not UTF-8 become U+FFFD."""
    return content.decode("utf-8", "replace")


def quote(content: bytes) -> str:
    """Return the first bytes as a quoted string."""
    return repr(decode(content[:QUOTE_LIMIT]))


def _check_method(parts: RawRequest) -> Iterator[str]:
    if not TOKEN.fullmatch(parts.method):
        yield f"request line: {quote(parts.line)} does not begin with a method; write, for example, GET / HTTP/1.1"


def _check_target(parts: RawRequest) -> Iterator[str]:
    start = parts.line.find(parts.target) if parts.target else 0
    for place, byte in enumerate(parts.target):
        where = f"request line: byte 0x{byte:02X} at column {start + place + 1}"
        if byte > 0x7F:  # noqa: PLR2004 - the last of ASCII
            character = _character_at(parts.target, place)
            escaped = "".join(f"%{each:02X}" for each in character)
            shown = f" ('{decode(character)}')" if "\ufffd" not in decode(character) else ""
            yield f"{where}{shown}: percent-encode it as {escaped}"
        elif byte == 0x20:  # noqa: PLR2004 - the space
            yield f"request line: a space at column {start + place + 1}: percent-encode it as %20"
        elif byte < 0x20 or byte == 0x7F:  # noqa: PLR2004 - controls
            yield f"{where}: percent-encode it as %{byte:02X}"
    if parts.version is None:
        yield f"request line: {quote(parts.line)} has no HTTP version; it must end in HTTP/1.1"


def _character_at(content: bytes, place: int) -> bytes:
    """Return the bytes of the character that begins at a place; one byte if that is not UTF-8."""
    for size in (2, 3, 4):
        try:
            content[place : place + size].decode()
        except UnicodeDecodeError:
            continue
        return content[place : place + size]
    return content[place : place + 1]


def _check_version(parts: RawRequest) -> Iterator[str]:
    if parts.version is not None and parts.version not in VERSIONS:
        yield f"request line: the version {quote(parts.version)} is not supported; use HTTP/1.1"
    target = decode(parts.target)
    if not target.startswith("/") and not AUTHORITY.match(target) and target != "*":
        yield f"request line: the target {quote(parts.target)} must be a path that begins with / or an absolute URL"
    if target == "*" and parts.method != b"OPTIONS":
        yield "request line: the target * is valid only for OPTIONS"
    try:
        _ = urlsplit(target).port  # reading it checks it
    except ValueError:
        yield f"request line: the target {quote(parts.target)} is not a valid URL"


def _check_headers(parts: RawRequest) -> Iterator[str]:
    last = len(parts.headers) - (not parts.complete)  # the last one may be incomplete
    for number, line in enumerate(parts.headers[:last], 1):
        name, colon, value = line.partition(b":")
        if line[:1] in {b" ", b"\t"}:
            yield f"header {number}: begins with a space; write each header on one line"
        elif not colon:
            yield f"header {number}: {quote(line)} has no colon; write Name: value"
        elif not TOKEN.fullmatch(name):
            yield f"header {number}: the name {quote(name)} contains a character that is not allowed in header names"
        control = next((each for each in value if (each < 0x20 and each != 0x09) or each == 0x7F), None)  # noqa: PLR2004
        if control is not None:
            shown = f"header {number} ({decode(name)})"
            yield f"{shown}: its value contains the byte 0x{control:02X}, which is not allowed in headers"
    for number, line in enumerate(parts.headers, 1):
        if len(line) > LONGEST_HEADER:
            begin = decode(line[:QUOTE_LIMIT].partition(b":")[0])
            yield f"header {number} ({begin}): longer than {LONGEST_HEADER} bytes"
    if len(parts.headers) > MOST_HEADERS:
        yield f"headers: more than {MOST_HEADERS}"


def _check_repeated(parts: RawRequest) -> Iterator[str]:
    for name in sorted(ONCE):
        if len(parts.values(name)) > 1:
            yield f"header {name}: given more than once"
    if parts.complete and parts.version == b"HTTP/1.1" and not parts.values("host"):
        yield "header Host: is missing; HTTP/1.1 requires it"


def _check_length(parts: RawRequest) -> Iterator[str]:
    for value in parts.values("content-length"):
        if not re.fullmatch("[0-9]{1,18}", value):
            yield f"header Content-Length: {value[:QUOTE_LIMIT]!r} is not a number of bytes"
    codings = parts.values("transfer-encoding")
    if codings and parts.values("content-length"):
        yield "headers: Content-Length and Transfer-Encoding cannot be combined"
    for value in codings:
        if value.lower() != "chunked":
            yield f"header Transfer-Encoding: {value[:QUOTE_LIMIT]!r} is not supported; only chunked is"
    if codings:
        yield "body: a chunk does not begin with its size in hexadecimal digits, or does not end after that many bytes"


def _check_rest(parts: RawRequest) -> Iterator[str]:
    if not parts.line:
        yield "request: empty"
    if parts.bare_lf:
        yield "request: a header line ends in LF alone; HTTP requires CR LF"
    if decode(parts.method) not in METHODS:
        yield f"request line: {quote(parts.method)} is not an HTTP method"


CHECKS: tuple[Callable[[RawRequest], Iterator[str]], ...] = (
    _check_method,
    _check_target,
    _check_version,
    _check_headers,
    _check_repeated,
    _check_length,
    _check_rest,
)


class CompressionError(Exception):
    """A body is not compressed as its headers say; the text says what is wrong."""


class TooLargeError(Exception):
    """A body exceeds the limit once it is decompressed."""


def refuse_coding(coding: str) -> str | None:
    """Return why a `Content-Encoding` is refused; None if it is supported."""
    if coding in UNCOMPRESSED or coding in CODINGS:
        return None
    shown = repr(coding[:80])
    if coding.replace("_", "-") in {"utf-8", "utf8", "iso-8859-1", "latin1", "us-ascii", "ascii", "utf-16"}:
        return f"header Content-Encoding: {shown} is a charset, not a content coding; write Content-Type: …; charset=…"
    if "," in coding:
        return f"header Content-Encoding: {shown} names more than one coding; use gzip or deflate alone"
    return f"header Content-Encoding: {shown} is not supported; use gzip, deflate or identity"


def decompress(body: bytes, coding: str, *, limit: int) -> bytes:
    """Return a decompressed body; zero bytes after the end of its data are padding.

    Raises:
        CompressionError: the data does not have this coding, is truncated, or has more data after its end.
        TooLargeError: the decompressed body has more than `limit` bytes.

    """
    wbits = CODINGS[coding]
    if coding == "deflate" and body and body[0] & 0xF != ZLIB:
        wbits = -zlib.MAX_WBITS  # the bare stream that some clients call deflate
    reader = zlib.decompressobj(wbits)
    try:
        result = reader.decompress(body, limit + 1)
    except zlib.error:
        message = f"the data is not {coding}, although Content-Encoding says so"
        raise CompressionError(message) from None
    if len(result) > limit:
        raise TooLargeError
    if not reader.eof:
        message = f"the {coding} data is truncated"
        raise CompressionError(message)
    if reader.unused_data.strip(b"\0"):  # such as a second member: gzip allows it, no HTTP client sends it
        message = f"the {coding} data is followed by more data"
        raise CompressionError(message)
    return result
