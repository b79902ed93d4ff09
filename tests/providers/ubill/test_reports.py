"""smsIDs, reports and callbacks."""

from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest

from sandbox.callbacks.compose import write
from sandbox.core.callback import Target
from sandbox.core.change import TargetSet
from sandbox.core.scenario import Scenario
from tests.builders import Desk, make_world, packs, read
from tests.providers.ubill.requests import FIRST_ID, ONE, STOPPED, TWO, post, report, rows

MINUTE = timedelta(minutes=1)


def test_the_sms_ids_of_a_workspace_differ_and_keep_their_rows_apart() -> None:
    desk = Desk()
    post(desk, numbers=[ONE, TWO])
    second = read(post(desk, numbers=[TWO, ONE, TWO]))
    third = read(post(desk, numbers=[ONE]))

    ids = [str(each["smsID"]) for each in (second, third) if isinstance(each, dict)]
    assert (ids, report(desk, ids[0])) == (["53411483", "53411486"], rows((TWO, "3"), (ONE, "3"), (TWO, "3")))


def test_the_seed_decides_the_sms_id() -> None:
    assert read(post(Desk(make_world(seed=8)))) == {"statusID": 0, "smsID": "29568550", "message": "Success"}


def test_a_report_shows_the_numbers_that_are_still_kept() -> None:
    desk = Desk()
    post(desk, numbers=[ONE, TWO, ONE])
    del desk.world.messages[2]

    assert report(desk) == rows((ONE, "3"), (ONE, "3"))


@pytest.mark.parametrize("sms_id", ["1", "99999999", "abc", "٣", f"{FIRST_ID}-1", f"0{FIRST_ID}", "9" * 4000])
def test_a_report_on_what_was_never_sent_is_refused(sms_id: str) -> None:
    desk = Desk()
    post(desk)

    assert report(desk, sms_id) == {"statusID": 99, "message": "SMS not found"}


def test_a_report_on_what_another_account_sent_is_refused() -> None:
    desk = Desk()
    post(desk)

    assert report(desk, key="k2") == {"statusID": 99, "message": "SMS not found"}


def test_a_callback_is_a_get_for_each_status_but_pending() -> None:
    desk = Desk(make_world(STOPPED))
    post(desk, numbers=[ONE, TWO])
    desk.advance(MINUTE)

    same = {"event": "sms.delivery.updated", "key": "sandbox-callback-key", "smsID": FIRST_ID}
    assert [(each.method, each.body, dict(parse_qsl(urlsplit(each.url).query))) for each in desk.callbacks()] == [
        ("GET", "", {**same, "number": ONE, "statusID": "4", "date": "2026-03-02 16:00:00"}),
        ("GET", "", {**same, "number": TWO, "statusID": "0", "date": "2026-03-02 16:00:00"}),
        ("GET", "", {**same, "number": TWO, "statusID": "1", "date": "2026-03-02 16:00:02"}),
    ]


@pytest.mark.parametrize(
    ("url", "begin"),
    [
        ("http://app.test/dlr", "http://app.test/dlr?event="),
        ("http://app.test/dlr?site=a%20b", "http://app.test/dlr?site=a%20b&event="),
        ("http://app.test/dlr#top", "http://app.test/dlr?event="),
    ],
)
def test_a_callback_keeps_the_targets_query_and_carries_its_key_cut_to_30_characters(url: str, begin: str) -> None:
    desk = Desk()
    post(desk)
    desk.advance(MINUTE)
    desk.world.commit(TargetSet("ubill", Target(url, "0123456789" * 4)))

    assert write(desk.world, packs(), desk.world.callbacks[2]).url == (
        f"{begin}sms.delivery.updated&key=012345678901234567890123456789&smsID={FIRST_ID}&number={TWO}&statusID=1"
        "&date=2026-03-02+16%3A00%3A02"
    )


def test_the_settings_name_the_callback_key_and_the_zone_of_its_date() -> None:
    settings = {"ubill": {"callback_key": "own", "zone": "America/New_York"}}
    desk = Desk(make_world(Scenario("own", settings=settings)))
    post(desk)
    desk.advance(MINUTE)

    news = dict(parse_qsl(urlsplit(desk.callbacks()[0].url).query))
    assert (news["key"], news["date"]) == ("own", "2026-03-02 07:00:00")
