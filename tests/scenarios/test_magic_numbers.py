"""The magic numbers of the default scenario: 0000NN at the end of a recipient chooses its outcome."""

from datetime import timedelta
from pathlib import Path

import pytest

from sandbox.core.callback import CallbackState
from sandbox.core.effects import Fault
from sandbox.core.message import Message
from sandbox.pipeline import Response
from sandbox.scenarios.magic_numbers import magic_numbers
from tests.builders import NOON, Desk, packs, read
from tests.scenarios.builders import betatel, later, messages, named, reports, smsbuddy, ubill, whatsapp


def sent_everywhere(number: str) -> tuple[Desk, list[Response]]:
    """Send to a magic number through each provider."""
    at = named("default")
    replies = [
        betatel(at, f"387610000{number}"),
        whatsapp(at, f"387610000{number}"),
        ubill(at, f"9955110000{number}"),
        smsbuddy(at, f"9198760000{number}", dlr_url=""),
    ]
    return at, replies


def lived(message: Message) -> list[tuple[str, float]]:
    """Return a message's steps after the first: the provider's word, and seconds since noon."""
    return [(step.word, (step.at - NOON).total_seconds()) for step in message.history[1:]]


@pytest.mark.parametrize(
    ("number", "ends"),
    [
        ("00", ["delivered", "DELIVERED", "1", "DELIVRD"]),
        ("01", ["undelivered", "FAILED", "2", "UNDELIV"]),
        ("02", ["failed", "FAILED", "2", "FAILED"]),
        ("03", ["sent", "SENT", "0", "AWAITING-DLR"]),
        ("04", ["delivered", "DELIVERED", "1", "DELIVRD"]),
        ("07", ["undelivered", "EXPIRED", "2", "EXPIRED"]),
        ("08", ["delivered", "READ", "1", "DELIVRD"]),
        ("10", ["delivered", "DELIVERED", "1", "DELIVRD"]),
        ("20", ["failed", "FAILED", "4", "DNDNUMB"]),
        ("21", ["failed", "FAILED", "4", "DNDNUMB"]),
    ],
)
def test_a_life_ends_in_each_providers_word(number: str, ends: list[str]) -> None:
    at, _ = sent_everywhere(number)

    later(at, minutes=6)

    assert [message.provider_status for message in messages(at)] == ends


@pytest.mark.parametrize(
    "number", ["00", "01", "02", "03", "05", "06", "07", "08", "09", "10", "20", "21", "61", "62", "63"]
)
def test_every_life_but_04_ends_within_four_seconds(number: str) -> None:
    at, _ = sent_everywhere(number)

    later(at, seconds=4)

    assert [message.plan for message in messages(at)] == [()] * 4


def test_04_is_delivered_after_five_minutes() -> None:
    at, _ = sent_everywhere("04")

    later(at, minutes=6)

    assert lived(messages(at)[0]) == [("sent", 0.2), ("delivered", 300.2)]


def test_00_is_delivered_at_once() -> None:
    at, _ = sent_everywhere("00")

    later(at)

    assert [lived(message)[-1][1] for message in messages(at)] == [0.0] * 4


def test_02_fails_without_having_been_sent() -> None:
    at, _ = sent_everywhere("02")

    later(at, minutes=1)

    assert [len(message.history) for message in messages(at)] == [2] * 4


def test_03_reports_sent_and_nothing_after() -> None:
    at, _ = sent_everywhere("03")

    later(at, days=1)

    assert [word for word, _, _ in reports(at)] == ["sent", "SENT", "0"]


def test_05_sends_every_callback_twice() -> None:
    at, _ = sent_everywhere("05")

    later(at, minutes=1)

    words = [word for word, _, _ in reports(at)]
    assert sorted(words) == sorted(["sent", "delivered", "SENT", "DELIVERED", "0", "1", "DELIVRD"] * 2)


def test_06_keeps_callbacks_back_and_sends_them_in_reverse() -> None:
    at = named("default")

    betatel(at, "38761000006")
    later(at, seconds=1)
    before = [state for _, state, _ in reports(at)]
    later(at, seconds=3)

    assert (before, [(word, state) for word, state, _ in reports(at)]) == (
        [CallbackState.PENDING],
        [("sent", CallbackState.COLLECTED), ("delivered", CallbackState.COLLECTED)],
    )


def test_09_drops_the_first_attempt_and_the_retry_arrives() -> None:
    at, _ = sent_everywhere("09")

    later(at, hours=1)

    assert {(state, attempts) for _, state, attempts in reports(at)} == {(CallbackState.COLLECTED, 1)}


@pytest.mark.parametrize(
    ("number", "statuses", "codes"),
    [
        ("29", [429, 429, 200, 429], (99, "429")),
        ("40", [400, 400, 200, 406], (50, "406")),
        ("42", [402, 402, 200, 409], (40, "409")),
        ("50", [500, 500, 500, 500], (None, "500")),
    ],
)
def test_a_refusal_has_each_providers_code(number: str, statuses: list[int], codes: tuple[int | None, str]) -> None:
    at, replies = sent_everywhere(number)

    bodies = [read(reply) if reply.body.startswith(b"{") else {} for reply in replies[2:]]
    found = [
        body.get(name) for body, name in zip(bodies, ("statusID", "status"), strict=True) if isinstance(body, dict)
    ]
    assert ([reply.status for reply in replies], tuple(found), messages(at)) == (statuses, codes, [])


def test_51_fails_twice_for_each_number_and_then_is_fine() -> None:
    at = named("default")

    first = [betatel(at, "38761000051").status for _ in range(3)]

    assert (first, [betatel(at, "38762000051").status for _ in range(3)]) == ([500, 500, 200], [500, 500, 200])


def test_60_resets_the_connection() -> None:
    at, replies = sent_everywhere("60")

    assert ([reply.fault for reply in replies], messages(at)) == ([Fault.CONNECTION_RESET] * 4, [])


def test_61_replies_after_thirty_seconds() -> None:
    at, replies = sent_everywhere("61")

    assert ([reply.delay for reply in replies], len(messages(at))) == ([timedelta(seconds=30)] * 4, 4)


def test_62_accepts_and_reports_and_loses_the_reply() -> None:
    at, replies = sent_everywhere("62")

    later(at, seconds=4)

    assert ([reply.fault for reply in replies], [message.provider_status for message in messages(at)]) == (
        [Fault.CONNECTION_RESET] * 4,
        ["delivered", "DELIVERED", "1", "DELIVRD"],
    )


def test_63_delivers_at_once_and_has_the_reply_wait_for_the_callbacks() -> None:
    at, replies = sent_everywhere("63")

    later(at)

    assert ([len(reply.awaits) for reply in replies], [lived(message)[-1][1] for message in messages(at)]) == (
        [1] * 4,
        [0.0] * 4,
    )


def test_an_operation_that_sends_nothing_knows_no_magic() -> None:
    at = named("default")

    reply = at.send("POST", "/api/v1/otp/verify", json_body={"key": "k1", "to": "919876000050", "otp": "123456"})

    assert reply.status == 406


def test_the_table_has_a_row_for_each_number() -> None:
    rows = magic_numbers(packs()).splitlines()

    numbers = [row.split("|")[1].strip() for row in rows[2:]]
    assert (rows[0], " ".join(numbers), rows[3]) == (
        "| NN | outcome | betatel sms | betatel connect-sms | betatel whatsapp | smsbuddy sms | ubill sms |",
        "00 01 02 03 04 05 06 07 08 09 10 20 21 29 40 42 50 51 60 61 62 63",
        "| 01 | undelivered | `undelivered` | `Undelivered` | `FAILED` | `UNDELIV` | `2` |",
    )


def test_the_readme_shows_the_table_as_the_file_makes_it() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")

    assert magic_numbers(packs()) in readme
