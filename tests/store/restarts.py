"""A sandbox that is stopped or killed, and started again on the same store."""

import shutil
from pathlib import Path
from typing import Protocol

import asyncpg

from sandbox.engine.workspace import WorkspaceConfig
from sandbox.store.base import Store
from sandbox.store.postgres import PostgresStore
from sandbox.store.sqlite import SqliteStore
from tests.control.calls import Control
from tests.servers import FROZEN, LEASE, Sandbox, make_sandbox


class Place(Protocol):
    """Where a store is: a file or a database."""

    def store(self) -> Store:
        """Return the store, which is not open yet."""

    async def kill(self) -> None:
        """Leave the store as a server does that is killed now; what that server still does is not seen."""

    async def execute(self, statement: str) -> None:
        """Change the store while no server has it open."""


class File:
    """A SQLite file in a folder; after a kill it is a copy of the files as they were."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0

    @property
    def path(self) -> Path:
        """The file."""
        return self._folder / f"{self._count}.db"

    def store(self) -> SqliteStore:
        return SqliteStore(self.path)

    async def kill(self) -> None:
        left, self._count = self.path, self._count + 1
        for suffix in ("", "-wal"):
            shutil.copyfile(f"{left}{suffix}", f"{self.path}{suffix}")

    async def execute(self, statement: str) -> None:
        store = self.store()
        await store.open()
        await store.execute(statement)
        await store.close()


class Database:
    """A PostgreSQL database; a server that is killed is one whose lease has ended."""

    def __init__(self, url: str) -> None:
        self.url = url

    def store(self) -> PostgresStore:
        return PostgresStore(self.url, lease=LEASE)

    async def kill(self) -> None:
        await self.execute("UPDATE replicas SET expires = 'epoch'")

    async def execute(self, statement: str) -> None:
        db = await asyncpg.connect(self.url, server_settings={"search_path": "sms_sandbox"})
        await db.execute(statement)
        await db.close()


class Restarts:
    """Starts sandboxes one after the other, each on what the one before has left."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self._sandbox: Sandbox | None = None
        self.log: list[str] = []

    @property
    def file(self) -> Path:
        """The file of the sandbox that runs."""
        if not isinstance(self.place, File):
            raise TypeError(self.place)
        return self.place.path

    @property
    def control(self) -> Control:
        """The control API of the sandbox that runs."""
        if self._sandbox is None:
            raise AssertionError
        return Control(self._sandbox)

    async def start(self, start: WorkspaceConfig = FROZEN) -> Sandbox:
        """Start a sandbox."""
        self._sandbox = await make_sandbox(start, store=self.place.store(), report=self.log.append)
        return self._sandbox

    async def stop(self) -> None:
        """Stop the sandbox as SIGTERM does."""
        if self._sandbox is not None:
            await self._sandbox.client.close()
        self._sandbox = None

    async def restart(self, start: WorkspaceConfig = FROZEN) -> Sandbox:
        """Stop, and start again."""
        await self.stop()
        return await self.start(start)

    async def kill(self, start: WorkspaceConfig = FROZEN) -> Sandbox:
        """Start on what is stored at this instant, as after kill -9."""
        killed = self._sandbox
        if killed is not None and (stored := killed.engine.latest()) is not None:
            await stored  # what a test did without the control API was not answered
        await self.place.kill()
        started = await self.start(start)
        if killed is not None:
            await killed.client.close()
        return started
