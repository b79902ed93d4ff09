"""The short way of a plain request: read, handled and answered right on its connection.

Nearly all that a provider is sent is a GET or POST of one of its fixed paths, whole within a few kilobytes. Such a
request is answered in the same turn of the loop in which its last byte came. Any other (an unusual path, a body that is
chunked, compressed or large, `Expect`, HTTP/1.0, a second request behind the first, what cannot be read) is the web
server's, which gets the connection for good, with every byte that has come. A test holds the two ways together.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import cast

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser

from sandbox.engine import Engine
from sandbox.replying import is_plain, pause, put, whole
from sandbox.specs.reading import Request

METHODS = {b"GET": "GET", b"POST": "POST"}
LIMIT = 64 * 1024  # bytes of a request
HEADERS = 64  # how many a plain request has at most
LONGEST = 4096  # bytes of its target, and of each header
# Headers by which a request asks for more than its reply.
UNUSUAL = frozenset({"connection", "content-encoding", "expect", "transfer-encoding", "upgrade"})


class Express:
    """What the connections of one port share; call it for a new one. `web` makes the web server's side of one."""

    def __init__(self, engine: Engine, web: Callable[[], asyncio.Protocol]) -> None:
        self.engine = engine
        self.web = web
        self.paths = {path.encode(): path for path in engine.router.paths if path.isascii()}
        self.connections: set[Connection] = set()

    def __call__(self) -> "Connection":
        """Return the protocol of a new connection."""
        return Connection(self)

    async def close(self, grace: float) -> None:
        """Close every connection that the web server was not given; replies under way have `grace` seconds."""
        under_way = [connection.task for connection in self.connections if connection.task is not None]
        if under_way:
            await asyncio.wait(under_way, timeout=grace)
        for connection in [*self.connections]:
            connection.close()


class Connection(asyncio.Protocol):
    """One connection, until it is the web server's. What httptools finds in a request is gathered, then judged."""

    def __init__(self, express: Express) -> None:
        self._express = express
        self._transport = cast("asyncio.Transport", None)  # until the connection is made
        self._parser = HttpRequestParser(self)
        self._came = b""
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
        self._express.connections.discard(self)
        if self.task is not None:
            self.task.cancel()

    def close(self) -> None:
        """Close the connection."""
        self._transport.close()

    def pause_writing(self) -> None:
        """Take no more from a client that does not read its replies."""
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        """Go on."""
        self._transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        """Read on; answer a request that is whole and plain, or give the connection away."""
        self._came += data
        if self.task is not None:
            if len(self._came) > LIMIT:
                self._transport.pause_reading()
            return
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
        if key in UNUSUAL or key in self._headers:
            self._plain = self._plain and key == "connection" and value.lower() == b"keep-alive"
        self._headers[key] = value.decode("utf-8", "replace").strip(" \t")

    def on_headers_complete(self) -> None:
        """See whether the request is a plain one, before its body has come."""
        target, headers, parser = self._target, self._headers, self._parser
        self._plain = (
            self._plain
            and target.partition(b"?")[0] in self._express.paths
            and target.isascii()
            and b"#" not in target
            and parser.get_method() in METHODS
            and parser.get_http_version() == "1.1"
            and "host" in headers
            and len(headers) <= HEADERS
            and (len(self._came) <= LONGEST or max(map(len, (*headers.values(), target))) <= LONGEST)
        )

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        self._body += body

    def on_message_complete(self) -> None:
        """Hear that a request is whole."""
        self._complete = True

    def _hand_over(self) -> None:
        """Give the connection to the web server, with all that has come of a request nobody has handled."""
        self._express.connections.discard(self)
        protocol = self._express.web()
        self._transport.set_protocol(protocol)
        protocol.connection_made(self._transport)
        protocol.data_received(self._came)

    def _answer(self) -> None:
        path, _, query = self._target.partition(b"?")
        method = METHODS[self._parser.get_method()]
        request = Request(method, self._express.paths[path], query.decode(), self._headers, self._body)
        try:
            workspace, answer = self._express.engine.receive(request)
        except Exception:  # noqa: BLE001 - a mistake of a pack of one's own: the web server meets it too, and says so
            self._hand_over()
            return
        self._forget()
        if is_plain(answer):
            self._transport.write(whole(answer))
        else:
            writing = put(answer, self._transport, workspace, after=pause(answer, workspace))
            self.task = asyncio.get_running_loop().create_task(self._wait_for(writing))

    async def _wait_for(self, writing: Awaitable[None]) -> None:
        """Let a reply be written that a scenario keeps back or breaks, then go on with what has come meanwhile."""
        await writing
        self.task = None
        came, self._came = self._came, b""
        self._transport.resume_reading()
        if came:
            self.data_received(came)
