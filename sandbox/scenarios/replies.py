"""Reads `reply`: a reply of the scenario's own, with templates in its body and headers."""

import json
import math
import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from sandbox.core.effects import RenderedReply, ReplyTemplate, TemplateContext
from sandbox.formats.yaml_files import LEADING_ZERO
from sandbox.scenarios.templates import Context, TemplateFailedError, context_of, is_template, template
from sandbox.scenarios.value_readers import text, whole
from sandbox.scenarios.yaml_node import Node
from sandbox.templates.budget import Budget, spending

REPLY = ("status", "headers", "body")
LOWEST, HIGHEST = 200, 599
TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
OF_THE_SERVER = ("content-length", "transfer-encoding", "connection", "content-encoding", "date")
LINE_END = re.compile(r"[\r\n\0]+")
TYPE = "Content-Type"
JSON = "application/json"
PLAIN = "text/plain; charset=utf-8"


class Part(NamedTuple):
    """A header or body: what it makes of a reply's context; `names` are the template variables that it uses."""

    make: Callable[[Context], object]
    names: frozenset[str] = frozenset()


def reply(node: Node) -> ReplyTemplate:
    """Read a reply; a body that is no text goes out as JSON."""
    fields = node.fields(REPLY, what="reply")
    if not fields.entries:
        node.refuse('write reply: {status: 503, body: "Down for maintenance"}')
    status = fields.read("status", _status, LOWEST)
    headers = fields.read("headers", _headers, {})
    body = fields.read("body", _part, _constant(""))
    plain = "body" not in fields or isinstance(fields.entries["body"].value, str)
    return ReplyTemplate(status, _writer(status, {TYPE: _constant(PLAIN if plain else JSON), **headers}, body))


def _status(node: Node) -> int:
    value = whole(node)
    if not LOWEST <= value <= HIGHEST:
        node.refuse(f"{value} is no status of a reply; they go from {LOWEST} to {HIGHEST}")
    return value


def _headers(node: Node) -> dict[str, Part]:
    found: dict[str, Part] = {}
    for name, entry in node.entries().items():
        if not TOKEN.fullmatch(name):
            entry.refuse(f"'{name}' is no name of a header")
        if name.lower() in OF_THE_SERVER or name.lower().startswith("x-sandbox-"):
            entry.refuse(f"{name} is set by the server itself")
        value = text(entry) if entry.written is None else entry.written
        found[TYPE if name.lower() == TYPE.lower() else name] = _part(Node(entry.sheet, entry.path, value))
    return found


def _part(node: Node) -> Part:
    """Read a value in which every text may be a template; keys are as they are."""
    match node.value:
        case str(value):
            if not is_template(value):
                return _constant(value)
            render, names = template(node)
            return Part(render, names)
        case dict():
            members = {key: _part(entry) for key, entry in node.entries().items()}
            return Part(
                lambda context: {key: member.make(context) for key, member in members.items()},
                frozenset().union(*(member.names for member in members.values())),
            )
        case list():
            items = [_part(entry) for entry in node.items()]
            return Part(
                lambda context: [item.make(context) for item in items],
                frozenset().union(*(item.names for item in items)),
            )
        case float(value) if not math.isfinite(value):
            node.refuse(f"{node.written} is no number in JSON; put it in quotes")
        case int() if LEADING_ZERO.match(node.written or ""):
            node.refuse(f"{node.written} would go out as {node.value}; put it in quotes")
        case None | bool() | int() | float():
            return _constant(node.value)
    return _constant(str(node.value))


def _constant(value: object) -> Part:
    return Part(lambda _: value)


def _writer(status: int, headers: Mapping[str, Part], body: Part) -> Callable[[TemplateContext], RenderedReply]:
    names = frozenset().union(body.names, *(part.names for part in headers.values()))

    def write(scene: TemplateContext) -> RenderedReply:
        context = context_of(scene, names) if names else {}
        try:
            with spending(Budget()):
                made = body.make(context)
                values = {name: LINE_END.sub(" ", str(part.make(context))) for name, part in headers.items()}
        except TemplateFailedError as error:
            return RenderedReply(500, {TYPE: PLAIN}, str(error))
        shown = made if isinstance(made, str) else json.dumps(made, separators=(",", ":"), ensure_ascii=False)
        return RenderedReply(status, values, shown)

    return write
