"""The store in a PostgreSQL database, for any number of servers (replicas) at once.

A workspace has one owner at a time: a row with a replica and an epoch, which grows with each change of owner. A replica
lives as long as its lease, which it renews; the database's clock judges whether it has ended. Each transaction locks
the ownership rows of the workspaces that it writes and checks their epochs, so a replica that was replaced can write
nothing, however long it was paused. The database is the only arbiter.

asyncpg is the driver: a transaction of 150 rows takes it 0.4 ms of processor time, and psycopg 3 6.7 ms, as it writes
arrays in Python.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

import asyncpg

from sandbox.core.errors import OwnershipLostError, StoreError, StoreUseError
from sandbox.core.seeded_random import make_token
from sandbox.store.base import DELETED, FORMAT, Kind, RowChanges, StoredRows, group_rows
from sandbox.store.postgres_sql import ACQUIRE, CLEAR, DELETE, HEARTBEAT, ORPHANS, OVERVIEW, OWNED, TABLES, UPSERT
from sandbox.store.workspace_codec import from_text, to_text

Result = TypeVar("Result")

ID_LENGTH = 12  # characters of a replica's id
TOKEN_LENGTH = 40  # characters of the token with which replicas call each other
CONNECTIONS = 4
TIMEOUT = 10.0  # seconds for a statement
CONNECT_TIMEOUT = 5.0  # seconds
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

    def __init__(self, url: str, *, lease: timedelta, sync: bool = True) -> None:
        self.id = make_token(ID_LENGTH)
        self.lease = lease
        self.epochs: dict[str, int] = {}
        self.token = ""
        self._url = url
        self._sync = sync
        self._address = ""
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None

    @property
    def place(self) -> str:
        """The database as a message names it: without its password."""
        parts = urlsplit(self._url)
        return f"{parts.scheme}://{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}{parts.path}"

    async def open(self) -> None:
        """Connect; create the tables, or check their version."""
        settings = {"application_name": "sms-sandbox", "synchronous_commit": "on" if self._sync else "off"}
        try:
            self._pool = await asyncpg.create_pool(
                self._url,
                min_size=1,
                max_size=CONNECTIONS,
                command_timeout=TIMEOUT,
                timeout=CONNECT_TIMEOUT,
                server_settings=settings,
            )
        except (OSError, ValueError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise StoreUseError(self._words(error)) from None
        await self._run(self._prepare)

    async def workspaces(self) -> list[str]:
        """Return the names of the workspaces that have rows, oldest first."""
        query = "SELECT workspace FROM sms_sandbox.entities WHERE kind = $1 ORDER BY (value->>'number')::bigint"
        return [name for (name,) in await self._fetch(query, Kind.WORKSPACE.value)]

    async def deleted(self) -> list[str]:
        """Return the names of deleted workspaces."""
        query = "SELECT workspace FROM sms_sandbox.entities WHERE kind = $1"
        return [name for (name,) in await self._fetch(query, Kind.DELETED_WORKSPACE.value)]

    async def load(self, workspace: str) -> StoredRows:
        """Return the rows of a workspace, in any order."""
        query = "SELECT kind, key, created, open, value::text FROM sms_sandbox.entities WHERE workspace = $1"
        rows = await self._fetch(query, workspace)
        return group_rows(
            (kind, key, created, is_open, _unwrapped(value)) for kind, key, created, is_open, value in rows
        )

    async def is_deleted(self, workspace: str) -> bool:
        """Return whether there was a workspace of this name."""
        query = "SELECT FROM sms_sandbox.entities WHERE workspace = $1 AND kind = 'deleted_workspace'"
        return bool(await self._fetch(query, workspace))

    async def overview(self) -> list[dict[str, Any]]:
        """Return what lists tell of every workspace, the oldest first: JSON values by kind of row, and `name`."""
        found: dict[str, dict[str, Any]] = {}
        for workspace, kind, value in await self._fetch(OVERVIEW):
            shown = found.setdefault(workspace, {"name": workspace, "target": []})
            read = from_text(_unwrapped(value))
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
        rows = await asyncio.to_thread(_columns, changes) if _is_large(changes) else _columns(changes)
        await self._run(lambda db: self._write(db, changes, rows))
        for each in changes:
            if each.deleted:
                self.epochs.pop(each.workspace, None)

    async def check(self) -> None:
        """Raise StoreError unless the database answers."""
        await self._fetch("SELECT 1")

    async def close(self) -> None:
        """Give up what this replica owns, and disconnect."""
        if self._pool is not None:
            with suppress(StoreError):  # its lease ends by itself
                await self._run(self._leave)
            self._pool.terminate()
            self._pool = None

    async def heartbeat(self, address: str) -> frozenset[str]:
        """Renew the lease; return the workspaces that another replica has taken over from this one."""
        before = {**self.epochs}
        await self._execute(HEARTBEAT, self.id, address, self.lease)
        query = "SELECT workspace, epoch FROM sms_sandbox.ownership WHERE replica = $1"
        owned = dict(await self._fetch(query, self.id))
        lost = frozenset(name for name, epoch in before.items() if owned.get(name) != epoch)
        for name in lost:
            if self.epochs.get(name) == before[name]:
                del self.epochs[name]
        return lost

    async def acquire(self, workspace: str) -> bool:
        """Take a workspace over if it has no living owner; return whether this replica owns it now."""
        found = await self._fetch(ACQUIRE, workspace, self.id)
        if found:
            self.epochs[workspace] = found[0][0]
        return bool(found)

    async def orphans(self, limit: int) -> list[str]:
        """Return workspaces that have no living owner."""
        return [name for (name,) in await self._fetch(ORPHANS, limit)]

    async def owner(self, workspace: str) -> Owner | None:
        """Return the owner of a workspace; None if there is no such workspace."""
        query = (
            "SELECT o.replica, r.url FROM sms_sandbox.ownership AS o LEFT JOIN sms_sandbox.replicas AS r "
            "ON r.id = o.replica AND r.expires > clock_timestamp() WHERE workspace = $1"
        )
        found = await self._fetch(query, workspace)
        return Owner(*found[0]) if found else None

    async def replicas(self) -> list[ReplicaRow]:
        """Return the living replicas, oldest first."""
        query = (
            "SELECT r.id, r.url, r.started, array_remove(array_agg(o.workspace ORDER BY o.workspace), NULL) "
            "FROM sms_sandbox.replicas AS r LEFT JOIN sms_sandbox.ownership AS o ON o.replica = r.id "
            "WHERE r.expires > clock_timestamp() GROUP BY r.id ORDER BY r.started, r.id"
        )
        return [ReplicaRow(id_, url, started, tuple(names)) for id_, url, started, names in await self._fetch(query)]

    async def _prepare(self, db: "Connection") -> None:
        """Create the tables if there are none."""
        async with db.transaction():
            await db.execute("SELECT pg_advisory_xact_lock($1)", LOCK)
            if await db.fetchval("SELECT to_regclass('sms_sandbox.entities')") is None:
                await db.execute(TABLES)
                await db.execute("INSERT INTO sms_sandbox.settings VALUES ('version', $1)", str(FORMAT))
                await db.execute("INSERT INTO sms_sandbox.settings VALUES ('token', $1)", make_token(TOKEN_LENGTH))
            await db.execute("DELETE FROM sms_sandbox.replicas WHERE expires < clock_timestamp() - interval '1 hour'")
            settings = dict(await db.fetch("SELECT name, value FROM sms_sandbox.settings"))
        if int(settings["version"]) != FORMAT:
            message = (
                f"{self.place} has a store of version {settings['version']}; this sms-sandbox reads version {FORMAT}"
            )
            raise StoreUseError(message)
        self.token = settings["token"]

    async def _write(self, db: "Connection", changes: Sequence[RowChanges], rows: list[list[Any]]) -> None:
        names = [each.workspace for each in changes]
        async with db.transaction():
            fresh = [(each.workspace, self.id) for each in changes if each.new and each.workspace not in self.epochs]
            if fresh:
                await db.executemany("INSERT INTO sms_sandbox.ownership VALUES ($1, $2, 1)", fresh)
            epochs = [self.epochs.get(each.workspace, 1 if each.new else 0) for each in changes]
            owned = {name for (name,) in await db.fetch(OWNED, names, epochs, self.id)}
            if len(owned) < len(names):
                raise OwnershipLostError(set(names) - owned)
            cleared = [(each.workspace, kind.value) for each in changes for kind in each.cleared]
            if cleared:
                await db.execute(CLEAR, *map(list, zip(*cleared, strict=True)))
            gone = [each.workspace for each in changes if each.deleted]
            if gone:
                await db.execute("DELETE FROM sms_sandbox.entities WHERE workspace = ANY($1)", gone)
                await db.execute("DELETE FROM sms_sandbox.ownership WHERE workspace = ANY($1)", gone)
            removed = [(each.workspace, kind.value, key) for each in changes for kind, key in each.removed]
            if removed:
                await db.execute(DELETE, *map(list, zip(*removed, strict=True)))
            if rows[0]:
                await db.execute(UPSERT, *rows)
        self.epochs.update((name, 1) for name, _ in fresh)

    async def _leave(self, db: "Connection") -> None:
        async with db.transaction():
            await db.execute("UPDATE sms_sandbox.ownership SET replica = NULL WHERE replica = $1", self.id)
            await db.execute("DELETE FROM sms_sandbox.replicas WHERE id = $1", self.id)
        self.epochs.clear()

    async def _fetch(self, query: str, *values: object) -> list[asyncpg.Record]:
        return await self._run(lambda db: db.fetch(query, *values))

    async def _execute(self, query: str, *values: object) -> None:
        await self._run(lambda db: db.execute(query, *values))

    async def _run(self, action: "Callable[[Connection], Awaitable[Result]]") -> Result:
        """Return the result of an action on a connection.

        Raises:
            StoreError: the database does not answer, or answers with an error.

        """
        if self._pool is None:
            message = f"{self.place}: the store is closed"
            raise StoreError(message)
        try:
            async with self._pool.acquire(timeout=TIMEOUT) as db:
                return await action(db)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise StoreError(self._words(error)) from None

    def _words(self, error: BaseException) -> str:
        """Return what an error means to the person who started the server."""
        what = str(error).strip() or type(error).__name__
        if isinstance(error, TimeoutError):
            return f"{self.place}: the database does not answer in time"
        if isinstance(error, OSError):
            return f"{self.place}: the database cannot be reached ({what})"
        return f"{self.place}: {what}"


Connection = Any  # asyncpg's, in a pool or not


def _is_large(changes: Sequence[RowChanges]) -> bool:
    """Return whether it takes so long to encode the rows that the loop must not wait for it."""
    return sum(each.size for each in changes) > 1_000  # noqa: PLR2004 - some 10 ms


def _columns(changes: Sequence[RowChanges]) -> list[list[Any]]:
    """Return the rows of changes as columns."""
    columns: list[list[Any]] = [[], [], [], [], [], []]
    for each in changes:
        for row in (DELETED,) if each.deleted else each.rows:
            values = (each.workspace, row.kind.value, row.key, row.created, row.open, _wrapped(row.value))
            for column, value in zip(columns, values, strict=True):
                column.append(value)
    return columns


WRAPPED = "json"  # the one member of an object that has JSON as a string


def _wrapped(text: str) -> str:
    r"""Return JSON that jsonb takes: it has neither NUL nor lone surrogates, which JSON writes as \u0000 and \ud83d."""
    if "\\u0000" not in text and "\\ud" not in text.lower():
        return text
    return to_text({WRAPPED: text})


def _unwrapped(text: str) -> str:
    """Return the JSON that was wrapped."""
    if not text.startswith(f'{{"{WRAPPED}": "'):
        return text
    return str(from_text(text)[WRAPPED])
