"""Answers a list or one thing of it, now or as soon as there is something to show."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TypeVar

from aiohttp import web

from sandbox.control.call import ControlCall, reply
from sandbox.control.long_poll import wait_for
from sandbox.control.pagination import LIMIT, Object, Page, Table, page
from sandbox.control.parameter_types import LATEST, Since
from sandbox.control.problems import ProblemError, refuse
from sandbox.core.change import Change

Row = TypeVar("Row")
Test = Callable[[Row], bool]


async def listed(ask: ControlCall, table: Table[Row], tests: list[Test[Row]], *, evicted: int = 0) -> web.Response:
    """Answer one page; with `wait`, an empty one only when time is up."""
    query = ask.query
    since = query.get("since", Since) or Since()
    cursor = query.get("cursor", str)
    keep = all_of(tests, table, since)

    async def look() -> Page | None:
        found = await page(
            table,
            keep,
            limit=query.get("limit", int) or LIMIT,
            before=int(cursor) if cursor else None,
            after=since.number,
        )
        return found if found.items else None

    def stirs(change: Change) -> bool:
        return isinstance(change, table.kind) and keep(change)

    found = await wait_for(ask.memory.waits, ask.world, look, stirs=stirs, wait=query.get("wait", timedelta)) or Page(
        (), None
    )
    return reply({"items": found.items, "next": found.next, "evicted": evicted})


async def single(ask: ControlCall, table: Table[Row], find: Callable[[str], Row | None], *, noun: str) -> web.Response:
    """Answer one thing by the id in the path, or the latest; with `wait`, as soon as it is there."""
    name = ask.path["id"]

    async def look() -> Object | None:
        row = found_in(table, find, name)
        return None if row is None else table.show(row)

    def stirs(change: Change) -> bool:
        return isinstance(change, table.kind)

    found = await wait_for(ask.memory.waits, ask.world, look, stirs=stirs, wait=ask.query.get("wait", timedelta))
    if found is None:
        raise missing(name, noun=noun)
    return reply(found)


def the_one(ask: ControlCall, table: Table[Row], find: Callable[[str], Row | None], *, noun: str) -> Row:
    """Return the thing of the id in the path, or the latest.

    Raises:
        ProblemError: 404, there is none.

    """
    row = found_in(table, find, ask.path["id"])
    if row is None:
        raise missing(ask.path["id"], noun=noun)
    return row


def found_in(table: Table[Row], find: Callable[[str], Row | None], name: str) -> Row | None:
    """Return the row of an id; `latest` stands for the newest one's."""
    if name != LATEST:
        return find(name)
    newest = next(reversed(table.rows), None)
    return None if newest is None else table.rows[newest]


def missing(name: str, *, noun: str) -> ProblemError:
    """Return the error of an id that leads nowhere."""
    problem = f"there is no {noun} yet" if name == LATEST else f"no {noun} has the id {name[:200]!r}"
    return refuse(404, "/id", problem)


def all_of(tests: list[Test[Row]], table: Table[Row], since: Since) -> Test[Row]:
    """Return the test that holds where all do, for what came after `since`."""
    number, at = table.number, table.at
    return lambda row: since.admits(number(row), at(row)) and all(test(row) for test in tests)


def by_number(rows: Mapping[int, Row], name: str) -> Row | None:
    """Return the row whose number is written as `name`."""
    return rows.get(int(name)) if name.isascii() and name.isdigit() and len(name) < MANY_DIGITS else None


MANY_DIGITS = 18
