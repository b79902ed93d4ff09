"""What each control call takes, read from the OpenAPI document that stands beside this file.

The document is the one truth: parameters and bodies are checked against it, so no call takes what it does not name.
It is read at the first call that needs it, not at the start. A schema's `x-instead` says what to write instead of a
value that it refuses.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from sandbox.formats.yaml_files import load
from sandbox.specs.compile import kinds
from sandbox.specs.document import read
from sandbox.specs.types import JSON, METHODS

PATH = Path(__file__).parent / "openapi.yaml"
NOTHING: Mapping[str, Any] = {"type": "object", "additionalProperties": False}


@dataclass(frozen=True, slots=True)
class Expected:
    """What one call takes: the schema of its query parameters as one object, and that of its body.

    `body` is None where the call reads its body itself, as it need not be JSON; `needs_body`: it may not be empty.
    """

    query: Mapping[str, Any]
    body: Mapping[str, Any] | None
    needs_body: bool
    kinds: Mapping[str, frozenset[str]]


@cache
def contract() -> Mapping[tuple[str, str], Expected]:
    """Return what each call takes, by method and path template."""
    return {
        (method.upper(), template): _expected(item[method], item.get("parameters", []))
        for template, item in read(PATH)["paths"].items()
        for method in METHODS
        if method in item
    }


@cache
def published() -> bytes:
    """Return the document as JSON."""
    return json.dumps(load(PATH), ensure_ascii=False, separators=(",", ":")).encode()


def _expected(node: Mapping[str, Any], shared: list[Mapping[str, Any]]) -> Expected:
    parameters = [each for each in (*shared, *node.get("parameters", [])) if each["in"] == "query"]
    properties = {each["name"]: each["schema"] for each in parameters}
    query = {
        "type": "object",
        "properties": properties,
        "required": [each["name"] for each in parameters if each.get("required")],
        "additionalProperties": False,
    }
    request = node.get("requestBody", {})
    content = request.get("content", {})
    body = None if set(content) > {JSON} else content.get(JSON, {}).get("schema", NOTHING)
    coerced = {name: frozenset(kinds(schema)) for name, schema in properties.items()}
    return Expected(query, body, needs_body=bool(request.get("required")), kinds=coerced)
