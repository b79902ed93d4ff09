"""How long something takes when it does not always take the same: a draw from 0 to 1 becomes a duration.

None goes below 0; there is no state, so one draw always gives one duration.
"""

from bisect import bisect_left
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from math import exp

SMALLEST = 2.0**-57  # stands for 0, which a bell curve reaches nowhere


@dataclass(frozen=True, slots=True)
class Fixed:
    """Always the same."""

    delay: timedelta

    def at(self, _: float) -> timedelta:
        """Return the duration of a draw."""
        return self.delay


@dataclass(frozen=True, slots=True)
class Uniform:
    """Everything between two durations is as likely."""

    low: timedelta
    high: timedelta

    def at(self, fraction: float) -> timedelta:
        """Return the duration of a draw."""
        return self.low + (self.high - self.low) * fraction


@dataclass(frozen=True, slots=True)
class Normal:
    """A bell curve; what would lie below 0 is 0."""

    mean: timedelta
    deviation: timedelta

    def at(self, fraction: float) -> timedelta:
        """Return the duration of a draw."""
        return max(timedelta(0), self.mean + self.deviation * bell(fraction))


@dataclass(frozen=True, slots=True)
class Lognormal:
    """A bell curve of the logarithm: half lies below the median, a few lie far above; `sigma` says how far."""

    median: timedelta
    sigma: float

    def at(self, fraction: float) -> timedelta:
        """Return the duration of a draw."""
        return self.median * exp(self.sigma * bell(fraction))


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Durations that so many of a hundred stay below, in rising order; straight lines between, from 0 to the last."""

    shares: tuple[float, ...]
    delays: tuple[timedelta, ...]

    def at(self, fraction: float) -> timedelta:
        """Return the duration of a draw."""
        share = fraction * 100
        place = bisect_left(self.shares, share)
        if place == len(self.shares):
            return self.delays[-1]
        before = self.shares[place - 1] if place else 0.0
        low = self.delays[place - 1] if place else timedelta(0)
        width = self.shares[place] - before
        return low + (self.delays[place] - low) * ((share - before) / width if width else 1.0)


Distribution = Fixed | Uniform | Normal | Lognormal | Percentiles

AT_ONCE = Fixed(timedelta(0))


@lru_cache(maxsize=1024)
def bell(fraction: float) -> float:
    """Return how many standard deviations from the mean a draw lies."""
    from statistics import NormalDist  # noqa: PLC0415 - 10 ms that a start without bell curves need not pay

    return NormalDist().inv_cdf(max(fraction, SMALLEST))
