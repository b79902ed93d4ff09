"""Betatel's messages: ids, prices, lives and callbacks."""

import json
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from ulid import ULID

from sandbox.core.scenario import Scenario
from tests.builders import NOON, Desk, make_world, read
from tests.conformance import callback_problems, reply_problems
from tests.providers.betatel.asking import (
    BALANCE,
    CODE,
    CONNECT,
    OTP,
    SENDING,
    SENT,
    SMS,
    SOON,
    UUID_,
    accounts,
    balance,
    field,
    get,
    post,
    told,
)


def test_an_sms_is_answered_with_a_uuid_of_version_4() -> None:
    reply = post(Desk(), SMS, SENT)

    uuid = UUID(field(reply, "uuid"))
    assert (told(reply), uuid.version) == ((200, "application/json; charset=utf-8", f'{{"uuid":"{UUID_}"}}'), 4)


def test_a_ulid_made_later_sorts_after_one_made_before() -> None:
    desk = Desk()
    ids = []
    for _ in range(3):
        ids.append(field(post(desk, OTP, CODE), "uuid"))
        desk.advance(timedelta(milliseconds=1))

    assert ids == sorted(set(ids))


def test_a_connect_sms_is_answered_with_its_id_and_both_ends() -> None:
    reply = post(Desk(), CONNECT, SENT)

    assert read(reply) == {"messageId": field(reply, "messageId"), "from": "FACEBOOK", "to": "38761930305"}


@pytest.mark.parametrize(("path", "body"), SENDING)
def test_unknown_keys_of_a_body_are_ignored(path: str, body: Mapping[str, object]) -> None:
    reply = post(Desk(), path, {**body, "colour": ["red"]})

    assert (reply.status, reply_problems(reply, "POST", path)) == (200, [])


@pytest.mark.parametrize("to", ["38761930305", "+38761930305"])
def test_an_sms_goes_to_a_number_with_or_without_a_plus_and_its_callback_has_one(to: str) -> None:
    desk = Desk()
    post(desk, SMS, {**SENT, "to": to})
    desk.advance(SOON)

    assert [json.loads(each.body)["to"] for each in desk.callbacks()] == ["+38761930305", "+38761930305"]


def test_line_breaks_and_tabs_in_a_text_are_kept_as_they_came() -> None:
    desk = Desk()
    post(desk, SMS, SENT | {"text": "a\r\n\tb"})

    assert desk.world.messages[1].text == "a\r\n\tb"


def test_each_message_costs_its_price_and_no_refusal_costs_anything() -> None:
    desk = Desk()
    before = balance(desk)
    for path, body in SENDING:
        post(desk, path, body)
        post(desk, path, {**body, "to": "x"})
        post(desk, path, body, x_api_key="")

    assert (before, balance(desk)) == (1_000_000.0, 999_999.85)


def test_the_setting_price_says_what_a_message_costs() -> None:
    desk = Desk(make_world(Scenario("dear", settings={"betatel": {"price": 0.5}})))
    post(desk, SMS, SENT)

    assert balance(desk) == 999_999.5


def test_the_last_cent_can_be_spent() -> None:
    desk = Desk(make_world(accounts(balance={"USD": Decimal("0.05")})))
    replies = [post(desk, SMS, SENT).status for _ in range(2)]

    assert (replies, balance(desk)) == ([200, 402], 0.0)


def test_a_balance_is_told_with_its_currency_and_the_clock() -> None:
    reply = get(Desk(), BALANCE)

    assert (read(reply), reply_problems(reply, "GET", BALANCE)) == (
        {"userId": "k1", "balance": 1_000_000.0, "currency": "USD", "lastUpdated": "2026-03-02T12:00:00.000Z"},
        [],
    )


def test_two_keys_are_two_accounts() -> None:
    desk = Desk()
    post(desk, SMS, SENT, x_api_key="k2")

    assert (balance(desk), json.loads(get(desk, BALANCE, x_api_key="k2").body)["balance"]) == (1_000_000.0, 999_999.95)


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        (SMS, SENT, ["queued", "sent", "delivered"]),
        (CONNECT, SENT, ["Queued", "Sent", "Delivered"]),
        (OTP, CODE, ["PENDING", "SENT", "DELIVERED"]),
    ],
)
def test_a_message_lives_in_the_words_of_its_channel(path: str, body: Mapping[str, object], words: list[str]) -> None:
    desk = Desk()
    post(desk, path, body)
    desk.advance(SOON)

    assert [step.word for step in desk.world.messages[1].history] == words


def test_an_sms_reports_each_status_but_the_first_with_its_time() -> None:
    desk = Desk()
    post(desk, SMS, SENT)
    desk.advance(SOON)

    same = {"uuid": UUID_, "to": "+38761930305"}
    assert [(each.method, each.headers, json.loads(each.body)) for each in desk.callbacks()] == [
        ("POST", {"Content-Type": "application/json"}, same | {"status": status, "timestamp": at})
        for status, at in (("sent", "2026-03-02T12:00:00Z"), ("delivered", "2026-03-02T12:00:02Z"))
    ]


@pytest.mark.parametrize(("path", "body"), SENDING)
def test_every_callback_fits_its_schema(path: str, body: Mapping[str, object]) -> None:
    desk = Desk()
    post(desk, path, body)
    desk.advance(SOON)
    channel = desk.world.messages[1].channel.name

    assert [callback_problems(each, "betatel", channel) for each in desk.callbacks()] == [[], []]


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not() -> None:
    def bodies(seed: int) -> list[bytes]:
        desk = Desk(make_world(seed=seed))
        return [post(desk, path, body).body for path, body in SENDING * 2]

    assert (bodies(1) == bodies(1), set(bodies(1)) & set(bodies(2)), len(set(bodies(1)))) == (True, set(), 6)


def test_ids_of_one_millisecond_differ() -> None:
    desk = Desk()
    ids = {field(post(desk, OTP, CODE), "uuid") for _ in range(200)}

    assert (len(ids), {ULID.from_str(each).datetime for each in ids}) == (200, {NOON})
