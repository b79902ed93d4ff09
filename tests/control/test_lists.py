from datetime import UTC, datetime

from sandbox.control.lists import Collection, Page, filter_items, read_page

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def collection(*numbers: int) -> Collection[int]:
    return Collection(
        int,
        {number: number for number in numbers},
        number=lambda item: item,
        at=lambda _: NOON,
        show=lambda item: {"id": item},
    )


def ids(found: Page) -> tuple[list[object], str | None]:
    return [item["id"] for item in found.items], found.next


async def test_a_page_has_the_newest_first_and_the_cursor_of_the_next() -> None:
    found = await read_page(collection(1, 2, 3, 4), lambda _: True, limit=3)

    assert ids(found) == ([4, 3, 2], "2")


async def test_a_page_that_ends_the_list_has_no_cursor() -> None:
    found = await read_page(collection(1, 2, 3), lambda _: True, limit=3)

    assert ids(found) == ([3, 2, 1], None)


async def test_a_cursor_stays_right_while_things_arrive_and_others_are_evicted() -> None:
    first = await read_page(collection(1, 2, 3, 4), lambda _: True, limit=2)
    second = await read_page(collection(2, 3, 4, 5, 6), lambda _: True, limit=2, before=int(first.next or 0))

    assert (ids(first), ids(second)) == (([4, 3], "3"), ([2], None))


async def test_only_what_is_kept_counts_for_the_limit() -> None:
    found = await read_page(collection(*range(1, 11)), lambda item: item % 2 == 0, limit=2, before=9)

    assert ids(found) == ([8, 6], "6")


async def test_what_came_up_to_a_number_is_left_out() -> None:
    found = await read_page(collection(1, 2, 5, 9), lambda _: True, after=2)

    assert ids(found) == ([9, 5], None)


async def test_a_long_list_is_looked_through_to_its_end() -> None:
    items = collection(*range(1, 5_001))

    assert await filter_items(items, lambda item: item < 3) == [2, 1]
