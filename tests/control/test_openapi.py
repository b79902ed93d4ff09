import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from aiohttp import web
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openapi_spec_validator import validate

from sandbox.control.call import OPENAPI, call_schemas
from sandbox.control.problems import BASE
from sandbox.control.routes import SERVER_ROUTES, WORKSPACE_ROUTES
from sandbox.formats.yaml_files import load
from sandbox.specs.fast_validation import CompiledSchema
from sandbox.specs.validation import Validator
from tests.control.calls import operations
from tests.servers import Sandbox, make_engine
from tests.specs.test_fast_validation import values


def served(app: web.Application) -> set[tuple[str, str]]:
    """Return method and path template of every route but HEAD, inbox, docs, MCP and what replicas ask each other."""
    return {
        (route.method, route.resource.canonical.removeprefix(BASE))
        for route in app.router.routes()
        if route.resource is not None
        and re.match(rf"{BASE}/(?!ui|docs|llms.txt|mcp|replicas/requests)", route.resource.canonical)
        if route.method != "HEAD"
    }


def test_every_route_is_described_and_every_description_is_served() -> None:
    from sandbox.server.app import make_app  # noqa: PLC0415 - the application as it is served

    once = {(method, path) for method, path, _ in SERVER_ROUTES}
    below = {(method, f"/workspaces/{{workspace}}{path}") for method, path, _ in WORKSPACE_ROUTES}
    described = set(operations())
    routes = served(make_app(make_engine()))

    assert (routes, described - once) == (described | below, {(method, path) for method, path, _ in WORKSPACE_ROUTES})


def test_what_stands_once_is_described_for_the_server_alone() -> None:
    document: Any = load(OPENAPI)
    alone = {path for path, item in document["paths"].items() if item.get("servers") == [{"url": BASE}]}

    assert alone == {path for _, path, _ in SERVER_ROUTES}


def test_the_document_is_good_openapi() -> None:
    document: Any = load(OPENAPI)

    validate(document)


def test_every_schema_of_a_query_and_a_body_is_a_good_one() -> None:
    for schema in call_schemas().values():
        Validator.check_schema(schema.query.schema)
        Validator.check_schema(schema.body.schema if schema.body else {})


def drawn(schema: Mapping[str, Any]) -> st.SearchStrategy[object]:
    """Draw a value that fits a schema, or nearly."""
    fields = {name: drawn(each) for name, each in schema.get("properties", {}).items()}
    return st.one_of(values, st.fixed_dictionaries({}, optional=fields)) if fields else values


SCHEMAS = [each for call in call_schemas().values() for each in (call.query, call.body) if each]
DRAWN = st.sampled_from(SCHEMAS).flatmap(lambda each: st.tuples(st.just(each), drawn(each.schema)))


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(DRAWN)
def test_the_quick_check_of_a_call_lets_pass_what_jsonschema_does(case: tuple[CompiledSchema, object]) -> None:
    quick, value = case

    assert quick.fits(value) is Validator(quick.schema).is_valid(value)


def test_every_call_has_an_id_of_its_own_and_a_summary() -> None:
    nodes = list(operations().values())
    ids = [node["operationId"] for node in nodes]

    assert (len(set(ids)), [node["operationId"] for node in nodes if not node["summary"].endswith(".")]) == (
        len(ids),
        [],
    )


async def test_it_is_served_as_json(sandbox: Sandbox) -> None:
    async with sandbox.client.get("/_sandbox/openapi.json") as reply:
        assert (reply.status, reply.content_type, await reply.json()) == (200, "application/json", load(OPENAPI))


def examples() -> Iterator[tuple[str, str, object]]:
    """Return method, path and value of each example of a body."""
    for (method, path), node in operations().items():
        for example in (
            node.get("requestBody", {}).get("content", {}).get("application/json", {}).get("examples", {}).values()
        ):
            yield method, path, example["value"]


@pytest.mark.parametrize(("method", "path", "value"), list(examples()))
async def test_every_example_of_a_body_is_taken(sandbox: Sandbox, method: str, path: str, value: object) -> None:
    await sandbox.send()
    name = "default" if path.startswith("/workspaces") else "latest"
    filled = re.sub(r"\{id\}", name, path).replace("{provider}", "smsbuddy").replace("{key}", "k1")
    async with sandbox.client.request(method, BASE + filled, json=value) as reply:
        assert reply.status < 300, await reply.text()
