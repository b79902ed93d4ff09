"""Requests that stay incomplete: refused with 408 and stored, after a limit that an idle connection does not have."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest

from sandbox.server.connection_limits import Limits
from tests.hostile.wire import segment, shown
from tests.servers import PATIENCE, turn
from tests.test_express import Way
from tests.ways import HEADERS, WAYS, Place, frozen, request, short_way, web_way

SILENT = Limits(stalled=0.04)
PROBLEM = "408 application/problem+json, closes"

Served = AbstractAsyncContextManager[Place]

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
    "half a CONNECT": ("CONNECT api.beta", "408 text/plain, closes", None),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("way", WAYS)
async def test_a_request_of_which_nothing_more_comes_is_refused_with_408(way: Callable[..., Served], name: str) -> None:
    sends, reply, why = CASES[name]
    if way is web_way and sends.startswith("CONNECT"):
        pytest.skip("CONNECT is for the front of the plain port")
    async with way(frozen(), SILENT) as place:
        line = await place.call()
        await line.say(segment(sends))
        heard = shown(await line.hear())

        assert (heard, await line.rest()) == (reply, b"")
        assert [each.why[0][: len(why or "")] for each in place.journal] == ([] if why is None else [why])


async def test_a_request_that_comes_too_slowly_is_refused_with_408_though_it_never_pauses() -> None:
    async with short_way(frozen(), Limits(stalled=0.04, total=0.1)) as place:
        line = await place.call()
        hearing = asyncio.create_task(line.hear())
        await line.say(b"GET /v1/sms/balance?key=")
        while not hearing.done():
            await line.say(b"k")

        assert shown(await hearing) == "408 application/problem+json, closes"
        assert place.journal[0].why[0].endswith("; a request must arrive within 0.1 s")


async def test_an_idle_connection_is_closed_without_a_word() -> None:
    async with short_way(frozen(), Limits(stalled=0.04, idle=0.08)) as place:
        line, silent = await place.call(), await place.call()
        await line.say(request(*HEADERS))
        await line.hear()

        assert (await line.rest(), await silent.rest(), len(place.journal)) == (b"", b"", 1)


async def test_a_reply_that_is_kept_back_is_waited_for_longer_than_a_request() -> None:
    async with short_way(frozen(), SILENT) as place:
        line = await place.call()
        await line.say(b"GET /_sandbox/messages?wait=200ms HTTP/1.1\r\nHost: localhost\r\n\r\n")

        assert shown(await line.hear()) == "200 application/json"


@pytest.mark.parametrize("way", WAYS)
async def test_a_body_that_was_refused_unread_may_end_anywhere(way: Way, caplog: pytest.LogCaptureFixture) -> None:
    async with way(frozen()) as place:
        line = await place.call()
        await line.say(segment("{post}Content-Length: 2000000\r\n\r\n<x*1100000>"))
        heard = shown(await line.hear())
        line.end()

        assert (heard, await line.rest(), caplog.text) == ("413 application/json", b"", "")


@pytest.mark.parametrize("way", WAYS)
async def test_a_client_that_goes_away_in_the_middle_leaves_an_entry_and_no_traceback(
    way: Way, caplog: pytest.LogCaptureFixture
) -> None:
    async with way(frozen()) as place:
        line = await place.call()
        await line.say(segment("{post}Content-Length: 36\r\n\r\n{"))
        line.close()
        async with asyncio.timeout(PATIENCE):
            while not place.journal:
                await turn()

        assert ([each.status for each in place.journal], caplog.text) == ([400], "")
