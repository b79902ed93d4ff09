"""What a message takes, its history and callbacks included."""

from tests.benchmarks.callbacks import delays
from tests.benchmarks.figures import Figure
from tests.benchmarks.processes import Server, load, sandbox

JOURNAL = 10_000  # requests that the journal keeps; once it is full, what grows is messages and callbacks
SLICE = 2  # seconds of load between two looks at how many there are


def memory(seconds: float) -> list[Figure]:
    """Fill the journal, let every message end, then measure the growth by further ones."""
    with sandbox() as server:
        _fill(server, JOURNAL)
        before = server.rss()
        count = _fill(server, round(JOURNAL * max(seconds, 1)))
        grown = server.rss() - before
    return [Figure("memory of a message", grown * 1000 / count, "KB", bar=2)]


def _fill(server: Server, least: int) -> int:
    """Send at least so many, wait for the end of each, return how many were sent."""
    count = 0
    while count < least:
        count += load(server, seconds=SLICE, first=count).count
    server.settle(at_least=delays()[-1] + 0.5)
    return count
