"""Faker's dates, counted from the clock of the workspace instead of the machine's.

Faker's provider of dates asks `datetime.now()` and `date.today()` in forty places, and the machine for its time zone.
It is loaded a second time here, apart from the one that others import, with both names replaced.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, tzinfo
from functools import lru_cache
from importlib.util import find_spec, module_from_spec
from typing import Any

_NOW: ContextVar[datetime] = ContextVar("now of the workspace")


@contextmanager
def dated(now: datetime) -> Iterator[None]:
    """Let the dates that are drawn inside be counted from `now`."""
    token = _NOW.set(now)
    try:
        yield
    finally:
        _NOW.reset(token)


class _StandIn(type):
    """Stands in for a class of `datetime`: calls, attributes and isinstance go to the class itself."""

    real: type

    def __call__(cls, *args: object, **values: object) -> object:
        return cls.real(*args, **values)

    def __getattr__(cls, name: str) -> object:
        return getattr(cls.real, name)

    def __instancecheck__(cls, value: object) -> bool:
        return isinstance(value, cls.real)


class _Datetime(metaclass=_StandIn):
    real = datetime

    @staticmethod
    def now(tz: tzinfo | None = None) -> datetime:
        """Return the time of the workspace, as `datetime.now` returns the machine's."""
        now = _NOW.get()
        return now.replace(tzinfo=None) if tz is None else now.astimezone(tz)


class _Date(metaclass=_StandIn):
    real = date

    @staticmethod
    def today() -> date:
        """Return the day of the workspace, in UTC."""
        return _NOW.get().date()


@lru_cache(maxsize=1)
def dates_provider() -> Any:  # noqa: ANN401 - Faker has no type for a provider's class
    """Return the provider of dates, whose methods work inside `dated` alone.

    Raises:
        ImportError: This version of Faker has no provider of dates where we know it.

    """
    spec = find_spec("faker.providers.date_time")
    if spec is None or spec.loader is None:
        message = "Faker has no module faker.providers.date_time"
        raise ImportError(message)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    for name, value in {"datetime": _Datetime, "dtdate": _Date, "_get_local_timezone": lambda: UTC}.items():
        if not hasattr(module, name):
            message = f"faker.providers.date_time has no {name}"
            raise ImportError(message)
        setattr(module, name, value)
    return module.Provider
