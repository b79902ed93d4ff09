"""Scheduled sends."""

from datetime import UTC, datetime, timedelta
from urllib.parse import unquote

import pytest

from tests.builders import NOON, Desk, read
from tests.providers.smsbuddy.requests import accepted, post, post_json, refusal, refused, row, settings, why

MINUTE = timedelta(minutes=1)


def scheduled(desk: Desk) -> list[datetime | None]:
    return [message.scheduled_for for message in desk.world.messages.values()]


@pytest.mark.parametrize(
    ("time", "due"),
    [
        ("2026-03-02 05:31:00pm", NOON + MINUTE),
        ("2026-03-02 05:31:00 PM", NOON + MINUTE),
        ("2026-03-02 17:31:00", NOON + MINUTE),
        ("2026-03-03 12:00:00am", datetime(2026, 3, 2, 18, 30, tzinfo=UTC)),
        ("2026-03-03 12:00:00pm", datetime(2026, 3, 3, 6, 30, tzinfo=UTC)),
        ("2028-02-29 00:00:00", None),
        (" 2027-03-02 17:30:00 ", datetime(2027, 3, 2, 12, tzinfo=UTC)),
    ],
)
def test_a_time_is_read_in_india_with_am_or_pm_or_in_24_hours(time: str, due: datetime | None) -> None:
    desk = Desk()
    post(desk, schedule="1", time=time)

    assert scheduled(desk) == ([due] if due else [])


def test_what_is_scheduled_waits_and_then_lives_as_others_do() -> None:
    desk = Desk()
    reply = post(desk, schedule=1, time="2026-03-02 17:31:00", dlr_url="http://127.0.0.1/")
    desk.advance(2 * MINUTE)

    (message,) = desk.world.messages.values()
    assert (read(reply), [(step.status.value, step.word, step.at - NOON) for step in message.history]) == (
        accepted(row()),
        [
            ("scheduled", "AWAITING-DLR", timedelta(0)),
            ("queued", "AWAITING-DLR", MINUTE),
            ("sent", "AWAITING-DLR", MINUTE + timedelta(milliseconds=200)),
            ("delivered", "DELIVRD", MINUTE + timedelta(milliseconds=2200)),
        ],
    )


def test_the_root_of_a_json_send_schedules_every_node() -> None:
    desk = Desk()
    post_json(desk, {"to": "9800000000"}, {"to": "9800000001"}, schedule="1", time="2026-03-02 17:31:00")

    assert scheduled(desk) == [NOON + MINUTE] * 2


@pytest.mark.parametrize("schedule", ["0", "", None, 0])
def test_without_schedule_a_time_is_ignored(schedule: object) -> None:
    desk = Desk()
    post(desk, schedule=schedule, time="whenever")

    assert scheduled(desk) == [None]


@pytest.mark.parametrize(
    ("time", "explained"),
    [
        (None, "time: '' is not a valid time "),
        ("tomorrow", "time: 'tomorrow' is not a valid time "),
        ("2026-03-03", "time: '2026-03-03' is not a valid time "),
        ("2026-02-30 10:00:00", "time: '2026-02-30 10:00:00' is not a valid time "),
        ("2026-03-03 24:00:00", "time: '2026-03-03 24:00:00' is not a valid time "),
        ("2026-03-03 13:00:00pm", "time: '2026-03-03 13:00:00pm' is not a valid time "),
        ("2026-03-03 00:30:00am", "time: '2026-03-03 00:30:00am' is not a valid time "),
        ("2026-03-03 10:00:60", "time: '2026-03-03 10:00:60' is not a valid time "),
        ("٢٠٢٦-٠٣-٠٣ 10:00:00", "time: '٢٠٢٦-٠٣-٠٣ 10:00:00' is not a valid time "),
        ("2026-03-03T10:00:00", "time: '2026-03-03T10:00:00' is not a valid time "),
        ("2026-03-02 17:30:00", "time: '2026-03-02 17:30:00' is in the past; now is 2026-03-02T12:00:00.000Z "),
        ("0001-01-01 00:00:00", "time: '0001-01-01 00:00:00' is in the past; now is 2026-03-02T12:00:00.000Z "),
        ("2027-03-02 17:30:01", "time: '2027-03-02 17:30:01' is more than 365d ahead "),
        ("9999-12-31 23:59:59", "time: '9999-12-31 23:59:59' is more than 365d ahead "),
    ],
)
def test_a_time_that_is_missing_malformed_past_or_too_far_is_refused(time: object, explained: str) -> None:
    desk = Desk()
    reply = post(desk, schedule="1", time=time)

    assert (refusal(reply), unquote(why(reply) or "")[: len(explained)], dict(desk.world.messages)) == (
        refused(400),
        explained,
        {},
    )


@pytest.mark.parametrize("time", [20260303, ["2026-03-03 10:00:00"], True])
def test_a_time_that_is_no_text_is_refused(time: object) -> None:
    assert refusal(post(Desk(), schedule="1", time=time)) == refused(400)


def test_zone_and_limit_are_settings() -> None:
    desk = settings(zone="UTC", schedule_limit="1h")
    replies = [post(desk, schedule="1", time=time).status for time in ("2026-03-02 13:00:00", "2026-03-02 13:00:01")]

    assert (replies, scheduled(desk)) == ([200, 400], [NOON.replace(hour=13)])
