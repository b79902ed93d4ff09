"""Lists and single items: page by page, newest first; with `wait`, as soon as there is something to return.

A cursor is the number of the last item of a page, so new arrivals do not shift the pages. A wait is woken by the
batches of the workspace and never polls; a reset or a stop ends it.
"""

import asyncio
from bisect import bisect_left
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Generic, Self, TypeVar

from aiohttp import web

from sandbox.control.call import ControlCall, reply
from sandbox.control.parameters import LATEST, Since
from sandbox.control.problems import ProblemError, refuse
from sandbox.core.change import Batch, Change, WorkspaceDeleted, WorkspaceReset
from sandbox.core.errors import ResetError, SandboxError
from sandbox.core.world import World

Item = TypeVar("Item")
Found = TypeVar("Found")
Filter = Callable[[Item], bool]
MakeFilter = Callable[[ControlCall, Any], Filter[Item]]  # of a value in the query of a call
Object = dict[str, object]

LIMIT = 50
STRIDE = 1_000  # items that are read before other tasks on the loop get their turn
MANY_DIGITS = 18


def read_number(name: str) -> int | None:
    """Return the number that an id is written as; None if it is not written as one."""
    return int(name) if name.isascii() and name.isdigit() and len(name) < MANY_DIGITS else None


@dataclass(frozen=True, slots=True)
class Collection(Generic[Item]):
    """Items, oldest first, and how to read one: its number, which increases; when it arrived; its object in the API.

    `noun` is what the API calls an item, `number_of` returns the number of the item with an id. `filters` has the query
    parameters that select items.
    """

    kind: type[Item]
    items: dict[int, Item]
    number: Callable[[Item], int]
    at: Callable[[Item], datetime]
    show: Callable[[Item], Object]
    noun: str = "item"
    number_of: Callable[[str], int | None] = read_number
    filters: Mapping[str, MakeFilter[Item]] = field(default_factory=dict)

    def find(self, name: str) -> Item | None:
        """Return the item with an id, or the latest; None if there is none."""
        number = next(reversed(self.items), None) if name == LATEST else self.number_of(name)
        return None if number is None else self.items.get(number)

    def selected_by(self, call: ControlCall) -> Filter[Item]:
        """Return a filter that accepts what arrived after `since` and passes all filters in the query of a call."""
        since, given, number, at = since_of(call), call.query.values, self.number, self.at
        filters = [make(call, given[name]) for name, make in self.filters.items() if name in given]
        return lambda item: since.admits(number(item), at(item)) and all(accepts(item) for accepts in filters)


def since_of(call: ControlCall) -> Since:
    """Return the start of a list in the query of a call; by default, that of the whole list."""
    return call.query.get("since", Since) or Since()


@dataclass(frozen=True, slots=True)
class Page:
    """The objects of a page, and the cursor of the next page."""

    items: tuple[Object, ...]
    next: str | None


def newest_first(collection: Collection[Item], *, before: int | None, after: int) -> Iterator[Item]:
    """Yield the items of now whose numbers lie between two, both exclusive; those deleted meanwhile are left out."""
    items, numbers = collection.items, list(collection.items)
    end = len(numbers) if before is None else bisect_left(numbers, before)
    begin = bisect_left(numbers, after + 1)
    for index in range(end - 1, begin - 1, -1):
        item = items.get(numbers[index])
        if item is not None:
            yield item


async def read_page(
    collection: Collection[Item],
    keep: Filter[Item],
    *,
    limit: int = LIMIT,
    before: int | None = None,
    after: int = 0,
) -> Page:
    """Return the newest items that `keep` accepts; each is shown in the turn in which it is found."""
    shown: list[Object] = []
    last = 0
    for count, item in enumerate(newest_first(collection, before=before, after=after), start=1):
        if keep(item):
            if len(shown) == limit:
                return Page(tuple(shown), str(last))
            shown.append(collection.show(item))
            last = collection.number(item)
        if count % STRIDE == 0:
            await asyncio.sleep(0)
    return Page(tuple(shown), None)


async def filter_items(
    collection: Collection[Item], keep: Filter[Item], *, after: int = 0, limit: int | None = None
) -> list[Item]:
    """Return the items that `keep` accepts, newest first: all of them, or at most so many."""
    kept: list[Item] = []
    for count, item in enumerate(newest_first(collection, before=None, after=after), start=1):
        if keep(item):
            kept.append(item)
            if len(kept) == limit:
                break
        if count % STRIDE == 0:
            await asyncio.sleep(0)
    return kept


async def list_items(
    call: ControlCall, collection: Collection[Item], *, evicted: int = 0, depends_on: tuple[type, ...] = ()
) -> web.Response:
    """Reply with one page; with `wait`, an empty page is returned only when the time is up.

    `depends_on`: other kinds of changes after which a filter may accept an item that it did not accept before.
    """
    query, keep = call.query, collection.selected_by(call)
    cursor = query.get("cursor", str)

    async def search() -> Page | None:
        page = await read_page(
            collection,
            keep,
            limit=query.get("limit", int) or LIMIT,
            before=int(cursor) if cursor else None,
            after=since_of(call).number,
        )
        return page if page.items else None

    def is_relevant(change: Change) -> bool:
        return isinstance(change, depends_on) or (isinstance(change, collection.kind) and keep(change))

    found = await wait_for(call, search, is_relevant, wait=query.get("wait", timedelta))
    page = found or Page((), None)
    return reply_page(page.items, page.next, evicted=evicted)


def reply_page(items: Sequence[Object], cursor: str | None = None, *, evicted: int = 0) -> web.Response:
    """Return the reply with a page; `cursor` is that of the next one."""
    return reply({"items": items, "next": cursor, "evicted": evicted})


async def get_item(
    call: ControlCall, collection: Collection[Item], *, is_settled: Filter[Item] = lambda _: True
) -> web.Response:
    """Reply with the item of the id in the path, or the latest; with `wait`, as soon as it exists and is settled."""

    async def search() -> Item | None:
        item = collection.find(call.path["id"])
        return item if item is not None and is_settled(item) else None

    def is_relevant(change: Change) -> bool:
        return isinstance(change, collection.kind)

    found = await wait_for(call, search, is_relevant, wait=call.query.get("wait", timedelta))
    return reply(collection.show(find_item(call, collection) if found is None else found))


def find_item(call: ControlCall, collection: Collection[Item]) -> Item:
    """Return the item of the id in the path, or the latest.

    Raises:
        ProblemError: 404, there is none.

    """
    item = collection.find(call.path["id"])
    if item is None:
        raise not_found(call.path["id"], noun=collection.noun)
    return item


def not_found(name: str, *, noun: str) -> ProblemError:
    """Return the error for an id that does not exist."""
    problem = f"there is no {noun} yet" if name == LATEST else f"no {noun} has the id {name[:200]!r}"
    return refuse(404, "/id", problem)


class WaitRegistry:
    """The calls that wait in one server; none of them outlasts it."""

    def __init__(self) -> None:
        self.waiters: set[ChangeWaiter] = set()
        self.stopping = False

    def fail(self, error: SandboxError, world: World | None = None) -> None:
        """End every waiting call with an error, or those of one workspace."""
        for waiter in self.waiters:
            if world is None or waiter.world is world:
                waiter.error = error
                waiter.wake()

    def stop(self) -> None:
        """Wake every waiting call, and let no call wait any more."""
        self.stopping = True
        for waiter in self.waiters:
            waiter.wake()


class ChangeWaiter:
    """Subscribes to a world while a call waits; `is_relevant` says which changes are worth another search."""

    def __init__(self, waits: WaitRegistry, world: World, is_relevant: Filter[Change]) -> None:
        self._waits = waits
        self.world = world
        self._is_relevant = is_relevant
        self._woken = asyncio.Event()
        self._ended: str | None = None  # what was done to the workspace
        self.error: SandboxError | None = None

    def __enter__(self) -> Self:
        self.world.batch_subscribers.append(self._on_batch)
        self._waits.waiters.add(self)
        return self

    def __exit__(self, *_: object) -> None:
        self.world.batch_subscribers.remove(self._on_batch)
        self._waits.waiters.discard(self)

    def wake(self) -> None:
        """Wake the call."""
        self._woken.set()

    def _on_batch(self, batch: Batch) -> None:
        if any(self._is_end(change) or self._is_relevant(change) for change in batch.changes):
            self._woken.set()

    def _is_end(self, change: Change) -> bool:
        if isinstance(change, WorkspaceReset | WorkspaceDeleted):
            loaded = isinstance(change, WorkspaceReset) and change.state is not None
            self._ended = (
                "replaced by a saved state" if loaded else "reset" if isinstance(change, WorkspaceReset) else "deleted"
            )
        return self._ended is not None

    def check(self) -> None:
        """Raise an error if the call must end.

        Raises:
            ResetError: the workspace was reset or deleted.
            StoreError: the store has failed.
            ProblemError: 503, the server stops.

        """
        if self.error is not None:
            raise self.error
        if self._ended is not None:
            message = f"the workspace {self.world.name} was {self._ended} while this call waited"
            raise ResetError(message)
        if self._waits.stopping:
            raise refuse(503, "", "the server is stopping")

    async def changed(self, until: float) -> bool:
        """Wait for a relevant change; return False if the loop's time `until` comes first.

        Raises:
            SandboxError: see `check`.

        """
        if self._waits.stopping:
            self._woken.set()
        try:
            async with asyncio.timeout_at(until):
                await self._woken.wait()
        except TimeoutError:
            return False
        self._woken.clear()
        self.check()
        return True


async def wait_for(
    call: ControlCall,
    search: Callable[[], Awaitable[Found | None]],
    is_relevant: Filter[Change],
    *,
    wait: timedelta | None,
) -> Found | None:
    """Search until something is found, at most for `wait` of real time; return None if nothing is.

    Raises:
        ResetError: the workspace was reset or deleted meanwhile.
        ProblemError: 503, the server stopped meanwhile.

    """
    if not wait:
        return await search()
    until = asyncio.get_running_loop().time() + wait.total_seconds()
    with ChangeWaiter(call.server.waits, call.world, is_relevant) as waiter:
        while (found := await search()) is None:
            if not await waiter.changed(until):
                return None
    return found
