"""One-time codes: the newest one for a number, readable as soon as its message is."""

from collections.abc import Callable
from datetime import datetime, timedelta

from aiohttp import web

from sandbox.control.call import ControlCall, reply
from sandbox.control.long_poll import wait_for
from sandbox.control.messages import provider_is, table, to_is
from sandbox.control.pagination import sift
from sandbox.control.parameter_types import Since
from sandbox.control.problems import refuse
from sandbox.control.serializers import code_of
from sandbox.core.change import Change
from sandbox.core.clock import format_time
from sandbox.core.message import Message


def readable_at(message: Message) -> datetime:
    """Return when a message's code may be read: at once, or at its time when it was scheduled."""
    return message.scheduled_for or message.accepted_at


def fitting(ask: ControlCall) -> Callable[[Message], bool]:
    """Return whether a message is to the number asked for, at the provider, after `since`."""
    since = ask.query.get("since", Since) or Since()
    tests = [to_is(ask, ask.query.get("to", str) or "")]
    if (provider := ask.query.get("provider", str)) is not None:
        tests.append(provider_is(ask, provider))
    return lambda message: since.admits(message.number, readable_at(message)) and all(test(message) for test in tests)


async def get_otp(ask: ControlCall) -> web.Response:
    """Answer the newest code for a number."""
    world, fits, wanted = ask.world, fitting(ask), ask.query.get("code", str)

    async def look() -> tuple[Message, str] | None:
        now = world.now()
        rows = await sift(table(world), fits)
        coded = ((message, code) for message in rows if (code := code_of(message, now)) is not None)
        if wanted is not None:
            coded = ((message, code) for message, code in coded if code == wanted)
        return max(coded, key=lambda each: (readable_at(each[0]), each[0].number), default=None)

    def stirs(change: Change) -> bool:
        return isinstance(change, Message) and fits(change)

    found = await wait_for(ask.memory.waits, world, look, stirs=stirs, wait=ask.query.get("wait", timedelta))
    if found is None:
        which = "a one-time code" if wanted is None else f"the one-time code {wanted!r}"
        raise refuse(404, "/to", f"no message to {ask.query.get('to', str)!r} has {which}")
    message, code = found
    return reply(
        {
            "code": code,
            "to": message.recipient,
            "provider": message.provider,
            "message": message.id,
            "at": format_time(readable_at(message)),
        },
    )
