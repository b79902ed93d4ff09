"""Whatever a description contains, what is made of it serves, or it is refused in one line."""

import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.authoring import ImportRefusedError
from sandbox.authoring.reading import read_description
from sandbox.providers.registry import discover
from tests.authoring.descriptions import COURIER, HERON, OWL, PIGEON, imported, saved

WHOLE = [read_description(path).document for path in (COURIER, HERON, OWL, PIGEON)]
ODD: tuple[object, ...] = (
    *(None, True, 0, -1, 1.5, 10**25, "", "x", "é", "/", "~1", "2XX", "default", "yes", "a: b", "- a", "\u2028", " a"),
    *("{{ x }}", "{% if %}", "{", "[", "'", '"', "a\nb", "a\tb\n", "get", "#/components/schemas/Thread"),
    *([], {}, [None], {"a": 1}, {"$ref": "#"}, {"$ref": "#/paths"}, {"$ref": "other.yaml"}, {"type": "array"}),
    *({"type": "string", "pattern": "("}, {"enum": []}, {"oneOf": [{}]}, {"items": []}, {"x-each": "a"}, {"x-if": 1}),
)
KEYS = ("x-each", "$ref", "a b", "é{", "{id}", "/a/{b}/{b}", "yes", "1", "enum", "post", "default", "4XX", "to", "text")


def places(value: object, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every value in a value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, each in inner:
        yield (*path, step)
        yield from places(each, (*path, step))


def at(value: Any, path: tuple[Any, ...]) -> Any:  # noqa: ANN401 - a value of any document
    for step in path:
        value = value[step]
    return value


@st.composite
def mutated(draw: st.DrawFn) -> Any:  # noqa: ANN401 - as above
    """Draw a description of which some values are replaced, removed, renamed or put elsewhere."""
    document = deepcopy(draw(st.sampled_from(WHOLE)))
    for _ in range(draw(st.integers(1, 4))):
        known = list(places(document))
        if not known:
            break
        *outer, step = draw(st.sampled_from(known))
        parent = at(document, tuple(outer))
        match draw(st.sampled_from(("replace", "remove", "copy", "rename"))):
            case "replace":
                parent[step] = deepcopy(draw(st.sampled_from(ODD)))
            case "remove":
                del parent[step]
            case "copy":
                parent[step] = deepcopy(at(document, draw(st.sampled_from(known))))
            case "rename" if isinstance(parent, dict):
                parent[draw(st.sampled_from(KEYS))] = parent.pop(step)
    return document


@settings(
    max_examples=max(settings().max_examples // 2, 1), suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(mutated())
def test_a_description_serves_or_is_refused_in_one_line(tmp_path: Path, document: object) -> None:
    path = saved(tmp_path, json.dumps(document))
    refusal = ""
    try:
        made = imported(path)
    except ImportRefusedError as error:
        refusal = str(error)
    if refusal:
        assert refusal.startswith(str(path))
        assert "\n" not in refusal
        return
    folder = tmp_path / "made"
    folder.mkdir(exist_ok=True)
    (folder / "made.yaml").write_text(made.text, encoding="utf-8")
    assert [*discover([folder])] == [made.name]


@pytest.mark.parametrize("name", ["betatel", "ubill", "smsbuddy"])
def test_the_documents_of_this_project_are_imported_too(tmp_path: Path, name: str) -> None:
    text = (Path(__file__).parents[2] / "specs" / f"{name}.yaml").read_text(encoding="utf-8")

    made = imported(saved(tmp_path, text, f"{name}.yaml"), name="mine")

    assert made.operations > 0
    assert any(" sends: " in line for line in made.proposals)
