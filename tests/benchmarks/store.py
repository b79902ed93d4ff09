"""What a store costs: sends and callbacks beside memory mode, the start with a full store, and its size."""

from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from tests.benchmarks.advancing import AT_ONCE, numbers
from tests.benchmarks.callbacks import stored_callbacks
from tests.benchmarks.figures import Figure
from tests.benchmarks.processes import sandbox
from tests.benchmarks.replicas import replicas
from tests.benchmarks.sends import stored_sends

MS = 1000
FULL = 100_000  # messages
REQUESTS = 10_000


def store(seconds: float) -> list[Figure]:
    """Measure each kind of store beside memory."""
    with TemporaryDirectory() as folder:
        sqlite = [
            *stored_sends("sqlite", str(Path(folder) / "sends.db"), seconds=seconds, bar=0.6, p99_bar=40),
            *stored_callbacks("sqlite", str(Path(folder) / "callbacks.db")),
            *_restart(Path(folder) / "full.db"),
        ]
    return [*sqlite, *replicas(seconds)]


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
