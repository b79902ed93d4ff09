"""What time it is for a workspace, and the only place that reads the real clock.

A clock is a value: freezing, scaling and advancing make a new one.

Tests freeze the time of their process with freezegun or time-machine, and the fixture serves in that process. What is
promised in real time must pass in real time there, too, so the real clock is read past both libraries.
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
    # A copy of our own: freezegun replaces the functions of the module that everybody shares.
    _spec = find_spec("time")
    time = module_from_spec(_spec)
    _spec.loader.exec_module(time)


class ClockMode(StrEnum):
    """How a clock runs."""

    REAL = "real"
    SCALED = "scaled"
    FROZEN = "frozen"


def utc_now() -> datetime:
    """Return the real time of day, in UTC."""
    return datetime.fromtimestamp(_since_1970(), UTC)


def unix_time() -> int:
    """Return the real time of day in whole seconds since 1970."""
    return int(_since_1970())


def _since_1970() -> float:
    """Return the real time of day in seconds; time-machine changes the function itself, and says how to get past it."""
    machine = sys.modules.get("time_machine")
    if machine is not None and machine.escape_hatch.is_travelling():
        return float(machine.escape_hatch.time.time())
    return time.time()


def monotonic() -> float:
    """Return real seconds since some fixed moment; they never go back."""
    return time.monotonic()


def format_time(at: datetime) -> str:
    """Return RFC 3339 with milliseconds, as the control API shows every time."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def processor_seconds() -> float:
    """Return the seconds of processor time that this thread has used; waiting does not count."""
    return time.thread_time()


@dataclass(frozen=True, slots=True)
class Clock:
    """The clock stood at `origin` when the real one had counted `anchor` seconds; it runs `rate` times as fast."""

    mode: ClockMode
    rate: float
    start: datetime
    origin: datetime
    anchor: float

    def now(self) -> datetime:
        """Return the present instant."""
        if self.rate == 0:
            return self.origin
        return self.origin + timedelta(0, (time.monotonic() - self.anchor) * self.rate)

    def real_seconds_until(self, due: datetime) -> float | None:
        """Return how many real seconds remain until `due`, at least 0; None when only an advance gets there."""
        remaining = (due - self.now()).total_seconds()
        if remaining <= 0:
            return 0.0
        return None if self.rate == 0 else remaining / self.rate

    def moved(self, to: datetime) -> "Clock":
        """Return this clock at the instant `to`.

        Raises:
            BackwardsError: `to` is before now.

        """
        refuse_backwards(self.now(), to)
        return Clock(self.mode, self.rate, self.start, to, monotonic())


def refuse_backwards(now: datetime, to: datetime) -> None:
    """Raise BackwardsError where `to` is before `now`, the instant that a running clock showed when it was asked."""
    if to < now:
        message = f"the clock stands at {format_time(now)} and cannot go back to {format_time(to)}"
        raise ClockBackwardsError(message)


class ClockConfig(NamedTuple):
    """How a clock is to run: `rate` counts for a scaled one alone; without `start` it begins at the real time."""

    mode: ClockMode = ClockMode.REAL
    rate: float = 1.0
    start: datetime | None = None


def make_clock(mode: ClockMode, *, rate: float = 1.0, start: datetime | None = None) -> Clock:
    """Return a clock that begins at `start`, or at the real time of making; `rate` counts for a scaled one alone."""
    begin = start or utc_now()
    speed = {ClockMode.REAL: 1.0, ClockMode.SCALED: rate, ClockMode.FROZEN: 0.0}[mode]
    return Clock(mode, speed, begin, begin, monotonic())


DURATION_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
DURATION = re.compile(r"(\d{1,12}(?:\.\d{1,6})?)(ms|s|m|h|d)?", re.ASCII)
LONGEST_DURATION = timedelta(days=3650)


class DurationError(SandboxError):
    """A text that is no duration."""


def parse_duration(value: object) -> timedelta:
    """Read a duration.

    Raises:
        DurationError: it is none, is negative, or is longer than ten years.

    """
    match = (
        DURATION.fullmatch(str(value).strip()) if isinstance(value, str | int | float) and value is not True else None
    )
    if match is None or isinstance(value, bool):
        message = f"{value!r} is no duration; write 200ms, 5s, 2m, 1h, 1d or a number of seconds"
        raise DurationError(message)
    seconds = float(match[1]) * DURATION_UNITS[match[2] or "s"]
    if seconds > LONGEST_DURATION.total_seconds():
        message = f"{value!r} is longer than ten years"
        raise DurationError(message)
    return timedelta(seconds=seconds)
