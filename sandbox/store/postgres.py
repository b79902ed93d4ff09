"""The store in a PostgreSQL database, for any number of servers (replicas) at once.

A workspace has one owner at a time: a row with a replica and an epoch, which grows with each change of owner. A replica
lives as long as its lease, which it renews; the database's clock decides whether it has expired. Each transaction locks
the ownership rows of the workspaces that it writes and checks their epochs, so a replica that was replaced can write
nothing, however long it was paused. The database is the only arbiter.

asyncpg is the driver: a transaction of 150 rows takes it 0.4 ms of processor time, and psycopg 3 6.7 ms, as it writes
arrays in Python.
"""

import asyncio
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import asyncpg

from sandbox.core.errors import OwnershipLostError, StoreError, StoreUseError
from sandbox.core.seeded_random import make_token
from sandbox.core.world import DEFAULT_WORKSPACE
from sandbox.store.base import FORMAT, Kind, RowChanges, StoredRows, group_rows
from sandbox.store.postgres_connection import Database
from sandbox.store.postgres_sql import (
    ACQUIRE,
    CLEAR,
    DELETE,
    HEARTBEAT,
    INDEX,
    LOCK_LEASE,
    LOCK_OWNER,
    ORPHANS,
    OVERVIEW,
    OWNED,
    OWNER,
    RELEASE,
    REPLICAS,
    TABLES,
    UPSERT,
    WRITE,
    is_large,
    removed_columns,
    unwrap,
    written_columns,
)
from sandbox.store.workspace_codec import from_text

ID_LENGTH = 12  # characters of a replica's id
TOKEN_LENGTH = 40  # characters of the token with which replicas call each other
LOCK = 0x534D5342  # of the transaction that makes or migrates the tables, which one replica does at a time


class Owner(NamedTuple):
    """The owner of a workspace; `url` is None if its lease has ended, or there is no owner."""

    replica: str | None
    url: str | None


class ReplicaRow(NamedTuple):
    """A replica that is alive, and the workspaces that it owns."""

    id: str
    url: str
    started: datetime
    workspaces: tuple[str, ...]


class PostgresStore:
    """Rows in a database. `epochs` are those of the workspaces that this replica owns."""

    kind = "postgres"
    software = "PostgreSQL"

    def __init__(self, url: str, *, lease: timedelta, sync: bool = True) -> None:
        self.id = make_token(ID_LENGTH)
        self.lease = lease
        self.epochs: dict[str, int] = {}
        self.token = ""
        self._deleting: set[str] = set()  # workspaces that the transaction under way deletes, or the last one has
        self._database = Database(url, lease=lease.total_seconds(), sync=sync)

    @property
    def place(self) -> str:
        """The database as a message names it: without its password."""
        return self._database.place

    async def open(self) -> None:
        """Connect; create the tables, or check their version."""
        await self._database.open()
        try:
            await self._database.run(self._prepare)
        except StoreUseError:
            raise
        except StoreError as error:
            raise StoreUseError(str(error)) from None

    async def workspaces(self) -> list[str]:
        """Return the names of the workspaces that have rows, oldest first."""
        query = "SELECT workspace FROM sms_sandbox.entities WHERE kind = $1 ORDER BY (value->>'number')::bigint"
        return [name for (name,) in await self._database.fetch(query, Kind.WORKSPACE.value)]

    async def deleted(self) -> list[str]:
        """Return the names of deleted workspaces."""
        query = "SELECT workspace FROM sms_sandbox.entities WHERE kind = $1"
        return [name for (name,) in await self._database.fetch(query, Kind.DELETED_WORKSPACE.value)]

    async def load(self, workspace: str) -> StoredRows:
        """Return the rows of a workspace, in any order."""
        query = "SELECT kind, key, created, open, value::text FROM sms_sandbox.entities WHERE workspace = $1"
        rows = await self._database.fetch_many(query, workspace)
        return group_rows((kind, key, created, is_open, unwrap(value)) for kind, key, created, is_open, value in rows)

    async def is_deleted(self, workspace: str) -> bool:
        """Return whether there was a workspace of this name."""
        query = "SELECT FROM sms_sandbox.entities WHERE workspace = $1 AND kind = 'deleted_workspace'"
        return bool(await self._database.fetch(query, workspace))

    async def overview(self) -> list[dict[str, Any]]:
        """Return what lists tell of every workspace, the oldest first: JSON values by kind of row, and `name`."""
        found: dict[str, dict[str, Any]] = {}
        for workspace, kind, value in await self._database.fetch(OVERVIEW):
            shown = found.setdefault(workspace, {"name": workspace, "target": []})
            read = from_text(unwrap(value))
            if kind == Kind.TARGET:
                shown[kind].append(read)
            else:
                shown[kind] = read
        return [each for each in found.values() if Kind.WORKSPACE in each]

    async def write(self, changes: Sequence[RowChanges]) -> None:
        """Write changes in one transaction, if this replica still owns all of these workspaces.

        Raises:
            OwnershipLostError: another replica has taken over some of them.

        """
        # Those of now: what is written is of the workspaces as they were loaded with these epochs.
        epochs = [self.epochs.get(each.workspace, 1 if each.new else 0) for each in changes]
        rows = await asyncio.to_thread(written_columns, changes) if is_large(changes) else written_columns(changes)
        removed = removed_columns(changes)
        gone = {*zip(*removed, strict=True)}
        again = bool(gone) and not gone.isdisjoint(zip(*rows[:3], strict=True))  # deleted, then written again
        if again or any(each.new or each.deleted or each.cleared for each in changes):
            self._deleting = {each.workspace for each in changes if each.deleted}
            await self._database.run(lambda db: self._write_step_by_step(db, changes, epochs, removed, rows))
            for each, epoch in zip(changes, epochs, strict=True):
                if each.deleted:
                    self.epochs.pop(each.workspace, None)
                elif each.new:
                    self.epochs[each.workspace] = epoch
        else:
            names = [each.workspace for each in changes]
            owned = {name for (name,) in await self._database.fetch(WRITE, names, epochs, self.id, *removed, *rows)}
            _check_owned(names, owned)

    async def check(self) -> None:
        """Raise StoreError unless the database answers."""
        await self._database.fetch("SELECT 1")

    async def close(self) -> None:
        """Give up what this replica owns, and disconnect."""
        with suppress(StoreError):  # its lease ends by itself
            await self._database.run(self._leave)
        self._database.close()

    async def heartbeat(self, address: str) -> frozenset[str]:
        """Renew the lease; return the workspaces that another replica has taken over from this one."""
        before = {**self.epochs}

        async def renew(db: asyncpg.Connection) -> dict[str, int]:
            await db.execute(HEARTBEAT, self.id, address, self.lease)
            query = "SELECT workspace, epoch FROM sms_sandbox.ownership WHERE replica = $1"
            return dict(await db.fetch(query, self.id))

        owned = await self._database.run_for_lease(renew)
        lost = frozenset(
            name
            for name, epoch in before.items()
            if owned.get(name) != epoch and self.epochs.get(name) == epoch and name not in self._deleting
        )
        for name in lost:
            del self.epochs[name]
        return lost

    async def acquire(self, workspace: str) -> bool:
        """Take a workspace over if it has no living owner; return whether this replica owns it now.

        The owner may be this replica itself, whose transactions with an earlier epoch are refused from then on.
        """
        epoch = await self._database.run(lambda db: self._acquire(db, workspace))
        if epoch is not None:
            self.epochs[workspace] = epoch
        return epoch is not None

    async def release(self, workspace: str) -> None:
        """Give a workspace up, so that another replica may take it over."""
        await self._database.fetch(RELEASE, workspace, self.id, self.epochs.pop(workspace, 0))

    async def orphans(self, limit: int) -> list[str]:
        """Return workspaces that have no living owner, the default one first."""
        return [name for (name,) in await self._database.fetch(ORPHANS, limit)]

    async def owned(self) -> list[str]:
        """Return the workspaces that this replica owns."""
        query = "SELECT workspace FROM sms_sandbox.ownership WHERE replica = $1"
        return [name for (name,) in await self._database.fetch(query, self.id)]

    async def owner(self, workspace: str) -> Owner | None:
        """Return the owner of a workspace; None if there is no such workspace."""
        found = await self._database.fetch(OWNER, workspace)
        return Owner(*found[0]) if found else None

    async def replicas(self) -> list[ReplicaRow]:
        """Return the living replicas, oldest first."""
        found = await self._database.fetch(REPLICAS)
        return [ReplicaRow(id_, url, started, tuple(names)) for id_, url, started, names in found]

    async def _prepare(self, db: asyncpg.Connection) -> None:
        """Create the tables if there are none."""
        async with db.transaction():
            await db.execute("SELECT pg_advisory_xact_lock($1)", LOCK)
            if await db.fetchval("SELECT to_regclass('sms_sandbox.entities')") is None:
                await db.execute(TABLES)
                await db.execute(INDEX)
                await db.execute("INSERT INTO sms_sandbox.ownership VALUES ($1, NULL, 0)", DEFAULT_WORKSPACE)
                await db.execute("INSERT INTO sms_sandbox.settings VALUES ('version', $1)", str(FORMAT))
                await db.execute("INSERT INTO sms_sandbox.settings VALUES ('token', $1)", make_token(TOKEN_LENGTH))
            await db.execute("DELETE FROM sms_sandbox.replicas WHERE expires < clock_timestamp() - interval '1 hour'")
            settings = dict(await db.fetch("SELECT name, value FROM sms_sandbox.settings"))
        if settings.get("version") != str(FORMAT):
            version = settings.get("version")
            message = f"{self.place} has a store of version {version}; this sms-sandbox reads version {FORMAT}"
            raise StoreUseError(message)
        self.token = settings["token"]

    async def _acquire(self, db: asyncpg.Connection, workspace: str) -> int | None:
        async with db.transaction():
            found = await db.fetchrow(LOCK_OWNER, workspace)
            if found is None:
                return None
            (owner,) = found
            if owner not in {None, self.id} and await db.fetchval(LOCK_LEASE, owner):
                return None
            epoch: int = await db.fetchval(ACQUIRE, workspace, self.id)
            return epoch

    async def _write_step_by_step(
        self,
        db: asyncpg.Connection,
        changes: Sequence[RowChanges],
        epochs: list[int],
        removed: list[list[str]],
        rows: list[list[Any]],
    ) -> None:
        """Write changes that create or delete workspaces, delete whole kinds of rows, or write deleted rows again."""
        names = [each.workspace for each in changes]
        async with db.transaction():
            fresh = [(each.workspace, self.id) for each in changes if each.new and each.workspace not in self.epochs]
            if fresh:
                await db.executemany("INSERT INTO sms_sandbox.ownership VALUES ($1, $2, 1)", fresh)
            _check_owned(names, {name for (name,) in await db.fetch(OWNED, names, epochs, self.id)})
            cleared = [(each.workspace, kind.value) for each in changes for kind in each.cleared]
            if cleared:
                await db.execute(CLEAR, *map(list, zip(*cleared, strict=True)))
            gone = [each.workspace for each in changes if each.deleted]
            if gone:
                await db.execute("DELETE FROM sms_sandbox.entities WHERE workspace = ANY($1)", gone)
                await db.execute("DELETE FROM sms_sandbox.ownership WHERE workspace = ANY($1)", gone)
            await db.execute(DELETE, *removed)
            await db.execute(UPSERT, *rows)

    async def _leave(self, db: asyncpg.Connection) -> None:
        async with db.transaction():
            await db.execute("UPDATE sms_sandbox.ownership SET replica = NULL WHERE replica = $1", self.id)
            await db.execute("DELETE FROM sms_sandbox.replicas WHERE id = $1", self.id)
        self.epochs.clear()


def _check_owned(names: Iterable[str], owned: Collection[str]) -> None:
    """Raise OwnershipLostError unless all workspaces are owned."""
    lost = [name for name in names if name not in owned]
    if lost:
        raise OwnershipLostError(lost)
