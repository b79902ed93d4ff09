"""One control call: what `openapi.yaml` says that it takes, how it is read, and how it is answered.

The OpenAPI document beside this file is the only source: queries and bodies are validated against it, so a call accepts
only what it describes. It is read at the first call that needs it, not at the start.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from aiohttp import web

from sandbox.control.parameters import Context, read_value
from sandbox.control.problems import Mistake, ProblemError, document, encode, pointer, refuse
from sandbox.core.world import World
from sandbox.engine.engine import Engine
from sandbox.engine.workspace import Workspace
from sandbox.formats.yaml_files import load
from sandbox.specs.body_parsing import UnreadableError, pairs, read_json, repeated_keys
from sandbox.specs.compile import kinds
from sandbox.specs.document import read_shipped
from sandbox.specs.fast_validation import CompiledSchema
from sandbox.specs.spec import coerce
from sandbox.specs.types import JSON, METHODS, PROBLEM

if TYPE_CHECKING:
    from sandbox.control.routes import ServerState

OPENAPI = Path(__file__).parent / "openapi.yaml"
ANYTHING = CompiledSchema({})
NO_BODY: Mapping[str, Any] = {"type": "object", "additionalProperties": False}
Kind = TypeVar("Kind")


@dataclass(frozen=True, slots=True)
class CallSchema:
    """What one call takes: the schema of its query parameters as one object, and that of its body.

    `body` is None if the call reads its body itself, as it need not be JSON; `types`: the JSON types of each parameter.
    """

    query: CompiledSchema
    body: CompiledSchema | None
    body_required: bool
    types: Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Parameters:
    """The query parameters or the body of a call by name, validated and converted."""

    values: Mapping[str, object]

    def get(self, name: str, kind: type[Kind]) -> Kind | None:
        """Return a value if it has this type; None if it is missing or has another type."""
        value = self.values.get(name)
        return value if isinstance(value, kind) else None

    def nested(self, name: str) -> "Parameters":
        """Return the object under a name, or an empty one."""
        value = self.values.get(name)
        return Parameters(value if isinstance(value, dict) else {})


@dataclass(frozen=True, slots=True)
class ControlCall:
    """One call: its server and workspace, and its parameters in path, query and body."""

    server: "ServerState"
    workspace: Workspace
    path: Mapping[str, str]
    query: Parameters
    body: Parameters
    request: web.Request

    @property
    def engine(self) -> Engine:
        """The engine of the server."""
        return self.server.engine

    @property
    def world(self) -> World:
        """The state of the workspace."""
        return self.workspace.world


@cache
def call_schemas() -> Mapping[tuple[str, str], CallSchema]:
    """Return what each call takes, by method and path template."""
    return {
        (method.upper(), template): _call_schema(item[method], item.get("parameters", []))
        for template, item in read_shipped(OPENAPI)["paths"].items()
        for method in METHODS
        if method in item
    }


@cache
def openapi_json() -> bytes:
    """Return the OpenAPI document as JSON."""
    return json.dumps(load(OPENAPI), ensure_ascii=False, separators=(",", ":")).encode()


def _call_schema(node: Mapping[str, Any], shared: list[Mapping[str, Any]]) -> CallSchema:
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
    body = None if set(content) - {JSON} else content.get(JSON, {}).get("schema", NO_BODY)
    types = {name: frozenset(kinds(schema)) for name, schema in properties.items()}
    required = bool(request.get("required"))
    return CallSchema(
        CompiledSchema(query), None if body is None else CompiledSchema(body), body_required=required, types=types
    )


def read_query(raw: str, schema: CallSchema, context: Context) -> Parameters:
    """Return the query parameters.

    Raises:
        ProblemError: 400 with every mistake.

    """
    try:
        fields = pairs(raw)
    except UnreadableError as error:
        raise refuse(400, "", f"query: {error}") from None
    values: dict[str, object] = {}
    repeated = []
    for name, value in fields:
        if name in values:
            repeated.append(Mistake(pointer([name]), f"{name} is repeated; give it once"))
        values[name] = coerce(value, schema.types.get(name, frozenset()))
    return _read(values, schema.query, context, repeated)


def read_body(raw: bytes, schema: CallSchema, context: Context) -> Parameters:
    """Return a JSON body; an empty one counts as `{}` if the call does not require a body.

    Raises:
        ProblemError: 400 with every mistake.

    """
    if schema.body_required and not raw.strip():
        raise refuse(400, "", "body: it is empty; it must be a JSON object")
    try:
        values = read_json(raw) if raw.strip() else {}
    except UnreadableError as error:
        raise refuse(400, "", f"body: {error}") from None
    repeated = [Mistake(pointer(path), f"{path[-1]} is repeated; give it once") for path in repeated_keys(raw)]
    return _read(values, schema.body or ANYTHING, context, repeated)


def _read(values: dict[str, object], schema: CompiledSchema, context: Context, found: list[Mistake]) -> Parameters:
    converted, mistakes = read_value(values, schema, context)
    if found or mistakes:
        raise ProblemError(400, [*found, *mistakes])
    return Parameters(converted if isinstance(converted, dict) else {})


def reply(value: object, *, status: int = 200) -> web.Response:
    """Return a response with a JSON body."""
    return web.Response(status=status, body=encode(value), content_type=JSON)


def no_content() -> web.Response:
    """Return a response without a body."""
    return web.Response(status=HTTPStatus.NO_CONTENT)


def problem_response(error: ProblemError) -> web.Response:
    """Return a response with a problem document."""
    return web.Response(status=error.status, body=encode(document(error.status, error.mistakes)), content_type=PROBLEM)
