"""Sends a request on to a real server, byte for byte and once, and returns its response as it came.

aiohttp's client repeats a request by itself, adds headers, and decompresses. Here one call is one request on the wire:
nothing is repeated, also if a kept connection turns out to be closed. Redirects are not followed.
"""

import asyncio
import ssl
from collections.abc import Iterable
from functools import cached_property
from os import strerror
from pathlib import Path
from typing import NamedTuple

from yarl import URL

from sandbox.callbacks.connection import FIRST_FINAL_STATUS, ResponseConnection
from sandbox.callbacks.egress import Egress, RefusedAddressError, UnresolvedHostError, make_policy
from sandbox.core.callback import TargetOrigin
from sandbox.core.clock import monotonic
from sandbox.core.errors import SandboxError

BODY_LIMIT = 8 * 1024 * 1024  # bytes of a response's body
KEEP_TIME = 1.0  # seconds that a connection is kept for the next request: servers wait longer before they close one
KEPT = 8  # connections
BAD_GATEWAY, TIMEOUT = 502, 504

RawHeaders = tuple[tuple[bytes, bytes], ...]
# Headers that are about one connection (RFC 9110, section 7.6.1), and what a server has answered already.
HOP_BY_HOP = frozenset(
    {
        *(b"connection", b"keep-alive", b"proxy-connection", b"proxy-authenticate", b"proxy-authorization"),
        *(b"te", b"trailer", b"transfer-encoding", b"upgrade", b"expect"),
    }
)


class UpstreamError(SandboxError):
    """No response came; the text says why, `status` what the client gets, `kind` is a word for it."""

    def __init__(self, why: str, *, kind: str) -> None:
        self.kind = kind
        self.status = TIMEOUT if kind == "timeout" else BAD_GATEWAY
        super().__init__(why)


class UpstreamReply(NamedTuple):
    """A response without the headers of its connection; the body is not decompressed."""

    status: int
    reason: str
    headers: RawHeaders
    body: bytes


def end_to_end(headers: Iterable[tuple[bytes, bytes]]) -> RawHeaders:
    """Return headers without those of the connection, and those that Connection names."""
    given = tuple(headers)
    named = {
        each.strip().lower() for name, value in given if name.lower() == b"connection" for each in value.split(b",")
    }
    return tuple((name, value) for name, value in given if name.lower() not in HOP_BY_HOP | named)


class Upstream:
    """One real server. `url` is its origin; `ca` is a file with the certificates used to verify it."""

    def __init__(self, url: URL, *, ca: Path | None = None, timeout: float, limit: int = BODY_LIMIT) -> None:
        self.url = url
        self.name = str(url.origin())
        self._ca = ca
        self._timeout = timeout
        self._limit = limit
        self._egress = Egress(make_policy(open_bind=False, allowed=(), target_hosts={url.host or ""}))
        self._idle: list[_Connection] = []

    async def send(self, method: str, target: str, headers: RawHeaders, body: bytes) -> UpstreamReply:
        """Send a request once; `target` is the path with its query. `Host` is the server's own.

        Raises:
            UpstreamError: no complete response came, for whatever reason.

        """
        request = self._write(method, target, headers, body)
        try:
            async with asyncio.timeout(self._timeout):
                connection = self._kept() or await self._connect()
                try:
                    reply = await connection.call(request)
                except BaseException:
                    connection.abort()
                    raise
        except TimeoutError:
            why = f"{self.name}: no complete response within {self._timeout:g} s"
            raise UpstreamError(why, kind="timeout") from None
        self._keep(connection)
        return reply

    def close(self) -> None:
        """Close the idle connections."""
        for connection in self._idle:
            connection.abort()
        self._idle.clear()

    def _write(self, method: str, target: str, headers: RawHeaders, body: bytes) -> bytes:
        """Return the bytes of a request: headers in their order and case."""
        host = self.url.host_port_subcomponent
        lines = [f"{method} {target} HTTP/1.1".encode("utf-8", "surrogateescape")]
        kept = end_to_end(headers)
        lines += [name + b": " + ((host or "").encode() if name.lower() == b"host" else value) for name, value in kept]
        names = {name.lower() for name, _ in kept}
        if b"host" not in names:
            lines.insert(1, b"Host: " + (host or "").encode())
        if body and b"content-length" not in names:  # it came in pieces
            lines.append(b"Content-Length: %d" % len(body))
        return b"\r\n".join([*lines, b"", b""]) + body

    async def _connect(self) -> "_Connection":
        try:
            addresses = await self._egress.find_addresses(self.url, TargetOrigin.SETTINGS)
        except UnresolvedHostError as error:
            raise UpstreamError(str(error), kind="unreachable") from None
        except RefusedAddressError as error:
            raise UpstreamError(str(error), kind="refused-address") from None
        secure = self.url.scheme == "https"
        loop = asyncio.get_running_loop()
        failure: OSError | None = None
        for address in addresses:
            try:
                _, connection = await loop.create_connection(
                    lambda: _Connection(self.name, self._limit),
                    address,
                    self.url.port or 0,
                    ssl=self._trust if secure else None,
                    server_hostname=(self.url.host or "").rstrip(".") if secure else None,
                )
            except TimeoutError:
                raise
            except OSError as error:  # includes ssl.SSLError
                failure = error
            else:
                return connection
        raise self._explain(failure)

    def _explain(self, error: OSError | None) -> UpstreamError:
        if isinstance(error, ssl.SSLCertVerificationError):
            hint = "if it is the right server, name its CA in a file with --upstream-ca"
            return UpstreamError(
                f"{self.name}: its certificate is not trusted ({error.verify_message}); {hint}", kind="certificate"
            )
        if isinstance(error, ssl.SSLError):
            return UpstreamError(f"{self.name}: TLS failed ({error.reason})", kind="tls")
        reason = (strerror(error.errno) if error.errno else str(error)) if error else ""
        return UpstreamError(
            f"{self.name}: cannot connect: {reason or 'the connection was closed'}", kind="unreachable"
        )

    @cached_property
    def _trust(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self._ca)
        context.set_alpn_protocols(["http/1.1"])
        return context

    def _kept(self) -> "_Connection | None":
        """Return an idle connection that the server has left open."""
        while self._idle:
            connection = self._idle.pop()
            if connection.is_usable():
                return connection
            connection.abort()
        return None

    def _keep(self, connection: "_Connection") -> None:
        if connection.reusable and len(self._idle) < KEPT:
            connection.idle_since = monotonic()
            self._idle.append(connection)
        else:
            connection.close()


class _Connection(ResponseConnection):
    """One connection, with one call at a time."""

    def __init__(self, name: str, limit: int) -> None:
        self._name = name
        self._limit = limit
        self._call: asyncio.Future[UpstreamReply] | None = None
        self.idle_since = 0.0
        super().__init__("the response")

    def _begin(self) -> None:
        super()._begin()
        self._reason = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._body = bytearray()

    def connection_lost(self, error: Exception | None) -> None:
        """End the call: a body without a length is complete, anything else is not."""
        self._ended = True
        if self._status and not self._sized and error is None:
            self._finish()
        place = "in the middle of its response" if self._came else "without a response"
        self._fail("closed", f"the server {'reset' if error else 'closed'} the connection {place}")
        del self._parser  # it holds what it calls

    async def call(self, request: bytes) -> UpstreamReply:
        """Send a request and return its response."""
        self._begin()
        self._call = asyncio.get_running_loop().create_future()
        if self._ended:
            self._fail("closed", "the server closed the connection without a response")
        else:
            self._transport.write(request)
        try:
            return await self._call
        finally:
            self._call = None

    def is_usable(self) -> bool:
        """Return whether the connection is open, and was used a moment ago."""
        return not self._ended and monotonic() - self.idle_since <= KEEP_TIME and self.is_open()

    def data_received(self, data: bytes) -> None:
        """Parse what has come."""
        if self._call is None:
            self.abort()
            return
        problem = self._parse(data)
        if problem:
            self._fail("garbage", problem)
        if len(self._body) > self._limit:
            self._fail("too-large", f"the body of the response has more than {self._limit} bytes")
        if self._whole:
            self._finish()

    def on_message_begin(self) -> None:
        """Begin a response, which may be one that announces another."""
        super().on_message_begin()
        self._reason, self._headers = b"", []

    def on_status(self, reason: bytes) -> None:
        """Keep the reason phrase."""
        self._reason += reason

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header."""
        super().on_header(name, value)
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Keep the status of a final response."""
        status = self._parser.get_status_code()
        self._status = status if status >= FIRST_FINAL_STATUS else 0

    def on_body(self, body: bytes) -> None:
        """Keep a piece of the body."""
        self._body += body

    def _finish(self) -> None:
        if self._call is not None and not self._call.done():
            headers = end_to_end(self._headers)
            reason = self._reason.decode("latin-1")
            self._call.set_result(UpstreamReply(self._status, reason, headers, bytes(self._body)))

    def _fail(self, kind: str, why: str) -> None:
        self.reusable = False
        if self._call is not None and not self._call.done():
            self._call.set_exception(UpstreamError(f"{self._name}: {why}", kind=kind))
