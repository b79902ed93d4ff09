"""Ties the control API's paths to its functions."""

from aiohttp import web

from sandbox import __version__
from sandbox.engine import Engine


def add_control(app: web.Application, engine: Engine) -> None:
    """Add every control call to an application."""

    async def health(_: web.Request) -> web.Response:
        return web.json_response({"status": "ok", "version": __version__, "providers": list(engine.packs)})

    app.router.add_get("/_sandbox/health", health)
