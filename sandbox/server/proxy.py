"""The first bytes on the plain port: `CONNECT` to a provider's host is tunnelled to the sandbox's own HTTPS port.

With it `https_proxy=http://127.0.0.1:8080` is enough for a client that trusts the local authority. Other hosts are
refused, so this is not an open proxy.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import cast

from sandbox.pipeline import Response
from sandbox.server.bad_requests import PATH_QUOTE_LIMIT, BadRequest, encode_last, read_request
from sandbox.server.connection_limits import OUT_OF_DESCRIPTORS, Descriptors

METHOD = b"CONNECT "
HEAD_LIMIT = 16 * 1024  # bytes of a CONNECT request
END = b"\r\n\r\n"
TARGET = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\[\]:/?#@\s]+):([0-9]{1,5})")  # host and port
LAST_PORT = 65535

Refuse = Callable[[BadRequest], tuple[Response, Awaitable[None] | None]]


@dataclass(frozen=True, slots=True)
class Tunnels:
    """Where CONNECT may lead: to `port` of this machine for the names in `hosts`; None if there is no HTTPS port."""

    hosts: AbstractSet[str]
    port: int | None


class PlainPort:
    """What the connections of the plain port share; call it for a new one.

    `inner` returns the protocol of HTTP; `refuse` returns the reply to a bad request, and what it waits for.
    """

    def __init__(
        self, inner: Callable[[], asyncio.Protocol], refuse: Refuse, tunnels: Tunnels, descriptors: Descriptors
    ) -> None:
        self.inner = inner
        self.refuse = refuse
        self.tunnels = tunnels
        self.descriptors = descriptors
        self.undecided: set[PlainConnection] = set()  # without a whole first line, or with a tunnel being opened

    def __call__(self) -> "PlainConnection":
        """Return the protocol of a new connection."""
        return PlainConnection(self)

    def close(self) -> None:
        """Close the connections without a request."""
        for connection in [*self.undecided]:
            connection.close()


class PlainConnection(asyncio.Protocol):
    """Looks at the first bytes of a connection: it answers CONNECT, and hands any other request over to HTTP."""

    _transport: asyncio.Transport

    def __init__(self, port: PlainPort) -> None:
        self._port = port
        self._head = b""
        self._opening: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport until the first bytes decide."""
        self._transport = cast("asyncio.Transport", transport)
        self._port.undecided.add(self)
        self._port.descriptors.check(transport)

    def connection_lost(self, _: Exception | None) -> None:
        """Forget the connection; a tunnel that is being opened closes its other side once it is there."""
        self._port.undecided.discard(self)

    @property
    def pending(self) -> object | None:
        """The connection itself while its first request is awaited or incomplete, then None."""
        return self if self._opening is None else None

    @property
    def received(self) -> int:
        """The number of bytes of the request that have arrived."""
        return len(self._head)

    def give_up(self, *, status: int, reason: str) -> None:
        """Refuse the incomplete CONNECT."""
        self._refuse(status, f"the CONNECT request is incomplete; {reason}")

    def close(self) -> None:
        """Close the connection."""
        self._transport.close()

    def data_received(self, data: bytes) -> None:
        """Collect bytes until they show whether this is a CONNECT."""
        self._head += data
        if self._opening is not None:
            return
        if not METHOD.startswith(self._head[: len(METHOD)]):
            self._hand_over(self._transport)
        elif END in self._head:
            self._connect(self._transport)
        elif len(self._head) > HEAD_LIMIT:
            self._refuse(400, f"the CONNECT request is longer than {HEAD_LIMIT} bytes")

    def _hand_over(self, transport: asyncio.Transport) -> None:
        self._port.undecided.discard(self)
        protocol = self._port.inner()
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        protocol.data_received(self._head)

    def _connect(self, transport: asyncio.Transport) -> None:
        tunnels = self._port.tunnels
        target = self._head.partition(END)[0].split(b" ", 2)[1].decode("latin-1")
        parts = TARGET.fullmatch(target)
        if parts is None or not 0 < int(parts[2]) <= LAST_PORT:
            self._refuse(400, f"the target '{target[:PATH_QUOTE_LIMIT]}' is not HOST:PORT, such as api.betatel.com:443")
        elif parts[1].strip("[]").lower() not in tunnels.hosts:
            known = ", ".join(sorted(tunnels.hosts))
            host = target[:PATH_QUOTE_LIMIT]
            self._refuse(403, f"'{host}' is not a provider's host; CONNECT is allowed to {known} only")
        elif tunnels.port is None:
            self._refuse(501, "this sandbox does not serve HTTPS; start it with --tls")
        else:
            transport.pause_reading()
            self._opening = asyncio.get_running_loop().create_task(self._open(transport, tunnels.port))

    async def _open(self, transport: asyncio.Transport, port: int) -> None:
        loop = asyncio.get_running_loop()
        try:
            far, _ = await loop.create_connection(lambda: Relay(transport), "127.0.0.1", port)
        except OSError as error:
            if error.errno in OUT_OF_DESCRIPTORS:
                self._port.descriptors.report()
            problem = f"cannot connect to the HTTPS port of this sandbox: {error.strerror or error}"
            self._refuse(503, problem)
            return
        self._port.undecided.discard(self)
        if transport.is_closing():  # the client has gone meanwhile, and nothing else would close this side
            far.close()
            return
        transport.set_protocol(Relay(far))
        transport.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        early = self._head.partition(END)[2]
        if early:
            far.write(early)
        transport.resume_reading()

    def _refuse(self, status: int, why: str) -> None:
        """Refuse the CONNECT as any other request is: with a number and an entry in the journal; then close."""
        if self._transport.is_closing():
            return
        request = read_request(self._head.partition(END)[0] + END)
        bad = BadRequest(status, why, request._replace(path=request.path[:PATH_QUOTE_LIMIT]))
        answer, waiting = self._port.refuse(bad)
        content = encode_last(answer, method="CONNECT")
        if waiting is None:
            self._close_with(content)
        else:
            self._transport.pause_reading()
            self._opening = asyncio.get_running_loop().create_task(self._close_later(content, waiting))

    async def _close_later(self, content: bytes, waiting: Awaitable[None]) -> None:
        await waiting
        self._close_with(content)

    def _close_with(self, content: bytes) -> None:
        self._transport.write(content)
        self._transport.close()


class Relay(asyncio.Protocol):
    """One side of a tunnel: passes what it receives to the other side, no faster than that side takes it."""

    def __init__(self, other: asyncio.Transport) -> None:
        self._other = other

    def data_received(self, data: bytes) -> None:
        """Pass bytes on."""
        if not self._other.is_closing():
            self._other.write(data)

    def pause_writing(self) -> None:
        """Stop reading from the other side: this one takes no more."""
        if not self._other.is_closing():
            self._other.pause_reading()

    def resume_writing(self) -> None:
        """Read from the other side again."""
        if not self._other.is_closing():
            self._other.resume_reading()

    def eof_received(self) -> bool:
        """Pass the end on; bytes may still come from the other side."""
        if not self._other.is_closing() and self._other.can_write_eof():
            self._other.write_eof()
        return True

    def connection_lost(self, _: Exception | None) -> None:
        """Close the other side too."""
        self._other.close()
