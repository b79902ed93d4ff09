"""Composes the request of a callback: its target, its content, its time-out and the pauses between its attempts."""

from datetime import timedelta
from functools import lru_cache

from sandbox.core.callback import Callback, Outgoing, Target
from sandbox.core.clock import parse_duration
from sandbox.core.message import Message
from sandbox.core.world import World
from sandbox.providers.base import Report
from sandbox.providers.registry import Registry

span = lru_cache(maxsize=256, typed=True)(parse_duration)  # a setting is read at every attempt


def ladder_of(world: World, message: Message) -> tuple[timedelta, ...]:
    """Return the pauses between the attempts of a message's callbacks: the scenario's, or else the provider's."""
    if message.callback_policy.retries is not None:
        return message.callback_policy.retries
    rungs = world.settings[message.provider]["retries"]
    return tuple(map(span, rungs)) if isinstance(rungs, list) else ()


def timeout_of(world: World, message: Message) -> timedelta:
    """Return how long a receiver of a message's callbacks may take: as the scenario says, or else the provider."""
    return message.callback_policy.timeout or span(world.settings[message.provider]["timeout"])


def target_of(world: World, packs: Registry, message: Message) -> Target | None:
    """Return where a message's callbacks go now: where it says itself, else where its provider's go."""
    return packs[message.provider].provider.target(message) or world.targets.get(message.provider)


def write(world: World, packs: Registry, callback: Callback) -> Outgoing:
    """Return the request of a callback as it stands now: target, key and settings are those of this moment."""
    message = world.messages[callback.message]
    target = target_of(world, packs, message)
    key = message.callback_policy.key
    if key is not None:
        target = Target("", key) if target is None else target._replace(key=key)
    report = Report(message, callback.step, target, world.settings[message.provider])
    return _request(packs, report)


def request_of(world: World, packs: Registry, callback: Callback) -> Outgoing | None:
    """Return the request of a callback as it last left; of a collected one, as it would have; None before its time."""
    if callback.settings is None:
        return callback.request
    message = world.messages[callback.message]
    known = message.history[: message.history.index(callback.step) + 1]  # what a report of that moment knew
    report = Report(message._replace(history=known), callback.step, None, callback.settings)
    return _request(packs, report)


def _request(packs: Registry, report: Report) -> Outgoing:
    """Return the request of a report; where the pack's function fails, one that goes nowhere and says why."""
    try:
        return packs[report.message.provider].provider.report(report)
    except Exception as error:  # noqa: BLE001 - the function may be of the user's own and raise anything
        reason = f"the function that reports for {report.message.provider} fails: {type(error).__name__}: {error}"
        return Outgoing("POST", "", {}, reason)
