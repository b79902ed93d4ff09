"""Holds replies and callbacks against the schemas of the specs; each function returns what does not fit, in words."""

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from xml.etree.ElementTree import fromstring

from jsonschema import Draft202012Validator

from sandbox.core.callback import Outgoing
from sandbox.pipeline import Response
from sandbox.specs.routing import Found
from sandbox.specs.validation import Validator
from tests.builders import packs, router

Node = Mapping[str, Any]


def reply_problems(answer: Response, method: str, path: str) -> list[str]:
    """Return how an answer differs from what the spec says of its operation, status and media type."""
    found = router().find(method, path)
    if not isinstance(found, Found):
        return [f"{method} {path}: no operation"]
    node = packs()[found.route.operation.provider].spec.document["paths"][found.route.template][method.lower()]
    media = answer.headers["Content-Type"]
    content = node["responses"].get(str(answer.status), {}).get("content", {})
    if media not in content:
        return [f"{found.route.operation.name}: {answer.status} {media} is not in the spec"]
    schema = content[media]["schema"]
    return violations(read_reply(answer.body, media, schema), schema)


def callback_problems(outgoing: Outgoing, provider: str, channel: str, *, url: str = "") -> list[str]:
    """Return how a callback differs from the webhook of its channel; `url` is the target's, without placeholders."""
    for method, node in webhooks(packs()[provider].spec.document, channel):
        if outgoing.method == method.upper():
            return [*_queries(outgoing, node, url), *_bodies(outgoing, node)]
    return [f"{provider}: no webhook of {channel} is a {outgoing.method}"]


def webhooks(document: Node, channel: str) -> Iterator[tuple[str, Node]]:
    """Return method and node of each webhook of a channel."""
    for item in document.get("webhooks", {}).values():
        for method, node in item.items():
            if node.get("x-channel") == channel:
                yield method, node


def violations(value: object, schema: Node) -> list[str]:
    """Return every way in which a value breaks a schema, formats included."""
    validator = Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]


def read_reply(body: bytes, media: str, schema: Node) -> object:
    """Return the value of a reply's bytes; numbers in XML by what the schema says of them."""
    kind = media.partition(";")[0]
    if kind == "application/json":
        return json.loads(body)
    text = body.decode()
    return read_xml(text, schema) if kind == "application/xml" else text


def read_xml(text: str, schema: Node) -> Mapping[str, object]:
    """Return the children of an XML document's root, integers where a branch of the schema has them."""
    branches = schema.get("anyOf", [schema])
    root = fromstring(text)  # noqa: S314 - the sandbox's own bytes
    if root.tag not in {branch["xml"]["name"] for branch in branches}:
        return {"root": root.tag}
    numeric = {
        name
        for branch in branches
        for name, each in branch["properties"].items()
        if each.get("type") == "integer" or isinstance(each.get("const"), int)
    }
    return {child.tag: int(child.text or "") if child.tag in numeric else child.text for child in root}


def _queries(outgoing: Outgoing, node: Node, url: str) -> list[str]:
    own = parse_qsl(urlsplit(url).query, keep_blank_values=True)
    sent = parse_qsl(urlsplit(outgoing.url).query, keep_blank_values=True, strict_parsing=bool(own))
    values = dict(each for each in sent if each not in own)
    parameters = [each for each in node.get("parameters", ()) if each["in"] == "query"]
    exploded = [each["schema"] for each in parameters if each["schema"].get("type") == "object"]
    if exploded:
        return violations(values, exploded[0])
    schema = {
        "type": "object",
        "additionalProperties": False,
        "required": [each["name"] for each in parameters if each.get("required")],
        "properties": {each["name"]: each["schema"] for each in parameters},
    }
    return violations(values, schema)


def _bodies(outgoing: Outgoing, node: Node) -> list[str]:
    content = node.get("requestBody", {}).get("content", {})
    if not content:
        return ["a body where none belongs"] if outgoing.body else []
    media = outgoing.headers.get("Content-Type", "")
    if media not in content:
        return [f"a body of type '{media}'"]
    return violations(json.loads(outgoing.body), content[media]["schema"])
