"""Scenarios in words: for `scenarios show` and the control API."""

from pathlib import Path

import pytest

from sandbox.scenarios import explain, listing
from tests.builders import packs
from tests.scenarios.builders import load


def test_a_scenario_is_told_with_what_it_sets_and_its_rules_in_order() -> None:
    text = """
    name: rough-evening
    description: Everything a bit off.
    seed: 7
    clock: {mode: scaled, rate: 60, start: 2026-03-02T12:00:00Z}
    settings: {smsbuddy: {http_status: mirror}}
    targets: {ubill: {url: "http://127.0.0.1:9000/dlr", key: secret}}
    accounts:
      "*": {"bad*": {closed: true}}
      smsbuddy: {"*": {balance: {trans: 5}, senders: [{id: A}], templates: [{id: 1, text: b}], stop_list: [77]}}
    rules:
      - name: third
        when: {to: "387*", every: 3}
        then: {lifecycle: [sent: 200ms, failed: 2s], callbacks: {delay: 30s}}
      - when: {provider: ubill}
        then: {outcomes: [{weight: 95, lifecycle: [sent: {uniform: [100ms, 400ms]}]}, {weight: 5, error: 99}]}
    """

    assert explain(load(text)).splitlines() == [
        "rough-evening: Everything a bit off.",
        "  the seed is 7",
        "  the clock is scaled, 60 times as fast, from 2026-03-02T12:00:00.000Z",
        "  the setting smsbuddy.http_status is mirror",
        "  callbacks of ubill go to http://127.0.0.1:9000/dlr",
        "  accounts bad* of betatel, smsbuddy, ubill: closed",
        "  accounts * of smsbuddy: 5 trans left, senders A (approved), templates 1, stop list 77",
        "  1. third: when the recipient is 387*, every 3rd: sent after 200ms, failed after 2s; callbacks 30s late",
        "  2. rough-evening rule 2: when provider ubill: 95% sent after 100ms to 400ms | 5% the error 99",
    ]


@pytest.mark.parametrize(
    ("when", "words"),
    [
        ("account: k1", "account k1"),
        ("from: FACE*", "the sender is FACE*"),
        ("text: code", "the text has code"),
        ("header: {X-A: b, X-C: d}", "header X-A: b, header X-C: d"),
        ("otp: true", "a one-time code"),
        ("otp: false", "no one-time code"),
        ("first: 2, per: to", "the first 2, counted for each recipient"),
        ("nth: [2, 5, 11], per: account", "the 2nd, 5th and 11th, counted for each account"),
        ("after: 3", "after the first 3"),
        ("between: ['22:00', '06:00']", "between 22:00 and 06:00 UTC"),
        ("during: {from: 2m, to: 5m}", "from 2m until 5m after the scenario began"),
        ("chance: 0.015", "1.5% of the time"),
        ("state: start", "in the state start"),
        ("valid: any", "also when the provider would refuse it"),
    ],
)
def test_a_condition_in_words(when: str, words: str) -> None:
    scenario = load(f"rules: [{{name: a, when: {{{when}}}, then: {{after: 1s}}}}]")

    assert scenario.words == (f"a: when {words}: the reply takes 1s",)


@pytest.mark.parametrize(
    ("then", "words"),
    [
        ("", "as the provider's documents say"),
        ("error: 500, accepted: true", "the error 500; accepted all the same"),
        ("reply: {status: 503}", "a reply 503 of its own"),
        ("after: {normal: [2s, 500ms]}", "the reply takes about 2s, give or take 500ms"),
        ("after: {lognormal: [2s, 0.5]}", "the reply takes half within 2s, few much later (sigma 0.5)"),
        ("after: {percentiles: {50: 1s, 95: 8s}}", "the reply takes 50% within 1s, 95% within 8s"),
        ("after: 2", "the reply takes 2 s"),
        ("fault: connection_reset", "the fault connection reset"),
        ("lifecycle: []", "no status ever follows"),
        ("lifecycle: [delivered: 1s], illegal: true", "delivered after 1s; against the provider's own table"),
        ("callbacks: {drop: all}", "callbacks every one is lost"),
        ("callbacks: {drop: [sent, failed]}", "callbacks those of sent and failed are lost"),
        (
            "callbacks: {drop: first, retries: [5s, 1m]}",
            "callbacks the first attempt of each is lost, retried after 5s and 1m",
        ),
        ("callbacks: {copies: 2}", "callbacks each twice"),
        ("callbacks: {order: reverse, hold: true}", "callbacks in reverse order, held until released"),
        ("callbacks: {key: a, timeout: 3s, retries: []}", "callbacks with the key a, given up after 3s, not retried"),
        ("callbacks: {strict: true}", "callbacks one after the other, retries included"),
        ("set: {state: down}", "go over to the state down"),
        ("rate: {limit: 2, per: 1m, error: 500}", "at most 2 in 1m for each account, then the error 500"),
        ("rate: {limit: 2, per: 1m, error: 500, by: workspace}", "at most 2 in 1m all together, then the error 500"),
    ],
)
def test_what_a_rule_does_in_words(then: str, words: str) -> None:
    assert load(f"rules: [{{name: a, then: {{{then}}}}}]").words == (f"a: {words}",)


def test_a_list_of_scenarios_names_those_with_mistakes_too(tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text("seed: x", encoding="utf-8")

    found = {each.name: each for each in listing(packs(), [tmp_path])}

    assert (found["broken"].mistakes, found["instant"].mistakes) == (
        (f"{tmp_path}/broken.yaml:1:1: 'x' is a string, not a whole number",),
        (),
    )
