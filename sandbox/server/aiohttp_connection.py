"""The web server's side of a connection: aiohttp's, with our words for what it cannot read.

aiohttp answers what its parser refuses by itself, in words of the library, and nobody hears of it. Here such a request
gets a number, an entry in the journal and a reason, as any other does; so does one whose end never comes.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import HttpVersion10, HttpVersion11, RawRequestMessage
from aiohttp.streams import EMPTY_PAYLOAD, StreamReader
from aiohttp.web_protocol import _ErrInfo

from sandbox.engine.engine import Engine
from sandbox.pipeline import BODY_ACCEPTED
from sandbox.server.app import head_of, response
from sandbox.server.content_coding import PLAIN, CompressionError, LargeError, decompress, refuse_coding
from sandbox.server.http_refusals import Flaw, FlawError, last_bytes, refused, unfinished, unreadable
from sandbox.server.request_trace import Trace

LINGER = 1.0  # seconds in which a client may read its refusal and close: a close at once could reset the connection


class Request(web.Request):
    """A request whose body is decompressed here: aiohttp takes one that is cut short."""

    async def read(self) -> bytes:
        """Return the body.

        Raises:
            web.RequestPayloadError: it is not compressed as its headers say.
            web.HTTPRequestEntityTooLarge: it is larger than is taken, as it came or decompressed.

        """
        known = self._read_bytes
        body = await super().read()
        coding = coding_of(self)
        if known is not None or coding in PLAIN:
            return body
        try:
            self._read_bytes = decompress(body, coding, limit=BODY_ACCEPTED)
        except CompressionError as error:
            raise web.RequestPayloadError(str(error)) from None
        except LargeError:
            raise web.HTTPRequestEntityTooLarge(BODY_ACCEPTED) from None
        return self._read_bytes


def coding_of(request: web.BaseRequest) -> str:
    """Return the content coding of a request's body, in lower case."""
    return ", ".join(request.headers.getall("Content-Encoding", ())).strip().lower()


def object_to(request: web.BaseRequest) -> Flaw | None:
    """Return what is wrong with a request that aiohttp would take, or refuse in its own words."""
    if request.version not in {HttpVersion10, HttpVersion11}:
        why = "request line: the HTTP version is missing or not supported; it must end in HTTP/1.1"
        return Flaw(400, why, head_of(request))
    expected = request.headers.get("Expect", "")
    if expected and expected.lower() != "100-continue" and request.version == HttpVersion11:
        why = f"header Expect: {expected[:80]!r} is not supported; only 100-continue is"
        return Flaw(417, why, head_of(request))
    unread = refuse_coding(coding_of(request)) if request.body_exists else None
    return None if unread is None else Flaw(415, unread, head_of(request))


class Server(web.Server):
    """Makes the connections of a server that `inner` describes."""

    def __init__(self, engine: Engine, inner: web.Server, **options: Any) -> None:  # noqa: ANN401 - aiohttp's own
        super().__init__(self._handle, request_factory=self._make, **options)
        self.engine = engine
        self._inner = inner.request_handler
        self._options = options

    @property
    def open_connections(self) -> "list[Handler]":
        """The connections that there are."""
        return [each for each in self.connections if isinstance(each, Handler)]

    def __call__(self) -> "Handler":
        """Return the protocol of a new connection."""
        return Handler(self, self.engine, **self._options)

    def _make(
        self,
        message: RawRequestMessage,
        payload: StreamReader,
        protocol: web.RequestHandler,
        writer: AbstractStreamWriter,
        task: "asyncio.Task[None]",
    ) -> web.BaseRequest:
        loop = asyncio.get_running_loop()
        return Request(message, payload, protocol, writer, task, loop, client_max_size=BODY_ACCEPTED)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer a request that aiohttp could read, unless it is to be refused all the same."""
        flaw = object_to(request)
        if flaw is None:
            if not request.path.startswith("/"):  # `*`, which no route takes
                return response(self.engine.receive(head_of(request))[1])
            try:
                return await self._inner(request)
            except web.RequestPayloadError as error:
                flaw = Flaw(400, f"body: {error}", head_of(request))
            except FlawError as error:
                flaw = error.flaw
        answer = refused(self.engine, flaw)
        if request.version in {HttpVersion10, HttpVersion11}:
            reply = response(answer)
            reply.force_close()
            return reply
        transport = request.transport
        if transport is not None:  # aiohttp would answer in the version that the request does not have
            transport.write(last_bytes(answer, method=flaw.request.method))
            transport.close()
        return web.Response()  # it goes nowhere


class Handler(web.RequestHandler):
    """One connection. Each request is followed, so that one that cannot be read can be told of."""

    __slots__ = ("_body", "_engine", "_flaw", "_over", "_trace")

    def __init__(self, server: web.Server, engine: Engine, **options: Any) -> None:  # noqa: ANN401 - aiohttp's own
        super().__init__(server, **options)
        self._engine = engine
        self._trace = Trace()
        self._body: StreamReader = EMPTY_PAYLOAD  # of the last request that came
        self._flaw: Flaw | None = None
        self._over = self._loop.create_future()  # the client will send no more

    @property
    def mark(self) -> object | None:
        """What stands for the request that is not complete; None where none is, or where its end is not awaited."""
        waiting = not self._body.is_eof() or not (self._messages or self._request_in_progress)
        return self._trace.mark if self._trace.is_open and self._flaw is None and waiting else None

    @property
    def size(self) -> int:
        """How many bytes of it came."""
        return self._trace.size

    def data_received(self, data: bytes) -> None:
        """Give each request to aiohttp by itself, which else drops what stands before a mistake."""
        if not data:
            super().data_received(data)
            return
        for piece in self._trace.feed(data):
            if self._flaw is not None:
                return
            super().data_received(piece.data)
            if not self._messages:
                continue
            last, body = self._messages[-1]
            if isinstance(last, RawRequestMessage):
                self._body = body
            else:
                self._messages.pop()
                self._refuse(unreadable(piece.raw, before=self._request_count - 1))

    def give_up(self, *, status: int, reason: str) -> None:
        """Refuse the request whose end does not come."""
        if self.mark is not None:
            self._refuse(unfinished(self._trace.raw, self._trace.size, status=status, reason=reason))

    def _refuse(self, flaw: Flaw) -> None:
        """Refuse the request under way, in its turn; it is the connection's last."""
        self._flaw = flaw
        if not self._body.is_eof():
            self._body.set_exception(FlawError(flaw))
            self._body.feed_eof()
            self._close = True
            return
        self._messages.append((_ErrInfo(flaw.status, FlawError(flaw), flaw.why), EMPTY_PAYLOAD))
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def eof_received(self) -> bool:  # type: ignore[override]  # aiohttp answers None
        """Answer a request that ends before it is complete; TLS cannot answer after the end."""
        self._end()
        if self.mark is None or self.ssl_context is not None:
            return False
        self.give_up(status=400, reason="the client closed its side of the connection")
        return True

    def connection_lost(self, exc: BaseException | None) -> None:
        """Follow no more."""
        self._end()
        self._trace.close()
        super().connection_lost(exc)

    def _end(self) -> None:
        if not self._over.done():
            self._over.set_result(None)

    def _make_error_handler(self, _: _ErrInfo) -> Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]:
        return self._turn_away

    async def _turn_away(self, _: web.BaseRequest) -> web.StreamResponse:
        """Write the refusal, and close once the client has read it."""
        # aiohttp alone finds what is wrong behind a request for an upgrade.
        flaw = self._flaw or unreadable(self._trace.raw, before=self._request_count - 1)
        answer, transport = refused(self._engine, flaw), self.transport
        if transport is not None and not transport.is_closing():
            transport.write(last_bytes(answer, method=flaw.request.method))
            if transport.can_write_eof() and not self._over.done():
                transport.write_eof()
                await asyncio.wait([self._over], timeout=LINGER)
            transport.close()
        return web.Response()  # it goes nowhere


class Runner(web.AppRunner):
    """Runs an application on connections of ours."""

    def __init__(self, engine: Engine, app: web.Application, *, grace: float) -> None:
        # A GET may name as many recipients as a POST.
        options: dict[str, Any] = {"access_log": None, "auto_decompress": False, "max_line_size": BODY_ACCEPTED}
        super().__init__(app, shutdown_timeout=grace, **options)
        self._engine = engine
        self._own = options

    async def _make_server(self) -> web.Server:
        return Server(self._engine, await super()._make_server(), loop=asyncio.get_running_loop(), **self._own)

    @property
    def web_server(self) -> Server:
        """What makes the connections; the runner must be set up."""
        if not isinstance(self.server, Server):
            message = "the runner is not set up"
            raise TypeError(message)
        return self.server
