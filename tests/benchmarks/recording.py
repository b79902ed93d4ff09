"""What recording adds to a request, beside direct calls in the same run; how long comparing a recording takes."""

import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import monotonic

from tests.benchmarks.figures import Figure
from tests.benchmarks.processes import load, running, sandbox
from tests.drift.sessions import Ask
from tests.drift.sessions import record as record_session

ROUNDS = 5
RATE = 50  # sends a second
MS = 1000
EXCHANGES = 10_000


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


def compare(_: float) -> list[Figure]:
    """Compare a recording of 10,000 exchanges and their callbacks, and one of four times as many, with the sandbox."""
    with TemporaryDirectory() as folder:
        once = record_session(Path(folder) / "once.jsonl", map(ask, range(EXCHANGES)))
        seconds, small = measured("drift", str(once))
        _, large = measured("drift", str(repeated(once, Path(folder) / "often.jsonl", 4)))
    return [
        Figure("drift: 10,000 exchanges", seconds, "s", bar=10),
        Figure("drift: memory", small, "MB"),
        Figure("drift: memory for 40,000 exchanges", large, "MB"),
    ]


def ask(number: int) -> Ask:
    """Return a send to one provider, a send to another, or a question for the balance."""
    kind, text = {"content-type": "application/json"}, "Your code is 482910"
    sms = {"from": "ACME", "to": f"38761{number:06}", "text": text}
    bulk = {"brandID": 1, "numbers": [f"995511{number:06}"], "text": text}
    return (
        Ask("POST", "/api/smpp/client/send", {**kind, "x-api-key": "our-key"}, json.dumps(sms)),
        Ask("POST", "/v1/sms/send?key=our-key", kind, json.dumps(bulk)),
        Ask("GET", "/v1/sms/balance?key=our-key"),
    )[number % 3]


def repeated(session: Path, path: Path, times: int) -> Path:
    """Write a session with the entries of another several times; numbers go on."""
    header, *lines = session.read_text(encoding="utf-8").splitlines()
    with path.open("w", encoding="utf-8") as file:
        file.write(f"{header}\n")
        for each in range(times):
            for line in lines:
                ((kind, entry),) = json.loads(line).items()
                entry["number"] += each * len(lines)
                if "reports" in entry:
                    entry["reports"]["exchange"] += each * len(lines)
                file.write(json.dumps({kind: entry}) + "\n")
    return path


def measured(*words: str) -> tuple[float, float]:
    """Run a command; return its seconds and the megabytes that it took."""
    begin = monotonic()
    process = subprocess.Popen([sys.executable, "-m", "sandbox", *words], stdout=subprocess.DEVNULL)  # noqa: S603
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return monotonic() - begin, usage.ru_maxrss / 1024
