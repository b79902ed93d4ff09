"""Workspaces: made with keys of their own, listed, reset, ended."""

from dataclasses import replace
from datetime import timedelta

from aiohttp import web

from sandbox.control.call import ControlCall, done, reply
from sandbox.control.clock import clock_config
from sandbox.control.list_endpoints import missing
from sandbox.control.pagination import LIMIT, Table, page
from sandbox.control.problems import refuse
from sandbox.control.scenarios import load
from sandbox.control.serializers import show_clock, show_targets
from sandbox.control.targets import target
from sandbox.core.world import DEFAULT_WORKSPACE
from sandbox.engine.engine import TTL, Engine
from sandbox.engine.workspace import Workspace


def show_workspace(engine: Engine, workspace: Workspace) -> dict[str, object]:
    """Return a workspace."""
    lease, world = engine.leases.get(workspace.name), workspace.world
    return {
        "id": workspace.name,
        "keys": {} if lease is None else lease.keys,
        "scenario": world.scenario.name,
        "clock": show_clock(world.clock),
        "seed": world.seed,
        "targets": show_targets(world.targets),
        "ttl": None if lease is None else lease.ttl.total_seconds(),
    }


async def list_workspaces(ask: ControlCall) -> web.Response:
    """Answer a page of workspaces."""
    engine, places = ask.engine, ask.memory.places()
    rows = {place: engine.workspaces[name] for name, place in places.items()}
    table = Table(
        Workspace,
        rows,
        number=lambda workspace: places[workspace.name],
        at=lambda workspace: workspace.world.now(),
        show=lambda workspace: show_workspace(engine, workspace),
    )
    cursor = ask.query.get("cursor", str)
    limit = ask.query.get("limit", int) or LIMIT
    found = await page(table, lambda _: True, limit=limit, before=int(cursor) if cursor else None)
    return reply({"items": found.items, "next": found.next, "evicted": 0})


async def make_workspace(ask: ControlCall) -> web.Response:
    """Make a workspace; what is not given comes from `serve`."""
    given, start, name = ask.body, ask.engine.start, ask.body.get("scenario", str)
    named = given.part("targets").values
    targets = {provider: target(given.part("targets").part(provider)) for provider in named}
    begun = replace(
        start,
        scenario=start.scenario if name is None else load(ask, name, at="/scenario"),
        seed=start.seed if given.get("seed", int) is None else given.get("seed", int),
        clock_config=clock_config(given.part("clock"), at="/clock") if "clock" in given.values else start.clock_config,
        targets=targets if "targets" in given.values else start.targets,
    )
    ttl = given.get("ttl", timedelta)
    if ttl == timedelta(0):
        raise refuse(400, "/ttl", "a workspace that is deleted at once is of no use; write 5m, 1h or leave it out (1h)")
    lease = ask.engine.make_workspace(begun, ttl=TTL if ttl is None else ttl)
    made = reply(show_workspace(ask.engine, lease.workspace), status=201)
    made.headers["Location"] = lease.workspace.world.path
    return made


async def reset(ask: ControlCall) -> web.Response:
    """Empty a workspace; nothing of before arrives after the answer."""
    await ask.workspace.reset()
    return reply(show_workspace(ask.engine, ask.workspace))


async def get_workspace(ask: ControlCall) -> web.Response:
    """Answer one workspace."""
    return reply(show_workspace(ask.engine, found(ask)))


async def delete_workspace(ask: ControlCall) -> web.Response:
    """End a workspace."""
    name = found(ask).name
    if name == DEFAULT_WORKSPACE:
        raise refuse(409, "/id", f"the workspace {DEFAULT_WORKSPACE} always exists; reset empties it")
    await ask.engine.delete_workspace(name)
    return done()


def found(ask: ControlCall) -> Workspace:
    """Return the workspace that the path names.

    Raises:
        ProblemError: 404, there is none.

    """
    workspace = ask.engine.workspaces.get(ask.path["id"])
    if workspace is None:
        raise missing(ask.path["id"], noun="workspace")
    return workspace
