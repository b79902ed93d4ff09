"""Tells what a provider offers, from its spec; each item says whose word it is and where it stands."""

from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.specs.compile import OWN_ERRORS
from sandbox.specs.spec import Operation, ProviderSpec
from sandbox.specs.types import METHODS

Node = Mapping[str, Any]
Object = dict[str, object]


def describe(spec: ProviderSpec) -> Object:
    """Return a provider's operations, channels, settings, and the fields of a request that name its account."""
    own = spec.document["x-sandbox"]
    return {
        "name": spec.name,
        "title": spec.document["info"]["title"],
        "hosts": [server["url"] for server in spec.document.get("servers", ())],
        "credentials": list(spec.credentials),
        "operations": [_operation(spec, name) for name in spec.operations],
        "channels": [_channel(name, row) for name, row in own["channels"].items()],
        "settings": [
            {"name": name, "default": row["default"], "description": row["description"], **whose(row)}
            for name, row in own["settings"].items()
        ],
    }


def whose(node: Node) -> Object:
    """Return whose word an item is, and where it stands; what a document does not say is nobody's but its own."""
    return {"word": node.get("x-word", "inferred"), "source": node.get("x-source", "")}


def _operation(spec: ProviderSpec, name: str) -> Object:
    operation = spec.operations[name]
    nodes = list(_nodes(spec, name))
    first = nodes[0][2]
    return {
        "name": name,
        "summary": first.get("summary"),
        "channel": operation.channel.name if operation.channel else None,
        "otp": operation.otp,
        **whose(first),
        "calls": [_call(method, path, node, item) for method, path, node, item in nodes],
        "errors": list(_errors(nodes, operation)),
    }


def _nodes(spec: ProviderSpec, name: str) -> Iterator[tuple[str, str, Node, Node]]:
    for path, item in spec.document["paths"].items():
        for method in METHODS:
            if method in item and item[method]["x-operation"] == name:
                yield method.upper(), path, item[method], item


def _call(method: str, path: str, node: Node, item: Node) -> Object:
    content = node.get("requestBody", {}).get("content", {})
    return {
        "id": node["operationId"],
        "method": method,
        "path": path,
        **whose(node),
        "parameters": [*_parameters([*item.get("parameters", ()), *node.get("parameters", ())]), *_bodies(content)],
        "samples": [
            {"type": media, "name": name, "value": example["value"]}
            for media, each in content.items()
            for name, example in each.get("examples", {}).items()
        ],
    }


def _parameters(parameters: list[Node]) -> Iterator[Object]:
    for each in parameters:
        schema = each["schema"]
        if schema.get("type") == "object":
            yield from _fields("query", schema)
        else:
            yield _field(each["name"], each["in"], schema, source=each, required=bool(each.get("required")))


def _bodies(content: Node) -> Iterator[Object]:
    """Yield the fields of a body once, whatever forms it may take."""
    seen: set[str] = set()
    for each in content.values():
        for field in _fields("body", each["schema"]):
            if field["name"] not in seen:
                seen.add(str(field["name"]))
                yield field


def _fields(place: str, schema: Node) -> Iterator[Object]:
    """Yield the fields of an object; those that hang on another field are never required."""
    fields = dict(schema.get("properties", {}))
    for branch in ("else", "then"):
        fields = schema.get(branch, {}).get("properties", {}) | fields
    for name, each in fields.items():
        yield _field(name, place, each, source=each, required=name in schema.get("required", ()))


def _field(name: str, place: str, schema: Node, *, source: Node, required: bool) -> Object:
    word = source if "x-word" in source else schema
    description = schema.get("description") or source.get("description")
    return {"name": name, "in": place, "required": required, "description": description, **whose(word)}


def _errors(nodes: list[tuple[str, str, Node, Node]], operation: Operation) -> Iterator[Object]:
    seen: set[str] = set()
    for _, _, node, _ in nodes:
        for status, response in node.get("responses", {}).items():
            for content in response.get("content", {}).values():
                for name, example in content.get("examples", {}).items():
                    if "x-code" in example and name not in seen:
                        seen.add(name)
                        yield {"name": name, "status": int(status), "code": example["x-code"], **whose(example)}
    for name, error in operation.errors.items():
        if name not in seen and error is OWN_ERRORS.get(name):
            source = "the sandbox's own words: the document has no error of this name"
            yield {"name": name, "status": error.status, "code": error.code, "word": "inferred", "source": source}


def _channel(name: str, row: Node) -> Object:
    return {
        "name": name,
        "statuses": [
            {
                "status": status,
                "says": each["says"],
                "variants": list(each.get("variants", ())),
                "next": list(each.get("next", ())),
                "reported": bool(each.get("reported")),
                **whose(each),
            }
            for status, each in row["statuses"].items()
        ],
        "omitted": [{"status": status, **whose(each)} for status, each in row.get("omitted", {}).items()],
    }
