"""The path `/_sandbox/mcp`, where coding agents find the sandbox as tools, if the server was started with `--mcp`.

What answers there is above the server, in `sandbox.agents`, and is handed in: a server without it loads none of it.
"""

from typing import Protocol

from aiohttp import web

from sandbox.control.problems import refuse

OFF = "MCP is off; start the server with sms-sandbox serve --mcp"


class McpEndpoint(Protocol):
    """Answers requests of the Model Context Protocol."""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Return the reply to a request."""

    async def close(self, _: object = None) -> None:
        """Stop what is under way."""


def add_mcp(control: web.Application, endpoint: McpEndpoint | None) -> None:
    """Add the path to `control`, the application that answers below `/_sandbox`; without an endpoint it says why.

    Every request is a POST: no session is kept that a GET could listen to, or a DELETE end.
    """
    if endpoint is None:
        control.router.add_route("*", "/mcp", _refuse)
    else:
        control.router.add_post("/mcp", endpoint.handle)
        control.on_cleanup.append(endpoint.close)


async def _refuse(_: web.Request) -> web.StreamResponse:
    raise refuse(404, "", OFF)
