"""A server as a process of its own, which a test kills and starts again on the same store and port."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import ClientSession

PATIENCE = 30  # real seconds after which a start counts as failed
LOWEST_PORT, PORTS = 20_000, 10_000  # below those that systems give to outgoing connections
APART = 16  # ports between those of two processes that run tests side by side


# Each once, from a place of its own for each process.
UNUSED = (LOWEST_PORT + (os.getpid() * APART + each) % PORTS for each in range(PORTS))


def free_port() -> int:
    """Return a port that a server can listen on, and again after a kill: nobody else takes it meanwhile."""
    for port in UNUSED:
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError


class ServerProcess:
    """`python -m sandbox serve` on one port and store; `log` is what all of its starts have written."""

    def __init__(self, arguments: Sequence[str], folder: Path) -> None:
        self.port = free_port()
        self._command = [sys.executable, "-m", "sandbox", "serve", "--port", str(self.port), *arguments]
        self._log_file = folder / "server.log"
        self._process: asyncio.subprocess.Process | None = None

    @property
    def log(self) -> str:
        return self._log_file.read_text()

    async def begin(self) -> None:
        """Start the process; it is not ready yet."""
        with self._log_file.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._command, stdout=asyncio.subprocess.PIPE, stderr=log
            )

    async def start(self) -> None:
        """Start, and return when it is ready."""
        await self.begin()
        if self._process is None or self._process.stdout is None:
            raise AssertionError
        async with asyncio.timeout(PATIENCE):
            line = await self._process.stdout.readline()
        assert b"listens on" in line, f"{line!r}\n{self.log[-2000:]}"

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal to the process, if it still runs."""
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(number)

    async def wait(self) -> int:
        """Return the exit code once the process has ended."""
        if self._process is None or self._process.stdout is None:
            raise AssertionError
        async with asyncio.timeout(PATIENCE):
            await self._process.stdout.read()
            return await self._process.wait()

    async def get_all(self, path: str) -> list[dict[str, Any]]:
        """Return all items of a list of the control API, newest first."""
        items: list[dict[str, Any]] = []
        cursor: str | None = ""
        async with ClientSession(self.url) as session:
            while cursor is not None:
                query = {"limit": "1000", **({"cursor": cursor} if cursor else {})}
                async with session.get(f"/_sandbox/{path}", params=query) as reply:
                    page = await reply.json()
                items += page["items"]
                cursor = page["next"]
        return items

    async def call(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """Return status and value of a call of the control API."""
        async with ClientSession(self.url) as session, session.request(method, f"/_sandbox{path}", json=body) as reply:
            return reply.status, await reply.json(content_type=None)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@asynccontextmanager
async def server_process(arguments: Sequence[str], folder: Path) -> AsyncIterator[ServerProcess]:
    """Return a context manager around a process that is not started yet; whatever runs at its end is killed."""
    server = ServerProcess(arguments, folder)
    try:
        yield server
    finally:
        server.send_signal(signal.SIGKILL)
        await server.wait()
