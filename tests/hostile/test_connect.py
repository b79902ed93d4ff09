"""Clients that give up a CONNECT or take every file descriptor: nothing stays open, and one line is said."""

import asyncio
import errno
import json
import os
import re
import resource
import socket
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from http.client import HTTPConnection
from pathlib import Path

import pytest

from sandbox.server.bad_requests import refuse_request
from sandbox.server.connection_limits import Descriptors
from sandbox.server.proxy import PlainPort, Tunnels
from sandbox.server.runner import running_server
from sandbox.server.startup import Options
from tests.commands import PATIENCE
from tests.servers import make_engine, turn

CONNECT = b"CONNECT api.betatel.com:443 HTTP/1.1\r\n\r\n"
RESET = struct.pack("ii", 1, 0)  # a socket with it is closed by RST
PROC = Path("/proc/self/fd")

pytestmark = pytest.mark.skipif(not PROC.exists(), reason="the system does not show a process's file descriptors")


def count(pid: int | str) -> int:
    """Return how many file descriptors a process has open."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def abort(port: int, content: bytes) -> None:
    """Open a connection, send something, and reset it."""
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as client:
        client.sendall(content)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)


@contextmanager
def process(folder: Path, *, limit: int | None = None) -> Iterator[tuple[int, int, Callable[[], str]]]:
    """Serve plain and TLS in a process; give its id, its plain port, and what ends it and returns what it said."""

    def lower() -> None:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))

    flags = ("--port", "0", "--tls", "--tls-port", "0", "--tls-dir", str(folder))
    server = subprocess.Popen(  # noqa: S603 - our own
        [sys.executable, "-m", "sandbox", "serve", *flags],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lower,  # noqa: PLW1509 - it starts no thread and takes no lock
    )

    def end() -> str:
        server.terminate()
        return server.communicate(timeout=PATIENCE)[1]

    try:
        if server.stdout is None:
            raise AssertionError
        banner = "".join(server.stdout.readline() for _ in range(4))
        yield server.pid, int(re.findall(r"127\.0\.0\.1:(\d+)", banner)[0]), end
    finally:
        server.kill()
        server.communicate()


def health(port: int) -> int:
    """Return the status with which the server says that it is well."""
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request("GET", "/_sandbox/health")
        return connection.getresponse().status
    finally:
        connection.close()


def test_connections_that_are_aborted_leave_nothing_open_and_nothing_in_the_log(tmp_path: Path) -> None:
    with process(tmp_path) as (pid, port, end):
        health(port)
        before = count(pid)
        for content in (CONNECT, CONNECT + b"early", CONNECT[:-2], b"CONN", b""):
            for _ in range(50):
                abort(port, content)
        closed = any(health(port) and count(pid) <= before for _ in range(1000))

        assert (closed, end()) == (True, "")


async def test_an_aborted_connect_leaves_nothing_open_on_the_loop_of_the_standard_library(tmp_path: Path) -> None:
    wrong: list[str] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: wrong.append(str(context)))
    options = Options(port=0, tls=True, tls_port=0, tls_dir=tmp_path)
    async with running_server(make_engine(), options, grace=0.1) as ports:
        before = count("self")
        for _ in range(20):
            abort(ports.plain, CONNECT)
        async with asyncio.timeout(PATIENCE):
            await turn()
            while count("self") > before:
                await turn()

    assert wrong == []


async def test_a_connect_is_answered_in_words_when_nobody_listens_on_the_tls_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        unused_port = taken.getsockname()[1]
    refuse = partial(refuse_request, make_engine())
    tunnels = Tunnels(frozenset({"api.betatel.com"}), unused_port)
    port = PlainPort(asyncio.Protocol, refuse, tunnels, Descriptors(print))
    server = await asyncio.get_running_loop().create_server(port, "127.0.0.1", 0)
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(CONNECT)
        reply = (await reader.read()).decode()
        writer.close()

    problem = json.loads(reply.partition("\r\n\r\n")[2])
    assert (problem["status"], problem["detail"].partition(":")[0]) == (
        503,
        "cannot connect to the HTTPS port of this sandbox",
    )


@pytest.mark.parametrize(
    ("target", "status", "why"),
    [
        ("example.com:443", 403, "'example.com:443' is not a provider's host; CONNECT is allowed to api.betatel.com, "),
        ("api.betatel.com:443", 501, "this sandbox does not serve HTTPS; start it with --tls"),
        ("api.betatel.com", 400, "the target 'api.betatel.com' is not HOST:PORT, such as api.betatel.com:443"),
        ("api.betatel.com:99999", 400, "the target 'api.betatel.com:99999' is not HOST:PORT, such as "),
        ("api.betatel.com:443@evil", 400, "the target 'api.betatel.com:443@evil' is not HOST:PORT, such as "),
    ],
)
async def test_a_refused_connect_has_a_number_and_an_entry_in_the_journal(target: str, status: int, why: str) -> None:
    engine = make_engine()
    async with running_server(engine, Options(port=0), grace=0.1) as ports:
        reader, writer = await asyncio.open_connection("127.0.0.1", ports.plain)
        writer.write(f"CONNECT {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        head = (await reader.read()).partition(b"\r\n\r\n")[0].decode().split("\r\n")
        writer.close()
        record = engine.default.world.requests[1]

    assert (head[0].split()[1], "X-Sandbox-Request: 1" in head, record.method, record.path, record.status) == (
        str(status),
        True,
        "CONNECT",
        target,
        status,
    )
    assert record.why[0].startswith(why)


def test_running_out_of_file_descriptors_is_said_once_with_the_limit(tmp_path: Path) -> None:
    with process(tmp_path, limit=64) as (pid, port, end):
        with ExitStack() as clients:
            for _ in range(100):
                clients.enter_context(socket.create_connection(("127.0.0.1", port), PATIENCE))
            assert any(count(pid) >= 64 for _ in range(100_000))
        again = health_at_last(port)

        assert (again, end()) == (
            200,
            "out of file descriptors (limit 64): new connections are refused; raise it with ulimit -n\n",
        )


def health_at_last(port: int) -> int:
    """Return the server's health once it has noticed that its clients have gone."""
    for _ in range(1000):
        try:
            return health(port)
        except OSError:
            continue
    return 0


async def test_a_loop_that_comes_back_to_the_error_every_second_is_heard_once() -> None:
    said: list[str] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(Descriptors(said.append).handle_exception)
    for number in (errno.EMFILE, errno.ENFILE, errno.EMFILE):
        error = OSError(number, os.strerror(number))
        loop.call_exception_handler({"message": "socket.accept() out of system resource", "exception": error})

    assert len(said) == 1
