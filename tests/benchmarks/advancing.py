"""How long it takes to let time pass: many moves, many callbacks, many workspaces at once."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from statistics import median
from time import perf_counter

from tests.benchmarks.figures import Figure
from tests.benchmarks.processes import Server, receiver, sandbox

MOVES = 100_000
CALLBACKS = 100_000
INSTANTS = 1_000
STEPS = 2  # moves, and callbacks, of one uBill message: sent, delivered
AT_ONCE = 10_000  # recipients of one request
WORKSPACES = 500
MESSAGES = 20  # of each workspace
ROUNDS = 3
HANDS = 32  # requests under way at a time where workspaces are advanced together

# Long enough that nothing is due while messages are still being sent.
SLOW = {"name": "slow", "rules": [{"then": {"lifecycle": [{"sent": "1h"}, {"delivered": "1h"}]}}]}


def numbers() -> Iterator[int]:
    """Yield recipients of which none is a magic number."""
    yield from (995_500_000_000 + number for number in range(100_000, 99_000_000) if number % 1_000_000 >= 100)


def advance(_: float) -> list[Figure]:
    """Let everything happen that is pending, with nowhere for callbacks to go and with a receiver."""
    return [
        Figure("advance over 100,000 moves, no target", _moves(), "s", bar=3),
        Figure("advance over 100,000 callbacks at 1,000 instants", _callbacks(), "s", bar=30),
    ]


def _moves() -> float:
    took = []
    with sandbox("--clock", "frozen") as server:
        recipients = numbers()
        for _ in range(ROUNDS):
            for _ in range(MOVES // STEPS // AT_ONCE):
                server.send_many(islice(recipients, AT_ONCE))
            took.append(server.advance(until="idle"))
    return median(took)


def _callbacks() -> float:
    """Send so that no two requests' moves fall on the same instant."""
    requests = INSTANTS // STEPS
    with receiver() as inbox, sandbox("--clock", "frozen", "--callback", f"ubill={inbox.url}/dlr") as server:
        server.ask("/_sandbox/scenario", SLOW, method="PUT")
        recipients = numbers()
        for _ in range(requests):
            server.send_many(islice(recipients, CALLBACKS // STEPS // requests))
            server.advance(by="7ms")
        return server.advance(until="idle")


def workspaces(_: float) -> list[Figure]:
    """Advance many workspaces at once."""
    with sandbox() as server:
        ids = [_workspace(server) for _ in range(WORKSPACES)]
        began = perf_counter()
        with ThreadPoolExecutor(HANDS) as hands:
            list(
                hands.map(lambda each: server.ask(f"/_sandbox/workspaces/{each}/clock/advance", {"until": "idle"}), ids)
            )
        took = perf_counter() - began
    return [Figure("500 workspaces of 20 messages advanced at once", took, "s", bar=3)]


def _workspace(server: Server) -> str:
    made = json.loads(server.ask("/_sandbox/workspaces", {"clock": {"mode": "frozen"}}))
    server.send_many(islice(numbers(), MESSAGES), key=made["keys"]["ubill"]["key"])
    return str(made["id"])
