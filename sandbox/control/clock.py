"""The clock of a workspace: read, set, advanced."""

from datetime import datetime, timedelta

from aiohttp import web

from sandbox.control.call import ControlCall, reply
from sandbox.control.call_input import Given
from sandbox.control.parameter_types import FAR
from sandbox.control.problems import refuse
from sandbox.control.serializers import show_clock
from sandbox.core.clock import Clock, ClockConfig, ClockMode, format_time
from sandbox.engine.advance import Advance, AdvanceEvent


def clock_config(given: Given, running: Clock | None = None, *, at: str = "") -> ClockConfig:
    """Return how a clock is asked to run; what is not given is as it runs now.

    Raises:
        ProblemError: 400, a scaled clock has no rate, or another one has.

    """
    mode = ClockMode(given.get("mode", str) or (running.mode if running else ClockMode.REAL))
    rate = given.get("rate", float) or given.get("rate", int)
    if rate and mode is not ClockMode.SCALED:
        raise refuse(400, f"{at}/rate", f"a {mode} clock has no rate; only a scaled one has")
    if mode is ClockMode.SCALED and not rate:
        if running is None or running.mode is not ClockMode.SCALED:
            raise refuse(400, f"{at}/rate", "rate is missing: a scaled clock needs one")
        rate = running.rate
    return ClockConfig(mode, float(rate or 1), given.get("start", datetime))


async def get_clock(ask: ControlCall) -> web.Response:
    """Answer what time it is."""
    return reply(show_clock(ask.world.clock))


async def put_clock(ask: ControlCall) -> web.Response:
    """Let the clock run otherwise."""
    return reply(show_clock(await ask.workspace.set_clock(clock_config(ask.body, ask.world.clock))))


async def advance_clock(ask: ControlCall) -> web.Response:
    """Let the clock pass; answer when every callback on the way was tried."""
    by, to = ask.body.get("by", timedelta), ask.body.get("to", datetime)
    if by is not None and ask.world.now() + by >= FAR:
        raise refuse(400, "/by", f"leads to the year {FAR.year} or beyond, where no clock stands")
    return reply(show_advance(await ask.workspace.advance(to if by is None else by)))


def show_advance(advance: Advance) -> dict[str, object]:
    """Return what an advance came to."""
    return {
        "from": format_time(advance.begin),
        "to": format_time(advance.end),
        "count": advance.count,
        "items": [show_happening(each) for each in advance.items],
        "truncated": advance.count > len(advance.items),
    }


def show_happening(happening: AdvanceEvent) -> dict[str, object]:
    """Return one thing that an advance did; a callback that was kept as collected has no attempt."""
    shown: dict[str, object] = {"at": format_time(happening.at)}
    if happening.status is not None:
        return {**shown, "kind": "status", "message": happening.message, "status": happening.status}
    return {**shown, "kind": "callback", "message": happening.message, "attempt": happening.attempt}
