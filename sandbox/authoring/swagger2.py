"""Turns a Swagger 2 document into the shape of OpenAPI 3; its definitions stay where they are, so references keep."""

from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.authoring.reading import Node, listing, mapping, text_of
from sandbox.authoring.schemas import followed
from sandbox.specs.body_parsing import FORM
from sandbox.specs.types import JSON, METHODS

MULTIPART = "multipart/form-data"
FLOWS = {
    "implicit": "implicit",
    "password": "password",
    "application": "clientCredentials",
    "accessCode": "authorizationCode",
}
PARAMETER = ("name", "in", "required", "description")  # what is no part of a parameter's schema


def from_swagger(document: Node) -> Node:
    """Return the document as OpenAPI 3."""
    schemes = mapping(document.get("securityDefinitions"))
    return {
        **document,
        "openapi": "3.0.0",
        "servers": list(_servers(document)),
        "components": {"securitySchemes": {name: _scheme(each) for name, each in schemes.items()}},
        "paths": {path: _item(document, item) for path, item in mapping(document.get("paths")).items()},
    }


def _servers(document: Node) -> Iterator[Node]:
    base = text_of(document.get("basePath")).rstrip("/")
    host = text_of(document.get("host"))
    schemes = listing(document.get("schemes"))
    scheme = "https" if "https" in schemes or not schemes else text_of(schemes[0]) or "https"
    if host or base:
        yield {"url": f"{scheme}://{host}{base}" if host else base}


def _scheme(scheme: object) -> Node:
    given = dict(mapping(scheme))
    if given.get("type") == "basic":
        return {"type": "http", "scheme": "basic"}
    if given.get("type") == "oauth2":
        return {"type": "oauth2", "flows": {FLOWS.get(text_of(given.get("flow")), "clientCredentials"): {}}}
    return given


def _item(document: Node, item: object) -> Node:
    item = followed(document, item)
    shared = _parameters(document, item)
    result: Node = {}
    for method in METHODS:
        if isinstance(item.get(method), dict):
            result[method] = _operation(document, item[method], shared)
    return result


def _parameters(document: Node, node: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the parameters of a path or an operation that have a name and a place."""
    found = [followed(document, each) for each in listing(node.get("parameters"))]
    return [each for each in found if text_of(each.get("name")) and text_of(each.get("in"))]


def _operation(document: Node, node: Mapping[str, Any], shared: list[Mapping[str, Any]]) -> Node:
    own = _parameters(document, node)
    named = {(each.get("name"), each.get("in")) for each in own}
    parameters = [*(each for each in shared if (each.get("name"), each.get("in")) not in named), *own]
    consumes = listing(node.get("consumes")) or listing(document.get("consumes"))
    produces = listing(node.get("produces")) or listing(document.get("produces"))
    rest = {key: value for key, value in node.items() if key not in {"parameters", "responses", "consumes", "produces"}}
    result: Node = {
        **rest,
        "parameters": [_parameter(each) for each in parameters if each.get("in") not in {"body", "formData"}],
        "responses": {
            status: _response(document, each, [text_of(media) for media in produces] or [JSON])
            for status, each in mapping(node.get("responses")).items()
        },
    }
    body = _body(parameters, [text_of(each) for each in consumes])
    return {**result, "requestBody": body} if body else result


def _parameter(parameter: Mapping[str, Any]) -> Node:
    return {
        **{key: parameter[key] for key in PARAMETER if key in parameter},
        "schema": _schema_of(parameter),
    }


def _schema_of(parameter: Mapping[str, Any]) -> Node:
    """Return the schema of a parameter that is no body; `example` may stand in an extension."""
    schema = {key: value for key, value in parameter.items() if key not in PARAMETER and not key.startswith("x-")}
    example = parameter.get("x-example", schema.get("example"))
    return {**schema, **({"example": example} if example is not None else {})}


def _body(parameters: list[Mapping[str, Any]], consumes: list[str]) -> Node | None:
    whole = next((each for each in parameters if each.get("in") == "body"), None)
    if whole is not None:
        types = consumes or [JSON]
        content = {media: {"schema": whole.get("schema", {})} for media in types}
        return {"required": whole.get("required") is True, "content": content}
    fields = [each for each in parameters if each.get("in") == "formData" and isinstance(each.get("name"), str)]
    if not fields:
        return None
    files = any(each.get("type") == "file" for each in fields)
    media = MULTIPART if files or (consumes and FORM not in consumes and MULTIPART in consumes) else FORM
    properties = {
        each["name"]: {**_schema_of(each), "description": text_of(each.get("description"))} for each in fields
    }
    required = [each["name"] for each in fields if each.get("required") is True]
    schema = {"type": "object", "properties": properties, "required": required}
    return {"required": bool(required), "content": {media: {"schema": schema}}}


def _response(document: Node, response: object, produces: list[str]) -> Node:
    source = followed(document, response)
    examples = mapping(source.get("examples"))
    media = {JSON if "json" in each else each: value for each, value in examples.items()}
    content: Node = {each: {"example": value} for each, value in media.items() if "/" in each}
    if "schema" in source:
        for each in [*content] or produces[:1]:
            content.setdefault(each, {})["schema"] = source["schema"]
    return {"description": text_of(source.get("description")), "content": content}
