"""The HTTP surface: provider paths to the engine, `/_sandbox/` to the control API."""

from collections.abc import Iterable

from aiohttp import web

from sandbox.control.access import Access
from sandbox.control.routes import add_control
from sandbox.core.errors import ResetError
from sandbox.engine.engine import Engine
from sandbox.engine.workspace import Workspace
from sandbox.pipeline import BODY_ACCEPTED, Answer
from sandbox.server.cors import Cors
from sandbox.server.response_writer import is_plain, pause, put
from sandbox.server.tls import provider_hosts
from sandbox.specs.body_parsing import Request
from sandbox.specs.routing import Missed

NO_CORS = Cors()


def make_app(
    engine: Engine, *, token: str | None = None, allow_host: Iterable[str] = (), cors: Cors = NO_CORS
) -> web.Application:
    """Return the application; the engine closes with it.

    Control calls must carry the `token`, if any; `allow_host` adds names by which the control API may be called.
    `cors` are the origins whose pages may call the providers' paths.
    """
    app = web.Application(client_max_size=BODY_ACCEPTED)
    access = Access(token, provider_hosts(engine.packs), tuple(allow_host))

    async def provider(request: web.Request) -> web.StreamResponse:
        asked = cors.mark(await read(request), access, scheme=request.scheme)
        if asked.allowed:
            found = engine.router.find(asked.method, asked.path)
            headers = cors.preflight(asked, found.allowed) if isinstance(found, Missed) else None
            if headers is not None:
                return response(engine.preflight(asked, headers))
        workspace, answer = engine.receive(asked)
        answer = cors.opened(asked, answer)
        return response(answer) if is_plain(answer) else await kept_back(request, answer, workspace)

    async def close(_: web.Application) -> None:
        await engine.close()

    add_control(app, engine, access)
    for path in engine.router.paths:
        app.router.add_route("*", path, provider)  # found at once; the next line has them all, and any other path
    app.router.add_route("*", r"/{path:[\s\S]*}", provider)
    app.on_cleanup.append(close)
    return app


def response(answer: Answer) -> web.Response:
    """Return the answer as the web server sends it."""
    return web.Response(status=answer.status, headers=answer.headers, body=answer.body)


async def kept_back(request: web.Request, answer: Answer, workspace: Workspace) -> web.Response:
    """Return the answer when its time has come; one that is to be broken goes around the web server."""
    transport, after = request.transport, pause(answer, workspace)
    if transport is None:
        after.cancel()
    elif answer.fault is None:
        try:
            await after
            return response(answer)
        except ResetError:
            transport.close()
    else:
        last = answer._replace(headers={**answer.headers, "Connection": "close"})
        await put(last, transport, workspace, after=after)
        transport.close()  # the web server cannot go on where it has not written itself
    return web.Response()  # it goes nowhere


async def read(request: web.Request) -> Request:
    """Return the request as plain values; a body over the limit is left unread."""
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
    headers = {name.lower(): clean(value) for name, value in request.headers.items()}
    # `path` would have %2F as a slash, which it is not.
    path = request.rel_url.path_safe if "%2f" in request.rel_url.raw_path.lower() else request.path
    return Request(request.method, clean(path), clean(request.rel_url.raw_query_string), headers, b"")


def clean(text: str) -> str:
    """Return a text without the half characters that stand for bytes that were no UTF-8."""
    return text if text.isascii() else text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
