"""The session file: JSON Lines. The first line says what it is, each other line is an exchange or a callback.

```
{"sms_sandbox_session": 1, "version": "0.2.0", "at": "…", "source": "record", "upstreams": {…}, "masked": […]}
{"exchange": {"number": 1, "at": "…", "ms": 84.2, "provider": "ubill", "operation": "ubill.sms.send", …}}
{"callback": {"number": 2, "at": "…", "ms": 3.1, "provider": "ubill", "reports": {"exchange": 1, "id": "100"}, …}}
```

Each line is written at once and whole, so that a recording which is killed leaves a file that can be read. Numbers
count exchanges and callbacks together in the order in which they began; lines are in the order in which they ended.
"""

import json
import os
import re
import zlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal, NamedTuple, Self

from sandbox.core.errors import SandboxError, exists_already

FORMAT = 1  # the version of the file
MARK = "sms_sandbox_session"

Source = Literal["record", "har", "wiremock", "replay"]
Headers = tuple[tuple[str, str], ...]


def media_of(headers: Headers) -> str:
    """Return the media type of a body as it was sent, empty if there is none."""
    return next((value for name, value in headers if name.lower() == "content-type"), "")


class Body(NamedTuple):
    """A body as text. `coding`: it came compressed so. `withheld`: why it is not in the file, and `text` is empty."""

    text: str
    coding: str = ""
    withheld: str = ""


NO_BODY = Body("")


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """A request: path and query as they were sent, headers in their order and case."""

    method: str
    path: str
    query: str
    headers: Headers
    body: Body = NO_BODY


@dataclass(frozen=True, slots=True)
class RecordedReply:
    """A reply; header names in their order and case."""

    status: int
    headers: Headers
    body: Body = NO_BODY


@dataclass(frozen=True, slots=True)
class RecordedExchange:
    """A request to a provider and what came of it: a reply of the provider, a `fault`, or a refusal of the recorder.

    `ms` is None if it is not known, `messages` the number of messages that the request asks for. `refused` says which
    limit the request exceeded: only, max, budget; or, in a replay, what the request lacks: credential, recipient, id,
    body, recorded. `why` is the reason of a fault or a refusal in words; `reply` is then the recorder's own. `replays`
    is the number of the exchange of another session that this one repeats.
    """

    number: int
    at: datetime
    provider: str
    operation: str
    request: RecordedRequest
    reply: RecordedReply | None
    ms: float | None = None
    messages: int = 0
    fault: str = ""
    refused: str = ""
    why: str = ""
    replays: int = 0


class Reported(NamedTuple):
    """The message that a callback is about: the number of the exchange that sent it, and its id at the provider."""

    exchange: int
    id: str


@dataclass(frozen=True, slots=True)
class RecordedCallback:
    """A call of a provider, and the answer of the application; None if it had no target.

    `reports` is None if the callback names no message of the session. `path` and `query` of its request are what comes
    after the recorder's own address.
    """

    number: int
    at: datetime
    provider: str
    request: RecordedRequest
    reply: RecordedReply | None
    ms: float | None = None
    reports: Reported | None = None
    fault: str = ""
    why: str = ""


Entry = RecordedExchange | RecordedCallback


@dataclass(frozen=True, slots=True)
class SessionHeader:
    """What a session says about itself; `upstreams` has the address of each provider, `masked` what was replaced."""

    at: datetime
    version: str
    source: Source
    upstreams: Mapping[str, str] = field(default_factory=dict)
    masked: tuple[str, ...] = ()


class SessionWriter:
    """Writes a new session."""

    def __init__(self, path: Path, header: SessionHeader) -> None:
        """Create the file, for its owner alone.

        Raises:
            SandboxError: it exists already, or cannot be written.

        """
        self.path = path
        self._failed = ""
        try:
            self.descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        except FileExistsError:
            raise SandboxError(exists_already(path, "--out")) from None
        except OSError as error:
            message = f"cannot write {path}: {error.strerror}"
            raise SandboxError(message) from None
        self._write(header_to_json(header))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def write(self, entry: Entry) -> None:
        """Append an exchange or a callback.

        Raises:
            SandboxError: the file cannot be written, now or since an earlier line.

        """
        self._write(entry_to_json(entry))

    def _write(self, value: Mapping[str, object]) -> None:
        if self._failed:
            raise SandboxError(self._failed)
        line = json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n"
        data = memoryview(line.encode("utf-8", "backslashreplace"))
        begin = os.lseek(self.descriptor, 0, os.SEEK_END)
        try:
            while data:
                data = data[os.write(self.descriptor, data) :]
        except OSError as error:
            with suppress(OSError):
                os.ftruncate(self.descriptor, begin)  # a part of a line would make the file unreadable
            self._failed = f"cannot write {self.path}: {error.strerror}"
            raise SandboxError(self._failed) from None

    def close(self) -> None:
        """Close the file."""
        os.close(self.descriptor)


def header_to_json(header: SessionHeader) -> dict[str, object]:
    """Return the first line of a session."""
    return {
        MARK: FORMAT,
        "version": header.version,
        "at": header.at.isoformat(),
        "source": header.source,
        "upstreams": dict(header.upstreams),
        "masked": list(header.masked),
    }


def entry_to_json(entry: Entry) -> dict[str, object]:
    """Return the line of an exchange or a callback; what is empty is left out."""
    shown: dict[str, object] = {
        "number": entry.number,
        "at": entry.at.isoformat(),
        "ms": None if entry.ms is None else round(entry.ms, 3),
        "provider": entry.provider,
    }
    if isinstance(entry, RecordedExchange):
        shown |= {"operation": entry.operation, "messages": entry.messages, "refused": entry.refused}
        shown |= {"replays": entry.replays}
    elif entry.reports is not None:
        shown |= {"reports": entry.reports._asdict()}
    shown |= {"fault": entry.fault, "why": entry.why, "request": _request_to_json(entry.request)}
    if entry.reply is not None:
        reply = entry.reply
        shown["reply"] = {"status": reply.status, "headers": _pairs(reply.headers), **_body_to_json(reply.body)}
    kind = "exchange" if isinstance(entry, RecordedExchange) else "callback"
    empty = {"messages": 0, "replays": 0}
    return {
        kind: {name: value for name, value in shown.items() if value not in ("", None) and value != empty.get(name)}
    }


def _request_to_json(request: RecordedRequest) -> dict[str, object]:
    return {
        "method": request.method,
        "path": request.path,
        "query": request.query,
        "headers": _pairs(request.headers),
        **_body_to_json(request.body),
    }


def _pairs(headers: Headers) -> list[list[str]]:
    return [list(each) for each in headers]


def _body_to_json(body: Body) -> dict[str, str]:
    facts = {"body": body.text, "coding": body.coding, "withheld": body.withheld}
    return {name: value for name, value in facts.items() if value}


UNPACKED_LIMIT = 16 * 1024 * 1024  # bytes
GZIP_OR_ZLIB = 47  # zlib's word for both formats
CHARSET = re.compile(r"charset=\"?([\w.:-]+)", re.IGNORECASE)
UNCODED = frozenset({"", "identity"})
GZIP = frozenset({"gzip", "x-gzip", "deflate"})


def read_text(body: bytes, headers: Headers) -> tuple[Body, str]:
    """Return a body as text, and its media type; `withheld` says why it cannot be read."""
    named = {name.lower(): value for name, value in headers}
    kind = named.get("content-type", "").lower()
    if not body:
        return NO_BODY, kind
    coding = named.get("content-encoding", "").strip().lower()
    if coding in GZIP:
        try:
            unpacker = zlib.decompressobj(GZIP_OR_ZLIB)
            body = unpacker.decompress(body, UNPACKED_LIMIT)
        except zlib.error as error:
            return Body("", coding, f"it is not {coding}: {error}"), kind
        if not unpacker.eof:
            return Body("", coding, f"it is cut off, or has more than {UNPACKED_LIMIT >> 20} MB unpacked"), kind
    elif coding not in UNCODED:
        return Body("", coding, f"what is packed as {coding} cannot be masked"), kind
    given = CHARSET.search(kind)
    for charset in ("utf-8", *([given[1]] if given else ()), "latin-1"):
        try:
            return Body(body.decode(charset), "" if coding in UNCODED else coding), kind
        except (UnicodeDecodeError, LookupError):
            continue
    return Body("", coding, "it is not text"), kind
