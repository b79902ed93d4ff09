"""One of several servers on one store: the workspaces that it owns, and where the others are.

A replica renews its lease three times in its length. What it owns it may tell only while it knows that the lease holds:
after a pause it asks the database first. As often it takes over workspaces whose owner is gone; a request for such a
workspace takes it over at once.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

from sandbox.core.clock import monotonic
from sandbox.core.errors import ElsewhereError, StoreError
from sandbox.core.world import DEFAULT_WORKSPACE
from sandbox.store.base import Store

if TYPE_CHECKING:
    from sandbox.engine.persistence import Persistence

Result = TypeVar("Result")

BEATS = 3  # renewals in the length of a lease
MARGIN = 0.1  # part of a lease that is not relied on, as two clocks may run differently
TAKEN_AT_ONCE = 50  # workspaces at a renewal
PATIENCE = 15.0  # seconds beyond a lease that a request waits for a workspace to be at work somewhere
PAUSE = 0.05  # seconds between two looks for the owner
ABSENT_FOR = 5.0  # seconds for which a name that no workspace has is remembered
ABSENT_MOST = 10_000  # such names


class Owner(Protocol):
    """Where a workspace is at work; `url` is None if its replica is gone."""

    @property
    def replica(self) -> str | None:
        """The id of the replica."""

    @property
    def url(self) -> str | None:
        """Its address."""


class SharedStore(Store, Protocol):
    """A store that several servers share; see `PostgresStore`."""

    id: str
    lease: timedelta
    token: str
    epochs: dict[str, int]

    async def heartbeat(self, address: str) -> frozenset[str]:
        """Renew the lease; return the workspaces that another replica has taken over from this one."""

    async def acquire(self, workspace: str) -> bool:
        """Take a workspace over if it has no living owner; return whether this replica owns it now."""

    async def release(self, workspace: str) -> None:
        """Give a workspace up, so that another replica may take it over."""

    async def orphans(self, limit: int) -> list[str]:
        """Return workspaces that have no living owner, the default one first."""

    async def owned(self) -> list[str]:
        """Return the workspaces that this replica owns."""

    async def owner(self, workspace: str) -> Owner | None:
        """Return the owner of a workspace; None if there is no such workspace."""

    async def is_deleted(self, workspace: str) -> bool:
        """Return whether there was a workspace of this name."""

    async def overview(self) -> Sequence[Mapping[str, Any]]:
        """Return what lists tell of every workspace, as JSON values by kind of row, with its name."""

    async def replicas(self) -> Sequence[Any]:
        """Return the living replicas: id, url, started, workspaces."""


class Place(NamedTuple):
    """Where a workspace is: at work here, or in the replica at `url`; None for both if it does not exist."""

    here: bool
    url: str | None


class UnreachableError(StoreError):
    """The owner of a workspace does not answer, and its lease has not ended yet."""


class Replica:
    """The part of this server in a shared store; `address` is the URL at which other replicas reach it."""

    def __init__(self, persistence: "Persistence", store: SharedStore, address: str) -> None:
        self.store = store
        self.address = address
        self._persistence = persistence
        self._valid_until = 0.0
        self._renewal: asyncio.Task[None] | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._adopting: dict[str, asyncio.Task[bool]] = {}
        self._checking: asyncio.Future[None] | None = None
        self._reported: set[str] = set()
        self._absent: dict[str, float] = {}
        self._stopping = False

    @property
    def is_valid(self) -> bool:
        """Whether the lease is known to hold."""
        return monotonic() < self._valid_until

    def start(self) -> None:
        """Renew the lease from now on, and take over what has no owner."""
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._renew_always()), loop.create_task(self._adopt_orphans())]

    def stop(self) -> None:
        """Renew the lease no more, and take nothing over."""
        self._stopping = True
        for task in (*self._tasks, self._checking, self._renewal, *self._adopting.values()):
            if task is not None:
                task.cancel()

    async def acquire_all(self) -> list[str]:
        """Return the workspaces that this replica may put to work: those without an owner, and those of its own.

        Those of its own get a new epoch: what an earlier transaction of theirs may still do is done, or refused.
        """
        for task in [*self._adopting.values()]:
            task.cancel()
            await asyncio.wait([task])
        await self.renew()
        names = {DEFAULT_WORKSPACE: None, **dict.fromkeys(await self.store.owned())}
        names.update(dict.fromkeys(await self.store.orphans(TAKEN_AT_ONCE)))
        return [name for name in names if await self.store.acquire(name)]

    def ownership(self) -> asyncio.Future[None] | None:
        """Return a future that is done once the lease is known to hold; None if it is."""
        return None if self.is_valid else self.renew()

    def renew(self) -> asyncio.Task[None]:
        """Return the renewal of the lease that is under way, or a new one."""
        if self._renewal is None or self._renewal.done():
            self._renewal = asyncio.get_running_loop().create_task(self._renew())
            self._renewal.add_done_callback(lambda done: done.cancelled() or done.exception())
        return self._renewal

    def refuse_elsewhere(self, name: str) -> None:
        """Raise ElsewhereError unless a workspace is known to be at work here, or not to exist."""
        if name != DEFAULT_WORKSPACE and self._is_absent(name):
            name = DEFAULT_WORKSPACE
        if not (self.is_valid and self._persistence.owns(name)):
            raise ElsewhereError(name)

    async def find(self, name: str) -> Place:
        """Return where a workspace is at work; take it over if its owner is gone.

        Raises:
            StoreError: the store does not answer.

        """
        if (renewal := self.ownership()) is not None and not self._stopping:
            await asyncio.shield(renewal)
        if self._persistence.owns(name):
            return Place(here=True, url=None)
        owner = await self.store.owner(name)
        if owner is None and name != DEFAULT_WORKSPACE:
            if await self.store.is_deleted(name):
                self._persistence.engine.forget([name])
            self._note_absent(name)
            return Place(here=False, url=None)
        if owner is not None and owner.url is not None and owner.replica != self.store.id:
            return Place(here=False, url=owner.url)
        return Place(here=await self._take_over(name), url=None)

    async def route(
        self, name: str, here: Callable[[], Awaitable[Result]], there: Callable[[str], Awaitable[Result]]
    ) -> Result | None:
        """Return the result of a call for a workspace, made `here` or at the URL of its owner; None if it is nowhere.

        A call that did not reach its owner is made again, until the owner is back or another replica has taken over.

        Raises:
            UnreachableError: none of that happened in time.

        """
        until = monotonic() + self.store.lease.total_seconds() + PATIENCE
        while True:
            place = await self.find(name)
            if place.here:
                return await here()
            if place.url is None and name != DEFAULT_WORKSPACE and self._is_absent(name):
                return None
            if place.url is not None:
                try:
                    return await self._call(name, place.url, there(place.url))
                except UnreachableError:
                    if monotonic() > until:
                        raise
            elif monotonic() > until:
                message = f"no replica has the workspace {name} at work"
                raise UnreachableError(message)
            await asyncio.sleep(PAUSE)

    async def _call(self, name: str, url: str, call: Awaitable[Result]) -> Result:
        """Return the result of a call to the owner of a workspace; give it up if the workspace leaves that owner.

        The owner may be paused. It is asked about only if it has not answered for a while.
        """
        task = asyncio.ensure_future(call)
        task.add_done_callback(lambda done: done.cancelled() or done.exception())  # it may end when nobody waits
        try:
            while True:
                done, _ = await asyncio.wait([task], timeout=self.store.lease.total_seconds() / BEATS)
                if done:
                    return task.result()
                if (await self.find(name)).url != url:
                    task.cancel()
                    await asyncio.wait([task])
                    if not task.cancelled():
                        return task.result()
                    message = f"the replica at {url} does not own the workspace {name} any more"
                    raise UnreachableError(message)
        finally:
            task.cancel()

    async def _take_over(self, name: str) -> bool:
        """Take a workspace over, unless another replica does; return whether it is at work here."""
        if self._stopping or self._persistence.failure is not None:
            return False
        task = self._adopting.get(name)
        if task is None:
            task = self._adopting[name] = asyncio.get_running_loop().create_task(self._adopt(name))
            task.add_done_callback(lambda _: self._adopting.pop(name, None))
        await asyncio.wait([task])
        return False if task.cancelled() else task.result()

    async def _adopt(self, name: str) -> bool:
        if not self._persistence.owns(name) and await self.store.acquire(name):
            try:
                await self._persistence.adopt(name)
            except Exception as error:
                await self.store.release(name)
                if isinstance(error, StoreError):
                    raise
                message = f"the workspace {name} cannot be loaded: {type(error).__name__}: {error}"
                raise StoreError(message) from error
        return self._persistence.owns(name)

    async def _renew_always(self) -> None:
        """Renew the lease, some times in its length."""
        check = self._persistence.engine.check_address
        self._checking = None if check is None else asyncio.ensure_future(self._report_address(check))
        while True:
            await asyncio.sleep(self.store.lease.total_seconds() / BEATS)
            try:
                await self.renew()
            except StoreError as error:
                self._report(f"the lease was not renewed: {error}")

    async def _report_address(self, check: Callable[[], Awaitable[str | None]]) -> None:
        """Write to the log what is wrong with the address of this server, if anything is."""
        problem = await check()
        if problem is not None:
            self._report(problem)

    async def _adopt_orphans(self) -> None:
        """Take over workspaces that have no owner. It may take longer than the lease, so it is a task of its own."""
        while True:
            await asyncio.sleep(self.store.lease.total_seconds() / BEATS)
            try:
                orphans = await self.store.orphans(TAKEN_AT_ONCE)
            except StoreError:
                continue  # the renewal of the lease tells
            for name in orphans:
                try:
                    await self._take_over(name)
                except StoreError as error:
                    self._report(f"the workspace {name} cannot be taken over: {error}")

    def _report(self, line: str) -> None:
        """Write a line to the log, once while the same goes on."""
        if line not in self._reported:
            self._reported.add(line)
            self._persistence.report(line)

    async def _renew(self) -> None:
        """Renew the lease; give up the workspaces that another replica has taken over meanwhile."""
        begun = monotonic()
        try:
            lost = await self.store.heartbeat(self.address)
        except StoreError as error:
            if not self.is_valid:
                self._persistence.fail(error)  # whatever is at work here may be at work elsewhere
            raise
        self._reported.clear()
        self._valid_until = begun + self.store.lease.total_seconds() * (1 - MARGIN)
        if lost:
            await self._persistence.lose(lost)

    def _note_absent(self, name: str) -> None:
        if len(self._absent) >= ABSENT_MOST:
            self._absent.clear()
        self._absent[name] = monotonic() + ABSENT_FOR

    def _is_absent(self, name: str) -> bool:
        return self._absent.get(name, 0.0) > monotonic()
