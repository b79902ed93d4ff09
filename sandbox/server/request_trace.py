"""Follows where requests begin and end on a connection, so that each is given to aiohttp by itself."""

from collections.abc import Iterator

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser

RAW_LIMIT = 64 * 1024  # bytes of a request that are kept to find out what is wrong with it
FIRST_SEARCH = 256  # bytes in which the end of a request is sought first; twice as many each time after


class RequestTrace:
    """Follows where requests begin and end on a connection; `raw` are the first 64 KB of the request so far.

    `received` is the number of all its bytes so far.

    aiohttp's parser drops the complete requests that stand before a mistake in the same segment, such as a body longer
    than its Content-Length. So each request is given to aiohttp by itself.
    """

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self.raw = b""
        self.received = 0
        self._end = EndFinder()

    def close(self) -> None:
        """Release the parser."""
        self._end.close()

    @property
    def request(self) -> object:
        """An object that stands for this request."""
        return self._end

    @property
    def is_open(self) -> bool:
        """Whether a request has begun and is incomplete."""
        return bool(self.raw.strip(b"\r\n"))

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield the bytes, cut where one request ends and the next begins."""
        while data:
            if self._end.feed(data).inside:
                yield self._add(data)
                return
            cut = self._find_end(data)
            yield self._add(data[:cut])
            self.close()
            self._begin()
            data = data[cut:]

    def _add(self, data: bytes) -> bytes:
        self.received += len(data)
        if len(self.raw) < RAW_LIMIT:
            self.raw = (self.raw + data)[:RAW_LIMIT]
        return data

    def _find_end(self, data: bytes) -> int:
        """Return where the request ends that these bytes complete; the length of all of them if that is unknown."""
        before = self.received
        if self._end.clean or before > len(self.raw):
            return len(data)
        begun = self.raw + data
        size = FIRST_SEARCH
        while size < len(begun) and not _completes(begun[:size]):
            size *= 2
        low, high = max(before, size // 2), min(size, len(begun))
        while low + 1 < high:
            middle = (low + high) // 2
            low, high = (low, middle) if _completes(begun[:middle]) else (middle, high)
        return high - before


class EndFinder:
    """Finds out from the parser whether a request has ended; `clean` if nothing follows its end.

    The parser refers to this object, so both would wait for the garbage collector without `close`.
    """

    def __init__(self) -> None:
        self._parser = HttpRequestParser(self)
        self.inside = True
        self.clean = True

    def feed(self, data: bytes) -> "EndFinder":
        """Read more bytes of a request; one that is not HTTP never ends."""
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade as upgrade:
            self.clean = self.clean and upgrade.args[0] >= len(data)
        except HttpParserError:
            self.clean = False
        return self

    def close(self) -> None:
        """Release the parser."""
        del self._parser

    def on_message_begin(self) -> None:
        """Note that another request follows."""
        self.clean = self.clean and self.inside

    def on_message_complete(self) -> None:
        """Note the end of the request."""
        self.inside = False


def _completes(data: bytes) -> bool:
    """Return whether a request is complete within these bytes."""
    end = EndFinder().feed(data)
    end.close()
    return not end.inside
