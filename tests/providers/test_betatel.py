"""Betatel without HTTP: what each request is answered with, and what becomes of its messages."""

import json
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from ulid import ULID

from sandbox.core.scenario import AccountRule, Scenario
from sandbox.handling import Answer
from tests.builders import NOON, Desk, make_world, read
from tests.conformance import callback_problems, reply_problems

SMS, OTP, CONNECT = "/api/smpp/client/send", "/api/v1/connect-hub/whatsapp/otp", "/api/v1/connect-hub/sms"
WHATSAPP, WDR, BALANCE = "/api/v1/connect-hub/whatsapp", "/api/v1/connect-hub/whatsapp/wdr", "/api/billing/me/balance"
KEYS = {"x-api-key": "k1", "x-account-id": "a1", "x-user-id": "u1"}
SENT = {"from": "FACEBOOK", "to": "38761930305", "text": "Your code is 555345"}
CODE = {"to": "38761444555", "text": "482910"}
SOON = timedelta(minutes=1)
UUID_ = "ba516583-7a76-46cd-9e32-5d90c40cad3f"  # what the seed 7 gives
ULID_ = "01KJQ6PSG0TAKDSC1T882P20Y6"

SENDING = [(SMS, SENT), (OTP, CODE), (CONNECT, SENT)]
OPERATIONS = [
    ("POST", SMS, SENT),
    ("POST", OTP, CODE),
    ("POST", CONNECT, SENT),
    ("POST", WDR, {}),
    ("GET", f"{WHATSAPP}/x/wdr", None),
    ("GET", f"{CONNECT}/x/status", None),
    ("GET", f"{CONNECT}/x", None),
    ("GET", BALANCE, None),
]


def post(desk: Desk, path: str, body: Mapping[str, object], **headers: str) -> Answer:
    """Send JSON; a header's underscores stand for hyphens, an empty one is left out."""
    named = KEYS | {name.replace("_", "-"): value for name, value in headers.items()}
    return desk.send("POST", path, headers={name: value for name, value in named.items() if value}, json_body=body)


def get(desk: Desk, path: str, **headers: str) -> Answer:
    named = KEYS | {name.replace("_", "-"): value for name, value in headers.items()}
    return desk.send("GET", path, headers={name: value for name, value in named.items() if value})


def field(reply: Answer, name: str) -> str:
    body = read(reply)
    assert isinstance(body, dict)
    return str(body[name])


def balance(desk: Desk) -> object:
    return json.loads(get(desk, BALANCE).body)["balance"]


def told(reply: Answer) -> tuple[int, str, str]:
    return reply.status, reply.headers["Content-Type"], reply.body.decode()


def accounts(**changes: object) -> Scenario:
    return Scenario("accounts", accounts={"betatel": (AccountRule("*", **changes),)})  # type: ignore[arg-type]


def test_an_sms_is_answered_with_a_uuid_of_version_4() -> None:
    reply = post(Desk(), SMS, SENT)

    uuid = UUID(field(reply, "uuid"))
    assert (told(reply), uuid.version) == ((200, "application/json; charset=utf-8", f'{{"uuid":"{UUID_}"}}'), 4)


def test_a_whatsapp_code_is_answered_with_a_ulid_that_decodes_to_the_clock() -> None:
    reply = post(Desk(), OTP, CODE)

    assert (told(reply), ULID.from_str(field(reply, "uuid")).datetime) == (
        (200, "application/json; charset=utf-8", f'{{"uuid":"{ULID_}","to":"38761444555"}}'),
        NOON,
    )


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


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        (
            {"to": "+38761444555"},
            "body.to: '+38761444555' does not match ^[1-9]\\d{6,14}$ (documented: E.164 without +)",
        ),
        ({"to": "123456"}, "body.to: '123456' does not match ^[1-9]\\d{6,14}$ (documented: E.164 without +)"),
        ({"to": 38761444555}, "body.to: 38761444555 is a number, not string (documented: E.164 without +)"),
        ({"to": None}, "body.to: None is null, not string (documented: E.164 without +)"),
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


def test_line_breaks_and_tabs_in_a_text_are_kept_as_they_came() -> None:
    desk = Desk()
    post(desk, SMS, SENT | {"text": "a\r\n\tb"})

    assert desk.world.messages[1].text == "a\r\n\tb"


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


def test_the_balance_is_checked_after_the_body() -> None:
    desk = Desk(make_world(accounts(balance={"USD": Decimal("0.04")})))
    funds = "Insufficient funds. Please ensure you have enough balance to complete the transaction."
    spent = [told(post(desk, path, body)) for path, body in SENDING]
    wrong = [post(desk, path, {**body, "to": "x"}).status for path, body in SENDING]

    assert (spent, wrong) == ([(402, "text/html; charset=utf-8", funds)] * 3, [400] * 3)


def test_every_violation_is_explained_and_the_first_is_the_message() -> None:
    reply = post(Desk(), SMS, {"from": "", "to": "x"})
    why = reply.headers["X-Sandbox-Why"].split("; ")

    text = "body.text: is missing (inferred: 1 to 1600 characters, no control characters but CR, LF and TAB)"
    assert (len(why), why[-1], json.loads(reply.body)) == (3, text, {"message": why[0]})


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "body: the body is empty%3B needed is application/json"),
        (b"{", "body: not JSON: Expecting property name enclosed in double quotes at line 1 column 2"),
        (b'{"a": 1,}', "body: not JSON: a comma with nothing after it at line 1 column 8"),
        (b"[]", "body: the body is JSON, but not an object"),
        (b"\xff", "body: byte 0 is not UTF-8"),
    ],
)
@pytest.mark.parametrize("path", [SMS, OTP, CONNECT])
def test_a_body_that_cannot_be_read_gets_400(path: str, body: bytes, why: str) -> None:
    reply = Desk().send("POST", path, headers={**KEYS, "Content-Type": "application/json"}, body=body)

    assert (reply.status, reply.headers["X-Sandbox-Why"]) == (400, why)


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


def test_a_delivery_record_tells_a_message_from_beginning_to_end() -> None:
    desk = Desk()
    uuid = field(post(desk, OTP, CODE), "uuid")
    path = f"{WHATSAPP}/{uuid}/wdr"
    before = get(desk, path)
    desk.advance(SOON)
    after = get(desk, path)

    fixed = {
        "uuid": uuid,
        "wam_id": field(before, "wam_id"),
        "to": "38761444555",
        "text": "482910",
        "timestamp": "2026-03-02T12:00:00.000Z",
        "webhook_delivered": False,
    }
    assert (read(before), read(after), reply_problems(before, "GET", path), reply_problems(after, "GET", path)) == (
        {**fixed, "status": "PENDING", "delivery_timestamp": None, "delivery_time": None},
        {**fixed, "status": "DELIVERED", "delivery_timestamp": "2026-03-02T12:00:01.200Z", "delivery_time": 1200},
        [],
        [],
    )


@pytest.mark.parametrize(
    "path", [f"{WHATSAPP}/01JV5V54KPYK9GB29265EQRZ2P/wdr", f"{CONNECT}/nil/status", f"{CONNECT}/nil"]
)
def test_an_unknown_id_is_not_found(path: str) -> None:
    reply = get(Desk(), path)

    assert (told(reply), reply_problems(reply, "GET", path)) == (
        (404, "application/json; charset=utf-8", '{"message":"Message not found"}'),
        [],
    )


def test_a_message_is_found_by_its_own_account_and_on_its_own_path_alone() -> None:
    desk = Desk()
    whatsapp = field(post(desk, OTP, CODE), "uuid")
    connect = field(post(desk, CONNECT, SENT), "messageId")
    smpp = field(post(desk, SMS, SENT), "uuid")

    found = {
        (path, key): get(desk, path, x_api_key=key).status
        for path in (f"{WHATSAPP}/{whatsapp}/wdr", f"{CONNECT}/{connect}")
        for key in ("k1", "k2")
    }
    crossed = [
        get(desk, path).status
        for path in (
            f"{WHATSAPP}/{connect}/wdr",
            f"{WHATSAPP}/{smpp}/wdr",
            f"{CONNECT}/{whatsapp}",
            f"{CONNECT}/{smpp}/status",
        )
    ]
    assert (list(found.values()), crossed) == ([200, 404, 200, 404], [404] * 4)


def test_a_connect_sms_tells_its_status_and_itself() -> None:
    desk = Desk()
    message_id = field(post(desk, CONNECT, SENT | {"text": "ж" * 71}), "messageId")
    desk.advance(SOON)
    status, whole = get(desk, f"{CONNECT}/{message_id}/status"), get(desk, f"{CONNECT}/{message_id}")

    same = {"messageId": message_id, "status": "Delivered", "userId": "u1"}
    assert (read(status), read(whole), reply_problems(whole, "GET", f"{CONNECT}/{message_id}")) == (
        same,
        same
        | {
            "from": "FACEBOOK",
            "to": "38761930305",
            "text": "ж" * 71,
            "timestamp": "2026-03-02T12:00:00.000Z",
            "segments": 2,
        },
        [],
    )


def records() -> Desk:
    """Return a desk with five codes, the last two still on their way, and messages that are no codes of the account."""
    desk = Desk()
    post(desk, SMS, SENT)
    post(desk, CONNECT, SENT)
    post(desk, OTP, CODE, x_api_key="k2")
    for number in range(5):
        if number == 3:
            desk.advance(SOON)
        post(desk, OTP, {**CODE, "to": f"3876144455{9 - number}"})
        desk.advance(timedelta(milliseconds=50))
    return desk


def page(desk: Desk, body: Mapping[str, object]) -> Mapping[str, object]:
    reply = post(desk, WDR, body)
    value = read(reply)
    assert isinstance(value, dict)
    assert reply_problems(reply, "POST", WDR) == []
    return {**value, "list": [row["to"][-1] for row in value["list"]]}


def test_a_search_without_a_body_gives_the_newest_twenty() -> None:
    desk = records()
    reply = desk.send("POST", WDR, headers=KEYS)

    assert (reply.status, [row["to"][-1] for row in json.loads(reply.body)["list"]]) == (200, ["5", "6", "7", "8", "9"])


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"rows_per_page": 2}, {"page": 1, "has_next_page": True, "has_previous_page": False, "list": ["5", "6"]}),
        (
            {"rows_per_page": 2, "page": 2},
            {"page": 2, "has_next_page": True, "has_previous_page": True, "list": ["7", "8"]},
        ),
        (
            {"rows_per_page": 2, "page": 3},
            {"page": 3, "has_next_page": False, "has_previous_page": True, "list": ["9"]},
        ),
        ({"rows_per_page": 2, "page": 9}, {"page": 9, "has_next_page": False, "has_previous_page": True, "list": []}),
        (
            {"rows_per_page": 2.0, "page": 3.0},
            {"page": 3, "has_next_page": False, "has_previous_page": True, "list": ["9"]},
        ),
    ],
)
def test_a_search_is_answered_a_page_at_a_time(body: Mapping[str, object], expected: Mapping[str, object]) -> None:
    same = {"rows_per_page": 2, "sort_by": "timestamp", "sort_direction": "desc", "total": 5, "total_pages": 3}

    assert page(records(), body) == {**same, **expected}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"sort_by": "timestamp", "sort_direction": "asc"}, ["9", "8", "7", "6", "5"]),
        ({"sort_by": "timestamp", "sort_direction": "DESC"}, ["5", "6", "7", "8", "9"]),
        ({"sort_by": "to", "sort_direction": "asc"}, ["5", "6", "7", "8", "9"]),
        ({"sort_by": "status", "sort_direction": "asc"}, ["9", "8", "7", "6", "5"]),
        ({"sort_by": "delivery_timestamp", "sort_direction": "desc"}, ["7", "8", "9", "6", "5"]),
    ],
)
def test_a_search_can_be_sorted(body: Mapping[str, object], expected: list[str]) -> None:
    assert page(records(), body)["list"] == expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [("DELIVERED", ["7", "8", "9"]), ("PENDING", ["5", "6"]), ("FAILED", [])],
)
def test_a_search_can_be_filtered_by_status(status: str, expected: list[str]) -> None:
    found = page(records(), {"filter": {"status": status}})

    assert (found["list"], found["total"]) == (expected, len(expected))


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

    assert (desk.world.messages, desk.world.accounts, desk.world.callbacks, len(desk.world.exchanges)) == (
        {},
        {},
        {},
        3,
    )


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not() -> None:
    def bodies(seed: int) -> list[bytes]:
        desk = Desk(make_world(seed=seed))
        return [post(desk, path, body).body for path, body in SENDING * 2]

    assert (bodies(1) == bodies(1), set(bodies(1)) & set(bodies(2)), len(set(bodies(1)))) == (True, set(), 6)


def test_ids_of_one_millisecond_differ() -> None:
    desk = Desk()
    ids = {field(post(desk, OTP, CODE), "uuid") for _ in range(200)}

    assert (len(ids), {ULID.from_str(each).datetime for each in ids}) == (200, {NOON})
