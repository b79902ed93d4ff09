"""Callbacks: every report with its attempts, and what may be done to one."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from sandbox.callbacks.dispatch import Dispatch
from sandbox.control.call import ControlCall, reply
from sandbox.control.list_endpoints import by_number, listed, single, the_one
from sandbox.control.pagination import Table
from sandbox.control.parameter_types import LATEST
from sandbox.control.serializers import show_callback
from sandbox.core.callback import Callback
from sandbox.core.world import World

Test = Callable[[Callback], bool]
Call = Callable[[ControlCall], Awaitable[web.Response]]


def table(ask: ControlCall) -> Table[Callback]:
    """Return the callbacks of the workspace that is asked about."""
    world, packs = ask.world, ask.engine.packs
    return Table(
        Callback,
        world.callbacks,
        number=lambda callback: callback.id,
        at=lambda callback: callback.due,
        show=lambda callback: show_callback(callback, world, packs),
    )


def tests(ask: ControlCall) -> list[Test]:
    """Return what the query asks of a callback."""
    query, world = ask.query, ask.world
    found: list[Test] = []
    if (state := query.get("state", str)) is not None:
        found.append(lambda callback: callback.state == state)
    if (provider := query.get("provider", str)) is not None:
        found.append(lambda callback: callback.provider == provider)
    if (message := query.get("message", str)) is not None:
        found.append(lambda callback: callback.message == _number_of(message, world))
    return found


def _number_of(message: str, world: World) -> int | None:
    """Return the number of the message with an id; `latest` stands for the newest one's."""
    return next(reversed(world.messages), None) if message == LATEST else world.numbers.get(message)


async def list_callbacks(ask: ControlCall) -> web.Response:
    """Answer a page of callbacks."""
    return await listed(ask, table(ask), tests(ask), evicted=ask.world.evicted["callbacks"])


async def get_callback(ask: ControlCall) -> web.Response:
    """Answer one callback."""
    return await single(ask, table(ask), lambda name: by_number(ask.world.callbacks, name), noun="callback")


def acting(act: Callable[[Dispatch, Callback], Callback]) -> Call:
    """Return the call that does something to one callback."""

    async def handle(ask: ControlCall) -> web.Response:
        world = ask.world
        callback = the_one(ask, table(ask), lambda name: by_number(world.callbacks, name), noun="callback")
        return reply(show_callback(act(ask.workspace.dispatch, callback), world, ask.engine.packs))

    return handle


fire = acting(Dispatch.fire)
hold = acting(Dispatch.hold)
release = acting(Dispatch.release)
cancel = acting(Dispatch.cancel)
replay = acting(Dispatch.replay)
