"""HTTP/1.1 on one connection to the receiver of a callback: one call is one request.

httptools parses the response, which is collected until it is complete or reaches the limit of what is kept. The
recorder reads the responses of real servers by the same `ResponseConnection`.
"""

import asyncio
import select
from typing import NamedTuple, Protocol, cast

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from sandbox.core.callback import ANSWER_LIMIT
from sandbox.core.errors import SandboxError

HEAD_LIMIT = 64 * 1024  # bytes of a response's head
FIRST_FINAL_STATUS = 200  # the lowest status of a final response, besides the next
SWITCHED = 101


class NoAnswerError(SandboxError):
    """A call got no response; the text says why."""


class NotThereError(NoAnswerError):
    """No connection could be made: nothing was sent, and another address may be tried."""


class Peer(NamedTuple):
    """Where a call goes; `name` is the host that its certificate must have, None with plain HTTP."""

    address: str
    port: int
    name: str | None


class ConnectionPool(Protocol):
    """Decides what happens to a connection between calls."""

    def keep(self, connection: "Connection") -> bool:
        """Take back a connection after a response; return whether it stays open."""

    def peer_closed(self, connection: "Connection") -> None:
        """Record that the peer closed a connection between calls."""


class ResponseConnection(asyncio.Protocol):
    """A connection over which responses are read, one at a time; `reusable`: the last one lets it stay open."""

    _transport: asyncio.Transport

    def __init__(self, whose: str) -> None:
        """Prepare for the first response; `whose` response it is, for what is wrong with it."""
        self._whose = whose
        self._poll = select.poll() if hasattr(select, "poll") else None  # Windows has none
        self._ended = False
        self._begin()

    def _begin(self) -> None:
        """Prepare for the next response."""
        self._came = self._status = 0
        self._sized = self._whole = self.reusable = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)
        self._parser = HttpResponseParser(self)
        if self._poll is not None:
            self._poll.register(transport.get_extra_info("socket").fileno(), select.POLLIN)

    def abort(self) -> None:
        """Close the connection at once."""
        self._transport.abort()

    def close(self) -> None:
        """Close the connection; with TLS, announce it."""
        self._transport.close()

    def is_open(self) -> bool:
        """Return whether the peer has left the connection open; an end that has not been read yet counts as closed."""
        return not (self._transport.is_closing() or (self._poll is not None and self._poll.poll(0)))

    def _parse(self, data: bytes) -> str:
        """Parse received data; return what is wrong with it, empty if nothing is."""
        self._came += len(data)
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            return f"{self._whose} is not HTTP: {error}"
        is_too_long = not self._status and self._came > HEAD_LIMIT
        return f"the head of {self._whose} has more than {HEAD_LIMIT} bytes" if is_too_long else ""

    def on_message_begin(self) -> None:
        """Record the beginning of a response; a second one is an error."""
        if self._whole:
            raise ValueError
        self._sized = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Record whether the length of the body is known."""
        key = name.lower()
        self._sized |= key == b"content-length" or (key == b"transfer-encoding" and b"chunked" in value.lower())

    def on_message_complete(self) -> None:
        """Mark the response as complete."""
        if self._status:
            self._whole = True
            self.reusable = self._parser.should_keep_alive()


class Connection(ResponseConnection):
    """One connection to a peer, with at most one call at a time.

    Some hand-made receivers respond as soon as a client connects, and close at once, so data is read even before the
    call is made.
    """

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool
        self._call: asyncio.Future[tuple[int, bytes]] | None = None
        self.expiry: asyncio.TimerHandle | None = None  # while it is kept or watched
        self.reused = False
        super().__init__("the receiver's response")

    def _begin(self) -> None:
        super()._begin()
        self._body = b""
        self._problem = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        super().connection_made(transport)
        self._parser.set_dangerous_leniencies(  # as lenient as other clients, for old and hand-made receivers
            lenient_headers=True, lenient_optional_cr_before_lf=True, lenient_spaces_after_chunk_size=True
        )

    def connection_lost(self, _: Exception | None) -> None:
        """Record that no more data will come."""
        self._ended = True
        if self.expiry is not None or (
            self.reused and self._call is not None and not (self._call.done() or self._came)
        ):
            self._pool.peer_closed(self)
        self._settle()
        del self._parser  # it holds what it calls, so the two would wait for a collection

    def ask(self, request: bytes) -> asyncio.Future[tuple[int, bytes]]:
        """Send a request; return a future of the status of its response and the beginning of the body.

        Its error is a NoAnswerError if no HTTP response comes back.
        """
        call: asyncio.Future[tuple[int, bytes]] = asyncio.get_running_loop().create_future()
        self._call = call
        if not self._ended:
            self._transport.write(request)
        self._settle()
        return call

    def data_received(self, data: bytes) -> None:
        """Parse received data."""
        if self.expiry is not None:
            self._pool.peer_closed(self)  # no call is under way
            self.abort()
            return
        problem = self._parse(data)
        if problem:
            self.reusable = False
            self._problem = problem
        self._settle()

    def on_headers_complete(self) -> None:
        """Record the status; one below 200 only announces another."""
        status = self._parser.get_status_code()
        if status >= FIRST_FINAL_STATUS or status == SWITCHED:
            self._status = status

    def on_body(self, body: bytes) -> None:
        """Keep a piece of the body."""
        if len(self._body) < ANSWER_LIMIT:
            self._body += body

    def _settle(self) -> None:
        """End the call once its response is complete or can no longer be; then keep or close the connection."""
        call = self._call
        if call is None or call.done():
            return
        unsized = self._ended and self._status and not self._sized  # such a body is complete when the connection ends
        if self._whole or unsized or len(self._body) >= ANSWER_LIMIT:
            call.set_result((self._status, self._body[:ANSWER_LIMIT]))
        elif self._problem or self._ended:
            place = "in the middle of its response" if self._status else "without a response"
            call.set_exception(NoAnswerError(self._problem or f"the receiver closed the connection {place}"))
        else:
            return
        self._call = None
        if self.reusable and not self._ended and self._pool.keep(self):
            self._begin()
        elif self._whole:
            self.close()
        else:
            self.abort()
