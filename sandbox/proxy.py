"""The front of the plain port: `CONNECT` to a provider's host leads to the sandbox's own TLS port, and nowhere else.

So `https_proxy=http://127.0.0.1:8080` is enough for a client that trusts the local authority; it is no open proxy.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

METHOD = b"CONNECT "
HEAD_LIMIT = 16 * 1024  # bytes of a CONNECT request
END = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Tunnels:
    """Where CONNECT may lead: to `port` of this machine for the names in `hosts`; None when there is no TLS port."""

    hosts: frozenset[str]
    port: int | None
    waiting: "set[Front]" = field(default_factory=set)  # connections of which it is not known yet whose they are


class Front(asyncio.Protocol):
    """Looks at the first bytes of a connection: a CONNECT is answered here, anything else belongs to the web server."""

    def __init__(self, web: Callable[[], asyncio.Protocol], tunnels: Tunnels) -> None:
        self._web = web
        self._tunnels = tunnels
        self._head = b""
        self._transport: asyncio.Transport | None = None
        self._opening: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport until it is known whose it is."""
        self._transport = cast("asyncio.Transport", transport)
        self._tunnels.waiting.add(self)

    def connection_lost(self, _: Exception | None) -> None:
        """Await nothing more."""
        self._tunnels.waiting.discard(self)

    @property
    def mark(self) -> object:
        """What stands for the request that is awaited: there is one on a connection."""
        return self

    @property
    def size(self) -> int:
        """How many bytes of it came."""
        return len(self._head)

    def give_up(self, *, status: int, reason: str) -> None:
        """Refuse the CONNECT whose end does not come."""
        if self._transport is not None:
            refuse(self._transport, status, f"the CONNECT request has no end; {reason}")

    def close(self) -> None:
        """Close the connection."""
        if self._transport is not None:
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        """Gather bytes until it is known whose they are."""
        self._head += data
        if self._transport is None or self._opening is not None:
            return
        if not METHOD.startswith(self._head[: len(METHOD)]):
            self._hand_over(self._transport)
        elif END in self._head:
            self._connect(self._transport)
        elif len(self._head) > HEAD_LIMIT:
            refuse(self._transport, 400, "the CONNECT request has no end")

    def _hand_over(self, transport: asyncio.Transport) -> None:
        self._tunnels.waiting.discard(self)
        protocol = self._web()
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        protocol.data_received(self._head)

    def _connect(self, transport: asyncio.Transport) -> None:
        self._tunnels.waiting.discard(self)
        head, _, rest = self._head.partition(END)
        target = head.split(b" ", 2)[1].decode("latin-1")
        host = target.rpartition(":")[0].strip("[]").lower()
        if host not in self._tunnels.hosts:
            known = ", ".join(sorted(self._tunnels.hosts))
            refuse(transport, 403, f"'{target[:200]}' is no provider's host; CONNECT leads to {known} alone")
        elif self._tunnels.port is None:
            refuse(transport, 501, "this sandbox serves no TLS; start it with --tls")
        else:
            self._opening = asyncio.get_running_loop().create_task(self._open(transport, self._tunnels.port, rest))

    async def _open(self, transport: asyncio.Transport, port: int, rest: bytes) -> None:
        loop = asyncio.get_running_loop()
        far, _ = await loop.create_connection(lambda: Pump(transport), "127.0.0.1", port)
        transport.set_protocol(Pump(far))
        transport.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        if rest:
            far.write(rest)


class Pump(asyncio.Protocol):
    """Passes on to another transport whatever comes, no faster than that takes it."""

    def __init__(self, other: asyncio.Transport) -> None:
        self._other = other

    def data_received(self, data: bytes) -> None:
        """Pass bytes on."""
        self._other.write(data)

    def pause_writing(self) -> None:
        """Let the other side wait: this one takes no more."""
        self._other.pause_reading()

    def resume_writing(self) -> None:
        """Let the other side go on."""
        self._other.resume_reading()

    def eof_received(self) -> bool:
        """Pass the end on, and go on listening to the other side."""
        if self._other.can_write_eof():
            self._other.write_eof()
        return True

    def connection_lost(self, _: Exception | None) -> None:
        """Close the other side too."""
        self._other.close()


def refuse(transport: asyncio.Transport, status: int, problem: str) -> None:
    """Answer a CONNECT that leads nowhere, in words."""
    body = f"{problem}\n".encode()
    head = f"HTTP/1.1 {status} Refused\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {len(body)}\r\n"
    transport.write(head.encode() + b"Connection: close\r\n\r\n" + body)
    transport.close()
