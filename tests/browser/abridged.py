"""Stands between a browser and a sandbox and cuts the events of messages down to an id and a status."""

import json
import re
from typing import Any

from aiohttp import ClientResponse, ClientSession, web
from aiohttp.test_utils import TestServer

from tests.browser.served import Served

MESSAGE = re.compile(rb"^event: (?:message|status)\ndata: (.*)$", re.MULTILINE)


class Abridged:
    """A server that passes everything on to another and back again, but the better part of its events."""

    def __init__(self, served: Served) -> None:
        self._served = served
        self._session = ClientSession()
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._pass_on)
        self._server = TestServer(app)

    async def start(self) -> None:
        await self._server.start_server(shutdown_timeout=0.1)

    async def stop(self) -> None:
        await self._server.close()
        await self._session.close()

    @property
    def page(self) -> str:
        """The address of the inbox."""
        return str(self._server.make_url("/_sandbox/ui/"))

    async def _pass_on(self, request: web.Request) -> web.StreamResponse:
        url = f"{self._served.url}{request.raw_path}"
        async with self._session.request(request.method, url, data=await request.read()) as answer:
            if answer.content_type == "text/event-stream":
                return await _cut(request, answer)
            headers = {
                name: answer.headers[name] for name in ("Content-Type", "X-Sandbox-Request") if name in answer.headers
            }
            return web.Response(status=answer.status, body=await answer.read(), headers=headers)


async def _cut(request: web.Request, answer: ClientResponse) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    while event := await answer.content.readuntil(b"\n\n"):
        await response.write(MESSAGE.sub(_part, event))
    return response


def _part(match: "re.Match[bytes]") -> bytes:
    whole: dict[str, Any] = json.loads(match[1])
    part = json.dumps({"id": whole["id"], "status": whole["status"]}).encode()
    return match[0].replace(match[1], part)
