"""MCP on standard input and output, for an agent's host that starts the command itself."""

import asyncio
import os
import signal
from collections.abc import Callable

from mcp.server.stdio import stdio_server

from sandbox.agents.server import make_server
from sandbox.client import AsyncClient
from sandbox.server.runner import running_server
from sandbox.server.startup import Options, make_engine

INTERRUPTED = 130  # the exit code of what Ctrl-C has ended


async def serve_stdio(client: AsyncClient) -> None:
    """Serve the tools for the sandbox that a client calls, until standard input ends."""
    server = make_server(client)
    loop = asyncio.get_running_loop()
    # A thread waits for standard input, which nothing can wake: without this, Ctrl-C would wait for the next line.
    loop.add_signal_handler(signal.SIGINT, os._exit, INTERRUPTED)
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())


async def serve_own_server(options: Options, *, report: Callable[[str], None]) -> None:
    """Serve the tools for a server that lives as long; `report` is told where it listens.

    Raises:
        SandboxError: an option is wrong, or the port cannot be opened.

    """
    async with running_server(make_engine(options), options) as ports:
        url = f"http://{options.host}:{ports.plain}"
        report(f"sms-sandbox listens on {url}")
        await serve_stdio(AsyncClient(url))
