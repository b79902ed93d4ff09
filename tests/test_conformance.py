"""Every callback that a pack can write fits its schema, and what does not fit is found."""

from datetime import timedelta

import pytest

from sandbox.core.callback import Outgoing, Target
from sandbox.core.message import Channel, Message, Status, Step
from sandbox.pipeline import Response
from sandbox.providers.base import Report
from tests.builders import NOON, Desk, packs
from tests.conformance import callback_problems, reply_problems

SENDS = {
    "betatel.sms": ("POST", "/api/smpp/client/send", {"from": "A", "to": "38761930305", "text": "x"}),
    "betatel.connect-sms": ("POST", "/api/v1/connect-hub/sms", {"from": "A", "to": "+38761930305", "text": "x"}),
    "betatel.whatsapp": ("POST", "/api/v1/connect-hub/whatsapp/otp", {"to": "38761930305", "text": "x"}),
    "ubill.sms": ("POST", "/v1/sms/send", {"brandID": 1, "numbers": "995511194242", "text": "x"}),
    "smsbuddy.sms": (
        "POST",
        "/api/v1/sms/send",
        {"key": "k1", "type": "1", "sender": "SMSBDY", "to": "9812345678", "message": "x", "custom": "c & d"},
    ),
}
KEYS = {"x-api-key": "k1", "x-account-id": "a1", "x-user-id": "u1", "key": "k1"}
TARGETS = [None, Target("http://app.test/dlr?mine=1", "secret")]
CHANNELS = [(provider, channel) for provider, pack in packs().items() for channel in pack.spec.channels.values()]
REPORTED = [
    pytest.param(provider, channel, status, word, id=f"{provider}.{channel.name}-{status}-{word}")
    for provider, channel in CHANNELS
    for status in sorted(channel.reports)
    for word in sorted({channel.words[status], *channel.variants[status]})
]


def sent(provider: str, channel: Channel) -> Message:
    """Return an accepted message of a channel."""
    desk = Desk()
    method, path, body = SENDS[f"{provider}.{channel.name}"]
    desk.send(method, path, headers=KEYS, json_body=body)
    return desk.world.messages[1]


def test_every_channel_has_a_request_that_sends_on_it() -> None:
    assert sorted(SENDS) == sorted(f"{provider}.{channel.name}" for provider, channel in CHANNELS)


@pytest.mark.parametrize(("provider", "channel", "status", "word"), REPORTED)
@pytest.mark.parametrize("target", TARGETS, ids=["collected", "sent"])
def test_the_callback_of_every_status_fits_its_schema(
    provider: str,
    channel: Channel,
    status: Status,
    word: str,
    target: Target | None,
) -> None:
    pack = packs()[provider]
    step = Step(status, word, NOON + timedelta(seconds=1))
    report = Report(sent(provider, channel), step, target, pack.spec.defaults)

    assert (
        callback_problems(pack.provider.report(report), provider, channel.name, url=target.url if target else "") == []
    )


GOOD = (
    '{"uuid":"ba516583-7a76-46cd-9e32-5d90c40cad3f","status":"sent","to":"+38761930305",'
    '"timestamp":"2026-03-02T12:00:00Z"}'
)
JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("outgoing", "problems"),
    [
        (Outgoing("POST", "http://a/", JSON, GOOD), []),
        (Outgoing("GET", "http://a/", JSON, GOOD), ["betatel: no webhook of sms is a GET"]),
        (Outgoing("POST", "http://a/", {}, GOOD), ["a body of type ''"]),
        (Outgoing("POST", "http://a/", JSON, "{}"), ["$: uuid", "$: status", "$: to", "$: timestamp"]),
        (
            Outgoing("POST", "http://a/", JSON, GOOD.replace("sent", "queued")),
            ["$.status: 'queued' is not one of ['sent', 'failed', 'delivered', 'undelivered']"],
        ),
    ],
)
def test_a_callback_that_does_not_fit_is_found(outgoing: Outgoing, problems: list[str]) -> None:
    assert callback_problems(outgoing, "betatel", "sms") == problems


XML = {"Content-Type": "application/xml"}


@pytest.mark.parametrize(
    ("answer", "fits"),
    [
        (
            Response(
                200, XML, b"<response><statusID>0</statusID><smsID>1</smsID><message>Success</message></response>"
            ),
            True,
        ),
        (Response(200, XML, b"<reply><statusID>0</statusID><smsID>1</smsID><message>Success</message></reply>"), False),
        (
            Response(
                200, XML, b"<response><statusID>0</statusID><smsID>x</smsID><message>Success</message></response>"
            ),
            False,
        ),
        (Response(200, {"Content-Type": "application/json"}, b"{}"), False),
        (Response(201, XML, b"<response/>"), False),
    ],
)
def test_a_reply_that_does_not_fit_is_found(answer: Response, *, fits: bool) -> None:
    assert (reply_problems(answer, "POST", "/v1/sms/sendXml") == []) is fits
