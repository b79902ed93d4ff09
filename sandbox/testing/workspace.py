"""The workspace of a test: its keys, its receiver, and a client with every call of the control API."""

import errno
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from functools import wraps
from inspect import signature
from pathlib import Path
from typing import ParamSpec, TypeVar
from urllib.parse import urlsplit

from sandbox.client import ArgumentError, AsyncClient, Client, NotFoundError, Verdict, traffic
from sandbox.client.arguments import ScenarioLike, names_file, read_clock
from sandbox.client.call import ApiCall
from sandbox.client.clients import ApiMethod, ApiMethods
from sandbox.client.codec import Instant
from sandbox.client.values import Keys, environment
from sandbox.core.clock import ClockConfig, ClockMode
from sandbox.core.errors import SandboxError
from sandbox.testing.receiver import Listener, Receiver
from sandbox.testing.server import SandboxServer

Params = ParamSpec("Params")
Result = TypeVar("Result")
SCENARIO = frozenset({"scenario", "document"})  # the arguments that are a scenario
WITH_SCENARIO = ("load_scenario", "check_scenario", "make_workspace")  # the methods that have such an argument

RECEIVER_HOST = "SANDBOX_RECEIVER_HOST"  # the name of this machine for a server on another one
LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})


class NoReceiverError(SandboxError):
    """A server on another machine does not know how to reach this one."""


@dataclass(frozen=True, slots=True)
class WorkspaceOptions:
    """The settings of a test's workspace; None stands for the server's default.

    `scenario` is a name, a file (a path, or a text that ends in .yaml, .yml or .json), or the scenario as a mapping.
    `clock` is frozen, real, or a speed such as `60x`; it begins at `start` (default: the real time). A relative file is
    looked for in `folder`, then in the current folder.
    """

    scenario: str | Path | Mapping[str, object] | None = None
    clock: str = "frozen"
    start: Instant | None = None
    seed: int | None = None
    folder: Path | None = None


@dataclass(frozen=True, slots=True)
class WorkspaceHandle:
    """A workspace that was created for one test; `folder` is where a scenario's file is looked for first."""

    server: SandboxServer
    id: str
    seed: int
    keys: Keys
    receiver: Receiver | None
    folder: Path | None = None


@contextmanager
def open_workspace(
    server: SandboxServer, listener: Listener | None, options: WorkspaceOptions
) -> Iterator[WorkspaceHandle]:
    """Create a workspace with a receiver for its callbacks; delete it at the end of the block."""
    with nullcontext() if listener is None else listener.receiving() as receiver:
        handle = _make(server, options, receiver)
        try:
            yield handle
        finally:
            if server.local is not None and server.local.is_running:
                server.local.delete_workspace(handle.id)
            elif not sys.is_finalizing():  # then a server in this process no longer runs
                with suppress(NotFoundError):  # the test has deleted it
                    Client(server.url, token=server.token).delete_workspace(handle.id)


def _make(server: SandboxServer, options: WorkspaceOptions, receiver: Receiver | None) -> WorkspaceHandle:
    """Create a workspace; by the control API if it has to check settings, or to refuse the workspace."""
    targets = {} if receiver is None else {each: receiver.url(each) for each in server.providers}
    is_plain = options == WorkspaceOptions(folder=options.folder) and RECEIVER_HOST not in os.environ
    if is_plain and server.local is not None and server.local.is_running:
        with suppress(SandboxError):
            lease = server.local.make_workspace(ClockConfig(ClockMode.FROZEN), targets)
            seed = lease.workspace.world.seed
            return WorkspaceHandle(server, lease.workspace.name, seed, lease.keys, receiver, options.folder)
    clock = dict(read_clock(options.clock))
    if options.start is not None:
        clock["start"] = options.start
    scenario = None if options.scenario is None else find_scenario(options.scenario, options.folder)
    made = Client(server.url, token=server.token).make_workspace(
        scenario=scenario, clock=clock, seed=options.seed, targets=None if receiver is None else targets
    )
    return WorkspaceHandle(server, made.id, made.seed, made.keys, receiver, options.folder)


def find_scenario(given: ScenarioLike, folder: Path | None) -> ScenarioLike:
    """Return a scenario, its file as the path at which it exists: in a folder if one is given, or in the current one.

    Raises:
        ArgumentError: it is a file that exists in neither.

    """
    if not names_file(given):
        return given
    places = [Path(given).absolute()] if folder is None else [folder / given, Path(given).absolute()]
    for place in places:
        if place.exists():
            return place
    message = f"{given}: {os.strerror(errno.ENOENT)}; looked for {' and '.join(map(str, dict.fromkeys(places)))}"
    raise ArgumentError(message)


def receiver_host(url: str) -> tuple[bool, str | None]:
    """Return whether the server at `url` can reach this machine, and by which name unless by loopback."""
    name = os.environ.get(RECEIVER_HOST) or None
    return name is not None or urlsplit(url).hostname in LOOPBACK_HOSTS, name


def asserting(make: Callable[Params, ApiCall[Verdict]]) -> Callable[Params, ApiCall[Verdict]]:
    """Return what makes a verification that raises AssertionError, with the near misses, if it does not pass."""

    @wraps(make)
    def make_asserting(*args: Params.args, **kwargs: Params.kwargs) -> ApiCall[Verdict]:
        call = make(*args, **kwargs)

        def parse(body: bytes) -> Verdict:
            __tracebackhide__ = True
            verdict = call.parse(body)
            if not verdict:
                raise AssertionError(str(verdict))
            return verdict

        return call.parsed_by(parse)

    return make_asserting


class WorkspaceMethods(ApiMethods):
    """What both clients of a test's workspace have."""

    verify = ApiMethod(asserting(traffic.verify))

    def __init__(self, handle: WorkspaceHandle) -> None:
        super().__init__(handle.server.url, token=handle.server.token, workspace=handle.id)
        self.handle = handle
        for name in WITH_SCENARIO:
            setattr(self, name, finding_files(getattr(self, name), handle.folder))

    @property
    def id(self) -> str:
        """The id of the workspace."""
        return self.handle.id

    @property
    def seed(self) -> int:
        """The seed of the workspace: pass it to the marker or to `Sandbox` to get the same bytes again."""
        return self.handle.seed

    @property
    def keys(self) -> Keys:
        """The keys of this workspace: `keys["betatel"]["x-api-key"]`, `keys["ubill"]["key"]`."""
        return self.handle.keys

    @property
    def receiver(self) -> Receiver:
        """The receiver of this workspace's callbacks.

        Raises:
            NoReceiverError: the server is on another machine and cannot reach this one.

        """
        if self.handle.receiver is None:
            message = (
                f"the sandbox at {self.handle.server.url} cannot reach this machine; set {RECEIVER_HOST} to a name"
                " by which it can, such as host.docker.internal"
            )
            raise NoReceiverError(message)
        return self.handle.receiver

    @property
    def environ(self) -> Mapping[str, str]:
        """Environment variables for an application: `BETATEL_URL`, `BETATEL_API_KEY`, `UBILL_KEY` and so on.

        `SANDBOX_URL` and `SANDBOX_WORKSPACE` are read by the command `sms-sandbox`.
        """
        server = self.handle.server
        return environment(server.url, self.id, self.keys, token=server.token)


class SandboxClient(WorkspaceMethods, Client):
    """The blocking client of a test's workspace; `verify` raises AssertionError if it does not pass."""

    @property
    def aio(self) -> "AsyncSandboxClient":
        """The client for asyncio, for a test whose event loop also runs the application."""
        return AsyncSandboxClient(self.handle)


class AsyncSandboxClient(WorkspaceMethods, AsyncClient):
    """The asyncio client of a test's workspace; `verify` raises AssertionError if it does not pass."""


def finding_files(method: Callable[Params, Result], folder: Path | None) -> Callable[Params, Result]:
    """Return a method that looks for the file of a scenario as the marker does."""

    @wraps(method)
    def with_files(*args: Params.args, **kwargs: Params.kwargs) -> Result:
        __tracebackhide__ = True
        bound = signature(method).bind(*args, **kwargs)
        found = bound.arguments
        for name in SCENARIO & found.keys():
            found[name] = find_scenario(found[name], folder)
        return method(*bound.args, **bound.kwargs)

    return with_files
