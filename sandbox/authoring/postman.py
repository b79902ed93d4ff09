"""Turns a Postman collection 2.1 into OpenAPI 3: a request becomes an operation, its saved replies are examples.

A collection has examples and no schemas, so every schema here is made from an example: the names and types that it has.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from sandbox.authoring.reading import Node, listing, mapping, text_of
from sandbox.specs.body_parsing import FORM
from sandbox.specs.types import JSON, METHODS

VARIABLE = re.compile(r"\{\{\s*([^{}]{1,100}?)\s*\}\}")
NESTING_LIMIT = 30  # folders inside one another
MULTIPART = "multipart/form-data"
LANGUAGES = {
    "json": JSON,
    "xml": "application/xml",
    "html": "text/html",
    "text": "text/plain",
    "javascript": "text/plain",
}
OWN_HEADERS = frozenset(
    {"content-type", "accept", "user-agent", "authorization", "content-length", "host", "cache-control"}
)
NOT_A_NAME = re.compile(r"\W+", re.ASCII)


def from_postman(document: Node) -> Node:
    """Return the collection as an OpenAPI 3 document."""
    variables = {
        text_of(each.get("key")): str(each.get("value") or "")
        for each in map(mapping, listing(document.get("variable")))
    }
    info = mapping(document.get("info"))
    collection = _Collection(variables)
    for request in _requests(listing(document.get("item")), mapping(document.get("auth")), 0):
        collection.add(*request)
    return {
        "openapi": "3.1.0",
        "info": {"title": text_of(info.get("name")), "version": _version(info.get("version"))},
        "servers": [{"url": collection.server}] if collection.server else [],
        "components": {"securitySchemes": collection.schemes},
        "paths": collection.paths,
    }


def _version(value: object) -> str:
    if isinstance(value, dict):
        return ".".join(str(value.get(key, 0)) for key in ("major", "minor", "patch"))
    return str(value or "")


Request = tuple[str, Mapping[str, Any], Mapping[str, Any], list[Any]]


def _requests(items: list[Any], auth: Mapping[str, Any], depth: int) -> Iterator[Request]:
    """Yield the name, request, authorization and saved replies of each request, those of folders too."""
    for item in map(mapping, items):
        own = mapping(item.get("auth")) or auth
        if isinstance(item.get("item"), list) and depth < NESTING_LIMIT:
            yield from _requests(item["item"], own, depth + 1)
        request = item.get("request")
        if isinstance(request, str):
            request = {"method": "GET", "url": request}
        if isinstance(request, dict):
            yield text_of(item.get("name")), request, mapping(request.get("auth")) or own, listing(item.get("response"))


class _Collection:
    """Collects the operations of a collection."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        self.paths: Node = {}
        self.schemes: Node = {}
        self.server = ""

    def add(self, name: str, request: Mapping[str, Any], auth: Mapping[str, Any], replies: list[Any]) -> None:
        """Add a request; one with the method and path of another gives its replies and body alone."""
        method = (text_of(request.get("method")) or "GET").lower()
        path, query = self._address(request.get("url"))
        if method not in METHODS or not path:
            return
        item = self.paths.setdefault(path, {})
        operation = item.setdefault(
            method, {"summary": name, "operationId": _slug(name), "parameters": [], "responses": {}}
        )
        known = {(each["name"], each["in"]) for each in operation["parameters"]}
        for each in self._parameters(path, query, request):
            if (each["name"], each["in"]) not in known:
                operation["parameters"].append(each)
        body = self._body(request)
        if body and "requestBody" not in operation:
            operation["requestBody"] = body
        scheme = _scheme(auth)
        if scheme:
            self.schemes.setdefault(*scheme)
            operation["security"] = [{scheme[0]: []}]
        for reply in map(mapping, replies):
            self._reply(operation, reply)

    def _address(self, url: object) -> tuple[str, list[tuple[str, str]]]:
        """Return the path of a request as a template, and its query."""
        node = mapping(url)
        raw = self._filled(text_of(node.get("raw")) if node else text_of(url), whole=False)
        bare = re.sub(r"^\{\{[^{}]*\}\}", "", raw)  # a host that no variable of the collection defines
        if "://" not in bare and not bare.startswith("/"):
            bare = f"//{bare}"
        try:
            parts = urlsplit(bare)
        except ValueError:
            return "", []
        if parts.scheme and parts.netloc and not self.server:
            self.server = f"{parts.scheme}://{VARIABLE.sub(_name_of, parts.netloc)}"
        steps = [VARIABLE.sub(_parameter_of, each) for each in parts.path.split("/")]
        steps = [f"{{{_slug(each[1:])}}}" if each.startswith(":") and len(each) > 1 else each for each in steps]
        listed = [
            (text_of(each.get("key")), self._filled(str(each.get("value") or "")))
            for each in map(mapping, listing(node.get("query")))
        ]
        query = listed or parse_qsl(parts.query, keep_blank_values=True)
        return unquote("/".join(steps)) or "/", [(key, value) for key, value in query if key]

    def _parameters(self, path: str, query: list[tuple[str, str]], request: Mapping[str, Any]) -> Iterator[Node]:
        for name in re.findall(r"\{(\w+)\}", path):
            yield {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name, value in query:
            yield {"name": name, "in": "query", "schema": {"type": "string", **({"example": value} if value else {})}}
        for header in map(mapping, listing(request.get("header"))):
            key, value = text_of(header.get("key")), self._filled(str(header.get("value") or ""))
            if key and key.lower() not in OWN_HEADERS and header.get("disabled") is not True:
                yield {
                    "name": key,
                    "in": "header",
                    "schema": {"type": "string", **({"example": value} if value else {})},
                }

    def _body(self, request: Mapping[str, Any]) -> Node | None:
        body = mapping(request.get("body"))
        mode = text_of(body.get("mode"))
        if mode in {"urlencoded", "formdata"}:
            fields = [each for each in map(mapping, listing(body.get(mode))) if text_of(each.get("key"))]
            files = any(each.get("type") == "file" for each in fields)
            example = {each["key"]: self._filled(str(each.get("value") or "")) for each in fields}
            media = MULTIPART if files else FORM  # a form-data body without files may as well be sent as a form
            return (
                {"required": True, "content": {media: {"schema": schema_of(example), "example": example}}}
                if example
                else None
            )
        if mode != "raw" or not text_of(body.get("raw")).strip():
            return None
        text = self._filled(body["raw"])
        value = _json(text)
        if value is not None:
            return {"required": True, "content": {JSON: {"schema": schema_of(value), "example": value}}}
        language = text_of(mapping(mapping(body.get("options")).get("raw")).get("language"))
        media = "application/xml" if text.lstrip().startswith("<") else LANGUAGES.get(language, "text/plain")
        return {"required": True, "content": {media: {"example": text}}}

    def _reply(self, operation: Node, reply: Mapping[str, Any]) -> None:
        status = str(reply.get("code") or "200")
        text = self._filled(text_of(reply.get("body")))
        value = _json(text)
        language = LANGUAGES.get(text_of(reply.get("_postman_previewlanguage")), "text/plain")
        media = JSON if value is not None else language if language != JSON else "text/plain"
        response = operation["responses"].setdefault(
            status, {"description": text_of(reply.get("status")), "content": {}}
        )
        if text.strip():
            content = response["content"].setdefault(media, {"examples": {}})
            name = _slug(text_of(reply.get("name"))) or "reply"
            content["examples"].setdefault(name, {"value": text if value is None else value})

    def _filled(self, text: str, *, whole: bool = True) -> str:
        """Return a text with the collection's variables filled in; one without a value becomes its name if `whole`."""

        def value(found: re.Match[str]) -> str:
            return self._variables.get(found[1]) or (_name_of(found) if whole else found[0])

        return VARIABLE.sub(value, text)


def _json(text: str) -> object:
    """Return the value of a JSON object or list, None for any other text."""
    if text.lstrip()[:1] not in {"{", "["}:
        return None
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value


def schema_of(value: object, depth: int = 0) -> Node:
    """Return a schema that an example suggests: its names and types, without required properties."""
    if isinstance(value, dict) and depth < NESTING_LIMIT:
        return {"type": "object", "properties": {key: schema_of(each, depth + 1) for key, each in value.items()}}
    if isinstance(value, list) and depth < NESTING_LIMIT:
        return {"type": "array", **({"items": schema_of(value[0], depth + 1)} if value else {})}
    for kind, name in ((bool, "boolean"), (int, "integer"), (float, "number"), (str, "string")):
        if isinstance(value, kind):
            return {"type": name, "example": value}
    return {}


def _scheme(auth: Mapping[str, Any]) -> tuple[str, Node] | None:
    """Return the security scheme of an authorization, by name."""
    kind = text_of(auth.get("type"))
    if kind in {"basic", "bearer"}:
        return kind, {"type": "http", "scheme": kind}
    if kind in {"oauth2", "jwt"}:
        return "bearer", {"type": "http", "scheme": "bearer"}
    if kind == "apikey":
        rows = auth.get("apikey")
        found = {text_of(each.get("key")): each.get("value") for each in map(mapping, listing(rows))} or dict(
            mapping(rows)
        )
        place = "query" if found.get("in") == "query" else "header"
        return "apikey", {"type": "apiKey", "in": place, "name": str(found.get("key") or "x-api-key")}
    return None


def _slug(text: str) -> str:
    return NOT_A_NAME.sub("_", text).strip("_")[:60]


def _name_of(found: re.Match[str]) -> str:
    return _slug(found[1]) or "value"


def _parameter_of(found: re.Match[str]) -> str:
    return f"{{{_name_of(found)}}}"
