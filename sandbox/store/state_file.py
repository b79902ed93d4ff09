"""The file of a saved state: gzip of JSON Lines. The first line says what it is, each other line is a row.

```
{"sms_sandbox_state": 1, "version": "0.2.0", "workspace": "default", "saved_at": "…", "keys": "masked"}
{"kind": "clock", "value": {…}}
{"kind": "message", "key": 1, "value": {…}}
```

Messages, callbacks and other numbered entities have their number as `key`, settings of callbacks their name; the keys
of other rows are in their values. The order of the lines of a kind is that in which the entities came.
"""

import zlib
from collections.abc import Iterable, Iterator
from typing import Any

from sandbox.core.errors import SandboxError
from sandbox.store.base import Kind
from sandbox.store.rows import WRITERS
from sandbox.store.snapshot import Entity
from sandbox.store.workspace_codec import to_text

STATE_FORMAT = 1  # the version of the file
MARK = "sms_sandbox_state"
KEYED = frozenset(
    {Kind.AGENDA, Kind.CALLBACK, Kind.INBOUND, Kind.LOST_REPLY, Kind.MESSAGE, Kind.REQUEST, Kind.SETTINGS}
)

LEVEL = 4  # of compression: more takes much longer for little
CHUNK = 256 * 1024  # bytes of text that are compressed at once
COMPRESSED_LIMIT = 256 * 1024 * 1024  # bytes of a file
TEXT_LIMIT = 512 * 1024 * 1024  # bytes of its text
LINE_LIMIT = 32 * 1024 * 1024  # bytes of a line
GZIP = 31  # zlib's word for the format of gzip


class SavedStateError(SandboxError):
    """A file is not a saved state that can be loaded; `line`, from 1, is None if it is not about one line."""

    def __init__(self, problem: str, line: int | None = None) -> None:
        self.problem = problem
        self.line = line
        super().__init__(problem if line is None else f"line {line}: {problem}")


def refuse(line: int | None, problem: str) -> SavedStateError:
    """Return the error of a line."""
    return SavedStateError(problem, line)


def write_state(header: dict[str, Any], entities: Iterable[Entity]) -> Iterator[bytes]:
    """Yield the bytes of a file, piece by piece; `header` has what is told beside the version of the format."""
    compressor = zlib.compressobj(LEVEL, zlib.DEFLATED, GZIP)
    waiting, size = [to_text({MARK: STATE_FORMAT, **header}) + "\n"], 0
    for kind, key, _, value in entities:
        name = f',"key":{to_text(key)}' if kind in KEYED else ""
        line = f'{{"kind":"{kind}"{name},"value":{to_text(WRITERS[kind](value))}}}\n'
        waiting.append(line)
        size += len(line)
        if size > CHUNK:
            if packed := compressor.compress("".join(waiting).encode()):
                yield packed
            waiting, size = [], 0
    yield compressor.compress("".join(waiting).encode()) + compressor.flush()


class LineReader:
    """Reads the lines of a file whose bytes come piece by piece; none of its limits is exceeded on the way."""

    def __init__(self) -> None:
        self._decompressor = zlib.decompressobj(GZIP)
        self._compressed = self._size = 0
        self._rest: list[bytes] = []
        self._rest_size = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield the lines that a piece completes.

        Raises:
            SavedStateError: it is not gzip, has data after its end, or is too large.

        """
        self._compressed += len(data)
        if self._compressed > COMPRESSED_LIMIT:
            message = f"the file has more than {COMPRESSED_LIMIT >> 20} MB"
            raise SavedStateError(message)
        while data:
            if self._decompressor.eof:
                message = "the file has data after the end of what gzip has packed"
                raise SavedStateError(message)
            try:
                unpacked = self._decompressor.decompress(data, CHUNK)
            except zlib.error:
                message = "the file is not gzip, or is damaged; sms-sandbox state save writes such files"
                raise SavedStateError(message) from None
            data = self._decompressor.unconsumed_tail or self._decompressor.unused_data
            self._size += len(unpacked)
            if self._size > TEXT_LIMIT:
                message = f"the file has more than {TEXT_LIMIT >> 20} MB when it is unpacked"
                raise SavedStateError(message)
            yield from self._split(unpacked)

    def finish(self) -> Iterator[bytes]:
        """Yield the last line if it does not end in a line break.

        Raises:
            SavedStateError: the file ends too early.

        """
        if not self._decompressor.eof:
            message = "the file is empty" if not self._compressed else "the file is cut off: its end is missing"
            raise SavedStateError(message)
        if last := b"".join(self._rest):
            yield last

    def _split(self, unpacked: bytes) -> Iterator[bytes]:
        first, *others = unpacked.split(b"\n")
        self._rest.append(first)
        self._rest_size += len(first)
        if self._rest_size > LINE_LIMIT:
            message = f"a line has more than {LINE_LIMIT >> 20} MB"
            raise SavedStateError(message)
        for each in others:
            yield b"".join(self._rest)
            self._rest, self._rest_size = [each] if each else [], len(each)
