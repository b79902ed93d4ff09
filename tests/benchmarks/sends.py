"""How fast the sandbox accepts."""

from statistics import median

from tests.benchmarks.figures import TIMES, Figure
from tests.benchmarks.processes import Load, bare, load, sandbox

ROUNDS = 6
STORED_ROUNDS = 5
MS = 1000


def sends(seconds: float) -> list[Figure]:
    """Load both in turn, each reply followed by the next send, 32 connections, nowhere for callbacks to go."""
    ours: list[Load] = []
    theirs: list[Load] = []
    with sandbox() as server, bare() as yardstick:
        load(server, seconds=1)
        load(yardstick, seconds=1)
        for number in range(ROUNDS):
            theirs.append(load(yardstick, seconds=seconds, first=number * 100_000))
            ours.append(load(server, seconds=seconds, first=number * 100_000))
    rate, bare_rate = (median(each.rate for each in rounds) for rounds in (ours, theirs))
    p99, bare_p99 = (median(each.p99 for each in rounds) * MS for rounds in (ours, theirs))
    cpu, bare_cpu = (min(each.cpu for each in rounds) * MS * MS for rounds in (ours, theirs))
    ratio = median(mine.rate / other.rate for mine, other in zip(ours, theirs, strict=True))
    return [
        Figure("sends: of the bare handler", ratio, TIMES, "higher", bar=0.8, short="sends a second"),
        Figure("sends: accepted a second", rate, "/s", "higher", beside=bare_rate),
        Figure("sends: reply p99, of the bare handler", p99 / bare_p99, TIMES, bar=2, short="their reply time, p99"),
        Figure("sends: reply p99", p99, "ms", beside=bare_p99),
        Figure("sends: processor time each", cpu, "µs", beside=bare_cpu),
        Figure(
            "sends: of the bare handler by processor time, which a busy machine blurs less",
            bare_cpu / cpu,
            "",
            "higher",
        ),
    ]


def stored_sends(kind: str, store: str, *, seconds: float, bar: float, p99_bar: float | None = None) -> list[Figure]:
    """Load a sandbox in memory and one with a store in turn, 32 connections."""
    kept: list[Load] = []
    memory: list[Load] = []
    with sandbox() as plain, sandbox("--store", store) as stored:
        load(plain, seconds=1)
        load(stored, seconds=1)
        for number in range(STORED_ROUNDS):
            memory.append(load(plain, seconds=seconds, first=number * 100_000))
            kept.append(load(stored, seconds=seconds, first=number * 100_000))
    ratio = median(mine.rate / other.rate for mine, other in zip(kept, memory, strict=True))
    rate, memory_rate = (median(each.rate for each in rounds) for rounds in (kept, memory))
    p99, memory_p99 = (median(each.p99 for each in rounds) * MS for rounds in (kept, memory))
    return [
        Figure(f"store {kind}: sends of memory mode", ratio, "", "higher", bar=bar),
        Figure(f"store {kind}: sends accepted a second", rate, "/s", "higher", beside=memory_rate),
        Figure(f"store {kind}: reply p99", p99, "ms", bar=p99_bar, beside=memory_p99),
    ]
