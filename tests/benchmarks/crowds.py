"""What others on the same server cost: readers of events, receivers that fail, scenarios with many rules."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

from tests.benchmarks.callbacks import Delivered, callback_policy, deliver
from tests.benchmarks.figures import Figure
from tests.benchmarks.processes import Server, load, readers, receiver, sandbox

MS = 1000
RATE = 300  # sends a second
READERS = 200
RULES = 200
ROUNDS = 6
ODD = {"slow (5 s)": ("--pause", "5"), "that answers 500": ("--status", "500")}
OPERATIONS = (
    "betatel.sms.send",
    "betatel.whatsapp.otp",
    "betatel.connect.sms.send",
    "ubill.sms.send",
    "ubill.sms.send_xml",
    "smsbuddy.sms.send",
    "smsbuddy.sms.send_json",
    "smsbuddy.otp.create",
)


def events(seconds: float) -> list[Figure]:
    """Send at a steady rate while many read the events."""
    with (
        receiver() as inbox,
        callback_policy(inbox) as server,
        readers(server, READERS) as crowd,
    ):
        ours = deliver(server, inbox, rate=RATE, seconds=seconds)
        heard = int(crowd.tell("report"))
    return [
        Figure("200 event readers at 300 sends/s: lateness p99", ours.p99 * MS, "ms", bar=50),
        Figure(
            "200 event readers at 300 sends/s: events that the slowest had for a send",
            heard / ours.load.count,
            "",
            "higher",
        ),
    ]


def receivers(seconds: float) -> list[Figure]:
    """Send at a steady rate to a good receiver, alone and while another provider's receiver is slow, dead or broken."""
    with receiver() as inbox, callback_policy(inbox) as server:
        alone = deliver(server, inbox, rate=RATE / 2, seconds=seconds)
    figures = [
        Figure("a good receiver alone: lateness p99", alone.p99 * MS, "ms"),
        Figure("a good receiver alone: reply p99", alone.load.p99 * MS, "ms"),
    ]
    for name, flags in ODD.items():
        with receiver(*flags) as odd:
            figures += _beside(name, f"{odd.url}/dlr", seconds, alone=alone)
    with closed_port() as port:
        figures += _beside("that is dead", f"http://127.0.0.1:{port}/dlr", seconds, alone=alone)
    return figures


def _beside(name: str, target: str, seconds: float, *, alone: Delivered) -> list[Figure]:
    with receiver() as inbox, callback_policy(inbox, "--callback", f"ubill={target}") as server:
        other = Thread(target=load, args=(server,), kwargs={"seconds": seconds, "rate": RATE / 2, "provider": "ubill"})
        other.start()
        ours = deliver(server, inbox, rate=RATE / 2, seconds=seconds)
        other.join()
    return [
        Figure(f"beside a receiver {name}: lateness p99", ours.p99 * MS, "ms", bar=2 * alone.p99 * MS),
        Figure(f"beside a receiver {name}: reply p99", ours.load.p99 * MS, "ms", bar=2 * alone.load.p99 * MS),
        Figure(f"beside a receiver {name}: lost", ours.lost, "", bar=0),
    ]


@contextmanager
def closed_port() -> Iterator[int]:
    """Keep a port at which nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


def rules(seconds: float) -> list[Figure]:
    """Load a server whose scenario has many rules of which none holds, and one whose scenario has none, in turn."""
    with _ruled(0) as plain, _ruled(RULES) as ruled:
        pairs = [(load(plain, seconds=seconds), load(ruled, seconds=seconds)) for _ in range(ROUNDS)]
    extra = min(many.cpu for _, many in pairs) - min(none.cpu for none, _ in pairs)
    return [Figure("200 rules spread over the operations: processor time a request", extra * MS * MS, "µs", bar=30)]


@contextmanager
def _ruled(count: int) -> Iterator[Server]:
    rows = [
        {
            "name": f"rule {number}",
            "when": {"operation": OPERATIONS[number % len(OPERATIONS)], "to": f"*99999{number:03}"},
            "then": {"error": "server-error"},
        }
        for number in range(count)
    ]
    with sandbox() as server:
        server.ask("/_sandbox/scenario", {"name": "many", "rules": rows}, method="PUT")
        yield server
