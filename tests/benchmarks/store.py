"""What a store costs: sends and callbacks beside memory mode, the start with a full store, and its size."""

from itertools import islice
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

from tests.benchmarks.advancing import AT_ONCE, numbers
from tests.benchmarks.figures import Figure
from tests.benchmarks.processes import Load, load, sandbox
from tests.benchmarks.replicas import replicas

ROUNDS = 5
MS = 1000
FULL = 100_000  # messages
REQUESTS = 10_000


def store(seconds: float) -> list[Figure]:
    """Measure each kind of store beside memory."""
    with TemporaryDirectory() as folder:
        sqlite = [*_sends(seconds, Path(folder) / "sends.db"), *_restart(Path(folder) / "full.db")]
    return [*sqlite, *replicas(seconds)]


def _sends(seconds: float, file: Path) -> list[Figure]:
    kept: list[Load] = []
    memory: list[Load] = []
    with sandbox() as plain, sandbox("--store", str(file)) as stored:
        load(plain, seconds=1)
        load(stored, seconds=1)
        for number in range(ROUNDS):
            memory.append(load(plain, seconds=seconds, first=number * 100_000))
            kept.append(load(stored, seconds=seconds, first=number * 100_000))
    ratio = median(mine.rate / other.rate for mine, other in zip(kept, memory, strict=True))
    rate, memory_rate = (median(each.rate for each in rounds) for rounds in (kept, memory))
    p99, memory_p99 = (median(each.p99 for each in rounds) * MS for rounds in (kept, memory))
    return [
        Figure("store sqlite: sends of memory mode", ratio, "", "higher", bar=0.6),
        Figure("store sqlite: sends accepted a second", rate, "/s", "higher", beside=memory_rate),
        Figure("store sqlite: reply p99", p99, "ms", bar=40, beside=memory_p99),
    ]


def _restart(file: Path) -> list[Figure]:
    with sandbox("--store", str(file), "--clock", "frozen") as server:
        for _ in range(REQUESTS):
            server.send()
        recipients = numbers()
        for _ in range(0, FULL - REQUESTS, AT_ONCE):
            server.send_many(islice(recipients, AT_ONCE))
        server.advance(by="1h")
    size = file.stat().st_size / FULL
    with sandbox("--store", str(file), "--clock", "frozen") as server:
        server.send()
        first_reply = perf_counter() - server.began
        server.ask("/_sandbox/messages?to=995000050000&limit=1")
        ready = perf_counter() - server.began
        memory = server.rss()
    return [
        Figure("store sqlite: size of a message with history and callbacks", size, "bytes", bar=3 * 1024),
        Figure("store sqlite: first send answered, 100,000 messages stored", first_reply * MS, "ms", bar=1000),
        Figure("store sqlite: a search through them answered", ready * MS, "ms", bar=5000),
        Figure("store sqlite: memory then", memory, "MB"),
    ]
