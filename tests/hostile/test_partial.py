"""Requests that stay incomplete: refused with 408 and stored, after a limit that an idle connection does not have."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest

from sandbox.server.connection_limits import Limits
from tests.hostile.wire import segment, shown
from tests.server.connections import HEADERS, SERVERS, LocalServer, aiohttp_server, fast_path_server, frozen, request
from tests.server.test_fast_path import MakeServer
from tests.servers import PATIENCE, turn

SILENT = Limits(stalled=0.04)
PROBLEM = "408 application/problem+json, closes"

Served = AbstractAsyncContextManager[LocalServer]

CASES = {
    "half a request line": ("GET /v1/sms/bal", PROBLEM, "request: the headers are"),
    "half a head": ("{post}Content-Le", PROBLEM, "request: the headers are incomplete"),
    "half a body": (
        '{post}Content-Length: {#body}\r\n\r\n{"to":',
        PROBLEM,
        "body: 6 of",
    ),
    "no body at all": ("{post}Content-Length: 5\r\n\r\n", PROBLEM, "body: 0 of 5"),
    "half the chunks": (
        '{post}Transfer-Encoding: chunked\r\n\r\n5\r\n{"to"\r\n',
        PROBLEM,
        "body: the last chunk is missing",
    ),
    "half a body that is compressed": (
        "{post}Content-Encoding: gzip\r\nContent-Length: {#gzip}\r\n\r\n{gzip start}",
        PROBLEM,
        "body: 20 of",
    ),
    "half a body of the control API": (
        "{control}Content-Type: application/json\r\nContent-Length: 20\r\n\r\n{",
        PROBLEM,
        None,
    ),
    "half a CONNECT": ("CONNECT api.beta", PROBLEM, "the CONNECT request is incomplete"),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("way", SERVERS)
async def test_a_request_of_which_nothing_more_comes_is_refused_with_408(way: Callable[..., Served], name: str) -> None:
    sends, reply, why = CASES[name]
    if way is aiohttp_server and sends.startswith("CONNECT"):
        pytest.skip("CONNECT is for the front of the plain port")
    async with way(frozen(), SILENT) as local:
        client = await local.connect()
        await client.send(segment(sends))
        heard = shown(await client.receive())

        assert (heard, await client.read_rest()) == (reply, b"")
        assert [each.why[0][: len(why or "")] for each in local.journal] == ([] if why is None else [why])


async def test_a_request_that_comes_too_slowly_is_refused_with_408_though_it_never_pauses() -> None:
    async with fast_path_server(frozen(), Limits(stalled=0.04, total=0.1)) as local:
        client = await local.connect()
        hearing = asyncio.create_task(client.receive())
        await client.send(b"GET /v1/sms/balance?key=")
        while not hearing.done():
            await client.send(b"k")

        assert shown(await hearing) == "408 application/problem+json, closes"
        assert local.journal[0].why[0].endswith("; a request must arrive within 0.1 s")


async def test_an_idle_connection_is_closed_without_a_word() -> None:
    async with fast_path_server(frozen(), Limits(stalled=0.04, idle=0.08)) as local:
        client, silent = await local.connect(), await local.connect()
        await client.send(request(*HEADERS))
        await client.receive()

        assert (await client.read_rest(), await silent.read_rest(), len(local.journal)) == (b"", b"", 1)


async def test_a_reply_that_is_kept_back_is_waited_for_longer_than_a_request() -> None:
    async with fast_path_server(frozen(), SILENT) as local:
        client = await local.connect()
        await client.send(b"GET /_sandbox/messages?wait=200ms HTTP/1.1\r\nHost: localhost\r\n\r\n")

        assert shown(await client.receive()) == "200 application/json"


@pytest.mark.parametrize("way", SERVERS)
async def test_a_body_that_was_refused_unread_may_end_anywhere(
    way: MakeServer, caplog: pytest.LogCaptureFixture
) -> None:
    async with way(frozen()) as local:
        client = await local.connect()
        await client.send(segment("{post}Content-Length: 2000000\r\n\r\n<x*1100000>"))
        heard = shown(await client.receive())
        client.end()

        assert (heard, await client.read_rest(), caplog.text) == ("413 application/json", b"", "")


@pytest.mark.parametrize("way", SERVERS)
async def test_a_client_that_goes_away_in_the_middle_leaves_an_entry_and_no_traceback(
    way: MakeServer, caplog: pytest.LogCaptureFixture
) -> None:
    async with way(frozen()) as local:
        client = await local.connect()
        await client.send(segment("{post}Content-Length: 36\r\n\r\n{"))
        client.close()
        async with asyncio.timeout(PATIENCE):
            while not local.journal:
                await turn()

        assert ([each.status for each in local.journal], caplog.text) == ([400], "")
