"""Reads the query and body of a request into values.

Input that cannot be read raises `UnreadableError`, which a route turns into a violation with the rule `syntax`.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple, NoReturn

from sandbox.formats.json_text import ValuePath
from sandbox.specs.types import Violation

DEPTH_LIMIT = 64  # levels of JSON
BRACKET_LIMIT = 50_000  # arrays and objects of JSON, as their brackets are counted
FIELD_LIMIT = 1000  # fields of a query or form
TAG_LIMIT = 1000  # tags of an XML body
ESCAPES = re.compile("(?:%[0-9A-Fa-f]{2})+")
SURROGATE = re.compile("[\ud800-\udfff]")
FORM = "application/x-www-form-urlencoded"

Values = dict[str, object]


class Request(NamedTuple):
    """An HTTP request as received: header names in lower case, the query string and the body not decoded.

    `oversize`: the body exceeded the limit and was not read. `broken`: why it could not be received.
    `page`: the hint for a web page whose origin may not read the reply. `allowed`: `--cors` names its origin.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    oversize: bool = False
    broken: str = ""
    page: str = ""
    allowed: bool = False


class UnreadableError(Exception):
    """A query or body that cannot be read; the text says where and why."""


def pairs(text: str) -> list[tuple[str, str]]:
    """Return the names and values of a query string or form.

    Raises:
        UnreadableError: it is not UTF-8, or has more than 1,000 fields.

    """
    if text.count("&") >= FIELD_LIMIT:
        message = f"more than {FIELD_LIMIT} fields"
        raise UnreadableError(message)
    halves = (field.partition("=") for field in text.split("&") if field)
    return [(unquoted(name), unquoted(value)) for name, _, value in halves]


def unquoted(text: str) -> str:
    """Return form text without its escapes; invalid escapes are kept, as browsers and PHP do.

    `urllib.parse.unquote` takes a second for a megabyte of percent signs.

    Raises:
        UnreadableError: the escapes are not UTF-8.

    """
    text = text.replace("+", " ")
    if "%" not in text:
        return text
    try:
        return ESCAPES.sub(lambda run: bytes.fromhex(run[0].replace("%", "")).decode(), text)
    except UnicodeDecodeError:
        message = "a percent-encoded value is not valid UTF-8"
        raise UnreadableError(message) from None


def read_form(body: bytes) -> Values:
    """Return the fields of a form; `gather` handles repeated names."""
    return gather(pairs(utf8(body)))


def gather(fields: Iterable[tuple[str, str]]) -> Values:
    """Return fields as a mapping, as PHP does: `name[]` makes a list, otherwise the last value of a name is used."""
    values: Values = {}
    for name, value in fields:
        if name.endswith("[]"):
            held = values.setdefault(name[:-2], [])
            if isinstance(held, list):
                held.append(value)
        else:
            values[name] = value
    return values


def utf8(body: bytes) -> str:
    """Return the text of a body.

    Raises:
        UnreadableError: it is not UTF-8.

    """
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        message = f"byte {error.start} is not valid UTF-8"
        raise UnreadableError(message) from None


def read_json(body: bytes) -> Values:
    """Return a JSON object.

    Raises:
        UnreadableError: it is not JSON, not an object, too deep, or has a lone surrogate.

    """
    text = utf8(body)
    brackets = text.count("[") + text.count("{")
    if brackets > BRACKET_LIMIT:
        message = f"the JSON has more than {BRACKET_LIMIT} arrays and objects"
        raise UnreadableError(message)
    too_deep = f"the JSON is nested more than {DEPTH_LIMIT} levels deep"
    try:
        value = _decode(text)
    except json.JSONDecodeError as error:
        raise UnreadableError(_json_problem(error)) from None
    except RecursionError:
        raise UnreadableError(too_deep) from None
    except ValueError:
        message = "invalid JSON: a number has too many digits"
        raise UnreadableError(message) from None
    if brackets > DEPTH_LIMIT and _is_deep(value):
        raise UnreadableError(too_deep)
    if not isinstance(value, dict):
        message = "the body is not a JSON object"
        raise UnreadableError(message)
    if "\\u" in text and SURROGATE.search(json.dumps(value, ensure_ascii=False)):
        message = "the JSON has an unpaired surrogate, which is not a character"
        raise UnreadableError(message)
    return value


class _ObjectWithRepeats(dict[str, object]):
    """A JSON object; `repeats` are the keys that it has more than once."""

    repeats: tuple[str, ...] = ()


def repeated_keys(body: bytes) -> Iterator[ValuePath]:
    """Yield the path of each key that an object of a valid JSON body has more than once."""
    if body.strip():
        yield from _repeated_keys(json.loads(body, object_pairs_hook=_object), ())


def _object(members: list[tuple[str, object]]) -> dict[str, object]:
    values = dict(members)
    if len(values) == len(members):
        return values
    found = _ObjectWithRepeats(values)
    found.repeats = tuple(name for name, count in Counter(name for name, _ in members).items() if count > 1)
    return found


def _repeated_keys(value: object, path: ValuePath) -> Iterator[ValuePath]:
    if isinstance(value, _ObjectWithRepeats):
        yield from ((*path, name) for name in value.repeats)
    if isinstance(value, dict | list):
        for step, each in value.items() if isinstance(value, dict) else enumerate(value):
            if isinstance(each, dict | list):
                yield from _repeated_keys(each, (*path, step))


def _is_deep(value: object) -> bool:
    """Return whether a JSON value exceeds the nesting limit."""
    level = [value]
    for _ in range(DEPTH_LIMIT):
        insides = (each.values() if isinstance(each, dict) else each for each in level if isinstance(each, dict | list))
        level = [each for inside in insides for each in inside if isinstance(each, dict | list)]
    return bool(level)


def _no_constant(name: str) -> NoReturn:
    message = f"invalid JSON: {name} is not a JSON value"
    raise UnreadableError(message)


DECODER = json.JSONDecoder(parse_constant=_no_constant)
SCAN: Callable[[str, int], tuple[object, int]] = DECODER.scan_once  # type: ignore[attr-defined] # typeshed omits it


def _decode(text: str) -> object:
    """Return a JSON value as `DECODER.decode` does, without its search for blanks, which takes twice the time."""
    bare = text.rstrip(" \t\n\r")
    try:
        value, end = SCAN(bare, 0)
    except (StopIteration, ValueError):  # a blank in front, or a mistake
        return DECODER.decode(text)
    return value if end == len(bare) else DECODER.decode(text)


def _json_problem(error: json.JSONDecodeError) -> str:
    before, after = error.doc[: error.pos].rstrip(), error.doc[error.pos :]
    comma = None
    if before.endswith(",") and after.startswith(("}", "]")):
        comma = len(before) - 1
    elif after.startswith(",") and after[1:].lstrip().startswith(("}", "]")):  # since Python 3.13
        comma = error.pos
    if comma is not None:
        error = json.JSONDecodeError("trailing comma", error.doc, comma)
    return f"invalid JSON: {error.msg} at line {error.lineno} column {error.colno}"


def read_xml(body: bytes) -> Values:
    """Return the text of each child of an XML document's root.

    Raises:
        UnreadableError: it is not XML, or has a DOCTYPE or entities of its own.

    """
    from xml.etree.ElementTree import ParseError  # noqa: PLC0415 - the exception alone; for the one XML operation

    from defusedxml.common import DefusedXmlException  # noqa: PLC0415
    from defusedxml.ElementTree import fromstring  # noqa: PLC0415

    if body.count(b"<") > TAG_LIMIT:
        message = f"the XML has more than {TAG_LIMIT} tags"
        raise UnreadableError(message)
    try:
        root = fromstring(utf8(body), forbid_dtd=True)
    except ParseError as error:
        message = f"invalid XML: {error}"
    except DefusedXmlException:
        message = "the XML has a DOCTYPE or entities, which are not supported"
    except ValueError as error:
        message = f"invalid XML: {error}"
    else:
        return {child.tag: child.text or "" for child in root}
    raise UnreadableError(message)


READERS: Mapping[str, tuple[str, Callable[[bytes], Values]]] = {
    "application/json": ("body", read_json),
    FORM: ("form", read_form),
    "application/xml": ("body", read_xml),
}


@lru_cache(maxsize=128)
def media_type(content_type: str) -> str:
    """Return the media type that a content type names."""
    kind = content_type.partition(";")[0].strip().lower()
    return {"text/xml": "application/xml"}.get(kind, kind)


def read_body(request: Request, types: tuple[str, ...], *, required: bool) -> tuple[str, Values]:
    """Return the origin of the values (`body` or `form`) and the values.

    Raises:
        UnreadableError: the content type is none of `types`, or the body is not of its type.

    """
    if request.broken:
        raise UnreadableError(request.broken)
    if not request.body and not required:
        return "body", {}
    given = request.headers.get("content-type", "")
    kind = media_type(given)
    if kind not in types:
        what = f"Content-Type '{given[:80]}' is not supported" if given else "the Content-Type is missing"
        message = f"{what}; use {' or '.join(types)}"
        raise UnreadableError(message)
    origin, reader = READERS[kind]
    if not request.body:
        message = f"the body is empty; send {kind}"
        raise UnreadableError(message)
    return origin, reader(request.body)


def syntax(at: str, problem: object) -> Violation:
    """Return the violation for input that cannot be read."""
    return Violation(at, "", "syntax", str(problem))
