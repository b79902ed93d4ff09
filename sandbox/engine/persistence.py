"""Workspaces in a store: loaded at the start, followed as they change, and loaded again after the store has failed.

A workspace is kept with what its server knows of it: its number, minted keys and ttl, and what it started with. At a
restart the workspace goes on as it was. An option of `serve` counts where it differs from that of the start before.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sandbox.core.callback import Target
from sandbox.core.change import TargetSet
from sandbox.core.errors import SandboxError, StoreError
from sandbox.core.scenario import Scenario
from sandbox.core.world import DEFAULT_WORKSPACE
from sandbox.engine.workspace import Workspace, WorkspaceConfig
from sandbox.store.base import Kind, Store
from sandbox.store.group_commit import Followed, GroupCommit
from sandbox.store.restore import Loaded, load_state
from sandbox.store.rows import key_of
from sandbox.store.workspace_codec import read_clock_config, read_target, write_clock_config, write_target

if TYPE_CHECKING:
    from sandbox.engine.engine import Engine, Lease

RETRY = 0.5  # seconds between two attempts to reach a store that has failed

Object = dict[str, Any]


class Persistence:
    """Keeps the workspaces of an engine in a store; `report` writes a line to the log."""

    def __init__(self, engine: "Engine", store: Store, report: Callable[[str], None]) -> None:
        self.store = store
        self._engine = engine
        self._report = report
        self._commit = GroupCommit(store, self._on_failure)
        self._followed: dict[str, Followed] = {}
        self._recovery: asyncio.Task[None] | None = None

    @property
    def failure(self) -> SandboxError | None:
        """Why the store does not answer; None if it does."""
        return self._commit.failure

    def latest(self) -> asyncio.Future[None] | None:
        """Return a future that is done once everything that has happened until now is stored; None if it is."""
        return self._commit.latest()

    async def open(self) -> None:
        """Open the store and load its workspaces; a new store gets the default one.

        Raises:
            StoreError: the store cannot be used.

        """
        await self.store.open()
        loaded = await self._load()
        default = self._engine.default
        if default.name in loaded:
            self._restore(loaded)
            await self._apply_start(loaded[default.name].workspace["start"])
        else:
            self.add(default)
        self._go_on(loaded)

    def add(self, workspace: Workspace, lease: "Lease | None" = None) -> None:
        """Store a new workspace."""
        self._follow(workspace, self._commit.follow(workspace.world, write_workspace(workspace, lease)))

    def delete(self, name: str) -> None:
        """Store that a workspace was deleted; the world's own last batch deletes its rows."""
        self._followed.pop(name, None)
        self._followed[DEFAULT_WORKSPACE].put(Kind.DELETED_WORKSPACE, {"name": name}, key_of(name))

    async def close(self) -> None:
        """Store what is pending, and release the store."""
        if self._recovery is not None:
            self._recovery.cancel()
        await self._commit.drain()
        await self.store.close()

    def _follow(self, workspace: Workspace, followed: Followed) -> None:
        self._followed[workspace.name] = followed
        workspace.gate.committed = followed.committed

    async def _load(self) -> dict[str, Loaded]:
        packs, fallback = self._engine.packs, self._engine.start.scenario
        names = await self.store.workspaces()
        return {name: await load_state(self.store.load(name), packs, fallback) for name in names}

    def _restore(self, loaded: Mapping[str, Loaded]) -> None:
        """Make the workspaces those that the store has."""
        engine = self._engine
        for name, each in loaded.items():
            start = read_start(each.workspace["start"], engine.start)
            workspace = engine.put_workspace(name, start, number=each.workspace["number"])
            workspace.world.restore(each.state)
            self._follow(workspace, self._commit.follow(workspace.world))
            if name != DEFAULT_WORKSPACE:
                engine.put_lease(workspace, each.workspace["keys"], timedelta(seconds=each.workspace["ttl"]))
        engine.retain(loaded, deleted=loaded[DEFAULT_WORKSPACE].deleted)

    def _go_on(self, loaded: Mapping[str, Loaded]) -> None:
        """Let the workspaces carry out what fell due meanwhile; an attempt that was under way becomes due again."""
        for name, workspace in self._engine.workspaces.items():
            workspace.go_on(loaded[name].sending if name in loaded else ())

    async def _apply_start(self, before: Object) -> None:
        """Apply to the default workspace what this start has given another value than the one before."""
        workspace, start = self._engine.default, self._engine.start
        world, scenario = workspace.world, start.scenario
        edited = world.scenario.name == scenario.name and world.scenario.sources != scenario.sources
        if before["scenario"] != scenario.name or edited:
            workspace.use(scenario)
        targets, old = _targets(start), dict(map(read_target, before["targets"]))
        for provider in {**old, **targets}:
            if old.get(provider) != targets.get(provider):
                world.commit(TargetSet(provider, targets.get(provider)))
        if start.clock_config is not None and start.clock_config != read_clock_config(before["clock"]):
            await workspace.set_clock(start.clock_config)
        workspace.start = start
        self._followed[DEFAULT_WORKSPACE].put(Kind.WORKSPACE, write_workspace(workspace, None))

    def _on_failure(self, error: SandboxError) -> None:
        """Stop all work, and go on when the store answers again, with what it has."""
        self._report(f"the store has failed; requests get 503 until it answers again: {error}")
        for subscriber in self._engine.on_failure:
            subscriber(error)
        self._recovery = asyncio.get_running_loop().create_task(self._recover(error))

    async def _recover(self, error: SandboxError) -> None:
        engine = self._engine
        for name, workspace in engine.workspaces.items():
            followed = self._followed.get(name)
            if followed is not None:
                workspace.world.batch_subscribers.remove(followed.add)
            await workspace.suspend(error)
        while True:
            try:
                await self.store.check()
                loaded = await self._load()
                break
            except StoreError:
                await asyncio.sleep(RETRY)
        self._commit.resume()
        self._restore(loaded)
        self._go_on(loaded)
        self._report("the store answers again; the sandbox goes on with what it has")


def write_workspace(workspace: Workspace, lease: "Lease | None") -> Object:
    """Return what a server keeps of a workspace, as JSON."""
    start = workspace.start
    return {
        "number": workspace.number,
        "keys": None if lease is None else lease.keys,
        "ttl": None if lease is None else lease.ttl.total_seconds(),
        "start": {
            "scenario": start.scenario.name,
            "seed": start.seed,
            "clock": write_clock_config(start.clock_config),
            "targets": [*map(write_target, _targets(start).items())],
        },
    }


def read_start(written: Object, otherwise: WorkspaceConfig) -> WorkspaceConfig:
    """Return what a workspace started with; its scenario in force is in a row of its own."""
    return WorkspaceConfig(
        otherwise.scenario,
        seed=written["seed"],
        clock_config=read_clock_config(written["clock"]),
        targets=dict(map(read_target, written["targets"])),
        max_pending=otherwise.max_pending,
    )


def _targets(start: WorkspaceConfig) -> Mapping[str, Target]:
    scenario: Scenario = start.scenario
    return {**scenario.targets, **start.targets}
