"""A server on a free port in a thread of its own, so that blocking clients can use it."""

import asyncio
import sys
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from threading import Thread
from typing import NamedTuple

from sandbox.client import Client
from sandbox.core.clock import monotonic
from sandbox.core.garbage import without_collections

LOOPBACK = "127.0.0.1"
GRACE = 0.1  # seconds that open requests have to finish when the server stops


class SandboxServer(NamedTuple):
    """The URL of a running server, its control token if it has one, and its providers."""

    url: str
    token: str | None
    providers: tuple[str, ...]


def connect(url: str, token: str | None = None) -> SandboxServer:
    """Return the server that runs at a URL.

    Raises:
        ClientError: no server runs there.

    """
    client = Client(url, token=token)
    return SandboxServer(client.url, token, client.health().providers)


@contextmanager
def serving(*, scenarios: Path | None = None, specs: Sequence[Path] = ()) -> Iterator[SandboxServer]:
    """Run a server for the length of the block.

    Args:
        scenarios: a folder with your own scenarios.
        specs: folders with your own provider specs.

    Raises:
        SandboxError: a scenario or spec has mistakes.

    """
    stack = AsyncExitStack()
    with _loop_in_thread() as loop:
        try:
            with without_collections():
                port = asyncio.run_coroutine_threadsafe(_serve(stack, scenarios, tuple(specs)), loop).result()
                server = connect(f"http://{LOOPBACK}:{port}")
            yield server
        finally:
            if not sys.is_finalizing():  # then the thread no longer runs
                asyncio.run_coroutine_threadsafe(stack.aclose(), loop).result()


@contextmanager
def _loop_in_thread() -> Iterator[asyncio.AbstractEventLoop]:
    """Run an event loop in a daemon thread."""
    loop = asyncio.new_event_loop()
    loop.time = monotonic  # type: ignore[method-assign]  # its own stops while a test freezes the time of the process
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
    """Start a server that the stack stops; return its port."""
    # Tests that use a running server do not need any of this.
    from sandbox.server.runner import running_server  # noqa: PLC0415
    from sandbox.server.startup import Options, make_engine  # noqa: PLC0415

    options = Options(host=LOOPBACK, port=0, scenarios=scenarios, specs=specs)
    ports = await stack.enter_async_context(running_server(make_engine(options), options, grace=GRACE))
    return ports.plain
