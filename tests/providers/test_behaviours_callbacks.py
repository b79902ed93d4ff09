"""Callbacks of a channel as a document describes them: requests, signatures, retries, and what counts as received."""

import hmac
import json
from base64 import b64encode
from collections.abc import Mapping
from datetime import timedelta
from hashlib import sha1, sha256

import pytest

from sandbox.callbacks.compose import retry_schedule
from sandbox.core.callback import Outgoing, Target
from sandbox.core.clock import parse_duration
from tests.providers.own import GOOD, Own, own

URL = "http://customer.example/dlr"
ID = "ba516583-7a76-46cd-9e32-5d90c40cad3f"  # of the first message of the seed 7
TEXT = "<ü &\"'"


def reported(callback: str, url: str = URL) -> list[Outgoing]:
    """Return the callbacks of one message that is delivered."""
    place = own(target=Target(url, "secret"), callback=callback)
    place.send({**GOOD, "text": TEXT}, headers={"x-key": "k1"})
    place.advance(3)
    return place.callbacks()


JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
FORM_OF_ALL = """{format: form, body: {t: "{{ message.text }}", none: "{{ message.code }}",
  is: "{{ message.text == 1 }}", n: "{{ message.segments }}",
  many: [1, b], some: {x-if: "{{ false }}", x-value: 1}, map: {a: 1}}}"""
LOCAL_TIMES = """{time: {format: "%H:%M:%S", zone: settings.zone}, body: {at: "{{ callback.at }}",
  sent: "{{ callback.sent_at }}", now: "{{ now }}", first: "{{ message.accepted_at }}"}}"""
CALLBACKS = {
    "JSON with types": (
        "{body: {id: '{{ message.id }}', n: '{{ message.segments }}', c: '{{ message.code }}', t: [1, x]}}",
        Outgoing("POST", URL, JSON, f'{{"id":"{ID}","n":1,"c":null,"t":[1,"x"]}}'),
    ),
    "a list": ("{body: [{id: '{{ message.id }}'}]}", Outgoing("POST", URL, JSON, f'[{{"id":"{ID}"}}]')),
    "a member that is left out": (
        "{body: {a: {x-if: '{{ message.code }}', x-value: 1}, b: {x-if: '{{ message.text }}', x-value: 1}}}",
        Outgoing("POST", URL, JSON, '{"b":1}'),
    ),
    "JSON that is written out": (
        "{format: json, body: '{\"n\": {{ message.segments }}}'}",
        Outgoing("POST", URL, JSON, '{"n": 1}'),
    ),
    "form": (
        FORM_OF_ALL,
        Outgoing("POST", URL, FORM, "t=%3C%C3%BC+%26%22%27&none=&is=false&n=1&many=1&many=b&map=%7B%22a%22%3A1%7D"),
    ),
    "XML": (
        "{format: xml, body: '<r a=\"{{ message.text }}\">{{ message.code }}</r>'}",
        Outgoing("POST", URL, {"Content-Type": "application/xml"}, '<r a="&lt;ü &amp;&#34;&#39;"></r>'),
    ),
    "text": (
        "{format: text, body: '{{ message.text }} {{ callback.status }}', method: PUT}",
        Outgoing("PUT", URL, {"Content-Type": "text/plain; charset=utf-8"}, f"{TEXT} delivered"),
    ),
    "text by default": (
        "{body: '{{ message.id }}'}",
        Outgoing("POST", URL, {"Content-Type": "text/plain; charset=utf-8"}, ID),
    ),
    "query": (
        "{method: GET, query: {a: '{{ message.text }}', none: '{{ message.code }}', is: true, n: 7}}",
        Outgoing("GET", f"{URL}?a=%3C%C3%BC%20%26%22%27&none=&is=true&n=7", {}, ""),
    ),
    "headers": (
        "{method: PUT, body: {}, headers: {X-A: '{{ timestamp }}', X-N: 7, content-type: a, X-K: '{{ target.key }}'}}",
        Outgoing("PUT", URL, {"Content-Type": "a", "X-A": "1772452803", "X-N": "7", "X-K": "secret"}, "{}"),
    ),
    "a URL of its own": (
        "{url: '{{ target.url }}/{{ message.data.none }}{{ message.number }}', body: {}}",
        Outgoing("POST", f"{URL}/1", JSON, "{}"),
    ),
    "nothing": ("{method: POST}", Outgoing("POST", URL, {}, "")),
    "times": (
        LOCAL_TIMES,
        Outgoing("POST", URL, JSON, '{"at":"17:30:03","sent":"17:30:03","now":"17:30:03","first":"17:30:00"}'),
    ),
    "account and settings": (
        "{body: {who: '{{ account.key }}', left: '{{ account.balance.SMS }}', title: '{{ settings.title }}'}}",
        Outgoing("POST", URL, JSON, '{"who":"k1","left":5,"title":"Ours"}'),
    ),
}


@pytest.mark.parametrize(("callback", "request_"), CALLBACKS.values(), ids=CALLBACKS)
def test_a_callback_is_written_as_the_document_describes_it(callback: str, request_: Outgoing) -> None:
    assert reported(callback) == [request_]


TARGETS = {
    "a query that is there": ("http://h/dlr?a=1", "http://h/dlr?a=1&id=1"),
    "an empty query": ("http://h/dlr?", "http://h/dlr?id=1"),
    "an open query": ("http://h/dlr?a=1&", "http://h/dlr?a=1&id=1"),
    "a fragment": ("http://h/dlr#top", "http://h/dlr?id=1#top"),
    "a placeholder": ("http://h/dlr?x={id}", "http://h/dlr?x=1"),
    "two placeholders": ("http://h/{id}?x=%s&y={id}", "http://h/1?x=%3C%C3%BC%20%26%22%27&y=1"),
}


@pytest.mark.parametrize(("target", "url"), TARGETS.values(), ids=TARGETS)
def test_a_target_gets_the_query_or_fills_its_placeholders(target: str, url: str) -> None:
    callback = (
        "{method: GET, query: {id: '{{ message.number }}'}, "
        "placeholders: {'{id}': '{{ message.number }}', '%s': '{{ message.text }}'}}"
    )

    assert [str(each.url) for each in reported(callback, url=target)] == [url]


def test_a_placeholder_in_the_value_of_another_stays() -> None:
    callback = "{method: GET, placeholders: {'%a': 'x%bC3', '%b': '%a', '%C3': 'no', '%': 'yes'}}"

    assert [str(each.url) for each in reported(callback, url="http://h/?a=%a&b=%b&c=%")] == [
        "http://h/?a=x%25bC3&b=%25a&c=yes"
    ]


SIGNED = (
    "{format: form, body: {b: '{{ message.text }}', a: 2, a1: ''}, signature: {header: X-S, key: '{{ account.key }}'"
)
FORM_BODY = "b=%3C%C3%BC+%26%22%27&a=2&a1="
PAIRS = "{% for name, value in pairs %}{{ name }}{{ value }}{% endfor %}"


def hexed(content: str, key: str = "k1", kind: str = "sha256") -> str:
    return hmac.new(key.encode(), content.encode(), kind).hexdigest()


SIGNATURES = {
    "the body by default": (f"{SIGNED}}}}}", hexed(FORM_BODY)),
    "sha1 in base64 of URL and fields": (
        f"{SIGNED}, hmac: sha1, encoding: base64, content: '{{{{ url }}}}{PAIRS}'}}}}",
        b64encode(hmac.new(b"k1", f"{URL}a2a1b{TEXT}".encode(), sha1).digest()).decode(),
    ),
    "sha512": (f"{SIGNED}, hmac: sha512}}}}", hexed(FORM_BODY, kind="sha512")),
    "a timestamp and a prefix": (
        SIGNED + ", prefix: 't={{ timestamp }},v1=', content: '{{ timestamp }}.{{ method }}.{{ body }}'}}",
        f"t=1772452803,v1={hexed(f'1772452803.POST.{FORM_BODY}')}",
    ),
    "a key of the target": (f"{SIGNED}}}}}".replace("account", "target"), hexed(FORM_BODY, "secret")),
    "a key of a secret that nobody has": (
        f"{SIGNED}}}}}".replace("account.key", "account.secret"),
        hexed(FORM_BODY, ""),
    ),
}


@pytest.mark.parametrize(("callback", "signature"), SIGNATURES.values(), ids=SIGNATURES)
def test_a_callback_is_signed_as_the_document_describes_it(callback: str, signature: str) -> None:
    [request] = reported(callback)

    assert (request.headers["X-S"], request.body) == (signature, FORM_BODY)


def test_the_key_of_the_target_signs_by_default_and_a_callback_may_be_signed_twice() -> None:
    [request] = reported("{body: {a: ü}, signature: [{header: X-A}, {header: X-B, hmac: sha1, content: '{{ url }}'}]}")

    assert {name: request.headers[name] for name in ("X-A", "X-B")} == {
        "X-A": hmac.new(b"secret", '{"a":"ü"}'.encode(), sha256).hexdigest(),
        "X-B": hmac.new(b"secret", URL.encode(), sha1).hexdigest(),
    }


def test_the_fields_of_a_query_are_signed_sorted() -> None:
    callback = f"{{method: GET, query: {{b: 2, a: ü}}, signature: {{header: X-S, content: '{PAIRS}{{{{ body }}}}'}}}}"

    assert [each.headers["X-S"] for each in reported(callback, url=f"{URL}?c=")] == [hexed("aüb2c", "secret")]


def test_a_secret_signs_the_callbacks_of_its_account() -> None:
    place = own(
        top="credential: basic",
        callback="{body: {a: 1}, signature: {header: X-S, key: '{{ account.secret }}'}}",
        target=Target(URL),
    )
    place.send(headers={"authorization": f"Basic {b64encode(b'k1:s3').decode()}"})
    place.advance()

    assert [each.headers["X-S"] for each in place.callbacks()] == [hexed('{"a":1}', "s3")]


FAILS = {
    "a body": ("{body: {a: '{{ 1 // 0 }}'}}", "body.a: the template failed: ZeroDivisionError"),
    "a URL": ("{url: '{{ 1 // 0 }}', body: {}}", "url: the template failed: ZeroDivisionError"),
    "a query": ("{method: GET, query: {a: '{{ 1 // 0 }}'}}", "query.a: the template failed: ZeroDivisionError"),
    "a header": ("{body: {}, headers: {X-A: '{{ 1 // 0 }}'}}", "headers.X-A: the template failed: ZeroDivisionError"),
    "a signature": (
        "{body: {}, signature: {header: X-S, content: '{{ 1 // 0 }}'}}",
        "signature.content: the template failed: ZeroDivisionError",
    ),
    "a placeholder": (
        f"{{placeholders: {{'{URL[-3:]}': '{{{{ 1 // 0 }}}}'}}}}",
        "placeholders.dlr: the template failed: ZeroDivisionError",
    ),
    "no end": (
        "{body: {a: '{% for a in range(99999) %}{% for b in range(99999) %}x{% endfor %}{% endfor %}'}}",
        "body.a: the template failed: BudgetExceededError",
    ),
}


@pytest.mark.parametrize(("callback", "reason"), FAILS.values(), ids=FAILS)
def test_a_callback_whose_template_fails_says_why(callback: str, reason: str) -> None:
    [request] = reported(callback)

    assert (str(request.url), f"x-sandbox.channels.sms.callback.{reason}" in request.body) == ("", True)


def test_a_header_that_cannot_be_sent_says_why() -> None:
    [request] = reported("{body: {}, headers: {X-A: \"{{ 'a\\x01' }}\"}}")

    assert request.body.endswith("the header X-A contains the control character U+0001")


def statuses(place: Own, number: str) -> list[object]:
    place.send({**GOOD, "to": number})
    place.advance()
    return [json.loads(each.body)["is"] for each in place.callbacks()]


def test_each_status_that_is_reported_is_a_callback() -> None:
    callback = (
        "{body: {is: '{{ callback.status }} {{ callback.provider_status }} {{ callback.at }} {{ message.status }}'}}"
    )
    place = own(
        callback=callback, change=lambda d: d["x-sandbox"]["channels"]["sms"]["statuses"]["sent"].update(reported=True)
    )

    assert statuses(place, GOOD["to"]) == [
        "sent sent 2026-03-02T12:00:01.000Z delivered",
        "delivered delivered 2026-03-02T12:00:03.000Z delivered",
    ]


@pytest.mark.parametrize(
    ("scenario", "pauses"),
    [("", ["1s", "2m"]), ("settings: {own: {retries: [3s]}}", ["3s"]), ("settings: {own: {title: x}}", ["1s", "2m"])],
)
def test_the_retries_of_a_channel_yield_to_those_of_a_scenario(scenario: str, pauses: list[str]) -> None:
    place = own(callback="{body: {}, retries: [1s, 2m]}", scenario=scenario)
    place.send()

    schedule: tuple[timedelta, ...] = tuple(map(parse_duration, pauses))
    assert retry_schedule(place.world, place.packs, place.messages[0]) == schedule


RECEIVED: Mapping[str, tuple[str, list[tuple[int, str]], list[tuple[int, str]]]] = {
    "statuses": ("{status: [200, 409]}", [(200, "no"), (409, "")], [(201, ""), (500, "")]),
    "a text": ("{body: OK}", [(200, "OK"), (299, "it is OK.")], [(200, "ok"), (300, "OK")]),
    "both": ("{status: [302], body: OK}", [(302, "OK")], [(302, ""), (200, "OK")]),
}


@pytest.mark.parametrize(("received", "yes", "no"), RECEIVED.values(), ids=RECEIVED)
def test_the_document_says_what_counts_as_received(
    received: str, yes: list[tuple[int, str]], no: list[tuple[int, str]]
) -> None:
    accepts = own(callback=f"{{body: {{}}, received: {received}}}").packs["own"].provider.received["sms"]

    assert ([accepts(*each) for each in yes], [accepts(*each) for each in no]) == ([True] * len(yes), [False] * len(no))


def test_a_nonce_is_the_same_in_one_attempt_and_another_in_the_next() -> None:
    body = "{n: '{{ callback.nonce }}', count: '{{ callback.attempt }}'}"
    callback = f"{{body: {body}, headers: {{X-Nonce: '{{{{ callback.nonce }}}}'}}}}"
    place = own(target=Target(URL), callback=callback)
    place.send(GOOD)
    place.send(GOOD)
    place.advance(3)
    made = place.callbacks()

    bodies = [json.loads(each.body) for each in made]
    assert [each["count"] for each in bodies] == [1, 1]
    assert [each["n"] for each in bodies] == [each.headers["X-Nonce"] for each in made]
    assert len({each["n"] for each in bodies}) == 2
