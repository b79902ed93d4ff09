"""A JSON text is read as JSON, not as YAML, with the place of every value and of every mistake."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.formats.yaml_files import FileError, parse

TEXT = """\
{
\t"name": "\\ud83d\\ude00",
  "rules": [
    {"when": {"to": 1.50, "every": 1e0}, "then": {}}
  ], "deep": [[], [1, [2]]]
}
"""


def test_json_is_read_as_json() -> None:
    assert parse(TEXT, "x").value == json.loads(TEXT)


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ((), "x:1:1"),
        (("name",), "x:2:2"),
        (("rules",), "x:3:3"),
        (("rules", 0), "x:4:5"),
        (("rules", 0, "when", "to"), "x:4:15"),
        (("rules", 0, "when", "from"), "x:4:6"),
        (("deep", 1, 1, 0), "x:5:24"),
    ],
)
def test_every_value_of_json_has_its_place(path: tuple[str | int, ...], place: str) -> None:
    assert parse(TEXT, "x").place(path) == place


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("", "1:1: not JSON: expected a value"),
        ('{"a": 1,}', "1:8: not JSON: a comma with nothing after it"),
        ('{"a": 1\n "b": 2}', "2:2: not JSON: expected a comma or }"),
        ("[1 2]", "1:4: not JSON: expected a comma or ]"),
        ("[1,\n,2]", "2:1: not JSON: expected a value"),
        ("{a: 1}", "1:2: not JSON: expected a key in double quotes"),
        ('{"a" 1}', "1:6: not JSON: expected a colon after the key"),
        ('{"a": 1} x', "1:10: not JSON: unexpected text after the value"),
        ('{"a": 007}', "1:7: not JSON: a number cannot begin with 0; put it in quotes if it is a string"),
        ("[-01.5]", "1:2: not JSON: a number cannot begin with 0; put it in quotes if it is a string"),
        ('{"a":\n  tru}', "2:3: not JSON: expected a value"),
        ('{"a": NaN}', "1:7: not JSON: NaN is not a JSON value"),
        ('{"a": -Infinity}', "1:7: not JSON: -Infinity is not a JSON value"),
        ('{"a": "b', "1:7: not JSON: Unterminated string starting at"),
        ("name: a", "1:1: not JSON: expected a value"),
    ],
)
def test_invalid_json_is_reported_with_its_line_and_column(text: str, mistake: str) -> None:
    with pytest.raises(FileError) as caught:
        parse(text, "x.json")
    with pytest.raises(FileError) as declared:
        parse(text, "x", is_json=True)

    assert (str(caught.value), str(declared.value)) == (f"x.json:{mistake}", f"x:{mistake}")


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ('{"a": 1,\n "a": 2}', "2:2: duplicate key 'a'"),
        ('{"a": "\\ud83d"}', "1:7: half of a surrogate pair, which is not a character"),
        ('{"\\ud83d": 1}', "1:2: half of a surrogate pair, which is not a character"),
        (f'{{"a": {"9" * 1001}}}', "1:7: a number has at most 1000 digits; put it in quotes if it is a string"),
        ("[" * 100_000, "1:101: nested too deeply, more than 100 levels"),
        ('{"a":' * 101 + "1" + "}" * 101, "1:501: nested too deeply, more than 100 levels"),
        (f"[{'1,' * 100_000}1]", "1:200000: more than 100000 values"),
    ],
)
def test_json_that_cannot_be_kept_is_refused_with_its_place(text: str, mistake: str) -> None:
    with pytest.raises(FileError) as caught:
        parse(text, "x")

    assert str(caught.value) == f"x:{mistake}"


@pytest.mark.parametrize("text", ["{a: 1, b: [x]}", "[1, 2,]", '{"a": x}', '{a: "b"} # a comment'])
def test_yaml_that_only_looks_like_json_is_read_as_yaml(text: str) -> None:
    assert parse(text, "x").value is not None


def test_a_byte_order_mark_does_not_count() -> None:
    assert parse('\ufeff{"a": 1}', "x").place(("a",)) == "x:1:2"


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(VALUES, st.sampled_from([{}, {"indent": 2}, {"ensure_ascii": False}]))
def test_every_json_text_is_read_as_the_standard_library_reads_it(value: object, how: dict[str, Any]) -> None:
    text = json.dumps(value, **how)

    assert parse(text, "x.json").value == json.loads(text)


@given(st.text('[]{}":,\\ \n\t0123456789-+.eEtrufalsn', max_size=40))
def test_a_text_is_json_here_where_it_is_to_the_standard_library(text: str) -> None:
    try:
        parse(text, "x.json")
    except FileError as error:
        refused = "twice" not in str(error)
    else:
        refused = False
    try:
        json.loads(text)
    except json.JSONDecodeError:
        wrong = True
    else:
        wrong = False

    assert refused == wrong
