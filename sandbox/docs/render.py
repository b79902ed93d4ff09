"""Renders Markdown pages as HTML with anchors, and splits them into the sections that a search finds.

Raw HTML in a page is escaped. A link to `NAME.md` becomes a link to the page `NAME`, so that the same links work where
the Markdown itself is displayed.
"""

import re
from collections.abc import Iterator, MutableMapping, Sequence
from functools import cache
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.renderer import RendererHTML
    from markdown_it.token import Token
    from markdown_it.utils import OptionsDict

PAGE_LINK = re.compile(r"([a-z-]+)\.md(#.*)?")
DROPPED = re.compile(r"[^\w\- ]")


class Section(NamedTuple):
    """A heading and the text below it, up to the next heading. `level` is 1 for the title of a page."""

    level: int
    title: str
    anchor: str
    text: str


class Page(NamedTuple):
    """A rendered page. `sections` are in the order of the page; the first has its title."""

    html: str
    sections: tuple[Section, ...]


def render(text: str) -> Page:
    """Return a page of Markdown as HTML and as sections."""
    markdown = _markdown()
    tokens = markdown.parse(text)
    _set_anchors(tokens)
    for token in tokens:
        for child in token.children or ():
            target = PAGE_LINK.fullmatch(str(child.attrGet("href") or ""))
            if target:
                child.attrSet("href", target[1] + (target[2] or ""))
    html = str(markdown.renderer.render(tokens, markdown.options, {}))
    return Page(html, tuple(_sections(tokens)))


def slug(title: str) -> str:
    """Return the anchor of a heading, formed as on GitHub."""
    return DROPPED.sub("", title.lower()).replace(" ", "-")


@cache
def _markdown() -> "MarkdownIt":
    from markdown_it import MarkdownIt  # noqa: PLC0415 - takes 100 ms and some MB, which only readers of pages pay

    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    markdown.add_render_rule("fence", _fence)
    markdown.add_render_rule("table_open", lambda *_: '<div class="table" tabindex="0"><table>\n')
    markdown.add_render_rule("table_close", lambda *_: "</table></div>\n")
    return markdown


def _fence(
    _: "RendererHTML", tokens: "Sequence[Token]", place: int, __: "OptionsDict", ___: MutableMapping[str, Any]
) -> str:
    """Return a block of code; it can take the focus, so that the keyboard can scroll it."""
    token = tokens[place]
    return f'<pre tabindex="0" data-language="{escape(token.info)}"><code>{escape(token.content)}</code></pre>\n'


def _set_anchors(tokens: "Sequence[Token]") -> None:
    seen: dict[str, int] = {}
    for token, inline in pairwise(tokens):
        if token.type == "heading_open":
            anchor = slug(_plain(inline))
            seen[anchor] = count = seen.get(anchor, -1) + 1
            token.attrSet("id", f"{anchor}-{count}" if count else anchor)


def _sections(tokens: "Sequence[Token]") -> Iterator[Section]:
    level, title, anchor, words = 0, "", "", list[str]()
    for place, token in enumerate(tokens):
        if token.type == "heading_open":
            if title:
                yield Section(level, title, anchor, " ".join(words))
            level, title, anchor = int(token.tag[1]), _plain(tokens[place + 1]), str(token.attrGet("id"))
            words = []
        elif token.type == "inline" and tokens[place - 1].type != "heading_open":
            words.append(_plain(token))
        elif token.type == "fence":
            words.append(" ".join(token.content.split()))
    yield Section(level, title, anchor, " ".join(words))


def _plain(inline: "Token") -> str:
    """Return the text of an inline token without its markup."""
    return "".join(child.content or " " * (child.type == "softbreak") for child in inline.children or ())
