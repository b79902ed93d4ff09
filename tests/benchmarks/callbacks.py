"""What callbacks cost, how late they are, whether one is lost, doubled or overtaken, and how many are kept up with."""

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
from tests.benchmarks.figures import TIMES, Figure
from tests.benchmarks.load import percentile
from tests.benchmarks.processes import Load, Server, bare, load, receiver, sandbox

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # of ULIDs (Crockford's base 32)
MS = 1000
ROUNDS = 5
LOWEST = 400.0  # sends a second of the first trial
SHORT = 8  # seconds of a trial on the way there
STEP = 1.4  # by how much the sought rate rises from trial to trial
HALVINGS = 3  # of the last step: to 5 %
KEPT_UP = 0.97  # of the sends that were asked for
LATE = 50  # ms; a rate is kept if the p99 of the lateness is below it
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
    """What a receiver got for the messages that were sent; latenesses in seconds, in order of arrival.

    `cpu` is the server's processor time for a send and its callbacks.
    """

    load: Load
    cpu: float
    lateness: Sequence[float]
    lost: int
    doubled: int
    overtaken: int

    @property
    def p99(self) -> float:
        return percentile(list(self.lateness), 0.99)

    def keeps_up(self, rate: float) -> bool:
        """Whether the server took what it was asked to take, and reported it in time."""
        return not self.lost and self.load.rate >= KEPT_UP * rate and self.p99 * MS < LATE


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
        before = server.cpu()
        seen = load(server, seconds=seconds, rate=rate, ids=ids)
        server.settle(at_least=after[-1] + 0.5)
        used = server.cpu() - before
        inbox.tell(f"report {rows}")
        sent = ids.read_text().split()
        arrivals = [(at, json.loads(body)) for at, body in map(json.loads, rows.read_text().splitlines())]
    reports = [(body["uuid"], body["status"]) for _, body in arrivals]
    unique = set(reports)
    first = dict(reversed(reports))  # of each message, the status that came first
    return Delivered(
        load=seen,
        cpu=used / max(seen.count, 1),
        lateness=[at - due(body, plan) for at, body in arrivals],
        lost=sum((message, status) not in unique for message in sent for status in plan),
        doubled=len(reports) - len(unique),
        overtaken=sum(status != "SENT" for status in first.values()),
    )


def callbacks(seconds: float) -> list[Figure]:
    """Send at two steady rates, two callbacks each to a local receiver: to the sandbox and the bare handler in turn."""
    return [*_at(300, late=15, seconds=seconds), *_at(800, late=LATE, cost=0.75, seconds=seconds)]


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


def _at(rate: int, *, late: float, seconds: float, cost: float | None = None) -> list[Figure]:
    ours, theirs = [], []
    with receiver() as inbox, reporting_bare(inbox) as yardstick, callback_policy(inbox) as server:
        for _ in range(ROUNDS):
            theirs.append(deliver(yardstick, inbox, rate=rate, seconds=seconds))
            ours.append(deliver(server, inbox, rate=rate, seconds=seconds))

    def figure(name: str, read: Callable[[Delivered], float], unit: str = "", bar: float | None = None) -> Figure:
        value, beside = (median(map(read, rounds)) if unit else sum(map(read, rounds)) for rounds in (ours, theirs))
        return Figure(f"callbacks at {rate:,} sends/s: {name}", value, unit, bar=bar, beside=beside)

    ratio = median(mine.cpu / other.cpu for mine, other in zip(ours, theirs, strict=True))
    return [
        Figure(
            f"callbacks at {rate:,} sends/s: processor time a send, of the bare handler's",
            ratio,
            TIMES,
            bar=cost,
            short=None if cost is None else "processor time with two callbacks",
        ),
        figure("processor time a send", lambda each: each.cpu * MS * MS, "µs"),
        figure("lateness p99", lambda each: each.p99 * MS, "ms", late),
        figure("reply p99", lambda each: each.load.p99 * MS, "ms"),
        figure("lost", lambda each: each.lost, bar=0),
        figure("doubled", lambda each: each.doubled, bar=0),
        figure("overtaken", lambda each: each.overtaken, bar=0),
    ]


def sustained(seconds: float) -> list[Figure]:
    """Find the highest rate that each keeps, callbacks in time, by trials of so many seconds."""
    with receiver() as inbox:
        theirs = highest(reporting_bare, inbox, seconds=seconds)
        ours = highest(callback_policy, inbox, seconds=seconds)
    name = f"two callbacks each, lateness p99 < {LATE} ms: highest rate kept for {seconds:g} s"
    return [
        Figure(
            f"{name}, of the bare handler's",
            ours / theirs,
            TIMES,
            "higher",
            bar=1.4,
            short="highest rate with two callbacks",
        ),
        Figure(name, ours, "/s", "higher", beside=theirs),
    ]


def highest(run: Run, inbox: Server, *, seconds: float) -> float:
    """Raise the rate until a short trial fails, then halve the last step by trials of so many seconds."""
    good, rate = 0.0, LOWEST
    while _keeps_up(run, inbox, rate=rate, seconds=min(seconds, SHORT)):
        good, rate = rate, rate * STEP
    while good and not _keeps_up(run, inbox, rate=good, seconds=seconds):
        good, rate = good / STEP if good > LOWEST else 0.0, good
    for _ in range(HALVINGS if good else 0):
        middle = (good + rate) / 2
        if _keeps_up(run, inbox, rate=middle, seconds=seconds):
            good = middle
        else:
            rate = middle
    return good or 1.0


def _keeps_up(run: Run, inbox: Server, *, rate: float, seconds: float) -> bool:
    """Return whether a rate is kept in one of two trials: half a second of other work on the machine fails one."""
    for _ in range(2):
        with run(inbox) as server:
            if deliver(server, inbox, rate=rate, seconds=seconds).keeps_up(rate):
                return True
    return False
