"""Reads a request's query and body into values, as the route's spec says they may be written.

Whatever cannot be read is a violation with the rule `syntax`; nothing here raises for what a client sent.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import parse_qsl

from sandbox.specs.terms import Violation

DEPTH_LIMIT = 64  # levels of JSON
SURROGATE = re.compile("[\ud800-\udfff]")
FORM = "application/x-www-form-urlencoded"

Values = dict[str, object]


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request as it came: header names in lower case, the query string and the body undecoded.

    `oversize`: the body was larger than the sandbox takes, and was not read.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    oversize: bool = False


class UnreadableError(Exception):
    """A query or body that cannot be read; the text says where and why."""


def pairs(text: str) -> list[tuple[str, str]]:
    """Return the names and values of a query string or form.

    Raises:
        UnreadableError: it is not UTF-8, or has more than 1,000 fields.

    """
    try:
        return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=1000)
    except UnicodeDecodeError:
        message = "a percent-encoded value is not UTF-8"
    except ValueError:
        message = "more than 1000 fields"
    raise UnreadableError(message)


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
    if text.count("[") + text.count("{") > DEPTH_LIMIT and _depth(text) > DEPTH_LIMIT:
        message = f"the JSON is nested more than {DEPTH_LIMIT} levels deep"
        raise UnreadableError(message)
    try:
        value = json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise UnreadableError(_json_problem(error)) from None
    except ValueError:
        message = "not JSON: a number in it has too many digits"
        raise UnreadableError(message) from None
    if not isinstance(value, dict):
        message = "the body is JSON, but not an object"
        raise UnreadableError(message)
    if "\\u" in text and SURROGATE.search(json.dumps(value, ensure_ascii=False)):
        message = "the JSON has half of a surrogate pair, which is no character"
        raise UnreadableError(message)
    return value


def _depth(text: str) -> int:
    """Return the deepest nesting, brackets in strings left out."""
    depth = deepest = 0
    for mark in re.finditer(r'"(?:[^"\\]|\\.)*+"?|[\[{]|[\]}]', text):
        if mark[0] in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif mark[0] in "]}":
            depth -= 1
    return deepest


def _no_constant(name: str) -> NoReturn:
    message = f"not JSON: {name} is no JSON value"
    raise UnreadableError(message)


def _json_problem(error: json.JSONDecodeError) -> str:
    before = error.doc[: error.pos].rstrip()
    if before.endswith(",") and error.doc[error.pos : error.pos + 1] in {"}", "]"}:
        error = json.JSONDecodeError("a comma with nothing after it", error.doc, len(before) - 1)
    return f"not JSON: {error.msg} at line {error.lineno} column {error.colno}"


def read_xml(body: bytes) -> Values:
    """Return the text of each child of an XML document's root.

    Raises:
        UnreadableError: it is not XML, or has a DOCTYPE or entities of its own.

    """
    from xml.etree.ElementTree import ParseError  # noqa: PLC0415 - the exception alone; for the one XML operation

    from defusedxml.common import DefusedXmlException  # noqa: PLC0415
    from defusedxml.ElementTree import fromstring  # noqa: PLC0415

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
