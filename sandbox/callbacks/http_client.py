"""The HTTP client: connections to the receivers of callbacks, reused if that cannot lose a callback.

A request that a receiver may have read is not sent again, and some receivers close their connections after a response
without announcing it. So the first connections to a peer are only watched while its calls use new ones. A peer that
leaves them open gets its later calls over kept connections, which take 14 µs of processor time instead of 68; one that
ever closes one gets a new connection for each call.
"""

import asyncio
import ssl
from collections.abc import Callable
from functools import cached_property
from os import strerror
from pathlib import Path

from sandbox.callbacks.connection import Connection, NotThereError, Peer

KEEP_TIME = 0.2  # seconds that a connection is kept for the next call: less than its peer has been seen to wait
WATCH_TIME = 0.3  # seconds for which a peer must leave a connection open before any to it is used again
WATCHED_AT_ONCE = 8  # connections to one peer
TLS_CLOSE_TIMEOUT = 1.0  # seconds that a peer has to confirm the end of a TLS connection
PEERS = 1024  # peers that are remembered

Awaited = Callable[[], asyncio.Future[None] | None]  # returns what to await, None if nothing


def nothing() -> None:
    """Return that nothing must be awaited."""


class PeerPool:
    """The connections to a peer that are kept or watched; `keeps` is None until it is known whether it keeps them."""

    def __init__(self) -> None:
        self.keeps: bool | None = None
        self.calls = 0  # under way
        self.idle: list[Connection] = []  # the most recently used last
        self._answered = False  # whether a response came while another connection was watched

    def keep(self, connection: Connection) -> bool:
        """Keep or watch a connection; return False if it must be closed instead."""
        self._answered |= bool(self.idle)
        if self.keeps is False or (self.keeps is None and len(self.idle) == WATCHED_AT_ONCE):
            return False
        self.idle.append(connection)
        span = KEEP_TIME if self.keeps else WATCH_TIME
        connection.expiry = asyncio.get_running_loop().call_later(span, self._expire, connection)
        return True

    def peer_closed(self, connection: Connection) -> None:
        """Record that the peer closed a kept or watched connection, or sent data over it."""
        self.keeps = False
        if connection.expiry is not None:
            self.forget(connection)

    def take(self) -> Connection | None:
        """Return the most recently used connection that the peer has left open."""
        if not self.keeps:
            return None
        while self.idle:
            connection = self.idle[-1]
            self.forget(connection)
            if connection.is_open():
                connection.reused = True
                return connection
            self.keeps = False
            connection.abort()
        return None

    def forget(self, connection: Connection) -> None:
        """Stop keeping or watching a connection."""
        if connection.expiry is not None:
            connection.expiry.cancel()
            connection.expiry = None
        self.idle.remove(connection)

    def close(self) -> None:
        """Close all connections."""
        for connection in [*self.idle]:
            self.forget(connection)
            connection.abort()

    def _expire(self, connection: Connection) -> None:
        """Close a connection that was not needed; a watched one has shown that its peer keeps connections."""
        self.forget(connection)
        if not connection.is_open():
            self.keeps = False
        elif self.keeps is None and (self._answered or self.calls):
            # If no call has got a response, all wait for this connection to end: the peer serves one at a time.
            self.keeps = self._answered
        connection.close()


class HttpClient:
    """Makes calls, and keeps connections; `ca` is a file with the certificates used to verify HTTPS peers."""

    def __init__(self, ca: Path | None = None) -> None:
        self._ca = ca
        self._pools: dict[Peer, PeerPool] = {}

    @cached_property
    def _trust(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self._ca)
        context.set_alpn_protocols(["http/1.1"])
        return context

    async def call(self, peer: Peer, request: bytes, owned: Awaited = nothing) -> tuple[int, bytes]:
        """Send a request; return the status and the first `ANSWER_LIMIT` bytes of the body.

        `owned` returns what to await right before the first byte; if that fails, nothing is sent.

        Raises:
            NotThereError: no connection could be made, or its certificate is not trusted.
            NoAnswerError: what came back is not an HTTP answer.

        """
        pool = self.pool(peer)
        pool.calls += 1
        try:
            connection = pool.take() or await self._connect(peer, pool)
            waiting = owned()
            if waiting is not None:
                try:
                    await waiting
                except BaseException:
                    connection.abort()
                    raise
            call = connection.ask(request)
            try:
                return await call
            finally:
                if call.cancelled():
                    connection.abort()
                del call  # an exception in it leads here: the two would wait for a collection
        finally:
            pool.calls -= 1

    @property
    def waiting(self) -> list[Connection]:
        """The connections that are kept or watched."""
        return [connection for pool in self._pools.values() for connection in pool.idle]

    def close(self) -> None:
        """Close the connections that are kept or watched."""
        for pool in self._pools.values():
            pool.close()

    def pool(self, peer: Peer) -> PeerPool:
        """Return the connections to a peer; the peers that were called last are remembered."""
        known = self._pools[peer] = self._pools.pop(peer) if peer in self._pools else PeerPool()
        if len(self._pools) > PEERS:
            self._pools.pop(next(iter(self._pools))).close()
        return known

    async def _connect(self, peer: Peer, pool: PeerPool) -> Connection:
        try:
            _, connection = await asyncio.get_running_loop().create_connection(
                lambda: Connection(pool),
                peer.address,
                peer.port,
                ssl=self._trust if peer.name else None,
                server_hostname=peer.name,
                ssl_shutdown_timeout=TLS_CLOSE_TIMEOUT if peer.name else None,
            )
        except OSError as error:
            message = f"cannot connect: {_words(error)}"
            raise NotThereError(message) from None
        return connection


def _words(error: OSError) -> str:
    """Return the reason given by the system or by TLS, without an address."""
    if isinstance(error, ssl.SSLCertVerificationError):
        hint = "to trust it, name its CA in a file with --callback-ca"
        return f"its certificate is not trusted ({error.verify_message}); {hint}"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed ({error.reason})"
    return strerror(error.errno) if error.errno else str(error) or "the receiver closed the connection"
