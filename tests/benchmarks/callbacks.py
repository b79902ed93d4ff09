"""How late callbacks are, whether one is lost, doubled or overtaken, and how many a second are kept up with."""

import json
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from sandbox.core.clock import parse_duration
from sandbox.formats.yaml_files import shipped
from tests.benchmarks.figures import Figure
from tests.benchmarks.load import percentile
from tests.benchmarks.processes import Load, Server, bare, load, receiver, sandbox

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # of ULIDs (Crockford's base 32)
MS = 1000
LOWEST = 200.0  # sends a second of the first trial
STEP = 1.4  # by how much the sought rate rises from trial to trial
KEPT_UP = 0.97  # of the sends that were asked for
BACKLOG = 0.2  # seconds of lateness in the last quarter of a trial, its median: beyond it a backlog grows
STORED_RATE = 300  # sends a second
STORED_SECONDS = 15
Run = Callable[[Server], AbstractContextManager[Server]]  # starts what reports to this receiver


def delays() -> list[float]:
    """Return the seconds after acceptance at which a WhatsApp code is reported: its default life."""
    document = yaml.safe_load((shipped("specs") / "betatel.yaml").read_text())
    life = document["x-sandbox"]["channels"]["whatsapp"]["life"]
    steps = [parse_duration(delay).total_seconds() for leg in life for delay in leg.values()]
    return [sum(steps[: place + 1]) for place in range(len(steps))]


@dataclass(frozen=True, slots=True)
class Delivered:
    """What a receiver got for the messages that were sent; latenesses in seconds, in order of arrival."""

    load: Load
    lateness: Sequence[float]
    lost: int
    doubled: int
    overtaken: int

    @property
    def p99(self) -> float:
        return percentile(list(self.lateness), 0.99)

    def keeps_up(self, rate: float) -> bool:
        """Whether the server took what it was asked to take, and fell no further behind."""
        tail = self.lateness[-len(self.lateness) // 4 :] or [0.0]
        return not self.lost and self.load.rate >= KEPT_UP * rate and median(tail) < BACKLOG


def due(body: dict[str, Any], plan: dict[str, float]) -> float:
    """Return when a callback should leave: the bare handler's says so, our ids begin with the time of acceptance."""
    if "due" in body:
        return float(body["due"])
    accepted = 0
    for character in body["uuid"][:10]:
        accepted = accepted * 32 + ALPHABET.index(character)
    return accepted / MS + plan[body["status"]]


def callback_policy(inbox: Server, *flags: str) -> AbstractContextManager[Server]:
    """Run the sandbox, its Betatel callbacks going to this receiver."""
    return sandbox("--callback", f"betatel={inbox.url}/dlr", *flags)


def reporting_bare(inbox: Server) -> AbstractContextManager[Server]:
    """Run the bare handler, two callbacks for each send going to this receiver after the same delays."""
    return bare("--target", f"{inbox.url}/dlr", "--delays", json.dumps(delays()))


def deliver(server: Server, inbox: Server, *, rate: float, seconds: float) -> Delivered:
    """Send at a steady rate and wait for the last callback."""
    after = delays()
    plan = dict(zip(("SENT", "DELIVERED"), after, strict=True))
    with TemporaryDirectory() as folder:
        ids, rows = Path(folder, "ids"), Path(folder, "rows")
        seen = load(server, seconds=seconds, rate=rate, ids=ids)
        server.settle(at_least=after[-1] + 0.5)
        inbox.tell(f"report {rows}")
        sent = ids.read_text().split()
        arrivals = [(at, json.loads(body)) for at, body in map(json.loads, rows.read_text().splitlines())]
    reports = [(body["uuid"], body["status"]) for _, body in arrivals]
    unique = set(reports)
    first = dict(reversed(reports))  # of each message, the status that came first
    return Delivered(
        load=seen,
        lateness=[at - due(body, plan) for at, body in arrivals],
        lost=sum((message, status) not in unique for message in sent for status in plan),
        doubled=len(reports) - len(unique),
        overtaken=sum(status != "SENT" for status in first.values()),
    )


def callbacks(seconds: float) -> list[Figure]:
    """Send at two steady rates, two callbacks each to a local receiver."""
    return [figure for rate, bar in ((300, 15), (1000, 50)) for figure in _at(rate, bar, seconds=seconds)]


def stored_callbacks(kind: str, store: str) -> list[Figure]:
    """Send at a steady rate to a sandbox with a store, two callbacks each to a local receiver."""
    with receiver() as inbox, callback_policy(inbox, "--store", store) as server:
        seen = deliver(server, inbox, rate=STORED_RATE, seconds=STORED_SECONDS)
    name = f"store {kind}: callbacks at {STORED_RATE} sends/s:"
    return [
        Figure(f"{name} lateness p99", seen.p99 * MS, "ms", bar=50),
        Figure(f"{name} lost", seen.lost, "", bar=0),
        Figure(f"{name} doubled", seen.doubled, "", bar=0),
        Figure(f"{name} overtaken", seen.overtaken, "", bar=0),
    ]


def _at(rate: int, bar: float, *, seconds: float) -> list[Figure]:
    with receiver() as inbox:
        with reporting_bare(inbox) as yardstick:
            theirs = deliver(yardstick, inbox, rate=rate, seconds=seconds)
        with callback_policy(inbox) as server:
            ours = deliver(server, inbox, rate=rate, seconds=seconds)
    name = f"callbacks at {rate:,} sends/s:"
    return [
        Figure(f"{name} lateness p99", ours.p99 * MS, "ms", bar=bar, beside=theirs.p99 * MS),
        Figure(f"{name} lost", ours.lost, "", bar=0, beside=theirs.lost),
        Figure(f"{name} doubled", ours.doubled, "", bar=0, beside=theirs.doubled),
        Figure(f"{name} overtaken", ours.overtaken, "", bar=0, beside=theirs.overtaken),
        Figure(f"{name} reply p99", ours.load.p99 * MS, "ms", beside=theirs.load.p99 * MS),
        Figure(f"{name} processor time a send", ours.load.cpu * MS * MS, "µs", beside=theirs.load.cpu * MS * MS),
    ]


def sustained(seconds: float) -> list[Figure]:
    """Find the highest rate that each keeps up with, callbacks included, by trials of so many seconds."""
    with receiver() as inbox:
        theirs = highest(reporting_bare, inbox, seconds=seconds)
        ours = highest(callback_policy, inbox, seconds=seconds)
    return [
        Figure("two callbacks each: of the rate the bare handler keeps up with", ours / theirs, "", "higher", bar=0.65),
        Figure("two callbacks each: rate kept up with", ours, "/s", "higher", beside=theirs),
    ]


def highest(run: Run, inbox: Server, *, seconds: float) -> float:
    """Raise the rate until a trial fails, then halve the last step twice."""
    good, rate = 0.0, LOWEST
    while True:
        if _keeps_up(run, inbox, rate=rate, seconds=seconds):
            good, rate = rate, rate * STEP
        elif rate > LOWEST:
            break
        else:
            return 1.0
    for _ in range(2):
        middle = (good + rate) / 2
        if _keeps_up(run, inbox, rate=middle, seconds=seconds):
            good = middle
        else:
            rate = middle
    return good


def _keeps_up(run: Run, inbox: Server, *, rate: float, seconds: float) -> bool:
    with run(inbox) as server:
        return deliver(server, inbox, rate=rate, seconds=seconds).keeps_up(rate)
