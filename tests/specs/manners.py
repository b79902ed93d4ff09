"""Providers in YAML alone, without examples, that differ in how a request carries the key and the message."""

from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml

from tests.specs.documents import Node

NUMBER: Node = {"type": "string", "pattern": r"^\+?[1-9]\d{6,14}$"}
TEXT: Node = {"type": "string", "minLength": 1, "maxLength": 160}
FLAT: Node = {"type": "object", "required": ["to", "text"], "properties": {"to": NUMBER, "text": TEXT}}
NESTED: Node = {
    "type": "object",
    "required": ["message"],
    "properties": {
        "message": {
            "type": "object",
            "required": ["to", "content"],
            "properties": {
                "to": {"type": "array", "items": {"type": "object", "properties": {"number": NUMBER}}},
                "content": {"type": "object", "properties": {"body": TEXT, "lang": {"type": "string"}}},
                "priority": {"enum": ["low", "high"]},
            },
        }
    },
}
ROWS: Node = {
    "type": "object",
    "required": ["batch"],
    "properties": {
        "batch": {"type": "array", "minItems": 1, "items": {"type": "object", "properties": {"msisdn": NUMBER}}},
        "shared": {"type": "object", "properties": {"text": TEXT}},
    },
}
KEYED: Node = {
    "type": "object",
    "required": ["auth", "to", "text"],
    "properties": {
        "auth": {"type": "object", "required": ["key"], "properties": {"key": {"type": "string"}}},
        "to": NUMBER,
        "text": TEXT,
    },
}
FLAT_SEND: Node = {"recipient": "to", "text": "text"}
FORM, JSON, XML = "application/x-www-form-urlencoded", "application/json", "application/xml"


def _errors() -> Node:
    named = {"invalid": 400, "unknown-key": 401, "not-found": 404}
    return {
        str(status): {
            "description": name,
            "content": {
                JSON: {"examples": {name: {"value": {"error": name, "why": "{{ error.why }}"}, "x-code": name}}}
            },
        }
        for name, status in named.items()
    }


def document(  # noqa: PLR0913 - what differs, by keyword
    name: str,
    credential: object,
    *,
    body: Node | None = FLAT,
    media: str = JSON,
    send: Node = FLAT_SEND,
    path: str = "messages",
    parameters: list[Node] | None = None,
    refusals: list[Node] | None = None,
) -> Node:
    """Return the document of a provider."""
    content: Node = {} if body is None else {"requestBody": {"required": True, "content": {media: {"schema": body}}}}
    operation: Node = {
        "operationId": f"{name}.send",
        "x-operation": f"{name}.send",
        "x-channel": "sms",
        "x-sandbox": {"send": {**send, "reply": {"body": {"id": "{{ message.id }}"}}}},
        "parameters": parameters or [],
        **content,
        "responses": {"200": {"description": "Accepted.", "content": {JSON: {}}}, **_errors()},
    }
    statuses = {
        "queued": {"says": "accepted", "next": ["sent"]},
        "sent": {"says": "sent", "next": ["delivered"]},
        "delivered": {"says": "arrived", "reported": True},
    }
    callback = {"body": {"id": "{{ message.id }}", "state": "{{ callback.provider_status }}"}}
    channel = {"life": [{"sent": "1s"}, {"delivered": "1s"}], "statuses": statuses, "callback": callback}
    own: Node = {
        "provider": name,
        "credential": credential,
        "account": {"balance": {"SMS": "1000"}},
        "channels": {"sms": channel},
        "refusals": refusals or [],
    }
    return deepcopy(
        {
            "openapi": "3.1.0",
            "info": {"title": name.title(), "version": "1"},
            "x-sandbox": own,
            "paths": {f"/{name}/{path}": {"get" if body is None else "post": operation}},
        }
    )


def _of_account(name: str, credential: Node) -> Node:
    """Return a provider whose path must repeat the key."""
    return document(
        name,
        credential,
        media=FORM,
        path="Account/{auth_id}/Message",
        parameters=[{**_parameter("auth_id", "path", type="string"), "example": "MAXXXX"}],
        refusals=[{"when": "{{ parameters.auth_id != account.key }}", "error": "invalid", "why": "another account"}],
    )


def _parameter(name: str, place: str, **schema: Any) -> Node:  # noqa: ANN401 - any schema
    return {"name": name, "in": place, "required": True, "schema": schema}


MANNERS: Mapping[str, Node] = {
    each["x-sandbox"]["provider"]: each
    for each in (
        document("header", {"header": "X-Api-Key"}),
        document("prefixed", {"header": "Authorization", "prefix": "App "}),
        document("basic", "basic", media=FORM),
        document(
            "bearer", "bearer", body=NESTED, send={"recipient": "/message/to/0/number", "text": "/message/content/body"}
        ),
        document(
            "inquery",
            {"query": "token"},
            body=None,
            parameters=[_parameter("to", "query", **NUMBER), _parameter("text", "query", **TEXT)],
        ),
        document("inbody", {"body": "/auth/key"}, body=KEYED),
        document(
            "inpath",
            {"path": "account"},
            path="accounts/{account}/sends/{kind}",
            parameters=[
                _parameter("account", "path", type="string"),
                _parameter("kind", "path", enum=["sms", "flash"]),
            ],
        ),
        document(
            "xml",
            {"body": "apikey"},
            media=XML,
            body={**FLAT, "properties": {**FLAT["properties"], "apikey": {"type": "string"}}},
        ),
        document(
            "rows",
            {"all": [{"header": "x-id"}, {"header": "x-secret"}]},
            body=ROWS,
            send={"rows": "/batch", "common": "/shared", "recipient": "msisdn", "text": "text"},
        ),
        _of_account("account", {"all": ["basic", {"path": "auth_id"}]}),
        _of_account("either", {"any": ["basic", {"path": "auth_id"}]}),
        document("several", {"any": [{"query": "key"}, "bearer"]}),
    )
}


def write_manners(folder: Path, *names: str) -> None:
    """Write the documents of some of the providers, or of all, to a folder."""
    for name in names or MANNERS:
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(MANNERS[name], sort_keys=False), encoding="utf-8")
