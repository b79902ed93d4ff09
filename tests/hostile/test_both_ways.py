"""Fuzz of both ways of reading a request: hostile bytes get the same reply and leave the same entries either way."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import chain

from hypothesis import given, seed, settings
from hypothesis import strategies as st

from sandbox.server.connection_limits import Limits
from tests.hostile.wire import cases, segment
from tests.server.connections import (
    RULED,
    DrawnRequest,
    LocalServer,
    aiohttp_server,
    drawn_request,
    fast_path_server,
    frozen,
)

LAST = b"GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
IMPATIENT = Limits(stalled=0.04)
SIGNS = st.one_of(
    st.sampled_from([b"\r", b"\n", b"\r\n", b" ", b"\0", b":", b"\xc3", b"chunked"]), st.binary(max_size=3)
)


def rounds(seeds: Iterator[int], check: Callable[..., None], strategy: st.SearchStrategy[object], *, most: int) -> None:
    """Check a property in one round for each seed."""
    for number in seeds:
        seed(number)(settings(max_examples=most)(given(strategy)(check)))()


def test_both_ways_read_the_same(seeds: Iterator[int]) -> None:
    rounds(seeds, _same_replies, st.lists(drawn_request(), min_size=5, max_size=20), most=30)


def _same_replies(requests: list[DrawnRequest]) -> None:
    async def compare() -> None:
        async with fast_path_server(frozen(RULED)) as short, aiohttp_server(frozen(RULED)) as web:
            for each in chain.from_iterable(zip(requests, requests, strict=True)):  # the second time its head is known
                parts = (each.content[: each.cut], each.content[each.cut :])
                replies = [await local.ask(*parts, bodiless=each.method == "HEAD") for local in (short, web)]

                assert replies[0] == replies[1]

            assert short.journal == web.journal

    asyncio.run(compare())


@st.composite
def spoilt(draw: st.DrawFn) -> list[bytes]:
    """Draw what a client sends on one connection: requests one behind the other, some spoilt, cut anywhere."""
    whole = [each.content for each in draw(st.lists(drawn_request(), max_size=2))]
    rows = [b"".join(map(segment, draw(st.sampled_from(cases())).sends))]
    content = b"".join(draw(st.permutations([*whole, *rows])))[:100_000]
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(content)))
        content = content[:place] + draw(SIGNS) + content[place + draw(st.integers(0, 2)) :]
    content += LAST
    cuts = sorted(draw(st.lists(st.integers(0, len(content)), max_size=3)))
    return [content[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(content)], strict=True)]


def test_both_ways_refuse_the_same(seeds: Iterator[int]) -> None:
    rounds(seeds, _same_refusals, st.lists(spoilt(), min_size=4, max_size=10), most=6)


def _same_refusals(clients: list[list[bytes]]) -> None:
    async def compare() -> None:
        async with fast_path_server(frozen(), IMPATIENT) as short, aiohttp_server(frozen(), IMPATIENT) as web:
            told = [await asyncio.gather(*(_heard(local, each) for each in clients)) for local in (short, web)]

            assert told[0] == told[1]
            assert _entries(short) == _entries(web)

    asyncio.run(compare())


async def _heard(local: LocalServer, parts: list[bytes]) -> list[bytes]:
    """Return the status of each reply that a client is sent, once the connection has ended."""
    client = await local.connect()
    await client.send(*filter(None, parts))
    return [each[:3] for each in (await client.read_rest()).split(b"HTTP/1.1 ")[1:]]


def _entries(local: LocalServer) -> Counter[tuple[int, bool]]:
    """Return how often each status is in the journal, and with a reason: how much was read hangs on the segments."""
    return Counter((each.status, bool(each.why)) for each in local.journal)
