"""Fuzz of both ways of reading a request: hostile bytes get the same reply and leave the same entries either way."""

import asyncio
from collections.abc import Iterator

from hypothesis import given, seed, settings
from hypothesis import strategies as st

from tests.test_express import RULED, Asked, asked
from tests.ways import frozen, short_way, web_way


def test_both_ways_read_the_same(seeds: Iterator[int]) -> None:
    for number in seeds:
        seed(number)(settings(max_examples=15)(given(st.lists(asked(), min_size=5, max_size=20))(_both)))()


def _both(requests: list[Asked]) -> None:
    asyncio.run(_compare(requests))


async def _compare(requests: list[Asked]) -> None:
    async with short_way(frozen(RULED)) as short, web_way(frozen(RULED)) as web:
        for each in requests:
            parts = (each.content[: each.cut], each.content[each.cut :])
            replies = [await place.ask(*parts, bodiless=each.method == "HEAD") for place in (short, web)]

            assert replies[0] == replies[1]

        assert short.journal == web.journal
