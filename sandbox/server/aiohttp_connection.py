"""aiohttp's connection, changed so that requests it cannot read are refused and recorded as any other.

aiohttp answers what its parser refuses by itself, in its own words and unrecorded. Here such a request, and one whose
end never arrives, gets a number, an entry in the journal and a reason; see `bad_requests`.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from aiohttp import web
from aiohttp.http import HttpVersion10, HttpVersion11, RawRequestMessage
from aiohttp.streams import EMPTY_PAYLOAD, StreamReader
from aiohttp.web_protocol import _ErrInfo

from sandbox.core.errors import StoreError
from sandbox.engine.engine import Engine
from sandbox.pipeline import BODY_LIMIT, Response, unavailable
from sandbox.server.app import PAGE_RULES, head_of, make_response, send
from sandbox.server.bad_requests import (
    PATH_LIMIT,
    PATH_QUOTE_LIMIT,
    UNCOMPRESSED,
    BadRequest,
    BadRequestError,
    CompressionError,
    TooLargeError,
    decompress,
    encode_last,
    incomplete,
    malformed,
    refuse_coding,
    refuse_request,
)
from sandbox.server.request_trace import RequestTrace

CLOSE_DELAY = 1.0  # seconds for a client to read its refusal: closing at once could reset the connection


class Request(web.Request):
    """A request whose body is decompressed here, as aiohttp accepts truncated data."""

    async def read(self) -> bytes:
        """Return the body.

        Raises:
            web.RequestPayloadError: it is not compressed as its headers say.
            web.HTTPRequestEntityTooLarge: it exceeds the limit, as it arrived or decompressed.

        """
        known = self._read_bytes
        body = await super().read()
        coding = coding_of(self)
        if known is not None or coding in UNCOMPRESSED:
            return body
        try:
            self._read_bytes = decompress(body, coding, limit=BODY_LIMIT)
        except CompressionError as error:
            raise web.RequestPayloadError(str(error)) from None
        except TooLargeError:
            raise web.HTTPRequestEntityTooLarge(BODY_LIMIT) from None
        return self._read_bytes


def coding_of(request: web.BaseRequest) -> str:
    """Return the content coding of a request's body, in lower case."""
    return ", ".join(request.headers.getall("Content-Encoding", ())).strip().lower()


def find_problem(request: web.BaseRequest) -> BadRequest | None:
    """Return what is wrong with a request that aiohttp would accept, or refuse in its own words."""
    if request.version not in {HttpVersion10, HttpVersion11}:
        why = "request line: the HTTP version is missing or not supported; it must end in HTTP/1.1"
        return BadRequest(400, why, head_of(request))
    expected = request.headers.get("Expect", "")
    if expected and expected.lower() != "100-continue" and request.version == HttpVersion11:
        why = f"header Expect: {expected[:80]!r} is not supported; only 100-continue is"
        return BadRequest(417, why, head_of(request))
    if len(request.rel_url.raw_path) > PATH_LIMIT:
        head = head_of(request)
        why = f"request line: the path is longer than {PATH_LIMIT} bytes"
        return BadRequest(414, why, head._replace(path=head.path[:PATH_QUOTE_LIMIT]))
    transfer = request.headers.get("Transfer-Encoding", "chunked")
    if transfer.lower() != "chunked":
        why = f"header Transfer-Encoding: {transfer[:80]!r} is not supported; only chunked is"
        return BadRequest(501, why, head_of(request))
    refusal = refuse_coding(coding_of(request)) if request.body_exists else None
    return None if refusal is None else BadRequest(415, refusal, head_of(request))


class Server(web.Server):
    """Makes the connections of a server; `inner` handles their requests."""

    def __init__(self, engine: Engine, app: web.Application, inner: web.Server, **options: Any) -> None:  # noqa: ANN401 - aiohttp's own
        make_request = partial(Request, loop=asyncio.get_running_loop(), client_max_size=BODY_LIMIT)
        super().__init__(self._handle, request_factory=make_request, **options)
        self.engine = engine
        self._pages = app[PAGE_RULES]
        self._inner = inner.request_handler
        self._options = options

    @property
    def open_connections(self) -> "list[Handler]":
        """The open connections."""
        return [each for each in self.connections if isinstance(each, Handler)]

    def __call__(self) -> "Handler":
        """Return the protocol of a new connection."""
        return Handler(self, **self._options)

    async def refuse(self, bad: BadRequest, *, scheme: str) -> Response:
        """Return the reply to a bad request once it may leave; a page may read it if its origin is allowed."""
        request = self._pages.classify(bad.request, scheme=scheme)
        answer, waiting = refuse_request(self.engine, bad._replace(request=request))
        if waiting is not None:
            try:
                await waiting
            except StoreError as error:
                answer = unavailable(str(error))
        return self._pages.allow_reading(request, answer)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer a request that aiohttp could read, or refuse it for another reason."""
        bad = find_problem(request)
        if bad is None:
            if not request.path.startswith("/"):  # `*`, which no route matches
                return await send(request, await self.engine.receive_anywhere(head_of(request)))
            try:
                return await self._inner(request)
            except web.RequestPayloadError as error:
                bad = BadRequest(400, f"body: {error}", head_of(request))
            except BadRequestError as error:
                bad = error.bad
        answer = await self.refuse(bad, scheme=request.scheme)
        if request.version in {HttpVersion10, HttpVersion11}:
            reply = make_response(answer)
            reply.force_close()
            return reply
        transport = request.transport
        if transport is not None:  # aiohttp would answer in the request's own version
            transport.write(encode_last(answer, method=bad.request.method))
            transport.close()
        return web.Response()  # it is not sent


class Runner(web.AppRunner):
    """Runs an application on this server's own connections, which `web_server` makes once the runner is set up."""

    web_server: Server

    def __init__(self, engine: Engine, app: web.Application, *, grace: float) -> None:
        # A GET may name as many recipients as a POST.
        options: dict[str, Any] = {"access_log": None, "auto_decompress": False, "max_line_size": BODY_LIMIT}
        super().__init__(app, shutdown_timeout=grace, **options)
        self._engine = engine
        self._options = options

    async def _make_server(self) -> web.Server:
        inner = await super()._make_server()
        self.web_server = Server(self._engine, self.app, inner, loop=asyncio.get_running_loop(), **self._options)
        return self.web_server


class Handler(web.RequestHandler):
    """One connection. Follows each request, so that one that cannot be read is refused and recorded."""

    __slots__ = ("_body", "_ended", "_refusal", "_server", "_trace")

    def __init__(self, server: Server, **options: Any) -> None:  # noqa: ANN401 - aiohttp's own
        super().__init__(server, **options)
        self._server = server
        self._trace = RequestTrace()
        self._body: StreamReader = EMPTY_PAYLOAD  # of the last request that began
        self._refusal: BadRequest | None = None
        self._ended = self._loop.create_future()  # done when the client sends no more

    @property
    def pending(self) -> object | None:
        """An object that stands for the incomplete request; None if there is none, or its end is not awaited."""
        waiting = not self._body.is_eof() or not (self._messages or self._request_in_progress)
        return self._trace.request if self._trace.is_open and self._refusal is None and waiting else None

    @property
    def received(self) -> int:
        """The number of bytes of that request that have arrived."""
        return self._trace.received

    def data_received(self, data: bytes) -> None:
        """Give each request to aiohttp by itself; see `RequestTrace`."""
        if not data:
            super().data_received(data)
            return
        for piece in self._trace.feed(data):
            if self._refusal is not None:
                return
            super().data_received(piece)
            if not self._messages:
                continue
            last, body = self._messages[-1]
            if isinstance(last, RawRequestMessage):
                self._body = body
            else:
                self._messages.pop()
                self._refuse(malformed(self._trace.raw, self._trace.received, earlier=self._request_count - 1))

    def give_up(self, *, status: int, reason: str) -> None:
        """Refuse the incomplete request."""
        if self.pending is not None:
            self._refuse(incomplete(self._trace.raw, self._trace.received, status=status, reason=reason))

    def _refuse(self, bad: BadRequest) -> None:
        """Refuse the request under way after those before it; it is the connection's last."""
        self._refusal = bad
        if not self._body.is_eof():
            self._body.set_exception(BadRequestError(bad))
            self._body.feed_eof()
            self._close = True
            return
        self._messages.append((_ErrInfo(bad.status, BadRequestError(bad), bad.why), EMPTY_PAYLOAD))
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def eof_received(self) -> bool:  # type: ignore[override]  # aiohttp answers None
        """Refuse a request that ends before it is complete; over TLS nothing can be sent after the end."""
        self._set_ended()
        if self.pending is None or self.ssl_context is not None:
            return False
        self.give_up(status=400, reason="the client closed its side of the connection")
        return True

    def connection_lost(self, exc: BaseException | None) -> None:
        """Release the trace and the body, which refers to the connection."""
        self._set_ended()
        self._trace.close()
        super().connection_lost(exc)
        self._body = EMPTY_PAYLOAD

    def _set_ended(self) -> None:
        if not self._ended.done():
            self._ended.set_result(None)

    def _make_error_handler(self, _: _ErrInfo) -> Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]:
        return self._write_refusal

    async def _write_refusal(self, _: web.BaseRequest) -> web.StreamResponse:
        """Write the refusal, and close once the client has read it."""
        # Only aiohttp finds mistakes after a request for an upgrade.
        bad = self._refusal or malformed(self._trace.raw, self._trace.received, earlier=self._request_count - 1)
        scheme = "http" if self.ssl_context is None else "https"
        answer, transport = await self._server.refuse(bad, scheme=scheme), self.transport
        if transport is not None and not transport.is_closing():
            transport.write(encode_last(answer, method=bad.request.method))
            if transport.can_write_eof() and not self._ended.done():
                transport.write_eof()
                await asyncio.wait([self._ended], timeout=CLOSE_DELAY)
            transport.close()
        return web.Response()  # it is not sent
