"""Composes callbacks: the target, the request whose body the provider writes, the timeout, and the retry schedule."""

from datetime import timedelta
from functools import lru_cache

from sandbox.core.callback import Callback, Outgoing, Target
from sandbox.core.clock import parse_duration
from sandbox.core.message import Message
from sandbox.core.trace import TraceContext, callback_span
from sandbox.core.world import World
from sandbox.providers.base import Report
from sandbox.providers.registry import Registry
from sandbox.templates.text import TemplateFailedError

_span = lru_cache(maxsize=256, typed=True)(parse_duration)  # a setting is read at every attempt


def retry_schedule(world: World, packs: Registry, message: Message) -> tuple[timedelta, ...]:
    """Return the delays between the attempts of a message's callbacks.

    They come from the scenario's rule, or else from its setting `retries`, or else from the provider's document
    (`specs/*.yaml`): from the `callback` of the channel, or else from the default of that setting.
    """
    if message.callback_policy.retries is not None:
        return message.callback_policy.retries
    own = packs[message.provider].provider.retries.get(message.channel.key)
    if own is not None and "retries" not in world.scenario.settings.get(message.provider, ()):
        return own
    delays = world.settings[message.provider]["retries"]
    return tuple(map(_span, delays)) if isinstance(delays, list) else ()


def timeout_of(world: World, message: Message) -> timedelta:
    """Return how long an attempt may take: the timeout of the scenario's rule, or else the setting `timeout`."""
    return message.callback_policy.timeout or _span(world.settings[message.provider]["timeout"])


def target_of(world: World, packs: Registry, message: Message) -> Target | None:
    """Return the target of a message's callbacks: the target in its request, or else the provider's."""
    return packs[message.provider].provider.target(message) or world.targets.get(message.provider)


def write(world: World, packs: Registry, callback: Callback) -> Outgoing:
    """Return the request of a callback with the current target, key and settings."""
    message = world.messages[callback.message]
    target = target_of(world, packs, message)
    key = message.callback_policy.key
    if key is not None:
        target = Target("", key) if target is None else target._replace(key=key)
    settings, attempt = world.settings[message.provider], callback.next_attempt
    report = Report(message, callback.step, target, settings, world, world.now(), callback.id, attempt)
    return _request(world, packs, report)


def request_of(world: World, packs: Registry, callback: Callback) -> Outgoing | None:
    """Return the request that was sent last or, if collected, would have been sent; None before either."""
    if callback.settings is None:
        return callback.request
    message = world.messages[callback.message]
    then = message._replace(reached=message.history.index(callback.step) + 1)  # what a report of that moment knew
    settings = {**world.settings[message.provider], **callback.settings}  # an edited document may have more
    report = Report(then, callback.step, None, settings, world, None, callback.id, callback.next_attempt)
    return _request(world, packs, report)


def _request(world: World, packs: Registry, report: Report) -> Outgoing:
    """Return the request of a report; if the provider's function fails, a request without a URL whose body says why."""
    try:
        outgoing = packs[report.message.provider].provider.report(report)
    except TemplateFailedError as error:
        return Outgoing("POST", "", {}, f"the callback of {report.message.provider} cannot be written: {error}")
    except Exception as error:  # noqa: BLE001 - the function may be of the user's own and raise anything
        reason = f"the function `report` of {report.message.provider} failed: {type(error).__name__}: {error}"
        return Outgoing("POST", "", {}, reason)
    trace = report.message.trace
    return outgoing if trace is None or not world.trace_callbacks else _with_trace(world, trace, outgoing, report)


def _with_trace(world: World, trace: TraceContext, outgoing: Outgoing, report: Report) -> Outgoing:
    """Return the request with headers that carry a child of the message's trace context."""
    span = callback_span(trace, seed=world.seed, callback=report.callback, attempt=report.attempt)
    return outgoing._replace(headers={**outgoing.headers, **trace._replace(parent_id=span).headers})
