"""What Betatel refuses, in which order, and with which words."""

import json
from collections.abc import Mapping
from decimal import Decimal

import pytest
from ulid import ULID

from tests.builders import NOON, Desk, make_world
from tests.conformance import reply_problems
from tests.providers.betatel.asking import (
    CODE,
    CONNECT,
    KEYS,
    OPERATIONS,
    OTP,
    SENDING,
    SENT,
    SMS,
    SOON,
    ULID_,
    WDR,
    WHATSAPP,
    accounts,
    field,
    get,
    post,
    told,
)


def test_a_whatsapp_code_is_answered_with_a_ulid_that_decodes_to_the_clock() -> None:
    reply = post(Desk(), OTP, CODE)

    assert (told(reply), ULID.from_str(field(reply, "uuid")).datetime) == (
        (200, "application/json; charset=utf-8", f'{{"uuid":"{ULID_}","to":"38761444555"}}'),
        NOON,
    )


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        (
            {"to": "+38761444555"},
            "body.to: '+38761444555' does not match ^[1-9]\\d{6,14}$ (documented: E.164 without +)",
        ),
        ({"to": "123456"}, "body.to: '123456' does not match ^[1-9]\\d{6,14}$ (documented: E.164 without +)"),
        ({"to": 38761444555}, "body.to: 38761444555 is a number, not a string (documented: E.164 without +)"),
        ({"to": None}, "body.to: is null, not a string (documented: E.164 without +)"),
    ],
)
def test_a_whatsapp_recipient_has_digits_alone(changes: Mapping[str, object], problem: str) -> None:
    assert told(post(Desk(), OTP, {**CODE, **changes})) == (
        400,
        "application/json; charset=utf-8",
        json.dumps({"message": problem}, separators=(",", ":")),
    )


@pytest.mark.parametrize(("length", "status"), [(0, 400), (1, 200), (4096, 200), (4097, 400)])
def test_a_whatsapp_text_has_up_to_4096_characters(length: int, status: int) -> None:
    assert post(Desk(), OTP, CODE | {"text": "ж" * length}).status == status


@pytest.mark.parametrize(("length", "status"), [(0, 400), (1, 200), (1600, 200), (1601, 400)])
@pytest.mark.parametrize("path", [SMS, CONNECT])
def test_an_sms_text_has_up_to_1600_characters(path: str, length: int, status: int) -> None:
    assert post(Desk(), path, SENT | {"text": "😀" * length}).status == status


@pytest.mark.parametrize(
    ("sender", "status"),
    [
        ("A", 200),
        ("ACME Shop-1", 200),
        ("ACME Shop-12", 400),
        ("123", 200),
        ("123456789012345", 200),
        ("1234567890123456", 400),
        ("12", 400),
        ("", 400),
        ("Ж", 400),
        ("A\n", 400),
        ("123\n", 400),
        ("٣٣٣", 400),
    ],
)
def test_a_sender_is_a_short_name_or_a_number(sender: str, status: int) -> None:
    assert post(Desk(), SMS, SENT | {"from": sender}).status == status


@pytest.mark.parametrize(("method", "path", "body"), OPERATIONS)
def test_the_key_is_checked_before_all_else(method: str, path: str, body: object) -> None:  # noqa: ARG001
    desk = Desk(make_world(accounts(closed=True)))
    without = desk.send(method, path, body=b"{")
    unknown = desk.send(method, path, headers={"x-api-key": "k1"}, body=b"{")

    assert (told(without), told(unknown), reply_problems(without, method, path)) == (
        (401, "text/html; charset=utf-8", "Missing API Key"),
        (401, "text/html; charset=utf-8", "Invalid API Key"),
        [],
    )


@pytest.mark.parametrize(
    ("method", "path", "header", "text"),
    [
        ("POST", OTP, "x_account_id", "Missing Account ID"),
        ("POST", WDR, "x_account_id", "Missing Account ID"),
        ("GET", f"{WHATSAPP}/x/wdr", "x_account_id", "Missing Account ID"),
        ("POST", CONNECT, "x_user_id", "Missing User ID"),
        ("GET", f"{CONNECT}/x/status", "x_user_id", "Missing User ID"),
        ("GET", f"{CONNECT}/x", "x_user_id", "Missing User ID"),
    ],
)
def test_who_asks_is_checked_after_the_key_and_before_the_body(method: str, path: str, header: str, text: str) -> None:
    without = {header: ""}
    reply = post(Desk(), path, {"to": 5}, **without) if method == "POST" else get(Desk(), path, **without)

    assert (told(reply), reply_problems(reply, method, path)) == ((401, "text/html; charset=utf-8", text), [])


def test_all_that_is_wrong_is_named_beside_a_missing_key_or_account() -> None:
    desk = Desk()
    desk.send("POST", OTP, json_body={"to": 5})
    post(desk, OTP, {"to": 5}, x_account_id="")

    why = [[each.partition(":")[0] for each in exchange.why] for exchange in desk.world.requests.values()]
    assert [sorted(each) for each in why] == [
        ["body.text", "body.to", "header.x-account-id", "header.x-api-key"],
        ["body.text", "body.to", "header.x-account-id"],
    ]


def test_the_balance_is_checked_after_the_body() -> None:
    desk = Desk(make_world(accounts(balance={"USD": Decimal("0.04")})))
    funds = "Insufficient funds. Please ensure you have enough balance to complete the transaction."
    spent = [told(post(desk, path, body)) for path, body in SENDING]
    wrong = [post(desk, path, {**body, "to": "x"}).status for path, body in SENDING]

    assert (spent, wrong) == ([(402, "text/html; charset=utf-8", funds)] * 3, [400] * 3)


def test_every_violation_is_explained_and_the_first_is_the_message() -> None:
    reply = post(Desk(), SMS, {"from": "", "to": "x"})
    why = reply.headers["X-Sandbox-Why"].split("; ")

    text = "body.text: is missing (inferred: 1 to 1600 characters, no control characters except CR, LF and TAB)"
    assert (len(why), why[-1], json.loads(reply.body)) == (3, text, {"message": why[0]})


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "body: the body is empty%3B send application/json"),
        (b"{", "body: invalid JSON: Expecting property name enclosed in double quotes at line 1 column 2"),
        (b'{"a": 1,}', "body: invalid JSON: trailing comma at line 1 column 8"),
        (b"[]", "body: the body is not a JSON object"),
        (b"\xff", "body: byte 0 is not valid UTF-8"),
    ],
)
@pytest.mark.parametrize("path", [SMS, OTP, CONNECT])
def test_a_body_that_cannot_be_read_gets_400(path: str, body: bytes, why: str) -> None:
    reply = Desk().send("POST", path, headers={**KEYS, "Content-Type": "application/json"}, body=body)

    assert (reply.status, reply.headers["X-Sandbox-Why"].partition("; ")[0]) == (400, why)


@pytest.mark.parametrize(
    "path", [f"{WHATSAPP}/01JV5V54KPYK9GB29265EQRZ2P/wdr", f"{CONNECT}/nil/status", f"{CONNECT}/nil"]
)
def test_an_unknown_id_is_not_found(path: str) -> None:
    reply = get(Desk(), path)

    assert (told(reply), reply_problems(reply, "GET", path)) == (
        (404, "application/json; charset=utf-8", '{"message":"Message not found"}'),
        [],
    )


@pytest.mark.parametrize(
    "body",
    [
        {"page": 0},
        {"page": "1"},
        {"page": 1.5},
        {"page": True},
        {"page": None},
        {"rows_per_page": 0},
        {"rows_per_page": 101},
        {"sort_by": "text"},
        {"sort_direction": "up"},
        {"filter": "DELIVERED"},
        {"filter": {"status": "delivered"}},
        {"filter": {"status": ["DELIVERED"]}},
        {"page": 10**400},
    ],
)
def test_a_search_that_is_malformed_is_refused(body: Mapping[str, object]) -> None:
    assert post(Desk(), WDR, body).status == 400


def test_nothing_of_a_refused_request_stays() -> None:
    desk = Desk()
    for path, body in SENDING:
        post(desk, path, {**body, "to": "x"})
    desk.advance(SOON)

    assert (dict(desk.world.messages), desk.world.accounts, dict(desk.world.callbacks), len(desk.world.requests)) == (
        {},
        {},
        {},
        3,
    )
