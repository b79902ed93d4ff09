"""API descriptions of no real provider, one in each language, and what the tests make of them."""

import json
from pathlib import Path
from typing import Any

from sandbox.authoring import Imported, import_provider
from sandbox.formats.yaml_files import parse

FOLDER = Path(__file__).parents[1] / "data" / "descriptions"
COURIER, HERON, OWL, PIGEON = (
    FOLDER / name for name in ("courier.json", "heron.postman.json", "owl.yaml", "pigeon.yaml")
)
Node = dict[str, Any]


def imported(path: Path, **options: Any) -> Imported:  # noqa: ANN401 - the options of the function
    """Import a description beside no other provider."""
    return import_provider(path, beside=(), **options)


def document(made: Imported) -> Node:
    """Return the document of an imported provider."""
    value = parse(made.text, made.name).value
    assert isinstance(value, dict)
    return value


def operations(made: Imported) -> Node:
    """Return the operations of an imported provider by method and path."""
    paths = document(made)["paths"]
    return {f"{method.upper()} {path}": node for path, item in paths.items() for method, node in item.items()}


def small(**changes: object) -> Node:
    """Return an OpenAPI document with one operation that sends; `changes` replace members of that operation."""
    operation: Node = {
        "operationId": "sendSms",
        "requestBody": {
            "content": {
                "application/json": {
                    "schema": {"type": "object", "properties": {"to": {"type": "string"}, "text": {"type": "string"}}}
                }
            }
        },
        "responses": {"200": {"description": "Sent.", "content": {"application/json": {"example": {"id": "1234567"}}}}},
    }
    return {
        "openapi": "3.0.0",
        "info": {"title": "Wren", "version": "1"},
        "paths": {"/sms": {"post": {**operation, **changes}}},
    }


def saved(folder: Path, value: object, name: str = "wren.json") -> Path:
    """Write a description and return its file."""
    path = folder / name
    path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
    return path
