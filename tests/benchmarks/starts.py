"""How soon the sandbox is ready, the fixture has a workspace and the help is printed, and what an idle server takes.

Each round starts every process once, one after the other; a ratio is the median over the rounds. Beside the time that
passed stands the processor time, which a busy machine blurs less.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import NamedTuple

from tests.benchmarks.figures import TIMES, Figure
from tests.benchmarks.processes import ENVIRONMENT, Server, bare, sandbox

ROUNDS = 9
MS = 1000
HEALTH = "/_sandbox/health"
COMMANDS: Mapping[str, Sequence[str]] = {
    "python -c pass": ("-c", "pass"),
    "sms-sandbox --help": (str(Path(sys.executable).with_name("sms-sandbox")), "--help"),
}
# A user's environment: pytest with this plugin alone.
PYTEST = ("-m", "pytest", "-q", "-p", "pytest_sms_sandbox", "-p", "no:cacheprovider")
TESTS = """
import json, os, time
import pytest

TOOK = {True: [], False: []}

@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item):
    wall, processor = time.perf_counter(), time.process_time()
    done = yield
    TOOK["sandbox" in item.fixturenames].append((time.perf_counter() - wall, time.process_time() - processor))
    return done

def pytest_sessionfinish():
    with open(os.environ["TOOK"], "w") as file:
        json.dump([TOOK[True], TOOK[False]], file)
"""
PAIRS = """
import pytest

@pytest.mark.parametrize("_", range(200))
class TestPairs:
    def test_without(self, _): pass
    def test_with(self, _, sandbox): pass
"""
CALL = """
def test_without(): pass
def test_with(sandbox): sandbox.advance("1s")
"""


class Taken(NamedTuple):
    """What something took: seconds that passed, and seconds of processor time."""

    wall: float
    processor: float


class Start(NamedTuple):
    """A start of a server: until its first send was answered, its memory then, and after its first control call."""

    answered: Taken
    memory: float
    health: float
    loaded_memory: float


def starts(_: float) -> list[Figure]:
    """Start everything in turn."""
    ours, theirs, fixtures, calls = [], [], [], []
    commands: dict[str, list[Taken]] = {name: [] for name in COMMANDS}
    for number in range(ROUNDS + 1):
        row = _start(bare, None), _start(sandbox, HEALTH), _fixture(PAIRS), _fixture(CALL)
        if number:  # the first round only warms the disk and the caches
            theirs.append(row[0])
            ours.append(row[1])
            fixtures.append(_further(*row[2]))
            calls.append(row[3][0][0])
        for name, arguments in COMMANDS.items():
            commands[name].append(_run(arguments))
    plain, help_text = commands.values()
    first, further = zip(*fixtures, strict=True)
    wall = median(each.answered.wall for each in theirs)
    return [
        _ratio(
            "ready: first send answered, of the bare handler", _answered(ours), _answered(theirs), bar=1, short="ready"
        ),
        Figure("ready: first send answered", _wall(_answered(ours)), "ms", beside=wall * MS),
        Figure("ready: first control call answered after that", median(each.health for each in ours) * MS, "ms"),
        _processor("ready: processor time, of the bare handler", _answered(ours), _answered(theirs), bar=1),
        Figure(
            "idle memory, of the bare handler", _memory(ours) / _memory(theirs), TIMES, bar=1.25, short="idle memory"
        ),
        Figure("idle memory", _memory(ours), "MB", beside=_memory(theirs)),
        Figure("idle memory once the control API is loaded", median(each.loaded_memory for each in ours), "MB"),
        Figure("fixture: first test of a session", _wall(first), "ms", bar=250, short="fixture: first test"),
        Figure("fixture: first test of a session, if it advances the clock", _wall(calls), "ms"),
        _processor("fixture: first test, processor time, of the bare handler's start", first, _answered(theirs)),
        Figure(
            "fixture: each further test, more than an empty one",
            _wall(further),
            "ms",
            bar=1.5,
            short="fixture: each further test",
        ),
        Figure("fixture: each further test, processor time", median(each.processor for each in further) * MS, "ms"),
        _ratio(
            "sms-sandbox --help, of python -c pass", help_text, plain, bar=2, short="`--help` beside `python -c pass`"
        ),
        _processor("sms-sandbox --help: processor time, of python -c pass", help_text, plain, bar=2),
    ]


def _answered(rows: Sequence[Start]) -> list[Taken]:
    return [each.answered for each in rows]


def _wall(rows: Sequence[Taken]) -> float:
    return median(each.wall for each in rows) * MS


def _memory(rows: Sequence[Start]) -> float:
    return median(each.memory for each in rows)


def _ratio(name: str, ours: Sequence[Taken], theirs: Sequence[Taken], *, bar: float, short: str) -> Figure:
    ratio = median(mine.wall / other.wall for mine, other in zip(ours, theirs, strict=True))
    return Figure(name, ratio, TIMES, bar=bar, short=short)


def _processor(name: str, ours: Sequence[Taken], theirs: Sequence[Taken], *, bar: float | None = None) -> Figure:
    ratio = median(mine.processor / other.processor for mine, other in zip(ours, theirs, strict=True))
    return Figure(name, ratio, "", bar=bar)


def _start(run: Callable[[], AbstractContextManager[Server]], health: str | None) -> Start:
    with run() as server:
        server.send()
        answered = Taken(perf_counter() - server.began, server.processor())
        memory, began = server.rss(), perf_counter()
        if health is not None:
            server.ask(health)
        return Start(answered, memory, perf_counter() - began, server.rss())


def _run(arguments: Sequence[str]) -> Taken:
    """Run Python with some arguments."""
    before, began = _children(), perf_counter()
    subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, env=ENVIRONMENT, check=True)  # noqa: S603 - our own
    return Taken(perf_counter() - began, _children() - before)


def _children() -> float:
    """Return the processor time of all processes that were started here and have ended, in seconds."""
    used = getrusage(RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _fixture(tests: str) -> tuple[list[Taken], list[Taken]]:
    """Return what each test of a session with the fixture took, and each without it."""
    with TemporaryDirectory() as folder:
        took = Path(folder, "took.json")
        Path(folder, "conftest.py").write_text(TESTS)
        Path(folder, "test_fixture.py").write_text(tests)
        subprocess.run(  # noqa: S603 - our own
            [sys.executable, *PYTEST, folder],
            stdout=subprocess.DEVNULL,
            env={**ENVIRONMENT, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "TOOK": str(took)},
            cwd=folder,
            check=True,
        )
        used, empty = ([Taken(*each) for each in rows] for rows in json.loads(took.read_text()))
    return used, empty


def _further(used: Sequence[Taken], empty: Sequence[Taken]) -> tuple[Taken, Taken]:
    """Return what the first test of a session took, and what each further one took beyond an empty test."""
    wall, processor = (
        median(each[place] for each in used[1:]) - median(each[place] for each in empty[1:]) for place in (0, 1)
    )
    return used[0], Taken(wall, processor)
