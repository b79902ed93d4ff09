"""The HTTP surface: provider paths to the engine, `/_sandbox/` to the control API."""

from collections.abc import AsyncIterator

from aiohttp import web

from sandbox.control.routes import add_control
from sandbox.engine import Engine
from sandbox.handling import BODY_ACCEPTED
from sandbox.specs.reading import Request


def make_app(engine: Engine) -> web.Application:
    """Return the application; the engine opens and closes with it."""
    app = web.Application(client_max_size=BODY_ACCEPTED)

    async def provider(request: web.Request) -> web.Response:
        reply = engine.receive(await read(request))
        return web.Response(status=reply.status, headers=reply.headers, body=reply.body)

    async def live(_: web.Application) -> AsyncIterator[None]:
        await engine.open()
        yield
        await engine.close()

    add_control(app, engine)
    app.router.add_route("*", "/{path:.*}", provider)
    app.cleanup_ctx.append(live)
    return app


async def read(request: web.Request) -> Request:
    """Return the request as plain values; a body over the limit is left unread."""
    body, oversize = b"", False
    if request.body_exists:
        try:
            body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            oversize = True
    headers = {name.lower(): value for name, value in request.headers.items()}
    return Request(request.method, request.path, request.rel_url.raw_query_string, headers, body, oversize)
