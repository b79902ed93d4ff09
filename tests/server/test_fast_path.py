"""The fast path: it answers and stores what aiohttp does, and breaks replies as a scenario says."""

import asyncio
import gc
import ssl
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import NoReturn

import pytest
from aiohttp.http import SERVER_SOFTWARE

from sandbox.core.journal import RequestRecord
from sandbox.engine.engine import Engine
from sandbox.server import response_writer
from sandbox.server.aiohttp_connection import Handler
from sandbox.server.fast_path import Connection, FastPath
from sandbox.server.runner import running_server
from sandbox.server.startup import Options
from sandbox.specs.types import PROBLEM
from tests.server.connections import HEADERS, SERVERS, Client, LocalServer, fast_path_server, frozen, request
from tests.servers import PATIENCE, turn

MakeServer = Callable[[Engine], AbstractAsyncContextManager[LocalServer]]
both_ways = pytest.mark.parametrize("way", SERVERS)


async def test_a_reply_has_a_date_and_names_the_server() -> None:
    async with fast_path_server(frozen()) as local:
        client = await local.connect()
        await client.send(request(*HEADERS))
        head = (await client.receive(dated=True)).decode().partition("\r\n\r\n")[0]
        names = [each.partition(":")[0] for each in head.split("\r\n")]

        assert names == ["HTTP/1.1 200 OK", "Content-Type", "X-Sandbox-Request", "Content-Length", "Date", "Server"]


@both_ways
async def test_requests_that_come_together_are_answered_in_turn(way: MakeServer) -> None:
    async with way(frozen()) as local:
        client = await local.connect()
        await client.send(request(*HEADERS) * 3)
        heard = [await client.receive() for _ in range(3)]

        assert [b"X-Sandbox-Request: %d\r\n" % number in reply for number, reply in enumerate(heard, 1)] == [True] * 3


@both_ways
async def test_a_connection_serves_plain_and_other_requests_one_after_the_other(way: MakeServer) -> None:
    async with way(frozen()) as local:
        client = await local.connect()
        replies = []
        health = request("Host: localhost", start="GET /_sandbox/health HTTP/1.1", body=b"")
        for content in (request(*HEADERS), health, request(*HEADERS)):
            await client.send(content)
            replies.append((await client.receive()).partition(b"\r\n")[0])

        assert replies == [b"HTTP/1.1 200 OK"] * 3


@both_ways
@pytest.mark.parametrize(
    ("fault", "comes"),
    [
        ("connection_reset", b"(reset)"),
        ("empty_reply", b""),
        ("truncated_body", b"0123"),
        ("slow_body", b"01234567"),
    ],
)
async def test_a_fault_breaks_the_reply_on_the_wire(
    way: MakeServer, fault: str, comes: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(response_writer, "SLOW_PAUSE", 0.0)
    async with way(frozen(f"rules: [{{then: {{reply: {{body: '01234567'}}, fault: {fault}}}}}]")) as local:
        client = await local.connect()
        await client.send(request(*HEADERS))
        heard = await (client.receive() if fault == "slow_body" else client.read_rest())

        assert heard.rpartition(b"\r\n\r\n")[2] == comes


@both_ways
async def test_a_connection_goes_on_after_a_reply_that_was_kept_back(way: MakeServer) -> None:
    async with way(frozen("rules: [{when: {first: 1}, then: {after: 300ms}}]")) as local:
        client = await local.connect()
        await client.send(request(*HEADERS))
        await _until(local, waiting=1)
        await client.send(request(*HEADERS))
        heard = [await client.receive() for _ in range(2)]

        assert [each.partition(b"\r\n")[0] for each in heard] == [b"HTTP/1.1 200 OK"] * 2


@both_ways
async def test_what_comes_while_a_broken_reply_is_kept_back_is_not_handled(way: MakeServer) -> None:
    async with way(frozen("rules: [{when: {first: 1}, then: {after: 300ms, fault: empty_reply}}]")) as local:
        client = await local.connect()
        await client.send(request(*HEADERS))
        await _until(local, waiting=1)
        await client.send(request(*HEADERS))

        assert (await client.read_rest(), len(local.journal)) == (b"", 1)


async def test_a_client_that_reads_nothing_is_answered_in_full_once_it_reads() -> None:
    large = "x" * 1_000_000
    async with fast_path_server(frozen(f"rules: [{{then: {{reply: {{body: {large}}}}}}}]")) as local:
        client = await local.connect()
        for _ in range(40):
            await client.send(request(*HEADERS))
        heard = [len(await client.receive()) for _ in range(40)]

        assert [each > len(large) for each in heard] == [True] * 40


@pytest.mark.parametrize(
    "then",
    [
        "",
        "after: 1ms",
        "fault: malformed_body",
        "fault: slow_body",
        "reply: {status: 204}",
        "reply: {headers: {Server: ours}}",
    ],
)
async def test_the_last_reply_of_a_connection_is_the_same_both_ways_and_closes_it(
    then: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(response_writer, "SLOW_PAUSE", 0.0)
    heard = []
    for way in SERVERS:
        async with way(frozen(f"rules: [{{then: {{{then}}}}}]" if then else "rules: []")) as local:
            client = await local.connect()
            await client.send(request(*HEADERS, "Connection: close"))
            heard.append(await client.read_rest())

    assert heard[0] == heard[1] != b""


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a TLS authority."""
    return tmp_path_factory.mktemp("tls")


@pytest.mark.parametrize(
    "then",
    ["", "after: 1ms", "fault: malformed_body", "fault: truncated_body", "fault: empty_reply", "reply: {status: 204}"],
)
async def test_requests_over_tls_are_answered_as_those_without(then: str, authority: Path) -> None:
    last = request(*HEADERS, "Connection: close")
    chunks = request(*HEADERS, "Transfer-Encoding: chunked", body=b"") + b"2\r\n{}\r\n0\r\n\r\n"
    heard = []
    for tls in (False, True):
        engine = frozen(f"rules: [{{then: {{{then}}}}}]" if then else "rules: []")
        async with running_server(engine, Options(port=0, tls=tls, tls_port=0, tls_dir=authority)) as ports:
            trust = ssl.create_default_context(cafile=authority / "ca.pem") if tls else None
            client = Client(*await asyncio.open_connection("127.0.0.1", ports.tls or ports.plain, ssl=trust))
            replies = []
            for content in () if then else (request(*HEADERS), request(*HEADERS), chunks):
                await client.send(content[:9], content[9:])
                replies.append(await client.receive())
            await client.send(last)
            replies.append(await client.read_rest())
            client.close()
            heard.append((replies, LocalServer(engine, ports.plain).journal))

    assert heard[0] == heard[1]


def test_the_server_names_itself_as_aiohttp_does() -> None:
    assert f"Server: {SERVER_SOFTWARE}\r\n" == response_writer.SERVER


@both_ways
@pytest.mark.parametrize("then", ["after: 1h", "fault: hang"])
async def test_a_reset_closes_what_still_waits_for_its_reply(way: MakeServer, then: str) -> None:
    async with way(frozen(f"rules: [{{then: {{{then}}}}}]")) as local:
        client = await local.connect()
        await client.send(request(*HEADERS))
        await _until(local, waiting=1)
        await local.engine.default.reset()

        assert await client.read_rest() == b""


async def test_a_client_that_goes_away_waits_no_more() -> None:
    async with fast_path_server(frozen("rules: [{then: {fault: hang}}]")) as local:
        client = await local.connect()
        await client.send(request(*HEADERS))
        await _until(local, waiting=1)
        client.close()

        await _until(local, waiting=0)


async def test_the_end_of_the_server_closes_connections_that_are_idle_and_replies_that_wait() -> None:
    async with fast_path_server(frozen("rules: [{when: {first: 1}, then: {fault: hang}}]")) as local:
        lines = [await local.connect() for _ in range(2)]
        local.clients.clear()  # they are not closed by the client
        await lines[0].send(request(*HEADERS))
        await _until(local, waiting=1)
        await lines[1].send(request(*HEADERS))
        await lines[1].receive()

    assert [await client.read_rest() for client in lines] == [b"", b""]
    for client in lines:
        client.close()


@pytest.mark.parametrize(
    ("rules", "content"),
    [
        ("[]", request(*HEADERS)),
        ("[]", request(*HEADERS, "Transfer-Encoding: chunked", body=b"") + b"2\r\n{}\r\n0\r\n\r\n"),
        ("[{then: {fault: hang}}]", request(*HEADERS)),
    ],
    ids=["plain", "chunked", "waiting"],
)
async def test_a_connection_that_has_ended_is_gone_without_a_collection(rules: str, content: bytes) -> None:
    gc.collect()
    async with fast_path_server(frozen(f"rules: {rules}")) as local:
        client = await local.connect()
        await client.send(content)
        async with asyncio.timeout(PATIENCE):
            while not local.journal:
                await turn()
        during = _connections()
        gc.disable()
        try:
            client.close()
            async with asyncio.timeout(PATIENCE):
                while _connections():
                    await turn()
        finally:
            gc.enable()

    assert during == 1


def _connections() -> int:
    """Return how many connections exist, of either way."""
    return sum(type(each) in {Connection, Handler} for each in gc.get_objects())


@pytest.mark.parametrize("size", [1, 7, 100])
@pytest.mark.parametrize("more", [[], ["Connection: keep-alive"], ["Connection: close"]])
async def test_a_plain_request_in_pieces_never_reaches_the_web_server(size: int, more: list[str]) -> None:
    engine = frozen()
    express, content = FastPath(engine, _no_web), request(*HEADERS, *more)
    server = await asyncio.get_running_loop().create_server(express, "127.0.0.1", 0)
    local = LocalServer(engine, server.sockets[0].getsockname()[1])
    reply = await local.ask(*(content[begin : begin + size] for begin in range(0, len(content), size)))
    await express.close(0)
    server.close()

    assert reply.partition(b"\r\n")[0] == b"HTTP/1.1 200 OK"


@both_ways
async def test_a_mistake_of_the_program_is_logged_answered_with_500_and_made_once_a_request(
    way: MakeServer, caplog: pytest.LogCaptureFixture
) -> None:
    engine = frozen()
    engine.subscribers[RequestRecord] = [_fail]
    async with way(engine) as local:
        client = await local.connect()
        received = []
        for number in (1, 2):
            await client.send(request(*HEADERS))
            reply = await client.receive()
            status, _, headers = reply.partition(b"\r\n")
            received.append((status, f"Content-Type: {PROBLEM}".encode() in headers, len(local.journal) == number))

        assert "ZeroDivisionError" in caplog.text
        assert received == [(b"HTTP/1.1 500 Internal Server Error", True, True)] * 2


def _fail(exchange: RequestRecord, _: object) -> None:
    raise ZeroDivisionError(exchange.path)


def _no_web() -> NoReturn:
    raise AssertionError


async def _until(local: LocalServer, *, waiting: int) -> None:
    """Return when so many replies are kept back."""
    async with asyncio.timeout(PATIENCE):
        while local.engine.default.gate.held != waiting:
            await turn()
