"""A sandbox on a free port, served from a thread of its own, so that blocking clients work with it."""

import asyncio
import sys
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from threading import Thread
from typing import NamedTuple

from sandbox.client import Client
from sandbox.core.clock import monotonic

LOOPBACK = "127.0.0.1"
GRACE = 0.1  # seconds that requests under way are given when the server stops


class Place(NamedTuple):
    """Where a sandbox serves, the control token that it asks for, and its providers."""

    url: str
    token: str | None
    providers: tuple[str, ...]


def find(url: str, token: str | None = None) -> Place:
    """Return the place of a sandbox that serves already.

    Raises:
        ClientError: none does.

    """
    client = Client(url, token=token)
    return Place(client.url, token, client.health().providers)


@contextmanager
def serving(*, scenarios: Path | None = None, specs: Sequence[Path] = ()) -> Iterator[Place]:
    """Serve until the block is left.

    Args:
        scenarios: a folder with scenarios of your own.
        specs: folders with provider specs of your own.

    Raises:
        SandboxError: a scenario or spec is wrong.

    """
    stack = AsyncExitStack()
    with _threaded() as loop:
        port = asyncio.run_coroutine_threadsafe(_serve(stack, scenarios, tuple(specs)), loop).result()
        try:
            yield find(f"http://{LOOPBACK}:{port}")
        finally:
            if not sys.is_finalizing():  # the thread is gone by then
                asyncio.run_coroutine_threadsafe(stack.aclose(), loop).result()


@contextmanager
def _threaded() -> Iterator[asyncio.AbstractEventLoop]:
    """Run a loop in a thread that does not keep a process from ending."""
    loop = asyncio.new_event_loop()
    loop.time = monotonic  # type: ignore[method-assign]  # its own stands while a test freezes the time of its process
    thread = Thread(target=loop.run_forever, name="sms-sandbox", daemon=True)
    thread.start()
    try:
        yield loop
    finally:
        if not sys.is_finalizing():
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()


async def _serve(stack: AsyncExitStack, scenarios: Path | None, specs: tuple[Path, ...]) -> int:
    """Start a server that the stack ends; return its port."""
    # Where a sandbox serves already, none of this is needed.
    from sandbox.server.runner import running_server  # noqa: PLC0415
    from sandbox.server.startup import Options, make_engine  # noqa: PLC0415

    options = Options(host=LOOPBACK, port=0, scenarios=scenarios, specs=specs)
    ports = await stack.enter_async_context(running_server(make_engine(options), options, grace=GRACE))
    return ports.plain
