"""What tests over HTTP start from: a sandbox on a frozen clock and a customer's server."""

import argparse
import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import settings

from sandbox.callbacks.egress import Policy
from sandbox.core.clock import parse_duration
from sandbox.core.errors import SandboxError
from sandbox.engine.workspace import WorkspaceConfig
from sandbox.store.base import Store
from sandbox.store.postgres import PostgresStore
from sandbox.store.sqlite import SqliteStore
from tests import servers
from tests.postgres import PostgresServer, start_server
from tests.servers import FROZEN, LEASE, Receiver, Sandbox

settings.register_profile("bounded", max_examples=60, deadline=None, derandomize=True)
settings.register_profile("thorough", max_examples=3_000, deadline=None)  # by --hypothesis-profile thorough
settings.load_profile("bounded")

if (
    signal.getsignal(signal.SIGINT) is signal.SIG_IGN
):  # a shell starts what runs in its background so, and it is inherited
    signal.signal(signal.SIGINT, signal.default_int_handler)

SandboxMaker = Callable[..., Awaitable[Sandbox]]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add options; pytest looks for them in this file alone, as it is read before any test."""
    parser.addoption(
        "--hostile", type=_duration, metavar="DURATION", help="run each fuzz of tests/hostile for so long, as in 10m"
    )
    parser.addoption(
        "--durability", type=int, metavar="KILLS", help="kill the server of tests/durability so many times, as in 50"
    )
    parser.addoption(
        "--store",
        choices=["memory", "sqlite", "postgres"],
        default="memory",
        help="where the sandboxes of all tests keep their state (default: memory)",
    )


def _duration(text: str) -> timedelta:
    try:
        return parse_duration(text)
    except SandboxError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


@pytest.fixture
async def make_sandbox(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SandboxMaker]:
    """Return a function that starts a sandbox; all of them end with the test."""
    running: list[Sandbox] = []
    kind = request.config.getoption("--store")
    server: PostgresServer | None = request.getfixturevalue("postgres_server") if kind == "postgres" else None
    databases: list[str] = []

    async def make(start: WorkspaceConfig = FROZEN, *, policy: Policy | None = None) -> Sandbox:
        store: Store | None = SqliteStore(tmp_path / f"{len(running)}.db") if kind == "sqlite" else None
        if server is not None:
            databases.append(await server.take())
            store = PostgresStore(databases[-1], lease=LEASE)
        running.append(await servers.make_sandbox(start, policy=policy, store=store))
        return running[-1]

    yield make
    for each in running:
        await each.client.close()
    if server is not None:
        for url in databases:
            await server.give_back(url)


@pytest.fixture(scope="session")
def postgres_server(testrun_uid: str) -> Iterator[PostgresServer]:
    """Return the PostgreSQL server of this run; it starts with the first test that needs it."""
    server = start_server(testrun_uid)
    yield server
    asyncio.run(server.drop_all())


@pytest.fixture
async def postgres_url(postgres_server: PostgresServer) -> AsyncIterator[str]:
    """Return the URL of a database without a store."""
    url = await postgres_server.take()
    yield url
    await postgres_server.give_back(url)


@pytest.fixture
async def sandbox(make_sandbox: SandboxMaker) -> Sandbox:
    """Return a sandbox whose clock stands at noon; callbacks have nowhere to go."""
    return await make_sandbox()


@pytest.fixture
async def receiver_too() -> AsyncIterator[Receiver]:
    """Return another customer's server."""
    listening = Receiver()
    await listening.start()
    yield listening
    await listening.stop()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """Return a customer's server that answers 200."""
    listening = Receiver()
    await listening.start()
    yield listening
    await listening.stop()
