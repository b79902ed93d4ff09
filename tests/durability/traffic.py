"""The traffic of a crash test: sends at a steady rate, and the customer's server that gets the callbacks."""

import asyncio
import json
from typing import NamedTuple, Self
from urllib.parse import parse_qs, urlsplit

from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector

from sandbox.core.clock import monotonic
from sandbox.core.seeded_random import draw_fraction

CONNECTIONS = 64
LONGEST_PAUSE = 0.03  # seconds that the customer's server takes for an answer, at most
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"


class Load:
    """Sends `rate` messages a second, by two providers in turn, each to a number of its own; both make two callbacks.

    `acknowledged` has the ids of the messages that were accepted, `failures` what else was answered.
    """

    def __init__(self, url: str, *, rate: float) -> None:
        self.acknowledged: list[str] = []
        self.failures: list[str] = []
        self._url = url
        self._rate = rate
        self._number = 0
        self._stopped = False

    async def run(self) -> None:
        """Send until `stop`; what is under way then is awaited."""
        self._stopped = False
        begun, first = monotonic(), self._number
        connector = TCPConnector(limit=CONNECTIONS)
        async with (
            ClientSession(self._url, connector=connector, timeout=ClientTimeout(30)) as session,
            asyncio.TaskGroup() as group,
        ):
            while not self._stopped:
                self._number += 1
                group.create_task(self._send(session, self._number))
                due = begun + (self._number - first) / self._rate
                await asyncio.sleep(max(0.0, due - monotonic()))  # the pace of the load

    def stop(self) -> None:
        """Send nothing more."""
        self._stopped = True

    async def _send(self, session: ClientSession, number: int) -> None:
        """Send one message; whether one that gets no answer was accepted, nobody knows."""
        digits = 100_000 + number
        if number % 2:
            path, key = "/api/v1/connect-hub/whatsapp/otp", {"x-api-key": "k1", "x-account-id": "a1"}
            body: dict[str, object] = {"to": f"38761{digits}", "text": "482910"}
        else:
            path, key = "/v1/sms/send", {"key": "k1"}
            body = {"brandID": 1, "numbers": f"995511{digits}", "text": "message"}
        try:
            async with session.post(path, json=body, headers=key) as reply:
                text = await reply.text()
        except (ClientError, TimeoutError, OSError):
            return
        value = json.loads(text) if reply.status == 200 else {}
        if "uuid" in value:
            self.acknowledged.append(value["uuid"])
        elif value.get("statusID") == 0:
            self.acknowledged.append(f"{value['smsID']}-1")
        else:
            self.failures.append(f"{reply.status} {text[:200]}")


class Arrival(NamedTuple):
    """A callback as it arrived: the message that it is for, and the provider's word for the status."""

    message: str
    status: str


class CallbackServer:
    """The customer's server: answers 200, each time after a pause, so that a kill finds attempts under way."""

    def __init__(self, *, seed: int) -> None:
        self.arrivals: list[Arrival] = []
        self._seed = seed
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    @property
    def url(self) -> str:
        if self._server is None:
            raise AssertionError
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/dlr"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                headers = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if line)
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                self.arrivals.append(_read(head.split(" ", 2)[1], body))
                pause = draw_fraction(self._seed, len(self.arrivals), "pause") * LONGEST_PAUSE
                await asyncio.sleep(pause)
                writer.write(ANSWER)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the sandbox has closed the connection, or was killed
        finally:
            writer.close()


def _read(target: str, body: bytes) -> Arrival:
    if body:
        value = json.loads(body)
        return Arrival(value["uuid"], value["status"])
    query = parse_qs(urlsplit(target).query)
    return Arrival(f"{query['smsID'][0]}-1", query["statusID"][0])
