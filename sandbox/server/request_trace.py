"""Follows where requests begin and end on a connection, so that what cannot be read can be told from what can.

aiohttp's parser drops the whole requests that stand before a mistake in the same segment. A body that is longer than
its Content-Length says, a common mistake, is such a case: so each request is given to aiohttp by itself.
"""

from collections.abc import Iterator
from typing import NamedTuple

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser

KEPT = 64 * 1024  # bytes of a request that are kept to tell what is wrong with it
FIRST = 256  # bytes in which the end of a request is looked for first; twice as many each time after


class Piece(NamedTuple):
    """Bytes of one request; `raw` is the request so far, cut to 64 KB."""

    data: bytes
    raw: bytes


class Trace:
    """What has come of the request that is not yet complete."""

    def __init__(self) -> None:
        self.raw = b""
        self.size = 0
        self._ends = Ends()

    def _begin(self) -> None:
        self.close()
        self.raw = b""
        self.size = 0
        self._ends = Ends()

    def close(self) -> None:
        """Follow nothing any more."""
        self._ends.close()

    @property
    def mark(self) -> object:
        """What stands for this request alone."""
        return self._ends

    @property
    def is_open(self) -> bool:
        """Whether a request has begun that is not complete."""
        return bool(self.raw.strip(b"\r\n"))

    def feed(self, data: bytes) -> Iterator[Piece]:
        """Yield the bytes that came, cut where one request ends and the next begins."""
        while data:
            if self._ends.with_more(data).inside:
                yield self._taken(data)
                return
            cut = self._end_of(data)
            yield self._taken(data[:cut])
            self._begin()
            data = data[cut:]

    def _taken(self, data: bytes) -> Piece:
        self.size += len(data)
        if len(self.raw) < KEPT:
            self.raw = (self.raw + data)[:KEPT]
        return Piece(data, self.raw)

    def _end_of(self, data: bytes) -> int:
        """Return where the request that these bytes complete ends in them; all of them where it cannot be told."""
        before = self.size
        if self._ends.clean or before > len(self.raw):
            return len(data)
        begun = self.raw + data
        size = FIRST
        while size < len(begun) and not _completes(begun[:size]):
            size *= 2
        low, high = max(before, size // 2), min(size, len(begun))
        while low + 1 < high:
            middle = (low + high) // 2
            low, high = (low, middle) if _completes(begun[:middle]) else (middle, high)
        return high - before


class Ends:
    """Hears from the parser whether a request has ended; `clean` when nothing came after its end.

    The parser holds what it calls, so the two would wait for a collection: `close` parts them.
    """

    def __init__(self) -> None:
        self._parser = HttpRequestParser(self)
        self.inside = True
        self.clean = True

    def with_more(self, data: bytes) -> "Ends":
        """Read more bytes of a request; what is no HTTP never ends."""
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade as upgrade:
            self.clean = self.clean and upgrade.args[0] >= len(data)
        except HttpParserError:
            self.clean = False
        return self

    def close(self) -> None:
        """Let the parser go."""
        del self._parser

    def on_message_begin(self) -> None:
        """Note that something follows the request."""
        self.clean = self.clean and self.inside

    def on_message_complete(self) -> None:
        """Note the end."""
        self.inside = False


def _completes(data: bytes) -> bool:
    """Whether a request is complete within these bytes."""
    ends = Ends().with_more(data)
    ends.close()
    return not ends.inside
