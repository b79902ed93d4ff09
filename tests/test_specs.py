"""The specs: valid OpenAPI, each fact with its word and source, examples that hold, mistakes that stop the start."""

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import yaml
from openapi_spec_validator import validate

from sandbox.core.errors import SpecError
from sandbox.core.lifecycle import Status
from sandbox.files import load, shipped
from sandbox.handling import Answer, Arrival, answer, arrive
from sandbox.handling import encode as bytes_of
from sandbox.packs import discover
from sandbox.provider import Call, Refusal
from sandbox.specs.compiling import operations_of
from sandbox.specs.reading import FORM, READERS, Request
from sandbox.specs.spec import Route
from tests.builders import NOON, Desk, packs, router
from tests.conformance import reply_problems, violations

Node = dict[str, Any]
PROVIDERS = ("betatel", "smsbuddy", "ubill")
WORDS = {"documented", "published", "inferred"}
KEYS = {"betatel": {"x-api-key": "k1"}, "smsbuddy": {}, "ubill": {"key": "k1"}}
BY_SCENARIO = {"too-large", "too-many-requests", "server-error", "service-unavailable"}


@cache
def raw(provider: str) -> Node:
    """Return a spec as its file has it."""
    document = load(shipped("specs") / f"{provider}.yaml")
    assert isinstance(document, dict)
    return document


def resolved(provider: str) -> Mapping[str, Any]:
    """Return a spec with its references written out."""
    return packs()[provider].spec.document


def operations() -> Iterator[tuple[str, str, str, Node]]:
    """Return provider, method, path and node of every operation."""
    for provider in PROVIDERS:
        for method, path, node in operations_of(resolved(provider)):
            yield provider, method, path, node


OPERATIONS = [pytest.param(node, id=node["operationId"]) for _, _, _, node in operations()]


def unmarked(nodes: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return the places that lack their word or source."""
    return [where for where, node in nodes.items() if node.get("x-word") not in WORDS or not node.get("x-source")]


def parameters(node: Node) -> Iterator[tuple[str, Node]]:
    """Return every parameter and body property of an operation, nested ones too."""
    for parameter in node.get("parameters", ()):
        if parameter["schema"].get("type") == "object":
            yield from properties(parameter["schema"], parameter["in"])
        else:
            yield f"{parameter['in']}.{parameter['name']}", parameter
    for media, content in node.get("requestBody", {}).get("content", {}).items():
        yield from properties(content["schema"], media)


def properties(schema: Node, where: str) -> Iterator[tuple[str, Node]]:
    """Return every property that a schema or one of its branches names."""
    for name, each in schema.get("properties", {}).items():
        yield f"{where}.{name}", each
        yield from properties(each, f"{where}.{name}")
    if isinstance(schema.get("items"), dict):
        yield from properties(schema["items"], f"{where}[]")
    branches = [schema[each] for each in ("then", "else") if each in schema]
    for branch in [*branches, *schema.get("anyOf", ()), *schema.get("allOf", ()), *schema.get("oneOf", ())]:
        yield from properties(branch, where)


def errors(node: Node) -> Iterator[tuple[str, Node, Node]]:
    """Return name, example and schema of every error of an operation."""
    for response in node["responses"].values():
        for content in response.get("content", {}).values():
            for name, example in content.get("examples", {}).items():
                if "x-code" in example:
                    yield name, example, content["schema"]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_spec_is_valid_openapi(provider: str) -> None:
    validate(raw(provider))


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_spec_says_that_it_follows_openapi_3_1(provider: str) -> None:
    assert raw(provider)["openapi"] == "3.1.0"


def test_every_operation_tells_its_word_and_source() -> None:
    assert unmarked({node["operationId"]: node for _, _, _, node in operations()}) == []


def test_every_parameter_tells_its_word_and_source() -> None:
    found = {
        f"{node['operationId']}: {where}": each for _, _, _, node in operations() for where, each in parameters(node)
    }

    assert unmarked(found) == []


def test_every_parameter_tells_what_would_be_right() -> None:
    silent = [
        f"{node['operationId']}: {where}"
        for _, _, _, node in operations()
        for where, each in parameters(node)
        if not each.get("description") and not each.get("schema", {}).get("description")
    ]

    assert silent == []


def test_every_error_tells_its_word_and_source() -> None:
    found = {f"{node['operationId']}: {name}": each for _, _, _, node in operations() for name, each, _ in errors(node)}

    assert unmarked(found) == []


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_status_setting_and_callback_tells_its_word_and_source(provider: str) -> None:
    document = resolved(provider)
    own = document["x-sandbox"]
    found: dict[str, Node] = {"account": own["account"], **own["settings"]}
    for channel, row in own["channels"].items():
        for status, each in [*row["statuses"].items(), *row.get("omitted", {}).items()]:
            found[f"{channel}.{status}"] = each
            found.update({f"{channel}.{status}/{word}": one for word, one in each.get("variants", {}).items()})
    for item in document["webhooks"].values():
        found.update({node["operationId"]: node for node in item.values()})
    for _, _, node in operations_of(document):
        for callback in node.get("callbacks", {}).values():
            found.update({each["operationId"]: each for item in callback.values() for each in item.values()})

    assert unmarked(found) == []


@pytest.mark.parametrize("provider", PROVIDERS)
def test_each_of_our_statuses_has_one_row_in_every_channel(provider: str) -> None:
    rows = {
        name: sorted([*channel["statuses"], *channel.get("omitted", {})])
        for name, channel in resolved(provider)["x-sandbox"]["channels"].items()
    }

    assert rows == dict.fromkeys(rows, sorted(Status))


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_life_leads_by_legal_moves_from_queued_to_an_end(provider: str) -> None:
    broken = []
    for name, channel in packs()[provider].spec.channels.items():
        here = Status.QUEUED
        for leg in channel.life:
            if leg.status not in channel.may_follow(here):
                broken.append(f"{name}: {here} to {leg.status}")
            here = leg.status
    assert broken == []


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_setting_has_a_default_that_its_schema_takes(provider: str) -> None:
    settings = packs()[provider].spec.settings
    broken = {name: violations(setting.default, setting.schema) for name, setting in settings.items()}

    assert {name: found for name, found in broken.items() if found} == {}


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_word_of_a_provider_reads_back_as_a_status_that_says_it(provider: str) -> None:
    wrong = []
    for channel in packs()[provider].spec.channels.values():
        for word in {*channel.words.values()} | {each for variants in channel.variants.values() for each in variants}:
            status, variant = channel.parse(word)
            if channel.word(status, variant) != word:
                wrong.append(word)
    assert wrong == []


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_channel_has_a_callback(provider: str) -> None:
    document = resolved(provider)
    described = {node["x-channel"] for item in document["webhooks"].values() for node in item.values()}

    assert described == set(document["x-sandbox"]["channels"])


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


def arrival(request: Request) -> Arrival:
    found = arrive(request, packs=packs(), router=router(), arrived=0.0)
    assert isinstance(found, Arrival)
    return found


def sends(request: object) -> bool:
    return isinstance(request, Request) and arrival(request).route.operation.channel is not None


def test_every_operation_has_an_example_request() -> None:
    assert [operation for operation, requests in examples().items() if not requests] == []


@pytest.mark.parametrize("request_", EXAMPLES)
def test_every_example_request_is_valid_and_its_reply_fits(request_: Request) -> None:
    desk = Desk()
    reply = answer(desk.world, arrival(request_))

    assert (arrival(request_).reading.violations, reply_problems(reply, request_.method, request_.path)) == ((), [])


@pytest.mark.parametrize("request_", [each for each in EXAMPLES if sends(each.values[0])])
def test_every_example_that_sends_is_accepted_by_a_fresh_account(request_: Request) -> None:
    desk = Desk()
    reply = answer(desk.world, arrival(request_))

    assert (reply.headers.get("X-Sandbox-Why"), len(desk.world.messages) > 0) == (None, True)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_named_error_fits_each_route_that_may_answer_it(provider: str) -> None:
    pack = packs()[provider]
    broken = []
    for route in pack.spec.routes:
        for error in route.operation.errors.values():
            reply = pack.provider.dress(error, Refusal(error.name, ("why",)), call_of(route))
            answered = Answer(reply.status, {"Content-Type": reply.type}, bytes_of(reply.body))
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


Spoil = Callable[[Node], object]


def spoiled(tmp_path: Path, spoil: Spoil, *, provider: str = "betatel") -> Path:
    """Write a spec with something wrong in it to a folder of its own."""
    document = copy.deepcopy(raw(provider))
    spoil(document)
    (tmp_path / "spoiled.yaml").write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    return tmp_path


SEND = "/api/smpp/client/send"
MISTAKES: Mapping[str, tuple[Spoil, str]] = {
    "a spec operation without its function": (
        lambda d: d["paths"][SEND]["post"].update({"x-operation": "betatel.sms.sent"}),
        "betatel.sms.sent has no function in sandbox.providers.betatel",
    ),
    "a function without its spec operation": (
        lambda d: d["paths"].pop("/api/billing/me/balance"),
        "sandbox.providers.betatel has a function for betatel.balance, which is no x-operation here",
    ),
    "no x-sandbox": (lambda d: d.pop("x-sandbox"), "an OpenAPI document with x-sandbox is needed"),
    "no channels": (lambda d: d["x-sandbox"].pop("channels"), "'channels' is missing"),
    "no operation name": (lambda d: d["paths"][SEND]["post"].pop("x-operation"), "'x-operation' is missing"),
    "no such channel": (lambda d: d["paths"][SEND]["post"].update({"x-channel": "fax"}), "'fax' is missing"),
    "a status without a row": (
        lambda d: d["x-sandbox"]["channels"]["sms"]["omitted"].pop("read"),
        "x-sandbox.channels: betatel.sms says nothing of read",
    ),
    "a status that is none of ours": (
        lambda d: d["x-sandbox"]["channels"]["sms"]["statuses"].update({"deliverd": {"says": "x"}}),
        "'deliverd' is not a valid Status",
    ),
    "a life with no duration": (
        lambda d: d["x-sandbox"]["channels"]["sms"].update({"life": [{"sent": "soon"}]}),
        "'soon' is no duration; write 200ms, 5s, 2m, 1h, 1d or a number of seconds",
    ),
    "a reference that leads nowhere": (
        lambda d: d["paths"][SEND]["post"]["responses"].update({"400": {"$ref": "#/components/responses/Nil"}}),
        "#/components/responses/Nil leads nowhere",
    ),
    "a reference that leads back to itself": (
        lambda d: d["components"]["schemas"].update({"Sms": {"$ref": "#/components/schemas/Sms"}}),
        "#/components/schemas/Sms leads back to itself",
    ),
    "a body that cannot be read": (
        lambda d: d["paths"][SEND]["post"]["requestBody"]["content"].update({"text/csv": {"schema": {}}}),
        f"POST {SEND}: bodies of type text/csv cannot be read; there are {', '.join(READERS)}",
    ),
    "a schema that is none": (
        lambda d: d["components"]["schemas"]["Sms"]["properties"]["to"].update({"type": "text"}),
        "POST /api/smpp/client/send: $.properties.to.type: 'text' is not valid under any of the given schemas",
    ),
    "a module that is not there": (
        lambda d: d["x-sandbox"].update({"module": "sandbox.providers.nobody"}),
        "x-sandbox.module: sandbox.providers.nobody: No module named 'sandbox.providers.nobody'",
    ),
    "a module that is no pack": (
        lambda d: d["x-sandbox"].update({"module": "sandbox.segments"}),
        "x-sandbox.module: sandbox.segments: module 'sandbox.segments' has no attribute 'PROVIDER'",
    ),
}


@pytest.mark.parametrize(("spoil", "problem"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_in_a_spec_stops_the_start_with_a_clear_line(spoil: Spoil, problem: str, tmp_path: Path) -> None:
    folder = spoiled(tmp_path, spoil)
    with pytest.raises(SpecError) as caught:
        discover([folder])

    assert str(caught.value) == f"{folder / 'spoiled.yaml'}: {problem}"


def test_a_folder_of_specs_that_is_not_there_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(SpecError) as caught:
        discover([tmp_path / "none"])

    assert str(caught.value) == f"{tmp_path / 'none'}: no such folder of specs"


def test_a_file_that_is_no_yaml_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("a: ['x\n", encoding="utf-8")
    with pytest.raises(SpecError) as caught:
        discover([tmp_path])

    assert str(caught.value) == f"{tmp_path / 'x.yaml'}:2:1: found unexpected end of stream"


def test_two_specs_of_one_provider_stop_the_start(tmp_path: Path) -> None:
    folder = spoiled(tmp_path, lambda _: None)
    with pytest.raises(SpecError) as caught:
        discover([shipped("specs"), folder])

    assert str(caught.value) == f"{folder / 'spoiled.yaml'}: another spec already serves the provider 'betatel'"
