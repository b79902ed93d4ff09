"""Requests are read as their spec says, and nothing that a client sends raises."""

import json
from contextlib import suppress
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.specs.body_parsing import FORM, Request, UnreadableError, gather, pairs, read_form, read_json, read_xml
from sandbox.specs.fast_validation import CompiledSchema
from sandbox.specs.routing import Found, Missed
from sandbox.specs.spec import coerce
from sandbox.specs.types import ecma
from tests.builders import packs, router

ROUTES = [route for pack in packs().values() for route in pack.spec.routes]
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
names = st.sampled_from(["to", "text", "from", "key", "numbers", "brandID", "root", "nodes", "message", "type", "otp"])
likely = st.dictionaries(names, json_values, max_size=6)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(st.sampled_from(ROUTES), likely | json_values, st.binary(max_size=80), st.data())
def test_no_body_of_any_kind_raises(route: object, value: object, noise: bytes, data: st.DataObject) -> None:
    assert route in ROUTES
    route = next(each for each in ROUTES if each is route)
    kind = data.draw(st.sampled_from([*route.known.types, "", "text/plain"]))
    body = data.draw(st.sampled_from([json.dumps(value).encode(), noise, b""]))
    query = data.draw(st.sampled_from(["", urlencode({"key": "k1"}), noise.decode("latin-1")]))
    reading = route.read(Request(route.method, route.template, query, {"content-type": kind}, body), {})

    assert all(each.at and each.rule and each.problem for each in reading.violations)


@given(st.lists(st.tuples(texts, texts), max_size=20))
def test_a_form_is_read_as_the_standard_library_reads_it(fields: list[tuple[str, str]]) -> None:
    encoded = urlencode(fields)

    assert pairs(encoded) == parse_qsl(encoded, keep_blank_values=True)


@given(st.text("ab%+=&;41fFzZ é", max_size=40))
def test_escapes_are_read_as_the_standard_library_reads_them(text: str) -> None:
    try:
        expected = parse_qsl(text, keep_blank_values=True, errors="strict")
    except UnicodeDecodeError:
        with pytest.raises(UnreadableError):
            pairs(text)
    else:
        assert pairs(text) == expected


blanks = st.text(" \t\r\n", max_size=3)


@given(st.dictionaries(texts, json_values, max_size=6), blanks, blanks)
def test_a_json_object_is_read_as_it_was_written(value: dict[str, object], before: str, behind: str) -> None:
    assert read_json(f"{before}{json.dumps(value)}{behind}".encode()) == value


@given(st.binary(max_size=200))
def test_bytes_are_read_or_refused_in_every_form(body: bytes) -> None:
    for reader in (read_json, read_form, read_xml):
        with suppress(UnreadableError):
            assert isinstance(reader(body), dict)


@pytest.mark.parametrize("depth", [1, 63, 64])
def test_json_may_be_nested_64_levels_deep(depth: int) -> None:
    body = b'{"a":' * (depth - 1) + b"{}" + b"}" * (depth - 1)

    assert isinstance(read_json(body), dict)


@pytest.mark.parametrize("depth", [65, 900, 5000, 50_000])
def test_json_that_is_nested_more_deeply_is_refused(depth: int) -> None:
    with pytest.raises(UnreadableError) as caught:
        read_json(b'{"a":' * (depth - 1) + b"{}" + b"}" * (depth - 1))

    assert str(caught.value) == "the JSON is nested more than 64 levels deep"


def test_brackets_in_a_text_nest_nothing() -> None:
    assert read_json(json.dumps({"text": "[{" * 500}).encode()) == {"text": "[{" * 500}


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b'{"a": 1,}', "invalid JSON: trailing comma at line 1 column 8"),
        (b'{"a": [1,\n ]}', "invalid JSON: trailing comma at line 1 column 9"),
        (b'{"a": 1', "invalid JSON: Expecting ',' delimiter at line 1 column 8"),
        (b"", "invalid JSON: Expecting value at line 1 column 1"),
        (b'{"a": NaN}', "invalid JSON: NaN is not a JSON value"),
        (b'{"a": ' + b"9" * 5000 + b"}", "invalid JSON: a number has too many digits"),
        (b"[1]", "the body is not a JSON object"),
        (b'{"a": "\\ud800"}', "the JSON has an unpaired surrogate, which is not a character"),
        (b"\xff", "byte 0 is not valid UTF-8"),
        (b"[" * 60_000, "the JSON has more than 50000 arrays and objects"),
    ],
)
def test_json_that_cannot_be_read_is_explained(body: bytes, problem: str) -> None:
    with pytest.raises(UnreadableError) as caught:
        read_json(body)

    assert str(caught.value) == problem


def test_a_pair_of_surrogates_is_one_character() -> None:
    assert read_json(b'{"a": "\\ud83d\\ude00"}') == {"a": "😀"}


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"<a>", "invalid XML: no element found: line 1, column 3"),
        (b"<!DOCTYPE a><a/>", "the XML has a DOCTYPE or entities, which are not supported"),
        (b"<a>" * 2000, "the XML has more than 1000 tags"),
        (b"\xff", "byte 0 is not valid UTF-8"),
    ],
)
def test_xml_that_cannot_be_read_is_explained(body: bytes, problem: str) -> None:
    with pytest.raises(UnreadableError) as caught:
        read_xml(body)

    assert str(caught.value) == problem


def test_fields_with_brackets_make_a_list_and_of_others_the_last_counts() -> None:
    assert gather([("a[]", "1"), ("a[]", "2"), ("b", "1"), ("b", "2"), ("c", "")]) == {
        "a": ["1", "2"],
        "b": "2",
        "c": "",
    }


@pytest.mark.parametrize(
    ("text", "kinds", "expected"),
    [
        ("5", {"integer"}, 5),
        ("-5", {"integer"}, -5),
        ("5.0", {"integer"}, "5.0"),
        ("\u0665", {"integer"}, "\u0665"),
        ("5\n", {"integer"}, "5\n"),
        ("9" * 16, {"integer"}, "9" * 16),
        ("5.5", {"number"}, 5.5),
        ("1e5", {"number"}, "1e5"),
        ("nan", {"number"}, "nan"),
        ("true", {"boolean"}, True),
        ("1", {"boolean"}, "1"),
        ("5", {"integer", "string"}, "5"),
        ("", {"integer"}, ""),
    ],
)
def test_a_text_becomes_the_number_or_truth_value_that_its_schema_asks_for(
    text: str,
    kinds: set[str],
    expected: object,
) -> None:
    found = coerce(text, frozenset(kinds))

    assert (found, type(found)) == (expected, type(expected))


@given(st.text(max_size=30), st.sets(st.sampled_from(["integer", "number", "boolean", "string", "array"])))
def test_every_text_is_coerced_or_stays_as_it_came(text: str, kinds: set[str]) -> None:
    found = coerce(text, frozenset(kinds))

    assert found == text or (type(found) in {int, float, bool} and "string" not in kinds)


@given(st.sampled_from(["GET", "POST", "PUT", "", "get", "\n"]), st.text(max_size=60))
def test_every_path_is_found_or_missed(method: str, path: str) -> None:
    found = router().find(method, path)

    assert isinstance(found, Found) or (isinstance(found, Missed) and len(found.near) == 3)


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        (r"^\d+$", "5", True),
        (r"^\d+$", "5\n", False),
        (r"^\d+$", "\u0665", False),
        (r"^\w$", "é", False),
        (r"^[$]$", "$", True),
        (r"^\$$", "$", True),
        (r"^[^$]$", "a", True),
        (r"a$|b", "a\n", False),
        (r"^[\]$]+$", "]$", True),
    ],
)
def test_patterns_follow_ecma_262(pattern: str, text: str, *, expected: bool) -> None:
    assert (ecma(pattern).search(text) is not None) is expected


SCHEMA = {
    "type": "object",
    "required": ["a"],
    "properties": {
        "a": {"type": "string", "pattern": "^x$", "description": "an x", "x-word": "documented"},
        "b": {"type": ["integer", "string"], "minimum": 2, "maximum": 3},
        "c": {"enum": ["p", "q"]},
        "d": {"type": "array", "maxItems": 2, "items": {"type": "object", "required": ["e"]}},
        "f": {"type": "string", "minLength": 2, "maxLength": 3},
        "g": {"const": 1},
        "h": {"type": "array", "minItems": 1},
    },
    "x-has-body": True,
}


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({}, ["body.a: is missing (documented: an x)"]),
        ({"a": "y"}, ["body.a: 'y' does not match ^x$ (documented: an x)"]),
        ({"a": 5}, ["body.a: 5 is a number, not a string (documented: an x)"]),
        ({"a": None}, ["body.a: is null, not a string (documented: an x)"]),
        ({"a": "x", "b": True}, ["body.b: true is a boolean, not an integer or a string"]),
        ({"a": "x", "b": 1}, ["body.b: 1 is less than the minimum of 2"]),
        ({"a": "x", "b": 4}, ["body.b: 4 is more than the maximum of 3"]),
        ({"a": "x", "c": "r"}, ["body.c: 'r' is not one of p, q"]),
        ({"a": "x", "d": [{}]}, ["body.d[0].e: is missing"]),
        ({"a": "x", "d": [1] * 3}, ["body.d: has 3 items, more than the maximum of 2"]),
        ({"a": "x", "f": "1"}, ["body.f: '1' has 1 character, fewer than the minimum of 2"]),
        ({"a": "x", "f": "1234"}, ["body.f: '1234' has 4 characters, more than the maximum of 3"]),
        ({"a": "x", "g": 2}, ["body.g: 2 does not satisfy const: 1"]),
        ({"a": "x", "h": []}, ["body.h: has 0 items, fewer than the minimum of 1"]),
        ({"a": "y" * 99}, [f"body.a: '{'y' * 59}…' does not match ^x$ (documented: an x)"]),
        ({"a": "x"}, []),
    ],
)
def test_a_violation_tells_where_what_came_and_what_would_be_right(values: dict[str, object], told: list[str]) -> None:
    assert [str(each) for each in CompiledSchema(SCHEMA).violations(values, dict.fromkeys(values, "body"))] == told


def test_every_violation_is_told_at_once() -> None:
    found = CompiledSchema(SCHEMA).violations({"b": 9, "c": "r", "f": ""}, {})

    assert sorted(each.name for each in found) == ["a", "b", "c", "f"]


@given(json_values, json_values, json_values)
def test_any_values_are_judged(first: object, second: object, third: object) -> None:
    values = {"a": first, "d": second, "c": third}

    assert all(str(each) for each in CompiledSchema(SCHEMA).violations(values, {}))


def test_a_form_body_is_known_by_its_type_whatever_stands_behind_it() -> None:
    route = next(each for each in ROUTES if each.template == "/api/v1/otp/verify" and each.method == "POST")
    request = Request(
        "POST", route.template, "", {"content-type": f"{FORM.upper()}; charset=UTF-8"}, b"key=k&to=1&otp=2"
    )

    assert route.read(request, {}).values == {"key": "k", "to": "1", "otp": "2"}
