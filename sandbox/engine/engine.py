"""All workspaces: creates and deletes them, and passes each provider request to the workspace of its key."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

from sandbox.callbacks.courier import Courier
from sandbox.callbacks.egress import Egress
from sandbox.core import seeded_random
from sandbox.core.change import Batch, Subscribers
from sandbox.core.clock import microseconds, monotonic
from sandbox.core.errors import ElsewhereError, ReadOnlyError, SandboxError, StoreError
from sandbox.core.world import DEFAULT_WORKSPACE, World
from sandbox.engine.providers import ServedProviders, make_keys
from sandbox.engine.turns import Turns
from sandbox.engine.workspace import Workspace, WorkspaceConfig
from sandbox.pipeline import Response, ServerContext, encode, preflight, refuse_unreadable, run_turns, unavailable
from sandbox.providers.registry import Registry
from sandbox.specs.body_parsing import Request
from sandbox.specs.types import PROBLEM, problem

if TYPE_CHECKING:
    from sandbox.engine.persistence import Persistence
    from sandbox.engine.replica import Replica
    from sandbox.store.base import Store

ID_LENGTH = 10  # characters of a workspace's id; its keys begin with them
WORKSPACE_ID = re.compile(r"w[a-km-np-z2-9]{9}", re.ASCII)  # what `make_token` makes
TTL = timedelta(hours=1)
WORKSPACES = 5_000


class TooManyWorkspacesError(SandboxError):
    """The server has reached its limit of workspaces."""


@dataclass(slots=True)
class Lease:
    """A workspace that a call made: its keys by provider and header or parameter, and when it was last used."""

    workspace: Workspace
    keys: Mapping[str, Mapping[str, str]]
    ttl: timedelta
    used: float
    timer: asyncio.TimerHandle | None = None


class Handled(NamedTuple):
    """A request that a workspace has handled, and its response.

    The response may be sent once `waiting` is done; at once if there is none.
    """

    workspace: Workspace
    response: Response
    waiting: asyncio.Future[None] | None


class Engine:
    """Owns the workspaces and the courier. Everything runs on one event loop.

    `folders` are searched for scenarios before the shipped ones.
    """

    def __init__(
        self, packs: Registry, *, egress: Egress, start: WorkspaceConfig, folders: tuple[Path, ...] = ()
    ) -> None:
        self.providers = ServedProviders(packs)
        self.packs, self.router = self.providers.packs, self.providers.router
        self.folders = folders
        self.start = start
        self.courier = Courier(egress)
        self.egress = egress
        self.subscribers = Subscribers()
        self.workspaces: dict[str, Workspace] = {}
        self.leases: dict[str, Lease] = {}
        self.persistence: Persistence | None = None
        self.elsewhere: Callable[[Request, str], Awaitable[Handled]] | None = None  # for workspaces of other replicas
        self.read_only: ReadOnlyError | None = None  # why nothing can be changed, if a saved state is shown
        self.check_address: Callable[[], Awaitable[str | None]] | None = None  # whether this replica can be reached
        self.on_failure: list[Callable[[SandboxError], None]] = []  # called when the store fails
        self.on_loss: list[Callable[[World, SandboxError], None]] = []  # called when the work in a workspace stops
        self._deleted: set[str] = set()
        self._last_number = 0
        self.default = self._add(DEFAULT_WORKSPACE, start)
        self._context = ServerContext(self.packs, self.router, self.default.world, self.find_world)
        self.turns = Turns(self, self._context)

    @property
    def worlds(self) -> Mapping[str, World]:
        """The state of each workspace."""
        return {name: workspace.world for name, workspace in self.workspaces.items()}

    def _add(self, name: str, start: WorkspaceConfig) -> Workspace:
        # Replicas do not know each other's numbers; times grow too.
        number = self._last_number + 1 if self.replica is None else microseconds()
        self._last_number = max(self._last_number, number)
        workspace = Workspace(
            name,
            number=number,
            start=start,
            packs=self.providers.known,
            courier=self.courier,
            subscribers=self.subscribers,
        )
        self.workspaces[name] = workspace
        return workspace

    async def open_store(self, store: "Store", report: Callable[[str], None], *, address: str | None = None) -> None:
        """Load what a store has, and keep in it everything that happens from now on.

        `address` is the URL at which other replicas reach this server, if the store is shared.

        Raises:
            StoreError: the store cannot be used.

        """
        from sandbox.engine.persistence import Persistence  # noqa: PLC0415 - a server in memory needs none of it

        self.persistence = Persistence(self, store, report)
        if address is not None:
            from sandbox.engine.replica import Replica, SharedStore  # noqa: PLC0415 - as above

            self.persistence.share(Replica(self.persistence, cast("SharedStore", store), address))
        await self.persistence.open()

    def latest(self) -> asyncio.Future[None] | None:
        """Return a future that is done once everything that has happened until now is stored; None if it is."""
        return None if self.persistence is None else self.persistence.latest()

    def owns(self, name: str) -> bool:
        """Return whether a workspace is at work in this server, or in none."""
        return self.persistence is None or self.persistence.owns(name)

    def serves(self, name: str) -> bool:
        """Return whether a workspace is at work in this server, and this is known to hold."""
        return self.owns(name) and (self.replica is None or self.replica.is_valid)

    async def receive_anywhere(self, request: Request) -> Handled:
        """Handle a provider's request, in another replica if its workspace is at work there."""
        try:
            return await self.turns.receive(request)
        except ElsewhereError as error:
            if self.elsewhere is None:
                raise
            return await self.elsewhere(request, error.workspace)

    @property
    def failure(self) -> SandboxError | None:
        """Why no request can be handled at present: the store does not answer; None if all is well."""
        return None if self.persistence is None else self.persistence.failure

    @property
    def refusal(self) -> SandboxError | None:
        """Why no provider's request can be handled at present: the store does not answer, or nothing can be changed."""
        return self.read_only if self.persistence is None else self.persistence.failure

    def receive(self, request: Request) -> Handled:
        """Handle a provider's request, and what it makes due at once.

        Raises:
            ElsewhereError: its workspace is at work in another replica.
            BusyError: its workspace handles a large request.

        """
        return run_turns(self.turns.handle(request))

    def preflight(self, request: Request, headers: Mapping[str, str]) -> Handled:
        """Accept a preflight request; `headers` say what is allowed."""
        if self.refusal is not None:
            return self.unavailable(self.refusal)
        try:
            return self.hold_back(*preflight(request, self._context, headers))
        except ElsewhereError:  # it says nothing of the workspace, so any replica may answer it
            return Handled(self.default, Response(204, headers, b""), None)

    def refuse(self, request: Request, *, status: int, why: str) -> Handled:
        """Refuse a request that the HTTP layer could not read; `request` is as much of it as was read."""
        if self.refusal is not None:
            return self.unavailable(self.refusal)
        try:
            return self.hold_back(*refuse_unreadable(request, self._context, status=status, why=why))
        except ElsewhereError:  # what cannot be read cannot be passed on; it is not recorded
            body = encode(problem(status, why))
            return Handled(self.default, Response(status, {"Content-Type": PROBLEM}, body), None)

    def hold_back(self, batch: Batch, response: Response) -> Handled:
        """Release a response once its batch is committed."""
        workspace = self.workspaces[batch.workspace]
        return Handled(workspace, response, workspace.gate.hold_back(batch.number, response))

    def unavailable(self, error: SandboxError) -> Handled:
        """Return the answer to a request that cannot be stored; nothing is left of it."""
        return Handled(self.default, unavailable(str(error)), None)

    def fail(self, request: Request, error: Exception) -> Handled:
        """Log an error of the sandbox, and reply with a problem document; the request may have been stored or not."""
        what = f"the sandbox failed to handle {request.method} {request.path[:200]}"
        asyncio.get_running_loop().call_exception_handler({"message": what, "exception": error})
        body = encode(problem(500, f"{what}: {type(error).__name__}; its log has the details"))
        return Handled(self.default, Response(500, {"Content-Type": PROBLEM}, body), None)

    def find_world(self, key: str | None) -> World | None:
        """Return the world of the workspace that a key leads to, None if that workspace was deleted.

        Raises:
            ElsewhereError: the workspace is at work in another replica.

        """
        name = (key or "")[:ID_LENGTH]
        lease = self.leases.get(name)
        if lease is None:
            if name in self._deleted:
                return None
            if self.replica is not None:
                self.replica.refuse_elsewhere(name if WORKSPACE_ID.fullmatch(name) else DEFAULT_WORKSPACE)
            return self.default.world
        if self.replica is not None and not self.replica.is_valid:
            raise ElsewhereError(name)
        lease.used = monotonic()
        return lease.workspace.world

    @property
    def replica(self) -> "Replica | None":
        """The part of this server in a store that several servers share; None if it shares none."""
        return None if self.persistence is None else self.persistence.replica

    def label_workspace(self, workspace: Workspace, label: str | None) -> None:
        """Set what people call a workspace; None removes it."""
        workspace.label = label
        if self.persistence is not None:
            self.persistence.update(workspace, self.leases.get(workspace.name))

    def make_workspace(self, start: WorkspaceConfig, *, ttl: timedelta = TTL, label: str | None = None) -> Lease:
        """Create a workspace and its keys; it is deleted after `ttl` of real time without use.

        Raises:
            TooManyWorkspacesError: there are too many.

        """
        if len(self.leases) >= WORKSPACES:
            message = f"there are {WORKSPACES} workspaces; delete some, or give them a shorter ttl"
            raise TooManyWorkspacesError(message)
        name = "w" + seeded_random.make_token(ID_LENGTH - 1)
        keys = make_keys(name, self.packs)
        workspace = self._add(name, start)
        workspace.label = label
        lease = self.put_lease(workspace, keys, ttl)
        if self.persistence is not None:
            self.persistence.add(workspace, lease)
        return lease

    def put_lease(self, workspace: Workspace, keys: Mapping[str, Mapping[str, str]], ttl: timedelta) -> Lease:
        """Return the lease of a workspace, which is in use now and is deleted once it was unused for its ttl."""
        known = self.leases.get(workspace.name)
        if known is not None and known.timer is not None:
            known.timer.cancel()
        lease = self.leases[workspace.name] = Lease(workspace, keys, ttl, monotonic())
        self._watch(lease)
        return lease

    def put_workspace(self, name: str, start: WorkspaceConfig, *, number: int) -> Workspace:
        """Return the workspace of a name, made if there is none, with the start and number that a store has."""
        workspace = self.workspaces.get(name) or self._add(name, start)
        workspace.start, workspace.number = start, number
        self._last_number = max(self._last_number, number)
        return workspace

    def forget(self, deleted: Iterable[str]) -> None:
        """Note the names of workspaces that were deleted; their keys lead nowhere."""
        self._deleted.update(deleted)

    async def put_to_rest(self, name: str, error: SandboxError) -> None:
        """Stop the work in a workspace, which the store keeps; whoever waits for it gets the error."""
        workspace = self.workspaces.get(name)
        if workspace is None:  # it is being deleted
            return
        if name != DEFAULT_WORKSPACE:
            del self.workspaces[name]
            lease = self.leases.pop(name, None)
            if lease is not None and lease.timer is not None:
                lease.timer.cancel()
        for subscriber in self.on_loss:
            subscriber(workspace.world, error)
        await workspace.suspend(error)

    def touch(self, name: str) -> None:
        """Record that a workspace is in use."""
        if name in self.leases:
            self.leases[name].used = monotonic()

    def _watch(self, lease: Lease) -> None:
        """Delete a workspace if it was unused for its `ttl`, else check again later."""
        left = lease.used + lease.ttl.total_seconds() - monotonic()
        loop = asyncio.get_running_loop()
        if left > 0:
            lease.timer = loop.call_later(left, self._watch, lease)
        else:
            self._expiry = loop.create_task(self.delete_workspace(lease.workspace.name))
            self._expiry.add_done_callback(lambda done: done.cancelled() or done.exception())  # its next owner does it

    async def delete_workspace(self, name: str) -> None:
        """End a workspace; its keys stop working.

        Raises:
            StoreError: the end is not in the store.

        """
        lease = self.leases.pop(name)
        self._deleted.add(name)
        if lease.timer is not None:
            lease.timer.cancel()
        workspace = self.workspaces.pop(name)
        await workspace.end()
        stored = workspace.gate.latest()
        if self.persistence is not None:
            self.persistence.delete(name)
        try:
            if stored is not None:
                await asyncio.shield(stored)
        except StoreError:
            self._deleted.discard(name)
            raise

    async def close(self) -> None:
        """Stop every workspace, store what is pending, and close the connections to receivers."""
        for lease in self.leases.values():
            if lease.timer is not None:
                lease.timer.cancel()
        for workspace in self.workspaces.values():
            await workspace.suspend()
        if self.persistence is not None:
            await self.persistence.close()
        self.egress.close()
