"""How schemas of OpenAPI 3.0 and Swagger 2 become schemas of JSON Schema 2020-12."""

# ruff: noqa: E501 - each row of a table is one line

import pytest
from jsonschema import Draft202012Validator

from sandbox.authoring.reading import Node
from sandbox.authoring.schemas import SchemaConverter, first_sentence

PUBLISHED = {"x-word": "published"}


def converter(**schemas: object) -> SchemaConverter:
    return SchemaConverter({"components": {"schemas": schemas}}, word=PUBLISHED)


@pytest.mark.parametrize(
    ("given", "made"),
    [
        ({"type": "string", "nullable": True}, {"type": ["string", "null"]}),
        ({"type": "string", "x-nullable": True}, {"type": ["string", "null"]}),
        ({"type": "string", "enum": ["a"], "nullable": True}, {"type": ["string", "null"], "enum": ["a", None]}),
        ({"allOf": [{"type": "string"}], "nullable": True}, {"anyOf": [{"allOf": [{"type": "string"}]}, {"type": "null"}]}),
        ({"type": "integer", "minimum": 5, "exclusiveMinimum": True}, {"type": "integer", "exclusiveMinimum": 5}),
        ({"type": "integer", "maximum": 5, "exclusiveMaximum": False}, {"type": "integer", "maximum": 5}),
        ({"type": "string", "example": "a"}, {"type": "string", "examples": ["a"]}),
        ({"type": "int"}, {"type": "integer"}),
        ({"type": "file"}, {}),
        ({"type": ["string", {}, 7]}, {"type": "string"}),
        ({"properties": {"a": {}}}, {"type": "object", "properties": {"a": PUBLISHED}}),
        (
            {"type": "object", "properties": {"a": {"type": "string", "required": True}}},
            {"type": "object", "required": ["a"], "properties": {"a": {"type": "string", **PUBLISHED}}},
        ),
        ({"type": "array", "items": [{"type": "string"}]}, {"type": "array", "items": {"type": "string"}}),
        ({"type": "string", "enum": [1, 2]}, {"type": "string", "enum": ["1", "2"]}),
        ({"type": "string", "pattern": "("}, {"type": "string"}),
        ({"type": "string", "maxLength": "10", "minLength": -1, "format": 7}, {"type": "string"}),
        ({"type": "object", "additionalProperties": {}}, {"type": "object"}),
        ({"type": "object", "additionalProperties": False}, {"type": "object", "additionalProperties": False}),
        ({"type": "string", "discriminator": {}, "xml": {}, "x-own": 1, "title": "A"}, {"type": "string"}),
        (7, {}),
    ],
)  # fmt: skip
def test_a_schema_is_taken_with_its_sound_keywords(given: object, made: Node) -> None:
    found = converter().convert(given)

    Draft202012Validator.check_schema(found)
    assert found == made


def test_a_reference_stays_one_and_its_target_becomes_a_component() -> None:
    schemas = converter(Status={"enum": ["sent"]})

    found = schemas.convert({"items": {"$ref": "#/components/schemas/Status"}})

    assert (found, schemas.components) == (
        {"items": {"$ref": "#/components/schemas/Status"}},
        {"Status": {"enum": ["sent"], **PUBLISHED}},
    )


def test_a_reference_to_any_place_becomes_a_component_with_a_name_of_its_own() -> None:
    document = {"definitions": {"A b": {"type": "string"}}, "other": {"A b": {"type": "integer"}}}
    schemas = SchemaConverter(document, word={"x-word": "published"})

    found = [schemas.convert({"$ref": place}) for place in ("#/definitions/A b", "#/definitions/A%20b", "#/other/A b")]

    assert [each["$ref"].rpartition("/")[2] for each in found] == ["A-b", "A-20b", "A-b-2"]


def test_a_schema_that_refers_to_itself_is_cut_with_a_note() -> None:
    schemas = converter(Node={"properties": {"next": {"$ref": "#/components/schemas/Node"}}})

    schemas.convert({"$ref": "#/components/schemas/Node"})

    assert schemas.components == {"Node": {"type": "object", "properties": {"next": PUBLISHED}, **PUBLISHED}}
    assert schemas.notes == ["Node refers to itself; its inner Node is not checked"]


def test_a_reference_that_leads_nowhere_is_cut_with_a_note() -> None:
    schemas = converter()

    assert schemas.convert({"$ref": "#/nowhere"}) == {}
    assert schemas.notes == ["#/nowhere leads nowhere; what stands there is not checked"]


def test_schemas_that_multiply_are_cut_with_a_note() -> None:
    levels = {
        f"L{n}": {"properties": {f"p{m}": {"$ref": f"#/components/schemas/L{n + 1}"} for m in range(9)}}
        for n in range(9)
    }
    schemas = converter(**levels, L9={"type": "string"})

    schemas.convert({"$ref": "#/components/schemas/L0"})

    assert schemas.notes[0] == "L5 has more than 5000 values once its references are resolved; it is not checked"


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("One thing. And another.", "One thing."),
        ("See [the **guide**](https://a.example/b) e.g. this. More", "See the guide e.g. this."),
        ("<p>One\nline", "One line"),
        ("word " * 100, "word " * 30 + "word…"),
        (None, ""),
    ],
)
def test_a_description_is_shortened_to_its_first_sentence(text: object, first: str) -> None:
    assert first_sentence(text) == first
