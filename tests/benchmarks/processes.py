"""Servers as processes of their own: started, asked for memory and processor time, ended by their id."""

import json
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from time import perf_counter, sleep
from typing import IO

from tests.benchmarks.load import PATH

ADDRESS = re.compile(r"http://127\.0\.0\.1:(\d+)")
TICKS = os.sysconf("SC_CLK_TCK")
PATIENCE = 300  # seconds for one reply: an advance answers when all is done
# An installed package has its bytecode; a checkout gets it with the first start, whatever the shell says.
ENVIRONMENT = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}


@dataclass(frozen=True, slots=True)
class Server:
    """A running process that listens on `port`; `began` is when it was started (`perf_counter`)."""

    process: subprocess.Popen[str]
    port: int
    began: float

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def cpu(self) -> float:
        """Return the processor time it has used, in seconds."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def processor(self) -> float:
        """Return the processor time it has used, in seconds, to the microsecond; without threads that have ended."""
        rows = Path(f"/proc/{self.process.pid}/task").glob("*/schedstat")
        return sum(int(row.read_text().split()[0]) for row in rows) / 1e9

    def rss(self) -> float:
        """Return its resident memory in MB (10**6 bytes)."""
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(text.partition("VmRSS:")[2].split()[0]) * 1024 / 1e6

    def ask(self, path: str, body: object = None, *, method: str | None = None, **headers: str) -> bytes:
        """Return the body of a reply; a `body` is sent as JSON. A reply that is not 2xx raises."""
        named = {
            "Content-Type": "application/json",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310 - always our own http URL
            self.url + path, data=data, headers=named, method=method or ("GET" if data is None else "POST")
        )
        with urllib.request.urlopen(request, timeout=PATIENCE) as reply:  # noqa: S310 - as above
            return bytes(reply.read())

    def send(self) -> None:
        """Have one code sent."""
        body = {"to": "38761444555", "text": "482910"}
        self.ask(PATH, body, x_api_key="benchmark", x_account_id="benchmark")

    def send_many(self, numbers: Iterable[int], *, key: str = "benchmark") -> None:
        """Have one text sent to many recipients by one request: uBill takes 10,000."""
        self.ask("/v1/sms/send", {"brandID": 1, "numbers": list(numbers), "text": "message"}, key=key)

    def advance(self, **goal: str) -> float:
        """Advance the clock and return the seconds it took."""
        began = perf_counter()
        self.ask("/_sandbox/clock/advance", goal)
        return perf_counter() - began

    def tell(self, line: str) -> str:
        """Write a line to its standard input and return the line it answers."""
        if self.process.stdin is None or self.process.stdout is None:
            raise RuntimeError(line)
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline()

    def settle(self, *, at_least: float, patience: float = 60) -> None:
        """Wait so many seconds, then until it uses next to no processor time."""
        sleep(at_least)
        limit = perf_counter() + patience
        before = self.cpu()
        while perf_counter() < limit:
            sleep(0.5)
            now = self.cpu()
            if now - before <= 0.02:
                return
            before = now


@contextmanager
def running(*arguments: str, module: str) -> Iterator[Server]:
    """Run `python -m module arguments…` while the block lasts; it must print its address."""
    began = perf_counter()
    command = [sys.executable, "-m", module, *arguments]
    with TemporaryFile("w+") as log, _started(command, log) as process:
        try:
            yield Server(process, _port(process, log), began)
        finally:
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()


def _started(command: list[str], log: IO[str]) -> subprocess.Popen[str]:
    pipe = subprocess.PIPE
    return subprocess.Popen(  # noqa: S603 - our own modules
        command, stdin=pipe, stdout=pipe, stderr=log, text=True, env=ENVIRONMENT
    )


def _port(process: subprocess.Popen[str], log: IO[str]) -> int:
    said = ""
    while process.stdout is not None and (line := process.stdout.readline()):
        said += line
        if match := ADDRESS.search(line):
            return int(match[1])
    log.seek(0)
    message = f"{process.args!r} said no address:\n{said}{log.read()}"
    raise RuntimeError(message)


def sandbox(*arguments: str) -> AbstractContextManager[Server]:
    """Run the sandbox on a free port."""
    return running("serve", "--port", "0", *arguments, module="sandbox")


def bare(*arguments: str) -> AbstractContextManager[Server]:
    """Run the bare handler on a free port."""
    return running(*arguments, module="tests.benchmarks.bare")


def readers(server: Server, count: int) -> AbstractContextManager[Server]:
    """Run a process that reads a server's events over so many connections."""
    return running(str(server.port), str(count), module="tests.benchmarks.readers")


def receiver(*arguments: str) -> AbstractContextManager[Server]:
    """Run a receiver of callbacks on a free port."""
    return running(*arguments, module="tests.benchmarks.receiver")


@dataclass(frozen=True, slots=True)
class Load:
    """What the load saw: sends a second, latencies in seconds, and the server's processor time for a send."""

    count: int
    rate: float
    p50: float
    p99: float
    cpu: float


def load(  # noqa: PLR0913 - each is a choice of its own, by keyword
    server: Server,
    *,
    seconds: float,
    rate: float | None = None,
    first: int = 0,
    ids: Path | None = None,
    provider: str = "betatel",
) -> Load:
    """Load a server from a process of its own.

    Raises:
        RuntimeError: a send was not answered with 200.

    """
    command = [sys.executable, "-m", "tests.benchmarks.load", str(server.port), "--seconds", str(seconds)]
    command += ["--first", str(first), "--provider", provider]
    command += ["--rate", str(rate), "--connections", "64"] if rate else []
    command += ["--ids", str(ids)] if ids else []
    before = server.cpu()
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - our own module
    used = server.cpu() - before
    seen = json.loads(done.stdout)
    if seen["failures"]:
        message = f"{seen['failures']} sends failed, the first with: {seen['first_failure']}"
        raise RuntimeError(message)
    return Load(seen["count"], seen["rate"], seen["p50"], seen["p99"], used / max(seen["count"], 1))
