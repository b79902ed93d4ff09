"""A request finds its route, is read, and becomes a call of its workspace."""

from datetime import datetime
from typing import NamedTuple

from sandbox.core.account import Account
from sandbox.core.world import World
from sandbox.providers.base import Call
from sandbox.providers.registry import Pack, Registry
from sandbox.specs.body_parsing import Request
from sandbox.specs.routing import Missed, Router
from sandbox.specs.spec import Reading, Route

BODY_ACCEPTED = 1024 * 1024  # bytes of a request's body
KEY_LIMIT = 256  # characters; a longer key is nobody's


class Arrival(NamedTuple):
    """A request that has found its route, read but not yet judged; `arrived` is in real seconds.

    `key_revoked`: its key led into a workspace that is gone.
    """

    request: Request
    route: Route
    pack: Pack
    reading: Reading
    key: str | None
    arrived: float
    key_revoked: bool = False


def arrive(request: Request, *, packs: Registry, router: Router, arrived: float) -> Arrival | Missed:
    """Find a request's route, read it, and find whose key it carries."""
    found = router.find(request.method, request.path)
    if isinstance(found, Missed):
        return found
    pack = packs[found.route.operation.provider]
    reading = found.route.read(request, found.path_values)
    return Arrival(request, found.route, pack, reading, pack.provider.key(reading.values, request.headers), arrived)


def make_call(world: World, arrival: Arrival) -> Call:
    """Return what the pack is given of a request."""
    spec, operation = arrival.pack.spec, arrival.route.operation
    at = world.now()
    return Call(  # by place: by name it takes three times as long
        operation.name,
        operation.channel,
        at,
        world.last_message + 1,
        world.seed,
        arrival.reading.values,
        arrival.request.headers,
        arrival.key,
        _account(world, arrival, at),
        arrival.reading.violations,
        world.settings[spec.name],
        operation.errors,
        operation.type,
    )


def _account(world: World, arrival: Arrival, at: datetime) -> Account | None:
    """Return the account of a request's key, a fresh one on its first use; None when the key is nobody's."""
    key, spec = arrival.key, arrival.pack.spec
    if not key or arrival.key_revoked or len(key) > KEY_LIMIT or not world.scenario.admits(spec.name, key):
        return None
    known = world.accounts.get((spec.name, key))
    return known or world.scenario.applied(spec.fresh_account(key, at=at))


class Visit(NamedTuple):
    """A request being handled in its workspace."""

    world: World
    arrival: Arrival
    call: Call
