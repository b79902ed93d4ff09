"""Several servers on one store: calls and requests for a workspace that another replica owns are passed on to it.

A provider's request is passed on as values, and its response comes back as values, so that the server that the client
is connected to can break it on the wire as a scenario says. A call of the control API is passed on as it is, and its
reply is passed back as it arrives. Replicas know each other by a token that the store keeps.
"""

import hmac
import json
from base64 import b64decode, b64encode
from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple

from aiohttp import ClientConnectionError, ClientConnectorError, ClientSession, ClientTimeout, TCPConnector, web
from yarl import URL

from sandbox.control.call import ControlCall, reply
from sandbox.control.lists import Object
from sandbox.control.problems import refuse
from sandbox.core.callback import Target
from sandbox.core.clock import Clock, format_time
from sandbox.core.effects import Fault
from sandbox.core.errors import ElsewhereError, ResetError, StoreError
from sandbox.core.world import DEFAULT_WORKSPACE
from sandbox.engine.engine import Engine, Handled
from sandbox.engine.replica import Replica, UnreachableError
from sandbox.pipeline import Response, unavailable
from sandbox.specs.body_parsing import Request

TOKEN = "X-Sandbox-Replica"  # noqa: S105 - the name of a header
HANDLE = "/_sandbox/replicas/requests"
CONNECT_TIMEOUT = 1.0  # seconds
NOT_HERE = 421  # the status of an answer of a replica that does not own the workspace either
CLOSED = 204  # the status of an answer to a request whose workspace was reset: its client gets no reply
HOP_BY_HOP = frozenset({"connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "content-length"})


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
    keys: Object
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
                kept["keys"] or {},
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


def is_passed_on(engine: Engine, request: web.BaseRequest) -> bool:
    """Return whether another replica makes a call, so that its client was judged there."""
    given = request.headers.get(TOKEN)
    replica = engine.replica
    if given is None or replica is None:
        return False
    return hmac.compare_digest(given.encode("utf-8", "replace"), replica.store.token.encode())


class Forwarder:
    """Passes on what belongs to workspaces of other replicas."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._session: ClientSession | None = None

    async def close(self, _: object = None) -> None:
        """Close the connections to other replicas."""
        if self._session is not None:
            await self._session.close()

    async def handle(self, request: Request, name: str) -> Handled:
        """Return the response to a provider's request for a workspace that is not at work here."""
        engine = self._engine

        async def here() -> Handled:
            return engine.receive(request)

        async def there(url: str) -> Handled:
            return await self._request(request, url)

        try:
            while True:
                try:
                    handled = await self._replica.route(name, here, there)
                except ElsewhereError as error:  # it was lost again, or the key leads to another one
                    name = error.workspace
                    continue
                if handled is not None:
                    return handled
                name = DEFAULT_WORKSPACE  # no workspace has the name: the key is one of the default workspace
        except StoreError as error:
            return engine.unavailable(error)

    async def call(
        self, request: web.Request, name: str, here: Callable[[], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse | None:
        """Return the reply to a call for a workspace that is not at work here; None if there is no such workspace."""

        async def there(url: str) -> web.StreamResponse:
            return await self._call(request, url)

        return await self._replica.route(name, here, there)

    @property
    def _replica(self) -> Replica:
        replica = self._engine.replica
        if replica is None:
            message = "the store is not shared"
            raise StoreError(message)
        return replica

    def _connect(self) -> ClientSession:
        if self._session is None:
            timeout = ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT)
            self._session = ClientSession(
                connector=TCPConnector(limit=0),
                timeout=timeout,
                auto_decompress=False,
                skip_auto_headers=["User-Agent"],
            )
        return self._session

    async def _request(self, request: Request, url: str) -> Handled:
        headers = {TOKEN: self._replica.store.token, "Content-Type": "application/json"}
        try:
            async with self._connect().post(url + HANDLE, data=write_request(request), headers=headers) as answer:
                content = await answer.read()
        except (ClientConnectorError, TimeoutError) as error:
            message = f"the replica at {url} cannot be reached: {error}"
            raise UnreachableError(message) from None
        except (ClientConnectionError, OSError) as error:
            message = f"the replica at {url} has gone while it handled the request, which may be stored: {error}"
            return self._engine.unavailable(StoreError(message))
        if answer.status == NOT_HERE:
            message = f"the replica at {url} does not own the workspace any more"
            raise UnreachableError(message)
        if answer.status == CLOSED:
            return Handled(self._engine.default, Response(0, {}, b"", fault=Fault.EMPTY_REPLY), None)
        return Handled(self._engine.default, read_response(content), None)

    async def _call(self, request: web.Request, url: str) -> web.StreamResponse:
        headers = [(name, value) for name, value in request.headers.items() if name.lower() not in HOP_BY_HOP]
        headers.append((TOKEN, self._replica.store.token))
        body = await request.read()
        target = URL(url + request.rel_url.raw_path_qs, encoded=True)
        try:
            async with self._connect().request(
                request.method, target, data=body, headers=headers, allow_redirects=False
            ) as answer:
                if answer.status == NOT_HERE:
                    message = f"the replica at {url} does not own the workspace any more"
                    raise UnreachableError(message)
                response = web.StreamResponse(status=answer.status)
                for name, value in answer.headers.items():
                    if name.lower() not in HOP_BY_HOP:
                        response.headers.add(name, value)
                if answer.content_type != "text/event-stream":
                    return web.Response(status=answer.status, headers=response.headers, body=await answer.read())
                await response.prepare(request)
                async for piece in answer.content.iter_any():
                    await response.write(piece)
                return response
        except (ClientConnectorError, TimeoutError) as error:
            message = f"the replica at {url} cannot be reached: {error}"
            raise UnreachableError(message) from None
        except (ClientConnectionError, OSError) as error:
            message = f"the replica at {url} has gone while it handled the call, which may have been made: {error}"
            raise StoreError(message) from None


def make_receiver(engine: Engine) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """Return the handler of provider requests that another replica passes on."""

    async def receive(request: web.Request) -> web.Response:
        if not is_passed_on(engine, request):
            raise refuse(404, "", "there is no such path")
        try:
            handled = engine.receive(read_request(await request.read()))
        except ElsewhereError:
            return web.Response(status=NOT_HERE)
        response = handled.response
        if handled.waiting is not None and response.fault is not Fault.HANG:
            try:
                await handled.waiting
            except ResetError:
                return web.Response(status=CLOSED)
            except StoreError as error:
                response = unavailable(str(error))
        return web.Response(body=write_response(response), content_type="application/json")

    return receive


def write_request(request: Request) -> bytes:
    """Return a provider's request as JSON."""
    return json.dumps({**request._asdict(), "headers": {**request.headers}, "body": _encode(request.body)}).encode()


def read_request(content: bytes) -> Request:
    """Return the request that `write_request` wrote."""
    values = json.loads(content)
    return Request(**{**values, "body": b64decode(values["body"])})


def write_response(response: Response) -> bytes:
    """Return a response as JSON; what it waited for is over."""
    values = {"status": response.status, "headers": {**response.headers}, "body": _encode(response.body)}
    return json.dumps({**values, "fault": response.fault}).encode()


def read_response(content: bytes) -> Response:
    """Return the response that `write_response` wrote."""
    values = json.loads(content)
    fault = None if values["fault"] is None else Fault(values["fault"])
    return Response(values["status"], values["headers"], b64decode(values["body"]), fault=fault)


def _encode(content: bytes) -> str:
    return b64encode(content).decode()
