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
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from sandbox.core.callback import CallbackState
from sandbox.core.clock import utc_now
from sandbox.core.errors import SandboxError
from sandbox.providers.registry import Registry
from sandbox.specs.types import show
from sandbox.store.base import ONLY, Kind, RowKey
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


class Line(NamedTuple):
    """A value and the line that it comes from."""

    number: int
    value: Any


Rows = Mapping[Kind, Mapping[RowKey, Line]]


def check_rows(rows: Rows, packs: Registry) -> None:
    """Raise SavedStateError if rows do not fit each other."""
    _check_numbers(rows)
    _check_messages(rows, packs)
    _check_callbacks(rows)


def _check_numbers(rows: Rows) -> None:
    """Check that counters are at least what they count, and that the journal has no gap."""
    line, counters = rows[Kind.COUNTERS][ONLY]
    for kind in (Kind.MESSAGE, Kind.CALLBACK, Kind.REQUEST, Kind.LOST_REPLY):
        name = "last_request" if kind is Kind.LOST_REPLY else f"last_{kind}"
        last, highest = getattr(counters, name), max(map(int, rows[kind]), default=0)
        if highest > last:
            raise refuse(line, f"counters.{name} is {last}, but there is a {kind.replace('_', ' ')} {highest}")
    for name, most in (("evicting", counters.last_message + 1), ("requests_before", counters.last_request)):
        if getattr(counters, name) > most:
            raise refuse(line, f"counters.{name} is {getattr(counters, name)}; it must be at most {most}")
    requests = rows[Kind.REQUEST]
    if requests and min(map(int, requests)) != counters.last_request - len(requests) + 1:
        raise refuse(line, f"{len(requests)} requests are saved, but not the last ones up to {counters.last_request}")


def _check_messages(rows: Rows, packs: Registry) -> None:
    """Check that ids are unique, that every callback of a message exists, and that balances are those needed."""
    ids: dict[str, int] = {}
    callbacks = rows[Kind.CALLBACK]
    for line, message in rows[Kind.MESSAGE].values():
        if message.id in ids:
            raise refuse(line, f"the id {show(message.id)} is that of the message in line {ids[message.id]} already")
        ids[message.id] = line
        for each in message.callbacks:
            if each not in callbacks or callbacks[each].value.message != message.number:
                raise refuse(
                    line, f"message {message.number} has no callback {each}: no such line of the kind callback"
                )
    for line, account in rows[Kind.ACCOUNT].values():
        fresh = packs[account.provider].spec.fresh_account(account.key, at=utc_now())
        missing = sorted(fresh.balance.keys() - account.balance.keys())
        if missing:
            raise refuse(line, f"account.balance has no {missing[0]}")


def _check_callbacks(rows: Rows) -> None:
    """Check that the message of a callback, and the callback or message of an entry of the agenda, exist."""
    messages, callbacks = rows[Kind.MESSAGE], rows[Kind.CALLBACK]
    for line, callback in callbacks.values():
        message = messages[callback.message].value if callback.message in messages else None
        if message is None or callback.id not in message.callbacks:
            raise refuse(line, f"callback {callback.id} is of message {callback.message}, which does not have it")
        if callback.provider != message.provider:
            raise refuse(
                line, f"callback.provider is {show(callback.provider)}, that of its message {message.provider}"
            )
        if callback.settings is not None and callback.step not in message.history:
            raise refuse(line, f"callback.step is not in the history of message {message.number}")
    for line, entry in rows[Kind.AGENDA].values():
        found = callbacks.get(entry.number)
        if found is None or found.value.state is not CallbackState.PENDING:
            raise refuse(line, f"there is no pending callback {entry.number}")
    for line, entry in rows[Kind.INBOUND].values():
        if entry.number not in messages or messages[entry.number].value.reply is None:
            raise refuse(line, f"there is no message {entry.number} that a phone replies to")
