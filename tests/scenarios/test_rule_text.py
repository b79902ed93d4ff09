"""Scenarios in words, for `scenarios show` and the control API."""

from pathlib import Path

import pytest

from sandbox.scenarios import explain, list_scenarios
from tests.builders import packs
from tests.scenarios.builders import load


def test_a_scenario_is_explained_with_its_values_and_its_rules_in_order() -> None:
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

    third = "sent after 200ms, then failed after 2s; callbacks: sent 30s late"
    assert explain(load(text)).splitlines() == [
        "rough-evening: Everything a bit off.",
        "  seed 7",
        "  clock scaled, 60 times as fast as real time, starts at 2026-03-02T12:00:00.000Z",
        "  setting smsbuddy.http_status: mirror",
        "  callbacks of ubill go to http://127.0.0.1:9000/dlr",
        "  accounts bad* of betatel, smsbuddy, ubill: closed",
        "  accounts * of smsbuddy: balance 5 trans, senders A (approved), templates 1, stop list 77",
        f"  1. third: when the recipient matches 387*, for every 3rd match: {third}",
        "  2. rough-evening rule 2: when the provider is ubill: 95%: sent after 100ms to 400ms | 5%: the error 99",
    ]


@pytest.mark.parametrize(
    ("when", "words"),
    [
        ("account: k1", "when the account is k1"),
        ("from: FACE*", "when the sender matches FACE*"),
        ("text: code", "when the text contains code"),
        ("header: {X-A: b, X-C: d}", "when the header X-A is b and the header X-C is d"),
        ("otp: true", "when the message is a one-time code"),
        ("otp: false", "when the message is not a one-time code"),
        ("first: 2, per: to", "for the first 2 matches, counted for each recipient"),
        ("nth: [2, 5, 11], per: account", "for the 2nd, 5th and 11th match, counted for each account"),
        ("after: 3", "after the first 3 matches"),
        ("between: ['22:00', '06:00']", "between 22:00 and 06:00 UTC"),
        ("during: {from: 2m, to: 5m}", "from 2m until 5m after the scenario starts"),
        ("chance: 0.015", "1.5% of the time"),
        ("state: start", "when the state is start"),
        ("valid: any", "also for requests that the provider would refuse"),
    ],
)
def test_a_condition_in_words(when: str, words: str) -> None:
    scenario = load(f"rules: [{{name: a, when: {{{when}}}, then: {{after: 1s}}}}]")

    assert scenario.words == (f"a: {words}: the reply is sent after 1s",)


@pytest.mark.parametrize(
    ("then", "words"),
    [
        ("", "the provider's documented behaviour"),
        ("inbound: {text: 'Yes', after: 2s}", 'the phone replies "Yes" 2s after the delivery'),
        ("lifecycle_from: reply", "the lifecycle begins when the reply is sent"),
        ("lifecycle_from: request", "the provider's documented behaviour"),
        ("opted_out: true", "the number is treated as one on the stop list"),
        ("error: 500, accepted: true", "the error 500; the request is accepted anyway"),
        ("reply: {status: 503}", "a custom reply with status 503"),
        ("after: {normal: [2s, 500ms]}", "the reply is sent after 2s ± 500ms"),
        ("after: {lognormal: [2s, 0.5]}", "the reply is sent after a median of 2s (sigma 0.5)"),
        ("after: {percentiles: {50: 1s, 95: 8s}}", "the reply is sent after up to 1s (50%) or up to 8s (95%)"),
        (
            "after: {percentiles: {0: 1s, 25: 2s, 48: 3s, 75: 5s, 100: 8s}}",
            "the reply is sent after 1s to 8s (up to 3s: 48%)",
        ),
        ("after: 2", "the reply is sent after 2s"),
        ("fault: connection_reset", "the fault connection_reset"),
        ("lifecycle: [sent: 0s, delivered: {uniform: [0s, 1s]}]", "sent at once, then delivered after 0s to 1s"),
        ("lifecycle: []", "the status never changes"),
        (
            "lifecycle: [delivered: 1s], illegal: true",
            "delivered after 1s; even if the provider does not allow these transitions",
        ),
        ("callbacks: {drop: all}", "callbacks: all are lost"),
        ("callbacks: {drop: [sent, failed]}", "callbacks: those for sent and failed are lost"),
        (
            "callbacks: {drop: first, retries: [5s, 1m]}",
            "callbacks: the first attempt of each is lost, retried after 5s and 1m",
        ),
        ("callbacks: {copies: 2}", "callbacks: each sent twice"),
        ("callbacks: {order: reverse, hold: true}", "callbacks: in reverse order, held until released"),
        ("callbacks: {key: a, timeout: 3s, retries: []}", "callbacks: with the key a, timeout after 3s, no retries"),
        ("callbacks: {strict: true}", "callbacks: one at a time, retries included"),
        ("set: {state: down}", "set the state to down"),
        ("rate: {limit: 2, per: 1m, error: 500}", "at most 2 in 1m for each account, then the error 500"),
        (
            "rate: {limit: 2, per: 1m, error: 500, by: workspace}",
            "at most 2 in 1m for all accounts together, then the error 500",
        ),
    ],
)
def test_what_a_rule_does_in_words(then: str, words: str) -> None:
    assert load(f"rules: [{{name: a, then: {{{then}}}}}]").words == (f"a: {words}",)


def test_a_list_of_scenarios_names_those_with_mistakes_too(tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text("seed: x", encoding="utf-8")

    found = {each.name: each for each in list_scenarios(packs(), [tmp_path])}

    assert (found["broken"].mistakes, found["instant"].mistakes) == (
        (f"{tmp_path}/broken.yaml:1:1: 'x' is a string, not an integer",),
        (),
    )
