"""Turns what a call was given into values, by the `format` that its schema names; what has none stays as it came."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from itertools import islice
from typing import Any, NamedTuple

from sandbox.callbacks.egress import parse_url
from sandbox.control.problems import Mistake, pointer
from sandbox.control.schema_errors import helped, mistakes_in
from sandbox.core.callback import CallbackState
from sandbox.core.clock import parse_duration
from sandbox.core.errors import SandboxError, near_miss
from sandbox.core.message import Status
from sandbox.core.world import World
from sandbox.providers.registry import Registry
from sandbox.specs.types import MANY, show

INSTANT = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d(?:\.\d{1,9})?)([Zz]|[+ -]\d\d:\d\d)", re.ASCII)
LONGEST_WAIT = timedelta(seconds=60)
EPOCH, FAR = datetime(1970, 1, 1, tzinfo=UTC), datetime(3000, 1, 1, tzinfo=UTC)  # where a clock may stand
LATEST = "latest"


class FormatError(SandboxError):
    """A value that is not what its format asks for."""


class Since(NamedTuple):
    """Where a list begins, exclusive: after the `number`-th arrival, or after an instant."""

    number: int = 0
    at: datetime | None = None

    def admits(self, number: int, at: datetime) -> bool:
        """Whether the `number`-th arrival, at an instant, comes after it."""
        return number > self.number and (self.at is None or at > self.at)


class Setting(NamedTuple):
    """What the words of a call are read against."""

    packs: Registry
    world: World


def parse_instant(text: str) -> datetime:
    """Read an RFC 3339 time; a blank stands for the `+` that an unescaped query loses.

    Raises:
        FormatError: it is none.

    """
    match = INSTANT.fullmatch(text)
    try:
        if match is not None:
            day, time, zone = match.groups()
            return datetime.fromisoformat(f"{day}T{time}{zone.replace(' ', '+').upper()}").astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    message = f"{show(text)} is no time; write it as 2026-03-02T12:00:00.000Z"
    raise FormatError(message)


def _clock_time(_: Setting, value: object) -> datetime:
    at = parse_instant(str(value))
    if not EPOCH <= at < FAR:
        message = f"{show(str(value))}: a clock stands between the years {EPOCH.year} and {FAR.year}"
        raise FormatError(message)
    return at


def _wait(_: Setting, value: object) -> timedelta:
    wait = parse_duration(value)
    if wait > LONGEST_WAIT:
        message = f"{show(value)} is longer than {LONGEST_WAIT.total_seconds():g}s, the longest wait"
        raise FormatError(message)
    return wait


def _since_message(setting: Setting, value: object) -> Since:
    world, text = setting.world, str(value)
    if text == LATEST:
        return Since(world.last_message)
    number = world.numbers.get(text)
    return _since_time(text, "message") if number is None else Since(number)


def _since_number(noun: str, last: Callable[[World], int]) -> Callable[[Setting, object], Since]:
    def read(setting: Setting, value: object) -> Since:
        text, newest = str(value), last(setting.world)
        if text == LATEST:
            return Since(newest)
        if text.isdigit() and text.isascii() and len(text) < len(str(newest)) + 1 and int(text) <= newest:
            return Since(int(text))
        return _since_time(text, noun)

    return read


def _since_time(text: str, noun: str) -> Since:
    if INSTANT.fullmatch(text):
        return Since(at=parse_instant(text))
    message = f"{show(text)} is neither the id of a {noun} here, nor {LATEST}, nor a time such as 2026-03-02T12:00:00Z"
    raise FormatError(message)


def _one_of(noun: str, known: Callable[[Setting], set[str]]) -> Callable[[Setting, object], str]:
    def read(setting: Setting, value: object) -> str:
        names, text = known(setting), str(value)
        if text not in names:
            message = f"no {noun} is called {show(text)}.{near_miss(text, names)}"
            raise FormatError(message)
        return text

    return read


def _operation(setting: Setting, value: object) -> str:
    names, text = {name for pack in setting.packs.values() for name in pack.spec.operations}, str(value)
    if not any(fnmatchcase(name, text) for name in names):
        message = f"no operation is called {show(text)}.{near_miss(text, names)}"
        raise FormatError(message)
    return text


def _statuses(setting: Setting) -> set[str]:
    channels = [channel for pack in setting.packs.values() for channel in pack.spec.channels.values()]
    return {*Status, *(word for channel in channels for word in channel.read_back)}


READERS: Mapping[str, Callable[[Setting, object], object]] = {
    "callback-url": lambda _, value: str(parse_url(str(value))),
    "clock-time": _clock_time,
    "operation": _operation,
    "provider": _one_of("provider", lambda setting: set(setting.packs)),
    "since-callback": _since_number("callback", lambda world: world.last_callback),
    "since-message": _since_message,
    "since-request": _since_number("request", lambda world: world.last_request),
    "span": lambda _, value: parse_duration(value),
    "state": _one_of("state", lambda _: set(CallbackState)),
    "status": _one_of("status", _statuses),
    "wait": _wait,
}


def judge(value: object, schema: Mapping[str, Any], setting: Setting) -> tuple[object, list[Mistake]]:
    """Return a value with its parts read, and everything that is wrong with it."""
    found = list(islice(mistakes_in(value, schema), MANY))
    walk = _Walk(setting, frozenset(path for path, _ in found), [mistake for _, mistake in found])
    return walk.read(value, schema, ()), walk.mistakes


class _Walk(NamedTuple):
    """Reads the parts of a value that their schema holds nothing against."""

    setting: Setting
    spoilt: frozenset[tuple[str | int, ...]]
    mistakes: list[Mistake]

    def read(self, value: object, schema: Mapping[str, Any], path: tuple[str | int, ...]) -> object:
        if isinstance(value, dict):
            return {key: self._entry(key, each, schema, path) for key, each in value.items()}
        if isinstance(value, list):
            return [self.read(each, schema.get("items", {}), (*path, index)) for index, each in enumerate(value)]
        return self._one(value, schema, path)

    def _entry(self, key: str, value: object, schema: Mapping[str, Any], path: tuple[str | int, ...]) -> object:
        rest = schema.get("additionalProperties", {})
        part = schema.get("properties", {}).get(key, rest if isinstance(rest, Mapping) else {})
        self._one(key, schema.get("propertyNames", {}), (*path, key))
        return self.read(value, part, (*path, key))

    def _one(self, value: object, schema: Mapping[str, Any], path: tuple[str | int, ...]) -> object:
        if schema.get("type") == "integer" and isinstance(value, float) and path not in self.spoilt:
            return int(value)  # 5.0 is an integer to JSON Schema
        reader = READERS.get(schema.get("format", ""))
        if reader is None or value is None or path in self.spoilt:
            return value
        try:
            return reader(self.setting, value)
        except SandboxError as error:
            self.mistakes.append(Mistake(pointer(path), helped(str(error), schema)))
            return value
