"""What rules do to a request and its messages, key by key."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from sandbox.core.clock import Clock, ClockMode, make_clock
from sandbox.core.effects import Fault
from sandbox.core.rules import RuleInput, RuleMemory
from sandbox.core.seeded_random import Fixed
from sandbox.providers.base import JSON
from sandbox.scenarios import load_text
from tests.builders import NOON, Desk, make_world, packs, read
from tests.scenarios.builders import (
    balance,
    betatel,
    desk,
    later,
    lives,
    load,
    messages,
    one_rule,
    reports,
    rule_desk,
    rule_of,
    smsbuddy,
    times,
    ubill,
    whatsapp,
)


@pytest.mark.parametrize("error", ["insufficient-funds", "402"])
def test_an_error_is_named_or_has_the_providers_code_and_accepts_nothing(error: str) -> None:
    at = rule_desk("operation: betatel.*.send", f"error: {error}")

    reply = betatel(at)

    funds = b"Insufficient funds. Please ensure you have enough balance to complete the transaction."
    assert (reply.status, reply.body, messages(at), at.world.accounts) == (402, funds, [], {})


def test_a_code_of_ubill_is_its_status_id() -> None:
    assert read(ubill(rule_desk("provider: ubill, to: '*'", "error: 40"))) == {
        "statusID": 40,
        "message": "Not enough balance",
    }


def test_a_code_of_sms_buddy_is_the_status_in_its_body() -> None:
    assert read(smsbuddy(rule_desk("provider: smsbuddy", "error: 416"))) == {
        "status": "416",
        "message": "Service Not Available",
    }


def test_an_error_that_names_no_provider_is_for_those_who_have_it() -> None:
    at = rule_desk("to: '*'", "error: no-valid-numbers")

    assert [betatel(at).status, ubill(at).status, smsbuddy(at).status] == [200, 200, 406]


def test_an_error_can_be_one_that_the_provider_has_for_another_operation() -> None:
    assert balance(rule_desk("operation: betatel.balance", "error: insufficient-funds")).status == 402


def test_a_refusal_says_which_rule_it_came_from() -> None:
    at = rule_desk("", "error: server-error")

    reply = betatel(at)

    why = "betatel.sms.send: the scenario's rule 'the rule' returns the error server-error"
    exchange = at.world.requests[1]
    assert (rule_of(reply), reply.headers["X-Sandbox-Why"], exchange.rule, exchange.why, exchange.refused) == (
        "the rule",
        why,
        "the rule",
        (why,),
        True,
    )


def test_a_title_is_percent_encoded_in_its_header() -> None:
    at = desk("rules: [{name: 'spät; 100 %', then: {lifecycle: []}}]")

    reply = betatel(at)

    assert (rule_of(reply), messages(at)[0].rule, at.world.requests[1].rule) == (
        "sp%C3%A4t; 100 %25",
        "spät; 100 %",
        "spät; 100 %",
    )


def test_a_rule_without_a_name_is_called_by_its_place() -> None:
    at = desk("name: evening\nrules: [{when: {to: '1*'}, then: {}}, {then: {after: 1s}}]")

    assert rule_of(betatel(at)) == "evening rule 2"


def test_a_reply_of_ones_own_has_status_headers_and_body() -> None:
    at = rule_desk("", "reply: {status: 503, headers: {Retry-After: 30, X-Cache: miss}, body: 'Down'}")

    reply = betatel(at)

    headers = {name: reply.headers[name] for name in ("Content-Type", "Retry-After", "X-Cache")}
    assert (reply.status, headers, reply.body, messages(at)) == (
        503,
        {"Content-Type": "text/plain; charset=utf-8", "Retry-After": "30", "X-Cache": "miss"},
        b"Down",
        [],
    )


def test_a_body_in_yaml_goes_out_as_json() -> None:
    at = rule_desk("", "reply: {body: {id: 7, ok: true, names: [ä, null]}}")

    reply = betatel(at)

    assert (reply.status, reply.headers["Content-Type"], reply.body) == (
        200,
        "application/json",
        '{"id":7,"ok":true,"names":["ä",null]}'.encode(),
    )


def test_a_reply_below_400_accepts() -> None:
    at = rule_desk("", "reply: {status: 202, body: Later}")

    betatel(at)

    assert ([message.rule for message in messages(at)], at.world.requests[1].refused) == (["the rule"], False)


def test_after_delays_the_reply_and_nothing_else() -> None:
    at = rule_desk("", "after: 300ms")

    reply = betatel(at)

    assert (reply.delay, reply.status, len(messages(at))) == (timedelta(milliseconds=300), 200, 1)


@pytest.mark.parametrize("fault", [each for each in Fault if each is not Fault.MALFORMED_BODY])
def test_a_fault_is_handed_to_the_server_and_accepts_nothing(fault: Fault) -> None:
    at = rule_desk("", f"fault: {fault}")

    reply = betatel(at)

    assert (reply.fault, messages(at), at.world.requests[1].refused) == (fault, [], True)


def test_a_malformed_body_is_neither_json_nor_utf_8() -> None:
    at = rule_desk("operation: betatel.balance", "fault: malformed_body")

    reply = balance(at)

    assert (reply.fault, reply.status, reply.body[:11], reply.body[-2:]) == (None, 200, b'{"userId":"', b'"\xff')


@pytest.mark.parametrize("fault", ["connection_reset", "empty_reply", "hang"])
def test_the_journal_has_no_reply_where_none_went_back(fault: str) -> None:
    at = rule_desk("", f"fault: {fault}")

    betatel(at)

    exchange = at.world.requests[1]
    assert (exchange.status, exchange.reply_headers, exchange.reply_body) == (0, {}, b"")


@pytest.mark.parametrize("loss", ["error: server-error", "reply: {status: 500}", "fault: connection_reset"])
def test_accepted_stores_charges_and_reports_though_the_reply_is_lost(loss: str) -> None:
    at = rule_desk("to: '387*'", f"{loss}, accepted: true")

    betatel(at)
    later(at, minutes=1)

    left = at.world.accounts["betatel", "k1"].balance["USD"]
    assert (lives(at), len(reports(at)), str(left), at.world.requests[1].refused) == (
        [["queued", "sent", "delivered"]],
        2,
        "999999.95",
        False,
    )


def test_a_template_that_fails_rejects_the_request_and_the_journal_says_why() -> None:
    at = rule_desk("to: '387*'", "reply: {body: '{{ 1 / 0 }}'}")

    reply = betatel(at)
    later(at, minutes=1)

    exchange = at.world.requests[1]
    assert (reply.status, lives(at), reports(at), at.world.accounts, exchange.refused, exchange.why) == (
        500,
        [],
        [],
        {},
        True,
        (
            "betatel.sms.send: the scenario's rule 'the rule' sends a custom reply with status 500",
            "evening.yaml:1:61: the template failed: ZeroDivisionError: division by zero",
        ),
    )


def test_a_template_that_fails_accepts_the_request_only_if_the_rule_says_so() -> None:
    at = rule_desk("to: '387*'", "reply: {body: '{{ 1 / 0 }}'}, accepted: true")
    answered = "betatel.sms.send: the scenario's rule 'the rule' sends a custom reply with status 500"

    reply = betatel(at)
    later(at, minutes=1)

    exchange = at.world.requests[1]
    assert (reply.status, lives(at), len(reports(at)), exchange.refused, exchange.why) == (
        500,
        [["queued", "sent", "delivered"]],
        2,
        False,
        (
            f"{answered}, though the request is accepted",
            "evening.yaml:1:61: the template failed: ZeroDivisionError: division by zero",
        ),
    )


@pytest.mark.parametrize(
    ("clock", "seconds"),
    [
        (make_clock(ClockMode.FROZEN, start=NOON), 1.0),  # the reply is delayed in real time alone
        (make_clock(ClockMode.REAL, start=NOON), 3.0),
        (make_clock(ClockMode.SCALED, rate=60, start=NOON), 121.0),
    ],
)
def test_a_lifecycle_can_begin_when_the_reply_is_sent(clock: Clock, seconds: float) -> None:
    at = desk(one_rule("to: '*'", "after: 2s, lifecycle_from: reply, lifecycle: [sent: 1s]"))
    at.world.commit(clock)

    betatel(at)

    (message,) = messages(at)
    assert (message.plan[0].at - message.accepted_at).total_seconds() == seconds


def test_a_scheduled_message_begins_its_lifecycle_when_it_is_due() -> None:
    at = desk(one_rule("to: '*'", "after: 2s, lifecycle_from: reply, lifecycle: [sent: 1s]"))
    at.world.commit(make_clock(ClockMode.REAL, start=NOON))

    ubill(at, sendTime="2026-03-02 18:00")

    (message,) = messages(at)
    assert [step.at for step in message.plan] == [NOON + timedelta(hours=2, seconds=each) for each in (0, 1)]


def test_a_lifecycle_has_each_step_so_long_after_the_one_before() -> None:
    at = rule_desk("", "lifecycle: [sent: 200ms, undelivered: 2s]")

    betatel(at)
    later(at, minutes=1)

    assert (lives(at), times(at)) == ([["queued", "sent", "undelivered"]], [0.2, 2.2])


def test_a_lifecycle_may_end_before_a_final_status() -> None:
    at = rule_desk("", "lifecycle: []")

    betatel(at)
    later(at, days=3)

    assert (lives(at), reports(at)) == ([["queued"]], [])


def test_a_step_may_name_one_of_the_providers_words() -> None:
    at = rule_desk("provider: smsbuddy, to: '*'", "lifecycle: [rejected/BLACKLST: 1s]")

    smsbuddy(at)
    later(at, minutes=1)

    assert lives(at) == [["AWAITING-DLR", "BLACKLST"]]


def test_a_status_that_the_channel_does_not_have_is_left_out() -> None:
    at = rule_desk("", "lifecycle: [sent: 1s, delivered: 1s, read: 1s]")

    betatel(at)
    whatsapp(at)
    later(at, minutes=1)

    assert lives(at) == [["queued", "sent", "delivered"], ["PENDING", "SENT", "DELIVERED", "READ"]]


def test_an_illegal_move_is_made_where_the_rule_insists() -> None:
    at = rule_desk("operation: betatel.sms.send", "lifecycle: [delivered: 1s, sent: 1s], illegal: true")

    betatel(at)
    later(at, minutes=1)

    assert lives(at) == [["queued", "delivered", "sent"]]


def test_without_a_lifecycle_a_message_has_that_of_the_spec() -> None:
    at = rule_desk("", "")

    betatel(at)
    later(at, minutes=1)

    assert lives(at) == [["queued", "sent", "delivered"]]


def case(number: int) -> RuleInput:
    """Return the request `number` as rules see it."""
    return RuleInput(
        provider="betatel",
        operation="betatel.balance",
        account="k1",
        to="",
        from_="",
        text="",
        headers={},
        is_otp=bool,
        at=NOON,
        elapsed=timedelta(0),
        seed=7,
        request=number,
        row=0,
        memory=RuleMemory({}, {}, "start", NOON),
    )


def test_outcomes_are_chosen_by_their_weights() -> None:
    outcomes = "outcomes: [{weight: 96, after: 1s}, {weight: 3, after: 2s}, {weight: 1, error: server-error}]"
    rule = load(one_rule("", outcomes)).rules["betatel.balance"].general[0]

    verdicts = [rule.decide(case(number)) for number in range(10_000)]

    chosen = Counter(verdict.effect.after for verdict in verdicts if verdict)
    shares = [chosen[Fixed(timedelta(seconds=1))], chosen[Fixed(timedelta(seconds=2))], chosen[None]]
    assert (sum(shares), 9_540 <= shares[0] <= 9_660, 245 <= shares[1] <= 355, 70 <= shares[2] <= 130) == (
        10_000,
        True,
        True,
        True,
    )


def test_an_outcome_takes_from_the_rule_what_it_does_not_say() -> None:
    at = rule_desk("to: '*'", "after: 1s, outcomes: [{weight: 1, lifecycle: [sent: 1s]}]")

    reply = betatel(at)
    later(at, minutes=1)

    assert (reply.delay, lives(at)) == (timedelta(seconds=1), [["queued", "sent"]])


def test_the_first_recipient_with_an_error_decides_for_the_whole_request() -> None:
    at = desk(
        """
        rules:
          - {name: late, when: {to: "*1"}, then: {after: 2s}}
          - {name: poor, when: {to: "*2"}, then: {error: insufficient-funds}}
          - {name: broken, when: {to: "*3"}, then: {error: server-error, after: 5s}}
        """,
    )

    reply = ubill(at, "995511194241", "995511194242", "995511194243")

    assert (read(reply), reply.delay, rule_of(reply), messages(at)) == (
        {"statusID": 40, "message": "Not enough balance"},
        timedelta(seconds=2),
        "poor",
        [],
    )


def test_a_request_is_accepted_only_if_every_recipients_rule_accepts_it() -> None:
    at = desk(
        """
        rules:
          - {when: {to: "*1"}, then: {fault: hang, accepted: true}}
          - {when: {to: "*2"}, then: {error: insufficient-funds}}
        """,
    )

    ubill(at, "995511194241", "995511194241")
    ubill(at, "995511194241", "995511194242")

    assert [message.request for message in messages(at)] == [1, 1]


def test_the_first_rule_that_holds_decides() -> None:
    at = desk("rules: [{name: one, when: {to: '387*'}, then: {after: 1s}}, {name: two, then: {after: 2s}}]")

    assert [rule_of(betatel(at)), rule_of(betatel(at, "995511194241"))] == ["one", "two"]


def test_a_rule_that_changes_messages_alone_counts_messages_alone() -> None:
    at = rule_desk("nth: [2]", "lifecycle: [sent: 1s]")

    balance(at)
    betatel(at)
    balance(at)
    betatel(at)

    assert [message.rule for message in messages(at)] == [None, "the rule"]


def test_a_rule_with_only_a_state_to_set_lets_the_request_go_on() -> None:
    at = desk("rules: [{then: {set: {state: down}}}, {name: next, when: {state: down}, then: {after: 1s}}]")

    assert (rule_of(betatel(at)), at.world.state) == ("next", "down")


def test_a_rule_that_sets_a_state_may_do_more() -> None:
    at = desk("rules: [{name: falls, when: {state: start}, then: {error: server-error, set: {state: down}}}]")

    assert ([betatel(at).status, betatel(at).status], at.world.state) == ([500, 200], "down")


def test_a_rate_refuses_what_exceeds_it_until_its_span_is_over() -> None:
    at = rule_desk("to: '*'", "rate: {limit: 2, per: 1m, error: too-many-requests}")

    statuses = [betatel(at).status for _ in range(3)]
    later(at, seconds=59)
    statuses.append(betatel(at).status)
    later(at, seconds=1)
    statuses.append(betatel(at).status)

    assert statuses == [200, 200, 429, 429, 200]


def test_each_account_has_a_rate_of_its_own() -> None:
    at = rule_desk("to: '*'", "rate: {limit: 1, per: 1m, error: too-many-requests, by: account}")

    assert [betatel(at, key=key).status for key in ("a", "a", "b")] == [200, 429, 200]


def test_a_rate_may_be_shared_by_the_workspace() -> None:
    at = rule_desk("to: '*'", "rate: {limit: 1, per: 1m, error: too-many-requests, by: workspace}")

    assert [betatel(at, key=key).status for key in ("a", "b")] == [200, 429]


def test_a_rate_that_is_not_exceeded_lets_the_request_go_on() -> None:
    at = desk(
        """
        rules:
          - {name: rate, then: {rate: {limit: 1, per: 1m, error: server-error}}}
          - {name: next, then: {after: 1s}}
        """,
    )

    assert [rule_of(betatel(at)), rule_of(betatel(at))] == ["next", "rate"]


def test_rates_begin_anew_with_the_scenario() -> None:
    at = rule_desk("to: '*'", "rate: {limit: 1, per: 1m, error: too-many-requests}")

    betatel(at)
    at.world.commit(at.world.scenario)

    assert betatel(at).status == 200


def test_scheduled_messages_begin_their_life_when_their_time_comes() -> None:
    at = rule_desk("to: '*'", "lifecycle: [sent: 1s, failed: 1s]")

    ubill(at, sendTime="2026-03-02 17:00")
    later(at, minutes=59)
    before = lives(at)
    later(at, minutes=2)

    assert (before, lives(at)) == ([["3"]], [["3", "3", "0", "2"]])


def test_a_rate_says_when_there_is_room_again_where_the_provider_does() -> None:
    responses = {"429": {"headers": {"Retry-After": {}}, "content": {JSON: {"examples": {"too-many-requests": {}}}}}}
    announcing = {"paths": {"/": {"post": {"x-operation": "betatel.sms.send", "responses": responses}}}}
    pack = packs()["betatel"]
    telling = replace(pack, spec=replace(pack.spec, document={**pack.spec.document, **announcing}))
    text = one_rule("operation: betatel.*.send", "rate: {limit: 1, per: 1m, error: too-many-requests}")
    at = Desk(make_world(load_text(text, "evening.yaml", packs={"betatel": telling})))

    betatel(at)
    later(at, seconds=12.5)

    assert [betatel(at).headers.get("Retry-After"), ubill(at).headers.get("Retry-After")] == ["48", None]
