"""Flat sends: the forms of a request, the reply, what is charged."""

from collections.abc import Mapping
from decimal import Decimal

import pytest

from sandbox.core.scenario import AccountRule
from tests.builders import Desk, read
from tests.providers.smsbuddy.requests import (
    FIRST_ID,
    KEY,
    accepted,
    account,
    balance,
    post,
    row,
    rows,
    settings,
    sms,
)

BOTH_SPELLINGS = ("/api/v1/sms/send", "/api/sms/send")


@pytest.mark.parametrize("path", BOTH_SPELLINGS)
@pytest.mark.parametrize(
    ("method", "parts"),
    [
        ("GET", {"query": sms()}),
        ("POST", {"form": sms()}),
        ("POST", {"json_body": sms()}),
        ("POST", {"query": sms()}),
        ("POST", {"query": sms(message=None), "form": {"message": "test message"}}),
        ("POST", {"query": sms(message="other"), "json_body": {"message": "test message"}}),
        ("POST", {"form": {name: f" {value}\r\n" for name, value in sms(surplus="ignored").items()}}),
        ("POST", {"json_body": sms(type=1, to=9800000000, flash=0, schedule="0", time="", surplus=[{}])}),
    ],
)
def test_a_send_is_read_alike_in_all_its_forms(
    path: str, method: str, parts: Mapping[str, Mapping[str, object]]
) -> None:
    reply = Desk().send(
        method,
        path,
        query=parts.get("query"),
        form=parts.get("form"),
        json_body=parts.get("json_body"),
    )

    assert (reply.status, reply.headers["Content-Type"], read(reply)) == (200, "application/json", accepted(row()))


@pytest.mark.parametrize(
    ("given", "mobile"),
    [
        ("9800000042", "919800000042"),
        ("919800000042", "919800000042"),
        ("+919800000042", "919800000042"),
        ("00919800000042", "919800000042"),
        ("6000000000", "916000000000"),
        ("+6581234567", "6581234567"),
        ("38761000042", "38761000042"),
        ("995500000042", "995500000042"),
        ("14155000042", "14155000042"),
        ("442071000042", "442071000042"),
    ],
)
def test_a_number_comes_back_with_its_country_code_and_without_marks(given: str, mobile: str) -> None:
    assert [each["mobile"] for each in rows(post(Desk(), to=given))] == [mobile]


def test_each_number_gets_a_row_and_the_invalid_ones_are_left_out() -> None:
    reply = post(Desk(), to="9800000000, 12,,9800000001,5800000000,9800000000")

    assert read(reply) == accepted(
        row(),
        row(id=f"{FIRST_ID}-2", mobile="919800000001"),
        row(id=f"{FIRST_ID}-3"),
    )


@pytest.mark.parametrize(
    ("message", "unit", "length"),
    [
        ("a" * 160, 1, 160),
        ("a" * 161, 2, 161),
        ("€" * 81, 2, 81),
        ("ж" * 70, 1, 70),
        ("ж" * 71, 2, 71),
        ("😀" * 36, 2, 36),
        ("  a\n", 1, 1),
        ("नमस्ते", 1, 6),
        ("a" * 1600, 11, 1600),
    ],
)
def test_a_text_is_charged_by_its_parts(message: str, unit: int, length: int) -> None:
    desk = Desk()
    reply = post(desk, message=message)

    assert (rows(reply), balance(desk)) == (
        [row(unit=unit, length=length, charge=unit)],
        {"trans": 1_000_000 - unit, "promo": 1_000_000, "transscrub": 1_000_000},
    )


@pytest.mark.parametrize(("type_", "purse"), [("1", "trans"), ("2", "promo"), ("3", "transscrub")])
def test_each_type_has_a_balance_of_its_own(type_: str, purse: str) -> None:
    desk = Desk()
    post(desk, type=type_, to="9800000000,9800000001")

    assert balance(desk) == {"trans": 1_000_000, "promo": 1_000_000, "transscrub": 1_000_000, purse: 999_998}


@pytest.mark.parametrize("path", ["/api/sms/balance/check", "/api/v1/sms/balance/check"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_balance_is_told_by_type_in_whole_units(path: str, method: str) -> None:
    desk = account(
        AccountRule("*", balance={"trans": Decimal(100), "promo": Decimal("0.5"), "transscrub": Decimal(50)})
    )
    reply = desk.send(method, path, query=KEY)

    assert read(reply) == {"status": "200", "data": {"trans": 100, "promo": 0, "transscrub": 50}}


def test_the_same_seed_gives_the_same_ids_and_each_send_one_of_its_own() -> None:
    first, second = Desk(), Desk()
    ids = [[rows(post(desk))[0]["id"], rows(post(desk))[0]["id"]] for desk in (first, second)]

    assert ids == [[f"{FIRST_ID}-1", "eRB7w9iBRKoQjaOsY4cMNfcH-1"]] * 2


def test_a_thousand_numbers_make_a_thousand_messages() -> None:
    desk = Desk()
    post(desk, to=",".join(str(9_800_000_000 + number) for number in range(1000)))

    assert (len(desk.world.messages), [*desk.world.numbers][-1]) == (1000, f"{FIRST_ID}-1000")


def test_ten_thousand_numbers_go_out_where_the_rate_is_off() -> None:
    desk = settings(rate_per_minute="off")
    post(desk, to=",".join(str(9_800_000_000 + number) for number in range(10_000)))

    assert len(desk.world.messages) == 10_000


def test_a_number_on_the_stop_list_is_accepted_and_ends_as_dnd() -> None:
    desk = account(AccountRule("*", stop_list=frozenset({"9800000000", "38761000042"})))
    reply = post(desk, to="9800000000,9800000001,38761000042")

    assert (
        [each["status"] for each in rows(reply)],
        [message.plan[-1].word for message in desk.world.messages.values()],
    ) == (
        ["AWAITING-DLR"] * 3,
        ["DNDNUMB", "DELIVRD", "DNDNUMB"],
    )
