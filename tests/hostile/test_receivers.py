"""Receivers of callbacks that do what a receiver should not do: what each attempt at them is recorded as."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import cast

import pytest

from sandbox.core.clock import ClockConfig, ClockMode
from sandbox.core.scenario import Scenario
from sandbox.engine.workspace import WorkspaceConfig
from tests.builders import NOON
from tests.conftest import SandboxMaker
from tests.servers import PATIENCE, WHATSAPP, turn

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
LIMIT = 2048  # bytes of an answer that are kept

Act = Callable[[asyncio.Transport], object]


def close(theirs: asyncio.Transport) -> None:
    theirs.close()


def reset(theirs: asyncio.Transport) -> None:
    """End the connection with RST."""
    own = cast("socket.socket", theirs.get_extra_info("socket"))
    own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    theirs.abort()


def half_close(theirs: asyncio.Transport) -> None:
    theirs.write_eof()


def after(milliseconds: float, act: Act) -> Act:
    return lambda theirs: asyncio.get_running_loop().call_later(milliseconds / 1000, act, theirs)


def drip(theirs: asyncio.Transport) -> None:
    """Write a byte each 10 ms for as long as somebody reads."""
    if not theirs.is_closing():
        theirs.write(b"x")
        asyncio.get_running_loop().call_later(0.01, drip, theirs)


def flood(theirs: asyncio.Transport) -> None:
    """Write for as long as somebody reads."""
    if not theirs.is_closing():
        theirs.write(b"x" * 4096)
        asyncio.get_running_loop().call_soon(flood, theirs)


class Hostile(asyncio.Protocol):
    """Does the acts of `first` on connecting, and those of `then` once a request has come whole."""

    def __init__(self, then: Sequence[bytes | Act], first: Sequence[bytes | Act]) -> None:
        self._then = then
        self._first = first
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._theirs = cast("asyncio.Transport", transport)
        self._play(self._first)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while self._buffer.endswith(b"}"):  # of the callback's JSON
            self._buffer = b""
            self._play(self._then)

    def eof_received(self) -> bool:
        return True  # what was begun is carried on

    def end(self) -> None:
        self._theirs.abort()

    def _play(self, acts: Sequence[bytes | Act]) -> None:
        for act in acts:
            if isinstance(act, bytes):
                self._theirs.write(act)
            else:
                act(self._theirs)


@asynccontextmanager
async def listening(kind: "Kind") -> AsyncIterator[str]:
    """Run a receiver of a kind; give its URL."""
    made: list[Hostile] = []

    def make() -> Hostile:
        made.append(Hostile(kind.then, kind.first))
        return made[-1]

    server = await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/dlr"
    finally:
        server.close()
        for each in made:
            each.end()
        await server.wait_closed()
        await turn()


@dataclass(frozen=True)
class Kind:
    """What a receiver does, and the attempt that comes of it."""

    then: Sequence[bytes | Act] = ()
    first: Sequence[bytes | Act] = ()
    status: int | None = None
    answer: str = ""
    error: str | None = None


def answered(*then: bytes | Act, status: int = 200, answer: str = "ok", first: Sequence[bytes | Act] = ()) -> Kind:
    return Kind(then, first, status, answer)


def failed(error: str, *then: bytes | Act, first: Sequence[bytes | Act] = ()) -> Kind:
    return Kind(then, first, error=error)


CLOSED = "the receiver closed the connection without a response"
BROKEN = "the receiver closed the connection in the middle of its response"
LATE = "no response within 0.1 s"


def start(error: str | None) -> WorkspaceConfig:
    """Return a start without second attempts; only receivers that end in `LATE` have no more than 0.1 s."""
    settings: dict[str, object] = {"timeout": "100ms" if error == LATE else PATIENCE, "retries": []}
    return WorkspaceConfig(
        Scenario("hostile", settings={"betatel": settings}),
        seed=7,
        clock_config=ClockConfig(ClockMode.FROZEN, start=NOON),
    )


NO_HTTP = "the receiver's response is not HTTP: "
NOT_HTTP = NO_HTTP + "Expected HTTP/, RTSP/ or ICE/"

KINDS = {
    # Connections that end
    "closes on connecting": failed(CLOSED, first=[close]),
    "resets on connecting": failed(CLOSED, first=[reset]),
    "closes when it was called": failed(CLOSED, close),
    "resets when it was called": failed(CLOSED, reset),
    "says nothing": failed(LATE),
    "says nothing, and half closes": failed(CLOSED, half_close),
    "closes with its answer": answered(OK, close),
    "half closes with its answer": answered(OK, half_close),
    "closes 1 ms after its answer": answered(OK, after(1, close)),
    "closes 8 ms after its answer": answered(OK, after(8, close)),
    "closes 40 ms after its answer": answered(OK, after(40, close)),
    "resets after its answer": answered(OK, after(1, reset)),
    "announces a long keep-alive and closes": answered(
        OK.replace(b"\r\n", b"\r\nConnection: keep-alive\r\nKeep-Alive: timeout=60\r\n", 1), after(2, close)
    ),
    "announces the end and leaves it to us": answered(OK.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)),
    "closes in the status line": failed(CLOSED, b"HTTP/1.1 20", close),
    "closes in a header": failed(CLOSED, OK[:25], close),
    "closes in the body": failed(BROKEN, OK[:-1], close),
    "resets in the body": failed(BROKEN, OK[:-1], after(1, reset)),
    "closes in a chunk": failed(BROKEN, CHUNKED + b"5\r\nok", close),
    "closes before the last chunk": failed(BROKEN, CHUNKED + b"2\r\nok\r\n", close),
    # Answers that are late or endless
    "answers a byte at a time": failed(LATE, b"HTTP/1.1 200 OK\r\nA: ", drip),
    "sends the body a byte at a time": failed(LATE, b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", drip),
    "has endless headers": failed(
        "the head of the receiver's response has more than 65536 bytes", b"HTTP/1.1 200 OK\r\nA: ", flood
    ),
    "has an endless body": answered(b"HTTP/1.1 200 OK\r\n\r\n", flood, answer="x" * LIMIT),
    "announces more than it sends": failed(LATE, b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok"),
    "sends more than it announces": answered(OK + b"ay"),
    "has endless interim answers": failed(LATE, b"HTTP/1.1 100 Continue\r\n\r\n" * 10),
    # Answers of odd forms
    "continues first": answered(b"HTTP/1.1 100 Continue\r\n\r\n", OK),
    "sends early hints first": answered(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n", OK),
    "answers before it is called": answered(first=[OK]),
    "answers in pieces": answered(*(OK[at : at + 1] for at in range(len(OK)))),
    "answers twice": answered(OK + OK),
    "answers again a moment later": answered(OK, after(2, lambda theirs: theirs.write(OK))),
    "answers with HTTP/1.0": answered(b"HTTP/1.0 200 OK\r\n\r\nok", close),
    "answers with HTTP/1.0 and keeps the connection": answered(
        b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok"
    ),
    "answers with the preface of HTTP/2": failed(NOT_HTTP, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    "answers with the settings of HTTP/2": failed(NOT_HTTP, b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"),
    "answers with HTTP/0.9": failed(NOT_HTTP, b"<h1>ok</h1>", close),
    "answers with a banner of SMTP": failed(NOT_HTTP, b"220 mail ready\r\n"),
    "answers with TLS": failed(NOT_HTTP, b"\x15\x03\x01\x00\x02\x02\x46", close),
    "answers with zeros": failed(NOT_HTTP, b"\x00" * 100, close),
    "has a body with 204": answered(b"HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nok", status=204, answer=""),
    "redirects": answered(
        b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", status=302, answer=""
    ),
    "asks for a login": answered(b"HTTP/1.1 401 Who\r\nContent-Length: 0\r\n\r\n", status=401, answer=""),
    "is busy": answered(b"HTTP/1.1 503 Busy\r\nRetry-After: 9\r\nContent-Length: 2\r\n\r\nok", status=503),
    "has a status of four digits": failed(NO_HTTP + "Invalid response status", b"HTTP/1.1 2000 OK\r\n\r\n"),
    "has a status that is no number": failed(NO_HTTP + "Invalid status code", b"HTTP/1.1 OK OK\r\n\r\n"),
    "has two lengths": failed(
        NO_HTTP + "Duplicate Content-Length",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
    ),
    "has a length that is no number": failed(
        NO_HTTP + "Invalid character in Content-Length", b"HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\nok"
    ),
    "has a negative length": failed(
        NO_HTTP + "Invalid character in Content-Length", b"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nok"
    ),
    "has a length and chunks": failed(
        NO_HTTP + "Transfer-Encoding can't be present with Content-Length",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    ),
    "has chunks of a size that is no number": failed(NO_HTTP + "Invalid character in chunk size", CHUNKED + b"zz\r\n"),
    "has bytes that are no UTF-8": answered(
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n\xff\xfe", answer="\ufffd\ufffd"
    ),
    "sends what it never announced as compressed": answered(
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nok"
    ),
    "upgrades": answered(
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", status=101, answer=""
    ),
}


@pytest.mark.parametrize("name", KINDS)
async def test_an_attempt_is_recorded_whatever_the_receiver_does(make_sandbox: SandboxMaker, name: str) -> None:
    kind = KINDS[name]
    sandbox = await make_sandbox(start(kind.error))
    async with listening(kind) as url:
        sandbox.set_target("betatel", url)
        await sandbox.send(WHATSAPP)
        await sandbox.advance()
    expected = (kind.status, kind.answer, kind.error)

    assert [(each.status, each.answer, each.error) for each in sandbox.attempts] == [expected] * 2


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if kind.status == 200])
async def test_no_attempt_is_lost_and_none_overtakes_at_a_receiver_that_answers(
    make_sandbox: SandboxMaker, name: str
) -> None:
    kind = KINDS[name]
    sandbox = await make_sandbox(start(kind.error))
    async with listening(kind) as url:
        sandbox.set_target("betatel", url)
        for _ in range(10):
            await sandbox.send(WHATSAPP)
        await sandbox.advance()

    assert [each.status for each in sandbox.attempts] == [200] * 20
