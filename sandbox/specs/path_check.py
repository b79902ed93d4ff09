"""Checks the paths of a provider's document: operations, parameters, bodies, replies and named errors."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sandbox.core.errors import near_miss
from sandbox.formats.json_text import ValuePath
from sandbox.specs.body_parsing import READERS
from sandbox.specs.document import SpecNode
from sandbox.specs.spec import FIELDS, PLACES, Pointer, declaration_of, is_declaration, pointers
from sandbox.specs.types import METHODS, USUAL, PathProblem, Schema, properties_of, show
from sandbox.specs.validation import check_schema

ITEM = (*METHODS, "parameters", "summary", "description", "servers", "head", "options", "trace")
OPERATION = ("operationId", "summary", "description", "parameters", "requestBody", "responses", "security", "tags")
IN = ("query", "header", "path")
STATUS = re.compile(r"[1-5]\d\d|[1-5]XX|default", re.ASCII)
PATH_PARAMETER = re.compile(r"\{([^{}]*)\}")
PARAMETER_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)


def check_paths(top: SpecNode, provider: str, channels: Mapping[str, object]) -> None:
    """Check every path; `channels` are the channels that an operation can send on."""
    paths = top.need("paths", "a mapping", "at least one path with a method")
    if paths is None:
        return
    count = 0
    seen: dict[str, object] = {}
    declared: dict[str, object] = {}
    for template, item in paths.members():
        item.only(ITEM, "a path")
        shared = _parameters(item, template)
        names = _template(item, template)
        for method in METHODS:
            node = item.take(method, "a mapping") if names is not None else None
            if node is not None:
                count += 1
                own = _parameters(node, template)
                _path_values(node, names or (), [*shared, *own])
                before = len(node.found)
                _operation(node, provider, channels, seen)
                if len(node.found) == before:
                    _message(node, [*shared, *own], declared)
                if node.value.get("operationId") is None and isinstance(node.value.get("x-operation"), str):
                    node.value["operationId"] = f"{node.value['x-operation']}.{method}"
                node.take("operationId", "a string")
    if not count and not paths.found:
        paths.note("no path has a method; add get, post, put, patch or delete")


def _template(item: SpecNode, template: str) -> list[str] | None:
    """Return the parameters in a path."""
    if not template.startswith("/"):
        item.note("a path must begin with /")
    elif template == "/_sandbox" or template.startswith("/_sandbox/"):
        item.note("paths below /_sandbox are reserved for the sandbox")
    names = PATH_PARAMETER.findall(template)
    for name in names:
        if not PARAMETER_NAME.fullmatch(name):
            item.note(f"{{{name}}} is not a valid parameter; use letters, digits and _, not starting with a digit")
    if len(set(names)) < len(names):
        item.note("the path has the same parameter twice")
    return names


def _parameters(node: SpecNode, template: str) -> list[SpecNode]:
    """Check the parameters of a path or an operation and return the valid ones."""
    found = []
    for each in node.each("parameters", "a mapping"):
        each.marks()
        name = each.need("name", "a string", "what the parameter is called")
        place = each.need("in", "a string", "query, header or path")
        schema = each.take("schema", "a mapping", default={})
        each.take("required", "a boolean")
        each.take("explode", "a boolean")
        each.take("description", "a string")
        sound = schema is not None and check_schema(schema)
        if name is None or place is None or not sound or not place.one_of(IN, "place of a parameter"):
            continue
        if place.value == "path" and f"{{{name.value}}}" not in template:
            name.note(
                f"the path {template} has no {{{name.value}}}.{near_miss(name.value, PATH_PARAMETER.findall(template))}"
            )
        found.append(each)
    return found


def _path_values(node: SpecNode, names: list[str] | tuple[str, ...], parameters: list[SpecNode]) -> None:
    declared = {each.value["name"] for each in parameters if each.value["in"] == "path"}
    for name in names:
        if name not in declared and PARAMETER_NAME.fullmatch(name):
            right = f"- {{name: {name}, in: path, required: true, schema: {{type: string}}}}"
            node.note(f"the path's parameter {{{name}}} is not described; add {right}", "parameters")


def _operation(node: SpecNode, provider: str, channels: Mapping[str, object], seen: dict[str, object]) -> None:
    node.marks()
    node.misspelt(OPERATION)
    node.value.setdefault("x-word", "inferred")
    example = f"{provider or 'acme'}.send"
    name = node.need("x-operation", "a string", f"what the operation is called, such as {example}")
    if name is not None and provider and not name.value.startswith(f"{provider}."):
        name.note(f"{show(name.value)} must begin with '{provider}.', such as {example}")
    node.take("x-otp", "a boolean")
    node.take("summary", "a string")
    channel = node.take("x-channel", "a string")
    sends = channel.value if channel is not None else None
    if channel is not None and channels:
        channel.one_of(channels, "channel")
    if name is not None and seen.setdefault(name.value, sends) != sends:
        other = seen[name.value]
        held = f"channel {show(other)}" if other else "no channel"
        node.note(
            f"{name.value} has {held} elsewhere; all its calls must have the same channel",
            "x-channel",
        )
    body = node.take("requestBody", "a mapping")
    if body is not None:
        body.take("required", "a boolean")
        content = body.need("content", "a mapping", f"what a body is written as: {', '.join(READERS)}")
        for media, each in content.members() if content is not None else ():
            if media not in READERS:
                each.note(f"bodies of type {media} are not supported; use {' or '.join(READERS)}")
            _content(each)
    responses = node.take("responses", "a mapping", default={})
    for status, response in responses.members() if responses is not None else ():
        _response(response, status)


def _content(content: SpecNode) -> None:
    """Check the schema of a body and its examples."""
    schema = content.take("schema", "a mapping", default={})
    if schema is not None and check_schema(schema):
        given = schema.value.get("type", "object")
        if given != "object" and "object" not in given:
            schema.note(f"a body must be an object, not {show(given)}", "type")
    for _, example in content.rows("examples"):
        _value(example)


def _value(example: SpecNode) -> None:
    """Check the value of an example."""
    value = example.value.get("value")
    if value is None:
        example.note("is missing; write the body as it is sent", "value")
    elif not isinstance(value, dict | str):
        example.note(f"{show(value)} is neither a mapping nor a string", "value")


def _response(response: SpecNode, status: str) -> None:
    if not STATUS.fullmatch(status):
        response.note(f"'{status}' is not an HTTP status; write 100 to 599")
    list(response.rows("headers"))
    for _, each in response.rows("content"):
        for _, example in each.rows("examples"):
            example.extensions()
            code = example.value.get("x-code")
            if "x-code" not in example.value:
                continue
            example.marks()
            _value(example)
            if isinstance(code, bool) or not isinstance(code, int | str) or code == "":
                example.note(
                    f"{show(code)} is not an error code; write the provider's number or word for the error", "x-code"
                )
            if STATUS.fullmatch(status) and not status.isdecimal():
                example.note(f"an error needs a specific status such as 400, not '{status}'", "x-code")


def _message(node: SpecNode, parameters: list[SpecNode], seen: dict[str, object]) -> None:
    """Check which parameters an operation declares for the fields of a message; behaviours check their other keys."""
    own = node.take("x-sandbox", "a mapping")
    sends = node.value.get("x-channel") is not None
    kind = "send" if own is not None and "send" in own.value else "message"
    message = own.take(kind, "a mapping") if own is not None else None
    declares = message is not None and (kind == "send" or is_declaration(message.value))
    if message is not None and declares and kind == "message":
        message.only((*FIELDS, *PLACES), "message")
        if not message.value:
            message.note("is empty; write id, the parameter that has the id of the message that is looked up")
        elif not sends:
            message.note("the operation sends no messages; add x-channel to it")
        name = node.value["x-operation"]
        if seen.setdefault(name, message.value) != message.value:
            message.note(f"{name} is declared differently elsewhere; all its calls must have the same declaration")
    declared = node.inside("x-sandbox", {}).inside(
        kind, declaration_of(own.value) if own is not None and declares else {}
    )
    for path, problem in find_problems(declared.value, _names(node, parameters), sends=sends):
        declared.note(problem, *path)


def check_places(
    document: Mapping[str, Any], places: Mapping[str, Iterable[tuple[SpecNode, bool]]]
) -> Iterator[PathProblem]:
    """Yield the mistakes of the places of a request that behaviours name, by operation."""
    for name, used in places.items():
        schemas = []
        for template, item in document["paths"].items():
            for method in METHODS:
                node = item.get(method)
                if node is not None and node["x-operation"] == name:
                    parameters = [*item.get("parameters", ()), *node.get("parameters", ())]
                    listed = [SpecNode([], (), each) for each in parameters]
                    schemas.append(_names(SpecNode([], ("paths", template, method), node), listed))
        for node, in_rows in used:
            values = node.value if isinstance(node.value, list) else [node.value]
            for value in values:
                found = [
                    _follow([schema, *(_every_item(schema) if in_rows else ())], pointers(value)[0])
                    for schema in schemas
                ]
                if found and all(isinstance(each, str) for each in found):
                    yield PathProblem(node.path, str(found[0]))


def _every_item(schema: Schema) -> Iterator[Schema]:
    """Yield the schemas of the items of every list, and of every object, at the top of a request."""
    for listed in properties_of([schema]).values():
        for each in listed:
            yield each
            if isinstance(each.get("items"), Mapping):
                yield each["items"]


def _names(node: SpecNode, parameters: list[SpecNode]) -> dict[str, object]:
    """Return the schema of all parameters of a request, an empty one if it can have any."""
    named: dict[str, object] = {}
    objects: list[Mapping[str, object]] = []
    for each in parameters:
        schema = each.value["schema"]
        if each.value["in"] == "query" and schema.get("type") == "object":
            objects.append(schema)
        else:
            named[each.value["name"].lower() if each.value["in"] == "header" else each.value["name"]] = schema
    body = node.value.get("requestBody")
    content = body.get("content") if isinstance(body, dict) else None
    bodies = content.values() if isinstance(content, dict) else ()
    objects += [each.get("schema", {}) if isinstance(each, dict) else {} for each in bodies]
    if not all(properties_of([each]) for each in objects):
        return {}
    return {"allOf": [{"properties": named}, *objects]}


def find_problems(declared: Mapping[str, object], schema: Schema, *, sends: bool) -> Iterator[PathProblem]:
    """Yield the mistakes of a message declaration; `schema` is the schema of the whole request."""
    problems: list[PathProblem] = []
    inside: list[Schema] = [schema]
    for name in PLACES:
        if declared.get(name) is not None:
            found = _named(declared[name], (name,), [schema], problems)
            inside += [_items(each) for each in found] if name == "rows" else found
    if problems:
        yield from problems
        return
    for name in FIELDS:
        value = declared.get(name)
        if isinstance(value, list):
            for place, each in enumerate(value):
                _named(each, (name, place), inside, problems)
        elif value is not None:
            _named(value, (name,), inside, problems)
    yield from problems
    known = properties_of(inside)
    if sends and declared.get("recipient") is None and known and not known.keys() & {*USUAL["recipient"]}:
        names = ", ".join(sorted(known))
        yield PathProblem(("recipient",), f"is missing; name the parameter that has the recipient, one of {names}")


def _named(value: object, path: ValuePath, schemas: "Schemas", problems: list[PathProblem]) -> list[Schema]:
    """Return the schemas of what a name or pointer leads to, none if it is a mistake."""
    if not isinstance(value, str) or not value:
        problem = f"{show(value)} is neither a parameter nor a JSON pointer; write one such as {path[0]} or /{path[0]}"
        problems.append(PathProblem(path, problem))
        return []
    found = _follow(schemas, pointers(value)[0])
    if isinstance(found, str):
        problems.append(PathProblem(path, found))
        return []
    return found


def _items(schema: Schema) -> Schema:
    items = schema.get("items")
    return items if isinstance(items, Mapping) else {}


Schemas = Sequence[Schema]


def _follow(schemas: Schemas, pointer: Pointer) -> list[Schema] | str:
    """Return the schemas that a pointer leads to (none if the schemas do not say), or its mistake."""
    for step in pointer:
        members = properties_of(schemas)
        items = [] if members else [each["items"] for each in schemas if isinstance(each.get("items"), Mapping)]
        if items:
            schemas = items
            if step.isdecimal():
                continue
            members = properties_of(schemas)
        if members and step not in members:
            return f"unknown parameter '{step}'.{near_miss(step, members)}"
        schemas = members.get(step, [])
    return list(schemas)
