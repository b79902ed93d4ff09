"""What tests over HTTP start from: a sandbox on a frozen clock and a customer's server."""

import argparse
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import settings

from sandbox.callbacks.egress import Policy
from sandbox.core.clock import parse_duration
from sandbox.core.errors import SandboxError
from sandbox.engine.workspace import WorkspaceConfig
from sandbox.store.base import Store
from sandbox.store.sqlite import SqliteStore
from tests import servers
from tests.servers import FROZEN, Receiver, Sandbox

settings.register_profile("bounded", max_examples=60, deadline=None, derandomize=True)
settings.register_profile("thorough", max_examples=3_000, deadline=None)  # by --hypothesis-profile thorough
settings.load_profile("bounded")

STORES: Mapping[str, Callable[[Path], Store]] = {"sqlite": SqliteStore}
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
        choices=["memory", *STORES],
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
    make_store = STORES.get(request.config.getoption("--store"))

    async def make(start: WorkspaceConfig = FROZEN, *, policy: Policy | None = None) -> Sandbox:
        store = None if make_store is None else make_store(tmp_path / f"{len(running)}.db")
        running.append(await servers.make_sandbox(start, policy=policy, store=store))
        return running[-1]

    yield make
    for each in running:
        await each.client.close()


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
