"""Ten slices of load at half the rate that is kept up with: memory and lateness must not grow."""

from statistics import median

from tests.benchmarks.callbacks import deliver, highest, reporting, reporting_bare
from tests.benchmarks.figures import Figure
from tests.benchmarks.processes import receiver

SLICES = 10
TRIAL = 8  # seconds of a trial on the way to the limit
RETAINED = 100_000  # messages; memory may grow until there are so many
MS = 1000


def soak(seconds: float) -> list[Figure]:
    """Send for ten times so many seconds, two callbacks each to a local receiver; once more with the bare handler.

    Lateness is the p99 of a slice, and of each half of the slices the median: one slice in which the machine had other
    work to do tells nothing about growth.
    """
    with receiver() as inbox:
        rate = highest(reporting, inbox, seconds=TRIAL) / 2
        slices = []
        memory = []
        with reporting(inbox) as server:
            for _ in range(SLICES):
                slices.append(deliver(server, inbox, rate=rate, seconds=seconds))
                memory.append(server.rss())
        with reporting_bare(inbox) as yardstick:
            theirs = deliver(yardstick, inbox, rate=rate, seconds=seconds)
    early, late = (median(each.p99 * MS for each in half) for half in (slices[: SLICES // 2], slices[SLICES // 2 :]))
    filling = RETAINED / (rate * seconds)  # slices until all is retained
    full = memory[min(int(filling), SLICES - 1)]
    return [
        Figure("soak: rate", rate, "/s", "higher"),
        Figure("soak: lateness p99, first half", early, "ms"),
        Figure("soak: lateness p99, second half", late, "ms", bar=max(15, 1.5 * early), beside=theirs.p99 * MS),
        Figure(
            "soak: lost, doubled, overtaken",
            sum(each.lost + each.doubled + each.overtaken for each in slices),
            "",
            bar=0,
        ),
        Figure("soak: memory at the end, of that once all is retained", memory[-1] / full, "", bar=1.05),
    ]
