"""Requests that stay incomplete: refused with 408 and stored, after a limit that an idle connection does not have."""

import asyncio

import pytest

from sandbox.wire.patience import Limits
from tests.hostile.wire import segment, shown
from tests.ways import HEADERS, frozen, request, short_way

SILENT = Limits(silence=0.04)
PROBLEM = "408 application/problem+json, closes"


CASES = {
    "half a request line": ("GET /v1/sms/bal", PROBLEM, "request: its head is not"),
    "half a head": ("{post}Content-Le", PROBLEM, "request: its head is not complete"),
    "half a body": (
        '{post}Content-Length: {#body}\r\n\r\n{"to":',
        PROBLEM,
        "body: 6 of",
    ),
    "no body at all": ("{post}Content-Length: 5\r\n\r\n", PROBLEM, "body: 0 of the 5"),
    "half the chunks": (
        '{post}Transfer-Encoding: chunked\r\n\r\n5\r\n{"to"\r\n',
        PROBLEM,
        "body: its last chunk did not come",
    ),
    "half a body that is compressed": (
        "{post}Content-Encoding: gzip\r\nContent-Length: {#gzip}\r\n\r\n{gzip start}",
        PROBLEM,
        "body: 20 of the",
    ),
    "half a body of the control API": (
        "{control}Content-Type: application/json\r\nContent-Length: 20\r\n\r\n{",
        PROBLEM,
        None,
    ),
    "half a CONNECT": ("CONNECT api.beta", "408 text/plain, closes", None),
}


@pytest.mark.parametrize(("sends", "reply", "why"), CASES.values(), ids=CASES)
async def test_a_request_of_which_nothing_more_comes_is_refused_with_408(
    sends: str, reply: str, why: str | None
) -> None:
    async with short_way(frozen(), SILENT) as place:
        line = await place.call()
        await line.say(segment(sends))
        heard = shown(await line.hear())

        assert (heard, await line.rest()) == (reply, b"")
        assert [each.why[0][: len(why or "")] for each in place.journal] == ([] if why is None else [why])


async def test_a_request_that_comes_too_slowly_is_refused_with_408_though_it_never_pauses() -> None:
    async with short_way(frozen(), Limits(silence=0.04, whole=0.1)) as place:
        line = await place.call()
        hearing = asyncio.create_task(line.hear())
        await line.say(b"GET /v1/sms/balance?key=")
        while not hearing.done():
            await line.say(b"k")

        assert shown(await hearing) == "408 application/problem+json, closes"
        assert place.journal[0].why[0].endswith("; 0.1 s is the longest that a request may take to come")


async def test_an_idle_connection_is_closed_without_a_word() -> None:
    async with short_way(frozen(), Limits(silence=0.04, idle=0.08)) as place:
        line, silent = await place.call(), await place.call()
        await line.say(request(*HEADERS))
        await line.hear()

        assert (await line.rest(), await silent.rest(), len(place.journal)) == (b"", b"", 1)


async def test_a_reply_that_is_kept_back_is_waited_for_longer_than_a_request() -> None:
    async with short_way(frozen(), SILENT) as place:
        line = await place.call()
        await line.say(b"GET /_sandbox/messages?wait=200ms HTTP/1.1\r\nHost: localhost\r\n\r\n")

        assert shown(await line.hear()) == "200 application/json"
