"""Prints a sample of each method of `fake` named as an argument, on a machine whose clock shows the year FAKE_DAY."""

import datetime as dt
import json
import os
import sys
from datetime import date as RealDate  # noqa: N812 - a class
from datetime import datetime as RealDatetime  # noqa: N812 - a class

YEAR = int(os.environ["FAKE_DAY"])


class Alike(type):
    """Takes instances of the real class for its own."""

    def __instancecheck__(cls, value: object) -> bool:
        return isinstance(value, cls.__mro__[1])


class OtherDatetime(RealDatetime, metaclass=Alike):
    """A datetime on a machine whose clock shows another day."""

    @classmethod
    def now(cls, tz: dt.tzinfo | None = None) -> "OtherDatetime":
        return cls(YEAR, 7, 1, 12, 30, tzinfo=tz)

    @classmethod
    def today(cls) -> "OtherDatetime":
        return cls(YEAR, 7, 1, 12, 30)


class OtherDate(RealDate, metaclass=Alike):
    """A date on that machine."""

    @classmethod
    def today(cls) -> "OtherDate":
        return cls(YEAR, 7, 1)


dt.datetime, dt.date = OtherDatetime, OtherDate  # type: ignore[misc] # before anybody imports them

from faker import Faker  # noqa: E402 - only now the machine shows another day

from sandbox.templates.budget import Budget, spending  # noqa: E402 - as above
from sandbox.templates.fake_data import FakeData  # noqa: E402 - as above

NOW = RealDatetime(2026, 3, 2, 12, tzinfo=dt.UTC)
ARGUMENTS = {"binary": {"length": 8}, "dsv": {"num_rows": 2}}


def sample(name: str) -> str:
    """Return what a method draws, for the first and a second time."""
    fake = FakeData(7, 3, NOW)
    with spending(Budget(clock=lambda: 0.0)):
        method = getattr(fake, name)
        return repr([str(method(**ARGUMENTS.get(name, {}))) for _ in range(2)])


machine = str(Faker().date_this_year(before_today=False))
json.dump({"machine": machine, "samples": {name: sample(name) for name in sys.argv[1:]}}, sys.stdout)
