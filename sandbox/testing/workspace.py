"""What a test works with: a workspace of its own, its keys, its receiver, and every call of the control API."""

import os
import sys
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec
from urllib.parse import urlsplit

from sandbox.client import AsyncClient, Client, NotFoundError, Verdict
from sandbox.client.call import Instant
from sandbox.client.server import clock_config
from sandbox.client.values import Keys
from sandbox.core.errors import SandboxError
from sandbox.testing.receiver import Listener, Receiver
from sandbox.testing.server import Place

Given = ParamSpec("Given")

RECEIVER_HOST = "SANDBOX_RECEIVER_HOST"  # the name by which a sandbox elsewhere reaches this machine
HERE = frozenset({"127.0.0.1", "localhost", "::1"})


class NoReceiverError(SandboxError):
    """A sandbox on another machine does not know how to reach this one."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a test wants its workspace; None leaves it to the server.

    `clock` is frozen, real, or a pace such as `60x`; it begins at `start`, or at the real time of making.
    """

    scenario: str | None = None
    clock: str = "frozen"
    start: Instant | None = None
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class Desk:
    """A workspace made for one test."""

    place: Place
    id: str
    seed: int
    keys: Keys
    receiver: Receiver | None


@contextmanager
def desk_at(place: Place, listener: Listener | None, recipe: Recipe) -> Iterator[Desk]:
    """Make a workspace whose callbacks go to a receiver of its own; it ends with the block."""
    if listener is None:
        with _made(place, recipe, None) as desk:
            yield desk
    else:
        with listener.receiving() as receiver, _made(place, recipe, receiver) as desk:
            yield desk


@contextmanager
def _made(place: Place, recipe: Recipe, receiver: Receiver | None) -> Iterator[Desk]:
    client = Client(place.url, token=place.token)
    clock = dict(clock_config(recipe.clock))
    if recipe.start is not None:
        clock["start"] = recipe.start
    targets = None if receiver is None else {each: {"url": receiver.url(each)} for each in place.providers}
    made = client.make_workspace(scenario=recipe.scenario, clock=clock, seed=recipe.seed, targets=targets)
    try:
        yield Desk(place, made.id, made.seed, made.keys, receiver)
    finally:
        if not sys.is_finalizing():  # a server of our own is gone by then
            with suppress(NotFoundError):  # the test has ended it
                client.delete_workspace(made.id)


def receiver_host(url: str) -> tuple[bool, str | None]:
    """Return whether a sandbox at `url` can reach this machine, and by which name where that is not loopback."""
    name = os.environ.get(RECEIVER_HOST) or None
    return name is not None or urlsplit(url).hostname in HERE, name


class Bench:
    """What both rigs know of their workspace."""

    desk: Desk

    @property
    def id(self) -> str:
        """The id of the workspace."""
        return self.desk.id

    @property
    def seed(self) -> int:
        """The seed of the workspace: give it to a marker or to `Sandbox` to have the same bytes again."""
        return self.desk.seed

    @property
    def keys(self) -> Keys:
        """The keys that lead into this workspace: `keys["betatel"]["x-api-key"]`, `keys["ubill"]["key"]`."""
        return self.desk.keys

    @property
    def receiver(self) -> Receiver:
        """The server that hears this workspace's callbacks.

        Raises:
            NoReceiverError: the sandbox is elsewhere and was not told how it reaches this machine.

        """
        if self.desk.receiver is None:
            message = (
                f"the sandbox at {self.desk.place.url} cannot reach this machine; set {RECEIVER_HOST} to the name"
                " by which it can, such as host.docker.internal"
            )
            raise NoReceiverError(message)
        return self.desk.receiver

    @property
    def environ(self) -> Mapping[str, str]:
        """Settings as applications read them: `BETATEL_URL`, `BETATEL_API_KEY`, `UBILL_KEY` and so on.

        `SANDBOX_URL` and `SANDBOX_WORKSPACE` are for the command `sms-sandbox`.
        """
        place = self.desk.place
        token = {} if place.token is None else {"SANDBOX_CONTROL_TOKEN": place.token}
        urls = {f"{provider.upper()}_URL": place.url for provider in self.keys}
        keys = {
            f"{provider}_{field.removeprefix('x-')}".replace("-", "_").upper(): key
            for provider, fields in self.keys.items()
            for field, key in fields.items()
        }
        return {"SANDBOX_URL": place.url, "SANDBOX_WORKSPACE": self.id, **token, **urls, **keys}


class Rig(Bench, Client):
    """The blocking client of one test's workspace; `verify` raises where it does not pass."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk.place.url, token=desk.place.token, workspace=desk.id)
        self.desk = desk
        self.verify = passing(super().verify)

    @property
    def aio(self) -> "AsyncRig":
        """The same to be awaited, for a test whose event loop also serves the application."""
        return AsyncRig(self.desk)


class AsyncRig(Bench, AsyncClient):
    """The client of one test's workspace that is awaited; `verify` raises where it does not pass."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk.place.url, token=desk.place.token, workspace=desk.id)
        self.desk = desk
        self.verify = passing_later(super().verify)


def passing(verify: Callable[Given, Verdict]) -> Callable[Given, Verdict]:
    """Return a verification that fails a test, near misses in words, where it does not pass."""

    @wraps(verify)
    def verify_or_fail(*args: Given.args, **kwargs: Given.kwargs) -> Verdict:
        __tracebackhide__ = True
        verdict = verify(*args, **kwargs)
        if not verdict:
            raise AssertionError(str(verdict))
        return verdict

    return verify_or_fail


def passing_later(
    verify: Callable[Given, Coroutine[Any, Any, Verdict]],
) -> Callable[Given, Coroutine[Any, Any, Verdict]]:
    """Return the same for a verification that is awaited."""

    @wraps(verify)
    async def verify_or_fail(*args: Given.args, **kwargs: Given.kwargs) -> Verdict:
        __tracebackhide__ = True
        verdict = await verify(*args, **kwargs)
        if not verdict:
            raise AssertionError(str(verdict))
        return verdict

    return verify_or_fail
