"""A workspace's clock, durations, and the only code that reads the real clock.

A clock is a value: freezing, scaling and advancing it make a new one.

Tests may freeze the time of their process with freezegun or time-machine while the fixture serves in that process.
Real-time behaviour, such as timeouts, must not freeze with it, so the real clock is read past both libraries.
"""

import re
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from importlib.util import find_spec, module_from_spec
from typing import TYPE_CHECKING, NamedTuple

from sandbox.core.errors import ClockBackwardsError, SandboxError

if TYPE_CHECKING:
    import time
else:
    # A private copy: freezegun replaces the functions of the shared module.
    _spec = find_spec("time")
    time = module_from_spec(_spec)
    _spec.loader.exec_module(time)


class ClockMode(StrEnum):
    """How a clock runs: in real time, at another speed, or not at all."""

    REAL = "real"
    SCALED = "scaled"
    FROZEN = "frozen"


def utc_now() -> datetime:
    """Return the real time in UTC."""
    return datetime.fromtimestamp(_since_1970(), UTC)


def unix_time() -> int:
    """Return the real time in whole seconds since 1970."""
    return int(_since_1970())


def microseconds() -> int:
    """Return the real time in microseconds since 1970."""
    return int(_since_1970() * 1_000_000)


def _since_1970() -> float:
    """Return the real time in seconds since 1970; time-machine patches the function itself, but has an escape hatch."""
    machine = sys.modules.get("time_machine")
    if machine is not None and machine.escape_hatch.is_travelling():
        return float(machine.escape_hatch.time.time())
    return time.time()


monotonic = time.monotonic  # seconds of a clock that never goes backwards


def format_time(at: datetime) -> str:
    """Return a time in RFC 3339 format with milliseconds, as the control API does."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def processor_seconds() -> float:
    """Return the processor time of this thread in seconds; waiting does not count."""
    return time.thread_time()


@dataclass(frozen=True, slots=True)
class Clock:
    """A clock that showed `origin` when `monotonic()` was `anchor`, and runs `rate` times as fast as the real one.

    While an advance has stopped a running clock, its `rate` is 0 and `resumes` the rate at which it runs on afterwards.
    """

    mode: ClockMode
    rate: float
    start: datetime
    origin: datetime
    anchor: float
    resumes: float | None = None

    def now(self) -> datetime:
        """Return the current time."""
        if self.rate == 0:
            return self.origin
        return self.origin + timedelta(0, (monotonic() - self.anchor) * self.rate)

    def real_seconds_until(self, due: datetime) -> float | None:
        """Return the real seconds until `due`, at least 0; None if only an advance gets there."""
        remaining = (due - self.now()).total_seconds()
        if remaining <= 0:
            return 0.0
        return None if self.rate == 0 else remaining / self.rate

    def moved(self, to: datetime) -> "Clock":
        """Return this clock set to `to`.

        Raises:
            ClockBackwardsError: `to` is before now.

        """
        refuse_backwards(self.now(), to)
        return Clock(self.mode, self.rate, self.start, to, monotonic(), self.resumes)

    def stopped(self) -> "Clock":
        """Return this clock standing at the present instant, for the length of an advance."""
        return Clock(self.mode, 0.0, self.start, self.now(), monotonic(), self.rate)

    def resumed(self) -> "Clock":
        """Return this clock running again as before it was stopped."""
        rate = self.rate if self.resumes is None else self.resumes
        return Clock(self.mode, rate, self.start, self.now(), monotonic())


def refuse_backwards(now: datetime, to: datetime) -> None:
    """Raise ClockBackwardsError if `to` is before `now`, which the caller has read from a running clock."""
    if to < now:
        message = f"the clock is at {format_time(now)} and cannot go back to {format_time(to)}"
        raise ClockBackwardsError(message)


class ClockConfig(NamedTuple):
    """How to run a clock: `rate` is the speed of a scaled one; `start` defaults to the real time."""

    mode: ClockMode = ClockMode.REAL
    rate: float = 1.0
    start: datetime | None = None


def make_clock(mode: ClockMode, *, rate: float = 1.0, start: datetime | None = None) -> Clock:
    """Return a new clock at `start` (default: the real time); `rate` is the speed of a scaled one."""
    begin = start or utc_now()
    speed = {ClockMode.REAL: 1.0, ClockMode.SCALED: rate, ClockMode.FROZEN: 0.0}[mode]
    return Clock(mode, speed, begin, begin, monotonic())


DURATION_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_NUMBER = r"\d{1,12}(?:\.\d{1,6})?"
SECONDS = re.compile(_NUMBER, re.ASCII)
DURATION_PART = re.compile(rf"({_NUMBER})(ms|s|m|h|d)", re.ASCII)
DURATION = re.compile(rf"(?:{DURATION_PART.pattern})+", re.ASCII)
LONGEST_DURATION = timedelta(days=3650)


class DurationError(SandboxError):
    """The value is not a duration."""


def parse_duration(value: object) -> timedelta:
    """Return a duration written as `200ms`, `5s`, `2m`, `1h30m` or `1d`, or as a number of seconds.

    Raises:
        DurationError: it is not a duration, or is negative or longer than ten years.

    """
    text = str(value).strip() if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
    if SECONDS.fullmatch(text):
        seconds = float(text)
    elif DURATION.fullmatch(text):
        seconds = sum(float(number) * DURATION_UNITS[unit] for number, unit in DURATION_PART.findall(text))
    else:
        message = f"{value!r} is not a duration; write 200ms, 5s, 2m, 1h30m, 1d or a number of seconds"
        raise DurationError(message)
    if seconds > LONGEST_DURATION.total_seconds():
        message = f"{value!r} is longer than ten years"
        raise DurationError(message)
    return timedelta(seconds=seconds)
