"""What a message takes, its history and callbacks included."""

from itertools import islice

from tests.benchmarks.advancing import numbers
from tests.benchmarks.callbacks import delays
from tests.benchmarks.figures import Figure
from tests.benchmarks.processes import Server, load, sandbox

JOURNAL = 10_000  # requests that the journal keeps; once it is full, what grows is messages and callbacks
LONGEST = 8  # journals; more messages than are retained would tell nothing
SLICE = 2  # seconds of load between two looks at how many there are
RETAINED = 100_000
SENT = 1_000_000
AT_ONCE = 20  # recipients of one request, so that the journal is full when memory is looked at first


def memory(seconds: float) -> list[Figure]:
    """Fill the journal, let every message end, then measure the growth by further ones."""
    with sandbox() as server:
        _fill(server, JOURNAL)
        before = server.rss()
        count = _fill(server, round(JOURNAL * min(max(seconds, 1), LONGEST)))
        grown = server.rss() - before
    return [Figure("memory of a message", grown * 1000 / count, "KB", bar=1.2, short="memory of a message")]


def retention(_: float) -> list[Figure]:
    """Send ten times what is retained; memory after twice as much is what it stays at."""
    recipients = numbers()
    with sandbox("--clock", "frozen") as server:
        for sent in range(0, SENT, AT_ONCE):
            if sent == 2 * RETAINED:
                early = server.rss()
            server.send_many(islice(recipients, AT_ONCE))
            server.advance(until="idle")
        late = server.rss()
    return [
        Figure("1,000,000 sends, 100,000 retained: memory at the end", late, "MB"),
        Figure("1,000,000 sends, 100,000 retained: of the memory after 200,000", late / early, "", bar=1.05),
    ]


def _fill(server: Server, least: int) -> int:
    """Send at least so many, wait for the end of each, return how many were sent."""
    count = 0
    while count < least:
        count += load(server, seconds=SLICE, first=count).count
    server.settle(at_least=delays()[-1] + 0.5)
    return count
