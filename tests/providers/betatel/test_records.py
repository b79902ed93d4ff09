"""Betatel's delivery records and the messages of Connect Hub, read back."""

import json
from collections.abc import Mapping
from datetime import timedelta

import pytest

from tests.builders import Desk, read
from tests.conformance import reply_problems
from tests.providers.betatel.asking import CODE, CONNECT, KEYS, OTP, SENT, SMS, SOON, WDR, WHATSAPP, field, get, post


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
