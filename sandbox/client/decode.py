"""Reads JSON into frozen values, by the types of their fields; what does not fit is told with its place."""

import types
from collections.abc import Callable, Hashable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from enum import Enum
from functools import cache
from typing import TypeVar, cast, get_args, get_origin, get_type_hints

from sandbox.client.errors import StrangerError

Value = TypeVar("Value")
Reader = Callable[[object, str], object]

NONE = cast("Hashable", type(None))
KEY = "key"  # in a field's metadata: its name in JSON, where that cannot be a name in Python


def read(kind: type[Value], value: object, at: str = "") -> Value:
    """Return `value` as a `kind`; keys that the kind has no field for are left aside.

    Raises:
        StrangerError: it does not fit; the text begins with a JSON pointer.

    """
    return cast("Value", _reader(cast("Hashable", kind))(value, at))


def read_all(kind: type[Value], values: tuple[object, ...], at: str = "") -> tuple[Value, ...]:
    """Return each of `values` as a `kind`; raises as `read`."""
    return tuple(read(kind, value, f"{at}/{index}") for index, value in enumerate(values))


def read_named(kind: type[Value], values: object, at: str = "") -> Mapping[str, Value]:
    """Return the values of an object as a `kind` each; raises as `read`."""
    return cast("Mapping[str, Value]", _mapping(str, cast("Hashable", kind))(values, at))


@cache
def _reader(kind: Hashable) -> Reader:
    """Return the function that reads a kind."""
    if kind is object:
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
    rows = [(each, str(each.metadata.get(KEY, each.name)), _reader(hints[each.name])) for each in fields(kind)]

    def read_record(value: object, at: str) -> object:
        if not isinstance(value, Mapping):
            raise _misfit(value, at, "an object")
        given = {}
        for each, key, read_field in rows:
            if key in value:
                given[each.name] = read_field(value[key], f"{at}/{key}")
            elif each.default is MISSING and each.default_factory is MISSING:
                message = f"{at}/{key} is missing"
                raise StrangerError(message)
        return kind(**given)

    return read_record


def _enum(kind: type[Enum]) -> Reader:
    words = {each.value: each for each in kind}

    def read_word(value: object, at: str) -> object:
        if not isinstance(value, str) or value not in words:
            raise _misfit(value, at, f"one of {', '.join(words)}")
        return words[value]

    return read_word


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
    raise _misfit(value, at, "an amount")


def _instant(value: object, at: str) -> datetime:
    try:
        if isinstance(value, str):
            return datetime.fromisoformat(value).astimezone(UTC)
    except ValueError:
        pass
    raise _misfit(value, at, "a time")


def _tuple(kind: Hashable, _: object) -> Reader:
    each = _reader(kind)

    def read_list(value: object, at: str) -> object:
        if not isinstance(value, list):
            raise _misfit(value, at, "a list")
        return tuple(each(item, f"{at}/{index}") for index, item in enumerate(value))

    return read_list


def _mapping(_: Hashable, kind: Hashable) -> Reader:
    each = _reader(kind)

    def read_mapping(value: object, at: str) -> object:
        if not isinstance(value, Mapping):
            raise _misfit(value, at, "an object")
        return {name: each(item, f"{at}/{name}") for name, item in value.items()}

    return read_mapping


def _optional(*kinds: Hashable) -> Reader:
    """Read a union of one kind and None, or of plain kinds that the first one to fit takes."""
    readers = [_reader(kind) for kind in kinds if kind != NONE]

    def read_optional(value: object, at: str) -> object:
        if value is None and NONE in kinds:
            return None
        for attempt in readers[:-1]:
            try:
                return attempt(value, at)
            except StrangerError:
                continue
        return readers[-1](value, at)

    return read_optional


def _misfit(value: object, at: str, wanted: str) -> StrangerError:
    shown = repr(value)
    return StrangerError(f"{at or '/'}: {shown[:60]}{'…' if len(shown) > 60 else ''} is not {wanted}")  # noqa: PLR2004


PLAIN: Mapping[type, Reader] = {
    str: _exactly(str, what="a text"),
    int: _exactly(int, what="a whole number"),
    bool: _exactly(bool, what="true or false"),
    float: _number,
    Decimal: _decimal,
    datetime: _instant,
}
COMPOUND: Mapping[object, Callable[..., Reader]] = {tuple: _tuple, Mapping: _mapping, types.UnionType: _optional}
