"""Compiles an OpenAPI document into a `ProviderSpec`; a mistake in it stops the start with an error that says where."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from sandbox.core.clock import parse_duration
from sandbox.core.errors import FileMistake, SandboxError, SpecError
from sandbox.core.message import Channel, Lifecycle, LifecycleStep, Status
from sandbox.specs.document import read, read_shipped, refused
from sandbox.specs.fast_validation import CompiledSchema
from sandbox.specs.hints import Known, names_of
from sandbox.specs.spec import (
    NO_DECLARATION,
    OWN_SETTINGS,
    NumberPlan,
    Operation,
    ProviderSpec,
    Route,
    Setting,
    declaration_of,
    read_fields,
)
from sandbox.specs.types import BRANCHES, JSON, METHODS, PROBLEM, ErrorReply, Node

# Errors that the sandbox and scenarios use, for providers whose document does not define them.
OWN_ERRORS = {
    error.name: error
    for error in (
        ErrorReply(name, status, status, PROBLEM, {"type": "about:blank", "title": title, "status": status})
        for name, status, title in (
            ("unknown-key", 401, "Unauthorized"),
            ("insufficient-funds", 402, "Payment Required"),
            ("too-large", 413, "Content Too Large"),
            ("too-many-requests", 429, "Too Many Requests"),
            ("server-error", 500, "Internal Server Error"),
        )
    )
}

CHECKED = {"balance": "insufficient-funds", "unknown-key": "unknown-key"}  # our own errors by the check that finds them


def compile_spec(path: Path, *, checked: bool) -> ProviderSpec:
    """Return the compiled document; it is checked first if `checked`.

    Raises:
        SpecError: it cannot be read or has mistakes; the text has one `file:line:column: mistake` a
            line.

    """
    document = read(path) if checked else read_shipped(path)
    if checked:
        from sandbox.specs.document_check import check_document  # noqa: PLC0415 - it loads jsonschema, which takes 100 ms

        mistakes = check_document(document)
        if mistakes:
            raise refused(path, mistakes)
    try:
        return _spec(document)
    except KeyError as error:
        raise SpecError([FileMistake(f"{error} is missing", str(path))]) from None
    except (SandboxError, ValueError, TypeError, AttributeError, re.error) as error:
        raise SpecError([FileMistake(str(error), str(path))]) from None


def _spec(document: Node) -> ProviderSpec:
    own = document["x-sandbox"]
    channels = {each: _channel(f"{own['provider']}.{each}", row) for each, row in own["channels"].items()}
    operations: dict[str, Operation] = {}
    routes = []
    key_headers = frozenset(_key_headers(document))
    key_parameters = [{"name": name, "in": "query", "schema": {"type": "string"}} for name in _key_parameters(document)]
    for method, template, node in operations_of(document):
        operation = _operation(node, operations.get(node["x-operation"]), channels, provider=own["provider"])
        operations[operation.name] = operation
        parameters = [*document["paths"][template].get("parameters", ()), *node.get("parameters", ())]
        given = {each["name"] for each in parameters}
        parameters += [each for each in key_parameters if each["name"] not in given]
        route = _route((method, template), node, parameters=parameters, operation=operation, key_headers=key_headers)
        routes.append(route)
    lacking = OWN_ERRORS.keys() - {name for each in operations.values() for name in each.errors}
    if lacking:
        declared = _declared_errors(own.get("refusals"), operations.values())
        more = {name: declared.get(name, error) for name, error in OWN_ERRORS.items() if name in lacking}
        operations = {name: replace(each, errors={**each.errors, **more}) for name, each in operations.items()}
    return ProviderSpec(
        name=own["provider"],
        module=own.get("module", ""),
        document=document,
        channels=channels,
        settings={each: _setting(each, row) for each, row in own["settings"].items()},
        credentials=tuple(own.get("credentials") or ("key",)),
        operations=operations,
        routes=tuple(replace(route, operation=operations[route.operation.name]) for route in routes),
        home=NumberPlan(int(own["numbers"]["national"]), str(own["numbers"]["country"])) if "numbers" in own else None,
    )


def _key_parameters(document: Node) -> Iterator[str]:
    """Yield the parameters of the query that carry the credential of every request, by OpenAPI or `credential`."""
    own = document["x-sandbox"]
    declared = own.get("credential")
    if declared is None and not own.get("module"):  # the functions of a module read what the operations declare
        schemes = document.get("components", {}).get("securitySchemes", {})
        yield from (each["name"] for each in schemes.values() if each.get("in") == "query" and "name" in each)
    waiting = [declared]
    while waiting:
        each = waiting.pop()
        if isinstance(each, Mapping):
            waiting += [way for name in ("any", "all") if isinstance(ways := each.get(name), list) for way in ways]
            if isinstance(each.get("query"), str):
                yield each["query"]


def _declared_errors(refusals: object, operations: Iterable[Operation]) -> Mapping[str, ErrorReply]:
    """Return the errors that a document has for our own under another name, by the check that each is declared for."""
    found: dict[str, ErrorReply] = {}
    known = {name: error for each in operations for name, error in each.errors.items()}
    for row in refusals if isinstance(refusals, list) else ():
        name = CHECKED.get(str(row.get("check"))) if isinstance(row, Mapping) else None
        if name is not None and row.get("error") in known:
            found.setdefault(name, known[row["error"]])
    return found


def _setting(name: str, row: Node) -> Setting:
    """Return a setting; a setting that the sandbox itself reads must also fit the sandbox's schema."""
    needed = OWN_SETTINGS.get(name)
    schema = {"allOf": [row["schema"], needed["schema"]]} if needed else row["schema"]
    return Setting(row["default"], schema, row["description"])


def _channel(name: str, row: Node) -> Channel:
    statuses: Node = row["statuses"]
    read_back: dict[str, Status] = {}
    for status, each in statuses.items():
        for word in (each["says"], *each.get("variants", ())):
            if word not in read_back or each.get("reads_back"):
                read_back[word] = Status(status)
    return Channel(
        name=name.partition(".")[2],
        words={Status(status): each["says"] for status, each in statuses.items()},
        variants={Status(status): frozenset(each.get("variants", ())) for status, each in statuses.items()},
        read_back=read_back,
        moves={Status(status): frozenset(map(Status, each.get("next", ()))) for status, each in statuses.items()},
        reports=frozenset(Status(status) for status, each in statuses.items() if each.get("reported")),
        lifecycle=read_lifecycle(row["life"]),
    )


def read_lifecycle(rows: list[Mapping[str, object]]) -> Lifecycle:
    """Return the lifecycle of a list of `status: delay` mappings."""
    return tuple(LifecycleStep(Status(status), parse_duration(delay)) for row in rows for status, delay in row.items())


def _operation(node: Node, before: Operation | None, channels: Mapping[str, Channel], *, provider: str) -> Operation:
    errors = dict(before.errors) if before else {}
    success = (before.status, before.type) if before else (200, JSON)
    responses: Mapping[str, Node] = node.get("responses", {})
    for status, response in responses.items():
        for media, content in response.get("content", {}).items():
            for name, example in content.get("examples", {}).items():
                if "x-code" in example:
                    errors[name] = ErrorReply(name, int(status), example["x-code"], media, example["value"])
    success = _success(responses) or success
    channel = channels[node["x-channel"]] if "x-channel" in node else None
    declared = declaration_of(node.get("x-sandbox"))
    message = read_fields(declared) if declared else before.message if before else NO_DECLARATION
    code, kind = success
    return Operation(node["x-operation"], provider, channel, bool(node.get("x-otp")), errors, kind, message, code)


def _success(responses: Mapping[str, Node]) -> tuple[int, str] | None:
    """Return the status and media type of the first 2xx response; one with a body, and 200, come first."""
    named = (status for status in responses if status.startswith("2"))
    good = sorted(named, key=lambda each: (not responses[each].get("content"), each != "200", each))
    kinds_of = ((each, next(iter(responses[each].get("content", {})), JSON)) for each in good)
    return next(((int(each) if each.isdecimal() else 200, kind) for each, kind in kinds_of), None)


def _key_headers(document: Node) -> Iterator[str]:
    """Yield the headers that a document lists as security schemes, not as parameters."""
    for scheme in document.get("components", {}).get("securitySchemes", {}).values():
        if scheme.get("in") == "header":
            yield str(scheme["name"]).lower()


def _route(
    place: tuple[str, str],
    node: Node,
    *,
    parameters: list[Node],
    operation: Operation,
    key_headers: frozenset[str],
) -> Route:
    method, template = place
    content = node.get("requestBody", {}).get("content", {})
    schema = route_schema(parameters, node)
    properties: Mapping[str, Node] = schema["properties"]
    headers = tuple(each["name"].lower() for each in parameters if each["in"] == "header")
    in_query = [each["schema"] for each in parameters if each["in"] == "query"]
    objects = [each["schema"] for each in content.values()]
    objects += [each for each in in_query if each.get("type") == "object"]
    return Route(
        method=method,
        template=template,
        pattern=_pattern(template) if "{" in template else None,
        operation=operation,
        header_names=headers,
        body_required=bool(node.get("requestBody", {}).get("required")),
        kinds={name: frozenset(kinds(each)) for name, each in properties.items()},
        schema=CompiledSchema(schema),
        known=Known(names_of([schema], objects=objects), bool(in_query), tuple(content), key_headers.union(headers)),
    )


def route_schema(parameters: list[Node], node: Node) -> Node:
    """Return the schema of all values of a request to an operation, whatever part of the request they are in."""
    content = node.get("requestBody", {}).get("content", {})
    properties: Node = {}
    required: list[str] = []
    origins: dict[str, str] = {}
    extras: list[Node] = []
    objects = [each["schema"] for each in content.values()]
    for parameter in parameters:
        schema = parameter["schema"]
        if parameter["in"] == "query" and schema.get("type") == "object" and parameter.get("explode", True):
            objects.append(schema)
            continue
        name = parameter["name"].lower() if parameter["in"] == "header" else parameter["name"]
        properties[name] = {"x-word": parameter.get("x-word"), **schema}
        origins[name] = parameter["in"]
        if parameter.get("required"):
            required.append(name)
    for each in objects:
        properties.update(each.get("properties", {}))
        required += [name for name in each.get("required", ()) if name not in required]
        rest = {
            key: value for key, value in each.items() if key in {"anyOf", "oneOf", "allOf", "not", "if", "then", "else"}
        }
        if rest and rest not in extras:
            extras.append(rest)
    schema = {"type": "object", "properties": properties, "required": required, "x-origins": origins}
    return {**schema, **({"allOf": extras} if extras else {}), "x-has-body": bool(content)}


def kinds(schema: Node) -> Iterator[str]:
    """Yield the JSON types that a schema allows, according to `type`, `enum` and its branches."""
    if not isinstance(schema, Mapping):  # true or false
        return
    given = schema.get("type", ())
    yield from [given] if isinstance(given, str) else given
    if any(isinstance(value, str) for value in schema.get("enum", ())):
        yield "string"
    for branch in BRANCHES:
        for each in schema.get(branch, ()):
            yield from kinds(each)


def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", template)
    return re.compile(
        "".join(f"(?P<{part}>[^/]+)" if place % 2 else re.escape(part) for place, part in enumerate(parts))
    )


def operations_of(document: Mapping[str, Any]) -> Iterator[tuple[str, str, Node]]:
    """Yield the method, path and node of every operation of a document."""
    for template, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield method.upper(), template, item[method]
