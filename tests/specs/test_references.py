"""References and merge keys of a provider document: what they name is found, and a mistake in it has its line."""

from pathlib import Path

import pytest

from sandbox.core.errors import SpecError
from sandbox.specs.document import read, refused
from sandbox.specs.types import PathProblem

OUTSIDE = "is outside this document, and nothing is ever downloaded; copy what it names below components"
BOMB = "\n".join(
    f"  s{each}: {{properties: {{a: {{$ref: '#/s/s{each + 1}'}}, b: {{$ref: '#/s/s{each + 1}'}}}}}}"
    for each in range(30)
)
ALIASES = "\n".join([f"a0: &a0 [{'x, ' * 9}x]", *(f"a{n}: &a{n} [{f'*a{n - 1}, ' * 10}]" for n in range(1, 9))])


def mistakes(folder: Path, text: str) -> str:
    """Return the mistakes of a document, without the name of its file."""
    path = folder / "acme.yaml"
    path.write_text(f"x-sandbox: {{}}\n{text}\n", encoding="utf-8")
    with pytest.raises(SpecError) as caught:
        read(path)
    return str(caught.value).replace(f"{path}:", "")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: {$ref: 'https://example.com/a.json#/b'}", f"2:5: https://example.com/a.json#/b {OUTSIDE}"),
        ("a: [{$ref: ./other.yaml}]", f"2:6: ./other.yaml {OUTSIDE}"),
        ("a: {$ref: /etc/passwd}", f"2:5: /etc/passwd {OUTSIDE}"),
        ("a: {$ref: '#/nothing'}", "2:5: #/nothing does not exist"),
        ("a: {$ref: '#/b/2'}\nb: [1]", "2:5: #/b/2 does not exist"),
        ("a: {$ref: ''}", f"2:5: an empty reference {OUTSIDE}"),
        (f"s:\n{BOMB}\n  s30: {{}}", None),
        (ALIASES, "2:34: more than 100000 values, with aliases expanded"),
        ("a: " + "[" * 101 + "]" * 101, "2:103: nested too deeply, more than 100 levels"),
        ("a: " + "[" * 400_000, "2:1003: nested too deeply, more than 100 levels"),
        ("a: &a {<<: *a}", "2:8: a mapping cannot take over its own keys"),
        ("a: {<<: 7}", "2:9: a merge key (<<) takes the keys of a mapping, or of a list of mappings"),
        ("a: 007\nb: [0123]", "2:1: 007 would be read as 7; put it in quotes, or write it without leading zeros"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_reference_that_cannot_be_followed_has_its_line(tmp_path: Path, text: str, problem: str | None) -> None:
    found = mistakes(tmp_path, text).splitlines()

    if problem is None:
        problem = "13:26: #/s/s11 has more than 1000000 values, with its references written out"
    assert found[0] == problem


def test_a_reference_may_name_an_item_of_a_list_and_escape_its_steps(tmp_path: Path) -> None:
    path = tmp_path / "acme.yaml"
    path.write_text("x-sandbox: {}\na: {$ref: '#/b/1/%7Bx%7D~1y'}\nb: [{}, {'{x}/y': 7}]\n", encoding="utf-8")

    assert read(path)["a"] == 7


def test_a_mistake_behind_a_merge_key_has_the_line_of_what_is_merged(tmp_path: Path) -> None:
    path = tmp_path / "acme.yaml"
    path.write_text("x-sandbox: {}\na: &a\n  b: 1\nc:\n  <<: [*a, {b: 2, d: 3}]\n  e: 4\n", encoding="utf-8")
    found = refused(path, [PathProblem(("c", each), "wrong") for each in ("b", "d", "e")])

    assert read(path)["c"] == {"b": 1, "d": 3, "e": 4}
    assert str(found).replace(f"{path}:", "") == "3:3: c.b: wrong\n5:19: c.d: wrong\n6:3: c.e: wrong"
