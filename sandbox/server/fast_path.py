"""The short way of a plain request: read, handled and answered right on its connection.

Nearly all that a provider is sent is a GET or POST of one of its fixed paths, whole within a few kilobytes. Such a
request is answered in the same turn of the loop in which its last byte came. Any other (an unusual path, a body that is
chunked, compressed or large, `Expect`, HTTP/1.0, a second request behind the first, what cannot be read) is the web
server's, which gets the connection for good, with every byte that has come. A test holds the two ways together.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Protocol, cast

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser

from sandbox.engine.engine import Engine
from sandbox.engine.workspace import Workspace
from sandbox.pipeline import Answer
from sandbox.server.response_writer import is_plain, pause, put, whole
from sandbox.specs.body_parsing import Request

METHODS = {b"GET": "GET", b"POST": "POST"}
LIMIT = 64 * 1024  # bytes of a request
HEADERS = 64  # how many a plain request has at most
LONGEST = 4096  # bytes of its target, and of each header with its name
# Headers by which a request asks for more than its reply, or comes from a web page.
UNUSUAL = frozenset({"connection", "content-encoding", "expect", "origin", "transfer-encoding", "upgrade"})


FAILED = Answer(
    500,
    {"Content-Type": "text/plain; charset=utf-8", "Connection": "close"},
    b"500 Internal Server Error\n\nServer got itself in trouble",
)


class Web(Protocol):
    """The web server's side of a connection."""

    def connection_made(self, transport: asyncio.BaseTransport, /) -> None:
        """Take the connection."""

    def data_received(self, data: bytes, /) -> None:
        """Take bytes."""

    def eof_received(self) -> bool | None:
        """Take the end of what the client sends."""

    def give_up(self, *, status: int, reason: str) -> None:
        """Refuse the request whose end does not come."""


class FastPath:
    """What the connections of one port share; call it for a new one. `web` makes the web server's side of one."""

    def __init__(self, engine: Engine, web: Callable[[], Web]) -> None:
        self.engine = engine
        self.web = web
        self.paths = {path.encode(): path for path in engine.router.paths if path.isascii()}
        self.connections: set[Connection] = set()

    def __call__(self) -> "Connection":
        """Return the protocol of a new connection."""
        return Connection(self)

    async def close(self, grace: float) -> None:
        """Close the connections that the web server was not given, idle ones at once; others have `grace` seconds."""
        under_way = [connection.task for connection in self.connections if connection.task is not None]
        for connection in [*self.connections]:
            if connection.task is None:
                connection.close()
        if under_way:
            await asyncio.wait(under_way, timeout=grace)
        for connection in [*self.connections]:
            connection.close()


class Connection(asyncio.Protocol):
    """One connection, until it is the web server's. What httptools finds in a request is gathered, then judged."""

    _transport: asyncio.Transport

    def __init__(self, express: FastPath) -> None:
        self._express = express
        self._parser = HttpRequestParser(self)
        self._early = b""  # what came before the reply to what came before it
        self._writable = True
        self.task: asyncio.Task[None] | None = None  # of a reply that a scenario keeps back or breaks
        self._forget()

    def _forget(self) -> None:
        """Make ready for the next request."""
        self._came = b""
        self._begun = 0
        self._complete = False
        self._target = b""
        self._headers: dict[str, str] = {}
        self._plain = True
        self._body = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport; the system sees to it that a connection without a client ends."""
        self._transport = cast("asyncio.Transport", transport)
        own = transport.get_extra_info("socket")
        if own is not None:
            own.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self._express.connections.add(self)

    def connection_lost(self, _: Exception | None) -> None:
        """Give up the reply that nobody waits for any more."""
        self._let_go()
        if self.task is not None:
            self.task.cancel()

    @property
    def mark(self) -> object | None:
        """What stands for the request that is not complete, or that is awaited; None while one is answered."""
        return self._headers if self.task is None and self._writable else None

    @property
    def size(self) -> int:
        """How many bytes of it came."""
        return len(self._came)

    def give_up(self, *, status: int, reason: str) -> None:
        """Have the web server refuse the request whose end does not come."""
        self._hand_over().give_up(status=status, reason=reason)

    def eof_received(self) -> bool | None:
        """Have the web server answer a request that ends before it is complete."""
        return self._hand_over().eof_received() if self._came else None

    def close(self) -> None:
        """Close the connection."""
        self._transport.close()

    def pause_writing(self) -> None:
        """Take no more from a client that does not read its replies."""
        self._writable = False
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        """Go on."""
        self._writable = True
        self._go_on()

    def data_received(self, data: bytes) -> None:
        """Read on; answer a request that is whole and plain, or give the connection away."""
        if self.task is not None or not self._writable:
            self._early += data
            if len(self._early) > LIMIT:
                self._transport.pause_reading()
            return
        self._came += data
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade):
            self._plain = False
        if self._begun > 1 or not self._plain or len(self._came) > LIMIT:
            self._hand_over()
        elif self._complete:
            self._answer()

    def on_message_begin(self) -> None:
        """Hear that a request begins."""
        self._begun += 1

    def on_url(self, url: bytes) -> None:
        """Take the target; it comes in pieces where it does so from the network."""
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header."""
        key = name.decode("latin-1").lower()
        if key in UNUSUAL or key in self._headers or len(name) + len(value) > LONGEST:
            self._plain = self._plain and key == "connection" and value.lower() == b"keep-alive"
        self._headers[key] = value.decode("utf-8", "replace").strip(" \t")

    def on_headers_complete(self) -> None:
        """See whether the request is a plain one, before its body has come."""
        target, parser = self._target, self._parser
        self._plain = (
            self._plain
            and target.partition(b"?")[0] in self._express.paths
            and len(target) <= LONGEST
            and target.isascii()
            and b"#" not in target
            and parser.get_method() in METHODS
            and parser.get_http_version() == "1.1"
            and "host" in self._headers
            and len(self._headers) <= HEADERS
        )

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        self._body += body

    def on_message_complete(self) -> None:
        """Hear that a request is whole."""
        self._complete = True

    def _let_go(self) -> None:
        """Be done with the connection; the parser holds what it calls, so the two would wait for a collection."""
        self._express.connections.discard(self)
        del self._parser

    def _hand_over(self) -> Web:
        """Give the connection to the web server, with all that has come of a request nobody has handled."""
        self._let_go()
        protocol = self._express.web()
        self._transport.set_protocol(cast("asyncio.Protocol", protocol))
        protocol.connection_made(self._transport)
        protocol.data_received(self._came)
        return protocol

    def _answer(self) -> None:
        path, _, query = self._target.partition(b"?")
        method = METHODS[self._parser.get_method()]
        request = Request(method, self._express.paths[path], query.decode(), self._headers, self._body)
        self._forget()
        try:
            workspace, answer = self._express.engine.receive(request)
        except Exception as error:  # noqa: BLE001 - whatever a pack of one's own gets wrong is answered, as by the web server
            told = {"message": f"Error handling {method} {request.path}", "exception": error}
            asyncio.get_running_loop().call_exception_handler(told)
            self._transport.write(whole(FAILED))
            self._transport.close()
            return
        if is_plain(answer):
            self._transport.write(whole(answer))
        else:
            after = pause(answer, workspace)
            self.task = asyncio.get_running_loop().create_task(self._put(answer, workspace, after))
            self.task.add_done_callback(lambda _: after.cancel())  # nobody waits any more when it was cancelled

    async def _put(self, answer: Answer, workspace: Workspace, after: Awaitable[None]) -> None:
        """Write a reply that a scenario keeps back or breaks, then go on."""
        await put(answer, self._transport, workspace, after=after)
        self.task = None
        self._go_on()

    def _go_on(self) -> None:
        """Read what has come meanwhile, unless something still stands against it."""
        if self.task is None and self._writable and not self._transport.is_closing():
            self._transport.resume_reading()
            came, self._early = self._early, b""
            if came:
                self.data_received(came)
