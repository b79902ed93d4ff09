"""HTTP/1.1 to the receivers of callbacks, over connections that are kept for a moment.

What a receiver may have read is not sent again by itself, so one call is one request; and as receivers made by hand
close their connections without a word, one is used a second time only after a moment of quiet. httptools reads the
answers; they are gathered until they are whole, or as much of them has come as is kept.
"""

import asyncio
import select
import ssl
from functools import cached_property
from itertools import chain
from os import strerror
from pathlib import Path
from typing import NamedTuple, cast

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from sandbox.core.callback import ANSWER_LIMIT
from sandbox.core.errors import SandboxError

RESTED = 0.005  # seconds of quiet in which an end that follows the first answer on a connection has come
KEPT = 1.0  # seconds that it waits for its next call; servers wait longer (gunicorn 2, Node.js and uvicorn 5)
HEAD_LIMIT = 64 * 1024  # bytes of an answer before its body begins
FINAL = 200  # the lowest status that ends an answer, beside the next
SWITCHED = 101


class NoAnswerError(SandboxError):
    """A call that learnt no status; the text says why."""


class NotThereError(NoAnswerError):
    """No connection could be made, so nothing was sent: another address may be tried."""


class Peer(NamedTuple):
    """Where a call goes; `name` is whom its certificate must be for, None with plain HTTP."""

    address: str
    port: int
    name: str | None


class Outbound:
    """Makes calls, and keeps connections to peers; `ca` is a file of certificates that https peers are judged by."""

    def __init__(self, ca: Path | None = None) -> None:
        self._ca = ca
        self._idle: dict[Peer, list[Connection]] = {}

    @cached_property
    def _trust(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self._ca)
        context.set_alpn_protocols(["http/1.1"])
        return context

    async def call(self, peer: Peer, request: bytes) -> tuple[int, bytes]:
        """Send a request; return the status and the first `ANSWER_LIMIT` bytes of the body.

        Raises:
            NotThereError: nobody listens there, or who does is not to be trusted.
            NoAnswerError: what came back is no answer.

        """
        connection = self._kept(peer)
        if connection is None and peer in self._idle:
            # Another connection would be the simpler way, but some receivers serve one at a time.
            await asyncio.sleep(1.5 * RESTED)  # as loops tell the time in milliseconds
            connection = self._kept(peer)
        connection = connection or await self._connect(peer)
        return await connection.answer(request)

    @property
    def waiting(self) -> list["Connection"]:
        """The connections that are kept."""
        return [*chain.from_iterable(self._idle.values())]

    def close(self) -> None:
        """Close the connections that are kept."""
        for connection in self.waiting:
            connection.abort()

    def keep(self, connection: "Connection") -> None:
        """Take a connection back, for the next call to its peer."""
        self._idle.setdefault(connection.peer, []).append(connection)

    def forget(self, connection: "Connection") -> None:
        """Keep a connection no longer."""
        waiting = self._idle[connection.peer]
        waiting.remove(connection)
        if not waiting:
            del self._idle[connection.peer]

    def _kept(self, peer: Peer) -> "Connection | None":
        """Return the connection that was used last, of those that are known to last or have been quiet."""
        rested = asyncio.get_running_loop().time() - RESTED
        for connection in reversed(self._idle.get(peer, [])[:]):
            if connection.lasts or connection.quiet_since <= rested:
                self.forget(connection)
                if connection.resume():
                    return connection
                connection.abort()
        return None

    async def _connect(self, peer: Peer) -> "Connection":
        try:
            _, connection = await asyncio.get_running_loop().create_connection(
                lambda: Connection(self, peer),
                peer.address,
                peer.port,
                ssl=self._trust if peer.name else None,
                server_hostname=peer.name,
            )
        except OSError as error:
            message = f"cannot connect: {_words(error)}"
            raise NotThereError(message) from None
        return connection


def _words(error: OSError) -> str:
    """Return what the system or TLS says, without an address."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({error.verify_message}); --callback-ca names a file of those that are"
    if isinstance(error, ssl.SSLError):
        return f"no TLS ({error.reason})"
    return strerror(error.errno) if error.errno else str(error) or "the receiver closed the connection"


class Connection(asyncio.Protocol):
    """One connection to a peer with at most one call under way.

    Some receivers, made by hand, answer as soon as they are connected to, and close at once: what comes is read whether
    or not the call has been made yet.
    """

    _transport: asyncio.Transport

    def __init__(self, outbound: Outbound, peer: Peer) -> None:
        self.peer = peer
        self._outbound = outbound
        self._poll = select.poll() if hasattr(select, "poll") else None  # there is none for Windows
        self._asked: asyncio.Future[tuple[int, bytes]] | None = None
        self._expiry: asyncio.TimerHandle | None = None  # while it is kept
        self.quiet_since = 0.0  # by the loop's clock
        self.lasts = False  # whether it has been used again
        self._ended = False
        self._begin()

    def _begin(self) -> None:
        """Make ready for an answer."""
        self._came = 0
        self._status = 0
        self._sized = False
        self._body = b""
        self._whole = False
        self._reusable = False
        self._problem = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)
        self._parser = HttpResponseParser(self)
        self._parser.set_dangerous_leniencies(  # as other clients take what old and hand-made receivers write
            lenient_headers=True, lenient_optional_cr_before_lf=True, lenient_spaces_after_chunk_size=True
        )
        if self._poll is not None:
            self._poll.register(transport.get_extra_info("socket").fileno(), select.POLLIN)

    def connection_lost(self, _: Exception | None) -> None:
        """Hear that nothing more will come."""
        if self._expiry is not None:
            self._expiry.cancel()
            self._outbound.forget(self)
        self._ended = True
        self._settle()
        del self._parser  # it holds what it calls, so the two would wait for a collection

    def abort(self) -> None:
        """Close the connection."""
        self._transport.abort()

    async def answer(self, request: bytes) -> tuple[int, bytes]:
        """Send a request and return its status and the beginning of its body.

        Raises:
            NoAnswerError: what came back is no answer.

        """
        asked: asyncio.Future[tuple[int, bytes]] = asyncio.get_running_loop().create_future()
        self._asked = asked
        if not self._ended:
            self._transport.write(request)
        self._settle()
        try:
            return await asked
        finally:
            if asked.cancelled():
                self.abort()
            del asked  # an exception in it leads here: the two would wait for a collection

    def resume(self) -> bool:
        """Come back from being kept; return whether the peer is still there: an end of its own can be read."""
        if self._expiry is not None:
            self._expiry.cancel()
            self._expiry = None
            self.lasts = True
        return not (self._transport.is_closing() or (self._poll is not None and self._poll.poll(0)))

    def data_received(self, data: bytes) -> None:
        """Read on."""
        if self._expiry is not None:
            self.abort()  # nobody has asked anything
            return
        self._came += len(data)
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            self._reusable = False
            self._problem = f"the receiver's answer is no HTTP: {error}"
        if not self._status and self._came > HEAD_LIMIT:
            self._problem = f"the head of the receiver's answer has more than {HEAD_LIMIT} bytes"
        self._settle()

    def on_message_begin(self) -> None:
        """Hear that an answer begins; a second one has not been asked for."""
        if self._whole:
            raise ValueError
        self._sized = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Note whether the body says where it ends."""
        key = name.lower()
        self._sized |= key == b"content-length" or (key == b"transfer-encoding" and b"chunked" in value.lower())

    def on_headers_complete(self) -> None:
        """Note the status; one below 200 only announces another."""
        status = self._parser.get_status_code()
        if status >= FINAL or status == SWITCHED:
            self._status = status

    def on_body(self, body: bytes) -> None:
        """Keep a piece of the body."""
        if len(self._body) < ANSWER_LIMIT:
            self._body += body

    def on_message_complete(self) -> None:
        """Hear that an answer is whole."""
        if self._status:
            self._whole = True
            self._reusable = self._parser.should_keep_alive()

    def _settle(self) -> None:
        """Tell who has asked, once there is an answer, or will be none; keep the connection, or close it."""
        asked = self._asked
        if asked is None or asked.done():
            return
        unsized = self._ended and self._status and not self._sized  # such a body is whole with the end
        if self._whole or unsized or len(self._body) >= ANSWER_LIMIT:
            asked.set_result((self._status, self._body[:ANSWER_LIMIT]))
        elif self._problem or self._ended:
            place = "in the middle of its answer" if self._status else "without an answer"
            asked.set_exception(NoAnswerError(self._problem or f"the receiver closed the connection {place}"))
        else:
            return
        self._asked = None
        if self._reusable and not self._ended:
            self._begin()
            loop = asyncio.get_running_loop()
            self.quiet_since = loop.time()
            self._expiry = loop.call_later(KEPT, self._transport.close)
            self._outbound.keep(self)
        elif self._whole:
            self._transport.close()  # TLS says goodbye
        else:
            self.abort()
