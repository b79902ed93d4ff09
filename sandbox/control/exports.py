"""Exports: all that a list has, oldest first, as one file that is streamed.

An export has what there was when it began. It is written in short turns of the loop, so that requests that arrive
meanwhile are not held up, and at the pace of the client. A reset breaks it off: half a file must not look like a whole
one.

Messages are CSV or JSON Lines, requests HAR 1.2 (HTTP Archive). CSV follows RFC 4180. A spreadsheet would compute a
cell such as `=1+1` or `@SUM(1)`, so it gets an apostrophe in front; a phone number such as +38761444555 stays as it is.
"""

import asyncio
import csv
import io
import json
import re
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Generic, TypeVar
from urllib.parse import quote

from aiohttp import web

from sandbox import __version__
from sandbox.control.call import ControlCall
from sandbox.control.lists import ChangeWaiter, Collection, Filter, Object
from sandbox.control.problems import Mistake, ProblemError
from sandbox.core.clock import format_time, monotonic, utc_now
from sandbox.core.errors import SandboxError
from sandbox.core.journal import BODY_LIMIT, RequestRecord
from sandbox.core.message import Message
from sandbox.specs.body_parsing import UnreadableError, pairs

Item = TypeVar("Item")

TURN = 0.0005  # seconds of work before other tasks on the loop get their turn
PIECE = 64 * 1024  # characters that are sent at once, at least
PAGES = ("wait", "limit", "cursor")  # the parameters of a page, which an export has none of


@dataclass(frozen=True, slots=True)
class FileFormat(Generic[Item]):
    """How a file is written: what comes before, between and after its items, and each item."""

    suffix: str
    content_type: str
    write: Callable[[Item], str]
    head: str = ""
    separator: str = ""
    tail: str = ""


async def send_export(call: ControlCall, collection: Collection[Item], form: FileFormat[Item]) -> web.StreamResponse:
    """Reply with a file of every item that passes the filters.

    Raises:
        ProblemError: 400, the query selects a page.

    """
    if given := [name for name in PAGES if name in call.query.values]:
        problem = f"cannot be combined with format={form.suffix}, which exports all that match"
        raise ProblemError(400, [Mistake(f"/{name}", f"{name} {problem}") for name in given])
    keep, now = collection.selected_by(call), utc_now()
    items = iter(collection.items.copy().values())  # of now, oldest first; the copy takes a millisecond per 100,000
    response = web.StreamResponse(
        headers={
            "Content-Type": form.content_type,
            "Content-Disposition": _disposition(call.workspace.name, collection.noun, now, form.suffix),
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        }
    )
    with ChangeWaiter(call.server.waits, call.world, lambda _: False) as waiter:
        pieces = _pieces(items, keep, form)
        first = await anext(pieces)  # an error before the first byte is answered as one
        waiter.check()
        await response.prepare(call.request)
        if call.request.method == "HEAD":
            return response
        try:
            await _write(call, response, first)
            async for piece in pieces:
                waiter.check()
                await _write(call, response, piece)
            await response.write_eof()
        except (ConnectionError, SandboxError):  # the client has gone, or the rest must not follow
            if call.request.transport is not None:
                call.request.transport.abort()
    return response


async def _pieces(items: Iterator[Item], keep: Filter[Item], form: FileFormat[Item]) -> AsyncIterator[str]:
    """Yield the text of a file in pieces."""
    texts, size, separator = [form.head], len(form.head), ""
    until = monotonic() + TURN
    for item in items:
        if keep(item):
            text = separator + form.write(item)
            separator = form.separator
            texts.append(text)
            size += len(text)
        if size >= PIECE:
            yield "".join(texts)
            texts, size = [], 0
        if monotonic() >= until:
            await asyncio.sleep(0)
            until = monotonic() + TURN
    yield "".join((*texts, form.tail))


async def _write(call: ControlCall, response: web.StreamResponse, text: str) -> None:
    if (stored := call.workspace.gate.latest()) is not None:
        await asyncio.shield(stored)  # what a file tells is in the store
    await response.write(text.encode("utf-8", "replace"))  # a header may contain a lone surrogate


def _disposition(workspace: str, noun: str, now: datetime, suffix: str) -> str:
    return f'attachment; filename="sms-sandbox-{workspace}-{noun}s-{now:%Y%m%dT%H%M%SZ}.{suffix}"'


COLUMNS = (
    "id",
    "direction",
    "provider",
    "operation",
    "channel",
    "account",
    "from",
    "to",
    "text",
    "opt",
    "code",
    "encoding",
    "segments",
    "status",
    "provider_status",
    "status_at",
    "rule",
    "request",
    "accepted_at",
    "scheduled_for",
    "callback_state",
    "trace_id",
)
FORMULA = re.compile(r"[\s\"']*[=+\-@＝＋－＠]|[\t\r\n]")  # noqa: RUF001 - as spreadsheets take them, too
SAFE = "/:@!$&'()*+,;=~"  # characters that a path contains as they are
CUT = f"The sandbox keeps the first {BODY_LIMIT} bytes of a body."
PHONE_NUMBER = re.compile(r"\+\d+", re.ASCII)

Show = Callable[[Message], Object]


def message_formats(show: Show) -> Mapping[str, FileFormat[Message]]:
    """Return the formats of messages by name; `show` returns a message as the API shows it."""
    return {
        "csv": FileFormat(
            "csv",
            "text/csv; charset=utf-8; header=present",
            lambda message: csv_line(_row(message, show(message))),
            head=csv_line(COLUMNS),
        ),
        "jsonl": FileFormat("jsonl", "application/jsonl; charset=utf-8", lambda each: _json(show(each)) + "\n"),
    }


def _row(message: Message, shown: Object) -> tuple[object, ...]:
    shown["status_at"] = format_time(message.status_at)
    shown["trace_id"] = message.trace.trace_id if message.trace else None
    return tuple(shown[name] for name in COLUMNS)


def csv_line(cells: Iterable[object]) -> str:
    """Return a line of CSV with its line break."""
    line = io.StringIO()
    csv.writer(line).writerow([_inert(each) if isinstance(each, str) else each for each in cells])
    return line.getvalue()


def _inert(text: str) -> str:
    """Return the text of a cell that no spreadsheet computes."""
    return f"'{text}" if FORMULA.match(text) and not PHONE_NUMBER.fullmatch(text) else text


def har_format(
    host: str, domains: Iterable[str], mask: Callable[[RequestRecord], RequestRecord]
) -> FileFormat[RequestRecord]:
    """Return the format of requests.

    Args:
        host: the host of requests that named none.
        domains: host names of providers, which are reached by HTTPS; the journal does not say how a request came.
        mask: returns a request without credentials.

    """
    creator = _json({"name": "sms-sandbox", "version": __version__})
    secure = frozenset(domains)
    return FileFormat(
        "har",
        "application/har+json; charset=utf-8",
        lambda record: _json(har_entry(mask(record), host, secure)),
        head=f'{{"log":{{"version":"1.2","creator":{creator},"pages":[],"entries":[\n',
        separator=",\n",
        tail="\n]}}\n",
    )


def har_entry(record: RequestRecord, host: str, secure: frozenset[str]) -> Object:
    """Return a request as an entry of a HAR file.

    Names that begin with an underscore are ours, as the format allows. A body that the journal has cut says so in its
    comment; a body size is that of the whole body.
    """
    named = {name.lower(): value for name, value in record.headers.items()}
    host = named.get("host") or host
    scheme = "https" if host.lower() in secure else "http"
    query = f"?{record.query}" if record.query else ""
    comment = "; ".join(record.why)
    return {
        "startedDateTime": format_time(record.at),
        "time": round(record.ms, 3),
        "request": {
            "method": record.method,
            "url": f"{scheme}://{host}{_path(record.path)}{query}",
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": _pairs(record.headers.items()),
            "queryString": _fields(record.query),
            "headersSize": -1,
            "bodySize": record.body_size,
            **({"postData": _posted(record, named)} if record.body else {}),
        },
        "response": {
            "status": record.status,
            "statusText": _phrase(record.status),
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": _pairs(record.reply_headers.items()),
            "content": _content(record),
            "redirectURL": "",
            "headersSize": -1,
            "bodySize": -1 if len(record.reply_body) >= BODY_LIMIT else len(record.reply_body),
        },
        "cache": {},
        "timings": {"send": 0, "wait": round(record.ms, 3), "receive": 0},
        **({"comment": comment} if comment else {}),
        "_request": record.id,
        "_provider": record.provider,
        "_operation": record.operation,
        "_refused": record.refused,
        "_rule": record.rule,
        "_messages": [*record.messages],
    }


def _path(path: str) -> str:
    """Return a path as it is written in a URL; the journal decodes it, unless a step of it contains a slash."""
    return quote(path, safe=f"{SAFE}%" if "%2f" in path.lower() else SAFE)


def _posted(record: RequestRecord, headers: Mapping[str, str]) -> Object:
    shown: Object = {
        "mimeType": headers.get("content-type", "application/octet-stream"),
        "text": record.body.decode("utf-8", "replace"),
    }
    return {**shown, "comment": CUT} if len(record.body) < record.body_size else shown


def _content(record: RequestRecord) -> Object:
    body, is_cut = record.reply_body, len(record.reply_body) >= BODY_LIMIT
    headers = {name.lower(): value for name, value in record.reply_headers.items()}
    shown: Object = {"size": len(body), "mimeType": headers.get("content-type", "x-unknown")}
    try:
        text: Object = {"text": body.decode("utf-8", "ignore" if is_cut else "strict")}
    except UnicodeDecodeError:
        text = {"text": b64encode(body).decode(), "encoding": "base64"}
    return {**shown, **text, **({"comment": CUT} if is_cut else {})}


def _phrase(status: int) -> str:
    """Return the reason phrase of a status; none for 0, which says that no reply was sent."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _fields(query: str) -> list[Object]:
    try:
        return _pairs(pairs(query))
    except UnreadableError:
        return []


def _pairs(found: Iterable[tuple[str, str]]) -> list[Object]:
    return [{"name": name, "value": value} for name, value in found]


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
