"""Sender ids: asked for, approved, sent with."""

from datetime import timedelta

import pytest

from tests.builders import Desk, read
from tests.providers.smsbuddy.requests import KEY, SENDER, post, refusal, refused, settings, why

REQUESTED = {"status": "200", "message": "Sender ID requested Successfully."}


def ask(desk: Desk, name: object) -> tuple[int, object]:
    return refusal(desk.send("POST", SENDER, json_body={**KEY, "senderid": name}))


@pytest.mark.parametrize("path", [SENDER, "/api/senderid/create"])
@pytest.mark.parametrize(("method", "part"), [("GET", "query"), ("POST", "form"), ("POST", "json"), ("POST", "query")])
def test_a_sender_id_can_be_used_once_it_is_approved(path: str, method: str, part: str) -> None:
    values = {**KEY, "senderid": " ABCDEF ", "description": "mine", "pe_id": "1", "header_id": 2}
    desk = Desk()
    reply = desk.send(
        method,
        path,
        query=values if part == "query" else None,
        form=values if part == "form" else None,
        json_body=values if part == "json" else None,
    )
    before = post(desk, sender="ABCDEF")
    desk.advance(timedelta(seconds=2))

    explained = (
        "sender: 'ABCDEF' is not approved until 2026-03-02T12:00:02.000Z (settings.smsbuddy.approval_delay) "
        "(documented: an approved one, here SMSBDY, XXXXXX)"
    )
    assert (read(reply), refusal(before), why(before), post(desk, sender="ABCDEF").status) == (
        REQUESTED,
        refused(412),
        explained,
        200,
    )


def test_the_delay_of_the_approval_is_a_setting() -> None:
    desk = settings(approval_delay="0s")
    ask(desk, "ABCDEF")

    assert post(desk, sender="ABCDEF").status == 200


@pytest.mark.parametrize("name", ["abcdef", "AbCdEf", "654321", 654321])
def test_six_letters_or_six_digits_are_taken(name: object) -> None:
    assert ask(Desk(), name) == (200, REQUESTED)


@pytest.mark.parametrize(
    "name",
    [
        "ABCDE",
        "ABCDEFG",
        "ABC123",
        "ABC DE",
        "ABCDE\u0131",
        "ЖЖЖЖЖЖ",
        "٦٥٤٣٢١",
        "ABCDE\0",
        12345,
        -12345,
        1.5,
        True,
        ["ABCDEF"],
        {},
    ],
)
def test_whatever_else_is_no_sender_id(name: object) -> None:
    desk = Desk()

    assert (ask(desk, name), desk.world.accounts) == (refused(412), {})


@pytest.mark.parametrize("name", [None, "", " \n"])
def test_a_missing_sender_id_is_refused(name: str | None) -> None:
    values = KEY if name is None else {**KEY, "senderid": name}

    assert refusal(Desk().send("POST", SENDER, form=values)) == refused(400)


def test_a_sender_id_that_the_account_has_may_be_asked_for_again_and_stays_as_it_is() -> None:
    desk = Desk()
    asked = [ask(desk, "SMSBDY"), ask(desk, "ABCDEF"), ask(desk, "ABCDEF")]

    assert (asked, [sender.id for sender in desk.world.accounts["smsbuddy", KEY["key"]].senders]) == (
        [(200, REQUESTED)] * 3,
        ["SMSBDY", "XXXXXX", "ABCDEF"],
    )


def test_the_sender_ids_of_one_account_are_not_those_of_another() -> None:
    desk = settings(approval_delay="0s")
    ask(desk, "ABCDEF")

    assert refusal(post(desk, key="k2", sender="ABCDEF")) == refused(412)
