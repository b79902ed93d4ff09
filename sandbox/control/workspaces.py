"""Workspaces and their clocks: created with keys of their own, listed, reset, deleted; read, set, advanced.

Several servers on one store are replicas: each lists the workspaces of the others, too.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from aiohttp import web

from sandbox.control.call import ControlCall, Parameters, no_content, reply
from sandbox.control.callbacks import check_targets, read_target, show_targets
from sandbox.control.lists import Collection, Object, list_items, not_found, reply_page
from sandbox.control.parameters import END_OF_TIME
from sandbox.control.problems import pointer, refuse
from sandbox.control.scenarios import read_given
from sandbox.core.clock import Clock, ClockConfig, ClockMode, format_time
from sandbox.core.world import DEFAULT_WORKSPACE
from sandbox.engine.advance import Advance, AdvanceEvent
from sandbox.engine.engine import TTL, Engine
from sandbox.engine.workspace import Workspace

NEXT = "next"  # the goal of an advance that goes to the next thing that is due


async def list_workspaces(call: ControlCall) -> web.Response:
    """Reply with a page of workspaces."""
    engine = call.engine
    own = {each.number: show_workspace(engine, each) for each in engine.workspaces.values() if engine.owns(each.name)}
    shown = own | await show_others(engine)
    numbered = {number: (number, shown[number]) for number in sorted(shown)}
    now = call.world.now()
    collection: Collection[tuple[int, Object]] = Collection(
        tuple, numbered, number=lambda pair: pair[0], at=lambda _: now, show=lambda pair: pair[1]
    )
    return await list_items(call, collection)


async def create_workspace(call: ControlCall) -> web.Response:
    """Create a workspace; what the body omits has the value that `serve` was started with."""
    given, default, scenario = call.body, call.engine.start, call.body.values.get("scenario")
    targets = {
        provider: read_target(given.nested("targets").nested(provider)) for provider in given.nested("targets").values
    }
    config = replace(
        default,
        scenario=default.scenario if scenario is None else read_given(call, scenario, at="/scenario"),
        seed=default.seed if given.get("seed", int) is None else given.get("seed", int),
        clock_config=read_clock(given.nested("clock"), at="/clock")
        if "clock" in given.values
        else default.clock_config,
        targets=targets if "targets" in given.values else default.targets,
    )
    ttl = given.get("ttl", timedelta)
    if ttl == timedelta(0):
        raise refuse(400, "/ttl", "a ttl of 0 is not allowed; use a duration such as 5m, or omit it (default: 1h)")
    if scenario is not None:
        own = {each: target for each, target in config.scenario.targets.items() if each not in config.targets}
        await check_targets(call, own, at=lambda _: "/scenario")
    if "targets" in given.values:
        await check_targets(call, targets, at=lambda provider: pointer(["targets", provider, "url"]))
    lease = call.engine.make_workspace(config, ttl=TTL if ttl is None else ttl, label=given.get("name", str))
    response = reply(show_workspace(call.engine, lease.workspace), status=201)
    response.headers["Location"] = lease.workspace.world.path
    return response


async def get_workspace(call: ControlCall) -> web.Response:
    """Reply with one workspace."""
    return reply(show_workspace(call.engine, _workspace(call)))


async def patch_workspace(call: ControlCall) -> web.Response:
    """Change the name of a workspace; null removes it."""
    workspace = _workspace(call)
    if "name" in call.body.values:
        call.engine.label_workspace(workspace, call.body.get("name", str))
    return reply(show_workspace(call.engine, workspace))


async def delete_workspace(call: ControlCall) -> web.Response:
    """Delete a workspace."""
    name = _workspace(call).name
    if name == DEFAULT_WORKSPACE:
        raise refuse(409, "/id", f"the workspace {DEFAULT_WORKSPACE} cannot be deleted; reset it instead")
    await call.engine.delete_workspace(name)
    return no_content()


async def reset_workspace(call: ControlCall) -> web.Response:
    """Reset a workspace; nothing from before the reset arrives after the reply."""
    await call.workspace.reset()
    return reply(show_workspace(call.engine, call.workspace))


def show_workspace(engine: Engine, workspace: Workspace) -> Object:
    """Return a workspace as the API shows it."""
    lease, world = engine.leases.get(workspace.name), workspace.world
    return {
        "id": workspace.name,
        "name": workspace.label,
        "keys": {} if lease is None else lease.keys,
        "scenario": world.scenario.name,
        "clock": show_clock(world.clock),
        "seed": world.seed,
        "targets": show_targets(world.targets),
        "ttl": None if lease is None else lease.ttl.total_seconds(),
    }


def _workspace(call: ControlCall) -> Workspace:
    """Return the workspace of the id in the path.

    Raises:
        ProblemError: 404, there is none.

    """
    workspace = call.engine.workspaces.get(call.path["id"])
    if workspace is None:
        raise not_found(call.path["id"], noun="workspace")
    return workspace


async def get_clock(call: ControlCall) -> web.Response:
    """Reply with the clock and its time."""
    return reply(show_clock(call.world.clock))


async def put_clock(call: ControlCall) -> web.Response:
    """Change how the clock runs."""
    return reply(show_clock(await call.workspace.set_clock(read_clock(call.body, call.world.clock))))


async def advance_clock(call: ControlCall) -> web.Response:
    """Advance the clock; the reply comes when every callback on the way has been tried."""
    by, to = call.body.get("by", timedelta), call.body.get("to", datetime)
    if call.body.get("until", str) == NEXT:
        by = _until_next(call)
    if by is not None and call.world.now() + by >= END_OF_TIME:
        raise refuse(400, "/by", f"the clock cannot go beyond the year {END_OF_TIME.year - 1}")
    return reply(_show_advance(await call.workspace.advance(to if by is None else by)))


def _until_next(call: ControlCall) -> timedelta:
    """Return how far the next entry of the agenda is away; nothing if there is none, or if it is overdue."""
    first = call.world.agenda.first()
    return timedelta(0) if first is None else max(first.at - call.world.now(), timedelta(0))


def read_clock(given: Parameters, running: Clock | None = None, *, at: str = "") -> ClockConfig:
    """Return the clock in a body, which `at` points to; what it omits is taken from the current clock.

    Raises:
        ProblemError: 400, a scaled clock has no rate, or another one has.

    """
    mode = ClockMode(given.get("mode", str) or (running.mode if running else ClockMode.REAL))
    rate = given.get("rate", float) or given.get("rate", int)
    if rate and mode is not ClockMode.SCALED:
        raise refuse(400, f"{at}/rate", f"a {mode} clock has no rate; only a scaled clock has one")
    if mode is ClockMode.SCALED and not rate:
        if running is None or running.mode is not ClockMode.SCALED:
            raise refuse(400, f"{at}/rate", "rate is missing; a scaled clock requires it")
        rate = running.rate
    return ClockConfig(mode, float(rate or 1), given.get("start", datetime))


def show_clock(clock: Clock) -> Object:
    """Return a clock and its present time."""
    return {"mode": clock.mode, "rate": clock.rate, "start": format_time(clock.start), "now": format_time(clock.now())}


def _show_advance(advance: Advance) -> Object:
    return {
        "from": format_time(advance.begin),
        "to": format_time(advance.end),
        "count": advance.count,
        "items": [_show_event(each) for each in advance.items],
        "truncated": advance.count > len(advance.items),
    }


def _show_event(event: AdvanceEvent) -> Object:
    """Return one event of an advance; a callback that was kept as collected has no attempt."""
    shown: Object = {"at": format_time(event.at)}
    if event.status is not None:
        return {**shown, "kind": "status", "message": event.message, "to": event.to, "status": event.status}
    shown |= {"kind": "callback", "message": event.message, "to": event.to, "attempt": event.attempt}
    callback = event.callback
    if callback is None:
        return shown
    last = callback.attempts[-1] if callback.attempts else None
    return {
        **shown,
        "callback": callback.id,
        "state": callback.state,
        "http_status": None if last is None else last.status,
        "error": None if last is None else last.error,
    }


async def list_replicas(call: ControlCall) -> web.Response:
    """Reply with the servers that share the store, and the workspaces that each has at work."""
    replica = call.engine.replica
    if replica is None:
        names = sorted(call.engine.workspaces)
        return reply_page([{"id": "local", "url": None, "started": None, "self": True, "workspaces": names}])
    rows = await replica.store.replicas()
    return reply_page(
        [
            {
                "id": row.id,
                "url": row.url,
                "started": format_time(row.started),
                "self": row.id == replica.store.id,
                "workspaces": list(row.workspaces),
            }
            for row in rows
        ]
    )


async def show_others(engine: Engine) -> dict[int, Object]:
    """Return the workspaces of other replicas as the API shows them, by number."""
    replica = engine.replica
    if replica is None:
        return {}
    from sandbox.engine.persistence import order_keys  # noqa: PLC0415 - see `Engine`
    from sandbox.store.workspace_codec import read_clock, read_counters, read_target  # noqa: PLC0415 - see `Engine`

    shown: dict[int, Object] = {}
    for each in await replica.store.overview():
        if engine.owns(each["name"]):
            continue
        counters, kept = read_counters(each["counters"]), each["workspace"]
        shown[kept["number"]] = {
            "id": each["name"],
            "name": kept["label"],
            "keys": order_keys(kept["keys"] or {}, engine.packs),
            "scenario": each["scenario"]["name"],
            "clock": show_clock(read_clock(each["clock"], at_least=counters.at)),
            "seed": counters.seed,
            "targets": show_targets(dict(map(read_target, each["target"]))),
            "ttl": kept["ttl"],
        }
    return shown
