"""What is refused, with which code and which explanation."""

from collections.abc import Mapping
from decimal import Decimal

import pytest

from sandbox.core.scenario import AccountRule
from tests.builders import Desk, make_world, read
from tests.providers.ubill.requests import CREATE, KEY, ONE, SEND, TWO, accounts, balance, post, status_id


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"brandID": None}, 10),
        ({"brandID": 2}, 10),
        ({"brandID": "one"}, 10),
        ({"brandID": True}, 10),
        ({"brandID": 1.5}, 10),
        ({"brandID": ["1"]}, 10),
        ({"brandID": 2, "numbers": None, "text": ""}, 10),
        ({"numbers": None, "text": ""}, 20),
        ({"numbers": ""}, 20),
        ({"numbers": " , "}, 20),
        ({"numbers": []}, 20),
        ({"numbers": True}, 20),
        ({"numbers": 9955.5}, 20),
        ({"numbers": "abc", "text": ""}, 50),
        ({"text": None, "sendTime": "never"}, 30),
        ({"text": "", "stopList": "maybe"}, 30),
        ({"text": 5}, 99),
        ({"text": True}, 99),
        ({"text": ["a"]}, 99),
        ({"text": "a\0b"}, 99),
        ({"text": "a\x1bb"}, 99),
        ({"otp": "yes"}, 99),
        ({"stopList": 0.5}, 99),
        ({"numbers": [True, TWO]}, 99),
        ({"numbers": [True] * 60 + [TWO], "text": ""}, 30),
    ],
)
def test_a_request_is_refused_with_the_code_of_the_first_thing_wrong_with_it(
    changes: Mapping[str, object],
    status: int,
) -> None:
    desk = Desk()
    reply = post(desk, **changes)

    assert (reply.status, status_id(reply), dict(desk.world.messages), desk.world.accounts) == (200, status, {}, {})


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"{", "application/json"),
        (b"[]", "application/json"),
        (b"", "application/json"),
        (b'{"text": "\\ud800"}', "application/json"),
        (b"\xff", "application/json"),
        (b"{}", "text/plain"),
    ],
)
@pytest.mark.parametrize("path", [SEND, CREATE])
def test_a_body_that_cannot_be_read_is_refused_with_90(path: str, body: bytes, kind: str) -> None:
    reply = Desk().send("POST", path, query=KEY, headers={"Content-Type": kind}, body=body)

    assert read(reply) == {"statusID": 90, "message": "JSON error"}


def test_a_balance_below_one_sms_a_number_is_refused_and_stays() -> None:
    desk = Desk(make_world(accounts(AccountRule("*", balance={"sms": Decimal(1)}))))
    reply = post(desk, numbers=[ONE, TWO])

    assert (read(reply), reply.headers["X-Sandbox-Why"], balance(desk)) == (
        {"statusID": 40, "message": "Not enough balance"},
        "account: its balance of 1 SMS does not cover 2, one for each number",
        {"statusID": 0, "message": "Success", "sms": "1"},
    )


@pytest.mark.parametrize(
    ("send_time", "status"),
    [
        ("2026-03-02 16:01", 0),
        ("2026-03-02 16:00", 99),
        ("2026-03-02 15:59", 99),
        ("2026-02-30 10:00", 99),
        ("2027-02-30 10:00", 99),
        ("2026-03-02T17:00", 99),
        ("2026-03-02 17:00:00", 99),
        ("9999-12-31 23:59", 99),
        ("", 99),
        (1772460000, 99),
    ],
)
def test_a_send_time_is_a_minute_in_tbilisi_later_than_now(send_time: object, status: int) -> None:
    assert status_id(post(Desk(), sendTime=send_time)) == status


def test_an_explanation_says_what_came_and_what_would_be_right() -> None:
    desk = Desk()
    replies = [
        post(desk, brandID=2),
        post(desk, numbers=["+995511194242", "9" * 4000]),
        post(desk, sendTime="2026-03-02 15:59"),
    ]

    wrong, right = "is not a complete number: it", "(documented: numbers in international format without + and 00)"
    now = "2026-03-02 16:00:00 in Asia/Tbilisi, the setting zone"
    assert [reply.headers["X-Sandbox-Why"] for reply in replies] == [
        "brandID: '2' is not a brand of this account, which has: 1",
        (
            f"numbers[0]: '+995511194242' {wrong} begins with + {right}; "
            f"numbers[1]: '{'9' * 59}%E2%80%A6 {wrong} has too many digits: 4000 {right}"
        ),
        f"sendTime: 2026-03-02 15:59 is not later than now (documented: now is {now})",
    ]
