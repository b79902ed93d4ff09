"""Workspaces in a store: loaded at the start, followed as they change, and loaded again after the store has failed.

A workspace is kept with what its server knows of it: its number, keys and ttl, and what it started with. At a restart
the workspace goes on as it was. An option of `serve` counts where it differs from that of the start before.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from sandbox.core.callback import Target
from sandbox.core.change import TargetSet
from sandbox.core.errors import OwnershipLostError, SandboxError, StoreError
from sandbox.core.world import DEFAULT_WORKSPACE
from sandbox.engine.workspace import Workspace, WorkspaceConfig
from sandbox.providers.registry import Registry
from sandbox.store.base import Kind, Store
from sandbox.store.codec import Object
from sandbox.store.group_commit import Followed, GroupCommit
from sandbox.store.restore import ScenarioTable, load_state
from sandbox.store.workspace_codec import read_clock_config, read_target, write_clock_config, write_target

if TYPE_CHECKING:
    from sandbox.engine.engine import Engine, Lease
    from sandbox.engine.replica import Replica

RETRY = 0.5  # seconds between two attempts to reach a store that has failed


class Persistence:
    """Keeps the workspaces of an engine in a store; `report` writes a line to the log.

    `replica` is this server's part in a store that several servers share; None if the store is this server's alone.
    """

    def __init__(self, engine: "Engine", store: Store, report: Callable[[str], None]) -> None:
        self.store = store
        self.report = report
        self.replica: Replica | None = None
        self.engine = engine
        self._commit = GroupCommit(store, on_failure=self._on_failure, on_loss=self._on_loss)
        self._scenarios = ScenarioTable(engine.packs, engine.start.scenario)
        self._followed: dict[str, Followed] = {}
        self._recovery: asyncio.Task[None] | None = None
        self._losing: set[asyncio.Task[None]] = set()

    @property
    def failure(self) -> SandboxError | None:
        """Why the store does not answer; None if it does."""
        return self._commit.failure

    def owns(self, name: str) -> bool:
        """Return whether a workspace is at work in this server."""
        return name in self._followed

    @property
    def owned(self) -> tuple[str, ...]:
        """The names of the workspaces that are at work in this server."""
        return tuple(self._followed)

    def latest(self) -> asyncio.Future[None] | None:
        """Return a future that is done once everything that has happened until now is stored; None if it is."""
        return self._commit.latest()

    def fail(self, error: SandboxError) -> None:
        """Stop all work, as after a transaction that has failed: this server does not know what it owns."""
        self._commit.fail(error)

    async def open(self) -> None:
        """Open the store and load its workspaces; a new store gets the default one.

        Raises:
            StoreError: the store cannot be used.

        """
        await self.store.open()
        await self._adopt_all(first=True)
        if self.replica is not None:
            self.replica.start()

    def forget_scenarios(self) -> None:
        """Compile the scenarios of the workspaces that are loaded from now on anew: the providers have changed."""
        self._scenarios = ScenarioTable(self.engine.packs, self.engine.start.scenario)

    def share(self, replica: "Replica") -> None:
        """Own only the workspaces that `replica` acquires."""
        self.replica = replica
        self._commit.ownership = replica.ownership

    async def _adopt_all(self, *, first: bool) -> None:
        """Put every workspace of the store to work, or as many as no other replica owns."""
        self.engine.forget(await self.store.deleted())
        names = await self.store.workspaces() if self.replica is None else await self.replica.acquire_all()
        for name in names or ([DEFAULT_WORKSPACE] if self.replica is None else []):
            await self.adopt(name, first=first)

    async def adopt(self, name: str, *, first: bool = False) -> None:
        """Put a workspace to work as the store has it; `first`: this is the server's start.

        Raises:
            StoreError: the store cannot be read, or has something that this server cannot serve.

        """
        engine = self.engine
        rows = await self.store.load(name)
        if not rows.others[Kind.WORKSPACE] and name == DEFAULT_WORKSPACE:  # a new store
            if engine.default.world.batches:  # what happened before the store failed for the first time is not stored
                await engine.default.reset()
            self.add(engine.default)
            engine.default.go_on()
            return
        loaded = load_state(rows, engine.providers.known, self._scenarios)
        start = read_start(loaded.workspace["start"], engine.start)
        workspace = engine.put_workspace(name, start, number=loaded.workspace["number"])
        workspace.label = loaded.workspace.get("label")
        workspace.world.restore(loaded.state)
        self._follow(workspace, self._commit.follow(workspace.world))
        if name != DEFAULT_WORKSPACE:
            keys = order_keys(loaded.workspace["keys"], engine.packs)
            engine.put_lease(workspace, keys, timedelta(seconds=loaded.workspace["ttl"]))
        elif first:
            await self._apply_start(loaded.workspace["start"])
        workspace.go_on(loaded.sending)

    def add(self, workspace: Workspace, lease: "Lease | None" = None) -> None:
        """Store a new workspace."""
        self._follow(workspace, self._commit.follow(workspace.world, write_workspace(workspace, lease)))

    def update(self, workspace: Workspace, lease: "Lease | None") -> None:
        """Store what a server keeps of a workspace, after a change."""
        self._followed[workspace.name].put(Kind.WORKSPACE, write_workspace(workspace, lease))

    def delete(self, name: str) -> None:
        """Forget a workspace that was deleted; the world's own last batch deletes its rows."""
        self._followed.pop(name, None)

    async def lose(self, names: Iterable[str], error: SandboxError | None = None) -> None:
        """Stop the work in workspaces that this server does not own any more; nothing of them is written."""
        errors = {name: error or OwnershipLostError([name]) for name in names}
        for name, each in errors.items():  # all of them in one turn, before anybody can be told anything of one
            self._commit.leave(name, each)
        stopped = [name for name in errors if self._followed.pop(name, None) is not None]
        for name in stopped:
            await self.engine.put_to_rest(name, errors[name])

    async def close(self) -> None:
        """Store what is pending, and release the store."""
        for task in (self._recovery, *self._losing):
            if task is not None:
                task.cancel()
        if self.replica is not None:
            self.replica.stop()
        await self._commit.drain()
        await self.store.close()

    def _follow(self, workspace: Workspace, followed: Followed) -> None:
        self._followed[workspace.name] = followed
        workspace.gate.committed, workspace.gate.ownership = followed.committed, followed.owned

    async def _apply_start(self, before: Object) -> None:
        """Apply to the default workspace what this start has given another value than the one before."""
        workspace, start = self.engine.default, self.engine.start
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

    def _on_loss(self, name: str, error: SandboxError) -> None:
        """Stop the work in a workspace that another replica has taken over."""
        task = asyncio.get_running_loop().create_task(self.lose([name], error))
        self._losing.add(task)
        task.add_done_callback(self._losing.discard)

    def _on_failure(self, error: SandboxError) -> None:
        """Stop all work, and go on when the store answers again, with what it has."""
        self.report(f"the store has failed; requests get 503 until it answers again: {error}")
        for subscriber in self.engine.on_failure:
            subscriber(error)
        self._recovery = asyncio.get_running_loop().create_task(self._recover(error))

    async def _recover(self, error: SandboxError) -> None:
        for name in [*self.engine.workspaces]:
            self._followed.pop(name, None)
            await self.engine.put_to_rest(name, error)
        while True:
            try:
                await self.store.check()
                await self._adopt_all(first=False)
                break
            except StoreError as problem:
                await self.lose(self.owned, problem)
                await asyncio.sleep(RETRY)
        self.report("the store answers again; the sandbox goes on with what it has")
        self._commit.resume()


def write_workspace(workspace: Workspace, lease: "Lease | None") -> Object:
    """Return what a server keeps of a workspace, as JSON."""
    start = workspace.start
    return {
        "number": workspace.number,
        "label": workspace.label,
        "keys": None if lease is None else lease.keys,
        "ttl": None if lease is None else lease.ttl.total_seconds(),
        "start": {
            "scenario": start.scenario.name,
            "seed": start.seed,
            "clock": write_clock_config(start.clock_config),
            "targets": [*map(write_target, _targets(start).items())],
        },
    }


def order_keys(keys: Mapping[str, Mapping[str, str]], packs: Registry) -> Mapping[str, Mapping[str, str]]:
    """Return the keys of a workspace in the order in which they were made; a store may not keep it."""
    known = {
        provider: {field: keys[provider][field] for field in pack.spec.credentials if field in keys[provider]}
        for provider, pack in packs.items()
        if provider in keys
    }
    return {**known, **{provider: of for provider, of in keys.items() if provider not in known}}


def read_start(written: Object, otherwise: WorkspaceConfig) -> WorkspaceConfig:
    """Return what a workspace started with; its scenario in force is in a row of its own."""
    return WorkspaceConfig(
        otherwise.scenario,
        seed=written["seed"],
        clock_config=read_clock_config(written["clock"]),
        targets=dict(map(read_target, written["targets"])),
        max_pending=otherwise.max_pending,
        trace_callbacks=otherwise.trace_callbacks,
    )


def _targets(start: WorkspaceConfig) -> Mapping[str, Target]:
    return {**start.scenario.targets, **start.targets}
