"""What is refused, with which code, in which order, and with which explanation."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.core.account import Approval, Sender
from sandbox.core.scenario import AccountRule, Scenario
from sandbox.pipeline import Response
from tests.builders import NOON, Desk, make_world
from tests.conformance import reply_problems
from tests.providers.smsbuddy.requests import (
    JSON,
    SEND,
    account,
    balance,
    otp,
    post,
    post_json,
    refusal,
    refused,
    settings,
    sms,
    why,
)

POOR = AccountRule("*", balance={"trans": Decimal(1)})
CLOSED = AccountRule("k1", closed=True)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"key": None}, 400),
        ({"key": " "}, 400),
        ({"type": None}, 400),
        ({"sender": ""}, 400),
        ({"to": None}, 400),
        ({"message": "\t"}, 400),
        ({"message": None, "key": "a b", "type": "9"}, 400),
        ({"message": "a\0b"}, 400),
        ({"message": "a\x1bb"}, 400),
        ({"message": "a\x7f"}, 400),
        ({"message": "a" * 1601}, 400),
        ({"message": 5}, 400),
        ({"message": 1.5}, 400),
        ({"message": True}, 400),
        ({"message": ["a"]}, 400),
        ({"flash": 2}, 400),
        ({"flash": "yes"}, 400),
        ({"flash": "\u0661"}, 400),
        ({"schedule": "true"}, 400),
        ({"schedule": "1"}, 400),
        ({"custom": "a\0"}, 400),
        ({"custom": ["a"]}, 400),
        ({"custom": "a" * 501}, 400),
        ({"dlr_url": "mailto:a@b.c"}, 400),
        ({"key": "a b"}, 401),
        ({"key": "ключ"}, 401),
        ({"key": "a\0b"}, 401),
        ({"key": "a" * 257}, 401),
        ({"key": 12345}, 401),
        ({"key": ["k1"]}, 401),
        ({"key": True, "type": "9"}, 401),
        ({"type": "9", "sender": "NOBODY"}, 422),
        ({"type": "0"}, 422),
        ({"type": 4}, 422),
        ({"type": "1.0"}, 422),
        ({"type": 1.5}, 422),
        ({"type": True}, 422),
        ({"type": ["1"], "sender": ["SMSBDY"]}, 422),
        ({"type": {"a": 1}}, 422),
        ({"type": "\u0661"}, 422),
        ({"type": "9", "to": ","}, 422),
        ({"sender": "NOBODY", "to": "12"}, 412),
        ({"sender": "smsbdy"}, 412),
        ({"sender": "SMSBDY\0"}, 412),
        ({"sender": "SMS\nBDY"}, 412),
        ({"sender": "A" * 100_000}, 412),
        ({"sender": ["SMSBDY"]}, 412),
        ({"sender": True}, 412),
        ({"to": "12"}, 406),
        ({"to": ","}, 406),
        ({"to": "٩٨٠٠٠٠٠٠٠٠"}, 406),
        ({"to": "98000 00000"}, 406),
        ({"to": "98000-00000"}, 406),
        ({"to": "09800000000"}, 406),
        ({"to": "5800000000"}, 406),
        ({"to": "915800000000"}, 406),
        ({"to": "9198000000001"}, 406),
        ({"to": "9800000000\0"}, 406),
        ({"to": "9800000000;9800000001"}, 406),
        ({"to": "999123456789"}, 406),
        ({"to": "15550042"}, 406),
        ({"to": "+"}, 406),
        ({"to": "9" * 4000}, 406),
        ({"to": 98.5}, 406),
        ({"to": -9800000000}, 406),
        ({"to": True}, 406),
        ({"to": ["9800000000"]}, 406),
        ({"to": {"0": "9800000000"}}, 406),
    ],
)
def test_a_send_is_refused_with_the_code_of_the_first_thing_wrong_with_it(
    changes: Mapping[str, object], code: int
) -> None:
    desk = Desk()
    reply = post(desk, **changes)

    assert (
        refusal(reply),
        why(reply) is not None,
        dict(desk.world.messages),
        desk.world.accounts,
        desk.world.windows,
    ) == (
        refused(code),
        True,
        {},
        {},
        {},
    )


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, 409),
        ({"to": "12"}, 406),
        ({"type": "2"}, 451),
        ({"type": "2", "to": "12"}, 406),
        ({"type": "2", "sender": "NOBODY"}, 412),
    ],
)
def test_numbers_come_before_hours_and_hours_before_the_balance(changes: Mapping[str, object], code: int) -> None:
    poor = AccountRule("*", balance={"trans": Decimal(0), "promo": Decimal(0)})
    night = NOON.replace(hour=18)
    desk = Desk(make_world(Scenario("poor", accounts={"smsbuddy": (poor,)}), start=night))

    assert refusal(post(desk, **changes)) == refused(code)


def test_the_balance_comes_before_the_rate() -> None:
    desk = Desk(
        make_world(Scenario("poor", accounts={"smsbuddy": (POOR,)}, settings={"smsbuddy": {"rate_per_minute": 1}})),
    )

    assert refusal(post(desk, to="9800000000,9800000001")) == refused(409)


def test_a_balance_below_the_units_is_refused_and_stays() -> None:
    desk = account(POOR)
    reply = post(desk, message="a" * 161)

    assert (refusal(reply), why(reply), balance(desk)) == (
        refused(409),
        "account: its trans balance is 1, but the request costs 2",
        {"trans": 1, "promo": 1_000_000, "transscrub": 1_000_000},
    )


def test_a_balance_that_suffices_exactly_is_spent() -> None:
    desk = account(POOR)

    assert [post(desk).status, post(desk).status] == [200, 409]


@pytest.mark.parametrize(
    ("hour", "minute", "status"),
    [(4, 29, 451), (4, 30, 200), (15, 29, 200), (15, 30, 451), (23, 0, 451)],
)
def test_promotional_sms_go_out_from_ten_to_nine_in_india(hour: int, minute: int, status: int) -> None:
    desk = Desk(make_world(start=NOON.replace(hour=hour, minute=minute)))

    assert (post(desk, type="2").status, post(desk, type="1").status) == (status, 200)


def test_the_explanation_of_a_451_names_the_setting_that_lifts_it() -> None:
    reply = post(Desk(make_world(start=NOON.replace(hour=18))), type="2")

    explained = (
        "type: promotional SMS can be sent within 10:00-21:00 Asia/Kolkata, not at 2026-03-02T18:00:00.000Z "
        "(documented, settings.smsbuddy.promotional_hours: off disables it)"
    )
    assert (refusal(reply), why(reply)) == (refused(451), explained)


@pytest.mark.parametrize(
    ("hours", "status"),
    [
        ("off", 200),
        (False, 200),
        ("23:00-23:59", 200),
        ("22:00-06:00", 200),
        ("09:00-23:30", 451),
        ("00:00-09:00", 451),
    ],
)
def test_the_hours_are_a_setting_and_may_span_midnight(hours: object, status: int) -> None:
    scenario = Scenario("hours", settings={"smsbuddy": {"promotional_hours": hours}})
    desk = Desk(make_world(scenario, start=NOON.replace(hour=18)))  # 23:30 in India

    assert post(desk, type="2").status == status


@pytest.mark.parametrize(("time", "status"), [("2026-03-03 09:59:59", 451), ("2026-03-03 10:00:00am", 200)])
def test_a_scheduled_promotion_is_judged_by_the_time_it_goes_out(time: str, status: int) -> None:
    desk = Desk(make_world(start=NOON.replace(hour=18)))

    assert post(desk, type="2", schedule="1", time=time).status == status


def test_a_key_sends_a_thousand_sms_a_minute_and_no_more() -> None:
    desk = Desk()
    thousand = ",".join(["9800000000"] * 999)
    statuses = [
        post(desk, to=thousand).status,
        post(desk, to="9800000000,9800000001").status,
        otp(desk).status,
        post(desk).status,
        post(desk, key="k2").status,
    ]
    desk.world.clock = desk.world.clock.moved(NOON.replace(minute=1))

    assert [*statuses, post(desk).status] == [200, 429, 200, 429, 200, 200]


@pytest.mark.parametrize("send", [post, lambda desk, to: post_json(desk, *[{"to": each} for each in to.split(",")])])
def test_a_send_over_the_rate_is_refused_whole(send: Callable[..., Response]) -> None:
    desk = Desk()
    reply = send(desk, to=",".join(str(9_800_000_000 + number) for number in range(10_000)))

    explained = (
        "key: 10000 more would make 10000 SMS since 2026-03-02T12:00:00.000Z, over 1000 a minute "
        "(documented, settings.smsbuddy.rate_per_minute: off disables it)"
    )
    assert (refusal(reply), why(reply), dict(desk.world.messages), desk.world.windows) == (
        refused(429),
        explained,
        {},
        {},
    )


def test_the_rate_is_a_setting_and_the_refusal_tells_it() -> None:
    desk = settings(rate_per_minute=1)
    post(desk)

    message = "Too many requests received. Your threshold value is 1 SMS/minute. Please contact support."
    assert refusal(post(desk)) == refused(429, message)


def test_a_key_that_the_scenario_closes_is_refused() -> None:
    reply = post(account(CLOSED))

    assert (refusal(reply), why(reply)) == (
        refused(401),
        "key: no account has this key (inferred: 1 to 256 printable ASCII characters, and not closed by the scenario)",
    )


@pytest.mark.parametrize("code", [200, "200"])
def test_refusals_come_with_http_200_where_the_setting_says_so(code: object) -> None:
    desk = settings(http_status=code)

    assert [refusal(post(desk, type="9")), refusal(post(desk, key=None))] == [
        (200, refused(422)[1]),
        (200, refused(400)[1]),
    ]


def test_every_missing_parameter_is_named() -> None:
    reply = Desk().send("POST", SEND, form={"key": "k1", "to": "9800000000"})

    assert why(reply) == (
        "body.type: is missing (documented: 1 transactional, 2 promotional, 3 transscrub); "
        "body.sender: is missing (documented: an approved sender id); "
        "body.message: is missing (inferred: 1 to 1600 characters, not all of them blank, "
        "no control characters except CR, LF and TAB)"
    )


@pytest.mark.parametrize(
    ("body", "content_type", "explained"),
    [
        (b"{", "application/json", "body: invalid JSON: "),
        (b"[]", "application/json", "body: the body is not a JSON object"),
        (b"\xff", "application/json", "body: byte 0 is not valid UTF-8"),
        (b"key=%ff", "application/x-www-form-urlencoded", "body: a percent-encoded value is not valid UTF-8"),
        (b"key=k1", "text/plain", "body: Content-Type 'text/plain' is not supported; "),
        (b"key=k1", "", "body: the Content-Type is missing; "),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(body: bytes, content_type: str, explained: str) -> None:
    headers = {"Content-Type": content_type} if content_type else {}
    reply = Desk().send("POST", SEND, query=sms(), headers=headers, body=body)

    assert (refusal(reply), unquote(why(reply) or "")[: len(explained)]) == (refused(400), explained)


def test_only_the_first_of_many_invalid_numbers_are_named() -> None:
    desk = Desk()
    post(desk, to=",".join(str(number) for number in range(100_000)))

    reasons = desk.world.requests[1].why
    assert (len(reasons), reasons[-1]) == (21, "to: 99980 more like these")


def test_a_sender_id_that_is_not_approved_is_refused_with_its_standing() -> None:
    senders = (Sender("AAAAAA", "", Approval.REFUSED, NOON), Sender("BBBBBB", "", Approval.PENDING, NOON))
    desk = account(AccountRule("*", senders=senders))

    assert [why(post(desk, sender="AAAAAA")), why(post(desk, sender="BBBBBB"))] == [
        "sender: 'AAAAAA' is refused (documented: an approved one, here none)",
        "sender: 'BBBBBB' is pending (documented: an approved one, here none)",
    ]


WILD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
NAMES = st.sampled_from(
    ["key", "type", "sender", "to", "message", "schedule", "time", "flash", "dlr_url", "custom", "template_id"],
)


@given(st.dictionaries(NAMES, WILD, max_size=4))
def test_whatever_a_flat_send_holds_is_accepted_or_refused_in_the_provider_s_words(changes: dict[str, object]) -> None:
    reply = Desk().send("POST", SEND, json_body={**sms(), **changes})

    assert reply_problems(reply, "POST", SEND) == []


@given(st.dictionaries(NAMES, WILD, max_size=3), st.lists(st.dictionaries(NAMES, WILD, max_size=3) | WILD, max_size=3))
def test_whatever_a_json_send_holds_is_accepted_or_refused_in_the_provider_s_words(
    root: dict[str, object], nodes: list[object]
) -> None:
    values = {**sms(to=None), **root}
    reply = Desk().send("POST", JSON, json_body={"root": values, "nodes": [{"to": "9800000000"}, *nodes]})

    assert reply_problems(reply, "POST", JSON) == []
