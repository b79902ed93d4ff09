"""Serves the documentation: each page as HTML and as Markdown, a style sheet, a script and the search index.

Like the inbox, the pages load from this server alone and run no script but their own file. They contain no data of a
workspace, so no token is needed to read them; the `Host` header is checked as before every control call.
"""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from html import escape
from pathlib import Path

from aiohttp import web

from sandbox import __version__
from sandbox.control.system import INBOX_HEADERS, send_file
from sandbox.docs.reference import fill_in
from sandbox.docs.render import Page, render
from sandbox.providers.registry import Registry

BASE = "/_sandbox/docs/"
FOLDER = Path(__file__).parent
PNG = "image/png"
ASSETS: Mapping[str, str] = {
    "docs.css": "text/css",
    "docs.js": "text/javascript",
    "deploy/compose.yaml": "text/plain",
    "deploy/haproxy.cfg": "text/plain",
    "deploy/kubernetes.yaml": "text/plain",
    "pictures/overview.png": PNG,
    "pictures/overview-phone.png": PNG,
}
INDEX = "index"
LINK = re.compile(r"\[([^\]]+)\]\([^)]+\)")
SENTENCE = re.compile(r"(?<=[.:!?])\s")

SUMMARY = (
    "A local stand-in for SMS and WhatsApp providers: their paths, their replies, their delivery callbacks, and a "
    "clock that tests control. Coding agents can also use it as tools, by the Model Context Protocol (MCP)."
)

# The pages in the order of the sidebar.
CONTENTS: Mapping[str, tuple[str, ...]] = {
    "Start": (INDEX, "tutorial"),
    "Guides": (
        "inbox",
        "requests",
        "scenarios",
        "clock",
        "callbacks",
        "inbound",
        "pytest",
        "languages",
        "browser-tests",
        "agents",
        "ci",
        "tls",
        "cors",
        "tracing",
        "workspaces",
        "saved-states",
        "exports",
        "persistence",
        "replicas",
        "deployment",
        "own-provider",
        "import-provider",
        "record",
        "is-it-right",
    ),
    "Reference": ("cli", "control-api", "python-client", "scenario-keys", "provider-keys", "providers", "problems"),
    "Explanation": ("how-it-works", "limits", "architecture", "glossary"),
    "Project": ("contributing", "security", "changelog", "figures"),
}
PAGES = tuple(name for names in CONTENTS.values() for name in names)


class Site:
    """The pages of one server, rendered at the first request for each."""

    def __init__(self, packs: Registry) -> None:
        self._packs = packs
        self._sources: dict[str, str] = {}
        self._pages: dict[str, Page] = {}

    def forget(self) -> None:
        """Render the pages again: the providers were replaced."""
        self._sources.clear()
        self._pages.clear()
        self.__dict__.pop("search_index", None)  # cached

    def source(self, name: str) -> str:
        """Return the Markdown of a page, its generated parts included."""
        if name not in self._sources:
            self._sources[name] = fill_in(_text_of(name), self._packs)
        return self._sources[name]

    def page(self, name: str) -> Page:
        """Return a page as rendered."""
        if name not in self._pages:
            self._pages[name] = render(self.source(name))
        return self._pages[name]

    def document(self, name: str) -> str:
        """Return a page as a whole HTML document."""
        title = title_of(name)
        return FRAME.format(
            title=escape(title), name=name, version=__version__, body=self.page(name).html, nav="".join(self._nav(name))
        )

    @cached_property
    def search_index(self) -> bytes:
        """Return every section of every page as JSON: page, its title, heading, anchor and text."""
        rows = [
            {"page": name, "in": title_of(name), "title": each.title, "anchor": each.anchor, "text": each.text}
            for name in PAGES
            for each in self.page(name).sections
        ]
        return json.dumps(rows, ensure_ascii=False, separators=(",", ":")).encode()

    def _nav(self, current: str) -> Iterator[str]:
        for section, names in CONTENTS.items():
            yield f"<h2>{section}</h2>\n<ul>\n"
            for name in names:
                here = ' aria-current="page"' if name == current else ""
                yield f'<li><a href="{BASE}{"" if name == INDEX else name}"{here}>{escape(title_of(name))}</a>'
                yield from self._headings(name) if here else ()
                yield "</li>\n"
            yield "</ul>\n"

    def _headings(self, name: str) -> Iterator[str]:
        found = [each for each in self.page(name).sections if each.level == 2]  # noqa: PLR2004 - the level below the title
        if found:
            yield "\n<ul>\n"
            yield from (f'<li><a href="#{each.anchor}">{escape(each.title)}</a></li>\n' for each in found)
            yield "</ul>\n"


def title_of(name: str) -> str:
    """Return the title of a page."""
    return _text_of(name).partition("\n")[0].removeprefix("# ")


def description_of(name: str) -> str:
    """Return what a page is about: what the first page says of it, or else its own first sentence."""
    listed = re.search(rf"^- \[[^\]]+\]\({re.escape(name)}\.md\): (.+)$", _text_of(INDEX), re.MULTILINE)
    if listed:
        return listed[1]
    first = next((each for each in _text_of(name).split("\n\n")[1:] if each[:1] not in "#<|`-"), "")
    return SENTENCE.split(LINK.sub(r"\1", first), maxsplit=1)[0].strip().rstrip(":")


def llms_text() -> str:
    """Return the list of the pages for language models, in the format of llmstxt.org."""
    lines = ["# sms-sandbox", "", f"> {SUMMARY}"]
    for section, names in CONTENTS.items():
        lines += ["", f"## {section}", ""]
        lines += [f"- [{title_of(name)}]({BASE}{name}.md): {description_of(name)}" for name in names]
    return "\n".join(lines) + "\n"


@cache
def _text_of(name: str) -> str:
    """Return a page as its file has it."""
    return (FOLDER / f"{name}.md").read_text(encoding="utf-8")


def add_docs(control: web.Application, packs: Registry) -> Site:
    """Add the pages to `control`, the application that answers below `/_sandbox`, and return them."""
    site = Site(packs)

    async def answer(request: web.Request) -> web.Response:
        body, kind = read(site, request.match_info["name"])
        return send_file(request, body, kind if kind == PNG else f"{kind}; charset=utf-8")

    async def list_pages(_: web.Request) -> web.Response:
        return web.Response(text=llms_text(), headers=INBOX_HEADERS)

    control.router.add_get("/llms.txt", list_pages)
    control.router.add_get("/docs", to_docs)
    control.router.add_get("/docs/{name:.*}", answer)
    return site


async def to_docs(_: web.Request) -> web.Response:
    """Redirect to the first page."""
    return web.Response(status=302, headers={"Location": BASE})


def read(site: Site, path: str) -> tuple[bytes, str]:
    """Return the body and the type of what lies at a path below `/_sandbox/docs/`.

    Raises:
        web.HTTPNotFound: nothing does.

    """
    name = path or INDEX
    if name in PAGES:
        return site.document(name).encode(), "text/html"
    if name.removesuffix(".md") in PAGES:
        return site.source(name.removesuffix(".md")).encode(), "text/markdown"
    if name in ASSETS:
        return (FOLDER / name).read_bytes(), ASSETS[name]
    if name == "search.json":
        return site.search_index, "application/json"
    raise web.HTTPNotFound


FRAME = """\
<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <title>{title} · sms-sandbox docs</title>
  <link rel="icon" href="/_sandbox/ui/icon.svg" type="image/svg+xml">
  <link rel="stylesheet" href="/_sandbox/docs/docs.css">
  <script src="/_sandbox/docs/docs.js"></script>
</head>
<body>
  <a class="skip" href="#content">Skip to the content</a>
  <header class="top">
    <a class="menu" href="#pages">Pages</a>
    <a class="brand" href="/_sandbox/docs/"><img src="/_sandbox/ui/icon.svg" alt="" width="22" height="22">sms-sandbox
      <span class="version">docs {version}</span></a>
    <div class="search" role="search">
      <input id="query" type="search" placeholder="Search ( / )" aria-label="Search the documentation"
        aria-controls="results" autocomplete="off" spellcheck="false" disabled>
      <div id="results" hidden></div>
    </div>
    <a class="inbox" href="/_sandbox/ui/">Inbox</a>
  </header>
  <div class="frame">
    <nav id="pages" aria-label="Pages">
      <a class="close" href="#content">Close</a>
      {nav}
    </nav>
    <main id="content" tabindex="-1">
      <article>
{body}
      </article>
      <footer><a href="/_sandbox/docs/{name}.md">This page as Markdown</a></footer>
    </main>
  </div>
  <div id="announcer" class="unseen" role="status" aria-live="polite"></div>
</body>
</html>
"""
