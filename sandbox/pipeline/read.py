"""Reads a request: its values, its key, and the workspace and account of the key."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import NamedTuple

from sandbox.core.account import Account
from sandbox.core.clock import monotonic
from sandbox.core.errors import SandboxError
from sandbox.core.world import World
from sandbox.providers.base import Call
from sandbox.providers.registry import Pack, Registry
from sandbox.specs.body_parsing import Request
from sandbox.specs.routing import Found, Router
from sandbox.specs.spec import Reading, Route

BODY_LIMIT = 1024 * 1024  # bytes of a request's body
KEY_TYPE = "the function `key` returns {}, not a string or None"
KEY_LIMIT = 256  # characters; no account has a longer key


class ProviderError(SandboxError):
    """A provider's function returned an invalid value; the text says which."""


class ServerContext(NamedTuple):
    """What all requests of a server share.

    `find_world` returns the world of the workspace that a key belongs to, None if that workspace was deleted. `default`
    is the world for requests without a key.
    """

    packs: Registry
    router: Router
    default: World
    find_world: Callable[[str | None], World | None]


class RequestContext:
    """What is known about a request while it is handled; each step adds to it, and it is dropped after the response.

    `arrived` is in real seconds, `at` on the clock of the workspace. `refused`, `messages` (the ids of those accepted)
    and `resent_of` (the number of the request that this one repeats) are for the journal.
    """

    world: World
    at: datetime
    pack: Pack
    route: Route
    reading: Reading
    call: Call
    provider: str | None = None
    operation: str | None = None
    key: str | None = None
    refused = True
    messages: tuple[str, ...] = ()
    resent_of: int | None = None

    def __init__(self, request: Request) -> None:
        self.request = request
        self.arrived = monotonic()

    def enter(self, world: World) -> None:
        """Set the world that the request belongs to, and the time on its clock."""
        self.world = world
        self.at = world.now()


def read(context: RequestContext, found: Found, server: ServerContext) -> Call:
    """Read a request by its operation's document, and return the call for the provider's functions."""
    route = found.route
    operation = route.operation
    pack = server.packs[operation.provider]
    context.route, context.pack = route, pack
    context.provider, context.operation = operation.provider, operation.name
    world: World | None = server.default
    try:
        reading = context.reading = route.read(context.request, found.path_values)
        key = pack.provider.key(reading.values, context.request.headers)
        if key is not None and not isinstance(key, str):
            raise ProviderError(KEY_TYPE.format(type(key).__name__))
        context.key = key
        world = server.find_world(key)
    finally:
        context.enter(world or server.default)
    call = context.call = Call(  # by place: by name it takes three times as long
        operation.name,
        operation.channel,
        context.at,
        context.world.last_message + 1,
        context.world.seed,
        reading.values,
        context.request.headers,
        key,
        _account(context, key, reading.values) if world is not None else None,
        reading.violations,
        context.world.settings[operation.provider],
        operation.errors,
        operation.type,
        context.request,
        context.world.last_request + 1,
    )
    return call


def _account(context: RequestContext, key: str | None, values: Mapping[str, object]) -> Account | None:
    """Return the account of a key, a new one at its first use; None if no account can have the key."""
    scenario, spec = context.world.scenario, context.pack.spec
    if not key or len(key) > KEY_LIMIT or not scenario.admits(spec.name, key):
        return None
    known = context.world.accounts.get((spec.name, key))
    if known is not None:
        return known
    account = scenario.applied(spec.fresh_account(key, at=context.at))
    read_secret = context.pack.provider.secret
    if read_secret is None:
        return account
    return account._replace(secret=read_secret(values, context.request.headers))
