"""The quick check in front of jsonschema: both always agree."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.specs.compile import operations_of, route_schema
from sandbox.specs.fast_validation import CompiledSchema
from sandbox.specs.validation import compile_validator
from tests.builders import packs

ROUTES: Mapping[str, Mapping[str, Any]] = {  # one operation may stand on many paths: its schema counts once
    node["x-operation"]: route_schema(list(node.get("parameters", ())), node)
    for pack in packs().values()
    for _, _, node in operations_of(pack.spec.document)
}
CHECKS = {route: (CompiledSchema(schema), compile_validator(schema)) for route, schema in ROUTES.items()}
ODD: list[object] = [
    *(None, True, False, 0, 1, 2, 3, -1, 1.0, 1.5, 10**30, "", "0", "1", "2", "3", "true", "false", "on"),
    *("38761930305", "+38761930305", "38761930305\n", "٣٨٧٦١٩٣٠٣٠٥", "9812345678", "995511194242", "00995511194242"),
    *("FACEBOOK", "SMSBDY", "123456", "a\x00b", "line\nbreak", "é", "😀", "x" * 5000, "9" * 4000),
    *("2026-02-01 23:30", "2026-02-01 11:30:00pm", "http://127.0.0.1/dlr", "{#otp#}", "asc", "DELIVERED"),
    *([], ["995511194242"], [995511194242, True], [1.5], {}, {"status": "READ"}, {"to": "9812345678"}, [{}], [[]]),
]
values = st.one_of(
    st.sampled_from(ODD),
    st.text(max_size=20),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.lists(st.sampled_from(ODD), max_size=3),
    st.dictionaries(st.sampled_from(["to", "message", "refid", "status", "key"]), st.sampled_from(ODD), max_size=3),
)


@pytest.mark.parametrize("route", ROUTES)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_the_quick_check_lets_pass_exactly_what_jsonschema_does(route: str, data: st.DataObject) -> None:
    quick, slow = CHECKS[route]
    fields = dict.fromkeys(ROUTES[route]["properties"], values)
    request = data.draw(st.fixed_dictionaries({}, optional=fields))

    assert quick.fits(request) is (slow(request, {}) == ())


LEFT_TO_JSONSCHEMA: list[tuple[Mapping[str, object], object, object]] = [
    ({"uniqueItems": True}, [1, 2], [1, 1]),
    ({"prefixItems": [{"type": "string"}]}, ["a"], [1]),
    ({"contains": {"const": 1}}, [1], [2]),
    ({"patternProperties": {"^a$": {"type": "string"}}}, {"a": "x"}, {"a": 1}),
    ({"dependentRequired": {"a": ["b"]}}, {"a": 1, "b": 1}, {"a": 1}),
    ({"properties": {"b": False}, "unevaluatedProperties": False}, {}, {"a": 1}),
    ({"format": "time-zone"}, "Asia/Kolkata", "Asia/Calcuta"),
]


@pytest.mark.parametrize(("schema", "good", "bad"), LEFT_TO_JSONSCHEMA)
def test_a_keyword_that_is_not_compiled_is_judged_all_the_same(
    schema: Mapping[str, object], good: object, bad: object
) -> None:
    check = CompiledSchema({"properties": {"value": schema}}).violations

    assert (bool(check({"value": good}, {})), bool(check({"value": bad}, {}))) == (False, True)
