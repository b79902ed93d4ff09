"""Several servers on one store: the list of them, and what lists tell of the workspaces of the others."""

from collections.abc import Mapping
from typing import NamedTuple

from aiohttp import web

from sandbox.control.call import ControlCall, reply
from sandbox.control.lists import Object
from sandbox.core.callback import Target
from sandbox.core.clock import Clock, format_time
from sandbox.engine.engine import Engine


async def list_replicas(call: ControlCall) -> web.Response:
    """Reply with the servers that share the store, and the workspaces that each has at work."""
    replica = call.engine.replica
    if replica is None:
        names = sorted(call.engine.workspaces)
        return _page([{"id": "local", "url": None, "started": None, "self": True, "workspaces": names}])
    rows = await replica.store.replicas()
    return _page(
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


class OtherWorkspace(NamedTuple):
    """What lists tell of a workspace of another replica."""

    number: int
    name: str
    label: str | None
    keys: Mapping[str, Mapping[str, str]]
    scenario: str
    clock: Clock
    seed: int
    targets: Mapping[str, Target]
    ttl: float | None


async def list_others(engine: Engine) -> list[OtherWorkspace]:
    """Return the workspaces of other replicas."""
    replica = engine.replica
    if replica is None:
        return []
    from sandbox.engine.persistence import order_keys  # noqa: PLC0415 - see `Engine`
    from sandbox.store.workspace_codec import read_clock, read_counters, read_target  # noqa: PLC0415 - see `Engine`

    found = []
    for each in await replica.store.overview():
        counters, kept = read_counters(each["counters"]), each["workspace"]
        clock, targets = read_clock(each["clock"], at_least=counters.at), dict(map(read_target, each["target"]))
        found.append(
            OtherWorkspace(
                kept["number"],
                each["name"],
                kept["label"],
                order_keys(kept["keys"] or {}, engine.packs),
                each["scenario"]["name"],
                clock,
                counters.seed,
                targets,
                kept["ttl"],
            )
        )
    return [each for each in found if not engine.owns(each.name)]


def _page(items: list[Object]) -> web.Response:
    return reply({"items": items, "next": None, "evicted": 0})
