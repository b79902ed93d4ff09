"""The journal: every provider request and its reply, refused ones too."""

from collections.abc import Callable
from fnmatch import fnmatchcase

from aiohttp import web

from sandbox.control.call import ControlCall
from sandbox.control.list_endpoints import by_number, listed, single
from sandbox.control.pagination import Table
from sandbox.control.serializers import show_exchange
from sandbox.core.journal import RequestRecord
from sandbox.core.world import World

Test = Callable[[RequestRecord], bool]


def table(world: World) -> Table[RequestRecord]:
    """Return the journal of a workspace."""
    return Table(
        RequestRecord,
        world.requests,
        number=lambda exchange: exchange.id,
        at=lambda exchange: exchange.at,
        show=show_exchange,
    )


def tests(ask: ControlCall) -> list[Test]:
    """Return what the query asks of an entry."""
    query = ask.query
    found: list[Test] = []
    if (provider := query.get("provider", str)) is not None:
        found.append(lambda exchange: exchange.provider == provider)
    if (operation := query.get("operation", str)) is not None:
        found.append(lambda exchange: fnmatchcase(exchange.operation or "", operation))
    if (status := query.get("status", int)) is not None:
        found.append(lambda exchange: exchange.status == status)
    if (refused := query.get("refused", bool)) is not None:
        found.append(lambda exchange: exchange.refused is refused)
    if (rule := query.get("rule", str)) is not None:
        found.append(lambda exchange: exchange.rule == rule)
    return found


async def list_requests(ask: ControlCall) -> web.Response:
    """Answer a page of the journal."""
    return await listed(ask, table(ask.world), tests(ask), evicted=ask.world.evicted["requests"])


async def get_request(ask: ControlCall) -> web.Response:
    """Answer one entry of the journal."""
    world = ask.world
    return await single(ask, table(world), lambda name: by_number(world.requests, name), noun="request")
