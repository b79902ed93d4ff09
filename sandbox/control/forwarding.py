"""Several servers on one store: calls and requests for a workspace that another replica owns are passed on to it.

A provider's request is passed on as values, and its response comes back as values, so that the server that the client
is connected to can break it on the wire as a scenario says. A call of the control API is passed on as it is, and its
reply is passed back as it arrives. Replicas know each other by a token that the store keeps.
"""

import asyncio
import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from io import BytesIO

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout, TCPConnector, web
from yarl import URL

from sandbox.control.problems import refuse
from sandbox.core.effects import Fault
from sandbox.core.errors import ElsewhereError, ResetError, StoreError
from sandbox.core.world import DEFAULT_WORKSPACE
from sandbox.engine.engine import Engine, Handled
from sandbox.engine.replica import Replica, UnreachableError
from sandbox.pipeline import Response, unavailable
from sandbox.specs.body_parsing import Request

TOKEN = "X-Sandbox-Replica"  # noqa: S105 - the name of a header
HANDLE = "/_sandbox/replicas/requests"
LIST = "/_sandbox/replicas"
CONNECT_TIMEOUT = 1.0  # seconds
CHECK_TIMEOUT = 5.0  # seconds
LARGE = 1024 * 1024  # bytes
EVENT_STREAM = "text/event-stream"
NOT_HERE = 421  # the status of an answer of a replica that does not own the workspace either
REPEATABLE = frozenset({"GET", "HEAD"})
HOP_BY_HOP = frozenset(
    {"connection", "content-length", "expect", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"}
)


def is_passed_on(engine: Engine, request: web.BaseRequest) -> bool:
    """Return whether another replica makes a call, so that its client was judged there."""
    given = request.headers.get(TOKEN)
    replica = engine.replica
    if given is None or replica is None:
        return False
    return hmac.compare_digest(given.encode("utf-8", "replace"), replica.store.token.encode())


class Forwarder:
    """Passes on what belongs to workspaces of other replicas.

    Whether a replica that has gone had begun with a request is known: it says so first. One that it had not begun with
    is passed on again. One that it had may be stored, so its client is told that nobody knows, unless it changes
    nothing.
    """

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
            return await engine.turns.receive(request)

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
        body = await request.read()

        async def there(url: str) -> web.StreamResponse:
            return await self._call(request, body, url)

        return await self._replica.route(name, here, there)

    async def check_address(self) -> str | None:
        """Return what is wrong with the address that this server has told the others; None if it leads here."""
        replica = self._replica
        problem = "another server answers there"
        try:
            async with asyncio.timeout(CHECK_TIMEOUT):
                async with self._connect().get(replica.address + LIST, headers=self._headers) as answer:
                    listed = await answer.json() if answer.ok else {"items": []}
        except (ClientError, OSError, ValueError) as error:
            problem = str(error) or type(error).__name__
        else:
            if any(each["self"] and each["id"] == replica.store.id for each in listed["items"]):
                return None
        return (
            f"other replicas cannot reach this server at {replica.address}: {problem}; "
            "start it with --replica-url URL, an address that leads to it"
        )

    @property
    def _replica(self) -> Replica:
        replica = self._engine.replica
        if replica is None:
            message = "the store is not shared"
            raise StoreError(message)
        return replica

    @property
    def _headers(self) -> dict[str, str]:
        return {TOKEN: self._replica.store.token}

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
        begun = False
        try:
            async with self._connect().post(
                url + HANDLE, data=_content(write_request(request)), headers=self._headers
            ) as answer:
                begun = True
                _refuse_stranger(answer, url)
                handled = read_answer(await answer.read())
        except (ClientError, OSError, asyncio.CancelledError) as error:
            if begun:
                return self._engine.unavailable(StoreError(_gone(url)))
            if isinstance(error, asyncio.CancelledError):
                raise
            raise UnreachableError(_unreachable(url, error)) from None
        if handled is None:
            raise UnreachableError(_not_owner(url))
        return Handled(self._engine.default, handled, None)

    async def _call(self, request: web.Request, body: bytes, url: str) -> web.StreamResponse:
        headers = [(name, value) for name, value in request.headers.items() if name.lower() not in HOP_BY_HOP]
        headers += self._headers.items()
        begun = False

        async def content() -> AsyncIterator[bytes]:
            """Yield the body once the replica has said that it reads it."""
            nonlocal begun
            begun = True
            yield body

        repeatable = request.method in REPEATABLE
        response = web.StreamResponse()
        try:
            async with self._connect().request(
                request.method,
                URL(url + request.rel_url.raw_path_qs, encoded=True),
                data=body or None if repeatable else content(),
                headers=headers,
                expect100=not repeatable,
                allow_redirects=False,
            ) as answer:
                return await _relay(answer, request, response, url)
        except (ClientError, OSError, asyncio.CancelledError) as error:
            if response.prepared:
                return response  # the stream ends; its client asks for the rest
            if begun:
                raise StoreError(_gone(url)) from None
            if isinstance(error, asyncio.CancelledError):
                raise
            raise UnreachableError(_unreachable(url, error)) from None


async def _relay(
    answer: ClientResponse, request: web.Request, response: web.StreamResponse, url: str
) -> web.StreamResponse:
    """Return the reply of another replica: `response`, which is sent as it arrives, if it has no end."""
    if answer.status == NOT_HERE:
        raise UnreachableError(_not_owner(url))
    response.set_status(answer.status)
    for name, value in answer.headers.items():
        if name.lower() not in HOP_BY_HOP:
            response.headers.add(name, value)
    if answer.content_type != EVENT_STREAM:
        return web.Response(status=answer.status, headers=response.headers, body=await answer.read())
    await response.prepare(request)
    async for piece in answer.content.iter_any():
        await response.write(piece)
    return response


def _content(body: bytes) -> bytes | BytesIO:
    """Return a body as aiohttp sends it in pieces, if it is large."""
    return body if len(body) < LARGE else BytesIO(body)


def _refuse_stranger(answer: ClientResponse, url: str) -> None:
    """Raise StoreError unless a replica has answered a passed-on request."""
    if answer.status != web.HTTPOk.status_code:
        message = (
            f"what answers at {url} is no replica that shares this store (status {answer.status}); "
            "check the option --replica-url of the replica that owns the workspace"
        )
        raise StoreError(message)


def _unreachable(url: str, error: BaseException) -> str:
    return f"the replica at {url} cannot be reached: {error or type(error).__name__}"


def _not_owner(url: str) -> str:
    return f"the replica at {url} does not own the workspace any more"


def _gone(url: str) -> str:
    return f"the replica at {url} has gone while it handled the request, which may be stored"


def make_receiver(engine: Engine) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """Return the handler of provider requests that another replica passes on.

    The head of the reply leaves before the request is handled: a replica that gets none knows that nothing was stored.
    """

    async def receive(request: web.Request) -> web.StreamResponse:
        if not is_passed_on(engine, request):
            raise refuse(404, "", "there is no such path")
        received = read_request(await request.content.read())
        reply = web.StreamResponse(headers={"Content-Type": "application/octet-stream"})
        with suppress(ConnectionError):  # the other replica has given the request up
            await reply.prepare(request)
            await reply.write(b"\n")
            await asyncio.sleep(0)  # it is on its way
            await reply.write(write_answer(await _handle(engine, received)))
        return reply

    return receive


async def _handle(engine: Engine, request: Request) -> Response | None:
    """Return the response to a request that another replica passes on; None if its workspace is not at work here."""
    replica = engine.replica
    try:
        if replica is not None and (renewal := replica.ownership()) is not None:
            await asyncio.shield(renewal)
        if engine.failure is not None:
            return None
        handled = await engine.turns.receive(request)
    except (ElsewhereError, StoreError):
        return None
    if handled.waiting is None or handled.response.fault is Fault.HANG:
        return handled.response
    try:
        await handled.waiting
    except ResetError:
        return Response(0, {}, b"", fault=Fault.EMPTY_REPLY)
    except StoreError as error:
        return unavailable(str(error))
    return handled.response


def write_request(request: Request) -> bytes:
    """Return a provider's request as a line of JSON and its body."""
    return _frame({**request._asdict(), "headers": {**request.headers}, "body": ""}, request.body)


def read_request(content: bytes) -> Request:
    """Return the request that `write_request` wrote."""
    head, _, body = content.partition(b"\n")
    return Request(**{**json.loads(head), "body": body})


def write_answer(response: Response | None) -> bytes:
    """Return a response as a line of JSON and its body; what it waited for is over."""
    if response is None:
        return _frame(None, b"")
    values = {"status": response.status, "headers": {**response.headers}, "fault": response.fault}
    return _frame(values, response.body)


def read_answer(content: bytes) -> Response | None:
    """Return the response that `write_answer` wrote, after an empty line."""
    head, _, body = content[1:].partition(b"\n")
    values = json.loads(head)
    if values is None:
        return None
    fault = None if values["fault"] is None else Fault(values["fault"])
    return Response(values["status"], values["headers"], body, fault=fault)


def _frame(head: object, body: bytes) -> bytes:
    return json.dumps(head).encode() + b"\n" + body
