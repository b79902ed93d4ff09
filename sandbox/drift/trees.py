"""Bodies as trees of values, and the format of a value: what may be compared of two ids, times or numbers."""

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qsl

from sandbox.formats.json_text import ValuePath
from sandbox.specs.body_parsing import FORM

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

Leaf = str | int | float | bool | None
JSON_KIND, XML_KINDS = "json", ("application/xml", "text/xml")
XML_TEXT = "#text"  # the name of an element's text beside its attributes and children

TIME = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d)(?:(?P<sign>[T ])\d\d:\d\d(?P<seconds>:\d\d(?P<fraction>\.\d+)?)?"
    r"(?P<zone>Z| ?UTC|[+-]\d\d:?\d\d)?)?"
)
OTHER_TIME = re.compile(r"\d\d?([/.-])\d\d?\1\d{4}(?: \d\d:\d\d(?::\d\d)?)?|\d{14}")
HTTP_DATE = re.compile(r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [A-Z+0-9]+")
UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
HEX = re.compile(r"[0-9a-f]{8,}|[0-9A-F]{8,}")
TOKEN = re.compile(r"(?=\D*\d)[A-Za-z0-9._~+/=:-]{8,}")
DECIMAL = re.compile(r"-?\d+\.\d+")
PHONE = re.compile(r"\+\d{7,15}")
TEXT_ID = re.compile(r"(?=[\w.-]*\d)[\w.-]+")
UNIX_TIMES = {
    "time in seconds": range(1_500_000_000, 3_000_000_000),
    "time in milliseconds": range(1_500_000_000_000, 3_000_000_000_000),
}
URL = re.compile(r"https?://\S+")
DIGITS = re.compile(r"[0-9]+")


class Tree(NamedTuple):
    """A body: `kind` is json, xml, form, text or empty, `value` what it has; `broken` says why it cannot be read."""

    kind: str
    value: object
    broken: str = ""


def read_tree(text: str, media: str) -> Tree:
    """Return a body as a tree; one that is not what its media type says is a text."""
    kind = media.partition(";")[0].strip().lower()
    if not text:
        return Tree("empty", None)
    if kind.endswith(JSON_KIND):
        try:
            return Tree(JSON_KIND, json.loads(text.removeprefix("\ufeff")))
        except (ValueError, RecursionError):
            return Tree("text", text, "it is not JSON")
    if kind in XML_KINDS:
        value = _read_xml(text)
        return Tree("text", text, "it is not XML") if value is None else Tree("xml", value)
    if kind == FORM:
        return Tree("form", read_pairs(text))
    return Tree("text", text)


def read_pairs(text: str) -> dict[str, object]:
    """Return the fields of a query or form; several of one name are a list."""
    found: dict[str, object] = {}
    for name, value in parse_qsl(text, keep_blank_values=True, errors="surrogateescape"):
        known = found.get(name)
        found[name] = value if known is None else [*known, value] if isinstance(known, list) else [known, value]
    return found


def _read_xml(text: str) -> object:
    from xml.etree.ElementTree import ParseError  # noqa: PLC0415 - for the few that answer in XML

    from defusedxml.common import DefusedXmlException  # noqa: PLC0415
    from defusedxml.ElementTree import fromstring  # noqa: PLC0415

    try:
        root = fromstring(text.encode("utf-8", "replace"), forbid_dtd=True)
        return {root.tag: _element(root)}
    except (ParseError, DefusedXmlException, ValueError, RecursionError):
        return None


def _element(element: "Element") -> object:
    """Return an element: its text, or its attributes and children by name."""
    members: dict[str, object] = {f"@{name}": value for name, value in element.attrib.items()}
    for child in element:
        value, known = _element(child), members.get(child.tag)
        members[child.tag] = value if known is None else [*known, value] if isinstance(known, list) else [known, value]
    text = (element.text or "").strip()
    if not members:
        return text
    return {**members, XML_TEXT: text} if text else members


def leaves(value: object) -> list[tuple[ValuePath, Leaf]]:
    """Return every value that is neither an object nor an array, with its path."""
    found: list[tuple[ValuePath, Leaf]] = []
    _collect(value, (), found)
    return found


def _collect(value: object, path: ValuePath, found: list[tuple[ValuePath, Leaf]]) -> None:
    if isinstance(value, dict):
        for name, each in value.items():
            _collect(each, (*path, name), found)
    elif isinstance(value, list):
        for place, each in enumerate(value):
            _collect(each, (*path, place), found)
    elif value is None or isinstance(value, str | int | float):
        found.append((path, value))


def type_of(value: object) -> str:
    """Return the JSON type of a value; an integer is a number of its own kind."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    names = {str: "string", int: "integer", float: "number", dict: "object", list: "array"}
    return names.get(type(value), "object")


PATTERNS = (
    ("time in another form", OTHER_TIME),
    ("HTTP date", HTTP_DATE),
    ("uuid", UUID),
    ("ulid", ULID),
    ("number with +", PHONE),
    ("URL", URL),
    ("digits", DIGITS),
    ("decimal", DECIMAL),
)


def format_of(value: object) -> str:
    """Return what a value looks like: `time YYYY-MM-DDThh:mm:ssZ`, `uuid`, `digits`, `text`…; else its type."""
    if isinstance(value, int) and not isinstance(value, bool):
        return next((name for name, times in UNIX_TIMES.items() if value in times), "integer")
    if not isinstance(value, str):
        return type_of(value)
    time = TIME.fullmatch(value)
    if time is not None:
        return _time_format(time)
    named = next((name for name, pattern in PATTERNS if pattern.fullmatch(value)), "")
    if not named and HEX.fullmatch(value):
        return f"{len(value)} hexadecimal digits"
    return named or ("token" if TOKEN.fullmatch(value) else "text" if value else "empty")


def _time_format(time: re.Match[str]) -> str:
    if not time["sign"]:
        return "date"
    fraction = time["fraction"] or ""
    zone = (time["zone"] or "").strip()
    seconds = ":ss" if time["seconds"] else ""
    after = fraction[:1] + "s" * (len(fraction) - 1)
    offset = zone if zone in {"", "Z", "UTC"} else "+hh:mm" if ":" in zone else "+hhmm"
    return f"time YYYY-MM-DD{time['sign']}hh:mm{seconds}{after}{offset}"


def is_varied(found: str) -> bool:
    """Return whether a format is that of values which differ from call to call: ids, times, numbers."""
    return found not in {"text", "empty", "boolean", "null", "integer", "number", "object", "array"}


def fits(theirs: str, ours: str) -> bool:
    """Return whether two formats may be those of one kind of value: hexadecimal digits may all be decimal by chance."""
    pair = {theirs, ours}
    if len(pair) == 1 or pair in ({"text", "token"}, {"digits", "decimal"}):
        return True
    return "digits" in pair and any(each.endswith("hexadecimal digits") for each in pair)


def pairs_of_ids(theirs: object, ours: object) -> Iterator[tuple[str, str]]:
    """Yield what may be one id in two values: the values themselves, or words of two texts that are alike otherwise."""
    if _is_id(theirs) and _is_id(ours):
        yield str(theirs), str(ours)
        (head, _, tail), (our_head, _, our_tail) = str(theirs).rpartition("-"), str(ours).rpartition("-")
        if head and our_head and tail == our_tail:  # the id of the request, and the place of the message in it
            yield head, our_head
    if isinstance(theirs, str) and isinstance(ours, str) and not TEXT_ID.fullmatch(theirs):
        words, others = TEXT_ID.findall(theirs), TEXT_ID.findall(ours)
        if len(words) == len(others):
            for one, two in zip(words, others, strict=True):
                yield from pairs_of_ids(one, two) if one != two else ()


def _is_id(value: object) -> bool:
    """Return whether a value may be an id: no time, no amount."""
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        return False
    return not format_of(value).startswith(("time", "date", "decimal", "HTTP"))
