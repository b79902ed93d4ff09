"""Replaces the values in a query, a form, JSON, XML, or multipart body, and leaves every other character as it was.

A value that does not change keeps the way in which it was written; one that changes is encoded as its neighbours are.
"""

import json
import re
from collections.abc import Callable, Iterator
from html import unescape
from typing import NamedTuple
from urllib.parse import quote, quote_plus, unquote_to_bytes
from xml.sax.saxutils import escape, quoteattr


class Leaf(NamedTuple):
    """A value: the name of its member or parameter, and those beside it; items of a list have the name of the list."""

    name: str
    value: str
    beside: frozenset[str] = frozenset()
    is_number: bool = False


class Replacer(NamedTuple):
    """What to put in the place of a value, of a member's name, and of a text without a known form."""

    value: Callable[[Leaf], str]
    name: Callable[[str], str]
    text: Callable[[str], str]


FORM, JSON_KIND, XML, MULTIPART = "application/x-www-form-urlencoded", "json", "xml", "multipart/"
QUERY = "query"  # in the place of a media type
JSON_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*', re.DOTALL)
NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?", re.ASCII)
XML_TOKEN = re.compile(r"<!\[CDATA\[(?P<raw>.*?)\]\]>|(?P<tag><[^>]*>)|(?P<text>[^<]+)", re.DOTALL)
TAG_NAME = re.compile(r"</?([^\s/>!?]+)")
ATTRIBUTE = re.compile(r"""([^\s=<>"']+)(\s*=\s*)("[^"]*"|'[^']*')""")
PART = re.compile(
    r"""(?P<head>(?:^|\r?\n)--[^\r\n]*\r?\n(?:[^\r\n]+\r?\n)*?[^\r\n]*?\bname="?(?P<name>[^"\r\n;]*)"?[^\r\n]*\r?\n"""
    r"""(?:[^\r\n]+\r?\n)*\r?\n)(?P<value>.*?)(?=\r?\n--)""",
    re.DOTALL,
)
FIELDS = re.compile(r"[^\s=&<>{}]+=[^\s<>{}]*(?:&[^\s=&<>{}]+=[^\s<>{}]*)*")
BROKEN_MEMBER = re.compile(r'"(?P<name>(?:[^"\\]|\\.)*)"\s*:\s*(?P<value>"(?:[^"\\]|\\.)*"?|-?\d+)', re.DOTALL)


def rewrite_body(text: str, kind: str, replacer: Replacer) -> str:
    """Return a body with its values replaced; `kind` is its media type, which is not relied on."""
    start = text.lstrip("\ufeff \t\r\n")[:1]
    if start in {"{", "["} or JSON_KIND in kind:
        found = rewrite_json(text, replacer)
        return _rewrite_broken(text, replacer) if found is None else found
    if kind.startswith(MULTIPART):
        return _rewrite_multipart(text, replacer)
    if start == "<" or XML in kind:
        return _rewrite_xml(text, replacer)
    if kind.startswith(FORM) or FIELDS.fullmatch(text.strip()):
        return rewrite_pairs(text, replacer)
    return replacer.text(text)


def leaves_in(text: str, kind: str) -> list[Leaf]:
    """Return the values of a body or a `QUERY`; a text without a known form is a value without a name."""
    found: list[Leaf] = []

    def collect(leaf: Leaf) -> str:
        found.append(leaf)
        return leaf.value

    replacer = Replacer(collect, str, lambda text: collect(Leaf("", text)))
    if kind == QUERY:
        rewrite_pairs(text, replacer)
    elif text:
        rewrite_body(text, kind, replacer)
    return found


def rewrite_pairs(text: str, replacer: Replacer) -> str:
    """Return a query or form with its values replaced."""
    fields = [field.partition("=") for field in text.split("&")]
    names = [_unquoted(name) for name, _, _ in fields]
    beside = frozenset(names)
    written = []
    for (raw_name, sign, raw), name in zip(fields, names, strict=True):
        new_name = replacer.name(name) if sign else replacer.text(name)
        value = _unquoted(raw)
        new = replacer.value(Leaf(name.removesuffix("[]"), value, beside))
        written.append(
            (raw_name if new_name == name else quote_plus(new_name))
            + sign
            + (raw if new == value else _quoted(new, like=raw))
        )
    return "&".join(written)


def _unquoted(text: str) -> str:
    return unquote_to_bytes(text.replace("+", " ")).decode("utf-8", "surrogateescape")


def _quoted(text: str, *, like: str) -> str:
    """Return a value encoded; characters that stood as they are in the original still do."""
    plain = "".join(each for each in "!$'()*,/:;?@[]{}" if each in like)
    encoded = quote(text, safe=plain + (" " if "+" in like else ""), errors="surrogateescape")
    return encoded.replace(" ", "+")


def rewrite_segment(raw: str, replace: Callable[[str], str]) -> str:
    """Return a segment of a path with its value replaced."""
    value = unquote_to_bytes(raw).decode("utf-8", "surrogateescape")
    new = replace(value)
    return raw if new == value else quote(new, safe="!$&'()*+,;=:@", errors="surrogateescape")


class _Members(list[tuple[str, object]]):
    """The members of an object, with those of one name that come twice."""


class _Number(str):
    """A number as it was written."""

    __slots__ = ()


def rewrite_json(text: str, replacer: Replacer) -> str | None:
    """Return JSON with its values replaced; None if it is not JSON."""
    try:
        value = json.loads(
            text.removeprefix("\ufeff"),
            object_pairs_hook=_Members,
            parse_int=_Number,
            parse_float=_Number,
            parse_constant=lambda _: None,
        )
        changes = [*_walk(value, "", frozenset(), replacer)]
    except (ValueError, RecursionError):
        return None
    given = iter(changes)

    def write(match: re.Match[str]) -> str:
        old, new = next(given)
        if new == old:
            return match[0]
        if isinstance(old, _Number) and NUMBER.fullmatch(new):
            return new
        return json.dumps(new, ensure_ascii="\\u" in match[0])

    return JSON_TOKEN.sub(write, text)


def _walk(value: object, name: str, beside: frozenset[str], replacer: Replacer) -> Iterator[tuple[str, str]]:
    """Yield each string and number in the order of the text, and what takes its place."""
    if isinstance(value, _Members):
        names = frozenset(each for each, _ in value)
        for each, inside in value:
            yield each, replacer.name(each)
            yield from _walk(inside, each, names, replacer)
    elif isinstance(value, list):
        for inside in value:
            yield from _walk(inside, name, beside, replacer)
    elif isinstance(value, str):
        is_number = isinstance(value, _Number)
        yield value, replacer.value(Leaf(name, str(value), beside, is_number))


def _rewrite_broken(text: str, replacer: Replacer) -> str:
    """Return what looks like JSON but is not, with the values of its members replaced."""
    names = frozenset(match["name"] for match in BROKEN_MEMBER.finditer(text))
    done, at = [], 0
    for match in BROKEN_MEMBER.finditer(text):
        done.append(replacer.text(text[at : match.start("value")]))
        raw = match["value"]
        try:
            value = json.loads(raw, strict=False) if raw.startswith('"') else raw
        except ValueError:  # it is cut off
            value = raw.removeprefix('"')
        new = replacer.value(Leaf(match["name"], value, names, not raw.startswith('"')))
        done.append(raw if new == value else json.dumps(new) if raw.startswith('"') else new)
        at = match.end("value")
    return "".join([*done, replacer.text(text[at:])])


def _rewrite_xml(text: str, replacer: Replacer) -> str:
    """Return XML, or something like it, with its texts and attributes replaced."""
    names = frozenset(found[1] for match in XML_TOKEN.finditer(text) if (found := TAG_NAME.match(match[0])))
    opened = ""

    def write(match: re.Match[str]) -> str:
        nonlocal opened
        if match["raw"] is not None:
            return f"<![CDATA[{replacer.value(Leaf(opened, match['raw'], names))}]]>"
        if match["tag"] is not None:
            found = TAG_NAME.match(match[0])
            opened = found[1].rpartition(":")[2] if found and not match[0].startswith("</") else ""
            return ATTRIBUTE.sub(lambda each: _rewrite_attribute(each, replacer, names), match[0])
        raw = match["text"]
        value = unescape(raw)
        inner = value.strip()
        if not inner:
            return raw
        new = replacer.value(Leaf(opened, inner, names))
        return raw if new == inner else escape(value.replace(inner, new))

    return XML_TOKEN.sub(write, text)


def _rewrite_attribute(match: re.Match[str], replacer: Replacer, names: frozenset[str]) -> str:
    value = unescape(match[3][1:-1])
    new = replacer.value(Leaf(match[1].rpartition(":")[2], value, names))
    return match[0] if new == value else match[1] + match[2] + quoteattr(new)


def _rewrite_multipart(text: str, replacer: Replacer) -> str:
    """Return a multipart body with the values of its parts replaced."""
    names = frozenset(match["name"] for match in PART.finditer(text))
    done, at = [], 0
    for match in PART.finditer(text):
        done += [text[at : match.start("value")], replacer.value(Leaf(match["name"], match["value"], names))]
        at = match.end("value")
    return "".join([*done, replacer.text(text[at:])])
