"""One-time codes: made, sent, checked, looked up."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.core.scenario import AccountRule
from tests.builders import Desk, read
from tests.conformance import reply_problems
from tests.providers.smsbuddy.requests import (
    CREATE,
    FIRST_ID,
    KEY,
    MOBILE,
    OTP_STATUS,
    STATUS,
    VERIFY,
    accepted,
    account,
    balance,
    otp,
    post,
    refusal,
    refused,
    row,
    settings,
    verify,
    why,
)

CODE = "123456"
RIGHT = (200, {"status": "200", "message": "OTP Verified Successfully"})
WRONG = refused(406, "OTP is wrong")
USED = refused(406, "OTP has been used already")
EXPIRED = refused(406, "OTP has expired")
EXHAUSTED = refused(406, "OTP has had too many wrong tries")
UNKNOWN = refused(406, "No OTP for this number")


def created(**code: object) -> dict[str, object]:
    """Return the reply that tells of a code of the first message."""
    return {
        "status": "200",
        "message": "OTP Generated Successfully",
        "otp": {"mobile": MOBILE, "status": "PENDING", "otp": CODE, "expiry": "2026-03-02 19:30:00", **code},
        "sms": row(length=20),
    }


def looked_up(desk: Desk, message_id: str = f"{FIRST_ID}-1") -> object:
    body = read(desk.send("GET", OTP_STATUS, query={**KEY, "id": message_id}))
    return body["otp"]["status"] if isinstance(body, dict) and "otp" in body else body


def code_of(desk: Desk, number: int = 1) -> str:
    return desk.world.messages[number].fact("otp")


@pytest.mark.parametrize("path", [CREATE, "/api/otp/create"])
@pytest.mark.parametrize("how", ["query", "form", "json_body", "empty"])
def test_a_code_is_sent_in_the_place_of_its_placeholder(path: str, how: str) -> None:
    values = {**KEY, "to": " 9800000000 ", "sender": "SMSBDY", "message": "Your code is {#otp#}.", "otp": CODE}
    desk = Desk()
    reply = desk.send(
        "GET" if how == "query" else "POST",
        path,
        query=values if how in {"query", "empty"} else None,
        form=values if how == "form" else None,
        json_body=values if how == "json_body" else None,
    )

    sent = [(each.text, each.code) for each in desk.world.messages.values()]
    assert (reply.status, read(reply), sent) == (200, created(), [("Your code is 123456.", CODE)])


@pytest.mark.parametrize(
    ("message", "text", "code"),
    [
        ("{#otp#} or {#otp#}", "123456 or 123456", CODE),
        ("Your code is 7788.", "Your code is 7788.", "7788"),
        ("Hello", "Hello", CODE),
    ],
)
def test_a_text_without_the_placeholder_is_sent_as_it_is(message: str, text: str, code: str) -> None:
    desk = Desk()
    otp(desk, message=message, otp=CODE)

    assert [(each.text, each.code) for each in desk.world.messages.values()] == [(text, code)]


@pytest.mark.parametrize(("digits", "length"), [(None, 6), ("4", 4), (10, 10), ("", 6), (5.0, 5)])
def test_a_code_that_is_not_given_is_drawn_with_as_many_digits_as_asked_for(digits: object, length: int) -> None:
    desk = Desk()
    otp(desk, digits=digits)
    code = code_of(desk)

    assert (len(code), code.isdecimal(), code.isascii()) == (length, True, True)


def test_the_seed_decides_the_code() -> None:
    first, second = Desk(), Desk()
    otp(first)
    otp(second)

    assert code_of(first) == code_of(second)


@pytest.mark.parametrize(
    ("expiry", "shown"),
    [
        (None, "2026-03-02 19:30:00"),
        (1, "2026-03-02 17:31:00"),
        ("1440", "2026-03-03 17:30:00"),
        ("", "2026-03-02 19:30:00"),
    ],
)
def test_a_code_expires_after_its_minutes_and_says_when_in_india(expiry: object, shown: str) -> None:
    assert read(otp(Desk(), otp=CODE, expiry=expiry)) == created(expiry=shown)


def test_the_zone_of_the_expiry_is_a_setting() -> None:
    assert read(otp(settings(zone="UTC"), otp=CODE)) == created(expiry="2026-03-02 14:00:00")


def test_a_code_is_charged_to_transactional_sms() -> None:
    desk = Desk()
    otp(desk)

    assert balance(desk) == {"trans": 999_999, "promo": 1_000_000, "transscrub": 1_000_000}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"key": None}, 400),
        ({"message": ""}, 400),
        ({"otp": "abcd"}, 400),
        ({"otp": "123"}, 400),
        ({"otp": "12345678901"}, 400),
        ({"otp": "١٢٣٤"}, 400),
        ({"otp": True}, 400),
        ({"expiry": 0}, 400),
        ({"expiry": "1441"}, 400),
        ({"expiry": "1.5"}, 400),
        ({"expiry": "-1"}, 400),
        ({"digits": "3"}, 400),
        ({"digits": 11}, 400),
        ({"digits": "six"}, 400),
        ({"key": "a b"}, 401),
        ({"sender": "NOBODY", "to": "12"}, 412),
        ({"to": "12"}, 406),
        ({"to": "9800000000,9800000001"}, 406),
        ({"to": ["9800000000"]}, 406),
    ],
)
def test_a_code_is_not_made_for_a_request_that_is_wrong(changes: dict[str, object], code: int) -> None:
    desk = Desk()
    reply = otp(desk, **changes)

    assert (refusal(reply), why(reply) is not None, dict(desk.world.messages), desk.world.otps) == (
        refused(code),
        True,
        {},
        {},
    )


@pytest.mark.parametrize("path", [VERIFY, "/api/otp/verify"])
@pytest.mark.parametrize(("method", "part"), [("GET", "query"), ("POST", "form"), ("POST", "json"), ("POST", "query")])
def test_the_right_code_is_verified_and_works_once(path: str, method: str, part: str) -> None:
    desk = Desk()
    otp(desk, otp=CODE)
    values = {**KEY, "to": f"+{MOBILE}", "otp": f" {CODE} "}
    reply = desk.send(
        method,
        path,
        query=values if part == "query" else None,
        form=values if part == "form" else None,
        json_body=values if part == "json" else None,
    )

    assert (refusal(reply), refusal(verify(desk, CODE)), looked_up(desk)) == (RIGHT, USED, "VERIFIED")


def test_a_code_may_be_entered_as_a_number() -> None:
    desk = Desk()
    otp(desk, otp=CODE)

    assert refusal(verify(desk, int(CODE))) == RIGHT


def test_a_wrong_code_is_refused_and_leaves_the_right_one_valid() -> None:
    desk = Desk()
    otp(desk, otp=CODE)
    wrong = verify(desk, "654321")

    assert (refusal(wrong), why(wrong), refusal(verify(desk, CODE))) == (
        WRONG,
        "otp: '654321' is not the code that was sent last (inferred)",
        RIGHT,
    )


def test_five_wrong_tries_end_a_code() -> None:
    desk = Desk()
    otp(desk, otp=CODE)
    replies = [refusal(verify(desk, "0")) for _ in range(5)]

    assert (replies, refusal(verify(desk, CODE)), looked_up(desk)) == ([WRONG] * 5, EXHAUSTED, "EXPIRED")


def test_how_many_wrong_tries_end_a_code_is_a_setting() -> None:
    desk = settings(otp_tries=1)
    otp(desk, otp=CODE)

    assert [refusal(verify(desk, "0")), refusal(verify(desk, CODE))] == [WRONG, EXHAUSTED]


def test_a_wrong_try_counts_and_shows_http_200_where_the_setting_says_so() -> None:
    desk = settings(http_status=200)
    otp(desk, otp=CODE)

    assert (refusal(verify(desk, "0")), [each.wrong_tries for each in desk.world.otps.values()]) == (
        (200, WRONG[1]),
        [1],
    )


def test_a_code_is_right_until_the_instant_of_its_expiry() -> None:
    early, late = Desk(), Desk()
    for desk, seconds in ((early, 59.999), (late, 60)):
        otp(desk, otp=CODE, expiry=1)
        desk.advance(timedelta(seconds=seconds))

    assert [refusal(verify(early, CODE)), refusal(verify(late, CODE)), looked_up(late)] == [RIGHT, EXPIRED, "EXPIRED"]


def test_a_newer_code_takes_the_place_of_the_older() -> None:
    desk = Desk()
    otp(desk, otp="1111")
    otp(desk, otp="2222")

    assert [looked_up(desk), refusal(verify(desk, "1111")), refusal(verify(desk, "2222"))] == ["EXPIRED", WRONG, RIGHT]


def test_a_code_that_was_verified_stays_so_when_a_newer_one_is_made() -> None:
    desk = Desk()
    otp(desk, otp=CODE)
    verify(desk, CODE)
    otp(desk)

    assert looked_up(desk) == "VERIFIED"


def test_a_code_of_another_number_or_account_is_unknown() -> None:
    desk = Desk()
    otp(desk, otp=CODE)
    other = desk.send("POST", VERIFY, form={"key": "k2", "to": MOBILE, "otp": CODE})

    assert [refusal(verify(desk, CODE, to="9800000001")), refusal(other)] == [UNKNOWN, UNKNOWN]


@pytest.mark.parametrize(
    ("to", "code", "expected"),
    [
        ("9800000000", " ", refused(400)),
        ("", CODE, refused(400)),
        ("12", CODE, refused(406)),
        ("9800000000", [], refused(400)),
    ],
)
def test_a_check_that_is_incomplete_is_refused(to: object, code: object, expected: object) -> None:
    desk = Desk()
    otp(desk, otp=CODE)

    assert refusal(verify(desk, code, to=to)) == expected


@pytest.mark.parametrize("path", [CREATE, "/api/otp/create", OTP_STATUS, "/api/otp/status"])
@pytest.mark.parametrize("message_id", [f"{FIRST_ID}-1", FIRST_ID])
def test_the_result_is_as_creating_answered_with_the_present_statuses(path: str, message_id: str) -> None:
    desk = Desk()
    otp(desk, otp=CODE)
    desk.advance(timedelta(seconds=3))
    reply = desk.send("GET", path, query={**KEY, "id": message_id})

    assert read(reply) == {**created(), "sms": row(length=20, status="DELIVRD")}


@pytest.mark.parametrize("message_id", ["nothing", f"{FIRST_ID}-2", f"{FIRST_ID}-"])
def test_an_unknown_id_has_no_result(message_id: str) -> None:
    desk = Desk()
    post(desk)
    reply = desk.send("GET", CREATE, query={**KEY, "id": message_id})

    assert refusal(reply) == refused(406, "Invalid Reference ID")


def test_a_plain_sms_is_no_code_but_a_code_s_sms_is_an_sms() -> None:
    desk = Desk()
    post(desk)
    otp(desk, otp=CODE)
    ids = list(desk.world.numbers)

    assert (
        refusal(desk.send("GET", OTP_STATUS, query={**KEY, "id": ids[0]})),
        read(desk.send("GET", STATUS, query={**KEY, "id": ids[1]})),
    ) == (refused(406, "Invalid Reference ID"), accepted(row(id=ids[1], length=20)))


def test_a_message_that_is_no_longer_kept_does_not_keep_its_code_from_being_right() -> None:
    desk = Desk()
    otp(desk, otp=CODE)
    del desk.world.messages[1]

    assert [refusal(verify(desk, CODE)), looked_up(desk)] == [RIGHT, refused(406, "Invalid Reference ID")[1]]


def test_a_code_to_a_number_on_the_stop_list_is_made_all_the_same() -> None:
    desk = account(AccountRule("*", stop_list=frozenset({"9800000000"})))

    assert read(otp(desk, otp=CODE)) == created()


@given(
    st.dictionaries(
        st.sampled_from(["to", "otp", "expiry", "digits", "message", "template_id", "sender"]),
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    ),
)
def test_whatever_a_request_for_a_code_holds_is_answered_in_the_provider_s_words(changes: dict[str, object]) -> None:
    values = {**KEY, "to": "9800000000", "sender": "SMSBDY", "message": "{#otp#}", **changes}
    reply = Desk().send("POST", CREATE, json_body=values)

    assert reply_problems(reply, "POST", CREATE) == []
