"""A sandbox that is stopped or killed, and started again on the same file."""

import shutil
from pathlib import Path

from sandbox.engine.workspace import WorkspaceConfig
from sandbox.store.sqlite import SqliteStore
from tests.control.calls import Control
from tests.servers import FROZEN, Sandbox, make_sandbox


class Restarts:
    """Starts sandboxes one after the other, each on the file that the one before has left."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0
        self._sandbox: Sandbox | None = None
        self.log: list[str] = []

    @property
    def file(self) -> Path:
        """The file of the sandbox that runs."""
        return self._folder / f"{self._count}.db"

    @property
    def control(self) -> Control:
        """The control API of the sandbox that runs."""
        if self._sandbox is None:
            raise AssertionError
        return Control(self._sandbox)

    async def start(self, start: WorkspaceConfig = FROZEN) -> Sandbox:
        """Start a sandbox."""
        self._sandbox = await make_sandbox(start, store=SqliteStore(self.file), report=self.log.append)
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
        """Start on what is on the disk at this instant, as after kill -9: on a copy of the files as they are."""
        if self._sandbox is not None and (stored := self._sandbox.engine.latest()) is not None:
            await stored  # what a test did without the control API was not answered
        left, self._count = self.file, self._count + 1
        for suffix in ("", "-wal"):
            shutil.copyfile(f"{left}{suffix}", f"{self.file}{suffix}")
        await self.stop()
        return await self.start(start)
