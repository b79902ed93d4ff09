"""What the tests of MCP start from: a server with its endpoint, and the SDK's client of its tools."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sandbox.agents.endpoint import McpEndpoint
from sandbox.server.runner import running_server
from sandbox.server.startup import Options
from tests.servers import make_engine

TOKEN = "open-sesame"


@asynccontextmanager
async def serving(token: str | None = None, *, host: str = "127.0.0.1") -> AsyncIterator[str]:
    """Run a server with MCP; give its URL on loopback."""
    options = Options(host=host, port=0, control_token=token, mcp=McpEndpoint)
    async with running_server(make_engine(), options, grace=0.1) as ports:
        yield f"http://127.0.0.1:{ports.plain}"
