"""Serves the inbox, a static page on the control API, below `/_sandbox/ui/`; `/` leads a browser there.

The page brings everything with it: its policy lets it load from this server alone and run no script but its own files.
"""

from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from aiohttp import web

PAGE = "/_sandbox/ui/"
FOLDER = Path(__file__).parent.parent / "inbox"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
TYPES: Mapping[str, str] = {  # not from the machine's own table, which may have another word for a script
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
HEADERS: Mapping[str, str] = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Sheet(NamedTuple):
    """One file of the page."""

    body: bytes
    type: str
    tag: str


class Doorstep(web.PlainResource):
    """The path `/` for browsers alone; for anybody else it is as unknown as before."""

    async def resolve(self, request: web.Request) -> tuple[web.UrlMappingMatchInfo | None, set[str]]:
        """Match a request that would rather see a page."""
        return await super().resolve(request) if "text/html" in request.headers.get("Accept", "") else (None, set())


def add_inbox(app: web.Application, control: web.Application) -> None:
    """Add the page to `control`, the application that answers below `/_sandbox`, and the way to it to `app`."""
    control.router.add_get("/ui", to_page)
    control.router.add_get("/ui/{name:.*}", sheet)
    doorstep = Doorstep("/")
    for method in ("GET", "HEAD"):
        doorstep.add_route(method, to_page)
    app.router.register_resource(doorstep)


async def to_page(_: web.Request) -> web.Response:
    """Send a browser to the page."""
    return web.Response(status=302, headers={"Location": PAGE})


async def sheet(request: web.Request) -> web.Response:
    """Answer a file of the page; a browser that has it already gets no body."""
    found = sheets().get(request.match_info["name"] or "index.html")
    if found is None:
        raise web.HTTPNotFound
    headers = {**HEADERS, "ETag": f'"{found.tag}"'}
    if any(etag.value in {found.tag, "*"} for etag in request.if_none_match or ()):
        return web.Response(status=304, headers=headers)
    return web.Response(body=found.body, headers={**headers, "Content-Type": found.type})


@cache
def sheets() -> Mapping[str, Sheet]:
    """Return every file of the page by its path in the folder; read at the first call that needs one."""
    paths = [path for path in FOLDER.rglob("*") if path.suffix in TYPES]
    return {path.relative_to(FOLDER).as_posix(): _read(path) for path in paths}


def _read(path: Path) -> Sheet:
    body = path.read_bytes()
    return Sheet(body, f"{TYPES[path.suffix]}; charset=utf-8", sha256(body).hexdigest()[:20])
