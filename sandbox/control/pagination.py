"""One page of a list, newest first.

A cursor is the number of the last thing that was shown, so what arrives does not shift the pages.
"""

import asyncio
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from sandbox.core.sequence_store import SequenceStore

Row = TypeVar("Row")
Object = dict[str, object]

LIMIT = 50
STRIDE = 1_000  # rows that are looked at before others on the loop get their turn


@dataclass(frozen=True, slots=True)
class Table(Generic[Row]):
    """Rows, oldest first, and how to read one: its number, which grows; when it came; what is shown of it."""

    kind: type[Row]
    rows: dict[int, Row] | SequenceStore[Row]
    number: Callable[[Row], int]
    at: Callable[[Row], datetime]
    show: Callable[[Row], Object]


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows as they are shown, and the cursor of the page that follows."""

    items: tuple[Object, ...]
    next: str | None


def newest_first(table: Table[Row], *, before: int | None, after: int) -> Iterator[Row]:
    """Return the rows whose numbers lie between two, both exclusive, as they are now."""
    rows = list(table.rows.values())
    end = len(rows) if before is None else bisect_left(rows, before, key=table.number)
    begin = bisect_left(rows, after + 1, key=table.number)
    return (rows[place] for place in range(end - 1, begin - 1, -1))


async def page(
    table: Table[Row],
    keep: Callable[[Row], bool],
    *,
    limit: int = LIMIT,
    before: int | None = None,
    after: int = 0,
) -> Page:
    """Return the newest rows that are kept; each is shown in the turn in which it is found."""
    items: list[Object] = []
    last = 0
    for place, row in enumerate(newest_first(table, before=before, after=after), start=1):
        if keep(row):
            if len(items) == limit:
                return Page(tuple(items), str(last))
            items.append(table.show(row))
            last = table.number(row)
        if place % STRIDE == 0:
            await asyncio.sleep(0)
    return Page(tuple(items), None)


async def sift(table: Table[Row], keep: Callable[[Row], bool], *, after: int = 0) -> list[Row]:
    """Return every row that is kept, newest first."""
    kept = []
    for place, row in enumerate(newest_first(table, before=None, after=after), start=1):
        if keep(row):
            kept.append(row)
        if place % STRIDE == 0:
            await asyncio.sleep(0)
    return kept
