"""Two servers on loopback: one with the fast path, and one with aiohttp alone; and a client of raw bytes."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

from aiohttp import web
from hypothesis import strategies as st

from sandbox.core.clock import ClockConfig, ClockMode
from sandbox.core.journal import RequestRecord
from sandbox.engine.engine import Engine
from sandbox.engine.workspace import WorkspaceConfig
from sandbox.server.aiohttp_connection import Runner
from sandbox.server.app import make_app
from sandbox.server.connection_limits import LIMITS, Limits, ReadTimeouts
from sandbox.server.runner import running_server
from sandbox.server.startup import Options
from tests.builders import NOON
from tests.scenarios.builders import load
from tests.servers import PATIENCE, make_engine

PATH = "/api/v1/connect-hub/whatsapp/otp"
BODY = b'{"to":"38761444555","text":"482910"}'
HEADERS = ("Host: x", "Content-Type: application/json", "x-api-key: k1", "x-account-id: a1")
DATE = re.compile(rb"\r\nDate: [^\r]+")
LENGTH = re.compile(rb"\r\nContent-Length: (\d+)")
GRACE = 0.1
CLOSED = b"(closed)"


class Client:
    """A client's connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, *parts: bytes) -> None:
        """Send bytes, each part by itself."""
        for part in parts:
            self._writer.write(part)
            await self._writer.drain()
            await asyncio.sleep(0)  # not a wait: the server gets its turn

    async def receive(self, *, bodiless: bool = False, dated: bool = False) -> bytes:
        """Return the next reply, without its date unless `dated`, or what arrived of it before the end."""
        async with asyncio.timeout(PATIENCE):
            try:
                head = await self._reader.readuntil(b"\r\n\r\n")
                if head.startswith(b"HTTP/1.1 100 "):
                    return await self.receive(bodiless=bodiless, dated=dated)
                length = None if bodiless else LENGTH.search(head)
                body = await self._reader.readexactly(int(length[1])) if length else b""
            except asyncio.IncompleteReadError as error:
                return error.partial + CLOSED
            except ConnectionResetError:
                return b"(reset)"
        return (head if dated else DATE.sub(b"", head)) + body

    async def read_rest(self) -> bytes:
        """Return all that comes until the end."""
        async with asyncio.timeout(PATIENCE):
            try:
                return DATE.sub(b"", await self._reader.read())
            except ConnectionResetError:
                return b"(reset)"

    def end(self) -> None:
        """Say that nothing more comes."""
        self._writer.write_eof()

    def close(self) -> None:
        self._writer.close()


@dataclass(frozen=True, slots=True)
class LocalServer:
    """A server."""

    engine: Engine
    port: int
    clients: list[Client] = field(default_factory=list)

    async def connect(self) -> Client:
        """Open a connection; it ends with the server."""
        self.clients.append(Client(*await asyncio.open_connection("127.0.0.1", self.port)))
        return self.clients[-1]

    async def ask(self, *parts: bytes, bodiless: bool = False) -> bytes:
        """Send one request in pieces; return its reply."""
        client = await self.connect()
        await client.send(*parts)
        reply = await client.receive(bodiless=bodiless)
        client.close()
        return reply

    @property
    def journal(self) -> list[RequestRecord]:
        """The requests in the journal, without the time that they took."""
        return [each._replace(ms=0.0) for each in self.engine.default.world.requests.values()]


@asynccontextmanager
async def _local_server(engine: Engine, port: int) -> AsyncIterator[LocalServer]:
    local = LocalServer(engine, port)
    try:
        yield local
    finally:
        for client in local.clients:
            client.close()


@asynccontextmanager
async def fast_path_server(engine: Engine, limits: Limits = LIMITS) -> AsyncIterator[LocalServer]:
    """Serve as the command does."""
    async with (
        running_server(engine, Options(port=0), grace=GRACE, limits=limits) as ports,
        _local_server(engine, ports.plain) as local,
    ):
        yield local


@asynccontextmanager
async def aiohttp_server(engine: Engine, limits: Limits = LIMITS) -> AsyncIterator[LocalServer]:
    """Serve by the web server alone."""
    runner = Runner(engine, make_app(engine), grace=GRACE)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    timeouts = ReadTimeouts(limits, lambda: runner.web_server.open_connections)
    try:
        async with _local_server(engine, runner.addresses[0][1]) as local:
            yield local
    finally:
        timeouts.close()
        await runner.cleanup()


SERVERS = (fast_path_server, aiohttp_server)


def frozen(scenario: str = "rules: []") -> Engine:
    """Return an engine on a frozen clock, with a scenario of its own."""
    return make_engine(WorkspaceConfig(load(scenario), seed=7, clock_config=ClockConfig(ClockMode.FROZEN, start=NOON)))


def request(*lines: str, start: str = f"POST {PATH} HTTP/1.1", body: bytes = BODY) -> bytes:
    """Return the bytes of a request with these headers; one that has a body tells its length."""
    told = [f"Content-Length: {len(body)}"] if body else []
    return "\r\n".join([start, *lines, *told, "", ""]).encode("utf-8", "surrogateescape") + body


RULED = """
rules:
  - {when: {to: "*01"}, then: {error: 500}}
  - {when: {to: "*02"}, then: {reply: {status: 503, headers: {Server: ours, X-Cache: "a ä"}, body: "down ä"}}}
  - {when: {to: "*03"}, then: {reply: {status: 204, body: "never seen"}}}
  - {when: {to: "*04"}, then: {reply: {status: 599}}}
  - {when: {to: "*05"}, then: {after: 1ms}}
  - {when: {to: "*06"}, then: {fault: malformed_body}}
"""
TARGETS = (
    *([PATH] * 6),
    f"{PATH}?",
    f"{PATH}?a=b%zz&c=%C3%A9+d",
    f"{PATH}?a=ä",
    f"{PATH}?a#b",
    f"{PATH}/",
    PATH.replace("otp", "%6ftp"),
    f"http://api.betatel.com{PATH}",
    "/v1/sms/send?key=k1&brandID=1&numbers=995511194242&text=message",
    "/v1/sms/send?key=k1&brandID=1&numbers=abc&text=",
    "/api/v1/sms/balance/check?key=k1",
    "/nowhere",
    "*",
)
BODIES = (
    *([BODY] * 4),
    *(BODY.replace(b"555", b"5%02d" % number) for number in range(1, 7)),
    b"",
    b"{",
    b'{"to": 5}',
    b"\xff\xfe",
    b"key=k1&brandID=1&numbers=995511194242&text=%zz",
    b'{"to":"38761444555","text":"' + b"x" * 70_000 + b'"}',
)
ODD = (
    "x-api-key:k2",
    "X-API-KEY: \t k3 \t ",
    "x-api-key: invalid1",
    "x-account-id: ä\udcff",
    "Content-Type: application/x-www-form-urlencoded",
    "Connection: close",
    "Connection: keep-alive",
    "Connection: Upgrade",
    "Upgrade: h2c",
    "Expect: 100-continue",
    "Transfer-Encoding: identity",
    "Content-Encoding: gzip",
    "Sec-Fetch-Site: cross-site",
    "Content-Length: 0",
    "Bad Name: x",
    "X-Nul: a\0b",
    " folded",
    "X-Long: " + "y" * 9000,
    *(f"X-{number}: {number}" for number in range(3)),
)


class DrawnRequest(NamedTuple):
    """A request, and how it is cut on its way."""

    method: str
    content: bytes
    cut: int


@st.composite
def drawn_request(draw: st.DrawFn) -> DrawnRequest:
    """Draw a request, a plain one more often than not."""
    method = draw(st.sampled_from(["POST"] * 6 + ["GET", "PUT", "HEAD", "OPTIONS"]))
    version = draw(st.sampled_from(["HTTP/1.1"] * 9 + ["HTTP/1.0"]))
    target, body = draw(st.sampled_from(TARGETS)), draw(st.sampled_from(BODIES))
    odd = draw(st.one_of(st.just([]), st.lists(st.sampled_from(ODD), max_size=3)))
    headers = [each for each in HEADERS if draw(st.integers(0, 15))]
    content = request(*headers, *odd, start=f"{method} {target} {version}", body=body)
    return DrawnRequest(method, content, draw(st.one_of(st.just(len(content)), st.integers(1, len(content)))))
