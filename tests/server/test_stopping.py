"""How a server stops: what waits is woken at once, all else has one deadline, and no client sees a reset."""

import asyncio
import json
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Self

import pytest

from sandbox.server.runner import running_server
from sandbox.server.startup import Options
from tests.server.connections import HEADERS, Client, frozen, request
from tests.servers import PATIENCE, turn

GRACE = 0.5  # seconds
LATE = "rules: [{then: {after: 1h}}]"
SEND = request(*HEADERS)
SEND_BY_THE_WEB = request(*HEADERS, "Connection: close", "Content-Encoding: identity")  # goes the web server's way
WAITS = {
    "messages": "GET /_sandbox/messages?to=1&wait=60s",
    "message": "GET /_sandbox/messages/latest?wait=60s",
    "otp": "GET /_sandbox/otp?to=1&wait=60s",
    "callbacks": "GET /_sandbox/callbacks?wait=60s",
    "requests": "GET /_sandbox/requests?rule=none&wait=60s",
}
VERIFY = b'{"to": "1", "wait": "60s"}'


def call(start: str, body: bytes = b"") -> bytes:
    """Return the bytes of a control call."""
    return request("Host: 127.0.0.1", start=f"{start} HTTP/1.1", body=body)


async def until(condition: Callable[[], bool]) -> None:
    """Return when a condition is true."""
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await turn()


class Stopping:
    """A server and its clients; `took` is how many seconds it needed to stop."""

    def __init__(self, scenario: str = "rules: []") -> None:
        self.world = (engine := frozen(scenario)).default.world
        self._server = running_server(engine, Options(port=0), grace=GRACE)
        self._clients = AsyncExitStack()
        self._port = 0
        self._listeners = 0
        self.took = 0.0

    @property
    def waiting(self) -> int:
        """How many calls wait for something, or follow the events."""
        return len(self.world.batch_subscribers) - self._listeners

    async def __aenter__(self) -> Self:
        self._port = (await self._server.__aenter__()).plain
        self._listeners = len(self.world.batch_subscribers)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._clients.aclose()

    async def ask(self, content: bytes = b"") -> Client:
        """Open a connection and send something."""
        client = Client(*await asyncio.open_connection("127.0.0.1", self._port))
        self._clients.callback(client.close)
        await client.send(content)
        return client

    async def stop(self) -> None:
        """Stop the server."""
        begun = asyncio.get_running_loop().time()
        await self._server.__aexit__(None, None, None)
        self.took = asyncio.get_running_loop().time() - begun


@pytest.mark.parametrize(
    "content", [*map(call, WAITS.values()), call("POST /_sandbox/verify", VERIFY)], ids=[*WAITS, "verify"]
)
async def test_a_call_that_waits_is_answered_503_at_once(content: bytes) -> None:
    async with Stopping() as server:
        client = await server.ask(content)
        await until(lambda: server.waiting == 1)
        await server.stop()
        head, _, body = (await client.read_rest()).partition(b"\r\n\r\n")

    assert (head.split()[1], json.loads(body)["detail"], server.took < GRACE) == (
        b"503",
        "the server is stopping",
        True,
    )


async def test_a_stream_of_events_ends_whole_and_at_once() -> None:
    async with Stopping() as server:
        client = await server.ask(call("GET /_sandbox/events"))
        await until(lambda: server.waiting == 1)
        await server.stop()
        heard = await client.read_rest()

    assert (heard.endswith(b"\r\n0\r\n\r\n"), server.took < GRACE) == (True, True)


async def test_connections_without_a_request_are_closed_at_once() -> None:
    async with Stopping() as server:
        lines = [await server.ask(content) for content in (b"", b"CONN", SEND[:20], SEND[:-1], b"GET /_sandbox/cl")]
        await server.stop()

        assert ([await client.read_rest() for client in lines], server.took < GRACE) == ([b""] * 5, True)


async def test_all_that_is_under_way_shares_one_deadline_and_is_closed_without_a_reset() -> None:
    async with Stopping(LATE) as server:
        kept_back = [await server.ask(content) for content in (SEND, SEND_BY_THE_WEB, SEND + SEND, SEND_BY_THE_WEB)]
        waiting = await server.ask(call("GET /_sandbox/messages?to=1&wait=60s"))
        await until(lambda: (len(server.world.requests), server.waiting) == (4, 1))
        await server.stop()

        assert (
            [await client.read_rest() for client in kept_back],
            (await waiting.read_rest())[:12],
            GRACE / 2 < server.took < 2 * GRACE,
        ) == ([b""] * 4, b"HTTP/1.1 503", True)


@pytest.mark.parametrize("content", [SEND, SEND_BY_THE_WEB], ids=["short way", "web server"])
async def test_a_reply_that_is_due_before_the_deadline_is_still_given(content: bytes) -> None:
    async with Stopping("rules: [{then: {after: 100ms}}]") as server:
        client = await server.ask(content)
        await until(lambda: len(server.world.requests) == 1)
        await server.stop()

        assert ((await client.read_rest())[:15], server.took < GRACE) == (b"HTTP/1.1 200 OK", True)
