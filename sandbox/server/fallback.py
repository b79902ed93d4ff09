"""aiohttp with the control API, for whatever the fast path leaves to it; loaded with the first such request.

Loading both takes as long as all the rest of a start, and a third of the memory. Until they are loaded, a connection
waits with what it has received; others are served meanwhile.
"""

import asyncio
from collections.abc import Collection
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, cast

from sandbox.control.metrics import Metrics
from sandbox.core.garbage import without_collections
from sandbox.engine.engine import Engine
from sandbox.server.fast_path import REQUEST_LIMIT
from sandbox.server.startup import Options

if TYPE_CHECKING:
    from sandbox.server.aiohttp_connection import Handler, Runner

CLEANUP_GRACE = 0.01  # seconds that aiohttp gives what is still under way at the end; it waits twice as long


class Fallback:
    """aiohttp's server; call it for the protocol of a connection. `url` is that of the server on this machine."""

    def __init__(self, engine: Engine, options: Options, url: str) -> None:
        self._engine = engine
        self._options = options
        self._url = url
        self._metrics = Metrics(engine)  # which count from the start
        self._runner: Runner | None = None
        self._loading: asyncio.Task[None] | None = None
        self.waiting: set[asyncio.Task[None]] = set()

    def __call__(self) -> "Handler | LoadingConnection":
        """Return the protocol of a new connection, or one that waits for it."""
        return LoadingConnection(self) if self._runner is None else self._runner.web_server()

    @property
    def connections(self) -> "Collection[Handler]":
        """The open connections."""
        return () if self._runner is None else self._runner.web_server.open_connections

    async def load(self) -> None:
        """Load aiohttp, unless it is loaded already."""
        if self._loading is None:
            self._loading = asyncio.create_task(self._load())
        await asyncio.shield(self._loading)

    async def _load(self) -> None:
        try:
            with without_collections():
                self._runner = await self._make_runner()
        except Exception:  # no file descriptor may be left at present
            self._loading = None
            raise

    async def _make_runner(self) -> "Runner":
        await asyncio.to_thread(import_module, "sandbox.server.aiohttp_connection")
        from sandbox.server.aiohttp_connection import Runner  # noqa: PLC0415 - it is loaded now
        from sandbox.server.app import make_app  # noqa: PLC0415 - as above

        options = self._options
        token = options.control_token
        mcp = options.mcp(self._url, token) if options.mcp else None
        app = make_app(
            self._engine, token=token, allow_host=options.allow_host, cors=options.cors, mcp=mcp, metrics=self._metrics
        )
        runner = Runner(self._engine, app, grace=CLEANUP_GRACE)
        await runner.setup()
        return runner

    async def finish(self, grace: float) -> None:
        """End the connections: idle ones and long polls at once, other requests when they are answered.

        `close` aborts what is still under way after `grace` seconds.
        """
        if self.waiting:
            await asyncio.wait(self.waiting)
        if self._runner is None:
            return
        await asyncio.sleep(0)  # a request that has arrived already counts as under way
        server = self._runner.web_server
        server.pre_shutdown()
        await self._runner.app.shutdown()
        with suppress(TimeoutError):
            async with asyncio.timeout(grace):
                await server.shutdown(grace)

    async def close(self) -> None:
        """Close the connections and the engine."""
        if self._runner is None:
            await self._engine.close()
        else:
            await self._runner.cleanup()


class LoadingConnection(asyncio.Protocol):
    """A connection that waits until aiohttp is loaded; then aiohttp is told all that has happened on it."""

    _transport: asyncio.Transport

    def __init__(self, fallback: Fallback) -> None:
        self._fallback = fallback
        self._received = b""
        self._ended = False
        self._given_up: tuple[int, str] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Hand the connection over once aiohttp is loaded."""
        self._transport = cast("asyncio.Transport", transport)
        task = asyncio.get_running_loop().create_task(self._hand_over(self._transport))
        self._fallback.waiting.add(task)
        task.add_done_callback(self._fallback.waiting.discard)

    def data_received(self, data: bytes) -> None:
        """Keep what arrives, no more than a plain request may have, unless it came at once."""
        self._received += data
        if len(self._received) > REQUEST_LIMIT:  # before the end of what the client sends, which a pause would repeat
            self._transport.pause_reading()

    def eof_received(self) -> bool:
        """Keep the connection open for the reply."""
        self._ended = True
        return True

    def give_up(self, *, status: int, reason: str) -> None:
        """Let aiohttp refuse the incomplete request."""
        self._given_up = status, reason

    async def _hand_over(self, transport: asyncio.Transport) -> None:
        try:
            await self._fallback.load()
        except Exception as error:  # noqa: BLE001 - whatever prevents it, the next request tries again
            what = {"message": "the control API cannot be loaded", "exception": error}
            asyncio.get_running_loop().call_exception_handler(what)
            transport.abort()
        if transport.is_closing():
            return
        protocol = self._fallback()
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        if len(self._received) > REQUEST_LIMIT:
            transport.resume_reading()
        if self._received:
            protocol.data_received(self._received)
        if self._given_up is not None:
            protocol.give_up(status=self._given_up[0], reason=self._given_up[1])
        if self._ended and not protocol.eof_received():
            transport.close()
