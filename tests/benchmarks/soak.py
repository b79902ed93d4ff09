"""Ten slices of load at half the rate that is kept up with: memory and lateness must not grow."""

from tests.benchmarks.callbacks import deliver, highest
from tests.benchmarks.figures import Figure
from tests.benchmarks.processes import receiver, sandbox

SLICES = 10
TRIAL = 8  # seconds of a trial on the way to the limit
RETAINED = 100_000  # messages; memory may grow until there are so many
MS = 1000


def soak(seconds: float) -> list[Figure]:
    """Send for ten times so many seconds, two callbacks each to a local receiver."""
    with receiver() as inbox:
        flags = ("--callback", f"betatel={inbox.url}/dlr")
        rate = highest(lambda: sandbox(*flags), inbox, seconds=TRIAL) / 2
        with sandbox(*flags) as server:
            rows = []
            sent = 0
            for _ in range(SLICES):
                seen = deliver(server, inbox, rate=rate, seconds=seconds)
                sent += seen.load.count
                rows.append((sent, server.rss(), seen))
    full = [memory for total, memory, _ in rows if total >= RETAINED] or [rows[-1][1]]
    first, last = rows[0][2], rows[-1][2]
    return [
        Figure("soak: rate", rate, "/s", "higher"),
        Figure("soak: lateness p99 in the last slice", last.p99 * MS, "ms", bar=max(15, 1.5 * first.p99 * MS)),
        Figure(
            "soak: lost, doubled, overtaken",
            sum(each.lost + each.doubled + each.overtaken for *_, each in rows),
            "",
            bar=0,
        ),
        Figure("soak: memory at the end, of that once all is retained", full[-1] / full[0], "", bar=1.05),
    ]
