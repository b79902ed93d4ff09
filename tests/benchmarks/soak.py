"""Ten slices of load at half the rate that is kept up with: memory and lateness must not grow."""

from collections.abc import Sequence
from statistics import median

from tests.benchmarks.callbacks import Delivered, callback_policy, deliver, highest, reporting_bare
from tests.benchmarks.figures import Figure
from tests.benchmarks.processes import receiver

SLICES = 10
TRIAL = 8  # seconds of a trial on the way to the limit
PART = 0.2  # of a slice's time, in which the bare handler has the same load right after it
GROWN = 1.5  # times as late counts as grown, where it is more than LATE as well
LATE = 15  # ms
RETAINED = 100_000  # messages; memory may grow until there are so many
MS = 1000


def soak(seconds: float) -> list[Figure]:
    """Send for ten times so many seconds, two callbacks each to a local receiver, to the bare handler in between.

    Lateness is the p99 of a slice, and of each half of the slices the median: one slice in which the machine had other
    work to do tells nothing about growth. What the bare handler's has grown by, the machine has become slower.
    """
    with receiver() as inbox:
        rate = highest(callback_policy, inbox, seconds=TRIAL) / 2
        ours, theirs, memory = [], [], []
        with callback_policy(inbox) as server, reporting_bare(inbox) as yardstick:
            for _ in range(SLICES):
                ours.append(deliver(server, inbox, rate=rate, seconds=seconds))
                memory.append(server.rss())
                theirs.append(deliver(yardstick, inbox, rate=rate, seconds=seconds * PART))
    (early, late), (bare_early, bare_late) = halves(ours), halves(theirs)
    filling = RETAINED / (rate * seconds)  # slices until all is retained
    full = memory[min(int(filling), SLICES - 1)]
    wrong = sum(each.lost + each.doubled + each.overtaken for each in ours)
    bar = max(LATE, GROWN * early * max(1, bare_late / bare_early))
    return [
        Figure("soak: rate", rate, "/s", "higher"),
        Figure("soak: lateness p99, first half", early, "ms", beside=bare_early),
        Figure("soak: lateness p99, second half", late, "ms", bar=bar, beside=bare_late),
        Figure("soak: lost, doubled, overtaken", wrong, "", bar=0),
        Figure("soak: memory at the end, of that once all is retained", memory[-1] / full, "", bar=1.05),
    ]


def halves(slices: Sequence[Delivered]) -> tuple[float, float]:
    """Return the lateness of the first half of the slices and of the second, in ms."""
    half = len(slices) // 2
    first, second = (median(each.p99 * MS for each in part) for part in (slices[:half], slices[half:]))
    return first, second
