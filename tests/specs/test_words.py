"""The specs are valid OpenAPI, and each fact in them tells its word and source."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from openapi_spec_validator import validate

from sandbox.core.message import LIFECYCLE_STATUSES, Status
from sandbox.specs.compile import operations_of
from tests.builders import packs
from tests.conformance import violations
from tests.specs.documents import PROVIDERS, Node, errors, operations, raw, resolved

WORDS = {"documented", "published", "observed", "inferred"}


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

    assert rows == dict.fromkeys(rows, sorted(LIFECYCLE_STATUSES))


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_life_leads_by_legal_moves_from_queued_to_an_end(provider: str) -> None:
    broken = []
    for name, channel in packs()[provider].spec.channels.items():
        here = Status.QUEUED
        for leg in channel.lifecycle:
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
