"""Encodes arguments as JSON or query parameters, and decodes responses into frozen values by the types of their fields.

Decoding is strict about what a field is and lenient about further keys, so that a newer server can be read.
"""

import json
import types
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, is_dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from enum import Enum
from functools import cache
from typing import Generic, TypeVar, cast, get_args, get_origin, get_type_hints, overload
from urllib.parse import quote

from sandbox.client.behaviour_values import KEY, LOCAL
from sandbox.client.errors import ArgumentError, UnexpectedResponseError
from sandbox.core.clock import format_time

Value = TypeVar("Value")
Row = TypeVar("Row")
Reader = Callable[[object, str], object]

Duration = str | float | timedelta  # "200ms", "5s", "2m", "1h30m", "1d", or a number of seconds
Instant = str | datetime
Since = str | int | datetime  # an id or a time, exclusive

NONE = cast("Hashable", type(None))
API_NAMES = {"sender": "from"}  # the names in the API that are keywords of Python
QUOTE_LIMIT = 60  # characters of a value in an error


def path(*steps: object) -> str:
    """Return a path of steps, each escaped."""
    return "".join("/" + quote(str(step), safe="") for step in steps)


def query(**given: object) -> dict[str, str]:
    """Return the arguments that are not None as query parameters, under the API's names."""
    return {API_NAMES.get(name, name): encode_parameter(value) for name, value in given.items() if value is not None}


def body(**given: object) -> bytes:
    """Return the arguments that are not None as a JSON object, under the API's names."""
    return encode_json({API_NAMES.get(name, name): _plain(value) for name, value in given.items() if value is not None})


def encode_json(value: object) -> bytes:
    """Return a value as JSON.

    Raises:
        ArgumentError: it cannot be encoded.

    """
    return json.dumps(value, ensure_ascii=False, default=_encodable).encode()


def encode_parameter(value: object) -> str:
    """Return a value as the text of a query parameter."""
    value = _plain(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _encodable(value: object) -> object:
    if (plain := _plain(value)) is value:
        message = f"{value!r} cannot be encoded as JSON"
        raise ArgumentError(message)
    return plain


def _plain(value: object) -> object:
    """Return a time, duration or decimal as a value that JSON has; any other value as it is.

    Raises:
        ArgumentError: a time has no time zone.

    """
    match value:
        case datetime():
            if value.tzinfo is None:
                message = f"{value.isoformat()} has no time zone; pass an aware datetime, such as datetime.now(UTC)"
                raise ArgumentError(message)
            return format_time(value.astimezone(UTC))
        case timedelta():
            return value.total_seconds()
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case _:
            return value


def decode_json(text: bytes) -> object:
    """Return the value of a JSON text, its fractions as decimals.

    Raises:
        ValueError: the text is not JSON.

    """
    return cast("object", json.loads(text, parse_float=Decimal))


@dataclass(frozen=True, slots=True)
class Page(Sequence[Row], Generic[Row]):
    """Part of a list, newest first.

    `next` is the cursor of the page that follows, `evicted` the number of entries that retention has removed.
    """

    items: tuple[Row, ...]
    next: str | None = None
    evicted: int = 0

    def __len__(self) -> int:
        return len(self.items)

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Row, ...]: ...
    def __getitem__(self, index: int | slice) -> Row | tuple[Row, ...]:
        return self.items[index]

    def __iter__(self) -> Iterator[Row]:
        return iter(self.items)


def one_of(kind: type[Value]) -> Callable[[bytes], Value]:
    """Return the parser of a response that is one object."""
    return lambda text: read(kind, decode_json(text))


def page_of(kind: type[Row]) -> Callable[[bytes], Page[Row]]:
    """Return the parser of a response that is a list."""

    def parse(text: bytes) -> Page[Row]:
        page = read(Page, decode_json(text))
        return replace(page, items=read_all(kind, page.items, "/items"))

    return parse


def mapping_of(kind: type[Row]) -> Callable[[bytes], Mapping[str, Row]]:
    """Return the parser of a response that has objects by name."""
    return lambda text: read_named(kind, decode_json(text))


def no_content(_: bytes) -> None:
    """Parse an empty response."""


def plain_text(body: bytes) -> str:
    """Parse a response that is text."""
    return body.decode("utf-8", "replace")


def read(kind: type[Value], value: object, at: str = "") -> Value:
    """Return `value` as a `kind`, leaving out keys that it has no field for.

    Raises:
        UnexpectedResponseError: the value does not fit; the text begins with a JSON pointer.

    """
    return cast("Value", _reader(cast("Hashable", kind))(value, at))


def read_all(kind: type[Value], values: tuple[object, ...], at: str = "") -> tuple[Value, ...]:
    """Return each of `values` as a `kind`; raise as `read` does."""
    return tuple(read(kind, value, f"{at}/{index}") for index, value in enumerate(values))


def read_named(kind: type[Value], values: object, at: str = "") -> Mapping[str, Value]:
    """Return each value of an object as a `kind`; raise as `read` does."""
    return cast("Mapping[str, Value]", _mapping(str, cast("Hashable", kind))(values, at))


@cache
def _reader(kind: Hashable) -> Reader:
    """Return the function that reads a kind."""
    if kind is object or kind is Row:  # the items of a page are read afterwards
        return lambda value, _: value
    if isinstance(kind, type) and is_dataclass(kind):
        return _record(kind)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _enum(kind)
    if isinstance(kind, type) and kind in PLAIN:
        return PLAIN[kind]
    return COMPOUND[get_origin(kind)](*get_args(kind))


def _record(kind: type) -> Reader:
    hints = get_type_hints(kind)
    readers = [
        (each, str(each.metadata.get(KEY, each.name)), _reader(hints[each.name]))
        for each in fields(kind)
        if each.metadata != LOCAL
    ]

    def read_record(value: object, at: str) -> object:
        if not isinstance(value, Mapping):
            raise _misfit(value, at, "an object")
        given = {}
        for each, key, read_field in readers:
            if key in value:
                given[each.name] = read_field(value[key], f"{at}/{key}")
            elif each.default is MISSING and each.default_factory is MISSING:
                message = f"{at}/{key} is missing"
                raise UnexpectedResponseError(message)
        return kind(**given)

    return read_record


def _enum(kind: type[Enum]) -> Reader:
    members = {each.value: each for each in kind}

    def read_member(value: object, at: str) -> object:
        if not isinstance(value, str) or value not in members:
            raise _misfit(value, at, f"one of {', '.join(members)}")
        return members[value]

    return read_member


def _exactly(*kinds: type, what: str) -> Reader:
    def read_plain(value: object, at: str) -> object:
        if type(value) not in kinds:
            raise _misfit(value, at, what)
        return value

    return read_plain


def _number(value: object, at: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise _misfit(value, at, "a number")
    return float(value)


def _decimal(value: object, at: str) -> Decimal:
    try:
        if isinstance(value, int | str | Decimal) and not isinstance(value, bool):
            return Decimal(value)
    except InvalidOperation:
        pass
    raise _misfit(value, at, "a decimal number")


def _instant(value: object, at: str) -> datetime:
    try:
        if isinstance(value, str):
            return datetime.fromisoformat(value).astimezone(UTC)
    except ValueError:
        pass
    raise _misfit(value, at, "a time")


def _tuple(kind: Hashable, _: object) -> Reader:
    read_item = _reader(kind)

    def read_list(value: object, at: str) -> object:
        if not isinstance(value, list):
            raise _misfit(value, at, "an array")
        return tuple(read_item(item, f"{at}/{index}") for index, item in enumerate(value))

    return read_list


def _mapping(_: Hashable, kind: Hashable) -> Reader:
    read_value = _reader(kind)

    def read_mapping(value: object, at: str) -> object:
        if not isinstance(value, Mapping):
            raise _misfit(value, at, "an object")
        return {name: read_value(item, f"{at}/{name}") for name, item in value.items()}

    return read_mapping


def _union(*kinds: Hashable) -> Reader:
    """Return the reader of a kind or None, or of plain kinds of which the first that fits is taken."""
    readers = [_reader(kind) for kind in kinds if kind != NONE]

    def read_union(value: object, at: str) -> object:
        if value is None and NONE in kinds:
            return None
        for attempt in readers[:-1]:
            try:
                return attempt(value, at)
            except UnexpectedResponseError:
                continue
        return readers[-1](value, at)

    return read_union


def _misfit(value: object, at: str, wanted: str) -> UnexpectedResponseError:
    shown = repr(value)
    if len(shown) > QUOTE_LIMIT:
        shown = shown[:QUOTE_LIMIT] + "…"
    return UnexpectedResponseError(f"{at or '/'}: {shown} is not {wanted}")


PLAIN: Mapping[type, Reader] = {
    str: _exactly(str, what="a string"),
    int: _exactly(int, what="an integer"),
    bool: _exactly(bool, what="true or false"),
    float: _number,
    Decimal: _decimal,
    datetime: _instant,
}
COMPOUND: Mapping[object, Callable[..., Reader]] = {tuple: _tuple, Mapping: _mapping, types.UnionType: _union}
