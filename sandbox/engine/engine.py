"""All workspaces: makes and ends them, and gives each provider request to the one that its key leads into."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sandbox.callbacks.courier import Courier
from sandbox.callbacks.egress import Egress
from sandbox.core import seeded_random
from sandbox.core.change import Subscribers
from sandbox.core.clock import monotonic
from sandbox.core.errors import SandboxError
from sandbox.core.world import DEFAULT_WORKSPACE, World
from sandbox.engine.workspace import Workspace, WorkspaceConfig
from sandbox.pipeline import Answer, Arrival, arrive, miss, preflight, refuse_unreadable
from sandbox.providers.registry import Registry
from sandbox.specs.body_parsing import Request
from sandbox.specs.routing import Missed, Router

ID_LENGTH = 10  # characters of a workspace's id; a minted key begins with them
KEY_LENGTH = 24  # characters of a minted key
TTL = timedelta(hours=1)
WORKSPACES = 5_000


class TooManyWorkspacesError(SandboxError):
    """There are as many workspaces as a server takes."""


@dataclass(slots=True)
class Lease:
    """A workspace that a call made: its minted keys by provider and header or parameter, and when it was last used."""

    workspace: Workspace
    keys: Mapping[str, Mapping[str, str]]
    ttl: timedelta
    used: float
    timer: asyncio.TimerHandle | None = None


class Engine:
    """Owns the workspaces and the courier. All of it lives on one loop.

    `folders` are where scenarios are looked for before the shipped ones.
    """

    def __init__(
        self, packs: Registry, *, door: Egress, start: WorkspaceConfig, folders: tuple[Path, ...] = ()
    ) -> None:
        self.packs = packs
        self.folders = folders
        self.start = start
        self.router = Router(route for pack in packs.values() for route in pack.spec.routes)
        self.courier = Courier(door)
        self.door = door
        self.subscribers = Subscribers()
        self.workspaces: dict[str, Workspace] = {}
        self.leases: dict[str, Lease] = {}
        self._gone: set[str] = set()
        self.default = self._add(DEFAULT_WORKSPACE, start)

    @property
    def worlds(self) -> Mapping[str, World]:
        """The state of each workspace."""
        return {name: workspace.world for name, workspace in self.workspaces.items()}

    def _add(self, name: str, start: WorkspaceConfig) -> Workspace:
        workspace = Workspace(name, start=start, packs=self.packs, courier=self.courier, subscribers=self.subscribers)
        self.workspaces[name] = workspace
        return workspace

    def world(self, name: str) -> World | None:
        """Return the state of a workspace."""
        workspace = self.workspaces.get(name)
        return workspace.world if workspace else None

    def receive(self, request: Request) -> tuple[Workspace, Answer]:
        """Handle a provider request; return the workspace it led into and what goes back."""
        arrived = monotonic()
        arrival = arrive(request, packs=self.packs, router=self.router, arrived=arrived)
        if isinstance(arrival, Missed):
            return self.default, miss(self.default.world, request, arrival, arrived=arrived)
        workspace = self._workspace_of(arrival)
        return workspace, workspace.receive(self._judged(arrival))

    def preflight(self, request: Request, headers: Mapping[str, str]) -> Answer:
        """Answer that a page may call a path; `headers` say how."""
        return preflight(self.default.world, request, headers, arrived=monotonic())

    def refuse(self, request: Request, *, status: int, why: str) -> Answer:
        """Refuse a request that the HTTP layer could not read; `request` is as much of it as was read."""
        arrived = monotonic()
        found = arrive(request, packs=self.packs, router=self.router, arrived=arrived)
        arrival = None if isinstance(found, Missed) else self._judged(found)
        world = self.default.world if arrival is None else self._workspace_of(arrival).world
        return refuse_unreadable(world, request, arrival, status=status, why=why, arrived=arrived)

    def _workspace_of(self, arrival: Arrival) -> Workspace:
        name = (arrival.key or "")[:ID_LENGTH]
        lease = self.leases.get(name)
        if lease is None:
            return self.default
        lease.used = monotonic()
        return lease.workspace

    def _judged(self, arrival: Arrival) -> Arrival:
        """Return the arrival, its key marked as nobody's when it led into a workspace that is gone."""
        gone = self._gone and arrival.key and arrival.key[:ID_LENGTH] in self._gone
        return arrival._replace(key_revoked=True) if gone else arrival

    def make_workspace(self, start: WorkspaceConfig, *, ttl: timedelta = TTL) -> Lease:
        """Make a workspace and mint its keys; unused for `ttl` of real time, it is deleted.

        Raises:
            CrowdedError: there are too many.

        """
        if len(self.leases) >= WORKSPACES:
            message = f"there are {WORKSPACES} workspaces; delete some, or give them a shorter ttl"
            raise TooManyWorkspacesError(message)
        name = "w" + seeded_random.make_token(ID_LENGTH - 1)
        keys = {
            provider: {
                field: name + seeded_random.make_token(KEY_LENGTH - ID_LENGTH) for field in pack.spec.credentials
            }
            for provider, pack in self.packs.items()
        }
        lease = Lease(self._add(name, start), keys, ttl, monotonic())
        self.leases[name] = lease
        self._watch(lease)
        return lease

    def touch(self, name: str) -> None:
        """Note that a workspace is in use."""
        if name in self.leases:
            self.leases[name].used = monotonic()

    def _watch(self, lease: Lease) -> None:
        """Delete a workspace when it was unused for its time; look again later otherwise."""
        left = lease.used + lease.ttl.total_seconds() - monotonic()
        loop = asyncio.get_running_loop()
        if left > 0:
            lease.timer = loop.call_later(left, self._watch, lease)
        else:
            self._expiry = loop.create_task(self.delete_workspace(lease.workspace.name))

    async def delete_workspace(self, name: str) -> None:
        """End a workspace; its keys are nobody's from then on."""
        lease = self.leases.pop(name)
        self._gone.add(name)
        if lease.timer is not None:
            lease.timer.cancel()
        await self.workspaces.pop(name).end()

    async def close(self) -> None:
        """End every workspace and shut the door."""
        for lease in self.leases.values():
            if lease.timer is not None:
                lease.timer.cancel()
        for workspace in self.workspaces.values():
            await workspace.end()
        self.door.close()
