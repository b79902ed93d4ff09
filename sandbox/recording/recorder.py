"""Records what goes between an application and its real providers: each request is sent on once, masked and written."""

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple, TypeVar
from urllib.parse import quote

from yarl import URL

from sandbox.core.clock import monotonic, utc_now
from sandbox.core.errors import SandboxError
from sandbox.formats.json_text import encode_json
from sandbox.pipeline import READABLE, WHY_LIMIT
from sandbox.pipeline.respond import report_missing
from sandbox.providers.registry import Registry
from sandbox.recording.ids import ReportedIds
from sandbox.recording.limits import Asked, Limits, Refused, count_messages
from sandbox.recording.masking import CALLBACK, Masker
from sandbox.recording.session import (
    Body,
    Entry,
    Headers,
    RecordedCallback,
    RecordedExchange,
    RecordedReply,
    RecordedRequest,
    Reported,
    SessionWriter,
    read_text,
)
from sandbox.recording.upstream import RawHeaders, Upstream, UpstreamError, UpstreamReply
from sandbox.server.logs import DIGITS, LogLine
from sandbox.specs.body_parsing import Request
from sandbox.specs.routing import Found, Missed, Router, decode_path
from sandbox.specs.types import PROBLEM, problem

Result = TypeVar("Result")

REFUSED, FORBIDDEN, NOT_FOUND, TOO_LARGE = 503, 403, 404, 413
NUMBER_BEGIN = re.compile(r"\+?\d{0,4}", re.ASCII)  # what the log shows of a recipient; always matches
PATH_SHOWN = 200  # characters of a path in the log
OVERSIZE = "body: more than 1 MiB, which the recorder does not pass on"
STOPPED = "the recorder was stopped before the response came; the provider may have handled the request"
CROSS_SITE = "header Sec-Fetch-Site: a web page of another site cannot send through the recorder"


class Incoming(NamedTuple):
    """A request as it arrived: `target` is its path with its query, not decoded. `oversize`: its body was not read."""

    method: str
    target: str
    headers: RawHeaders
    body: bytes
    oversize: bool = False

    @property
    def named(self) -> Mapping[str, str]:
        """The headers by name in lower case."""
        return {name.lower(): value for name, value in as_text(self.headers)}


@dataclass(frozen=True, slots=True)
class Route:
    """Where requests of a provider go, and where its callbacks are passed on to; None: they are answered with 200."""

    upstream: Upstream
    target: Upstream | None = None
    target_url: URL | None = None

    def close(self) -> None:
        """Close the connections of both."""
        self.upstream.close()
        if self.target is not None:
            self.target.close()


def as_text(headers: RawHeaders) -> Headers:
    """Return headers as text; bytes beyond UTF-8 become surrogates."""
    return tuple((name.decode("latin-1"), value.decode("utf-8", "surrogateescape")) for name, value in headers)


def explained(status: int, why: str) -> UpstreamReply:
    """Return a reply of the recorder itself: a problem document with the reason."""
    body = encode_json(problem(status, why))
    reason = quote(why, safe=READABLE)[:WHY_LIMIT].encode()
    headers = (
        (b"Content-Type", PROBLEM.encode()),
        (b"X-Sandbox-Why", reason),
        (b"Content-Length", str(len(body)).encode()),
    )
    return UpstreamReply(status, "", headers, body)


class Begun(NamedTuple):
    """When a request began: on the clock, and in seconds that only pass."""

    at: datetime
    seconds: float

    @property
    def milliseconds(self) -> float:
        """How long ago that is."""
        return (monotonic() - self.seconds) * 1000


class Outcome(NamedTuple):
    """What came of a request; `fault` and `refused` as in `RecordedExchange`."""

    reply: UpstreamReply
    fault: str = ""
    refused: str = ""
    why: str = ""


ACCEPTED = UpstreamReply(200, "OK", ((b"Content-Type", b"text/plain"), (b"Content-Length", b"2")), b"OK")


class Recorder:
    """Sends requests and callbacks on, and writes them; `routes` has the providers that are recorded."""

    def __init__(  # noqa: PLR0913 - each is a part of its own
        self,
        packs: Registry,
        routes: Mapping[str, Route],
        *,
        masker: Masker,
        limits: Limits,
        writer: SessionWriter,
        log: Callable[[LogLine], None],
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self.routes = routes
        self.counts = {"exchange": 0, "callback": 0, "fault": 0, "refused": 0}
        self._router = Router(route for name in routes for route in packs[name].spec.routes)
        self._others = Router(route for name, pack in packs.items() if name not in routes for route in pack.spec.routes)
        self._masker = masker
        self._limits = limits
        self._writer = writer
        self._log = log
        self._now = now
        self._ids = ReportedIds()
        self._last = 0
        self._failure = ""

    async def pass_request(self, incoming: Incoming) -> UpstreamReply:
        """Send a request on to its provider and return the response, or why there is none."""
        return (await self.ask(incoming)).reply

    async def ask(self, incoming: Incoming, *, refusal: Refused | None = None, replays: int = 0) -> Outcome:
        """Send a request on and return what came of it; a `refusal` says why it must not be sent.

        `replays` is the number of the exchange that it repeats.
        """
        begun = Begun(self._now(), monotonic())
        raw_path, _, query = incoming.target.partition("?")
        path = decode_path(raw_path)
        request = Request(incoming.method, path, query, incoming.named, incoming.body)
        found = self._router.find(incoming.method, path)
        if isinstance(found, Missed):
            return Outcome(self._missed(request, found, begun), refused="path")
        operation, explain = found.route.operation, self._unrecorded
        if request.headers.get("sec-fetch-site") == "cross-site":
            reply = explain(operation.name, explained(FORBIDDEN, CROSS_SITE), CROSS_SITE, begun)
            return Outcome(reply, refused="cross-site")
        if self._failure:
            reply = explain(operation.name, explained(REFUSED, self._failure), self._failure, begun)
            return Outcome(reply, refused="file")
        asked = count_messages(found, request) if operation.channel else Asked(0, "")
        upstream = self.routes[operation.provider].upstream
        self._last += 1
        number = self._last

        def finish(outcome: Outcome) -> Outcome:
            entry = self._exchange(found, incoming, outcome, asked=asked, number=number, begun=begun)
            self._write(replace(entry, replays=replays), operation.name, asked.recipient)
            return outcome

        if refusal is None and not incoming.oversize:
            refusal = self._limits.take(operation, asked.messages)
        if incoming.oversize:
            return finish(Outcome(explained(TOO_LARGE, OVERSIZE), refused="too-large", why=OVERSIZE))
        if refusal is not None:
            why = f"not sent on: {refusal.why}"
            return finish(Outcome(explained(REFUSED, why), refused=refusal.limit, why=why))
        target = upstream.url.raw_path.rstrip("/") + incoming.target
        return await _send(upstream, incoming._replace(target=target), finish)

    async def pass_callback(self, provider: str, rest: str, incoming: Incoming) -> UpstreamReply:
        """Pass a callback on to the application and return its answer; `rest` is the path after the provider's name."""
        begun = Begun(self._now(), monotonic())
        name = f"{provider} callback"
        route = self.routes.get(provider)
        if route is None:
            why = f"no provider '{provider}' is recorded; recorded are {', '.join(self.routes)}"
            return self._unrecorded(name, explained(NOT_FOUND, why), why, begun)
        if self._failure:
            return self._unrecorded(name, explained(REFUSED, self._failure), self._failure, begun)
        self._last += 1
        number = self._last

        def finish(outcome: Outcome, *, passed_on: bool = True) -> UpstreamReply:
            entry = self._callback(provider, rest, incoming, outcome, number=number, begun=begun, passed_on=passed_on)
            self._write(entry, name, "")
            return outcome.reply

        if incoming.oversize:
            return finish(Outcome(explained(TOO_LARGE, OVERSIZE), fault="too-large", why=OVERSIZE), passed_on=False)
        if route.target is None or route.target_url is None:
            return finish(Outcome(ACCEPTED), passed_on=False)
        target = _target_of(route.target_url, rest, incoming.target.partition("?")[2])
        return await _send(route.target, incoming._replace(target=target), finish)

    def _exchange(  # noqa: PLR0913 - what an entry has
        self, found: Found, incoming: Incoming, outcome: Outcome, *, asked: Asked, number: int, begun: Begun
    ) -> RecordedExchange:
        operation = found.route.operation
        provider, mask = operation.provider, self._masker
        path, _, query = incoming.target.partition("?")
        sent = RecordedRequest(incoming.method, path, query, as_text(incoming.headers))
        request = mask.request(provider, sent, incoming.body, template=found.route.template)
        reply, reads = outcome.reply, operation.channel is None
        why = mask.sentence(provider, outcome.why)
        if operation.channel is not None and not outcome.fault:
            text, kind = read_text(reply.body, as_text(reply.headers))
            self._ids.add(provider, number, text.text, kind)
        return RecordedExchange(
            number,
            begun.at,
            provider,
            operation.name,
            request,
            _own_reply(reply, why) if why else mask.reply(provider, _head(reply), reply.body, reads=reads),
            begun.milliseconds,
            asked.messages,
            outcome.fault,
            outcome.refused,
            why,
        )

    def _callback(  # noqa: PLR0913 - what an entry has
        self,
        provider: str,
        rest: str,
        incoming: Incoming,
        outcome: Outcome,
        *,
        number: int,
        begun: Begun,
        passed_on: bool,
    ) -> RecordedCallback:
        mask, headers = self._masker, as_text(incoming.headers)
        query = incoming.target.partition("?")[2]
        text, kind = read_text(incoming.body, headers)
        reported = self._ids.find(provider, query, text.text, kind)
        sent = RecordedRequest(incoming.method, rest, query, headers)
        why = mask.sentence(provider, outcome.why)
        reply = outcome.reply if passed_on or outcome.fault else None
        kept = None
        if reply is not None:
            kept = _own_reply(reply, why) if why else mask.reply(provider, _head(reply), reply.body, reads=False)
        return RecordedCallback(
            number,
            begun.at,
            provider,
            mask.request(provider, sent, incoming.body, side=CALLBACK),
            kept,
            begun.milliseconds,
            None if reported is None else Reported(reported[0], mask.value(provider, reported[1])),
            outcome.fault,
            why,
        )

    def _write(self, entry: Entry, name: str, recipient: str) -> None:
        """Write an entry and its line of the log; once that fails, nothing is sent on any more."""
        is_callback = isinstance(entry, RecordedCallback)
        self.counts["callback" if is_callback else "exchange"] += 1
        self.counts["fault"] += bool(entry.fault)
        refused = "" if isinstance(entry, RecordedCallback) else entry.refused
        self.counts["refused"] += bool(refused)
        what = f"recorded as {entry.number}"
        if isinstance(entry, RecordedCallback) and entry.reports is not None:
            what += f", reports {entry.reports.exchange}"
        try:
            self._writer.write(entry)
        except SandboxError as error:
            self._failure = what = f"{error}; nothing is sent on any more"
        status = entry.reply.status if entry.reply else 200
        kind = "callback" if is_callback else "request"
        details = {"why": entry.why} if entry.why else {}
        to = "".join(NUMBER_BEGIN.findall(recipient)[:1]) + "…" if recipient else None
        self._log(LogLine(entry.at, kind, entry.number, name, to, status, entry.ms or 0.0, what, details))

    def _missed(self, request: Request, missed: Missed, begun: Begun) -> UpstreamReply:
        """Return the reply to a path or method that no recorded provider has."""
        other = self._others.find(request.method, request.path)
        if isinstance(other, Found):
            provider = other.route.operation.provider
            why = f"{provider} is not recorded; name its address: sms-sandbox record {provider}=https://…"
            return self._unrecorded(other.route.operation.name, explained(NOT_FOUND, why), why, begun)
        reply, shape = report_missing(request, missed)
        answer = explained(reply.status, reply.why[0])
        allowed = tuple((name.encode(), str(value).encode()) for name, value in shape.headers.items())
        name = f"{request.method} {DIGITS.sub('…', request.path[:PATH_SHOWN])}"
        why = DIGITS.sub("…", reply.why[0])
        return self._unrecorded(name, answer._replace(headers=(*answer.headers, *allowed)), why, begun)

    def _unrecorded(self, name: str, reply: UpstreamReply, why: str, begun: Begun) -> UpstreamReply:
        """Return a reply to a request that is not kept; the log has it."""
        ms = begun.milliseconds
        self._log(LogLine(begun.at, "request", 0, name, None, reply.status, ms, "not recorded", {"why": why}))
        return reply


async def _send(upstream: Upstream, incoming: Incoming, finish: Callable[[Outcome], Result]) -> Result:
    """Send a request on once; return what `finish` makes of the outcome, which it also gets if the recorder stops."""
    try:
        outcome = Outcome(await upstream.send(incoming.method, incoming.target, incoming.headers, incoming.body))
    except UpstreamError as error:
        outcome = Outcome(explained(error.status, str(error)), fault=error.kind, why=str(error))
    except asyncio.CancelledError:
        finish(Outcome(explained(REFUSED, STOPPED), fault="stopped", why=STOPPED))
        raise
    return finish(outcome)


def _head(reply: UpstreamReply) -> RecordedReply:
    return RecordedReply(reply.status, as_text(reply.headers))


def _own_reply(reply: UpstreamReply, why: str) -> RecordedReply:
    """Return a reply of the recorder itself as it may be written: with the masked reason."""
    own = explained(reply.status, why)
    return RecordedReply(own.status, as_text(own.headers), Body(own.body.decode()))


def _target_of(url: URL, rest: str, query: str) -> str:
    """Return the path and query of a callback at the application: those of the target, then those of the callback."""
    path = url.raw_path + ("/" if rest and not url.raw_path.endswith("/") else "") + rest
    return "?".join(filter(None, (path, "&".join(filter(None, (url.raw_query_string, query))))))
