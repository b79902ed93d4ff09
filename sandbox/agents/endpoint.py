"""MCP over HTTP, inside a server: the path `/_sandbox/mcp` of the control API, which has guarded it already.

The SDK speaks ASGI and this server aiohttp, so each request is handed over as ASGI, and its reply back as a whole: each
request stands for itself, with no session on the server, and its reply is one JSON document. The tools call the control
API over HTTP, as those of `sms-sandbox mcp` do: in this server, or through it in the replica that has the workspace.
"""

import asyncio
from collections.abc import MutableMapping
from typing import Any

from aiohttp import web
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

from sandbox.agents.server import make_server
from sandbox.client import AsyncClient

Message = MutableMapping[str, Any]  # of ASGI


class McpEndpoint:
    """Answers the MCP requests of one server, at its `url`, whose control API wants `token`."""

    def __init__(self, url: str, token: str | None = None) -> None:
        self._manager = StreamableHTTPSessionManager(
            make_server(AsyncClient(url, token=token)), json_response=True, stateless=True
        )
        self._running: asyncio.Task[None] | None = None
        self._started = asyncio.Event()
        self._stop = asyncio.Event()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Return the reply to a request."""
        if self._running is None:
            self._running = asyncio.create_task(self._run())
        await self._started.wait()
        call = AsgiCall(await request.read())
        await self._manager.handle_request(scope_of(request), call.receive, call.send)
        return call.response

    async def close(self, _: object = None) -> None:
        """Stop what is under way."""
        self._stop.set()
        if self._running is not None:
            await self._running

    async def _run(self) -> None:
        """Keep the SDK's tasks in one task of ours: they must be stopped by the one that has started them."""
        async with self._manager.run():
            self._started.set()
            await self._stop.wait()


class AsgiCall:
    """One request and its reply, in the messages of ASGI."""

    def __init__(self, body: bytes) -> None:
        self._body: bytes | None = body
        self.response = web.Response(status=500)

    async def receive(self) -> Message:
        """Return the body, and after it nothing for good: a client that goes away ends nothing."""
        if self._body is None:
            await asyncio.Event().wait()
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(self, message: Message) -> None:
        """Add a part of the reply."""
        if message["type"] == "http.response.start":
            headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in message["headers"]]
            self.response = web.Response(status=message["status"], headers=headers)
        else:
            body = self.response.body if isinstance(self.response.body, bytes) else b""
            self.response.body = body + message.get("body", b"")


def scope_of(request: web.Request) -> Message:
    """Return the head of a request as ASGI has it."""
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": request.scheme,
        "path": request.path,
        "raw_path": request.rel_url.raw_path.encode(),
        "query_string": request.rel_url.raw_query_string.encode(),
        "root_path": "",
        "headers": [(name.lower(), value) for name, value in request.raw_headers],
    }
