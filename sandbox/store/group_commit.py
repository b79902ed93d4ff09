"""Group commit: collects the changes of all workspaces, and writes those that wait in one transaction.

While a transaction is under way, everything that happens waits for the next one. A single batch on an idle server is
written at once; under load a transaction has hundreds. If the store fails, what was not written is lost, and everybody
who waits for it is told so; the engine then loads the workspaces again as the store has them. If another replica has
taken a workspace over, only that workspace's changes are lost.
"""

import asyncio
from collections.abc import Callable, Iterable

from sandbox.core.change import Batch
from sandbox.core.errors import OwnershipLostError, SandboxError, StoreError
from sandbox.core.world import World
from sandbox.store.base import ONLY, Kind, RowChanges, Store
from sandbox.store.rows import PendingRows


class Followed:
    """One workspace whose changes are written: what is pending, and the numbers of the last batches taken and safe."""

    def __init__(self, commit: "GroupCommit", pending: PendingRows, safe: int) -> None:
        self.pending = pending
        self._commit = commit
        self._taken = self._safe = safe
        self._under_way: asyncio.Future[None] | None = None
        self._next: asyncio.Future[None] | None = None
        self.error: SandboxError | None = None

    def committed(self, number: int) -> asyncio.Future[None] | None:
        """Return a future that is done once a batch is in the store and may be told; None if it may be told now."""
        if self.error is not None:
            return _failed(self.error)
        if number <= self._safe:
            return self.owned()
        if number <= self._taken and self._under_way is not None:
            return self._under_way
        return self._next_future()

    def owned(self) -> asyncio.Future[None] | None:
        """Return a future that is done once this server is known to own the workspace still; None if it is known."""
        if self.error is not None:
            return _failed(self.error)
        ownership = self._commit.ownership()
        if ownership is None:
            return None
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        ownership.add_done_callback(lambda done: _end(future, self.error or _error_of(done)))
        return future

    def latest(self) -> asyncio.Future[None] | None:
        """Return a future that is done once everything that has happened until now is in the store; None if it is."""
        if self.error is None and self.pending.changed:
            return self._next_future()
        return self._under_way or self.committed(self._safe)

    def add(self, batch: Batch) -> None:
        """Write a batch with the next transaction."""
        self.pending.add(batch)
        self._commit.mark(self)

    def put(self, kind: Kind, value: object) -> None:
        """Write a row that is no entity of the world; a workspace has one of its kind."""
        self.pending.put(kind, ONLY, value)
        self._commit.mark(self)

    def take(self) -> RowChanges:
        """Return what is pending, for the transaction that begins."""
        self._under_way, self._next = self._next or asyncio.get_running_loop().create_future(), None
        self._taken = self.pending.world.batches
        return self.pending.take()

    def settle(self) -> None:
        """Note that the transaction under way is committed."""
        self._safe = self._taken
        under_way, self._under_way = self._under_way, None
        if under_way is not None:
            _end(under_way)

    def fail(self, error: SandboxError) -> None:
        """Note that what is not in the store is lost."""
        self.error = error
        self.pending.world.batch_subscribers.remove(self.add)
        waiting, self._under_way, self._next = (self._under_way, self._next), None, None
        for future in waiting:
            if future is not None:
                _end(future, error)

    def _next_future(self) -> asyncio.Future[None]:
        if self._next is None:
            self._next = asyncio.get_running_loop().create_future()
            self._commit.schedule()
        return self._next


def nothing() -> None:
    """Return that nothing must be waited for."""


class GroupCommit:
    """Writes what happens in the workspaces to a store.

    `on_failure` is called with the error when a transaction fails; from then on nothing is written until `resume`.
    `on_loss` is called with the name of a workspace that another replica has taken over. `ownership` returns what to
    await before what is stored may be told, as this server may have lost its workspaces without knowing it yet.
    """

    def __init__(
        self,
        store: Store,
        *,
        on_failure: Callable[[SandboxError], None],
        on_loss: Callable[[str, SandboxError], None],
        ownership: Callable[[], asyncio.Future[None] | None] = nothing,
    ) -> None:
        self.store = store
        self.failure: SandboxError | None = None
        self.ownership = ownership
        self._on_failure = on_failure
        self._on_loss = on_loss
        self._followed: dict[str, Followed] = {}
        self._changed: dict[str, Followed] = {}  # of thousands, only these are looked at for each transaction
        self._under_way: list[Followed] = []
        self._task: asyncio.Task[None] | None = None

    def follow(self, world: World, workspace: object | None = None) -> Followed:
        """Write every batch of a world from now on; `workspace` is what is kept of a new one, None if it was loaded."""
        pending = PendingRows(world)
        followed = self._followed[world.name] = Followed(self, pending, world.batches if workspace is None else -1)
        if workspace is not None:
            pending.add_everything(workspace)
            self.mark(followed)
        world.batch_subscribers.append(followed.add)
        return followed

    def leave(self, name: str, error: SandboxError) -> None:
        """Write nothing more of a workspace; what is pending is lost."""
        followed = self._followed.pop(name, None)
        self._changed.pop(name, None)
        if followed is not None:
            followed.fail(error)

    def latest(self) -> asyncio.Future[None] | None:
        """Return a future that is done once everything that has happened in any workspace is stored; None if it is."""
        writing = [each for each in (*self._under_way, *self._changed.values()) if each.error is None]
        futures = [*(each.latest() for each in writing), self.ownership() if self._followed else None]
        waiting = [future for future in futures if future is not None]
        return asyncio.ensure_future(_all(waiting)) if waiting else None

    def mark(self, followed: Followed) -> None:
        """Write what is pending of a workspace with the next transaction."""
        self._changed[followed.pending.world.name] = followed
        self.schedule()

    def schedule(self) -> None:
        """Write what is pending once this turn of the loop has ended."""
        if self._task is None and self.failure is None:
            self._task = asyncio.get_running_loop().create_task(self._write())

    async def drain(self) -> None:
        """Wait until everything that is pending now is in the store, or the store has failed."""
        while self._task is not None:
            await asyncio.wait([self._task])

    def resume(self) -> None:
        """Write again after a failure; the workspaces were loaded as the store has them."""
        self.failure = None
        self.schedule()

    async def _write(self) -> None:
        await asyncio.sleep(0)  # what happens in the same turn comes along
        try:
            while self._changed:
                under_way = self._under_way = [*self._changed.values()]
                self._changed = {}
                await self._write_all(under_way)
                if self.failure is not None or self._task is not asyncio.current_task():
                    return
        finally:
            if self._task is asyncio.current_task():
                self._task, self._under_way = None, []

    async def _write_all(self, taken: list[Followed]) -> None:
        """Write what is pending of some workspaces; without those that this server does not own any more."""
        pending = [(each, each.take()) for each in taken]
        while pending:
            try:
                await self.store.write([changes for _, changes in pending])
            except OwnershipLostError as lost:
                for followed, changes in pending:
                    if changes.workspace in lost.workspaces and followed.error is None:
                        self._lose(followed)
                pending = [each for each in pending if each[0].error is None]
                continue
            except StoreError as error:
                self._fail_unless_over(taken, error)
                return
            except Exception as error:  # noqa: BLE001 - such as a value that JSON does not have
                words = f"a change cannot be written: {type(error).__name__}: {error}"
                self._fail_unless_over(taken, StoreError(words))
                return
            break
        for followed, changes in pending:
            if followed.error is None:
                followed.settle()
                if changes.deleted:
                    self._followed.pop(changes.workspace, None)

    def _lose(self, followed: Followed) -> None:
        """Write nothing more of a workspace that another replica has taken over."""
        name = followed.pending.world.name
        error = OwnershipLostError([name])
        self.leave(name, error)
        self._on_loss(name, error)

    def _fail_unless_over(self, taken: Iterable[Followed], error: SandboxError) -> None:
        """Note that a transaction has failed; one of before a failure that is known already changes nothing."""
        if any(each.error is None for each in taken):
            self.fail(error)

    def fail(self, error: SandboxError) -> None:
        """Tell everybody who waits that the store has failed, and forget what is pending."""
        if self.failure is not None:
            return
        self.failure = error
        self._task = None  # if it still waits for a transaction, that is none of what comes next
        for name in [*self._followed]:
            self.leave(name, error)
        self._on_failure(error)


async def _all(futures: Iterable[asyncio.Future[None]]) -> None:
    for future in futures:
        await asyncio.shield(future)


def _end(future: asyncio.Future[None], error: SandboxError | None = None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(None)
    else:
        future.set_exception(error)
        future.exception()  # it is no fault that nobody waits for it


def _error_of(future: asyncio.Future[None]) -> SandboxError | None:
    """Return why a future that is done has failed; None if it has not."""
    if future.cancelled():
        return StoreError("the server stops")
    error = future.exception()
    return error if error is None or isinstance(error, SandboxError) else StoreError(f"{type(error).__name__}: {error}")


def _failed(error: SandboxError) -> asyncio.Future[None]:
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    _end(future, error)
    return future
