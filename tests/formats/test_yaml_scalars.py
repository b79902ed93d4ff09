"""A plain scalar is read by the core schema of YAML 1.2; a number that stands for a text stays as it is written."""

import json
import math
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from sandbox.formats.yaml_files import FileError, load, parse, read_text, shipped
from sandbox.pipeline import Response
from tests.builders import Desk
from tests.scenarios.builders import betatel, desk, one_rule, rule_of
from tests.scenarios.builders import load as load_scenario

SCALARS: list[tuple[str, object]] = [
    ("", None),
    ("~", None),
    ("null", None),
    ("Null", None),
    ("NULL", None),
    ("nULL", "nULL"),
    ("true", True),
    ("True", True),
    ("FALSE", False),
    ("tRUE", "tRUE"),
    ("yes", "yes"),
    ("No", "No"),
    ("on", "on"),
    ("OFF", "OFF"),
    ("y", "y"),
    ("0", 0),
    ("-0", 0),
    ("7", 7),
    ("+7", 7),
    ("-12", -12),
    ("0o17", 15),
    ("0o18", "0o18"),
    ("0x1F", 31),
    ("0xg", "0xg"),
    ("-0x1F", "-0x1F"),
    ("0b11", "0b11"),
    ("1_000", "1_000"),
    ("12:30", "12:30"),
    ("190:20:30", "190:20:30"),
    ("1e0", 1.0),
    ("1E3", 1000.0),
    ("-1.5e-3", -0.0015),
    (".5", 0.5),
    ("5.", 5.0),
    ("1.0", 1.0),
    (".", "."),
    ("1.2.3", "1.2.3"),
    ("1e", "1e"),
    (".inf", math.inf),
    ("-.INF", -math.inf),
    ("inf", "inf"),
    ("nan", "nan"),
    ("2026-03-02", "2026-03-02"),
    ("2026-03-02T12:00:00Z", "2026-03-02T12:00:00Z"),
    ("=", "="),
    ("'0123'", "0123"),
    ('"true"', "true"),
    ("!!str 0123", "0123"),
    ("!!int 0x10", 16),
]
LEADING_ZEROS: list[tuple[str, object]] = [
    ("010", 10),
    ("08", 8),
    ("0012025550123", 12025550123),
    ("-010", -10),
]


@pytest.mark.parametrize(("written", "value"), [*SCALARS, *LEADING_ZEROS])
def test_a_scalar_of_a_scenario_is_read_by_the_core_schema(written: str, value: object) -> None:
    read = parse(f"a: {written}\n", "x").value

    assert (read, type(read["a"])) == ({"a": value}, type(value))  # type: ignore[index]


@pytest.mark.parametrize(("written", "value"), SCALARS)
def test_a_scalar_of_a_spec_is_read_by_the_core_schema(tmp_path: Path, written: str, value: object) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(f"a: {written}\n", encoding="utf-8")

    assert repr(load(file)) == repr({"a": value})


@pytest.mark.parametrize(("written", "value"), LEADING_ZEROS)
def test_a_spec_that_would_lose_leading_zeros_is_refused_with_the_place(
    tmp_path: Path, written: str, value: object
) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(f"a: {{b: {written}}}\n", encoding="utf-8")
    with pytest.raises(FileError) as caught:
        load(file)

    assert str(caught.value) == (
        f"{file}:1:8: {written} would be read as {value}; put it in quotes, or write it without leading zeros"
    )


def test_not_a_number_is_one() -> None:
    assert json.dumps(parse("[.nan, .NaN, .NAN]", "x").value) == "[NaN, NaN, NaN]"


def test_a_merge_key_keeps_its_meaning_in_a_spec(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text("a: &a {b: 1, c: 2}\nd: {<<: *a, c: 3}\n", encoding="utf-8")

    assert load(file) == {"a": {"b": 1, "c": 2}, "d": {"b": 1, "c": 3}}


@pytest.mark.parametrize(
    "path", [*shipped("specs").glob("*.yaml"), *shipped("scenarios").glob("*.yaml")], ids=lambda path: path.name
)
def test_the_shipped_files_read_the_same_by_both_versions_of_yaml(path: Path) -> None:
    assert load(path) == yaml.safe_load(read_text(path))


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ("to: 0012025550123", "the recipient is 0012025550123"),
        ("to: +38761930305", "the recipient is +38761930305"),
        ("from: 0123", "the sender is 0123"),
        ("from: 1.50", "the sender is 1.50"),
        ("account: 0123", "the account is 0123"),
        ("account: 0x1F", "the account is 0x1F"),
        ("account: 12e34567", "the account is 12e34567"),
        ("account: .inf", "the account is .inf"),
        ("text: 007", "the text contains 007"),
        ("header: {x-a: 0123}", "the header x-a is 0123"),
    ],
)
def test_a_number_that_stands_for_a_string_is_described_as_it_is_written(condition: str, words: str) -> None:
    assert load_scenario(one_rule(condition, "after: 1s")).words == (
        f"the rule: when {words}: the reply is sent after 1s",
    )


@pytest.mark.parametrize(
    ("condition", "send"),
    [
        ("to: 0038761930305", betatel),
        ("to: +38761930305", betatel),
        ("from: 0123", lambda at: betatel(at, sender="0123")),
        ("text: 007", lambda at: betatel(at, text="the code is 007")),
        ("account: 0123", lambda at: betatel(at, key="0123")),
        ("account: 1e3", lambda at: betatel(at, key="1e3")),
    ],
)
def test_a_number_that_stands_for_a_text_meets_that_text(condition: str, send: Callable[[Desk], Response]) -> None:
    assert rule_of(send(desk(one_rule(condition, "error: server-error")))) == "the rule"


def test_the_headers_of_a_reply_are_as_they_are_written() -> None:
    at = desk(one_rule("", "reply: {headers: {X-A: 0123, X-B: true, X-C: 1.50}, body: {a: 0x10, b: 1e3}}"))
    reply = betatel(at)

    assert ({name: reply.headers[name] for name in ("X-A", "X-B", "X-C")}, json.loads(reply.body)) == (
        {"X-A": "0123", "X-B": "true", "X-C": "1.50"},
        {"a": 16, "b": 1000},
    )


def test_numbers_of_an_account_are_as_they_are_written() -> None:
    scenario = load_scenario(
        "accounts:\n  smsbuddy:\n    0123: {stop_list: [061444555], senders: [{id: 007, name: 1.0}]}\n"
        "  ubill:\n    a: {balance: 0.1000000000000000000001}\n"
    )
    ((rule,), (other,)) = scenario.accounts["smsbuddy"], scenario.accounts["ubill"]
    senders = [(each.id, each.name) for each in rule.senders or ()]

    assert (rule.key, rule.stop_list, senders, str((other.balance or {})["sms"])) == (
        "0123",
        frozenset({"061444555"}),
        [("007", "1.0")],
        "0.1000000000000000000001",
    )


@pytest.mark.parametrize("text", ["seed: 7.0", "seed: 7e0", '{"seed": 7.0}', '{"seed": 70e-1}'])
def test_a_whole_number_may_be_written_as_json_schema_lets_it(text: str) -> None:
    assert load_scenario(text).seed == 7


def test_a_time_of_day_needs_no_quotes() -> None:
    assert load_scenario(one_rule("between: [22:00, 06:00]", "after: 1s")).words == (
        "the rule: between 22:00 and 06:00 UTC: the reply is sent after 1s",
    )
