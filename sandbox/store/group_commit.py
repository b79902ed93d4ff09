"""Group commit: collects the changes of all workspaces, and writes those that wait in one transaction.

While a transaction is under way, everything that happens waits for the next one. A single batch on an idle server is
written at once; under load a transaction has hundreds. If the store fails, what was not written is lost, and everybody
who waits for it is told so; the engine then loads the workspaces again as the store has them.
"""

import asyncio
from collections.abc import Callable, Sequence

from sandbox.core.change import Batch
from sandbox.core.errors import SandboxError, StoreError
from sandbox.core.world import World
from sandbox.store.base import Kind, RowChanges, Store
from sandbox.store.rows import ONLY, PendingRows


class Followed:
    """One workspace whose changes are written: what is pending, and the numbers of the last batches taken and safe."""

    def __init__(self, commit: "GroupCommit", pending: PendingRows, safe: int) -> None:
        self._commit = commit
        self.pending = pending
        self.taken = self.safe = safe

    def committed(self, number: int) -> asyncio.Future[None] | None:
        """Return a future that is done once a batch is in the store; None if it is."""
        if number <= self.safe and not self.pending.deleted:
            return None
        return self._commit.future_of(taken=number <= self.taken)

    def add(self, batch: Batch) -> None:
        """Write a batch with the next transaction."""
        self.pending.add(batch)
        self._commit.schedule()

    def put(self, kind: Kind, value: object, key: str = ONLY) -> None:
        """Write a row that is no entity of the world; by default the workspace has one of its kind."""
        self.pending.put(kind, key, value)
        self.safe = min(self.safe, self.pending.world.batches - 1)
        self.taken = min(self.taken, self.safe)
        self._commit.schedule()


class GroupCommit:
    """Writes what happens in the workspaces to a store.

    `on_failure` is called with the error when a transaction fails; from then on nothing is written until `resume`.
    """

    def __init__(self, store: Store, on_failure: Callable[[SandboxError], None]) -> None:
        self.store = store
        self.failure: SandboxError | None = None
        self._on_failure = on_failure
        self._followed: dict[str, Followed] = {}
        self._task: asyncio.Task[None] | None = None
        self._under_way: asyncio.Future[None] | None = None
        self._next: asyncio.Future[None] | None = None

    def follow(self, world: World, workspace: object | None = None) -> Followed:
        """Write every batch of a world from now on; `workspace` is what is kept of a new one, None if it was loaded."""
        pending = PendingRows(world)
        followed = self._followed[world.name] = Followed(self, pending, world.batches if workspace is None else -1)
        if workspace is not None:
            pending.add_everything(workspace)
            self.schedule()
        world.batch_subscribers.append(followed.add)
        return followed

    def future_of(self, *, taken: bool) -> asyncio.Future[None]:
        """Return the future of the transaction under way if a batch was `taken` into it, else of the next one."""
        if self.failure is not None:
            return _failed(self.failure)
        if taken and self._under_way is not None:
            return self._under_way
        if self._next is None:
            self._next = asyncio.get_running_loop().create_future()
            self.schedule()
        return self._next

    def latest(self) -> asyncio.Future[None] | None:
        """Return a future that is done once everything that has happened until now is in the store; None if it is."""
        if (
            self.failure is None
            and self._under_way is None
            and not any(each.pending.changed for each in self._followed.values())
        ):
            return None
        return self.future_of(taken=False)

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

    async def _write(self) -> None:
        await asyncio.sleep(0)  # what happens in the same turn comes along
        try:
            while taken := [each for each in self._followed.values() if each.pending.changed]:
                self._under_way, self._next = self._next, None
                changes = [self._take(each) for each in taken]
                try:
                    await self.store.write(changes)
                except StoreError as error:
                    self._fail(error)
                    return
                except Exception as error:  # noqa: BLE001 - such as a value that JSON does not have
                    self._fail(StoreError(f"a change cannot be written: {type(error).__name__}: {error}"))
                    return
                self._settle(taken, changes)
        finally:
            self._task = None
        if self._next is not None:  # somebody waits for what was taken already
            _end(self._next)
            self._next = None

    def _take(self, followed: Followed) -> RowChanges:
        followed.taken = followed.pending.world.batches
        return followed.pending.take()

    def _settle(self, taken: Sequence[Followed], changes: Sequence[RowChanges]) -> None:
        """Note that a transaction is committed."""
        for each, change in zip(taken, changes, strict=True):
            each.safe = each.taken
            if change.deleted:
                each.pending.deleted = False
                self._followed.pop(change.workspace, None)
        if self._under_way is not None:
            _end(self._under_way)
        self._under_way = None

    def _fail(self, error: SandboxError) -> None:
        """Tell everybody who waits that the store has failed, and forget what is pending."""
        self.failure = error
        self._followed.clear()
        for future in (self._under_way, self._next):
            if future is not None:
                _end(future, error)
        self._under_way = self._next = None
        self._on_failure(error)


def _end(future: asyncio.Future[None], error: SandboxError | None = None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(None)
    else:
        future.set_exception(error)
        future.exception()  # it is no fault that nobody waits for it


def _failed(error: SandboxError) -> asyncio.Future[None]:
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    _end(future, error)
    return future
