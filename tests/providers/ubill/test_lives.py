"""How messages live: scheduled, urgent, stopped."""

from datetime import UTC, datetime, timedelta

import pytest

from sandbox.core.scenario import Scenario
from tests.builders import NOON, Desk, make_world, read
from tests.providers.ubill.requests import ACCEPTED, ONE, STOPPED, TWO, post, report, rows

MINUTE = timedelta(minutes=1)


def test_the_setting_zone_moves_the_send_time() -> None:
    desk = Desk(make_world(Scenario("utc", settings={"ubill": {"zone": "UTC"}})))
    post(desk, sendTime="2026-03-02 12:01")

    assert [message.scheduled_for for message in desk.world.messages.values()] == [NOON + MINUTE]


def test_a_scheduled_text_is_pending_until_its_time_and_then_lives_as_others_do() -> None:
    desk = Desk()
    post(desk, sendTime="2026-03-02 16:01")
    before = report(desk)
    desk.advance(MINUTE)
    at_its_time = report(desk)
    desk.advance(MINUTE)

    (message,) = desk.world.messages.values()
    assert (before, at_its_time, report(desk), [(step.status.value, step.at) for step in message.history]) == (
        rows((TWO, "3")),
        rows((TWO, "3")),
        rows((TWO, "1")),
        [
            ("scheduled", NOON),
            ("queued", NOON + MINUTE),
            ("sent", datetime(2026, 3, 2, 12, 1, 0, 200_000, UTC)),
            ("delivered", datetime(2026, 3, 2, 12, 1, 2, 200_000, UTC)),
        ],
    )


@pytest.mark.parametrize("otp", [True, "true", 1, "1"])
def test_a_one_time_code_is_sent_without_delay_and_goes_first(otp: object) -> None:
    desk = Desk()
    post(desk, otp=otp)

    (message,) = desk.world.messages.values()
    assert (message.rank, [step.at - NOON for step in message.plan]) == (-1, [timedelta(0), timedelta(seconds=2)])


@pytest.mark.parametrize("otp", [False, "false", 0, "0", None])
def test_without_otp_a_text_takes_its_usual_time(otp: object) -> None:
    desk = Desk()
    post(desk, otp=otp)

    (message,) = desk.world.messages.values()
    assert (message.rank, message.plan[0].at - NOON) == (0, timedelta(milliseconds=200))


@pytest.mark.parametrize(
    ("stop_list", "status"),
    [(None, "4"), (True, "4"), ("true", "4"), (1, "4"), (False, "1"), ("false", "1"), (0, "1"), ("0", "1")],
)
def test_a_number_on_the_stop_list_ends_in_an_error_unless_the_check_is_off(stop_list: object, status: str) -> None:
    desk = Desk(make_world(STOPPED))
    reply = post(desk, numbers=[ONE, TWO], stopList=stop_list)
    desk.advance(MINUTE)

    assert (read(reply), report(desk)) == (ACCEPTED, rows((ONE, status), (TWO, "1")))
