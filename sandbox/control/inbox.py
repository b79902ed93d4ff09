"""Serves the inbox, a static page on the control API, below `/_sandbox/ui/`; `/` leads browsers there.

The page brings everything with it: its policy lets it load from this server alone and run no script but its own files.
"""

from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from aiohttp import web
from aiohttp.typedefs import Middleware

from sandbox.control.call import reply
from sandbox.control.system import INDEX

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


def add_inbox(app: web.Application, control: web.Application, guarded: Middleware) -> None:
    """Add the page to `control`, the application that answers below `/_sandbox`, and the way to it to `app`.

    `guarded` is what stands before every call of `control`, and so before `/`.
    """

    async def root(request: web.Request) -> web.StreamResponse:
        return await guarded(request, at_root)

    control.router.add_get("", at_base)
    control.router.add_get("/ui", to_page)
    control.router.add_get("/ui/{name:.*}", sheet)
    app.router.add_get("/", root)


async def at_root(request: web.Request) -> web.Response:
    """Send a browser to the page; answer anybody else, such as a probe, with the index."""
    return await to_page(request) if "text/html" in request.headers.get("Accept", "") else reply(INDEX)


async def at_base(_: web.Request) -> web.Response:
    """Answer the index where the last slash of its path is missing."""
    return reply(INDEX)


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
