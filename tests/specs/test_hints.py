"""What a provider passes over without a word is named in the header and the journal; its reply stays the same."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlencode

import pytest

from sandbox.formats.yaml_files import parse
from sandbox.specs.body_parsing import FORM, Request
from sandbox.specs.hints import Hint, names_of, suggestion, without_repeats
from sandbox.specs.text_hints import describe_invisible, is_usual_type, misread_digits
from sandbox.specs.types import member
from tests.bad_input.ways import JSON, KEYS, SENDERS, XML, Sender, ask, label, ways
from tests.builders import Desk, make_world
from tests.scenarios.builders import load

SOURCE = Path(__file__).parents[1] / "data" / "hints.yaml"
Row = Mapping[str, Any]


def table() -> list[object]:
    value = parse(SOURCE.read_text(encoding="utf-8"), SOURCE.name).value
    assert isinstance(value, dict)
    return [pytest.param(row, id=row["name"]) for row in value["requests"]]


def request_of(row: Row) -> Request:
    method, _, target = row["request"].partition(" ")
    path, _, query = target.partition("?")
    headers = {**KEYS, **({"content-type": row["type"]} if "type" in row else {}), **row.get("headers", {})}
    headers = {name: value for name, value in headers.items() if value is not None}
    body = bytes.fromhex(row["hex"]) if "hex" in row else row.get("body", "").encode()
    return Request(method, path, query, headers, body)


@pytest.mark.parametrize("row", table())
def test_all_that_is_to_be_said_of_a_request_is_said(row: Row) -> None:
    desk = Desk()
    reply = ask(desk, request_of(row))

    entry = desk.world.requests[1]
    assert (reply.status, entry.refused, len(entry.messages), [*entry.why]) == (
        row["status"],
        row["refused"],
        row["messages"],
        row["why"],
    )


@pytest.mark.parametrize("way", ways())
def test_a_good_request_of_any_kind_has_no_hint(way: Sender) -> None:
    reply = ask(Desk(), way.request(way.good))

    assert (reply.status, "X-Sandbox-Why" in reply.headers) == (200, False)


def added(way: Sender, name: str) -> Request:
    """Return a good request with a further parameter."""
    if "nodes" in way.good:
        return way.request(way.changed(**{name: "1"}))
    return way.request({**way.good, name: "1"})


ORIGINS = {JSON: "body", XML: "body", FORM: "form", "query": "query"}


@pytest.mark.parametrize("way", ways())
def test_an_unknown_parameter_is_named_and_changes_nothing(way: Sender) -> None:
    plain, odd = ask(Desk(), way.request(way.good)), ask(Desk(), added(way, "quux"))

    place = f"{ORIGINS[way.kind]}{'.nodes[0]' if 'nodes' in way.good else ''}.quux"
    hint = {"X-Sandbox-Why": f"{place}: unknown parameter"}
    assert (odd.status, odd.body, odd.headers) == (plain.status, plain.body, {**plain.headers, **hint})


@pytest.mark.parametrize("way", [way for way in SENDERS if way.kind != XML], ids=label)
def test_a_misspelt_parameter_is_named_with_the_one_that_was_meant(way: Sender) -> None:
    desk = Desk()
    ask(desk, way.request(renamed(way)))

    assert desk.world.requests[1].why[-1].endswith(f": unknown parameter; did you mean {way.text}?")


def renamed(way: Sender) -> Mapping[str, object]:
    """Return the good values with the text's name misspelt."""
    odd = f"{way.text.title()}_"
    if "nodes" in way.good:
        return way.changed(**{odd: "hello"})
    return {odd if name == way.text else name: value for name, value in way.good.items()}


@pytest.mark.parametrize("way", ways())
def test_a_byte_order_mark_before_a_number_is_named_as_one(way: Sender) -> None:
    number = str(way.good.get(way.to, "9812345678"))
    desk = Desk()
    ask(desk, way.request(way.changed(**{way.to: f"\ufeff{number}"})))

    told = "; ".join(desk.world.requests[1].why)
    assert (told.count("begins with U+FEFF (byte order mark)"), len(desk.world.messages)) == (1, 0)


@pytest.mark.parametrize("way", ways())
def test_a_no_break_space_in_a_text_is_named_and_the_text_stays_as_it_came(way: Sender) -> None:
    desk = Desk()
    text = "for\u00a0you {#otp#}"
    reply = ask(desk, way.request(way.changed(**{way.text: text})))

    (hint,) = unquote(reply.headers["X-Sandbox-Why"]).split("; ")
    (message,) = desk.world.messages.values()
    assert (hint.partition(": ")[2], message.text[:7]) == (
        f"{text!r} has U+00A0 (no-break space) at character 4",
        "for\u00a0you",
    )


def test_a_value_of_a_key_is_not_quoted() -> None:
    desk = Desk()
    ask(desk, Request("GET", "/v1/sms/balance", "key=secret%C2%A0", {}, b""))

    assert desk.world.requests[1].why == ("query.key: ends with U+00A0 (no-break space)",)


def test_hints_stand_behind_the_reasons_of_a_refusal() -> None:
    desk = Desk()
    body = urlencode({"key": "k1", "x": 1}).encode()
    ask(desk, Request("POST", "/api/v1/sms/send", "", {"content-type": FORM}, body))

    entry = desk.world.requests[1]
    assert (entry.refused, len(entry.why), entry.why[-1]) == (True, 5, "form.x: unknown parameter")


def test_what_was_passed_over_stands_behind_what_a_scenario_did() -> None:
    rule = "rules: [{name: the rule, when: {provider: ubill}, then: {error: server-error, accepted: true}}]"
    desk = Desk(make_world(load(rule)))
    ask(desk, Request("GET", "/v1/sms/send", "key=k1&brandID=1&text=a&numbers=995511194242,12&x=1", {}, b""))

    entry = desk.world.requests[1]
    assert (len(entry.messages), [each[:30] for each in entry.why]) == (
        1,
        ["ubill.sms.send: the scenario's", "numbers[1]: '12' is dropped: i", "query.x: unknown parameter"],
    )


def test_a_request_that_has_hints_alone_meets_the_rules_of_accepted_ones() -> None:
    rule = "rules: [{name: the rule, when: {valid: any}, then: {lifecycle: [sent: 1s]}}]"
    desk = Desk(make_world(load(rule)))
    ask(desk, Request("GET", "/v1/sms/send", "key=k1&brandID=1&text=a&numbers=995511194242,12&x=1", {}, b""))

    (message,) = desk.world.messages.values()
    assert (message.rule, desk.world.requests[1].refused) == ("the rule", False)


@pytest.mark.parametrize(
    ("name", "known", "meant"),
    [
        ("templateid", ["template_id", "to"], "template_id"),
        ("TO", ["to", "text"], "to"),
        ("{urn:x}brandID", ["brandID"], "brandID"),
        ("nodes[0][to]", ["nodes"], "nodes"),
        ("mesage", ["message"], "message"),
        ("msisdn", ["numbers", "text"], "numbers"),
        ("_", ["to"], ""),
        ("quux", ["to", "text"], ""),
        ("x" * 1_000_000, ["x"], ""),
    ],
)
def test_the_name_that_was_meant_is_found(name: str, known: list[str], meant: str) -> None:
    assert suggestion(name, known) == meant


@pytest.mark.parametrize(
    ("name", "step"),
    [("to", ".to"), ("template-id", ".template-id"), ("a b", "['a b']"), ("", "['']"), ("ж" * 61, f"['{'ж' * 60}'…]")],
)
def test_a_name_is_a_step_of_a_place(name: str, step: str) -> None:
    assert member(name) == step


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("hello", ""),
        ("hello there ", ""),
        (" k1\r\n", "begins with U+0020 (space) and ends with U+000D (carriage return)"),
        ("a\tb", ""),
        ("a\0b", "has U+0000 (null character) at character 2"),
        ("a\x02", "ends with U+0002 (control character)"),
        ("soft\u00adly", "has U+00AD (soft hyphen) at character 5"),
        ("\u2028", "begins with U+2028 (line separator)"),
        ("a\u200db", "has U+200D (zero width joiner) at character 2"),
        ("❤\ufe0f", ""),
        ("می\u200cشود", ""),
        (
            "\u00a0\u200b\u2060\ufeffx",
            (
                "begins with U+00A0 (no-break space) and has U+200B (zero width space) at character 2 "
                "and has U+2060 (word joiner) at character 3 and 1 more"
            ),
        ),
    ],
)
def test_characters_that_nobody_sees_are_named(text: str, told: str) -> None:
    assert describe_invisible(text) == told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("38761", ""),
        ("hello", ""),
        ("OIl", "has O at character 1, probably instead of 0"),
        ("+387 6l-93", "has l at character 7, probably instead of 1"),
        ("38\u041e7", "has U+041E (cyrillic capital letter o) at character 3, probably instead of 0"),
        ("٣٨٧", "has Arabic-Indic digits instead of 0 to 9"),
        ("۳۸۷", "has Extended Arabic-Indic digits instead of 0 to 9"),
        ("\uff13\uff18\uff17", "has Fullwidth digits instead of 0 to 9"),
        ("³⁸⁷", "has Superscript digits instead of 0 to 9"),
        ("كود ٤٨٢", ""),
    ],
)
def test_what_looks_like_a_number_and_is_none_is_named(text: str, told: str) -> None:
    assert misread_digits(text) == told


def test_a_schema_that_lets_in_any_name_knows_them_all() -> None:
    closed = {
        "properties": {"a": {"properties": {"b": {}}}},
        "then": {"properties": {"c": {"items": {"type": "string"}}}},
    }
    names = [
        names_of([closed]),
        names_of([], objects=[{**closed, "additionalProperties": True}]),
        names_of([], objects=[{}]),
    ]

    assert [(sorted(each.known), sorted(each.inside), each.free) for each in names] == [
        (["a", "c"], ["a"], False),
        (["a", "c"], ["a"], True),
        ([], [], True),
    ]


def test_a_character_that_a_reason_names_is_not_named_again() -> None:
    hints = (
        Hint("form.to: 'x' ends with U+00A0 (no-break space)", "to", ("\u00a0",)),
        Hint("form.message: 'x' has U+00A0 at character 2", "message", ("\u00a0",)),
        Hint("body.nodes[0].to: 'x' begins with U+FEFF", "to", ("\ufeff",)),
        Hint("form.x: odd"),
    )
    reasons = ("to[1]: 'x' is dropped: it ends with U+00A0 (no-break space)",)

    assert without_repeats(hints, reasons) == tuple(each.sentence for each in hints[1:])


@pytest.mark.parametrize(
    ("content_type", "usual"),
    [
        (JSON, True),
        ("application/json; charset=UTF-8", True),
        ('Application/JSON;charset="utf-8"', True),
        (f"{FORM}; charset=us-ascii", True),
        ("text/xml", True),
        ("application/json; charset=iso-8859-1", False),
        ("text/plain", False),
        (None, False),
    ],
)
def test_a_content_type_is_usual_if_no_hint_can_follow_from_it(content_type: str | None, *, usual: bool) -> None:
    assert is_usual_type(content_type) is usual
