"""Callbacks and their targets: every delivery report with its attempts, what can be done to one, and where they go."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web

from sandbox.callbacks.compose import request_of
from sandbox.callbacks.dispatch import Dispatch
from sandbox.callbacks.egress import RefusedAddressError
from sandbox.control.call import ControlCall, Parameters, no_content, reply
from sandbox.control.lists import Collection, Object, find_item, get_item, list_items
from sandbox.control.masking import mask, masked_headers, masked_url
from sandbox.control.parameters import LATEST
from sandbox.control.problems import Mistake, ProblemError, pointer, refuse
from sandbox.control.searching import Search
from sandbox.core.callback import Attempt, Callback, CallbackState, Outgoing, Target, state_of_all
from sandbox.core.clock import format_time
from sandbox.core.errors import near_miss
from sandbox.core.message import Message
from sandbox.core.world import World
from sandbox.providers.registry import Registry

CallbackFilter = Callable[[Callback], bool]
Endpoint = Callable[[ControlCall], Awaitable[web.Response]]


async def list_callbacks(call: ControlCall) -> web.Response:
    """Reply with a page of callbacks."""
    return await list_items(call, callbacks_of(call), evicted=call.world.evicted["callbacks"])


async def get_callback(call: ControlCall) -> web.Response:
    """Reply with one callback; with `wait`, once no attempt of it is under way."""
    return await get_item(
        call, callbacks_of(call), is_settled=lambda callback: callback.state is not CallbackState.SENDING
    )


def _action(act: Callable[[Dispatch, Callback], Callback]) -> Endpoint:
    """Return the endpoint for an action on one callback."""

    async def endpoint(call: ControlCall) -> web.Response:
        callbacks = callbacks_of(call)
        return reply(callbacks.show(act(call.workspace.dispatch, find_item(call, callbacks))))

    return endpoint


fire_callback = _action(Dispatch.fire)
hold_callback = _action(Dispatch.hold)
release_callback = _action(Dispatch.release)
cancel_callback = _action(Dispatch.cancel)
replay_callback = _action(Dispatch.replay)


def callbacks_of(call: ControlCall) -> Collection[Callback]:
    """Return the callbacks of a call's workspace."""
    world, packs = call.world, call.engine.providers.known
    return Collection(
        Callback,
        world.callbacks,
        number=lambda callback: callback.id,
        at=lambda callback: callback.due,
        show=lambda callback: show_callback(callback, world, packs),
        noun="callback",
        filters=FILTERS,
    )


def _is_found(call: ControlCall, value: str) -> CallbackFilter:
    """Return whether a search finds a callback: by recipient, message, status, and URL, answer or error of attempts."""
    search, world = Search(value), call.world

    def is_found(callback: Callback) -> bool:
        message = world.messages.get(callback.message)
        attempts = (part for each in callback.attempts for part in (each.url, each.answer, each.error or ""))
        words = (str(callback.id), callback.step.word, callback.step.status, *attempts)
        if message is None:
            return search.is_in(words)
        return search.is_in((message.id, *words)) or search.is_number(message.phone)

    return is_found


def _message_number(message: str, world: World) -> int | None:
    """Return the number of the message with an id, or that of the newest one for `latest`."""
    return next(reversed(world.messages), None) if message == LATEST else world.numbers.get(message)


FILTERS: Mapping[str, Callable[[ControlCall, Any], CallbackFilter]] = {
    "state": lambda _, value: lambda callback: callback.state == value,
    "provider": lambda _, value: lambda callback: callback.provider == value,
    "message": lambda call, value: lambda callback: callback.message == _message_number(value, call.world),
    "failing": lambda _, value: lambda callback: callback.is_failing is value,
    "search": _is_found,
}


def show_callback(callback: Callback, world: World, packs: Registry) -> Object:
    """Return a callback with its request and every attempt."""
    outgoing = request_of(world, packs, callback)
    return {**show_callback_state(callback, world), "request": None if outgoing is None else _show_outgoing(outgoing)}


def show_callback_state(callback: Callback, world: World) -> Object:
    """Return a callback without its request."""
    message = world.messages.get(callback.message)
    return {
        "id": callback.id,
        "message": None if message is None else message.id,
        "to": None if message is None else message.recipient,
        "provider": callback.provider,
        "reports": callback.step.word,
        "status": callback.step.status,
        "state": callback.state,
        "failing": callback.is_failing,
        "due": format_time(callback.due),
        "attempts": [_show_attempt(attempt) for attempt in callback.attempts],
    }


def callback_state_of(message: Message, world: World) -> str | None:
    """Return the state of a message's callbacks together, None if it has none."""
    return state_of_all(filter(None, map(world.callbacks.get, message.callbacks)))


def _show_outgoing(outgoing: Outgoing) -> Object:
    return {
        "method": outgoing.method,
        "url": masked_url(outgoing.url),
        "headers": masked_headers(outgoing.headers, None),
        "body": outgoing.body,
    }


def _show_attempt(attempt: Attempt) -> Object:
    return {
        "number": attempt.number,
        "at": format_time(attempt.at),
        "url": masked_url(attempt.url) if attempt.url else None,
        "status": attempt.status,
        "answer": attempt.answer,
        "ms": round(attempt.ms, 1),
        "error": attempt.error,
        "replay": attempt.replay,
        "interrupted": attempt.interrupted,
    }


async def list_targets(call: ControlCall) -> web.Response:
    """Reply with the targets by provider."""
    return reply(show_targets(call.world.targets))


async def put_targets(call: ControlCall) -> web.Response:
    """Set the targets of all providers; a provider that is not named has none."""
    named = {provider: read_target(call.body.nested(provider)) for provider in call.body.values}
    await check_targets(call, named)
    for provider in call.engine.providers.known:
        call.workspace.set_target(provider, named.get(provider))
    return await list_targets(call)


async def get_target(call: ControlCall) -> web.Response:
    """Reply with the target of one provider."""
    provider = provider_of(call)
    found = call.world.targets.get(provider)
    if found is None:
        raise refuse(404, "/provider", f"{provider} has no callback target; its callbacks are kept as collected")
    return reply(_show_target(found))


async def put_target(call: ControlCall) -> web.Response:
    """Set the target of one provider."""
    provider, target = provider_of(call), read_target(call.body)
    await check_targets(call, {provider: target}, at=lambda _: "/url")
    call.workspace.set_target(provider, target)
    return await get_target(call)


async def delete_target(call: ControlCall) -> web.Response:
    """Remove the target of one provider; its callbacks are kept as collected."""
    call.workspace.set_target(provider_of(call), None)
    return no_content()


def provider_of(call: ControlCall) -> str:
    """Return the provider that the path names.

    Raises:
        ProblemError: 404, there is none.

    """
    name = call.path["provider"]
    if name not in call.engine.providers.known:
        raise refuse(
            404, "/provider", f"no provider is called {name[:200]!r}.{near_miss(name, call.engine.providers.known)}"
        )
    return name


async def check_targets(
    call: ControlCall,
    targets: Mapping[str, Target],
    *,
    at: Callable[[str], str] = lambda provider: pointer([provider, "url"]),
) -> None:
    """Check that callbacks may reach each target; `at` points to the URL of a provider's.

    Raises:
        ProblemError: 400, no attempt at some of them could ever be made.

    """
    mistakes: list[Mistake] = []
    for provider, target in targets.items():
        try:
            await call.engine.egress.check_target(target.url)
        except RefusedAddressError as error:
            mistakes.append(Mistake(at(provider), str(error)))
    if mistakes:
        raise ProblemError(400, mistakes)


def read_target(given: Parameters) -> Target:
    """Return the target in a body."""
    return Target(given.get("url", str) or "", given.get("key", str))


def show_targets(targets: Mapping[str, Target]) -> Object:
    """Return the targets by provider."""
    return {provider: _show_target(target) for provider, target in sorted(targets.items())}


def _show_target(target: Target) -> Object:
    return {"url": masked_url(target.url), "key": None if target.key is None else mask(target.key)}
