"""Delivery reports: which `dlr_url` is taken, and what goes there."""

from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.callbacks.egress import parse_url
from sandbox.core.callback import Outgoing, Target, TargetOrigin
from sandbox.core.lifecycle import plan_lifecycle
from sandbox.core.message import LifecycleStep, MessageStep, Status
from sandbox.formats.urls import is_url
from sandbox.providers.base import Report
from tests.builders import Desk, packs
from tests.conformance import callback_problems
from tests.providers.smsbuddy.requests import FIRST_ID, MOBILE, otp, post, post_json, refusal, refused, settings

URL = "http://127.0.0.1:9000/dlr"
MINUTE = timedelta(minutes=1)
QUERY = {
    "id": f"{FIRST_ID}-1",
    "mobile": MOBILE,
    "status": "DELIVRD",
    "units": "1",
    "custom": "",
    "refid": "",
    "deliv_time": "2026-03-02 17:30:02",
}


def written(desk: Desk) -> list[Outgoing]:
    """Return the reports that the messages of a desk come to, sent where they ask for."""
    provider = packs()["smsbuddy"].provider
    settings = desk.world.settings["smsbuddy"]
    desk.advance(MINUTE)
    messages = desk.world.messages
    return [
        provider.report(Report(messages[each.message], each.step, provider.target(messages[each.message]), settings))
        for each in desk.world.callbacks.values()
    ]


def query(outgoing: Outgoing) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(outgoing.url).query, keep_blank_values=True))


def test_a_url_without_placeholders_gets_everything_appended() -> None:
    desk = Desk()
    post(desk, dlr_url=URL, custom="order 7&8")

    assert written(desk) == [
        Outgoing(
            "GET",
            f"{URL}?id={FIRST_ID}-1&mobile={MOBILE}&status=DELIVRD&units=1&custom=order%207%268&refid="
            "&deliv_time=2026-03-02%2017%3A30%3A02",
            {},
        ),
    ]


def test_a_url_with_placeholders_gets_them_filled_in() -> None:
    desk = Desk()
    query = "m={mobile}&s={status}&u={units}&c={custom}&t={deliv_time}|{sent_time}|{submit_time}&x={x}"
    post(desk, dlr_url=f"{URL}/{{id}}?{query}", custom="ж/&")

    times = "2026-03-02%2017%3A30%3A02|2026-03-02%2017%3A30%3A00|2026-03-02%2017%3A30%3A00"
    assert [each.url for each in written(desk)] == [
        f"{URL}/{FIRST_ID}-1?m={MOBILE}&s=DELIVRD&u=1&c=%D0%B6%2F%26&t={times}&x={{x}}",
    ]


@pytest.mark.parametrize(
    ("url", "begin", "end"),
    [
        (f"{URL}?token=1", f"{URL}?token=1&id=", "%3A02"),
        (f"{URL}#top", f"{URL}?id=", "%3A02#top"),
        ("http://127.0.0.1", "http://127.0.0.1?id=", "%3A02"),
    ],
)
def test_what_a_url_has_already_stays(url: str, begin: str, end: str) -> None:
    desk = Desk()
    post(desk, dlr_url=url)
    (outgoing,) = written(desk)

    assert (outgoing.url.startswith(begin), outgoing.url.endswith(end)) == (True, True)


def test_a_json_send_reports_each_row_with_its_refid() -> None:
    desk = Desk()
    post_json(
        desk, {"to": "9800000000", "refid": "a"}, {"to": "9800000001", "custom": "own"}, dlr_url=URL, custom="all"
    )

    assert [query(each) for each in written(desk)] == [
        {**QUERY, "refid": "a", "custom": "all"},
        {**QUERY, "id": f"{FIRST_ID}-2", "mobile": "919800000001", "custom": "own"},
    ]


def test_a_report_is_a_get_that_fits_the_spec() -> None:
    desk = Desk()
    post(desk, dlr_url=URL, message="a" * 161, custom="c")
    (outgoing,) = written(desk)

    assert callback_problems(outgoing, "smsbuddy", "sms") == []


@pytest.mark.parametrize(
    ("word", "shown"),
    [
        ("delivered", "DELIVRD"),
        ("undelivered", "UNDELIV"),
        ("failed", "FAILED"),
        ("expired", "EXPIRED"),
        ("rejected", "REJECTED"),
        ("rejected/DNDNUMB", "DNDNUMB"),
        ("rejected/INV-NUMBER", "INV-NUMBER"),
        ("rejected/BLACKLST", "BLACKLST"),
        ("rejected/DLT-REJECTED", "DLT-REJECTED"),
        ("rejected/PROMO-TMOUT", "PROMO-TMOUT"),
    ],
)
def test_each_final_status_is_reported_once_under_its_own_word(word: str, shown: str) -> None:
    desk = Desk()
    post(desk, dlr_url=URL)
    (message,) = desk.world.messages.values()
    status, variant = message.channel.parse(word)
    life = (LifecycleStep(Status.SENT, MINUTE / 4), LifecycleStep(status, MINUTE / 4, variant))
    plan = plan_lifecycle(message.channel, life, begin=timedelta(0))
    desk.world.commit(message._replace(steps=(*message.steps[:1], *plan)))

    assert [query(each)["status"] for each in written(desk)] == [shown]


@pytest.mark.parametrize("word", ["scheduled", "queued", "sent", "AWAITING-DLR"])
def test_what_is_not_final_is_not_reported(word: str) -> None:
    channel = packs()["smsbuddy"].spec.channels["sms"]
    status, _ = channel.parse(word)

    assert (channel.words[status], status in channel.reports) == ("AWAITING-DLR", False)


def test_a_message_without_a_url_is_reported_to_the_account_s_target() -> None:
    desk = Desk()
    otp(desk)
    provider = packs()["smsbuddy"].provider
    desk.advance(MINUTE)
    (message,) = desk.world.messages.values()
    report = provider.report(Report(message, message.history[-1], Target(URL), desk.world.settings["smsbuddy"]))

    assert (provider.target(message), query(report)) == (None, QUERY)


def test_a_target_of_a_request_may_lead_to_fewer_places() -> None:
    desk = Desk()
    post(desk, dlr_url=URL)
    (message,) = desk.world.messages.values()

    assert packs()["smsbuddy"].provider.target(message) == Target(URL, origin=TargetOrigin.REQUEST)


def test_a_report_without_a_target_is_written_all_the_same() -> None:
    desk = Desk()
    post(desk)
    desk.advance(MINUTE)

    assert [(each.method, query(each)) for each in desk.callbacks()] == [("GET", QUERY)]


def test_the_zone_of_the_times_is_a_setting_and_an_unsent_row_has_no_time_of_sending() -> None:
    desk = settings(zone="UTC")
    post(desk, dlr_url=f"{URL}?{{deliv_time}}/{{sent_time}}")
    (message,) = desk.world.messages.values()
    desk.world.commit(message._replace(steps=(*message.steps[:1], MessageStep(Status.REJECTED, "DNDNUMB", MINUTE))))

    assert [each.url for each in written(desk)] == [f"{URL}?2026-03-02%2012%3A01%3A00/"]


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1",
        "HTTPS://example.com:8443/dlr?a=b",
        "http://[::1]:9000/",
        "http://host_name/{id}",
        "http://xn--mgbh0fb.xn--kgbechtv/",
        "http://h/" + "a" * 1991,
    ],
)
def test_an_http_url_is_taken(url: str) -> None:
    assert post(Desk(), dlr_url=url).status == 200


@pytest.mark.parametrize(
    "url",
    [
        "127.0.0.1:9000",
        "ftp://h/",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "http://",
        "http:///path",
        "http://user:pass@h/",
        "http://user@h/",
        "http://h\\@other/",
        "http://h/a b",
        "http://h/\u0001",
        "http://h/\nX: y",
        "http://h/ж",
        "http://ж/",
        "http://{id}/",
        "http://a..b/",
        "http://xn--/",
        "http://xn--a/",
        "http://" + "a" * 64 + "/",
        "http://[::zz]/",
        "http://[1.2.3.4]/",
        "http://h:0/",
        "http://h:65536/",
        "http://h:99999999999999999999/",
        "http://h:٨٠/",
        "http://h/" + "a" * 1992,
        5,
        True,
        ["http://h/"],
    ],
)
def test_what_is_no_http_url_is_refused(url: object) -> None:
    assert refusal(post(Desk(), dlr_url=url)) == refused(400)


@given(st.from_regex(r"https?://[\[\]A-Za-z0-9._:@{}-]{1,30}(/[!-~]{0,10})?", fullmatch=True))
def test_every_url_that_is_taken_can_be_called(url: str) -> None:
    assert not is_url(url) or parse_url(url).host
