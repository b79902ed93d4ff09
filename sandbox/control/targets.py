"""Targets: where the callbacks of each provider go."""

from aiohttp import web

from sandbox.control.call import ControlCall, done, reply
from sandbox.control.call_input import Given
from sandbox.control.problems import refuse
from sandbox.control.serializers import show_target, show_targets
from sandbox.core.callback import Target
from sandbox.core.errors import near_miss


def target(given: Given) -> Target:
    """Return the target that a body names."""
    return Target(given.get("url", str) or "", given.get("key", str))


def provider_of(ask: ControlCall) -> str:
    """Return the provider that the path names.

    Raises:
        ProblemError: 404, there is none.

    """
    name = ask.path["provider"]
    if name not in ask.engine.packs:
        raise refuse(404, "/provider", f"no provider is called {name[:200]!r}.{near_miss(name, ask.engine.packs)}")
    return name


async def list_targets(ask: ControlCall) -> web.Response:
    """Answer every target by provider."""
    return reply(show_targets(ask.world.targets))


async def put_targets(ask: ControlCall) -> web.Response:
    """Set the targets of all providers: those that are not named have none."""
    for provider in ask.engine.packs:
        named = provider in ask.body.values
        ask.workspace.set_target(provider, target(ask.body.part(provider)) if named else None)
    return await list_targets(ask)


async def get_target(ask: ControlCall) -> web.Response:
    """Answer the target of one provider."""
    provider = provider_of(ask)
    found = ask.world.targets.get(provider)
    if found is None:
        raise refuse(404, "/provider", f"{provider} has no target; its callbacks are kept as collected")
    return reply(show_target(found))


async def put_target(ask: ControlCall) -> web.Response:
    """Set the target of one provider."""
    ask.workspace.set_target(provider_of(ask), target(ask.body))
    return await get_target(ask)


async def delete_target(ask: ControlCall) -> web.Response:
    """Let a provider's callbacks be kept as collected."""
    ask.workspace.set_target(provider_of(ask), None)
    return done()
