"""What stands once in a server: the index, health, the providers, and the documents that describe its API."""

from collections.abc import Mapping
from functools import cache

from aiohttp import web

from sandbox import __version__
from sandbox.control import provider_docs
from sandbox.control.call import ControlCall, reply
from sandbox.control.openapi import published
from sandbox.control.problems import refuse
from sandbox.formats.yaml_files import shipped
from sandbox.specs.types import JSON

INDEX: Mapping[str, object] = {
    "name": "sms-sandbox",
    "version": __version__,
    "links": {
        "inbox": "/_sandbox/ui/",
        "openapi": "/_sandbox/openapi.json",
        "health": "/_sandbox/health",
        "messages": "/_sandbox/messages",
        "providers": "/_sandbox/providers",
    },
}


async def index(_: ControlCall) -> web.Response:
    """Answer what serves here, and where to go on."""
    return reply(INDEX)


async def health(ask: ControlCall) -> web.Response:
    """Answer that it serves."""
    return reply({"status": "ok", "version": __version__, "providers": list(ask.engine.packs)})


async def providers(ask: ControlCall) -> web.Response:
    """Answer what every provider offers, each item with its word and source."""
    items = [provider_docs.describe(pack.spec) for pack in ask.engine.packs.values()]
    return reply({"items": items, "next": None, "evicted": 0})


async def openapi(_: ControlCall) -> web.Response:
    """Answer the description of this API."""
    return web.Response(body=published(), content_type=JSON)


async def metrics(ask: ControlCall) -> web.Response:
    """Answer what has been counted, for Prometheus."""
    from sandbox.control.metrics import expose  # noqa: PLC0415 - its library takes 40 ms that a start need not pay

    return expose(ask.memory.figures)


async def scenario_schema(_: ControlCall) -> web.Response:
    """Answer the JSON Schema of scenario files."""
    return web.Response(body=_scenario_schema(), content_type="application/schema+json")


@cache
def _scenario_schema() -> bytes:
    try:
        return (shipped("specs") / "scenario.schema.json").read_bytes()
    except OSError as error:
        raise refuse(404, "", f"the schema of scenarios cannot be read: {error.strerror}") from None
