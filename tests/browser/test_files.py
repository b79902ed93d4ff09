"""The page's files: how they are served, how much they weigh, and what they may do. No browser is needed."""

from collections.abc import Mapping
from pathlib import Path

from aiohttp import ClientResponse

import sandbox
from tests.servers import Sandbox

FOLDER = Path(sandbox.__file__).parent / "inbox"
FILES = sorted(path for path in FOLDER.rglob("*") if path.suffix in {".css", ".html", ".js", ".svg"})


async def get(server: Sandbox, path: str, headers: Mapping[str, str] | None = None) -> ClientResponse:
    reply = await server.client.get(path, headers=headers, allow_redirects=False)
    await reply.read()
    return reply


async def test_the_page_may_run_its_own_files_alone(sandbox: Sandbox) -> None:
    reply = await get(sandbox, "/_sandbox/ui/")

    assert reply.headers["Content-Security-Policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )


async def test_every_file_is_served_with_its_type(sandbox: Sandbox) -> None:
    types = {".css": "text/css", ".html": "text/html", ".js": "text/javascript", ".svg": "image/svg+xml"}
    served = {}
    for path in FILES:
        reply = await get(sandbox, f"/_sandbox/ui/{path.relative_to(FOLDER).as_posix()}")
        served[path.name] = (reply.content_type, reply.headers["X-Content-Type-Options"], await reply.read())

    assert served == {path.name: (types[path.suffix], "nosniff", path.read_bytes()) for path in FILES}


async def test_a_file_that_the_browser_has_is_not_sent_again(sandbox: Sandbox) -> None:
    first = await get(sandbox, "/_sandbox/ui/js/main.js")
    again = await get(sandbox, "/_sandbox/ui/js/main.js", {"If-None-Match": first.headers["ETag"]})

    assert (again.status, await again.read(), again.headers["Cache-Control"]) == (304, b"", "no-cache")


async def test_nothing_else_of_the_folder_or_beyond_is_served(sandbox: Sandbox) -> None:
    paths = ["__init__.py", "../__init__.py", "%2e%2e/app.py", "js", "js/"]
    statuses = [(await get(sandbox, f"/_sandbox/ui/{path}")).status for path in paths]

    assert statuses == [404] * 5


async def test_a_browser_is_led_from_the_root_to_the_page(sandbox: Sandbox) -> None:
    reply = await get(sandbox, "/", {"Accept": "text/html,*/*;q=0.8"})

    assert (reply.status, reply.headers["Location"]) == (302, "/_sandbox/ui/")


def test_the_page_weighs_less_than_235_kilobytes() -> None:
    assert sum(path.stat().st_size for path in FILES) < 235_000


def test_no_file_names_another_host() -> None:
    strangers = [
        (path.name, line)
        for path in FILES
        for line in path.read_text(encoding="utf-8").splitlines()
        if "//" in line and "http" in line.replace("http://www.w3.org/2000/svg", "").replace("http://127.0.0.1", "")
    ]

    assert strangers == []


def test_no_markup_is_ever_made_from_text() -> None:
    makers = ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "DOMParser", "eval(", "new Function")
    found = [(path.name, maker) for path in FILES for maker in makers if maker in path.read_text(encoding="utf-8")]

    assert found == []
