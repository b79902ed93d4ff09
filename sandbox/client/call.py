"""A call of the control API as a value: what is asked, and how the answer is read. Both clients send the same."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Generic, TypeVar, cast
from urllib.parse import quote, urlencode

from sandbox.client.decode import read, read_all, read_named
from sandbox.client.errors import ArgumentError
from sandbox.client.values import Page
from sandbox.core.clock import format_time, parse_duration

Answer = TypeVar("Answer")
Other = TypeVar("Other")
Row = TypeVar("Row")

Duration = str | float | timedelta  # "200ms", "5s", "2m", "1h", "1d", or a number of seconds
Instant = str | datetime
Since = str | int | datetime  # an id or a time, exclusive

PATIENCE = 30.0  # seconds of real time until an answer must have come, `wait` not counted
LONG = 600.0  # seconds for an advance, which waits for every receiver
JSON = "application/json"
YAML = "application/yaml"


@dataclass(frozen=True, slots=True)
class ApiCall(Generic[Answer]):
    """One call. `path` is below `/_sandbox`, or below the workspace where it is `scoped`; `parse` reads the answer."""

    method: str
    path: str
    parse: Callable[[bytes], Answer]
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    type: str = JSON
    scoped: bool = True
    patience: float = PATIENCE

    @property
    def target(self) -> str:
        """The path with its query."""
        return f"{self.path}?{urlencode(self.query)}" if self.query else self.path

    def read_by(self, parse: Callable[[bytes], Other]) -> "ApiCall[Other]":
        """Return the same call, its answer read otherwise."""
        return ApiCall(
            self.method,
            self.path,
            parse,
            self.query,
            self.body,
            self.type,
            self.scoped,
            self.patience,
        )


def path(*steps: object) -> str:
    """Return a path of steps, each escaped."""
    return "".join("/" + quote(str(step), safe="") for step in steps)


def query(**given: object) -> dict[str, str]:
    """Return the query parameters that are given; a trailing underscore keeps a name apart from a word of Python."""
    return {name.rstrip("_"): write(value) for name, value in given.items() if value is not None}


def body(**given: object) -> bytes:
    """Return the JSON object of what is given."""
    return encode({name.rstrip("_"): plain(value) for name, value in given.items() if value is not None})


def encode(value: object) -> bytes:
    """Return a value as JSON."""
    return json.dumps(value, ensure_ascii=False, default=_known).encode()


def _known(value: object) -> object:
    """Return a value that JSON has no form of as one that it has."""
    if (known := plain(value)) is value:
        message = f"{value!r} has no form in JSON"
        raise ArgumentError(message)
    return known


def plain(value: object) -> object:
    """Return a value as JSON has it.

    Raises:
        ArgumentError: a time without its zone.

    """
    match value:
        case datetime():
            if value.tzinfo is None:
                message = f"{value.isoformat()} has no zone; give it one, such as datetime.UTC"
                raise ArgumentError(message)
            return format_time(value.astimezone(UTC))
        case timedelta():
            return value.total_seconds()
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case _:
            return value


def write(value: object) -> str:
    """Return a value as a query has it."""
    value = plain(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def patience(wait: Duration | None) -> float:
    """Return how long the answer to a call that waits may take.

    Raises:
        DurationError: `wait` is no duration.

    """
    if wait is None:
        return PATIENCE
    return PATIENCE + (wait if isinstance(wait, timedelta) else parse_duration(wait)).total_seconds()


def load(answer: bytes) -> object:
    """Return the value of a JSON text; its fractions are decimals.

    Raises:
        ValueError: it is none.

    """
    return cast("object", json.loads(answer, parse_float=Decimal))


def one(kind: type[Answer]) -> Callable[[bytes], Answer]:
    """Return the parser of an answer that is one thing."""
    return lambda answer: read(kind, load(answer))


def page(kind: type[Row]) -> Callable[[bytes], Page[Row]]:
    """Return the parser of an answer that is a list."""

    def parse(answer: bytes) -> Page[Row]:
        found = read(_Listed, load(answer))
        return Page(read_all(kind, found.items, "/items"), found.next, found.evicted)

    return parse


@dataclass(frozen=True, slots=True)
class _Listed:
    items: tuple[object, ...]
    next: str | None = None
    evicted: int = 0


def mapping(kind: type[Row]) -> Callable[[bytes], Mapping[str, Row]]:
    """Return the parser of an answer that has things by name."""
    return lambda answer: read_named(kind, load(answer))


def nothing(_: bytes) -> None:
    """Read an answer that has nothing to tell."""


def text(answer: bytes) -> str:
    """Read an answer that is a text."""
    return answer.decode("utf-8", "replace")


document = mapping(object)
