"""Durations of any number in bounded memory, and their percentiles.

The first values are kept as they are. Beyond, each is counted in a bucket that is 1% wide, so that a percentile is at
most 0.5% off. The result depends on the values alone, not on their order.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from itertools import accumulate
from math import ceil, floor, log

EXACT = 2048  # values that are kept as they are
WIDTH = 1.01  # a bucket's upper bound, divided by its lower bound
SMALLEST = 1e-6  # seconds; what is shorter counts as this
SHARES = (*map(float, range(100)), 99.5, 99.9, 100.0)
MEDIAN = 50.0  # which is always written
STRAIGHT = 0.01  # how far a percentile may be from the line between the points that are written


class Sketch:
    """Counts durations in seconds."""

    def __init__(self, exact: int = EXACT) -> None:
        """Start empty; so many values are kept as they are."""
        self.count = 0
        self._exact = exact
        self._values: list[float] = []
        self._buckets: Counter[int] = Counter()
        self._low = self._high = 0.0

    @property
    def is_exact(self) -> bool:
        """Whether every value is kept as it is."""
        return not self._buckets

    def add(self, seconds: float) -> None:
        """Count a duration; a negative one counts as 0."""
        value = max(0.0, seconds)
        self._low = value if not self.count else min(self._low, value)
        self._high = max(self._high, value)
        self.count += 1
        if self._buckets:
            self._buckets[_bucket(value)] += 1
            return
        self._values.append(value)
        if len(self._values) > self._exact:
            self._buckets.update(map(_bucket, self._values))
            self._values = []

    def at(self, shares: Iterable[float]) -> list[float]:
        """Return percentiles, interpolated between the two nearest values; the sketch must not be empty."""
        if self.is_exact:
            values = sorted(self._values)
            ends = list(range(1, len(values) + 1))
        else:
            buckets = sorted(self._buckets)
            values = [min(max(_middle(each), self._low), self._high) for each in buckets]
            ends = list(accumulate(self._buckets[each] for each in buckets))
        last = self.count - 1

        def ranked(rank: int) -> float:
            if rank in (0, last):
                return self._low if rank == 0 else self._high
            return values[bisect_right(ends, rank)]

        found = []
        for share in shares:
            place = last * share / 100
            below = ranked(floor(place))
            found.append(below + (ranked(ceil(place)) - below) * (place - floor(place)))
        return found

    def points(self) -> dict[float, float]:
        """Return the median, and the percentiles that are enough: others are within 1% of the lines between them."""
        values = self.at(SHARES)
        begin, found = 0, {SHARES[0]: values[0]}
        for end in range(2, len(SHARES)):
            if SHARES[end - 1] == MEDIAN or not _is_straight(values, begin, end):
                begin = end - 1
                found[SHARES[begin]] = values[begin]
        return {**found, SHARES[-1]: values[-1]}


def _bucket(value: float) -> int:
    return ceil(log(max(value, SMALLEST)) / log(WIDTH))


def _middle(bucket: int) -> float:
    """Return the value that is equally far, in proportion, from both ends of a bucket."""
    return float(2 * WIDTH**bucket / (WIDTH + 1))


def _is_straight(values: list[float], begin: int, end: int) -> bool:
    """Return whether the percentiles between two are near the straight line from one to the other."""
    slope = (values[end] - values[begin]) / (SHARES[end] - SHARES[begin])
    return all(
        abs(values[begin] + slope * (SHARES[place] - SHARES[begin]) - values[place]) <= STRAIGHT * values[place]
        for place in range(begin + 1, end)
    )
