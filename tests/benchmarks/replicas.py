"""What PostgreSQL costs: sends beside memory mode, a request that is passed on beside one that is not, a fail-over."""

from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

from tests.benchmarks.callbacks import stored_callbacks
from tests.benchmarks.figures import Figure
from tests.benchmarks.processes import Server, load, sandbox
from tests.benchmarks.sends import stored_sends
from tests.postgres import embedded_server

ROUNDS = 5
MS = 1000
RATE = 50  # sends a second at which a single request is timed
LEASE = 3.0  # seconds
DURABLE = ("fsync = on", "synchronous_commit = on")


def replicas(seconds: float) -> list[Figure]:
    """Measure a store in a PostgreSQL server on the same machine."""
    with TemporaryDirectory() as folder:
        url = embedded_server(Path(folder) / "postgres", *DURABLE)
        return [
            *stored_callbacks("postgres", url),  # before there are messages whose callbacks were collected
            *stored_sends("postgres", url, seconds=seconds, bar=0.35),
            *_two_servers(seconds, url),
        ]


def _two_servers(seconds: float, url: str) -> list[Figure]:
    arguments = ("--store", url, "--lease", f"{LEASE}s")
    with sandbox(*arguments) as owner, sandbox(*arguments) as other:
        load(other, seconds=1, rate=RATE)
        owned, passed_on = [], []
        for number in range(ROUNDS):
            owned.append(load(owner, seconds=seconds, rate=RATE, first=number * 100_000).p50 * MS)
            passed_on.append(load(other, seconds=seconds, rate=RATE, first=number * 100_000).p50 * MS)
        ratio = median(there / here for here, there in zip(owned, passed_on, strict=True))
        gone = _fail_over(owner, other)
    return [
        Figure("replicas: time of a passed-on request", ratio, "times an owned one", bar=2.5),
        Figure("replicas: reply p50, passed on", median(passed_on), "ms", beside=median(owned)),
        Figure("replicas: first reply after a replica was killed", gone, "s", bar=LEASE + 1),
    ]


def _fail_over(owner: Server, other: Server) -> float:
    """Kill the owner of the default workspace, and return the seconds until another replica has sent a message."""
    began = perf_counter()
    owner.process.kill()
    owner.process.wait()
    other.send()
    return perf_counter() - began
