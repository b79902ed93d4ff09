"""The fast path of a plain request: read, handled and answered on its connection, without aiohttp.

Nearly every provider request is a GET or POST to a fixed path and has a few kilobytes. Such a request is answered in
the turn of the loop in which its last byte arrives. Clients repeat their heads byte for byte, so each is parsed once.
Any other request (another path, a long head, a body that is chunked, compressed or large, `Expect`, HTTP/1.0, pipelined
requests, malformed bytes) is left to aiohttp, which takes over the connection for good, with every byte of the request.
`tests/hostile/test_both_ways.py` checks that both give the same replies.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Collection, Mapping
from functools import partial
from typing import NamedTuple, Protocol, cast

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser

from sandbox.core.errors import BusyError, ElsewhereError
from sandbox.engine.engine import Engine
from sandbox.engine.workspace import Workspace
from sandbox.pipeline import Response, unavailable
from sandbox.server.response_writer import at_once, encode_answer, write_answer
from sandbox.specs.body_parsing import Request

METHODS = frozenset({b"GET", b"POST"})
REQUEST_LIMIT = 64 * 1024  # bytes of a plain request's body
HEAD_LIMIT = 4096  # bytes of its head
HEADER_LIMIT = 64  # headers in it
HEADS = 256  # heads that are kept parsed
HEAD_END = b"\r\n\r\n"
# Headers with which a request asks for more than a reply, or comes from a web page.
UNUSUAL = frozenset({"connection", "content-encoding", "expect", "origin", "transfer-encoding", "upgrade"})
PLAIN_CONNECTION = frozenset({b"keep-alive", b"close"})  # values of the header Connection


class Head(NamedTuple):
    """What the head of a plain request says; `length` is that of the body. Requests share it, and its headers."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    length: int
    is_last: bool


class ParsedHead:
    """What httptools finds in a head, or in its first bytes. `may_be_plain`: nothing in them says that it is not."""

    def __init__(self, content: bytes) -> None:
        self.target = b""
        self.headers: dict[str, str] = {}
        self.is_complete = False
        # A head that ended with a bare line feed would end before the first HEAD_END.
        self.may_be_plain = len(content) <= HEAD_LIMIT and content.count(b"\n") == content.count(b"\r\n")
        parser = HttpRequestParser(self)
        try:
            parser.feed_data(content)
        except (HttpParserError, HttpParserUpgrade):
            self.may_be_plain = False
        self.method, self.version = parser.get_method(), parser.get_http_version()

    def on_url(self, url: bytes) -> None:
        """Keep the target."""
        self.target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Add a header."""
        key = name.decode("latin-1").lower()
        if key in UNUSUAL or key in self.headers:
            is_plain = key == "connection" and key not in self.headers and value.lower() in PLAIN_CONNECTION
            self.may_be_plain = self.may_be_plain and is_plain
        self.headers[key] = value.decode("utf-8", "replace").strip(" \t")

    def on_headers_complete(self) -> None:
        """Mark the head as complete."""
        self.is_complete = True

    def is_plain(self, paths: Collection[bytes]) -> bool:
        """Return whether the request is plain, for one of these paths."""
        target, headers = self.target, self.headers
        return (
            self.may_be_plain
            and self.is_complete
            and target.partition(b"?")[0] in paths
            and target.isascii()
            and b"#" not in target
            and self.method in METHODS
            and self.version == "1.1"
            and "host" in headers
            and len(headers) <= HEADER_LIMIT
            and int(headers.get("content-length", 0)) <= REQUEST_LIMIT
        )


class HttpProtocol(Protocol):
    """What the fast path needs of aiohttp's protocol of a connection."""

    def connection_made(self, transport: asyncio.BaseTransport, /) -> None:
        """Take over the connection."""

    def data_received(self, data: bytes, /) -> None:
        """Read bytes."""

    def eof_received(self) -> bool | None:
        """Handle the end of what the client sends."""

    def give_up(self, *, status: int, reason: str) -> None:
        """Refuse the incomplete request."""


class FastPath:
    """What the connections of a port share; call it for a new one. `fallback` returns aiohttp's protocol for one."""

    def __init__(self, engine: Engine, fallback: Callable[[], HttpProtocol]) -> None:
        self.engine = engine
        self.fallback = fallback
        self.paths: frozenset[bytes] = frozenset()
        self.heads: dict[bytes, Head] = {}  # as clients repeat them with each request, byte for byte
        self._read_paths()
        engine.providers.on_change.append(self._read_paths)
        self.connections: set[Connection] = set()

    def __call__(self) -> "Connection":
        """Return the protocol of a new connection."""
        return Connection(self)

    def _read_paths(self) -> None:
        """Note the paths of plain requests."""
        self.heads.clear()
        self.paths = frozenset(path.encode() for path in self.engine.router.paths if path.isascii())

    def parse(self, content: bytes) -> Head | None:
        """Return what the head of a plain request says, and keep it; None if the request is not plain."""
        parsed = ParsedHead(content)
        if not parsed.is_plain(self.paths):
            return None
        path, _, query = parsed.target.decode().partition("?")
        headers, length = parsed.headers, int(parsed.headers.get("content-length", 0))
        is_last = headers.get("connection", "").lower() == "close"
        if len(self.heads) == HEADS:
            self.heads.clear()
        self.heads[content] = head = Head(parsed.method.decode(), path, query, headers, length, is_last)
        return head

    async def close(self, grace: float) -> None:
        """Close the connections that aiohttp has not taken over: idle ones at once, others within `grace` seconds."""
        under_way = [connection.task for connection in self.connections if connection.task is not None]
        for connection in [*self.connections]:
            if connection.task is None:
                connection.close()
        if under_way:
            await asyncio.wait(under_way, timeout=grace)
        for connection in [*self.connections]:
            connection.close()


class Connection(asyncio.Protocol):
    """One connection until aiohttp takes it over."""

    _transport: asyncio.Transport

    def __init__(self, shared: FastPath) -> None:
        self._shared = shared
        self._received = b""
        self._early = b""  # bytes that arrived before the reply to the request before them
        self._writable = True
        self._answered = 0
        self._is_last = False  # whether the request under way is the connection's last
        self.task: asyncio.Future[None] | None = None  # of a reply that a scenario delays or breaks, or a store

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport; TCP keepalive ends a connection whose client is gone."""
        self._transport = cast("asyncio.Transport", transport)
        own = transport.get_extra_info("socket")
        if own is not None:
            own.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self._shared.connections.add(self)

    def connection_lost(self, _: Exception | None) -> None:
        """Give up the reply that is under way; its task refers to the connection, too."""
        self._shared.connections.discard(self)
        if self.task is not None:
            self.task.cancel()
            self.task = None

    @property
    def pending(self) -> int | None:
        """How many requests came before the one that is awaited or incomplete; None while one is answered."""
        return self._answered if self.task is None and self._writable else None

    @property
    def received(self) -> int:
        """The number of bytes of that request that have arrived."""
        return len(self._received)

    def give_up(self, *, status: int, reason: str) -> None:
        """Let aiohttp refuse the incomplete request."""
        self._hand_over().give_up(status=status, reason=reason)

    def eof_received(self) -> bool | None:
        """Let aiohttp answer a request that ends before it is complete."""
        return self._hand_over().eof_received() if self._received else None

    def close(self) -> None:
        """Close the connection."""
        self._transport.close()

    def pause_writing(self) -> None:
        """Stop reading from a client that does not read its replies."""
        self._writable = False
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        """Read again."""
        self._writable = True
        self._continue()

    def data_received(self, data: bytes) -> None:
        """Read on; answer a complete plain request, or hand the connection over."""
        if self.task is not None or not self._writable:
            self._early += data
            if len(self._early) > REQUEST_LIMIT:
                self._transport.pause_reading()
            return
        received = self._received = self._received + data
        end = received.find(HEAD_END) + len(HEAD_END)
        if end < len(HEAD_END):  # the head is incomplete
            if not ParsedHead(received).may_be_plain:
                self._hand_over()
            return
        content = received[:end]
        head = self._shared.heads.get(content) or self._shared.parse(content)
        if head is None or len(received) > end + head.length:
            self._hand_over()
        elif len(received) == end + head.length:
            self._answer(head, received[end:])

    def _hand_over(self) -> HttpProtocol:
        """Let aiohttp take over the connection, with all bytes of the request that is not yet handled."""
        self._shared.connections.discard(self)
        protocol = self._shared.fallback()
        self._transport.set_protocol(cast("asyncio.Protocol", protocol))
        protocol.connection_made(self._transport)
        protocol.data_received(self._received)
        return protocol

    def _answer(self, head: Head, body: bytes) -> None:
        request = Request(head.method, head.path, head.query, head.headers, body)
        self._received = b""
        self._answered += 1
        self._is_last = head.is_last
        try:
            workspace, answer, waiting = self._shared.engine.receive(request)
        except (ElsewhereError, BusyError):
            self.task = asyncio.get_running_loop().create_task(self._pass_on(request))
            return
        if waiting is None:
            self._transport.write(encode_answer(answer, is_last=self._is_last))
            if self._is_last:
                self._transport.close()
        elif answer.fault is None and not answer.delay and not answer.awaits:  # it waits for the store alone
            self.task = waiting
            waiting.add_done_callback(partial(self._write_stored, answer))
        else:
            self.task = asyncio.get_running_loop().create_task(self._write(answer, workspace, waiting))
            self.task.add_done_callback(lambda _: waiting.cancel())  # the timer, if the task was cancelled

    def _write_stored(self, answer: Response, stored: asyncio.Future[None]) -> None:
        """Write a reply whose batch is stored, or could not be, then read on."""
        self.task = None
        if stored.cancelled() or self._transport.is_closing():
            return
        error = stored.exception()
        answer = answer if error is None else unavailable(str(error))
        self._transport.write(encode_answer(answer, is_last=self._is_last))
        self._continue()

    async def _pass_on(self, request: Request) -> None:
        """Write the reply that another replica gives, or this one a little later, then read on."""
        workspace, answer, waiting = await self._shared.engine.receive_anywhere(request)
        await self._write(answer, workspace, waiting or at_once(answer, workspace))

    async def _write(self, answer: Response, workspace: Workspace, after: Awaitable[None]) -> None:
        """Write a reply that a scenario delays or breaks, then read on."""
        await write_answer(answer, self._transport, workspace, after=after, is_last=self._is_last)
        self.task = None
        self._continue()

    def _continue(self) -> None:
        """Read what has arrived meanwhile, unless a reply is under way or was the last."""
        if self._is_last and self.task is None:
            self._transport.close()
        if self.task is None and self._writable and not self._transport.is_closing():
            self._transport.resume_reading()
            early, self._early = self._early, b""
            if early:
                self.data_received(early)
