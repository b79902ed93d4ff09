"""A server on a free port in a thread of its own, so that blocking clients can use it."""

import asyncio
import sys
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from sandbox.client import Client
from sandbox.core.callback import Target
from sandbox.core.clock import ClockConfig, monotonic
from sandbox.core.garbage import without_collections

if TYPE_CHECKING:  # tests that use a running server need no engine
    from sandbox.engine.engine import Engine, Lease

Result = TypeVar("Result")

LOOPBACK = "127.0.0.1"
GRACE = 0.1  # seconds that open requests have to finish when the server stops


class LocalServer:
    """A server in a thread of this process.

    It creates and deletes workspaces without a call: the first one loads aiohttp, and every one takes a millisecond.
    """

    engine: "Engine"

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._loop.time = monotonic  # type: ignore[method-assign]  # its own stops while a test freezes the time
        self._thread = Thread(target=self._loop.run_forever, name="sms-sandbox", daemon=True)
        self._thread.start()
        self._stack = AsyncExitStack()

    @property
    def is_running(self) -> bool:
        """Whether the thread runs. It does not while the process ends, and not in a fork of the process."""
        return self._thread.is_alive() and not sys.is_finalizing()

    def start(self, scenarios: Path | None, specs: tuple[Path, ...]) -> int:
        """Start to serve; return the port."""

        async def serve() -> int:
            # Tests that use a running server need none of this.
            from sandbox.server.runner import running_server  # noqa: PLC0415
            from sandbox.server.startup import Options, make_engine  # noqa: PLC0415

            options = Options(host=LOOPBACK, port=0, scenarios=scenarios, specs=specs)
            self.engine = make_engine(options)
            ports = await self._stack.enter_async_context(running_server(self.engine, options, grace=GRACE))
            return ports.plain

        return self._run(serve())

    def make_workspace(self, clock: ClockConfig, targets: Mapping[str, str]) -> "Lease":
        """Create a workspace whose other settings are the server's.

        Raises:
            TooManyWorkspacesError: there are too many.

        """

        async def make() -> "Lease":
            to = {provider: Target(url) for provider, url in targets.items()}
            return self.engine.make_workspace(replace(self.engine.start, clock_config=clock, targets=to))

        return self._run(make())

    def delete_workspace(self, name: str) -> None:
        """Delete a workspace, unless it is deleted already."""

        async def delete() -> None:
            if name in self.engine.workspaces:
                await self.engine.delete_workspace(name)

        self._run(delete())

    def stop(self) -> None:
        """Stop the server and its thread."""
        if not self.is_running:
            return
        try:
            self._run(self._stack.aclose())
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    def _run(self, coroutine: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()


class SandboxServer(NamedTuple):
    """The URL of a running server, its control token if it has one, and its providers.

    `local` is None if the server runs in another process.
    """

    url: str
    token: str | None
    providers: tuple[str, ...]
    local: LocalServer | None = None


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
    local = LocalServer()
    try:
        with without_collections():
            port = local.start(scenarios, tuple(specs))
        yield SandboxServer(f"http://{LOOPBACK}:{port}", None, tuple(local.engine.packs), local)
    finally:
        local.stop()
