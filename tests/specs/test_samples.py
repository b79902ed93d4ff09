"""Samples that are made from schemas: they fit the schema, and have the parts of a message."""

import re
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from sandbox.control.system import describe_provider
from sandbox.providers.registry import discover
from sandbox.specs.samples import Parts, sample_body, sample_parameter, sample_xml, text_for
from sandbox.specs.spec import NO_DECLARATION, NumberPlan, read_fields
from tests.specs.documents import Node
from tests.specs.manners import MANNERS

TO: Node = {"type": "string", "pattern": "^[1-9][0-9]{6,14}$"}
PARTS = Parts(NO_DECLARATION, ("key",))


def body(**properties: Any) -> Node:  # noqa: ANN401 - any schema
    return {"type": "object", "required": [*properties], "properties": properties}


SCHEMAS: dict[str, Node] = {
    "numbers within limits": body(
        a={"type": "integer", "minimum": 5, "multipleOf": 4},
        b={"type": "number", "exclusiveMinimum": 2, "maximum": 3},
        c={"type": "integer", "maximum": -3},
    ),
    "lengths": body(a={"type": "string", "minLength": 40}, b={"type": "string", "maxLength": 1}),
    "patterns": body(a={"type": "string", "pattern": "^[A-Z]{3}-[0-9a-f]{4}$"}, b={"type": "string", "pattern": "x|y"}),
    "formats": body(a={"type": "string", "format": "uuid"}, b={"type": "string", "format": "date-time"}),
    "several types": body(a={"type": ["null", "integer"]}, b={"type": "null"}, c={"type": "boolean"}),
    "choices": body(a={"enum": ["one", "two"]}, b={"const": 7}, c={"type": "string", "default": "d", "maxLength": 1}),
    "lists": body(a={"type": "array", "minItems": 3, "items": {"type": "string"}}),
    "branches": body(
        a={
            "oneOf": [
                {"type": "object", "required": ["x"], "properties": {"x": {"type": "integer"}}},
                {"type": "string"},
            ]
        },
        b={"allOf": [{"type": "object", "properties": {"y": TO}}, {"required": ["y"]}]},
    ),
    "a required number": body(to={"type": "integer", "minimum": 1_000_000}, text={"type": "string"}),
}


@pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS)
def test_a_sample_fits_its_schema(schema: Node) -> None:
    sample = sample_body(schema, PARTS)

    assert (set(sample), [each.message for each in Draft202012Validator(schema).iter_errors(sample)]) == (
        set(schema["properties"]),
        [],
    )


def test_a_sample_has_the_parts_of_a_message_and_the_key_but_nothing_else_that_is_optional() -> None:
    optional = {name: {"type": "string"} for name in ("key", "to", "text", "from", "tag")}

    assert sample_body({"properties": optional}, PARTS) == {
        "key": "demo",
        "to": "38761444555",
        "text": "Your code is 482910",
    }


def test_a_sample_has_the_declared_parts_at_any_depth() -> None:
    parts = Parts(read_fields({"rows": "/batch/rows", "common": "/batch", "recipient": "/phone/e164", "text": "body"}))
    row = {"type": "object", "properties": {"phone": {"properties": {"e164": {"type": "string", "pattern": r"^\+"}}}}}
    batch = {"properties": {"rows": {"type": "array", "items": row}, "body": {"type": "string"}, "tag": {}}}

    assert sample_body({"properties": {"batch": batch}}, parts) == {
        "batch": {"rows": [{"phone": {"e164": "+38761444555"}}], "body": "Your code is 482910"}
    }


def test_a_required_sender_is_one_of_the_account() -> None:
    schema = body(sender={"type": "string"}, to=TO, text={"type": "string"})

    assert sample_body(schema, PARTS._replace(senders=("SHOP",)))["sender"] == "SHOP"


def test_a_number_may_be_written_as_in_its_own_country() -> None:
    schema = body(to={"type": "string", "pattern": "^[0-9]{9}$"}, text={"type": "string"})

    assert sample_body(schema, PARTS._replace(home=NumberPlan(9, "995")))["to"] == "761444555"


def test_a_schema_that_refers_to_itself_has_a_sample_with_an_end() -> None:
    schema = body(to=TO)
    schema["properties"]["inner"] = schema
    schema["required"].append("inner")

    assert sample_body(schema, PARTS)["to"] == "38761444555"


@pytest.mark.parametrize(
    "pattern",
    [
        r"^\d{4,6}$",
        r"^(foo|bar)-[a-z]+$",
        r"^[^a-z]{5}$",
        r"^\+?[1-9]\d{6,14}$",
        r"^\w+@\w+\.\w{2,}$",
        r"^a.c\s?$",
        r"^\S+$",
    ],
)
def test_a_text_matches_the_pattern_that_it_is_made_for(pattern: str) -> None:
    assert re.search(pattern, text_for(pattern))


def test_no_text_is_made_for_a_pattern_that_python_does_not_know() -> None:
    assert text_for(r"^\p{L}+$") == ""


@pytest.mark.parametrize(
    ("parameter", "sample"),
    [
        ({"required": True, "schema": {"type": "integer"}}, 1),
        ({"schema": {"type": "integer"}}, None),
        ({"example": 7, "schema": {"type": "integer"}}, 7),
        ({"examples": {"one": {"value": "x"}}, "schema": {"type": "string"}}, "x"),
        ({"schema": {"type": "string", "examples": ["y"]}}, "y"),
        ({"schema": {"type": "string", "default": "z"}}, "z"),
    ],
)
def test_a_parameter_has_its_example_or_one_if_it_is_required(parameter: Node, sample: object) -> None:
    assert sample_parameter("page", parameter, PARTS) == sample


def test_a_sample_as_xml_has_its_members_below_the_root() -> None:
    values = {"to": ["1", "2"], "flash": False, "text": "a < b"}

    assert sample_xml(values) == "<request><to>1</to><to>2</to><flash>false</flash><text>a &lt; b</text></request>"


def test_an_example_of_a_body_counts_before_a_generated_one(tmp_path: Path) -> None:
    document = deepcopy(MANNERS["header"])
    content = document["paths"]["/header/messages"]["post"]["requestBody"]["content"]["application/json"]
    content["example"] = {"to": "38761000001", "text": "mine"}
    (tmp_path / "header.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    described: Any = describe_provider(discover([tmp_path])["header"].spec)

    assert described["operations"][0]["calls"][0]["samples"] == [
        {"type": "application/json", "name": "example", "value": {"to": "38761000001", "text": "mine"}}
    ]
