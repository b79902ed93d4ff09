"""The HTTP client: connections to the receivers of callbacks, reused if that cannot lose a callback.

A request that a receiver may have read is not sent again, and some receivers close their connections after a response
without announcing it. So the first connections to a peer are only watched while its calls use new ones. A peer that
leaves them open gets its later calls over kept connections, which take 14 µs of processor time instead of 68; one that
ever closes one gets a new connection for each call.
"""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from os import strerror
from pathlib import Path

from sandbox.callbacks.connection import Connection, NotThereError, Peer

KEEP_TIME = 0.2  # seconds that a connection is kept for the next call: less than its peer has been seen to wait
WATCH_TIME = 0.3  # seconds for which a peer must leave a connection open before any to it is used again
WATCHED_AT_ONCE = 8  # connections to one peer
TLS_CLOSE_TIMEOUT = 1.0  # seconds that a peer has to confirm the end of a TLS connection
PEERS = 1024  # peers whose history is kept

Awaited = Callable[[], asyncio.Future[None] | None]  # returns what to await, None if nothing


def nothing() -> None:
    """Return that nothing must be awaited."""


@dataclass(slots=True)
class PeerHistory:
    """How a peer treats its connections; `keeps` is None until it is known whether it leaves them open."""

    keeps: bool | None = None
    calls: int = 0  # under way
    answered: bool = False  # whether a response came while another connection was watched


class HttpClient:
    """Makes calls, and keeps connections; `ca` is a file with the certificates used to verify HTTPS peers."""

    def __init__(self, ca: Path | None = None) -> None:
        self._ca = ca
        self._idle: dict[Peer, list[Connection]] = {}
        self._histories: dict[Peer, PeerHistory] = {}

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
        history = self.history(peer)
        history.calls += 1
        try:
            connection = self._kept(peer) if history.keeps else None
            connection = connection or await self._connect(peer)
            waiting = owned()
            if waiting is not None:
                try:
                    await waiting
                except BaseException:
                    connection.abort()
                    raise
            return await connection.answer(request)
        finally:
            history.calls -= 1

    @property
    def waiting(self) -> list[Connection]:
        """The connections that are kept or watched."""
        return [*chain.from_iterable(self._idle.values())]

    def close(self) -> None:
        """Close the connections that are kept or watched."""
        for connection in self.waiting:
            self._forget(connection)
            connection.abort()

    def history(self, peer: Peer) -> PeerHistory:
        """Return what is known about a peer; the peers that were called last are remembered."""
        known = self._histories[peer] = self._histories.pop(peer) if peer in self._histories else PeerHistory()
        if len(self._histories) > PEERS:
            del self._histories[next(iter(self._histories))]
        return known

    def keep(self, connection: Connection) -> bool:
        """Keep or watch a connection; return False if it must be closed instead."""
        history = self.history(connection.peer)
        idle = self._idle.get(connection.peer, ())
        history.answered |= bool(idle)
        if history.keeps is False or (history.keeps is None and len(idle) == WATCHED_AT_ONCE):
            return False
        self._idle.setdefault(connection.peer, []).append(connection)
        span = KEEP_TIME if history.keeps else WATCH_TIME
        connection.expiry = asyncio.get_running_loop().call_later(span, self._expire, connection)
        return True

    def peer_closed(self, connection: Connection) -> None:
        """Record that a peer closed a kept or watched connection, or sent data over it."""
        self.history(connection.peer).keeps = False
        if connection.expiry is not None:
            self._forget(connection)

    def _expire(self, connection: Connection) -> None:
        """Close a connection that was not needed; a watched one has shown that its peer keeps connections."""
        history = self.history(connection.peer)
        self._forget(connection)
        if not connection.is_open():
            history.keeps = False
        elif history.keeps is None and (history.answered or history.calls):
            # If no call has got a response, all wait for this connection to end: the peer serves one at a time.
            history.keeps = history.answered
        connection.close()

    def _forget(self, connection: Connection) -> None:
        """Stop keeping or watching a connection."""
        if connection.expiry is not None:
            connection.expiry.cancel()
            connection.expiry = None
        idle = self._idle[connection.peer]
        idle.remove(connection)
        if not idle:
            del self._idle[connection.peer]

    def _kept(self, peer: Peer) -> Connection | None:
        """Return the most recently used connection that the peer has left open."""
        while idle := self._idle.get(peer):
            connection = idle[-1]
            self._forget(connection)
            if connection.is_open():
                connection.reused = True
                return connection
            self.peer_closed(connection)
            connection.abort()
        return None

    async def _connect(self, peer: Peer) -> Connection:
        try:
            _, connection = await asyncio.get_running_loop().create_connection(
                lambda: Connection(self, peer),
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
