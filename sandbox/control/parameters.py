"""Validates a query or body by its schema, and converts its values by the `format` that the schema names.

A value without a format stays as it is. Two extensions of a schema are for error texts: `x-expected` says what a value
must be, in place of a pattern, and `x-instead` what to write instead of a refused value.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from sandbox.callbacks.egress import parse_url
from sandbox.control.problems import Mistake, pointer
from sandbox.core.callback import CallbackState
from sandbox.core.clock import parse_duration
from sandbox.core.errors import SandboxError, near_miss
from sandbox.core.message import Status
from sandbox.core.world import World
from sandbox.providers.registry import Pack, Registry
from sandbox.specs.fast_validation import CompiledSchema
from sandbox.specs.types import VIOLATION_LIMIT, WORDING, show

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

Schema = Mapping[str, Any]
Path = tuple[str | int, ...]

INSTANT = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d(?:\.\d{1,9})?)([Zz]|[+ -]\d\d:\d\d)", re.ASCII)
LONGEST_WAIT = timedelta(seconds=60)
FIRST_TIME, END_OF_TIME = datetime(1970, 1, 1, tzinfo=UTC), datetime(3000, 1, 1, tzinfo=UTC)  # bounds of a clock
LATEST = "latest"


class FormatError(SandboxError):
    """A value that does not have the format of its schema."""


class Since(NamedTuple):
    """The exclusive start of a list: the `number`-th arrival, or an instant."""

    number: int = 0
    at: datetime | None = None

    def admits(self, number: int, at: datetime) -> bool:
        """Whether the `number`-th arrival, at an instant, comes after the start."""
        return number > self.number and (self.at is None or at > self.at)


class Context(NamedTuple):
    """What names and ids in a call refer to."""

    packs: Registry
    world: World


def read_value(value: object, compiled: CompiledSchema, context: Context) -> tuple[object, list[Mistake]]:
    """Return a value with everything in it converted, and its mistakes."""
    schema = compiled.schema
    found = [] if compiled.fits(value) else list(islice(_schema_mistakes(value, schema), VIOLATION_LIMIT))
    converter = _Converter(context, frozenset(path for path, _ in found), [mistake for _, mistake in found])
    return converter.convert(value, schema, ()), converter.mistakes


class _Converter(NamedTuple):
    """Converts what is valid of a value; `invalid` are the paths of the rest."""

    context: Context
    invalid: frozenset[Path]
    mistakes: list[Mistake]

    def convert(self, value: object, schema: Schema, path: Path) -> object:
        if isinstance(value, dict):
            return {key: self._property(key, each, schema, path) for key, each in value.items()}
        if isinstance(value, list):
            return [self.convert(each, schema.get("items", {}), (*path, index)) for index, each in enumerate(value)]
        return self._scalar(value, schema, path)

    def _property(self, key: str, value: object, schema: Schema, path: Path) -> object:
        rest = schema.get("additionalProperties", {})
        inner = schema.get("properties", {}).get(key, rest if isinstance(rest, Mapping) else {})
        self._scalar(key, schema.get("propertyNames", {}), (*path, key))
        return self.convert(value, inner, (*path, key))

    def _scalar(self, value: object, schema: Schema, path: Path) -> object:
        if schema.get("type") == "integer" and isinstance(value, float) and path not in self.invalid:
            return int(value)  # 5.0 is an integer to JSON Schema
        parse = FORMATS.get(schema.get("format", ""))
        if parse is None or value is None or path in self.invalid:
            return value
        try:
            return parse(self.context, value)
        except SandboxError as error:
            self.mistakes.append(Mistake(pointer(path), _with_advice(str(error), schema)))
            return value


def _schema_mistakes(value: object, schema: Schema) -> Iterator[tuple[Path, Mistake]]:
    """Yield each mistake and the path of the value that it makes invalid."""
    from sandbox.specs.validation import Validator  # noqa: PLC0415 - loaded for the first mistake

    for error in Validator(schema).iter_errors(value):
        path = tuple(error.absolute_path)
        yield from ((path, mistake) for mistake in DESCRIBERS.get(str(error.validator), _describe)(error, path))


def _describe(error: "ValidationError", path: Iterable[str | int]) -> Iterator[Mistake]:
    """Describe a mistake by the schema's `x-expected` if it has one, else by the violated keyword."""
    schema = error.schema if isinstance(error.schema, Mapping) else {}
    wording = WORDINGS.get(str(error.validator))
    if error.validator == "pattern" and "x-expected" in schema:
        problem = f"{show(error.instance)} is not {schema['x-expected']}"
    elif wording is None:
        problem = f"{show(error.instance)} violates {error.validator}: {show(error.validator_value)}"
    else:
        problem = wording(error.instance, error.validator_value)
    yield Mistake(pointer(path), _with_advice(problem, schema))


def _with_advice(problem: str, schema: Schema) -> str:
    """Return a problem with the schema's `x-instead`, if it has one."""
    return f"{problem}; {schema['x-instead']}" if "x-instead" in schema else problem


def _describe_missing(error: "ValidationError", path: Path) -> Iterator[Mistake]:
    yield Mistake(pointer((*path, error.message)), f"{error.message} is missing")


def _describe_unknown(error: "ValidationError", path: Path) -> Iterator[Mistake]:
    known = set(error.schema.get("properties", ()) if isinstance(error.schema, Mapping) else ())
    for name in error.instance if isinstance(error.instance, Mapping) else ():
        if name not in known:
            yield Mistake(pointer((*path, name)), f"unknown parameter {show(name)}.{near_miss(name, known)}")


def _describe_count(error: "ValidationError", path: Path) -> Iterator[Mistake]:
    known = ", ".join(error.schema.get("properties", ()) if isinstance(error.schema, Mapping) else ())
    bound = "at least" if error.validator == "minProperties" else "at most"
    yield Mistake(pointer(path), f"{bound} {error.validator_value} of {known} must be given")


WORDINGS: Mapping[str, Callable[[Any, Any], str]] = {
    **WORDING,
    "const": lambda value, only: f"{show(value)} is not {show(only)}",
    "exclusiveMinimum": lambda value, bound: f"{show(value)} is not more than {bound}",
}
DESCRIBERS: Mapping[str, Callable[["ValidationError", Path], Iterator[Mistake]]] = {
    "required": _describe_missing,
    "additionalProperties": _describe_unknown,
    "minProperties": _describe_count,
    "maxProperties": _describe_count,
}


def parse_instant(text: str) -> datetime:
    """Return an RFC 3339 time; a blank stands for the `+` that a query loses if it is not escaped.

    Raises:
        FormatError: the text is not such a time.

    """
    match = INSTANT.fullmatch(text)
    try:
        if match is not None:
            day, time, zone = match.groups()
            return datetime.fromisoformat(f"{day}T{time}{zone.replace(' ', '+').upper()}").astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    message = f"invalid time {show(text)}: use a time with its zone such as 2026-03-02T12:00:00Z"
    raise FormatError(message)


def _parse_clock_time(_: Context, value: object) -> datetime:
    at = parse_instant(str(value))
    if not FIRST_TIME <= at < END_OF_TIME:
        message = (
            f"invalid time {show(str(value))}: the clock runs from the year {FIRST_TIME.year} to {END_OF_TIME.year - 1}"
        )
        raise FormatError(message)
    return at


def _parse_wait(_: Context, value: object) -> timedelta:
    wait = parse_duration(value)
    if wait > LONGEST_WAIT:
        message = f"{show(value)} is longer than the maximum wait of {LONGEST_WAIT.total_seconds():g}s"
        raise FormatError(message)
    return wait


def _parse_since_message(context: Context, value: object) -> Since:
    world, text = context.world, str(value)
    if text == LATEST:
        return Since(world.last_message)
    number = world.numbers.get(text)
    return _parse_since_time(text, "message") if number is None else Since(number)


def _since_number(noun: str, last: Callable[[World], int]) -> Callable[[Context, object], Since]:
    def parse(context: Context, value: object) -> Since:
        text, newest = str(value), last(context.world)
        if text == LATEST:
            return Since(newest)
        if text.isdigit() and text.isascii() and len(text) < len(str(newest)) + 1 and int(text) <= newest:
            return Since(int(text))
        return _parse_since_time(text, noun)

    return parse


def _parse_since_time(text: str, noun: str) -> Since:
    if INSTANT.fullmatch(text):
        return Since(at=parse_instant(text))
    message = f"{show(text)} is not the id of a {noun}; use an id, {LATEST} or a time such as 2026-03-02T12:00:00Z"
    raise FormatError(message)


def _one_of(noun: str, names: Callable[[Context], set[str]]) -> Callable[[Context, object], str]:
    def parse(context: Context, value: object) -> str:
        known, text = names(context), str(value)
        if text not in known:
            message = f"no {noun} is called {show(text)}.{near_miss(text, known)}"
            raise FormatError(message)
        return text

    return parse


def _parse_operation(context: Context, value: object) -> str:
    names, text = {name for pack in context.packs.values() for name in _operations(pack)}, str(value)
    if not any(fnmatchcase(name, text) for name in names):
        message = f"no operation is called {show(text)}.{near_miss(text, names)}"
        raise FormatError(message)
    return text


def _operations(pack: Pack) -> Iterator[str]:
    """Yield the names of a provider's operations, and those that messages from phones have instead."""
    yield from pack.spec.operations
    yield from (f"{pack.spec.name}.{each.channel.key}" for each in pack.provider.inbound.values())


def _statuses(context: Context) -> set[str]:
    channels = [channel for pack in context.packs.values() for channel in pack.channels.values()]
    return {*Status, *(word for channel in channels for word in channel.read_back)}


FORMATS: Mapping[str, Callable[[Context, object], object]] = {
    "callback-url": lambda _, value: str(parse_url(str(value))),
    "clock-time": _parse_clock_time,
    "operation": _parse_operation,
    "provider": _one_of("provider", lambda context: set(context.packs)),
    "since-callback": _since_number("callback", lambda world: world.last_callback),
    "since-message": _parse_since_message,
    "since-request": _since_number("request", lambda world: world.last_request),
    "span": lambda _, value: parse_duration(value),
    "state": _one_of("state", lambda _: set(CallbackState)),
    "status": _one_of("status", _statuses),
    "wait": _parse_wait,
}
