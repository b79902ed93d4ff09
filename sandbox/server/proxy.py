"""The front of the plain port: `CONNECT` to a provider's host leads to the sandbox's own TLS port, and nowhere else.

So `https_proxy=http://127.0.0.1:8080` is enough for a client that trusts the local authority; it is no open proxy.
"""

import asyncio
import errno
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

METHOD = b"CONNECT "
HEAD_LIMIT = 16 * 1024  # bytes of a CONNECT request
END = b"\r\n\r\n"
SPENT = frozenset({errno.EMFILE, errno.ENFILE})  # no file descriptor is left, to the process or to the machine


class Descriptors:
    """Reports once that no file descriptor is left, with the limit.

    The system gives out the lowest number that is free, so the last below the limit means that all others are taken.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._limit = descriptor_limit()
        self._reported = False

    def check(self, transport: asyncio.BaseTransport) -> None:
        """Report when a new connection took the last one: uvloop closes those that follow and reports nothing."""
        own = transport.get_extra_info("socket")
        if self._limit is not None and own is not None and own.fileno() >= self._limit - 1:
            self.report()

    def handle(self, loop: asyncio.AbstractEventLoop, context: Mapping[str, Any]) -> None:
        """Handle an exception as a loop's handler; asyncio meets this one every second, each time with a traceback."""
        error = context.get("exception")
        if isinstance(error, OSError) and error.errno in SPENT:
            self.report()
        else:
            loop.default_exception_handler(dict(context))

    def report(self) -> None:
        """Report it, the first time alone."""
        if not self._reported:
            self._reported = True
            limit = "limit of this machine" if self._limit is None else f"limit {self._limit}"
            self._say(f"out of file descriptors ({limit}): new connections are refused; raise it with ulimit -n")


def descriptor_limit() -> int | None:
    """Return how many file descriptors this process may have; None where there is no such limit."""
    try:
        import resource  # noqa: PLC0415 - there is none for Windows
    except ImportError:
        return None
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return None if limit == resource.RLIM_INFINITY else limit


@dataclass(frozen=True, slots=True)
class Tunnels:
    """Where CONNECT may lead: to `port` of this machine for the names in `hosts`; None when there is no TLS port."""

    hosts: frozenset[str]
    port: int | None


class ConnectProxies:
    """What the connections of the plain port share; call it for a new one. `web` makes the web server's side of one."""

    def __init__(self, web: Callable[[], asyncio.Protocol], tunnels: Tunnels, descriptors: Descriptors) -> None:
        self.web = web
        self.tunnels = tunnels
        self.descriptors = descriptors
        self.unknown: set[ConnectProxy] = set()  # connections without a whole first line, or with a tunnel to come

    def __call__(self) -> "ConnectProxy":
        """Return the protocol of a new connection."""
        return ConnectProxy(self)

    def close(self) -> None:
        """Close the connections on which nothing was asked for yet."""
        for connection in [*self.unknown]:
            connection.close()


class ConnectProxy(asyncio.Protocol):
    """Looks at the first bytes of a connection: a CONNECT is answered here, anything else belongs to the web server."""

    _transport: asyncio.Transport

    def __init__(self, fronts: ConnectProxies) -> None:
        self._fronts = fronts
        self._head = b""
        self._opening: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport until it is known whose it is."""
        self._transport = cast("asyncio.Transport", transport)
        self._fronts.unknown.add(self)
        self._fronts.descriptors.check(transport)

    def connection_lost(self, _: Exception | None) -> None:
        """Forget the transport; a tunnel that is being opened closes its other side when that is there."""
        self._fronts.unknown.discard(self)

    @property
    def mark(self) -> object | None:
        """What stands for the request that is awaited: there is one on a connection; None once it has come."""
        return self if self._opening is None else None

    @property
    def size(self) -> int:
        """How many bytes of it came."""
        return len(self._head)

    def give_up(self, *, status: int, reason: str) -> None:
        """Refuse the CONNECT whose end does not come."""
        refuse(self._transport, status, f"the CONNECT request is incomplete; {reason}")

    def close(self) -> None:
        """Close the connection."""
        self._transport.close()

    def data_received(self, data: bytes) -> None:
        """Gather bytes until it is known whose they are."""
        self._head += data
        if self._opening is not None:
            return
        if not METHOD.startswith(self._head[: len(METHOD)]):
            self._hand_over(self._transport)
        elif END in self._head:
            self._connect(self._transport)
        elif len(self._head) > HEAD_LIMIT:
            refuse(self._transport, 400, f"the CONNECT request is longer than {HEAD_LIMIT} bytes")

    def _hand_over(self, transport: asyncio.Transport) -> None:
        self._fronts.unknown.discard(self)
        protocol = self._fronts.web()
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        protocol.data_received(self._head)

    def _connect(self, transport: asyncio.Transport) -> None:
        tunnels = self._fronts.tunnels
        target = self._head.partition(END)[0].split(b" ", 2)[1].decode("latin-1")
        host = target.rpartition(":")[0].strip("[]").lower()
        if host not in tunnels.hosts:
            known = ", ".join(sorted(tunnels.hosts))
            refuse(transport, 403, f"'{target[:200]}' is not a provider's host; CONNECT is allowed to {known} only")
        elif tunnels.port is None:
            refuse(transport, 501, "this sandbox does not serve HTTPS; start it with --tls")
        else:
            transport.pause_reading()
            self._opening = asyncio.get_running_loop().create_task(self._open(transport, tunnels.port))

    async def _open(self, transport: asyncio.Transport, port: int) -> None:
        loop = asyncio.get_running_loop()
        try:
            far, _ = await loop.create_connection(lambda: Pump(transport), "127.0.0.1", port)
        except OSError as error:
            if error.errno in SPENT:
                self._fronts.descriptors.report()
            refuse(transport, 503, f"cannot connect to the HTTPS port of this sandbox: {error.strerror or error}")
            return
        self._fronts.unknown.discard(self)
        if transport.is_closing():  # the client has gone meanwhile, and nobody else would close this side
            far.close()
            return
        transport.set_protocol(Pump(far))
        transport.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        early = self._head.partition(END)[2]
        if early:
            far.write(early)
        transport.resume_reading()


class Watched(asyncio.Protocol):
    """Checks a connection of the TLS port before it is the web server's."""

    def __init__(self, web: Callable[[], asyncio.Protocol], descriptors: Descriptors) -> None:
        self._web = web
        self._descriptors = descriptors

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Check the connection and pass it to the web server."""
        self._descriptors.check(transport)
        protocol = self._web()
        transport.set_protocol(protocol)
        protocol.connection_made(transport)


class Pump(asyncio.Protocol):
    """Passes on to another transport whatever comes, no faster than that takes it."""

    def __init__(self, other: asyncio.Transport) -> None:
        self._other = other

    def data_received(self, data: bytes) -> None:
        """Pass bytes on, as long as there is somebody to take them."""
        if not self._other.is_closing():
            self._other.write(data)

    def pause_writing(self) -> None:
        """Let the other side wait: this one takes no more."""
        if not self._other.is_closing():
            self._other.pause_reading()

    def resume_writing(self) -> None:
        """Let the other side go on."""
        if not self._other.is_closing():
            self._other.resume_reading()

    def eof_received(self) -> bool:
        """Pass the end on, and go on listening to the other side."""
        if not self._other.is_closing() and self._other.can_write_eof():
            self._other.write_eof()
        return True

    def connection_lost(self, _: Exception | None) -> None:
        """Close the other side too."""
        self._other.close()


def refuse(transport: asyncio.Transport, status: int, problem: str) -> None:
    """Answer a CONNECT that leads nowhere, in words."""
    if transport.is_closing():
        return
    body = f"{problem}\n".encode()
    head = f"HTTP/1.1 {status} Refused\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {len(body)}\r\n"
    transport.write(head.encode() + b"Connection: close\r\n\r\n" + body)
    transport.close()
