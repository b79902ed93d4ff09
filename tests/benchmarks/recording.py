"""What recording adds to a request, beside direct calls in the same run."""

from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from tests.benchmarks.figures import Figure
from tests.benchmarks.processes import load, running, sandbox

ROUNDS = 5
RATE = 50  # sends a second
MS = 1000


def record(seconds: float) -> list[Figure]:
    """Load a sandbox directly and through a recorder in turn, at a rate that keeps neither busy."""
    rows = []
    with TemporaryDirectory() as folder, sandbox() as server:
        words = ("record", f"betatel={server.url}", "--insecure", "--port", "0", "--out", str(Path(folder) / "s.jsonl"))
        with running(*words, module="sandbox") as recorder:
            load(recorder, seconds=1, rate=RATE)
            for number in range(ROUNDS):
                first = number * 100_000
                direct = load(server, seconds=seconds, rate=RATE, first=first)
                rows.append((load(recorder, seconds=seconds, rate=RATE, first=first), direct))
    added = median(recorded.p50 - direct.p50 for recorded, direct in rows) * MS
    return [
        Figure("record: added to a request at p50", added, "ms", bar=3),
        Figure(
            "record: reply p50",
            median(each.p50 for each, _ in rows) * MS,
            "ms",
            beside=median(each.p50 for _, each in rows) * MS,
        ),
        Figure("record: processor time each", min(each.cpu for each, _ in rows) * MS * MS, "µs"),
    ]
