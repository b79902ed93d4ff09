"""Shapes have no value of an account, and show what a provider does otherwise than before."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from sandbox.drift.run import find_change
from sandbox.drift.shape import read_shape
from tests.builders import packs
from tests.drift.sessions import Ask, changed_packs, drift, generated, record

KEY, TEXT, CODE = "a-key-of-ours-123", "Zagreb greets you, Ivana", "739154"
KEYS = {"content-type": "application/json", "x-api-key": KEY, "x-account-id": "acc-4711"}
OTP = Ask("POST", "/api/v1/connect-hub/whatsapp/otp", KEYS, json.dumps({"to": "38761930305", "text": CODE}))
SMS = Ask("POST", "/api/smpp/client/send", KEYS, json.dumps({"from": "IVANA", "to": "38761930306", "text": TEXT}))
SEARCH = Ask("POST", "/api/v1/connect-hub/whatsapp/wdr", KEYS, "{}")
WAIT = timedelta(seconds=10)


def changes(now: Path, before: Path) -> list[str]:
    """Return the names of what is otherwise than before."""
    return [each.name for each in find_change(now, before, packs()).differences]


def shape_of(session: Path) -> Path:
    """Write the shape of a session beside it."""
    path = session.with_suffix(".yaml")
    path.write_text(drift(session).shape.to_yaml(), encoding="utf-8")
    return path


def test_a_shape_has_no_value_of_the_account_even_if_the_recording_has_them(tmp_path: Path) -> None:
    session = record(tmp_path / "session.jsonl", [OTP, SMS, SEARCH], keep_content=True)
    assert TEXT in session.read_text(encoding="utf-8")

    text = shape_of(session).read_text(encoding="utf-8")
    values = (KEY, TEXT, "Ivana", "IVANA", CODE, "38761930305", "61930305", "acc-4711", "2026")
    assert [each for each in values if each in text] == []


def test_a_shape_says_what_is_always_there_what_it_looks_like_and_which_words_are_fixed(tmp_path: Path) -> None:
    shape = read_shape(shape_of(record(tmp_path / "session.jsonl", [OTP, SEARCH], wait=WAIT)))

    assert shape["operations"]["betatel.whatsapp.wdr.search"]["200"]["members"]["/list/*/status"] == {
        "types": ["string"],
        "words": ["DELIVERED"],
    }
    assert shape["channels"]["betatel whatsapp"] == {
        "callbacks": {
            status: {
                "methods": ["POST"],
                "content_types": ["application/json"],
                "seen": 1,
                "after": {"p50": "10s", "p95": "10s"},
                "members": {
                    "/": {"types": ["object"]},
                    "/body": {"types": ["object"]},
                    "/body/uuid": {"types": ["string"], "formats": ["ulid"]},
                    "/body/status": {"types": ["string"], "words": [status.upper()]},
                    "/body/to": {"types": ["string"], "formats": ["number with +"]},
                    "/body/timestamp": {"types": ["string"], "formats": ["time YYYY-MM-DDThh:mm:ssZ"]},
                },
            }
            for status in ("delivered", "sent")
        },
        "sequences": [["sent", "delivered"]],
    }


def test_a_provider_that_has_not_changed_shows_no_difference(tmp_path: Path) -> None:
    before = record(tmp_path / "before.jsonl", generated("betatel"))
    now = record(tmp_path / "now.jsonl", generated("betatel"), seed=123)

    assert (changes(now, before), changes(now, shape_of(before))) == ([], [])


@pytest.mark.parametrize(
    ("change", "of_session", "of_shape"),
    [
        (
            ('reply: {body: {uuid: "{{ message.id }}"}}', 'reply: {body: {uuid: "{{ message.id }}", cost: 0.05}}'),
            ["betatel.sms.send 200: extra /cost"],
            ["betatel.sms.send 200: extra /cost"],
        ),
        (
            ("id: uuid\n          price: &", "id: ulid\n          price: &"),
            ["betatel.sms.send 200: format /uuid", "betatel sms callback delivered: format /body/uuid"],
            ["betatel.sms.send 200: format /uuid", "betatel sms callback delivered: format /body/uuid"],
        ),
        (
            ("sent: {says: sent, reported: true", "sent: {says: sent"),
            ["betatel sms callbacks: missing sent", "betatel sms callbacks: sequence delivered"],
            ["betatel sms callbacks: sequence delivered"],
        ),
    ],
    ids=["a member more", "another id", "a callback less"],
)
def test_what_a_provider_does_otherwise_than_before_is_named(
    tmp_path: Path, change: tuple[str, str], of_session: list[str], of_shape: list[str]
) -> None:
    before = record(tmp_path / "before.jsonl", [SMS, OTP])
    now = record(tmp_path / "now.jsonl", [SMS, OTP], known=changed_packs("betatel", (change,), tmp_path / "specs"))

    assert {*of_session} <= {*changes(now, before)}
    assert {*of_shape} <= {*changes(now, shape_of(before))}
    assert {name.partition(":")[0].partition(" callback")[0] for name in changes(now, before)} <= {
        "betatel.sms.send 200",
        "betatel sms",
    }


def test_what_the_sandbox_has_wrong_is_no_change_of_the_provider(tmp_path: Path) -> None:
    known = changed_packs("betatel", (("{says: delivered, reported", "{says: done, reported"),), tmp_path / "specs")
    before = record(tmp_path / "before.jsonl", [SMS], known=known)
    now = record(tmp_path / "now.jsonl", [SMS], known=known)

    assert (changes(now, before), len(drift(now).differences)) == ([], 1)


def test_what_is_as_the_document_says_again_is_named(tmp_path: Path) -> None:
    known = changed_packs("betatel", (("{says: delivered, reported", "{says: done, reported"),), tmp_path / "specs")
    before = record(tmp_path / "before.jsonl", [SMS], known=known)
    now = record(tmp_path / "now.jsonl", [SMS])
    found = find_change(now, before, packs()).differences

    assert [(each.name, each.text.rpartition("; ")[2]) for each in found] == [
        ("betatel sms callback delivered: value /body/status", "no more")
    ]


def test_what_was_not_asked_this_time_is_not_gone(tmp_path: Path) -> None:
    known = changed_packs("betatel", (("{says: delivered, reported", "{says: done, reported"),), tmp_path / "specs")
    before = record(tmp_path / "before.jsonl", [SMS, OTP], known=known)
    now = record(tmp_path / "now.jsonl", [OTP])

    assert changes(now, before) == []


def test_callbacks_that_take_longer_than_before_are_named(tmp_path: Path) -> None:
    slow = changed_packs(
        "betatel", (("life: [sent: 200ms, delivered: 2s]", "life: [sent: 5s, delivered: 2s]"),), tmp_path / "specs"
    )
    before = record(tmp_path / "before.jsonl", [SMS] * 6, wait=timedelta(seconds=1), turns=10)
    now = record(tmp_path / "now.jsonl", [SMS] * 6, known=slow, wait=timedelta(seconds=1), turns=10)

    assert changes(now, shape_of(before)) == [
        "betatel sms callback delivered: time",
        "betatel sms callback sent: time",
    ]


def test_another_outcome_of_the_same_request_is_named(tmp_path: Path) -> None:
    before = record(tmp_path / "before.jsonl", [SMS])
    now = record(tmp_path / "now.jsonl", [SMS.refused_with("insufficient-funds")])
    lines = now.read_text(encoding="utf-8").splitlines()
    again = json.loads(lines[1])
    again["exchange"]["replays"] = 1
    replay = tmp_path / "replay.jsonl"
    replay.write_text("\n".join([lines[0], json.dumps(again)]) + "\n", encoding="utf-8")
    found = find_change(replay, before, packs()).differences

    assert [each.text for each in found] == [
        "betatel.sms.send: 402 insufficient-funds here, 200 before to the same request"
    ]
