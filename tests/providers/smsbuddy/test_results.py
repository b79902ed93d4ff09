"""Results: the send reply with the present statuses."""

from datetime import timedelta

import pytest

from sandbox.core.scenario import AccountRule
from tests.builders import Desk, read
from tests.providers.smsbuddy.requests import (
    FIRST_ID,
    KEY,
    SEND,
    STATUS,
    accepted,
    account,
    post,
    post_json,
    refusal,
    refused,
    row,
    sms,
    why,
)

PATHS = (SEND, "/api/sms/send", STATUS, "/api/sms/status")


@pytest.mark.parametrize("path", PATHS)
def test_a_row_s_id_answers_its_present_status(path: str) -> None:
    desk = Desk()
    post(desk, to="9800000000,9800000001")
    desk.advance(timedelta(seconds=3))
    reply = desk.send("GET", path, query={**KEY, "id": f" {FIRST_ID}-2 "})

    assert read(reply) == accepted(row(id=f"{FIRST_ID}-2", mobile="919800000001", status="DELIVRD"))


@pytest.mark.parametrize("path", PATHS)
def test_the_part_before_the_hyphen_answers_every_row(path: str) -> None:
    desk = account(AccountRule("*", stop_list=frozenset({"9800000001"})))
    post(desk, to="9800000000,9800000001")
    post(desk)
    desk.advance(timedelta(seconds=1))
    reply = desk.send("GET", path, query={**KEY, "id": FIRST_ID})

    assert read(reply) == accepted(row(), row(id=f"{FIRST_ID}-2", mobile="919800000001", status="DNDNUMB"))


def test_the_rows_of_a_json_send_keep_their_refid() -> None:
    desk = Desk()
    post_json(desk, {"to": "9800000000", "refid": "7"}, {"to": "9800000001"})
    reply = desk.send("GET", STATUS, query={**KEY, "id": FIRST_ID})

    assert read(reply) == accepted(
        row(length=19, refid=7),
        row(id=f"{FIRST_ID}-2", mobile="919800000001", length=19, refid=""),
    )


@pytest.mark.parametrize(
    "message_id", ["nothing", f"{FIRST_ID}-2", f"{FIRST_ID}-", FIRST_ID[:-1], "-", f"{FIRST_ID}-٢"]
)
def test_an_unknown_id_is_refused(message_id: str) -> None:
    desk = Desk()
    post(desk)
    reply = desk.send("GET", STATUS, query={**KEY, "id": message_id})

    assert (refusal(reply), why(reply) is not None) == (refused(406, "Invalid Reference ID"), True)


@pytest.mark.parametrize("message_id", [FIRST_ID, f"{FIRST_ID}-1"])
def test_the_id_of_another_account_is_unknown(message_id: str) -> None:
    desk = Desk()
    post(desk)
    reply = desk.send("GET", STATUS, query={"key": "k2", "id": message_id})

    assert refusal(reply) == refused(406, "Invalid Reference ID")


@pytest.mark.parametrize(
    ("path", "query", "expected"),
    [
        (STATUS, KEY, refused(400)),
        (STATUS, {**KEY, "id": " "}, refused(400)),
        (STATUS, {"id": FIRST_ID}, refused(400)),
        (STATUS, {"key": "a b", "id": FIRST_ID}, refused(401)),
        (SEND, {**KEY, "id": ""}, refused(400)),
        (SEND, {"id": FIRST_ID}, refused(400)),
        (SEND, {**KEY, "id": FIRST_ID, "to": "9800000000"}, refused(400)),
    ],
)
def test_a_question_that_is_incomplete_is_refused(path: str, query: dict[str, object], expected: object) -> None:
    desk = Desk()
    post(desk)

    assert refusal(desk.send("GET", path, query=query)) == expected


def test_a_send_that_carries_an_id_is_a_send() -> None:
    desk = Desk()
    desk.send("GET", SEND, query=sms(id="surplus"))

    assert len(desk.world.messages) == 1


def test_a_post_does_not_ask_for_a_result() -> None:
    desk = Desk()
    post(desk)

    assert refusal(desk.send("POST", SEND, form={**KEY, "id": FIRST_ID})) == refused(400)
