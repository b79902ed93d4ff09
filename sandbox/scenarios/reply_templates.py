"""Reads `reply`: a custom reply, with templates in its body and headers."""

import json
import math
from collections.abc import Callable, Mapping
from typing import NamedTuple

from sandbox.core.effects import RenderedReply, ReplyTemplate, TemplateContext
from sandbox.formats.json_text import LEADING_ZERO
from sandbox.scenarios.value_readers import read_integer, read_string
from sandbox.scenarios.yaml_node import Node
from sandbox.templates.budget import Budget, spending
from sandbox.templates.text import (
    LINE_END,
    CompiledTemplate,
    TemplateFailedError,
    TemplateSourceError,
    Variables,
    compile_text,
    header_name_problem,
    header_problem,
    is_template,
    random_variables,
)

REPLY_KEYS = ("status", "headers", "body")
VARIABLES = ("request", "message", "account", "now", "fake", "uuid", "ulid")
LOWEST_STATUS, HIGHEST_STATUS = 200, 599
CONTENT_TYPE = "Content-Type"
JSON = "application/json"
PLAIN = "text/plain; charset=utf-8"


class ValueTemplate(NamedTuple):
    """A header or body of a reply. `make` renders it; `names` are the template variables that it uses."""

    make: Callable[[Variables], object]
    names: frozenset[str] = frozenset()


def read_reply(node: Node) -> ReplyTemplate:
    """Read a reply; a body that is not a string is sent as JSON."""
    fields = node.fields(REPLY_KEYS, what="reply")
    if not fields.entries:
        node.fail('write reply: {status: 503, body: "Down for maintenance"}')
    status = fields.read("status", _read_status, LOWEST_STATUS)
    headers = fields.read("headers", _read_headers, {})
    body = fields.read("body", _read_value_template, _constant(""))
    plain = "body" not in fields or isinstance(fields.entries["body"].value, str)
    headers = {CONTENT_TYPE: _constant(PLAIN if plain else JSON), **headers}
    return ReplyTemplate(status, _make_writer(status, headers, body))


def _read_status(node: Node) -> int:
    value = read_integer(node)
    if not LOWEST_STATUS <= value <= HIGHEST_STATUS:
        node.fail(f"invalid HTTP status {value}; write one from {LOWEST_STATUS} to {HIGHEST_STATUS}")
    return value


def _read_headers(node: Node) -> dict[str, ValueTemplate]:
    found: dict[str, ValueTemplate] = {}
    for name, entry in node.entries().items():
        problem = header_name_problem(name)
        if problem:
            entry.fail(problem)
        found[CONTENT_TYPE if name.lower() == CONTENT_TYPE.lower() else name] = _read_header(name, entry)
    return found


def _read_header(name: str, node: Node) -> ValueTemplate:
    """Read the value of a header; the line ends that a template writes become spaces."""
    value = read_string(node) if node.written is None else node.written
    template = _read_value_template(Node(node.file, node.path, value))
    if not is_template(value):
        problem = header_problem(name, value)
        if problem:
            node.fail(problem)
        return template
    place = node.file.document.place(node.path)

    def make(variables: Variables) -> str:
        made = LINE_END.sub(" ", str(template.make(variables)))
        problem = header_problem(name, made)
        if problem:
            message = f"{place}: the template failed: {problem}"
            raise TemplateFailedError(message)
        return made

    return ValueTemplate(make, template.names)


def _read_value_template(node: Node) -> ValueTemplate:
    """Read a value in which every string may be a template; keys are never templates."""
    match node.value:
        case str(value):
            if not is_template(value):
                return _constant(value)
            compiled = compile_template(node)
            return ValueTemplate(compiled.render, compiled.names)
        case dict():
            members = {key: _read_value_template(entry) for key, entry in node.entries().items()}
            return ValueTemplate(
                lambda variables: {key: member.make(variables) for key, member in members.items()},
                frozenset().union(*(member.names for member in members.values())),
            )
        case list():
            items = [_read_value_template(entry) for entry in node.items()]
            return ValueTemplate(
                lambda variables: [item.make(variables) for item in items],
                frozenset().union(*(item.names for item in items)),
            )
        case float(value) if not math.isfinite(value):
            node.fail(f"{node.written} is not a number in JSON; put it in quotes")
        case int() if LEADING_ZERO.match(node.written or ""):
            node.fail(f"{node.written} would be sent as {node.value}; put it in quotes")
        case None | bool() | int() | float():
            return _constant(node.value)
    return _constant(str(node.value))


def _constant(value: object) -> ValueTemplate:
    return ValueTemplate(lambda _: value)


def _make_writer(
    status: int, headers: Mapping[str, ValueTemplate], body: ValueTemplate
) -> Callable[[TemplateContext], RenderedReply]:
    names = frozenset().union(body.names, *(header.names for header in headers.values()))

    def write(context: TemplateContext) -> RenderedReply:
        variables = template_variables(context, names) if names else {}
        try:
            with spending(Budget()):
                made = body.make(variables)
                values = {name: str(header.make(variables)) for name, header in headers.items()}
        except TemplateFailedError as error:
            return RenderedReply(500, {CONTENT_TYPE: PLAIN}, str(error), failed=True)
        shown = made if isinstance(made, str) else json.dumps(made, separators=(",", ":"), ensure_ascii=False)
        return RenderedReply(status, values, shown)

    return write


def compile_template(node: Node) -> CompiledTemplate:
    """Read a template."""
    try:
        return compile_text(read_string(node), place=str(node.file.document.place(node.path)), known=VARIABLES)
    except TemplateSourceError as error:
        node.fail(str(error))


def template_variables(context: TemplateContext, names: frozenset[str]) -> Variables:
    """Return the variables for the templates of one reply; `fake` is made only if it is among `names`."""
    return {
        "request": context.request,
        "message": context.message,
        "account": context.account,
        "now": context.at,
        **random_variables(context.seed, context.number, context.at, names),
    }
