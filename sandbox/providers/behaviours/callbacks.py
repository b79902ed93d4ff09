"""Callbacks of a channel: the request that reports a status, its signature, and what counts as received."""

import hmac
import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, quote, urlencode

from sandbox.core.callback import Outgoing, is_success
from sandbox.core.clock import DurationError, parse_duration
from sandbox.formats.json_text import encode_json
from sandbox.formats.urls import is_url
from sandbox.providers.base import Report
from sandbox.providers.behaviours.context import DocumentContext
from sandbox.providers.behaviours.replies import is_xml, read_scalar, write_header
from sandbox.providers.behaviours.results import OMITTED, encode_body
from sandbox.providers.behaviours.scope import Scope
from sandbox.providers.behaviours.times import TimeFormat, read_time_format
from sandbox.providers.behaviours.values import Get, Names, Value, read_text, read_value
from sandbox.providers.behaviours.variables import IN_CALLBACKS
from sandbox.specs.document import SpecNode
from sandbox.specs.types import show
from sandbox.templates.budget import Budget, spending
from sandbox.templates.text import header_name_problem, is_template

KEYS = (
    "method",
    "url",
    "query",
    "placeholders",
    "headers",
    "body",
    "format",
    "time",
    "retries",
    "received",
    "signature",
)
METHODS = ("GET", "POST", "PUT", "PATCH")
FORMATS: Mapping[str, str] = {
    "json": "application/json",
    "form": "application/x-www-form-urlencoded",
    "xml": "application/xml",
    "text": "text/plain; charset=utf-8",
}
SIGNATURE = ("header", "hmac", "encoding", "key", "content", "prefix")
HASHES = ("sha1", "sha256", "sha512")
ENCODINGS = ("hex", "base64")
RECEIVED = ("status", "body")
CONTENT_TYPE = "Content-Type"
IN_SIGNATURES = ("url", "method", "body", "timestamp", "pairs")


class Received(NamedTuple):
    """What counts as received: some statuses, and a text that the answer must contain."""

    statuses: frozenset[int]
    body: str = ""

    def accepts(self, status: int, answer: str) -> bool:
        """Return whether an answer counts as received."""
        right = status in self.statuses if self.statuses else is_success(status)
        return right and self.body in answer


class ChannelCallback(NamedTuple):
    """How a channel reports: the writer of its requests, its own retry schedule, and what counts as received."""

    write: Callable[[Report], Outgoing]
    retries: tuple[timedelta, ...] | None = None
    received: Received | None = None


class Signer(NamedTuple):
    """A signature in a header."""

    header: str
    hash: str
    encode: Callable[[bytes], str]
    key: Get
    content: Get
    prefix: Get

    def sign(self, scope: Scope) -> str:
        """Return the value of the header."""
        key, content = (_bytes(get(scope)) for get in (self.key, self.content))
        return write_header(
            self.header, f"{self.prefix(scope)}{self.encode(hmac.new(key, content, self.hash).digest())}"
        )


class Parts(NamedTuple):
    """The compiled parts of a callback."""

    method: str
    url: Value
    query: tuple[tuple[str, Value], ...]
    placeholders: tuple[tuple[str, Value], ...]
    headers: tuple[tuple[str, Value], ...]
    body: Value | None
    format: str
    signers: tuple[Signer, ...]

    @property
    def jinja(self) -> bool:
        """Whether any part needs the budget of a reply."""
        pairs = (*self.query, *self.placeholders, *self.headers)
        values = [self.url, *(value for _, value in pairs), *((self.body,) if self.body else ())]
        return any(each.jinja for each in values) or bool(self.signers)


def _target_url(scope: Scope) -> str:
    target = scope.report.target if scope.report is not None else None
    return target.url if target is not None else ""


def _bytes(value: object) -> bytes:
    return ("" if value is None else str(value)).encode()


def read_callback(node: SpecNode, context: DocumentContext) -> ChannelCallback:
    """Return how a channel reports its statuses."""
    node.only(KEYS, "callback")
    names = Names(IN_CALLBACKS, tuple(context.settings))
    times = read_time_format(node.take("time", "a mapping"), context.settings, context.times)
    method = node.choice("method", METHODS, "method", default="POST")
    url = node.take("url", "a string")
    if url is not None and not is_template(url.value) and not is_url(url.value):
        url.note(f"{show(url.value)} is not an http or https URL")
    kind, body = _read_body(node, names, method)
    parts = Parts(
        method,
        read_text(url, names) if url is not None else Value(_target_url),
        _pairs(node, "query", names),
        _pairs(node, "placeholders", names),
        _headers(node, names),
        body,
        kind,
        _signers(node, names),
    )
    return ChannelCallback(_writer(parts, times), _retries(node), _received(node))


def _read_body(node: SpecNode, names: Names, method: str) -> tuple[str, Value | None]:
    value = node.value.get("body")
    kind = node.choice("format", FORMATS, "format", default="text" if isinstance(value, str) else "json")
    if value is None:
        return kind, None
    part = node.inside("body", value)
    if method == "GET":
        part.note("a GET has no body; write its parameters below query")
    if kind in ("xml", "text") and not isinstance(value, str):
        part.note(f"a body of the format {kind} is a text")
        return kind, None
    if kind == "form" and not isinstance(value, Mapping):
        part.note("a body of the format form is a mapping of its fields")
        return kind, None
    if isinstance(value, str):
        return kind, read_text(part, names, escape=is_xml(FORMATS[kind]))
    return kind, read_value(part, names)


def _pairs(node: SpecNode, name: str, names: Names) -> tuple[tuple[str, Value], ...]:
    listed = node.take(name, "a mapping", default={})
    if listed is None:
        return ()
    return tuple((str(key), read_scalar(listed.inside(key, value), names)) for key, value in listed.value.items())


def _headers(node: SpecNode, names: Names) -> tuple[tuple[str, Value], ...]:
    listed = node.take("headers", "a mapping", default={})
    for name in listed.value if listed is not None else ():
        problem = header_name_problem(str(name))
        if problem and listed is not None:
            listed.note(problem, name)
    return _pairs(node, "headers", names.plus("timestamp"))


def _signers(node: SpecNode, names: Names) -> tuple[Signer, ...]:
    value = node.value.get("signature")
    if value is None:
        return ()
    part = node.inside("signature", value)
    parts = list(part.entries("a mapping")) if isinstance(value, list) else [part] if part.of("a mapping") else []
    return tuple(_signer(each, names.plus(*IN_SIGNATURES)) for each in parts)


def _signer(node: SpecNode, names: Names) -> Signer:
    node.only(SIGNATURE, "signature")
    header = node.need("header", "a string", "the header that carries the signature, such as X-Signature")
    if header is not None and (problem := header_name_problem(header.value)):
        header.note(problem)
    encoding = node.choice("encoding", ENCODINGS, "encoding", default="hex")
    key = node.take("key", "a string", default="{{ target.key }}")
    content = node.take("content", "a string", default="{{ body }}")
    prefix = node.take("prefix", "a string")
    return Signer(
        header.value if header is not None else "",
        node.choice("hmac", HASHES, "hash", default="sha256"),
        _to_base64 if encoding == "base64" else bytes.hex,
        read_text(key, names).get if key is not None else (lambda _: ""),
        read_text(content, names).get if content is not None else (lambda _: ""),
        read_text(prefix, names).get if prefix is not None else (lambda _: ""),
    )


def _to_base64(value: bytes) -> str:
    return b64encode(value).decode()


def _retries(node: SpecNode) -> tuple[timedelta, ...] | None:
    listed = node.take("retries", "a list")
    if listed is None:
        return None
    found = []
    for place, value in enumerate(listed.value):
        try:
            found.append(parse_duration(value))
        except DurationError as error:
            listed.note(str(error), place)
    return tuple(found)


def _received(node: SpecNode) -> Received | None:
    part = node.take("received", "a mapping")
    if part is None:
        return None
    part.only(RECEIVED, "received")
    statuses, body = part.take("status", "a list", default=[]), part.take("body", "a string")
    found = set()
    for place, value in enumerate(statuses.value if statuses is not None else ()):
        if isinstance(value, bool) or not isinstance(value, int) or not 100 <= value <= 599:  # noqa: PLR2004 - HTTP
            part.inside("status", []).note(f"{show(value)} is not an HTTP status", place)
        else:
            found.add(value)
    return Received(frozenset(found), body.value if body is not None else "")


def scope_of(report: Report, times: TimeFormat) -> Scope:
    """Return what the templates of a callback can read."""
    scope = Scope(report.world, at=report.at or report.step.at, settings=report.settings, times=times)
    scope.message, scope.report = report.message, report
    return scope


def _writer(parts: Parts, times: TimeFormat) -> Callable[[Report], Outgoing]:
    if not parts.jinja:
        return lambda report: _compose(parts, scope_of(report, times))

    def write(report: Report) -> Outgoing:
        scope = scope_of(report, times)
        with spending(Budget()):
            return _compose(parts, scope)

    return write


def _compose(parts: Parts, scope: Scope) -> Outgoing:
    template = str(parts.url.get(scope) or "")
    url = _fill(template, parts.placeholders, scope) if parts.placeholders else template
    if parts.query and url == template:
        query = urlencode(_fields((name, value.get(scope)) for name, value in parts.query), quote_via=quote)
        url = _with_query(url, query)
    headers: dict[str, str] = {}
    body = ""
    if parts.body is not None:
        headers[CONTENT_TYPE] = FORMATS[parts.format]
        body = _encode(parts.body.get(scope), parts.format)
    for name, value in parts.headers:
        headers[CONTENT_TYPE if name.lower() == "content-type" else name] = write_header(name, value.get(scope))
    if parts.signers:
        given = parse_qsl(
            body if parts.format == "form" else url.partition("?")[2].partition("#")[0], keep_blank_values=True
        )
        signed = scope.copy(url=url, method=parts.method, body=body, pairs=sorted(given))
        headers.update({each.header: each.sign(signed) for each in parts.signers})
    return Outgoing(parts.method, url, headers, body)


def _fill(url: str, placeholders: Iterable[tuple[str, Value]], scope: Scope) -> str:
    """Return a URL with the values of its placeholders; one that occurs in such a value stays."""
    found = {mark: value for mark, value in placeholders if mark in url}
    if not found:
        return url
    marks = re.compile("|".join(map(re.escape, sorted(found, key=len, reverse=True))))
    return marks.sub(lambda mark: quote(_text(found[mark[0]].get(scope)), safe=""), url)


def _text(value: object) -> str:
    """Return a value as the text of a field: true and false as in JSON, mappings as JSON."""
    if isinstance(value, bool | Mapping):
        return encode_json(value).decode()
    return "" if value is None else str(value)


def _fields(pairs: Iterable[tuple[str, object]]) -> list[tuple[str, str]]:
    """Return the fields of a form or query; a list becomes one for each item."""
    return [
        (name, _text(each))
        for name, value in pairs
        if value is not OMITTED
        for each in (value if isinstance(value, list) else [value])
    ]


def _encode(value: Any, kind: str) -> str:  # noqa: ANN401 - a body of any kind
    if kind == "form" and isinstance(value, Mapping):
        return urlencode(_fields(value.items()))
    if kind == "json" and isinstance(value, Mapping):
        return encode_json(value).decode()
    return str(encode_body(value))


def _with_query(url: str, query: str) -> str:
    base, mark, fragment = url.partition("#")
    joint = "" if base.endswith(("?", "&")) else "&" if "?" in base else "?"
    return f"{base}{joint}{query}{mark}{fragment}"
