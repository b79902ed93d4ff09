"""Builders for tests without HTTP: a world on a frozen clock and requests through the whole way of handling."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from types import MappingProxyType
from urllib.parse import urlencode

from sandbox.callbacks.compose import request_of
from sandbox.core.callback import Callback, CallbackState, Outgoing
from sandbox.core.clock import ClockMode, make_clock
from sandbox.core.scenario import Scenario
from sandbox.core.world import World
from sandbox.engine.scheduler import carry_out
from sandbox.formats.yaml_files import shipped
from sandbox.pipeline import Response, ServerContext, handle
from sandbox.providers.registry import Registry, discover
from sandbox.specs.body_parsing import FORM, Request
from sandbox.specs.routing import Router

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@cache
def packs() -> Registry:
    """Return the shipped packs."""
    return discover([shipped("specs")])


@cache
def router() -> Router:
    """Return all their routes."""
    return Router(route for pack in packs().values() for route in pack.spec.routes)


def make_world(scenario: Scenario | None = None, *, seed: int = 7, start: datetime = NOON) -> World:
    """Return an empty world whose clock stands at `start`."""
    return World(
        "default",
        clock=make_clock(ClockMode.FROZEN, start=start),
        seed=seed,
        scenario=scenario or Scenario("bare"),
        defaults={name: pack.spec.defaults for name, pack in packs().items()},
    )


def respond(world: World, request: Request) -> Response:
    """Return the response of a world to a request."""
    return handle(request, ServerContext(packs(), router(), world, lambda _: world))[1]


class Desk:
    """Sends requests into a world and moves its clock; every callback stays with the message as `collected`."""

    def __init__(self, world: World | None = None) -> None:
        self.world = world or make_world()

    def send(  # noqa: PLR0913 - the parts of a request, by keyword
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        json_body: object = None,
        form: Mapping[str, object] | None = None,
        body: bytes = b"",
    ) -> Response:
        """Return the answer to a request; `json_body` and `form` set the content type."""
        lowered = {name.lower(): value for name, value in (headers or {}).items()}
        if json_body is not None:
            body = json.dumps(json_body).encode()
            lowered.setdefault("content-type", "application/json")
        if form is not None:
            body = urlencode(form, doseq=True).encode()
            lowered.setdefault("content-type", FORM)
        # Requests with the same head share their headers: whatever would change them fails here.
        request = Request(method, path, urlencode(query or {}, doseq=True), MappingProxyType(lowered), body)
        return respond(self.world, request)

    def advance(self, by: timedelta) -> None:
        """Let the clock pass `by`, with every move and callback on the way."""
        run_until(self.world, self.world.now() + by)

    def callbacks(self) -> list[Outgoing]:
        """Return the callbacks that were written, in order."""
        written = (request_of(self.world, packs(), each) for each in self.world.callbacks.values())
        return [each for each in written if each]


def run_until(world: World, to: datetime, known: Registry | None = None) -> list[Callback]:
    """Move a world's clock to `to`, from due instant to due instant; return the callbacks that leave."""
    leaving = []
    while (due := world.agenda.first()) is not None and due.at <= to:
        if due.at > world.now():
            world.commit(world.clock.moved(due.at))
        callback = carry_out(world, known or packs(), due, quietly=True)
        if callback is not None and callback.state is CallbackState.SENDING:
            leaving.append(callback)
    world.commit(world.clock.moved(to))
    return leaving


def read(reply: Response) -> object:
    """Return the JSON of an answer."""
    return json.loads(reply.body)


__all__ = ["NOON", "Desk", "make_world", "packs", "read", "respond", "router", "run_until"]
