"""What a scenario is warned of: it is read, but a part of it surely never takes effect."""

from pathlib import Path

import pytest

from sandbox.scenarios import check_scenarios, load_text, scenario_paths
from tests.builders import packs
from tests.scenarios.builders import one_rule, warnings

REJECTS = "rejects the request; write accepted: true to store the message and lose only the reply"


def test_the_shipped_scenarios_are_warned_of_nothing() -> None:
    assert check_scenarios(scenario_paths().values(), packs()).warnings == ()


def test_a_rule_with_an_empty_then_is_warned_of() -> None:
    problem = "then is empty: this rule changes nothing, and only keeps later rules from matching"
    advice = "name an action such as lifecycle, error or callbacks"

    assert warnings("rules: [{then: {}}]") == [f"evening.yaml:1:10: {problem}; {advice}"]


@pytest.mark.parametrize(
    ("when", "then", "part", "problem"),
    [
        (
            "operation: betatel.sms.send",
            "lifecycle: [sent: 1s, read: 1s]",
            "read",
            "this step never happens: betatel.sms has no status read",
        ),
        (
            "provider: ubill",
            "outcomes: [{weight: 1, lifecycle: [sent: 1s, read: 1s]}]",
            "read",
            "this step never happens: ubill.sms has no status read",
        ),
        ("", "error: 500, inbound: {text: a}", "inbound", f"this reply never comes: the error {REJECTS}"),
        (
            "",
            "lifecycle: [sent: 1s], inbound: {text: a}",
            "inbound",
            "this reply never comes: the lifecycle has no status delivered",
        ),
        (
            "provider: ubill",
            "inbound: {text: a}",
            "inbound",
            "this reply never comes: ubill has no messages from phones",
        ),
        (
            "",
            "error: 500, lifecycle: [sent: 1s]",
            "lifecycle",
            f"this lifecycle never begins: the error {REJECTS}",
        ),
        (
            "",
            "reply: {status: 503}, lifecycle: []",
            "lifecycle",
            f"this lifecycle never begins: the reply {REJECTS}",
        ),
        (
            "",
            "outcomes: [{weight: 1, fault: hang, lifecycle: []}]",
            "lifecycle",
            f"this lifecycle never begins: the fault {REJECTS}",
        ),
        (
            "",
            "error: 500, callbacks: {copies: 2}",
            "callbacks",
            f"these callbacks are never sent: the error {REJECTS}",
        ),
        (
            "",
            "outcomes: [{weight: 1, error: 500}, {weight: 1, fault: hang}], callbacks: {copies: 2}",
            "callbacks",
            "these callbacks are never sent: every outcome rejects the request",
        ),
    ],
)
def test_what_never_takes_effect_is_warned_of_in_its_place(when: str, then: str, part: str, problem: str) -> None:
    line = f"    then: {{{then}}}"

    assert warnings(f"rules:\n  - when: {{{when}}}\n{line}\n") == [f"evening.yaml:3:{line.index(part) + 1}: {problem}"]


@pytest.mark.parametrize(
    ("when", "then"),
    [
        ("", "lifecycle: [sent: 1s, delivered: 1s, read: 1s]"),  # WhatsApp has it
        ("operation: betatel.whatsapp.*", "lifecycle: [sent: 1s]"),
        ("", "error: 500, accepted: true, lifecycle: [sent: 1s], callbacks: {copies: 2}"),
        ("", "reply: {status: 202}, lifecycle: [sent: 1s]"),
        ("", "after: 1s, lifecycle: [sent: 1s]"),
        ("", "outcomes: [{weight: 1, error: 500}, {weight: 1}], callbacks: {copies: 2}"),
        ("", "rate: {limit: 1, per: 1m, error: 500}, lifecycle: [sent: 1s]"),
    ],
)
def test_what_may_take_effect_is_not_warned_of(when: str, then: str) -> None:
    assert warnings(one_rule(when, then)) == []


@pytest.mark.parametrize(
    ("general", "special"),
    [
        ("", "to: '387*'"),
        ("provider: betatel", "operation: betatel.sms.*"),
        ("to: '387*'", "to: '38761*'"),
        ("to: '*1'", "to: '38761930301'"),
        ("to: '*'", "to: '/7$/'"),
        ("to: '3*5'", "to: '38*05', text: code"),
        ("to: '387*'", "to: '387*', chance: 0.5"),
        ("to: '*05'", "to: '61930305'"),
        ("valid: any", "valid: any, first: 3"),
        ("account: 'a*'", "account: ab"),
        ("account: 0123", "account: '0123'"),
        ("otp: true", "otp: true, provider: ubill"),
        ("every: 1", "to: '387*'"),
        ("chance: 1.0", ""),
        ("text: code", "text: codes"),
        ("header: {X-A: a*}", "header: {x-a: ab, x-b: c}"),
        ("header: {x-a: '*'}", "header: {x-a: /b}"),
        ("during: {to: 1m}", "during: {to: 1m}, state: start"),
        ("between: ['22:00', '06:00']", "between: ['22:00', '06:00'], to: '387*'"),
    ],
)
def test_a_rule_that_an_earlier_one_leaves_nothing_is_warned_of(general: str, special: str) -> None:
    first = f"rules:\n  - {{name: one, when: {{{general}}}, then: {{after: 1s}}}}"
    text = f"{first}\n  - {{when: {{{special}}}, then: {{after: 2s}}}}"

    assert warnings(text) == ["evening.yaml:3:5: never reached: 'one' matches every request that this rule would match"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("to: '387*'", "to: '38*'"),
        ("to: '*1'", "to: '*12'"),
        ("to: '38?'", "to: '38*'"),
        ("to: '98*'", "to: '9876543210'"),  # which SMS Buddy's 919876543210 meets, too
        ("chance: 0.5", "to: '387*'"),
        ("first: 3", ""),
        ("every: 2", ""),
        ("during: {to: 1m}", ""),
        ("during: {to: 1m}", "during: {to: 2m}"),
        ("provider: betatel", "provider: ubill"),
        ("", "valid: any"),
        ("text: codes", "text: code"),
        ("text: '/code/'", "text: codes"),
        ("to: '1*1'", "to: '1'"),
        ("otp: true", "otp: false"),
        ("header: {x-a: a}", "header: {x-b: a}"),
        ("header: {x-a: '*'}", ""),
    ],
)
def test_a_rule_that_may_be_reached_is_not_warned_of(first: str, second: str) -> None:
    assert (
        warnings(f"rules: [{{when: {{{first}}}, then: {{after: 1s}}}}, {{when: {{{second}}}, then: {{after: 2s}}}}]")
        == []
    )


@pytest.mark.parametrize(
    "rules",
    [
        "{then: {set: {state: a}}}, {when: {state: a}, then: {after: 1s}}",
        "{then: {rate: {limit: 1, per: 1m, error: 500}}}, {then: {after: 1s}}",
        "{when: {state: start}, then: {after: 1s}}, {when: {state: start}, then: {after: 2s}}",  # may be set in between
        # A refused request may name no recipient, and only rules about messages need one.
        "{when: {valid: any}, then: {lifecycle: []}}, {when: {valid: any, operation: '*.sms.send'}, then: {after: 1s}}",
    ],
)
def test_a_rule_behind_one_that_may_let_requests_go_on_is_not_warned_of(rules: str) -> None:
    assert warnings(f"rules: [{rules}]") == []


def test_a_scenario_that_is_extended_in_vain_is_warned_of(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text("rules: [{when: {to: '387*'}, then: {after: 1s}}]", encoding="utf-8")
    (tmp_path / "more.yaml").write_text("seed: 1\nrules: [{when: {to: '387*'}, then: {after: 1s}}]", encoding="utf-8")
    file = tmp_path / "mine.yaml"
    file.write_text("extends: [base, more]\nrules: [{name: all, then: {after: 2s}}]\n", encoding="utf-8")

    assert [str(each) for each in check_scenarios([file], packs(), [tmp_path]).warnings] == [
        f"{file}:1:11: no rule of 'base' is ever reached: every request that they would match is decided by 'all'"
    ]


def test_the_warnings_of_what_is_extended_come_too_each_once(tmp_path: Path) -> None:
    base = tmp_path / "base.yaml"
    base.write_text("rules: [{then: {fault: hang, lifecycle: []}}]", encoding="utf-8")
    file = tmp_path / "mine.yaml"
    file.write_text("extends: [base]", encoding="utf-8")

    assert [str(each) for each in check_scenarios([file, base], packs(), [tmp_path]).warnings] == [
        f"{base}:1:30: this lifecycle never begins: the fault {REJECTS}"
    ]


def test_rules_beyond_the_limit_of_comparisons_are_not_searched_for_those_never_reached(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rules = [f"  - {{when: {{text: word {place}x}}, then: {{after: 1s}}}}" for place in range(4)]
    text = "\n".join(["rules:", *rules, "  - {when: {text: word 0xy}, then: {after: 2s}}"])
    source = "sandbox.scenarios.rulebook.COMPARISON_LIMIT"

    monkeypatch.setattr(source, 10)
    found = load_text(text, "enough", packs=packs()).warnings
    monkeypatch.setattr(source, 9)

    assert (len(found), load_text(text, "too few", packs=packs()).warnings) == (1, ())
