"""The reference of scenario keys: every key has type, default, example and place, and the examples are right."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from sandbox.formats.schema_reference import Section, to_yaml
from sandbox.scenarios.key_reference import scenario_schema, sections
from tests.builders import packs
from tests.scenarios.builders import mistakes

SCHEMA = scenario_schema()
SECTIONS = {each.name: each for each in sections(packs())}

# What a key of a rule needs beside it.
BESIDE = {"per": "every: 2", "accepted": "error: server-error", "illegal": "lifecycle: [delivered: 1s]"}
DOWN = "{then: {set: {state: down}}}"


def properties(node: object, path: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield every property of the schema with its path."""
    if isinstance(node, dict):
        for name, each in node.get("properties", {}).items() if isinstance(node.get("properties"), dict) else ():
            yield f"{path}/{name}", each
        for name, each in node.items():
            yield from properties(each, f"{path}/{name}")
    for index, each in enumerate(node if isinstance(node, list) else ()):
        yield from properties(each, f"{path}/{index}")


PROPERTIES = dict(properties(SCHEMA))


@pytest.mark.parametrize("path", PROPERTIES)
def test_each_key_has_a_default_an_example_and_where_it_counts(path: str) -> None:
    schema = PROPERTIES[path]
    validator = Draft202012Validator({**schema, "$defs": SCHEMA["$defs"]})
    values = [*schema["examples"], *([schema["default"]] if "default" in schema else [])]

    assert [each.message for value in values for each in validator.iter_errors(value)] == []
    assert (len(schema["examples"]), bool(schema["x-counts"]), {"default", "x-default"} <= set(schema)) == (
        1,
        True,
        False,
    )
    assert [yaml.safe_load(to_yaml(value)) for value in values] == values


@pytest.mark.parametrize(
    ("section", "name", "example"),
    [
        (name, key.name, key.example)
        for name in ("when", "then", "callbacks", "scenario")
        for key in SECTIONS[name].keys
    ],
)
def test_each_example_is_read_without_a_mistake(section: str, name: str, example: str) -> None:
    own, _, inner = name.partition(".")
    line = f"{own}: {{{inner}: {example}}}" if inner else f"{name}: {example}"
    if own in BESIDE:
        line = f"{line}, {BESIDE[own]}"
    text = {
        "scenario": line,
        "when": f"rules: [{{when: {{{line}}}, then: {{after: 1s}}}}, {DOWN}]",
        "then": f"rules: [{{then: {{{line}}}}}]",
        "callbacks": f"rules: [{{then: {{callbacks: {{{line}}}}}}}]",
    }[section]

    assert mistakes(text) == []


def test_the_settings_of_every_provider_are_keys_with_their_default() -> None:
    assert [key.name for key in SECTIONS["settings"].keys] == [
        f"{name}.{setting}" for name, pack in packs().items() for setting in pack.spec.settings
    ]
    assert all(key.type and key.description and key.counts for key in SECTIONS["settings"].keys)


def test_the_keys_of_the_language_are_all_there() -> None:
    def keys(section: Section) -> set[str]:
        return {key.name for key in section.keys if "." not in key.name}

    assert {name: keys(SECTIONS[name]) for name in ("when", "then", "callbacks", "account")} == {
        name: set(SCHEMA["$defs"][name]["properties"]) for name in ("when", "then", "callbacks", "account")
    }


def test_each_value_of_a_key_is_named_once_and_as_it_is_written() -> None:
    types = {key.name: key.type for key in SECTIONS["settings"].keys}
    names = ("smsbuddy.http_status", "smsbuddy.promotional_hours", "smsbuddy.rate_per_minute")

    assert [types[name] for name in names] == ["mirror, 200", "text or off", "whole number or off"]
