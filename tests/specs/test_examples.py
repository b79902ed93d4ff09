"""The specs' own examples hold: requests are accepted, replies and errors fit their schemas."""

import json
from collections.abc import Iterator, Mapping
from urllib.parse import urlencode

import pytest

from sandbox.pipeline import Response
from sandbox.pipeline import encode as bytes_of
from sandbox.providers.base import Call, Refusal
from sandbox.specs.body_parsing import FORM, Request
from sandbox.specs.routing import Found
from sandbox.specs.spec import Route
from tests.builders import NOON, Desk, packs, respond, router
from tests.conformance import reply_problems, violations
from tests.specs.documents import OPERATIONS, PROVIDERS, Node, errors, operations

KEYS = {"betatel": {"x-api-key": "k1"}, "smsbuddy": {}, "ubill": {"key": "k1"}}
BY_SCENARIO = {"too-large", "too-many-requests", "server-error", "service-unavailable"}


@pytest.mark.parametrize("node", OPERATIONS)
def test_every_example_of_a_reply_fits_its_schema(node: Node) -> None:
    broken = []
    for response in node["responses"].values():
        for content in response.get("content", {}).values():
            for name, example in content.get("examples", {}).items():
                broken += [f"{name}: {each}" for each in violations(example["value"], content["schema"])]
    assert broken == []


@pytest.mark.parametrize("node", OPERATIONS)
def test_every_operation_has_an_example_of_a_refusal_of_its_own(node: Node) -> None:
    assert {name for name, _, _ in errors(node)} - BY_SCENARIO != set()


def samples(provider: str, method: str, path: str, node: Node) -> Iterator[Request]:
    """Return the requests that an operation's examples make, with a key where they have none."""
    query: dict[str, object] = {}
    headers = KEYS[provider]
    for each in node.get("parameters", ()):
        if each["in"] == "path":
            path = path.replace(f"{{{each['name']}}}", str(each["example"]))
        elif each["in"] == "header":
            headers = {**headers, each["name"]: each["example"]}
        elif "example" in each:
            query[each["name"]] = each["example"]
    content = node.get("requestBody", {}).get("content", {})
    for kind, each in content.items():
        for example in each.get("examples", {}).values():
            body = encode(kind, example["value"])
            yield Request(method, path, urlencode(query), {**headers, "content-type": kind}, body)
    for each in node.get("parameters", ()):
        for example in each.get("examples", {}).values():
            yield Request(method, path, urlencode({**query, **example["value"]}), headers, b"")
    wanted = [each["schema"] for each in node.get("parameters", ()) if each["in"] == "query"]
    if not content and not any("required" in schema or "if" in schema for schema in wanted):
        yield Request(method, path, urlencode(query), headers, b"")


def encode(kind: str, value: object) -> bytes:
    """Return an example as its media type has it."""
    if isinstance(value, str):
        return value.encode()
    assert isinstance(value, dict)
    return urlencode(value).encode() if kind == FORM else json.dumps(value).encode()


def examples() -> Mapping[str, list[Request]]:
    """Return the example requests of each operation, all its routes together."""
    found: dict[str, list[Request]] = {}
    for provider, method, path, node in operations():
        found.setdefault(node["x-operation"], []).extend(samples(provider, method, path, node))
    return found


EXAMPLES = [
    pytest.param(request, id=f"{operation}-{number}")
    for operation, requests in examples().items()
    for number, request in enumerate(requests)
]


def find(request: Request) -> Found:
    found = router().find(request.method, request.path)
    assert isinstance(found, Found)
    return found


def sends(request: object) -> bool:
    return isinstance(request, Request) and find(request).route.operation.channel is not None


def test_every_operation_has_an_example_request() -> None:
    assert [operation for operation, requests in examples().items() if not requests] == []


@pytest.mark.parametrize("request_", EXAMPLES)
def test_every_example_request_is_valid_and_its_reply_fits(request_: Request) -> None:
    desk = Desk()
    reply = respond(desk.world, request_)

    route, path_values = find(request_)

    assert (route.read(request_, path_values).violations, reply_problems(reply, request_.method, request_.path)) == (
        (),
        [],
    )


@pytest.mark.parametrize("request_", [each for each in EXAMPLES if sends(each.values[0])])
def test_every_example_that_sends_is_accepted_by_a_fresh_account(request_: Request) -> None:
    desk = Desk()
    reply = respond(desk.world, request_)

    assert (reply.headers.get("X-Sandbox-Why"), len(desk.world.messages) > 0) == (None, True)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_named_error_fits_each_route_that_may_answer_it(provider: str) -> None:
    pack = packs()[provider]
    broken = []
    for route in pack.spec.routes:
        for error in route.operation.errors.values():
            reply = pack.provider.render_error(error, Refusal(error.name, ("why",)), call_of(route))
            answered = Response(reply.status, {"Content-Type": reply.type}, bytes_of(reply.body))
            broken += reply_problems(answered, route.method, route.template.replace("{", "").replace("}", ""))
    assert broken == []


def call_of(route: Route) -> Call:
    """Return a call of a route that carries nothing."""
    operation = route.operation
    return Call(
        operation=operation.name,
        channel=operation.channel,
        at=NOON,
        number=1,
        seed=7,
        values={},
        headers={},
        key=None,
        account=None,
        violations=(),
        settings=packs()[operation.provider].spec.defaults,
        errors=operation.errors,
        type=operation.type,
    )
