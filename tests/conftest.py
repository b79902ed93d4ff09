"""What tests over HTTP start from: a sandbox on a frozen clock and a customer's server."""

import argparse
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

import pytest
from hypothesis import settings

from sandbox.callbacks.egress import Policy
from sandbox.core.clock import parse_duration
from sandbox.core.errors import SandboxError
from sandbox.engine.workspace import WorkspaceConfig
from tests import servers
from tests.servers import FROZEN, Receiver, Sandbox

settings.register_profile("bounded", max_examples=60, deadline=None, derandomize=True)
settings.load_profile("bounded")

SandboxMaker = Callable[..., Awaitable[Sandbox]]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option of `tests/hostile`; pytest looks for it in this file alone, as it is read before any test."""
    parser.addoption(
        "--hostile", type=_duration, metavar="DURATION", help="run each fuzz of tests/hostile for so long, as in 10m"
    )


def _duration(text: str) -> timedelta:
    try:
        return parse_duration(text)
    except SandboxError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


@pytest.fixture
async def make_sandbox() -> AsyncIterator[SandboxMaker]:
    """Return a function that starts a sandbox; all of them end with the test."""
    running: list[Sandbox] = []

    async def make(start: WorkspaceConfig = FROZEN, *, policy: Policy | None = None) -> Sandbox:
        running.append(await servers.make_sandbox(start, policy=policy))
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
