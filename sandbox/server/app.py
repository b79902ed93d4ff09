"""The aiohttp application: provider paths lead to the engine, `/_sandbox/` to the control API; and CORS.

It handles what the fast path leaves to it: requests of web pages, unusual requests, and the control API.
"""

import re
from collections.abc import Collection, Iterable, Mapping

from aiohttp import web

from sandbox.control.access import Access, same_origin
from sandbox.control.mcp import McpEndpoint
from sandbox.control.metrics import Metrics
from sandbox.control.routes import add_control
from sandbox.core.errors import ResetError, StoreError
from sandbox.core.trace import TRACEPARENT, TRACESTATE
from sandbox.engine.engine import Engine, Handled
from sandbox.pipeline import BODY_LIMIT, Response, unavailable
from sandbox.server.response_writer import at_once, write_answer
from sandbox.specs.body_parsing import Request
from sandbox.specs.routing import Missed

ANY = "*"
ORIGIN = re.compile(r"https?://(?:[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?")
DEFAULT_PORTS = {"http": ":80", "https": ":443"}
NAMES = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+(?: *, *[!#$%&'*+.^_`|~0-9A-Za-z-]+)*")
METHOD = "access-control-request-method"
HEADERS = "access-control-request-headers"
NETWORK = "access-control-request-private-network"
EXPOSED = "X-Sandbox-Request, X-Sandbox-Why, X-Sandbox-Rule, Retry-After"
# Headers that are read as one list if a request has several; a list is no valid `traceparent`.
JOINED = (TRACEPARENT, TRACESTATE)
MAX_AGE = "600"  # seconds for which a browser keeps the reply to a preflight request


def read_origin(text: str) -> str | None:
    """Return an origin as browsers write it, or `*`; None if the string is neither."""
    origin = text.lower()
    if origin == ANY:
        return ANY
    if not ORIGIN.fullmatch(origin):
        return None
    return origin.removesuffix(DEFAULT_PORTS[origin.partition(":")[0]])


class Cors:
    """The origins whose pages may call provider paths. No provider documents CORS, so by default there is none.

    `access` says who counts as the server itself.
    """

    def __init__(self, origins: Collection[str], access: Access) -> None:
        self._origins = frozenset(filter(None, map(read_origin, origins)))
        self._access = access

    def classify(self, request: Request, *, scheme: str) -> Request:
        """Return a request, marked as allowed or with a hint if a page of another origin made it."""
        origin = request.headers.get("origin")
        if origin is None:
            return request
        if ANY in self._origins or origin.lower() in self._origins:
            return request._replace(allowed=True)
        if same_origin(self._access, origin, request.headers.get("host", ""), scheme=scheme):
            return request
        name = origin if read_origin(origin) else ANY
        page = (
            f"header Origin: {origin[:80]} is a web page, and browsers cannot read this reply, because no provider"
            f" documents CORS; to allow the page, start with sms-sandbox serve --cors {name[:80]}"
        )
        return request._replace(page=page)

    def preflight(self, request: Request, methods: Collection[str]) -> Mapping[str, str] | None:
        """Return the headers of the reply to an allowed preflight request; None for any other request."""
        if not request.allowed or request.method != "OPTIONS" or METHOD not in request.headers or not methods:
            return None
        requested = request.headers.get(HEADERS, "").strip()
        headers = {**self._origin(request), "Access-Control-Allow-Methods": ", ".join(methods)}
        if NAMES.fullmatch(requested):
            headers["Access-Control-Allow-Headers"] = requested
        if request.headers.get(NETWORK) == "true":
            headers["Access-Control-Allow-Private-Network"] = "true"
        return {**headers, "Access-Control-Max-Age": MAX_AGE}

    def allow_reading(self, request: Request, answer: Response) -> Response:
        """Return an answer with the headers that let an allowed page read it."""
        if not request.allowed:
            return answer
        headers = {**answer.headers, **self._origin(request), "Access-Control-Expose-Headers": EXPOSED}
        return answer._replace(headers=headers)

    def _origin(self, request: Request) -> dict[str, str]:
        if ANY in self._origins:
            return {"Access-Control-Allow-Origin": ANY}
        return {"Access-Control-Allow-Origin": request.headers["origin"], "Vary": "Origin"}


PAGE_RULES = web.AppKey("page_rules", Cors)


def make_app(  # noqa: PLR0913 - each is a setting of its own
    engine: Engine,
    *,
    token: str | None = None,
    allow_host: Iterable[str] = (),
    cors: Collection[str] = (),
    mcp: McpEndpoint | None = None,
    metrics: Metrics | None = None,
) -> web.Application:
    """Return the application, which closes the engine when it ends.

    Control calls must carry the `token`, if there is one. `allow_host` are further host names of the control API.
    `cors` has the origins whose pages may call provider paths. `mcp` answers coding agents.
    `metrics` has what was counted before, if anything.
    """
    app = web.Application(client_max_size=BODY_LIMIT)
    access = Access(token, engine.providers.hosts, tuple(allow_host))
    pages = app[PAGE_RULES] = Cors(cors, access)

    async def provider(request: web.Request) -> web.StreamResponse:
        received = pages.classify(await read_request(request), scheme=request.scheme)
        if received.allowed:
            found = engine.router.find(received.method, received.path)
            headers = pages.preflight(received, found.allowed) if isinstance(found, Missed) else None
            if headers is not None:
                return await send(request, engine.preflight(received, headers))
        handled = await engine.receive_anywhere(received)
        return await send(request, handled._replace(response=pages.allow_reading(received, handled.response)))

    async def close(_: web.Application) -> None:
        await engine.close()

    add_control(app, engine, access, mcp=mcp, metrics=metrics)
    for path in engine.router.paths:
        app.router.add_route("*", path, provider)  # found by a dictionary; the next line matches any path
    app.router.add_route("*", r"/{path:[\s\S]*}", provider)
    app.on_cleanup.append(close)
    return app


def make_response(answer: Response) -> web.Response:
    """Return an answer as a response of aiohttp."""
    return web.Response(status=answer.status, headers=answer.headers, body=answer.body)


async def send(request: web.BaseRequest, handled: Handled) -> web.Response:
    """Return the response when it may leave; one with a fault is written past aiohttp."""
    workspace, answer, waiting = handled
    if waiting is None and answer.fault is None:
        return make_response(answer)
    after = waiting or at_once(answer, workspace)
    transport = request.transport
    if transport is None:
        if waiting is not None:
            waiting.cancel()
    elif answer.fault is None:
        try:
            await after
            return make_response(answer)
        except ResetError:
            transport.close()
        except StoreError as error:
            return make_response(unavailable(str(error)))
    else:
        await write_answer(answer, transport, workspace, after=after, is_last=True)
        transport.close()  # aiohttp cannot continue on a connection that it has not written to
    return web.Response()  # it is not sent


async def read_request(request: web.Request) -> Request:
    """Return a request as plain values; a body over the limit is left unread."""
    body, oversize, broken = b"", False, ""
    head = head_of(request)
    if request.body_exists:
        try:
            body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            oversize = True
        except web.RequestPayloadError as error:
            broken = str(error)
    return head._replace(body=body, oversize=oversize, broken=broken)


def head_of(request: web.BaseRequest) -> Request:
    """Return the head of a request as plain values."""
    headers = {name.lower(): replace_surrogates(value) for name, value in request.headers.items()}
    for name in JOINED:
        if name in headers and len(values := request.headers.getall(name)) > 1:
            headers[name] = ", ".join(map(replace_surrogates, values))
    # `path` has %2F as a slash, which would change the route.
    path = request.rel_url.path_safe if "%2f" in request.rel_url.raw_path.lower() else request.path
    return Request(
        request.method, replace_surrogates(path), replace_surrogates(request.rel_url.raw_query_string), headers, b""
    )


def replace_surrogates(text: str) -> str:
    """Return a text with U+FFFD for bytes that are not UTF-8, which aiohttp keeps as surrogates."""
    return text if text.isascii() else text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
