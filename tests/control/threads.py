"""A sandbox in a thread of its own, for clients that block."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from aiohttp import web
from aiohttp.test_utils import TestServer


@contextmanager
def served(make: Callable[[], web.Application]) -> Iterator[str]:
    """Serve an application while the block runs; give its address. `make` is called on the thread's loop."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def start() -> TestServer:
        server = TestServer(make())
        await server.start_server(shutdown_timeout=0.1)
        return server

    server = asyncio.run_coroutine_threadsafe(start(), loop).result()
    try:
        yield str(server.make_url("/")).rstrip("/")
    finally:
        asyncio.run_coroutine_threadsafe(server.close(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
