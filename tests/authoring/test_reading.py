"""What can be imported, and that everything else is refused in one line that says where and why."""

# ruff: noqa: E501 - each row of a table is one line

import json
import os
from pathlib import Path

import pytest

from sandbox.authoring import ImportRefusedError
from sandbox.authoring.reading import DEPTH_LIMIT, SIZE_LIMIT, Kind, read_description
from tests.authoring.descriptions import COURIER, HERON, OWL, PIGEON, imported, saved, small

NO_YAML = "this is neither JSON nor YAML"
TAG = "'tag:yaml.org,2002:python/object:os.system'"
NEEDED = "OpenAPI 3, Swagger 2 or a Postman collection 2.1 is a mapping"
OUTSIDE = "leads out of this file; bundle the description into one file first, as the sandbox opens and downloads nothing else"
NO_KIND = (
    "this is not an API description: it has no key openapi or swagger, and is no Postman collection of version 2.1"
)
HEAD = "openapi: 3.0.0\ninfo: {title: a}\npaths:\n"


@pytest.mark.parametrize(
    ("path", "kind", "version"),
    [
        (COURIER, Kind.OPENAPI, "3.0.3"),
        (OWL, Kind.OPENAPI, "3.1.0"),
        (PIGEON, Kind.SWAGGER, "2.0"),
        (HERON, Kind.POSTMAN, "2.1"),
    ],
)
def test_the_language_of_a_description_is_recognized(path: Path, kind: Kind, version: str) -> None:
    read = read_description(path)

    assert (read.kind, read.version) == (kind, version)


def test_a_collection_may_be_wrapped_as_the_api_of_postman_gives_it(tmp_path: Path) -> None:
    path = saved(tmp_path, {"collection": json.loads(HERON.read_text(encoding="utf-8"))})

    assert read_description(path).kind == Kind.POSTMAN


def test_keys_are_texts_whatever_yaml_makes_of_them(tmp_path: Path) -> None:
    path = saved(tmp_path, f"{HEAD}  /a: {{200: a, true: b, null: c, 1.5: d}}\n", "wren.yaml")

    assert read_description(path).document["paths"]["/a"] == {"200": "a", "true": "b", "null": "c", "1.5": "d"}


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("wren.json", "[1]", f"this is not an API description: {NEEDED}"),
        ("wren.yaml", "just words", f"this is not an API description: {NEEDED}"),
        ("wren.yaml", "", f"this is not an API description: {NEEDED}"),
        ("wren.json", "{}", NO_KIND),
        ("wren.yaml", "services: {web: {image: a}}", NO_KIND),
        ("wren.json", '{"openapi": "3.0.0", "paths": {,}}', "1:32: this is not JSON: Expecting property name enclosed in double quotes"),
        ("wren.yaml", "openapi: 3.0.0\npaths: [", f"3:1: {NO_YAML}: did not find expected node content"),
        ("wren.yaml", "openapi: 3.0.0\npaths: {? [a]: b}", f"2:11: {NO_YAML}: found unhashable key"),
        ("wren.yaml", "openapi: !!python/object:os.system {}", f"1:10: {NO_YAML}: could not determine a constructor for the tag {TAG}"),
        ("wren.yaml", "asyncapi: 2.0.0", "this is an AsyncAPI document; it describes no HTTP paths. Import an OpenAPI document instead"),
        ("wren.yaml", 'swagger: "1.2"', "version '1.2' is not supported; import OpenAPI 3.0 or 3.1, or Swagger 2.0"),
        ("wren.yaml", 'openapi: "4.0.0"', "version '4.0.0' is not supported; import OpenAPI 3.0 or 3.1, or Swagger 2.0"),
        ("wren.json", '{"requests": [], "order": []}', "this is a Postman collection of version 1; export it as version 2.1"),
        ("wren.yaml", f"{HEAD}  /a: {{$ref: 'other.yaml#/a'}}\n", f"4:15: $ref 'other.yaml#/a' {OUTSIDE}"),
        ("wren.yaml", f"{HEAD}  /a: {{$ref: 'https://wren.example/a'}}\n", f"4:15: $ref 'https://wren.example/a' {OUTSIDE}"),
        ("wren.yaml", HEAD, "it describes no operation that the sandbox can serve"),
        ("wren.yaml", "openapi: 3.0.0\npaths: 7", "it describes no operation that the sandbox can serve"),
    ],
)  # fmt: skip
def test_what_is_no_description_is_refused_in_one_line(tmp_path: Path, name: str, text: str, problem: str) -> None:
    path = saved(tmp_path, text, name)

    with pytest.raises(ImportRefusedError) as refused:
        imported(path)

    place = f"{path}:" if problem[0].isdigit() else f"{path}: "
    assert str(refused.value) == f"{place}{problem}"


def test_an_example_may_have_anything_that_looks_like_a_reference(tmp_path: Path) -> None:
    example = {"example": {"id": "1234567", "$ref": "other.yaml", "x-each": "a"}}
    path = saved(tmp_path, small(responses={"200": {"content": {"application/json": example}}}))

    assert "other.yaml" not in imported(path).text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("wren.json", "[" * 100_000),
        ("wren.json", '{"openapi": "3.0.0", "a": ' + "[" * (DEPTH_LIMIT + 1) + "]" * (DEPTH_LIMIT + 1) + "}"),
        ("wren.yaml", "openapi: 3.0.0\na: " + "[" * 50_000),
        ("wren.yaml", "openapi: 3.0.0\na: &a [*a]\n"),
    ],
)
def test_deep_nesting_is_refused(tmp_path: Path, name: str, text: str) -> None:
    with pytest.raises(ImportRefusedError, match="nested too deeply, more than 100 levels") as refused:
        read_description(saved(tmp_path, text, name))

    assert "\n" not in str(refused.value)


def test_aliases_that_multiply_are_refused(tmp_path: Path) -> None:
    lines = ["openapi: 3.0.0", "a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]

    with pytest.raises(ImportRefusedError, match="more than 2000000 values, with aliases expanded"):
        read_description(saved(tmp_path, "\n".join(lines), "wren.yaml"))


def test_a_file_of_more_than_20_mib_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "wren.json"
    with path.open("wb") as file:
        file.truncate(SIZE_LIMIT + 1)

    with pytest.raises(ImportRefusedError, match=f"more than {SIZE_LIMIT} bytes"):
        read_description(path)


def test_a_description_of_2_mib_is_read(tmp_path: Path) -> None:
    path = saved(tmp_path, {**small(), "x-more": ["words"] * 250_000})

    assert imported(path).operations == 1


@pytest.mark.parametrize("kind", ["missing", "folder", "pipe", "latin"])
def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "wren.yaml"
    match kind:
        case "folder":
            path.mkdir()
        case "pipe":
            os.mkfifo(path)
        case "latin":
            path.write_bytes(b"openapi: caf\xe9")
    problems = {
        "missing": "No such file or directory",
        "folder": "Is a directory",
        "pipe": "this is not a regular file",
        "latin": "byte 12 is not UTF-8",
    }

    with pytest.raises(ImportRefusedError) as refused:
        read_description(path)

    assert str(refused.value) == f"{path}: {problems[kind]}"
