"""Durations as a histogram with percentiles, without a sort that would hold the loop, and with bounded memory."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from math import ceil, inf

# Upper bounds of the buckets in seconds: about six in each power of ten, in round numbers of the unit.
BOUNDS = (
    *(digit * unit for unit in (0.001, 0.01, 0.1) for digit in (1, 1.5, 2, 3, 5, 7)),
    *(1, 1.5, 2, 3, 4, 5, 7, 10, 15, 20, 30, 45),
    *(60 * minutes for minutes in (1, 1.5, 2, 3, 4, 5, 7, 10, 15, 20, 30, 45)),
    *(3600 * hours for hours in (1, 1.5, 2, 3, 4, 6, 8, 12, 18)),
    *(86400 * days for days in (1, 2, 3, 5, 7, 14, 30)),
)
PERCENTILES = (50, 95, 99)


class Durations:
    """Durations in seconds, counted to three significant digits."""

    def __init__(self) -> None:
        self._counts: Counter[float] = Counter()

    def add(self, seconds: float) -> None:
        """Count a duration; a negative one counts as 0."""
        self._counts[float(f"{seconds:.2e}") if seconds > 0 else 0.0] += 1

    def show(self) -> dict[str, object]:
        """Return their number, the percentiles in seconds (null without durations), and the buckets in use."""
        return {"count": self._counts.total(), **self._percentiles(), "buckets": list(self._buckets())}

    def _percentiles(self) -> dict[str, float | None]:
        """Return the smallest duration that so many percent of all do not exceed, for each percentile."""
        total, passed = self._counts.total(), 0
        found: dict[str, float | None] = {f"p{percent}": None for percent in PERCENTILES}
        for seconds, count in sorted(self._counts.items()):
            before, passed = passed, passed + count
            for percent in PERCENTILES:
                if before < ceil(total * percent / 100) <= passed:
                    found[f"p{percent}"] = seconds
        return found

    def _buckets(self) -> Iterator[dict[str, float | None]]:
        """Yield the buckets from the first to the last that is not empty; the last bound of all is null."""
        counts: Counter[int] = Counter()
        for seconds, count in self._counts.items():
            counts[bisect_left(BOUNDS, seconds)] += count
        for place in range(min(counts, default=0), max(counts, default=-1) + 1):
            upper = (*BOUNDS, inf)[place]
            yield {"up_to": None if upper == inf else round(upper, 4), "count": counts[place]}
