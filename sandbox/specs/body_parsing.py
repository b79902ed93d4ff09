"""Reads a request's query and body into values, as the route's spec says they may be written.

Whatever cannot be read is a violation with the rule `syntax`; nothing here raises for what a client sent.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple, NoReturn

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
    """An HTTP request as it came: header names in lower case, the query string and the body undecoded.

    `oversize`: the body was larger than the sandbox takes, and was not read. `broken`: why it could not be received.
    `page`: what a web page is told whose origin may not read the reply. `allowed`: `--cors` names its origin.
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
    """Return a form's text without its escapes; what only looks like one stays, as browsers and PHP have it.

    The standard library's `unquote` takes a second for a megabyte of percent signs.

    Raises:
        UnreadableError: the escapes are not UTF-8.

    """
    try:
        return ESCAPES.sub(lambda run: bytes.fromhex(run[0].replace("%", "")).decode(), text.replace("+", " "))
    except UnicodeDecodeError:
        message = "a percent-encoded value is not UTF-8"
        raise UnreadableError(message) from None


def read_form(body: bytes) -> Values:
    """Return a form's fields; see `gather` for repeated ones."""
    return gather(pairs(utf8(body)))


def gather(fields: Iterable[tuple[str, str]]) -> Values:
    """Return fields as a mapping: `name[]` makes a list, of other repeated names the last counts, as in PHP."""
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
        message = f"byte {error.start} is not UTF-8"
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
        value = DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise UnreadableError(_json_problem(error)) from None
    except RecursionError:
        raise UnreadableError(too_deep) from None
    except ValueError:
        message = "not JSON: a number in it has too many digits"
        raise UnreadableError(message) from None
    if brackets > DEPTH_LIMIT and _is_deep(value):
        raise UnreadableError(too_deep)
    if not isinstance(value, dict):
        message = "the body is JSON, but not an object"
        raise UnreadableError(message)
    if "\\u" in text and SURROGATE.search(json.dumps(value, ensure_ascii=False)):
        message = "the JSON has half of a surrogate pair, which is no character"
        raise UnreadableError(message)
    return value


def _is_deep(value: object) -> bool:
    """Whether a JSON value is nested more deeply than is read here."""
    level = [value]
    for _ in range(DEPTH_LIMIT):
        insides = (each.values() if isinstance(each, dict) else each for each in level if isinstance(each, dict | list))
        level = [each for inside in insides for each in inside if isinstance(each, dict | list)]
    return bool(level)


def _no_constant(name: str) -> NoReturn:
    message = f"not JSON: {name} is no JSON value"
    raise UnreadableError(message)


DECODER = json.JSONDecoder(parse_constant=_no_constant)


def _json_problem(error: json.JSONDecodeError) -> str:
    before, after = error.doc[: error.pos].rstrip(), error.doc[error.pos :]
    comma = None
    if before.endswith(",") and after.startswith(("}", "]")):
        comma = len(before) - 1
    elif after.startswith(",") and after[1:].lstrip().startswith(("}", "]")):  # since Python 3.13
        comma = error.pos
    if comma is not None:
        error = json.JSONDecodeError("a comma with nothing after it", error.doc, comma)
    return f"not JSON: {error.msg} at line {error.lineno} column {error.colno}"


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
        message = f"not XML: {error}"
    except DefusedXmlException:
        message = "the XML has a DOCTYPE or entities, which are not read"
    except ValueError as error:
        message = f"not XML: {error}"
    else:
        return {child.tag: child.text or "" for child in root}
    raise UnreadableError(message)


READERS: Mapping[str, tuple[str, Callable[[bytes], Values]]] = {
    "application/json": ("body", read_json),
    FORM: ("form", read_form),
    "application/xml": ("body", read_xml),
}


def read_body(request: Request, types: tuple[str, ...], *, required: bool) -> tuple[str, Values]:
    """Return where a body's values stand (`body` or `form`) and the values.

    Raises:
        UnreadableError: the content type is none of `types`, or the body is not of its type.

    """
    if request.broken:
        raise UnreadableError(request.broken)
    if not request.body and not required:
        return "body", {}
    given = request.headers.get("content-type", "")
    kind = given.partition(";")[0].strip().lower()
    kind = {"text/xml": "application/xml"}.get(kind, kind)
    if kind not in types:
        what = f"'{given[:80]}'" if given else "none"
        message = f"the Content-Type is {what}; read here: {', '.join(types)}"
        raise UnreadableError(message)
    origin, reader = READERS[kind]
    if not request.body:
        message = f"the body is empty; needed is {kind}"
        raise UnreadableError(message)
    return origin, reader(request.body)


def syntax(at: str, problem: object) -> Violation:
    """Return the violation of something that cannot be read."""
    return Violation(at, "", "syntax", str(problem))
