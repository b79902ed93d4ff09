"""The short way of a plain request: it answers and stores what the web server does, and breaks replies as asked."""

import asyncio
import gc
import weakref
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import NoReturn

import pytest

from sandbox.core.journal import RequestRecord
from sandbox.engine.engine import Engine
from sandbox.server import response_writer
from sandbox.server.fast_path import FastPath
from sandbox.specs.types import PROBLEM
from tests.servers import PATIENCE, turn
from tests.ways import HEADERS, WAYS, Place, frozen, request, short_way

Way = Callable[[Engine], AbstractAsyncContextManager[Place]]
both_ways = pytest.mark.parametrize("way", WAYS)


async def test_a_reply_has_a_date_and_names_the_server() -> None:
    async with short_way(frozen()) as place:
        line = await place.call()
        await line.say(request(*HEADERS))
        head = (await line.hear(dated=True)).decode().partition("\r\n\r\n")[0]
        names = [each.partition(":")[0] for each in head.split("\r\n")]

        assert names == ["HTTP/1.1 200 OK", "Content-Type", "X-Sandbox-Request", "Content-Length", "Date", "Server"]


@both_ways
async def test_requests_that_come_together_are_answered_in_turn(way: Way) -> None:
    async with way(frozen()) as place:
        line = await place.call()
        await line.say(request(*HEADERS) * 3)
        heard = [await line.hear() for _ in range(3)]

        assert [b"X-Sandbox-Request: %d\r\n" % number in reply for number, reply in enumerate(heard, 1)] == [True] * 3


@both_ways
async def test_a_connection_serves_plain_and_other_requests_one_after_the_other(way: Way) -> None:
    async with way(frozen()) as place:
        line = await place.call()
        replies = []
        health = request("Host: localhost", start="GET /_sandbox/health HTTP/1.1", body=b"")
        for content in (request(*HEADERS), health, request(*HEADERS)):
            await line.say(content)
            replies.append((await line.hear()).partition(b"\r\n")[0])

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
    way: Way, fault: str, comes: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(response_writer, "SLOW_PAUSE", 0.0)
    async with way(frozen(f"rules: [{{then: {{reply: {{body: '01234567'}}, fault: {fault}}}}}]")) as place:
        line = await place.call()
        await line.say(request(*HEADERS))
        heard = await (line.hear() if fault == "slow_body" else line.rest())

        assert heard.rpartition(b"\r\n\r\n")[2] == comes


@both_ways
async def test_a_connection_goes_on_after_a_reply_that_was_kept_back(way: Way) -> None:
    async with way(frozen("rules: [{when: {first: 1}, then: {after: 300ms}}]")) as place:
        line = await place.call()
        await line.say(request(*HEADERS))
        await _until(place, waiting=1)
        await line.say(request(*HEADERS))
        heard = [await line.hear() for _ in range(2)]

        assert [each.partition(b"\r\n")[0] for each in heard] == [b"HTTP/1.1 200 OK"] * 2


@both_ways
async def test_what_comes_while_a_broken_reply_is_kept_back_is_not_handled(way: Way) -> None:
    async with way(frozen("rules: [{when: {first: 1}, then: {after: 300ms, fault: empty_reply}}]")) as place:
        line = await place.call()
        await line.say(request(*HEADERS))
        await _until(place, waiting=1)
        await line.say(request(*HEADERS))

        assert (await line.rest(), len(place.journal)) == (b"", 1)


async def test_a_client_that_reads_nothing_is_answered_in_full_once_it_reads() -> None:
    large = "x" * 1_000_000
    async with short_way(frozen(f"rules: [{{then: {{reply: {{body: {large}}}}}}}]")) as place:
        line = await place.call()
        for _ in range(40):
            await line.say(request(*HEADERS))
        heard = [len(await line.hear()) for _ in range(40)]

        assert [each > len(large) for each in heard] == [True] * 40


@both_ways
@pytest.mark.parametrize("then", ["after: 1h", "fault: hang"])
async def test_a_reset_closes_what_still_waits_for_its_reply(way: Way, then: str) -> None:
    async with way(frozen(f"rules: [{{then: {{{then}}}}}]")) as place:
        line = await place.call()
        await line.say(request(*HEADERS))
        await _until(place, waiting=1)
        await place.engine.default.reset()

        assert await line.rest() == b""


async def test_a_client_that_goes_away_waits_no_more() -> None:
    async with short_way(frozen("rules: [{then: {fault: hang}}]")) as place:
        line = await place.call()
        await line.say(request(*HEADERS))
        await _until(place, waiting=1)
        line.close()

        await _until(place, waiting=0)


async def test_the_end_of_the_server_closes_connections_that_are_idle_and_replies_that_wait() -> None:
    async with short_way(frozen("rules: [{when: {first: 1}, then: {fault: hang}}]")) as place:
        lines = [await place.call() for _ in range(2)]
        place.lines.clear()  # they are not closed by the client
        await lines[0].say(request(*HEADERS))
        await _until(place, waiting=1)
        await lines[1].say(request(*HEADERS))
        await lines[1].hear()

    assert [await line.rest() for line in lines] == [b"", b""]
    for line in lines:
        line.close()


async def test_a_connection_that_has_ended_is_gone_without_a_collection() -> None:
    engine = frozen()
    express = FastPath(engine, _no_web)
    server = await asyncio.get_running_loop().create_server(express, "127.0.0.1", 0)
    await Place(engine, server.sockets[0].getsockname()[1]).ask(request(*HEADERS))
    ended = [weakref.ref(each) for each in express.connections]
    gc.disable()
    try:
        async with asyncio.timeout(PATIENCE):
            while any(each() for each in ended):
                await turn()
    finally:
        gc.enable()
        server.close()

    assert len(ended) == 1


@pytest.mark.parametrize("size", [1, 7, 100])
async def test_a_plain_request_in_pieces_never_reaches_the_web_server(size: int) -> None:
    engine = frozen()
    express, content = FastPath(engine, _no_web), request(*HEADERS)
    server = await asyncio.get_running_loop().create_server(express, "127.0.0.1", 0)
    place = Place(engine, server.sockets[0].getsockname()[1])
    reply = await place.ask(*(content[begin : begin + size] for begin in range(0, len(content), size)))
    await express.close(0)
    server.close()

    assert reply.partition(b"\r\n")[0] == b"HTTP/1.1 200 OK"


@both_ways
async def test_a_mistake_of_the_program_is_logged_answered_with_500_and_made_once_a_request(
    way: Way, caplog: pytest.LogCaptureFixture
) -> None:
    engine = frozen()
    engine.subscribers[RequestRecord] = [_fail]
    async with way(engine) as place:
        line = await place.call()
        heard = []
        for number in (1, 2):
            await line.say(request(*HEADERS))
            reply = await line.hear()
            status, _, headers = reply.partition(b"\r\n")
            heard.append((status, f"Content-Type: {PROBLEM}".encode() in headers, len(place.journal) == number))

        assert "ZeroDivisionError" in caplog.text
        assert heard == [(b"HTTP/1.1 500 Internal Server Error", True, True)] * 2


def _fail(exchange: RequestRecord, _: object) -> None:
    raise ZeroDivisionError(exchange.path)


def _no_web() -> NoReturn:
    raise AssertionError


async def _until(place: Place, *, waiting: int) -> None:
    """Return when so many replies are kept back."""
    async with asyncio.timeout(PATIENCE):
        while place.engine.default.gate.held != waiting:
            await turn()
