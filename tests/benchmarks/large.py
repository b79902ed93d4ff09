"""How long others wait while one request with very many recipients is accepted and its messages live."""

from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from itertools import islice
from statistics import median
from threading import Thread
from time import perf_counter, sleep

from tests.benchmarks.advancing import numbers
from tests.benchmarks.callbacks import delays
from tests.benchmarks.figures import Figure
from tests.benchmarks.processes import Server, sandbox

RECIPIENTS = 70_000  # of one request: as many as a body of 1 MB has
ROUNDS = 3  # from the second on, older messages make room
PAUSE = 0.002  # seconds between two questions
MS = 1000


def large(_: float) -> list[Figure]:
    """Ask for the server's health all the time, from before such a request until its last messages have ended."""
    recipients = numbers()
    with sandbox() as server:
        longest = [max(_waits(server, [*islice(recipients, RECIPIENTS)])) for _ in range(ROUNDS)]
    return [
        Figure(
            "70,000 numbers in one request: longest wait of others",
            median(longest) * MS,
            "ms",
            bar=150,
            short="longest wait beside 70,000 numbers",
        )
    ]


def _waits(server: Server, recipients: list[int]) -> Iterator[float]:
    """Yield how long each question waits for its answer."""
    sending = Thread(target=server.send_many, args=(recipients,))
    end = perf_counter() + delays()[-1] + 4
    with closing(HTTPConnection("127.0.0.1", server.port)) as line:
        sending.start()
        while perf_counter() < end or sending.is_alive():
            asked = perf_counter()
            line.request("GET", "/_sandbox/health")
            line.getresponse().read()
            yield perf_counter() - asked
            sleep(PAUSE)
    sending.join()
