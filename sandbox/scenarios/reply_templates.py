"""Reads `reply`: a custom reply, with templates in its body and headers.

Jinja is imported with the first template. Nothing in a template is random: `uuid()`, `ulid()` and `fake` are drawn from
the seed and the request's number.
"""

import json
import math
import re
from collections.abc import Callable, Mapping
from itertools import count
from typing import NamedTuple
from uuid import UUID

from sandbox.core.effects import RenderedReply, ReplyTemplate, TemplateContext
from sandbox.core.errors import SandboxError, near_miss
from sandbox.core.seeded_random import draw_bytes, make_ulid
from sandbox.formats.json_text import LEADING_ZERO
from sandbox.scenarios.value_readers import read_integer, read_string
from sandbox.scenarios.yaml_node import Node
from sandbox.templates.budget import Budget, spending

REPLY_KEYS = ("status", "headers", "body")
VARIABLES = ("request", "message", "account", "now", "fake", "uuid", "ulid")
LOWEST_STATUS, HIGHEST_STATUS = 200, 599
HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
SERVER_HEADERS = ("content-length", "transfer-encoding", "connection", "content-encoding", "date")
LINE_END = re.compile(r"[\r\n]+")
CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")  # all but TAB
HEADER_LIMIT = 8190  # bytes of a header, name and value: what HTTP clients read
CONTENT_TYPE = "Content-Type"
JSON = "application/json"
PLAIN = "text/plain; charset=utf-8"
REASON_LIMIT = 500  # characters of an error's own message

Variables = Mapping[str, object]
Render = Callable[[Variables], str]


class TemplateFailedError(SandboxError):
    """A template failed while it was rendered; the message says where and why."""


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
        if not HEADER_NAME.fullmatch(name):
            entry.fail(f"invalid header name '{name}'")
        if name.lower() in SERVER_HEADERS or name.lower().startswith("x-sandbox-"):
            entry.fail(f"the server sets {name} itself")
        found[CONTENT_TYPE if name.lower() == CONTENT_TYPE.lower() else name] = _read_header(name, entry)
    return found


def _read_header(name: str, node: Node) -> ValueTemplate:
    """Read the value of a header; the line ends that a template writes become spaces."""
    value = read_string(node) if node.written is None else node.written
    template = _read_value_template(Node(node.file, node.path, value))
    if not is_template(value):
        problem = _find_header_problem(name, value)
        if problem:
            node.fail(problem)
        return template
    place = node.file.document.place(node.path)

    def make(variables: Variables) -> str:
        made = LINE_END.sub(" ", str(template.make(variables)))
        problem = _find_header_problem(name, made)
        if problem:
            message = f"{place}: the template failed: {problem}"
            raise TemplateFailedError(message)
        return made

    return ValueTemplate(make, template.names)


def _find_header_problem(name: str, value: str) -> str | None:
    """Return why a header cannot be sent; None if it can."""
    control = CONTROL.search(value)
    if control:
        return f"the header {name} contains the control character U+{ord(control[0]):04X}"
    if len(name) + len(value.encode("utf-8", "replace")) > HEADER_LIMIT:
        return f"the header {name} exceeds the limit of {HEADER_LIMIT} bytes"
    return None


def _read_value_template(node: Node) -> ValueTemplate:
    """Read a value in which every string may be a template; keys are never templates."""
    match node.value:
        case str(value):
            if not is_template(value):
                return _constant(value)
            render, names = compile_template(node)
            return ValueTemplate(render, names)
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


def join_surrogates(text: str) -> str:
    """Return a text with surrogate pairs joined, as JSON escapes write an emoji, and `?` for half a pair."""
    joined = text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    return joined.encode("utf-8", "replace").decode()


def is_template(value: str) -> bool:
    """Return whether a string contains template syntax."""
    return "{{" in value or "{%" in value


def compile_template(node: Node) -> tuple[Render, frozenset[str]]:
    """Read a template; return a function that renders it, and the variables that it uses."""
    # 40 ms, only for scenarios with templates.
    from jinja2 import TemplateSyntaxError  # noqa: PLC0415 - as above

    from sandbox.templates.environment import environment, render  # noqa: PLC0415 - as above

    source, place = read_string(node), node.file.document.place(node.path)
    try:
        compiled, used = environment().read(source)
    except TemplateSyntaxError as error:
        node.fail(f"the template does not parse: {error.message}")
    except RecursionError:
        node.fail("the template is nested too deeply")
    except (SyntaxError, MemoryError, ValueError, OverflowError) as error:  # of Python's compiler, behind Jinja's
        node.fail(f"the template does not compile: {_reason(error)}")
    for name in sorted(used - set(VARIABLES)):
        node.fail(f"no template variable is called '{name}'.{near_miss(name, VARIABLES)}")
    if "fake" in used:
        try:
            _fake_data_class()
        except (ImportError, AttributeError) as error:  # names inside Faker are replaced; another version may lack them
            node.fail(f"fake does not work with the installed version of Faker: {_reason(error)}")

    def rendered(variables: Variables) -> str:
        try:
            written = render(compiled, variables)
            return written if written.isascii() else join_surrogates(written)
        except Exception as error:  # noqa: BLE001 - templates reach Jinja, Faker and Python: each may raise anything
            message = f"{place}: the template failed: {_reason(error)}"
            raise TemplateFailedError(message) from None

    return rendered, frozenset(used)


def _reason(error: Exception) -> str:
    """Return the class and message of an error; the message may quote a value of the template, of any length."""
    try:
        message = str(error)
    except Exception:  # noqa: BLE001 - an error without a message is no reason to fail again
        message = ""
    if len(message) > REASON_LIMIT:
        message = f"{message[:REASON_LIMIT]}…"
    message = message.encode("utf-8", "replace").decode()
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


def template_variables(context: TemplateContext, names: frozenset[str]) -> Variables:
    """Return the variables for the templates of one reply; `fake` is made only if it is among `names`."""
    return {
        "request": context.request,
        "message": context.message,
        "account": context.account,
        "now": context.at,
        "fake": _fake_data_class()(context.seed, context.number, context.at) if "fake" in names else None,
        "uuid": _uuids(context),
        "ulid": _ulids(context),
    }


def _fake_data_class() -> Callable[..., object]:
    """Return FakeData, ready for use: Faker takes 100 ms and 20 MB, too much for the budget of a reply."""
    from sandbox.templates.fake_data import FakeData, prepare  # noqa: PLC0415 - only for templates that use `fake`

    prepare()
    return FakeData


def _uuids(context: TemplateContext) -> Callable[[], str]:
    places = count()

    def uuid() -> str:
        drawn = draw_bytes(context.seed, context.number, f"template uuid {next(places)}", 16)
        return str(UUID(bytes=drawn, version=4))

    return uuid


def _ulids(context: TemplateContext) -> Callable[[], str]:
    places = count()

    def ulid() -> str:
        return make_ulid(context.at, draw_bytes(context.seed, context.number, f"template ulid {next(places)}", 10))

    return ulid
