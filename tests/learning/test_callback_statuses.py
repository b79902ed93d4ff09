"""The status in a callback is found by what the provider's document says, whatever the provider."""

import json
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest

from sandbox.callbacks.compose import request_of
from sandbox.core.message import Message, Status
from sandbox.learning.callback_statuses import CallbackReader, Reported
from sandbox.recording.session import Body, RecordedRequest
from tests.builders import Desk, packs
from tests.providers.own import Node, own
from tests.scenarios import builders

SENDS = {
    "betatel.sms": builders.betatel,
    "betatel.whatsapp": builders.whatsapp,
    "smsbuddy.sms": builders.smsbuddy,
    "ubill.sms": builders.ubill,
}


def request(query: str = "", body: str = "", kind: str = "", path: str = "") -> RecordedRequest:
    return RecordedRequest("POST", path, query, (("content-type", kind),), Body(body))


def reader(channel: str) -> CallbackReader:
    pack = packs()[channel.partition(".")[0]]
    return CallbackReader.of(pack, pack.spec.channels[channel.partition(".")[2]])


def reported_statuses() -> Iterator[tuple[str, Status]]:
    for channel in SENDS:
        pack = packs()[channel.partition(".")[0]]
        yield from ((channel, each) for each in sorted(pack.spec.channels[channel.partition(".")[2]].reports))


def report_of(at: Desk, channel: str, status: Status) -> RecordedRequest:
    """Return the callback of a message that takes a status."""
    SENDS[channel](at)
    builders.later(at, minutes=1)
    (only,) = at.world.callbacks.values()
    outgoing = request_of(at.world, packs(), only)
    assert outgoing is not None
    assert only.step.status is status
    return request(outgoing.url.partition("?")[2], outgoing.body, outgoing.headers.get("Content-Type", ""))


def read_back(message: Message) -> tuple[Status, str | None]:
    """Return the status for which a word stands: several may share one."""
    return message.channel.read_back[message.provider_status], None


@pytest.mark.parametrize(("channel", "status"), [*reported_statuses()])
def test_every_status_of_every_channel_is_read_from_its_callback(channel: str, status: Status) -> None:
    at = builders.desk(f"rules: [{{then: {{lifecycle: [{status}: 1s], illegal: true}}}}]")
    found = reader(channel).read(report_of(at, channel, status))
    (message,) = builders.messages(at)

    assert found == Reported(message.provider_status, message.recipient.removeprefix("+"))
    assert reader(channel).parse(found.word) == read_back(message)


@pytest.mark.parametrize(
    ("channel", "callback", "found"),
    [
        ("ubill.sms", request("event=sms.delivery.updated&smsID=1&number=995511194242&statusID=4"), "4"),
        ("ubill.sms", request("smsID=1&number=995511194242&statusID=7"), "7"),  # a word that it does not have
        ("ubill.sms", request("smsID=1&number=995511194242&other=1"), ""),
        ("smsbuddy.sms", request("s=DELIVRD&m=919876543210"), "DELIVRD"),  # the application's own names
        ("smsbuddy.sms", request(path="dlr/DLT-REJECTED/919876543210"), "DLT-REJECTED"),
        ("smsbuddy.sms", request("status=mine&s=UNDELIV"), "UNDELIV"),
        ("smsbuddy.sms", request("a=DELIVRD&b=UNDELIV"), ""),
        ("betatel.sms", request("status=1", '{"uuid": "1", "status": "sent"}', "application/json"), "sent"),
    ],
)
def test_a_status_stands_where_the_document_says_or_is_a_word_of_the_provider(
    channel: str, callback: RecordedRequest, found: str
) -> None:
    assert reader(channel).read(callback).word == found


@pytest.mark.parametrize(
    ("declared", "callback"),
    [
        ({"body": {"report": {"state": "{{ callback.provider_status }}"}}}, request(body='{"report":{"state":"new"}}')),
        ({"body": [{"state": "{{ callback.status }}"}]}, request(body='[{"state":"new"}]')),
        (
            {"format": "xml", "body": "<r><state>{{callback.status}}</state></r>"},
            request(body="<r><state>new</state></r>"),
        ),
        ({"format": "text", "body": "state={{ callback.status }}&a=1"}, request(body="state=new&a=1")),
        (
            {"format": "text", "body": "It is {{ callback.status }} {{ now }}!"},
            request(body="It is new 2026-03-02 12:00!"),
        ),
        ({"body": {"event": "sms.{{ callback.status }}.{{ now }}"}}, request(body='{"event":"sms.new.2026"}')),
        ({"method": "GET", "query": {"state": "{{ callback.status }}"}}, request(urlencode({"state": "new"}))),
    ],
)
def test_the_name_of_a_status_is_read_from_the_declaration_of_an_own_provider(
    declared: dict[str, object], callback: RecordedRequest
) -> None:
    place = own(callback=json.dumps(declared))
    pack = place.packs["own"]

    assert CallbackReader.of(pack, pack.spec.channels["sms"]).read(callback).word == "new"


@pytest.mark.parametrize(
    ("status", "word", "found"),
    [
        ("provider_status", "sent", (Status.DELIVERED, None)),  # the provider's word for another status of ours
        ("status", "sent", (Status.SENT, None)),
        ("provider_status", "delivered", (None, None)),
        ("provider_status", "GONE", (Status.FAILED, "GONE")),
        ("status", "GONE", (None, None)),
    ],
)
def test_a_word_is_the_providers_unless_the_document_reports_by_our_names(
    status: str, word: str, found: tuple[Status | None, str | None]
) -> None:
    def change(document: Node) -> None:
        statuses = document["x-sandbox"]["channels"]["sms"]["statuses"]
        statuses["sent"]["says"], statuses["delivered"]["says"] = "on its way", "sent"
        statuses["failed"]["variants"] = {"GONE": {"x-word": "inferred", "x-source": "a test"}}

    place = own(callback=json.dumps({"body": {"state": f"{{{{ callback.{status} }}}}"}}), change=change)
    pack = place.packs["own"]

    assert CallbackReader.of(pack, pack.spec.channels["sms"]).parse(word) == found
