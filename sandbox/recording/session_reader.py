"""Reads session files line by line; a mistake has its file, its line, and what would be right."""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from heapq import heappop, heappush
from pathlib import Path
from typing import Any, NamedTuple

from sandbox.core.errors import FileMistake, MistakesError
from sandbox.recording.session import (
    FORMAT,
    MARK,
    Body,
    Entry,
    Headers,
    RecordedCallback,
    RecordedExchange,
    RecordedReply,
    RecordedRequest,
    Reported,
    SessionHeader,
    Source,
)

WINDOW = 1000  # entries of a file that may be out of their order
LINE_LIMIT = 64 * 1024 * 1024  # bytes
QUOTED = 40  # characters of a value in a message


class SessionError(MistakesError):
    """A file is not a session that can be read; the text has its place."""


class Session(NamedTuple):
    """A session that is being read: its header, and its entries as the file has them."""

    header: SessionHeader
    entries: Iterator[Entry]


def read_session(path: Path) -> Session:
    """Return a session; its lines are read one by one, as they are asked for.

    Raises:
        SessionError: the file cannot be read, or is no session; its entries raise it for the line that is wrong.

    """
    lines = _lines(path)
    number, first = next(lines, (1, {}))
    if MARK not in first:
        raise _mistake(
            path, number, f"this is not a session: the first line has no {MARK}; sms-sandbox record makes one"
        )
    if first[MARK] != FORMAT:
        raise _mistake(path, number, f"a session of format {first[MARK]!r}; this version reads format {FORMAT}")
    reader = _Reader(path, number)
    header = SessionHeader(
        reader.time(first, "at"),
        reader.text(first, "version"),
        reader.source(first),
        {name: str(value) for name, value in reader.mapping(first, "upstreams").items()},
        tuple(map(str, reader.list(first, "masked"))),
    )
    return Session(header, (_Reader(path, place).entry(value) for place, value in lines))


def in_order(entries: Iterable[Entry]) -> Iterator[Entry]:
    """Yield entries in the order in which they began; a session has them in the order in which they ended."""
    waiting: list[tuple[int, int, Entry]] = []
    following = 1
    for place, entry in enumerate(entries):
        heappush(waiting, (entry.number, place, entry))
        while waiting and (waiting[0][0] <= following or len(waiting) > WINDOW):
            number, _, first = heappop(waiting)
            following = max(following, number + 1)
            yield first
    while waiting:
        yield heappop(waiting)[2]


def is_session(path: Path) -> bool:
    """Return whether the first line of a file is that of a session."""
    with suppress(SessionError):
        return MARK in next(_lines(path), (1, {}))[1]
    return False


def _lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield each line with its number, from 1."""
    try:
        with path.open("rb") as file:
            number = 0
            while line := file.readline(LINE_LIMIT):
                number += 1
                if not line.endswith(b"\n") and len(line) >= LINE_LIMIT:
                    raise _mistake(path, number, f"the line has more than {LINE_LIMIT >> 20} MB")
                try:
                    value = json.loads(line)
                except (ValueError, RecursionError) as error:
                    cut = "" if line.endswith(b"\n") else ", and the file ends in it: its end is missing"
                    raise _mistake(path, number, f"the line is not JSON ({error}){cut}") from None
                if not isinstance(value, dict):
                    raise _mistake(path, number, "the line is not a JSON object")
                yield number, value
    except OSError as error:
        raise SessionError([FileMistake(error.strerror or str(error), str(path))]) from None


def _mistake(path: Path, line: int, problem: str) -> SessionError:
    return SessionError([FileMistake(problem, str(path), line)])


class _Reader(NamedTuple):
    """Reads the values of one line; each mistake has its place."""

    path: Path
    line: int

    def entry(self, value: Mapping[str, Any]) -> Entry:
        """Return the exchange or callback of a line."""
        match value:
            case {"exchange": dict(given), **rest} if not rest:
                return RecordedExchange(
                    self.whole(given, "number"),
                    self.time(given, "at"),
                    self.text(given, "provider"),
                    self.text(given, "operation"),
                    self.request(given),
                    self.reply(given),
                    self.amount(given),
                    self.whole(given, "messages", default=0),
                    fault=self.text(given, "fault", default=""),
                    refused=self.text(given, "refused", default=""),
                    why=self.text(given, "why", default=""),
                    replays=self.whole(given, "replays", default=0),
                )
            case {"callback": dict(given), **rest} if not rest:
                reports = self.mapping(given, "reports") if "reports" in given else None
                return RecordedCallback(
                    self.whole(given, "number"),
                    self.time(given, "at"),
                    self.text(given, "provider"),
                    self.request(given),
                    self.reply(given),
                    self.amount(given),
                    None if reports is None else Reported(self.whole(reports, "exchange"), self.text(reports, "id")),
                    *(self.text(given, name, default="") for name in ("fault", "why")),
                )
        message = 'the line is neither {"exchange": {…}} nor {"callback": {…}}'
        raise self.mistake(message)

    def request(self, given: Mapping[str, Any]) -> RecordedRequest:
        """Return the request of an entry."""
        inside = self.mapping(given, "request")
        method, path, query = (self.text(inside, name) for name in ("method", "path", "query"))
        return RecordedRequest(method, path, query, self.headers(inside), self.body(inside))

    def reply(self, given: Mapping[str, Any]) -> RecordedReply | None:
        """Return the reply of an entry, None if it has none."""
        if "reply" not in given:
            return None
        inside = self.mapping(given, "reply")
        return RecordedReply(self.whole(inside, "status"), self.headers(inside), self.body(inside))

    def headers(self, given: Mapping[str, Any]) -> Headers:
        """Return headers, a list of pairs."""
        rows = self.list(given, "headers")
        if not all(isinstance(row, list) and [*map(type, row)] == [str, str] for row in rows):
            message = "headers is not a list of [name, value]"
            raise self.mistake(message)
        return tuple((row[0], row[1]) for row in rows)

    def body(self, given: Mapping[str, Any]) -> Body:
        """Return a body."""
        return Body(*(self.text(given, name, default="") for name in ("body", "coding", "withheld")))

    def source(self, given: Mapping[str, Any]) -> Source:
        """Return where a session comes from."""
        value = given.get("source")
        if value not in ("record", "har", "wiremock", "replay"):
            raise self.wrong(value, "source", "record, har, wiremock or replay")
        source: Source = value
        return source

    def text(self, given: Mapping[str, Any], name: str, default: str | None = None) -> str:
        """Return a string."""
        value = given.get(name, default)
        if not isinstance(value, str):
            raise self.wrong(value, name, "a string")
        return value

    def whole(self, given: Mapping[str, Any], name: str, default: int | None = None) -> int:
        """Return a whole number."""
        value = given.get(name, default)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise self.wrong(value, name, "a whole number")
        return value

    def amount(self, given: Mapping[str, Any]) -> float | None:
        """Return the milliseconds of an entry, None if they are not known."""
        value = given.get("ms")
        if value is not None and (not isinstance(value, int | float) or isinstance(value, bool) or value < 0):
            raise self.wrong(value, "ms", "a number of milliseconds")
        return None if value is None else float(value)

    def time(self, given: Mapping[str, Any], name: str) -> datetime:
        """Return a time with its zone."""
        with suppress(ValueError, TypeError):
            at = datetime.fromisoformat(given.get(name, ""))
            if at.tzinfo is not None:
                return at
        raise self.wrong(given.get(name), name, "a time in ISO 8601 with its zone")

    def mapping(self, given: Mapping[str, Any], name: str) -> Mapping[str, Any]:
        """Return an object."""
        value = given.get(name)
        if not isinstance(value, dict):
            raise self.wrong(value, name, "an object")
        return value

    def list(self, given: Mapping[str, Any], name: str) -> list[Any]:
        """Return a list."""
        value = given.get(name)
        if not isinstance(value, list):
            raise self.wrong(value, name, "a list")
        return value

    def wrong(self, value: object, name: str, right: str) -> SessionError:
        """Return the error of a value that is missing or of the wrong type."""
        if value is None:
            return self.mistake(f"{name} is missing; it must be {right}")
        return self.mistake(f"{name} is {json.dumps(value, ensure_ascii=False)[:QUOTED]}, not {right}")

    def mistake(self, problem: str) -> SessionError:
        """Return the error of this line."""
        return _mistake(self.path, self.line, problem)
