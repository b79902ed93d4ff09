"""Replies of behaviours: a status, headers and a body, each of which may be a template."""

import re
from collections.abc import Callable, Mapping

from sandbox.providers.base import Body, Reply
from sandbox.providers.behaviours.context import OperationContext, as_text
from sandbox.providers.behaviours.results import encode_body
from sandbox.providers.behaviours.scope import Scope
from sandbox.providers.behaviours.values import Names, Value, constant, is_expression, read_text, read_value
from sandbox.specs.document import SpecNode
from sandbox.specs.types import JSON, show
from sandbox.templates.budget import Budget, spending
from sandbox.templates.text import LINE_END, TemplateFailedError, header_name_problem, header_problem

KEYS = ("status", "headers", "body")
CONTENT_TYPE = "content-type"
WITHOUT_BODY = (204, 205, 304)
MEDIA_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+(?:\s*;[ -~]*)?", re.ASCII)
LOWEST_STATUS, HIGHEST_STATUS = 200, 599

WriteReply = Callable[[Scope], Reply]


def read_reply(node: SpecNode | None, context: OperationContext, names: Names) -> WriteReply:
    """Return what writes the reply of an operation; status and media type are those of its first success."""
    if node is None:
        empty = Reply(context.status, _nothing(context.status, context.type), context.type)
        return lambda _: empty
    node.only(KEYS, "reply")
    status = _read_status(node, context.status)
    headers = node.take("headers", "a mapping")
    kind, values = _read_headers(headers, names) if headers is not None else (None, {})
    type_ = kind or context.type
    body = constant(_nothing(status, type_))
    if node.value.get("body") is not None:
        if status in WITHOUT_BODY:
            node.note(f"a reply with the status {status} has no body; leave it out, or write another status", "body")
        body = read_body(node.inside("body", node.value["body"]), names, type_)
    return _writer(status, type_, body, values)


def _nothing(status: int, media: str) -> Body:
    """Return the body of a reply that the document does not describe."""
    return {} if media == JSON and status not in WITHOUT_BODY else ""


def read_body(node: SpecNode, names: Names, media: str) -> Value:
    """Return a body; a text that is a single expression keeps the type of its value in JSON."""
    if isinstance(node.value, str) and not (is_json(media) and is_expression(node.value)):
        return read_text(node, names, escape=is_xml(media))
    return read_value(node, names)


def is_xml(media: str) -> bool:
    """Return whether a media type is XML."""
    return media.partition(";")[0].strip().endswith(("/xml", "+xml"))


def is_json(media: str) -> bool:
    """Return whether a media type is JSON."""
    return media.partition(";")[0].strip().endswith(("/json", "+json"))


def _read_status(node: SpecNode, default: int) -> int:
    status = node.value.get("status")
    if status is None:
        return default
    if isinstance(status, bool) or not isinstance(status, int) or not LOWEST_STATUS <= status <= HIGHEST_STATUS:
        node.note(f"{show(status)} is not an HTTP status; write one from {LOWEST_STATUS} to {HIGHEST_STATUS}", "status")
        return default
    return status


def _read_headers(node: SpecNode, names: Names) -> tuple[str | None, Mapping[str, Value]]:
    """Return the content type, if one is set, and the other headers."""
    kind, found = None, {}
    for name, value in node.value.items():
        problem = header_name_problem(str(name))
        each = node.inside(name, value)
        if problem:
            each.note(problem)
        elif str(name).lower() == CONTENT_TYPE:
            kind = str(value) if each.of("a string") else None
            if kind is not None and not MEDIA_TYPE.fullmatch(kind):
                each.note(f"{show(kind)} is not a media type; write one such as application/json")
        else:
            found[str(name)] = read_scalar(each, names)
    return kind, found


def read_scalar(node: SpecNode, names: Names) -> Value:
    """Compile the value of a header or parameter: a text, which may be a template, a number, or true or false."""
    if isinstance(node.value, str):
        return read_text(node, names)
    if isinstance(node.value, Mapping | list) or node.value is None:
        node.of("a string")
    return constant(as_text(node.value))


def write_header(name: str, value: object) -> str:
    """Return the value of a header; line ends become spaces.

    Raises:
        TemplateFailedError: it cannot be sent.

    """
    written = LINE_END.sub(" ", "" if value is None else str(value))
    problem = header_problem(name, written)
    if problem:
        raise TemplateFailedError(problem)
    return written


def _writer(status: int, kind: str, body: Value, headers: Mapping[str, Value]) -> WriteReply:
    get = body.get
    if not headers and not body.jinja:
        if body.constant:
            made = Reply(status, encode_body(body.of_nothing()), kind)
            return lambda _: made
        return lambda scope: Reply(status, encode_body(get(scope)), kind)

    def write(scope: Scope) -> Reply:
        with spending(Budget()):
            written = encode_body(get(scope))
            values = {name: write_header(name, each.get(scope)) for name, each in headers.items()}
        return Reply(status, written, kind, headers=values)

    return write
