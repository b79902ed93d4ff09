"""Where a document says something: of a parameter, a reply, a status, or a part of a callback."""

from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.core.message import Channel, Status
from sandbox.drift.compare import at_path
from sandbox.formats.json_text import ValuePath
from sandbox.specs.compile import operations_of
from sandbox.specs.routing import Found
from sandbox.specs.spec import ProviderSpec
from sandbox.specs.types import ErrorReply, Node, properties_of


def operation_path(found: Found) -> ValuePath:
    """Return the path of the operation of a route."""
    return ("paths", found.route.template, found.route.method.lower())


def error_path(spec: ProviderSpec, found: Found, error: ErrorReply) -> ValuePath:
    """Return the path of the example that declares an error: of this route, or of another of its operation."""
    inside = ("responses", str(error.status), "content", error.type, "examples", error.name)
    own = operation_path(found)
    if walk(spec.document, (*own, *inside)):
        return (*own, *inside)
    for method, template, node in operations_of(spec.document):
        if node["x-operation"] == found.route.operation.name and walk(node, inside):
            return ("paths", template, method.lower(), *inside)
    return own


def parameter_paths(document: Mapping[str, Any], operation: ValuePath) -> Mapping[str, ValuePath]:
    """Return the path of each parameter of an operation or webhook, wherever it is sent, by its name."""
    node = walk(document, operation)
    found: dict[str, ValuePath] = {}
    for place, each in enumerate(node.get("parameters", ())):
        path = (*operation, "parameters", place)
        schema = each.get("schema", {})
        if each["in"] == "query" and schema.get("type") == "object":
            found |= dict(_properties(schema, (*path, "schema")))
        else:
            found[each["name"].lower() if each["in"] == "header" else each["name"]] = path
    for media, content in node.get("requestBody", {}).get("content", {}).items():
        inside = (*operation, "requestBody", "content", media, "schema")
        found |= {name: path for name, path in _properties(content["schema"], inside) if name not in found}
    return found


def _properties(schema: Node, path: ValuePath) -> Iterator[tuple[str, ValuePath]]:
    """Yield the properties of a schema that it names itself; those of branches have the schema's own path."""
    for name in properties_of([schema]):
        own = name in schema.get("properties", {})
        yield name, (*path, "properties", name) if own else path


def reply_schemas(spec: ProviderSpec, found: Found, status: int, media: str, kind: str) -> tuple[Node, ...]:
    """Return the schema of a reply, below its root element if it is XML."""
    content = walk(spec.document, (*operation_path(found), "responses", str(status), "content"))
    schema = content.get(media, {}).get("schema")
    if not isinstance(schema, Mapping):
        return ()
    if kind != "xml":
        return (dict(schema),)
    roots = {branch.get("xml", {}).get("name", "response") for branch in schema.get("anyOf", [schema])}
    return ({"properties": dict.fromkeys(roots, schema)},)


def status_path(channel: Channel, status: Status, variant: str | None = None) -> ValuePath:
    """Return the path of a status of a channel, or of one of its variants."""
    own = ("x-sandbox", "channels", channel.name, "statuses", status.value)
    return own if variant is None else (*own, "variants", variant)


def webhook_path(spec: ProviderSpec, channel: str, method: str) -> ValuePath:
    """Return the path of the webhook that describes the callbacks of a channel, or of the channel if none does."""
    for name, item in spec.document.get("webhooks", {}).items():
        if item.get(method.lower(), {}).get("x-channel") == channel:
            return ("webhooks", name, method.lower())
    return ("x-sandbox", "channels", channel, "callback")


def walk(node: Any, path: ValuePath) -> Any:  # noqa: ANN401 - a part of a document
    """Return the value at a path, an empty mapping if there is none."""
    found = at_path(node, path)
    return {} if found is ... or found is None else found
