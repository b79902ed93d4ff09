"""Compact JSON: quick or slow, the same bytes."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.formats.json_text import ORJSON, encode_json, encode_json_slowly

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS | st.floats(-1e15, 1e15).map(lambda each: round(each, 4)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=10,
)


def test_the_quick_way_is_there() -> None:
    assert ORJSON is not None


@given(VALUES)
def test_both_ways_write_the_same_bytes(value: object) -> None:
    assert (encode_json(value), json.loads(encode_json(value))) == (encode_json_slowly(value), value)


@pytest.mark.parametrize("value", [2**64, -(2**70), {"a": [2**100]}])
def test_what_the_quick_way_does_not_take_goes_the_other(value: object) -> None:
    assert encode_json(value) == encode_json_slowly(value)
