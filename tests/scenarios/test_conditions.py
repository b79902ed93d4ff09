"""Conditions, key by key: which requests a rule meets."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from sandbox.pipeline import Response
from sandbox.scenarios import load_text
from tests.builders import Desk, make_world, packs
from tests.scenarios.builders import (
    balance,
    betatel,
    desk,
    later,
    one_rule,
    rule_desk,
    rule_of,
    smsbuddy,
    ubill,
    whatsapp,
)


def caught(*replies: Response) -> list[bool]:
    """Return which of some requests the rule met."""
    return [rule_of(reply) == "the rule" for reply in replies]


def test_a_provider_is_a_glob() -> None:
    at = rule_desk("provider: '*bu*'")

    assert caught(betatel(at), smsbuddy(at), ubill(at)) == [False, True, False]


def test_an_operation_is_a_glob() -> None:
    at = rule_desk("operation: betatel.*.otp")

    assert caught(betatel(at), whatsapp(at), balance(at)) == [False, True, False]


def test_without_conditions_a_rule_meets_every_request() -> None:
    at = rule_desk("")

    assert caught(betatel(at), whatsapp(at), balance(at)) == [True, True, True]


def test_an_account_is_a_glob() -> None:
    at = rule_desk("account: team-*")

    assert caught(betatel(at, key="team-1"), betatel(at, key="my-team-1")) == [True, False]


@pytest.mark.parametrize(
    ("pattern", "met"),
    [
        ("387*", [True, True, False]),
        ("+387 61-930-305", [True, False, False]),
        ("00387*", [True, True, False]),
        ("*305", [True, False, False]),
        ("*30?", [True, True, False]),
        ("3876193030[5-7]", [True, False, False]),
        ("38761930304", [False, True, False]),
        ("/^38761/", [True, True, False]),
        ("/[15]$/", [True, False, True]),
        ("*", [True, True, True]),
    ],
)
def test_a_recipient_is_a_glob_or_an_expression_over_its_digits(pattern: str, met: list[bool]) -> None:
    at = rule_desk(f"to: '{pattern}'")

    assert caught(betatel(at, "+38761930305"), betatel(at, "38761930304"), betatel(at, "995511194241")) == met


def test_a_recipient_may_be_written_without_quotes() -> None:
    at = rule_desk("to: 38761930305")

    assert caught(betatel(at, "38761930305"), balance(at)) == [True, False]


def test_a_number_as_its_own_country_writes_it_equals_the_international_one() -> None:
    pack = packs()["smsbuddy"]
    own = {**pack.spec.document["x-sandbox"], "numbers": {"national": 10, "country": "91"}}
    at_home = replace(pack, spec=replace(pack.spec, document={**pack.spec.document, "x-sandbox": own}))
    text = one_rule("to: '9876543210'", "after: 1s")
    at = Desk(make_world(load_text(text, "evening.yaml", packs={**packs(), "smsbuddy": at_home})))

    assert caught(smsbuddy(at, "9876543210"), smsbuddy(at, "919876543210"), betatel(at, "919876543210")) == [
        True,
        True,
        False,
    ]


def test_each_recipient_of_a_request_meets_the_rules_by_itself() -> None:
    at = rule_desk("to: '*42'", "lifecycle: [rejected: 1s]")

    ubill(at, "995511194241", "995511194242", "995511194243")
    later(at, minutes=1)

    assert [message.provider_status for message in at.world.messages.values()] == ["1", "4", "1"]


@pytest.mark.parametrize(
    ("pattern", "met"),
    [("FACE*", [True, False]), ("/BOOK$/", [True, False]), ("+111", [False, True]), ("1*", [False, True])],
)
def test_a_sender_is_a_glob_or_an_expression_and_numbers_compare_by_digits(pattern: str, met: list[bool]) -> None:
    at = rule_desk(f"from: '{pattern}'")

    assert caught(betatel(at, sender="FACEBOOK"), betatel(at, sender="00111")) == met


@pytest.mark.parametrize(
    ("pattern", "met"),
    [("code", [True, False]), ("/[0-9]{6}/", [True, False]), ("/(?i)HELLO/", [False, True]), ("Code", [False, False])],
)
def test_a_text_contains_words_or_matches_an_expression(pattern: str, met: list[bool]) -> None:
    at = rule_desk(f"text: '{pattern}'")

    assert caught(betatel(at, text="Your code is 555345"), betatel(at, text="Hello")) == met


def test_all_headers_must_match_whatever_the_case_of_their_names() -> None:
    at = rule_desk("header: {X-Case: 'slow-*', X-Team: red}")

    assert caught(
        betatel(at, headers={"x-case": "slow-1", "x-team": "red"}),
        betatel(at, headers={"x-case": "slow-1", "x-team": "blue"}),
        betatel(at, headers={"x-team": "red"}),
    ) == [True, False, False]


def test_a_code_is_known_by_its_operation_its_flag_or_its_text() -> None:
    at = rule_desk("otp: true")

    assert caught(
        whatsapp(at), ubill(at, otp=True), betatel(at, text="Your code is 555345"), betatel(at), ubill(at, otp=False)
    ) == [True, True, True, False, False]


def test_what_is_no_code_can_be_asked_for_too() -> None:
    at = rule_desk("otp: false")

    assert caught(betatel(at, text="Your code is 555345"), betatel(at)) == [False, True]


def test_every_third_counts_from_one() -> None:
    at = rule_desk("every: 3")

    assert caught(*(betatel(at) for _ in range(7))) == [False, False, True, False, False, True, False]


def test_the_first_two_are_met_and_then_none() -> None:
    at = rule_desk("first: 2")

    assert caught(*(betatel(at) for _ in range(4))) == [True, True, False, False]


def test_the_nth_are_met_alone() -> None:
    at = rule_desk("nth: [2, 4]")

    assert caught(*(betatel(at) for _ in range(5))) == [False, True, False, True, False]


def test_after_so_many_all_are_met() -> None:
    at = rule_desk("after: 2")

    assert caught(*(betatel(at) for _ in range(4))) == [False, False, True, True]


def test_counts_of_one_rule_must_all_fit() -> None:
    at = rule_desk("every: 2, after: 3, first: 7")

    assert caught(*(betatel(at) for _ in range(9))) == [False, False, False, True, False, True, False, False, False]


def test_a_rule_counts_only_what_met_its_other_conditions() -> None:
    at = rule_desk("to: '387*', nth: [2]")

    assert caught(betatel(at), betatel(at, "995511194"), betatel(at)) == [False, False, True]


def test_a_rule_counts_only_what_reached_it() -> None:
    at = desk("rules: [{when: {to: '*1'}, then: {error: 500}}, {name: the rule, when: {nth: [2]}, then: {after: 1s}}]")

    assert caught(betatel(at, "38761930302"), betatel(at, "38761930301"), betatel(at, "38761930302")) == [
        False,
        False,
        True,
    ]


def test_counts_can_be_kept_apart_for_each_recipient() -> None:
    at = rule_desk("first: 1, per: to")

    assert caught(betatel(at, "38761930301"), betatel(at, "+38761930301"), betatel(at, "38761930302")) == [
        True,
        False,
        True,
    ]


def test_counts_can_be_kept_apart_for_each_account() -> None:
    at = rule_desk("first: 1, per: account")

    assert caught(betatel(at, key="a"), betatel(at, key="a"), betatel(at, key="b")) == [True, False, True]


@pytest.mark.parametrize(
    ("hour", "met"),
    [(20, False), (21, True), (22, True), (4, True), (5, False), (12, False)],
)
def test_between_is_a_time_of_day_in_its_zone_past_midnight_too(hour: int, met: bool) -> None:  # noqa: FBT001 - a case
    at = rule_desk("between: ['22:00', '06:00', Europe/Sarajevo]", start=datetime(2026, 3, 2, hour, tzinfo=UTC))

    assert caught(betatel(at)) == [met]


def test_between_without_a_zone_is_utc() -> None:
    at = rule_desk("between: ['11:00', '12:01']")

    before = betatel(at)
    later(at, minutes=1)

    assert caught(before, betatel(at)) == [True, False]


def test_during_counts_from_the_beginning_of_the_scenario() -> None:
    at = rule_desk("during: {from: 2m, to: 5m}")

    replies = []
    for _ in range(6):
        replies.append(betatel(at))
        later(at, minutes=1)

    assert caught(*replies) == [False, False, True, True, True, False]


def test_during_begins_anew_with_the_next_scenario() -> None:
    at = rule_desk("during: {to: 1m}")

    later(at, minutes=5)
    late = betatel(at)
    at.world.commit(at.world.scenario)

    assert caught(late, betatel(at)) == [False, True]


def test_a_chance_holds_for_its_share_of_requests() -> None:
    at = rule_desk("chance: 0.25")

    met = sum(caught(*(balance(at) for _ in range(2000))))

    assert 450 < met < 550


def test_a_refusal_by_chance_does_not_stick() -> None:
    at = rule_desk("chance: 0.5")

    met = caught(*(betatel(at) for _ in range(40)))

    assert {*met} == {True, False}


TWO_STATES = """
rules:
  - {name: falls, when: {text: fall}, then: {set: {state: down}}}
  - {name: rises, when: {text: rise, state: down}, then: {set: {state: start}}}
  - {name: the rule, when: {state: down}, then: {error: server-error}}
"""


def test_a_rule_sees_the_state_that_another_has_set() -> None:
    at = desk(TWO_STATES)

    assert caught(betatel(at), betatel(at, text="fall"), betatel(at), betatel(at, text="rise"), betatel(at)) == [
        False,
        True,
        True,
        False,
        False,
    ]


def test_a_rule_sees_only_what_the_provider_would_accept() -> None:
    at = rule_desk("")

    assert caught(betatel(at, "nobody"), betatel(at, key=""), betatel(at)) == [False, False, True]


def test_with_valid_any_a_rule_sees_what_the_provider_would_refuse() -> None:
    at = rule_desk("valid: any")

    assert caught(betatel(at, "nobody"), betatel(at, key=""), betatel(at)) == [True, True, True]


def test_what_is_malformed_is_never_accepted() -> None:
    at = rule_desk("valid: any", "error: server-error, accepted: true")

    betatel(at, "nobody")

    assert at.world.messages == {}


def test_a_refused_request_is_met_by_the_recipients_that_it_names() -> None:
    at = rule_desk("valid: any, to: '*42', provider: ubill")

    assert caught(ubill(at, "995511194241", "995511194242", brandID=9), ubill(at, "995511194241", brandID=9)) == [
        True,
        False,
    ]


def counts(at: Desk) -> dict[str, int]:
    return dict(at.world.rule_counts)


def test_counts_belong_to_the_workspace_and_begin_anew_with_the_scenario() -> None:
    at = rule_desk("first: 5")

    betatel(at)
    betatel(at)
    before = counts(at)
    at.world.commit(at.world.scenario)

    assert (before, counts(at)) == ({"evening.yaml: the rule": 2}, {})
