"""Connections to a PostgreSQL database: a few for queries, and one of its own that renews the lease.

What goes wrong is put in the words of the person who started the server.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar
from urllib.parse import urlsplit

import asyncpg

from sandbox.core.errors import StoreError, StoreUseError

Result = TypeVar("Result")

READ_AT_ONCE = 2_000  # rows
CONNECTIONS = 4
TIMEOUT = 10.0  # seconds for a statement
CONNECT_TIMEOUT = 5.0  # seconds
SHORTEST_TIMEOUT = 0.5  # seconds for a renewal of the lease, if the lease is shorter
KEEPALIVE = {"tcp_keepalives_idle": "5", "tcp_keepalives_interval": "2", "tcp_keepalives_count": "3"}
# The last one is asyncpg's own word for a connection that has ended while something waits for it.
ERRORS = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)


class Connection(asyncpg.Connection):  # type: ignore[misc]  # asyncpg has no types
    """A connection that keeps its settings when it goes back to the pool, which saves a message each time."""

    def get_reset_query(self) -> str:
        """Return that nothing must be reset."""
        return ""


class Database:
    """A database at a URL; `lease` is the length of a replica's lease in seconds."""

    def __init__(self, url: str, *, lease: float, sync: bool) -> None:
        self._url = url
        self._sync = sync
        self._lease_timeout = max(lease, SHORTEST_TIMEOUT)
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None
        self._lease_connection: asyncpg.Connection | None = None

    @property
    def place(self) -> str:
        """The database as a message names it: without its password."""
        parts = urlsplit(self._url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"

    async def open(self) -> None:
        """Connect.

        Raises:
            StoreUseError: the URL is wrong, or the database cannot be reached.

        """
        try:
            self._pool = await asyncpg.create_pool(
                self._url,
                min_size=0,  # asyncpg would log each attempt to have one
                max_size=CONNECTIONS,
                command_timeout=TIMEOUT,
                timeout=CONNECT_TIMEOUT,
                connection_class=Connection,
                init=self._set_up,
            )
            async with self._pool.acquire(timeout=TIMEOUT):
                pass
        except (ValueError, *ERRORS) as error:
            self.close()
            raise StoreUseError(self.describe(error)) from None

    def close(self) -> None:
        """Disconnect."""
        if self._pool is not None:
            self._pool.terminate()
            self._pool = None
        self._drop_lease_connection()

    async def fetch(self, query: str, *values: object) -> list[asyncpg.Record]:
        """Return the rows of a query."""
        return await self.run(lambda db: db.fetch(query, *values))

    async def fetch_many(self, query: str, *values: object) -> list[asyncpg.Record]:
        """Return rows that may be too many for the time of one statement."""

        async def read(db: asyncpg.Connection) -> list[asyncpg.Record]:
            async with db.transaction():
                return [row async for row in db.cursor(query, *values, prefetch=READ_AT_ONCE)]

        return await self.run(read)

    async def run(self, action: Callable[[asyncpg.Connection], Awaitable[Result]]) -> Result:
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
        except ERRORS as error:
            raise StoreError(self.describe(error)) from None

    async def run_for_lease(self, action: Callable[[asyncpg.Connection], Awaitable[Result]]) -> Result:
        """Return the result of an action on the connection that waits for no other action; see `run`."""
        try:
            async with asyncio.timeout(self._lease_timeout):
                if self._lease_connection is None:
                    self._lease_connection = await asyncpg.connect(self._url)
                    await self._set_up(self._lease_connection)
                return await action(self._lease_connection)
        except ERRORS as error:
            self._drop_lease_connection()
            raise StoreError(self.describe(error)) from None
        except BaseException:
            self._drop_lease_connection()
            raise

    def describe(self, error: BaseException) -> str:
        """Return what an error means to the person who started the server."""
        what = str(error).strip() or type(error).__name__
        if isinstance(error, TimeoutError):
            return f"{self.place}: the database does not answer in time"
        if isinstance(error, OSError):
            return f"{self.place}: the database cannot be reached ({what})"
        return f"{self.place}: {what}"

    async def _set_up(self, db: asyncpg.Connection) -> None:
        """Set the settings of a connection.

        A transaction holds locks that another replica must take, so one whose replica is gone ends with the lease.
        """
        settings = {
            "application_name": "sms-sandbox",
            "synchronous_commit": "on" if self._sync else "off",
            "idle_in_transaction_session_timeout": str(round(self._lease_timeout * 1000)),
            "statement_timeout": str(round(TIMEOUT * 1000)),
            **KEEPALIVE,
        }
        query = "SELECT set_config(name, value, false) FROM unnest($1::text[], $2::text[]) AS given (name, value)"
        await db.execute(query, [*settings], [*settings.values()])

    def _drop_lease_connection(self) -> None:
        """Close the connection that renews the lease; the next renewal makes another."""
        if self._lease_connection is not None:
            self._lease_connection.terminate()
            self._lease_connection = None
