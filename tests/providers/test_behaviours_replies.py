"""Replies of behaviours: status, headers and bodies, the types of templates, and what shapes a body."""

import json

import pytest

from sandbox.core.callback import Target
from tests.providers.own import GOOD, SEND, Node, own, put, read

BODIES = {
    "a number": ("{{ message.segments }}", 1),
    "a boolean": ("{{ message.callback_delivered }}", False),
    "a text": ("{{ message.text }}", "hello"),
    "null": ("{{ message.code }}", None),
    "a literal": ("{{ true }}", True),
    "null of its own": ("{{ none }}", None),
    "no template": ("{ plain }", "{ plain }"),
    "an expression": ("{{ message.segments + 1 }}", 2),
    "an absent value in an expression": ("{{ parameters.extra | upper }}", ""),
    "an absent member of an absent value": ("{{ parameters.extra.more.still }}", None),
    "an absent member in an expression": ("{{ parameters.extra.more | default('-') }}", "-"),
    "an absent value beside a text": ("{{ 'a' ~ parameters.extra ~ message.code }}", "a"),
    "null inside a text": ("<{{ message.code }}>", "<>"),
    "null inside a text with logic": ("{% if true %}<{{ message.code }}{{ parameters.extra.more }}>{% endif %}", "<>"),
    "a number as a text": ("{{ message.segments | string }}", "1"),
    "a text as a number": ("{{ parameters.to | int }}", 4917612345678),
    "no number": ("{{ parameters.text | int }}", 0),
    "a list of the request": ("{{ parameters.rows }}", [{"to": "1"}]),
    "an item of a list": ("{{ parameters.rows[0].to }}", "1"),
    "an item that is not there": ("{{ parameters.rows[7].to }}", None),
    "a member by its name in quotes": ("{{ request.headers['x-key'] }}", "k1"),
    "the request": ("{{ request.method }} {{ request.path }}?{{ request.query.mode }}", "POST /own/messages?q"),
    "a time": ("{{ message.accepted_at }}", "2026-03-02T12:00:00.000Z"),
    "a time inside a text": ("at {{ now }}", "at 2026-03-02T12:00:00.000Z"),
    "a time by a pattern": ("{{ now.strftime('%H:%M') }}", "12:00"),
    "an absent time": ("{{ message.delivered_at }}", None),
    "a setting": ("{{ settings.title }}", "Ours"),
    "a balance": ("{{ account.balance.SMS }}", 5),
    "a balance with decimals": ("{{ account.balance.EUR }}", 10.0),
    "a balance of no such name": ("{{ account.balance.YEN }}", None),
    "the stop list": ("{{ account.stop_list }}", ["4917600000099"]),
    "forms of the number": (
        "{{ message.to }} {{ message.e164 }} {{ message.msisdn }}",
        "+4917612345678 +4917612345678 4917612345678",
    ),
    "the encoding": ("{{ message.encoding }} {{ message.length }}", "gsm-7 5"),
    "a token is the same each time": (
        "{{ message.token.a == message.token.a and message.token.a != message.token.b }}",
        True,
    ),
}


@pytest.mark.parametrize(("template", "value"), BODIES.values(), ids=BODIES)
def test_a_value_of_a_body_keeps_its_type(template: str, value: object) -> None:
    def change(document: Node) -> None:
        put(document, (*SEND, "x-sandbox", "send", "reply", "body"), {"value": template})

    to = "+4917612345678" if "e164" in template else 4917612345678
    body = {"to": to, "text": "hello", "rows": [{"to": "1"}]}

    assert read(own(change=change).send(body, query="?mode=q")) == {"value": value}


SHAPES = {
    "a list of objects": ("{x-each: message in messages, to: '{{ message.to }}'}", [{"to": "1"}, {"to": "2"}]),
    "a list of values": ("{x-each: message in messages, x-value: '{{ message.to }}'}", ["1", "2"]),
    "any name in a loop": (
        "{x-each: m in messages, x-value: '{{ m.to }} {{ m.accepted_at }}'}",
        ["1 12:00", "2 12:00"],
    ),
    "any name in an expression": ("{x-each: m in messages, x-value: '{{ m.to | int }}'}", [1, 2]),
    "some of the messages": ("{x-each: 'm in messages[1:]', at: '{{ m.accepted_at }}'}", [{"at": "12:00"}]),
    "a list of the request": ("{x-each: row in parameters.rows, x-value: '{{ row.to }}'}", ["a", None]),
    "a loop inside a loop": (
        "{x-each: row in parameters.rows, all: {x-each: message in messages, x-value: '{{ row.to }}{{ message.to }}'}}",
        [{"all": ["a1", "a2"]}, {"all": ["1", "2"]}],
    ),
    "nothing to loop over": ("{x-each: row in parameters.extra, x-value: 1}", []),
    "some of a loop": (
        "{x-each: message in messages, x-if: \"{{ message.to == '2' }}\", to: '{{ message.to }}'}",
        [{"to": "2"}],
    ),
    "a member that is there": ("{a: {x-if: '{{ send.count > 1 }}', x-value: here}}", {"a": "here"}),
    "a member that is not": ("{a: {x-if: '{{ send.count > 2 }}', x-value: here}, b: 1}", {"b": 1}),
    "a condition behind a value": ("{a: {x-value: {x-if: '{{ false }}', c: 1}}, b: 1}", {"b": 1}),
    "an item that is not": ("[{x-if: '{{ false }}', a: 1}, 2]", [2]),
    "a flag of the query": ("{a: {x-if: '{{ parameters.mode }}', x-value: 1}}", {}),
    "a list": ("[1, '{{ send.count }}', null]", [1, 2, None]),
    "one expression": ("'{{ parameters.rows }}'", [{"to": "a"}, {}]),
    "one number": ("'{{ send.count }}'", 2),
    "a whole variable": ("{send: '{{ send }}'}", {"send": {"count": 2, "segments": 2, "cost": 0}}),
}


@pytest.mark.parametrize(("body", "value"), SHAPES.values(), ids=SHAPES)
def test_a_body_has_the_shape_that_the_document_gives_it(body: str, value: object) -> None:
    place = own(
        f"send: {{recipient: to, text: text, reply: {{body: {body}}}}}", top="time: {format: '%H:%M', zone: UTC}"
    )
    found = read(place.send({"to": ["1", "2"], "text": "x", "rows": [{"to": "a"}, {}]}, query="?mode=false"))
    if isinstance(found, dict):
        found.get("send", {}).pop("id", None)

    assert found == value


def test_a_whole_variable_is_all_its_members() -> None:
    place = own("send: {recipient: to, text: text, reply: {body: {all: '{{ messages }}', who: '{{ account }}'}}}")
    body = read(place.send())

    [message] = body["all"]
    assert (message["to"], message["accepted_at"]) == (GOOD["to"], "2026-03-02T12:00:00.000Z")
    assert [each["created_at"] for each in body["who"]["senders"]] == ["2026-03-02T12:00:00.000Z"] * 2


TIMES = {
    "{}": "2026-03-02T12:00:00.000Z",
    "{format: iso, zone: settings.zone}": "2026-03-02T17:30:00.000+05:30",
    "{format: iso-seconds}": "2026-03-02T12:00:00Z",
    "{format: iso-seconds, zone: Europe/Berlin}": "2026-03-02T13:00:00+01:00",
    "{format: unix}": 1772452800,
    "{format: unix-ms}": 1772452800000,
    "{format: rfc2822}": "Mon, 02 Mar 2026 12:00:00 +0000",
    "{format: '%d.%m.%y %H:%M', zone: America/New_York}": "02.03.26 07:00",
}


@pytest.mark.parametrize(("time", "value"), TIMES.items())
def test_times_are_written_as_the_document_says(time: str, value: object) -> None:
    place = own(
        "send: {recipient: to, text: text, reply: {body: {plain: '{{ message.accepted_at }}', "
        "who: '{{ account.senders }}', text: '-{{ now }}', "
        "logic: '{% if true %}{{ now }}{% endif %}', expression: '{{ now or 1 }}'}}}",
        top=f"time: {time}",
    )
    found = read(place.send())

    assert found.pop("who")[0]["created_at"] == value
    assert found == {"plain": value, "text": f"-{value}", "logic": str(value), "expression": value}


XML = """<r><to>{{ message.to }}</to><text a="{{ message.text }}">{{ message.code }}{{ message.text }}</text></r>"""


def test_values_in_xml_are_escaped() -> None:
    place = own(
        f"send: {{recipient: to, text: text, reply: {{headers: {{Content-Type: text/xml}}, body: {json.dumps(XML)}}}}}"
    )
    reply = place.send({**GOOD, "text": "<&>\"'ü"})

    escaped = "&lt;&amp;&gt;&#34;&#39;ü"
    assert (reply.headers["Content-Type"], reply.body.decode()) == (
        "text/xml",
        f'<r><to>4917612345678</to><text a="{escaped}">{escaped}</text></r>',
    )


def test_a_reply_has_its_status_and_headers() -> None:
    place = own(
        "send: {recipient: to, text: text, reply: {status: 207, body: '{{ message.text }}, {{ 2 }}', headers: {X-N: 5, "
        "content-type: text/plain, Location: '/m/{{ message.number }}', X-Text: '{{ message.text }}'}}}"
    )
    reply = place.send({**GOOD, "text": "a\r\nb"})

    assert (reply.status, reply.body, dict(reply.headers)) == (
        207,
        b"a\r\nb, 2",
        {"Content-Type": "text/plain", "X-Sandbox-Request": "1", "X-N": "5", "Location": "/m/1", "X-Text": "a b"},
    )


def test_a_reply_without_a_description_is_the_first_success_of_the_document() -> None:
    reply = own("send: {recipient: to, text: text}").send()

    assert (reply.status, reply.headers["Content-Type"], reply.body) == (201, "application/json", b"{}")


FAILS = {
    "an operator": ("{{ 1 // 0 }}", "ZeroDivisionError: integer division or modulo by zero"),
    "no end": (
        "{% for a in range(99999) %}{% for b in range(99999) %}x{% endfor %}{% endfor %}",
        "BudgetExceededError: the templates of this reply exceed the limit of 25000 steps",
    ),
    "a call of nothing": ("{{ parameters.text.nothing() }}", "UndefinedError: 'str object' has no attribute 'nothing'"),
}


@pytest.mark.parametrize(("template", "reason"), FAILS.values(), ids=FAILS)
def test_a_template_that_fails_is_a_500_with_its_place_and_leaves_nothing(template: str, reason: str) -> None:
    def change(document: Node) -> None:
        put(document, (*SEND, "x-sandbox", "send"), {"recipient": "to", "text": "text", "price": {"balance": "EUR"}})
        put(document, (*SEND, "x-sandbox", "send", "reply"), {"body": {"a": [template]}})

    place = own(change=change)
    reply = place.send()

    told = f"POST /own/messages: x-sandbox.send.reply.body.a.0: the template failed: {reason}"
    assert (reply.status, told in read(reply)["detail"], place.messages, place.world.accounts) == (500, True, [], {})


@pytest.mark.parametrize(
    "option", ["sender: '{{ 1 // 0 }}'", "keep: {a: '{{ 1 // 0 }}'}", "price: {balance: '{{ 1 // 0 }}'}"]
)
def test_a_template_that_fails_while_a_request_is_read_is_a_500_too(option: str) -> None:
    place = own(f"send: {{recipient: to, text: text, {option}}}")

    assert ("the template failed" in read(place.send())["detail"], place.messages) == (True, [])


def test_a_value_that_no_json_has_says_so() -> None:
    reply = own("send: {recipient: to, text: text, reply: {body: {a: '{{ fake.name }}'}}}").send()

    assert "a value of the body is a function; call it, as in uuid()" in read(reply)["detail"]


INVENTED = "{a: '{{ uuid() }}', b: '{{ ulid() }}', c: '{{ fake.name() }}', d: '{{ message.token.x }}'}"


def test_invented_values_are_those_of_the_seed() -> None:
    def make(seed: int) -> list[object]:
        place = own(
            f"send: {{recipient: to, text: text, reply: {{body: {INVENTED}}}}}",
            callback=f"body: {INVENTED}",
            seed=seed,
            target=Target("http://h/"),
        )
        replies = [read(place.send()), read(place.send())]
        place.advance()
        return [*replies, *(json.loads(each.body) for each in place.callbacks())]

    found = make(7)

    assert (make(7) == found, make(8) == found) == (True, False)
    assert len({str(sorted(each.items())[:3]) for each in found if isinstance(each, dict)}) == 4


@pytest.mark.parametrize(
    ("own_reply", "body"),
    [
        ("reply: {body: {pong: true}}", b'{"pong":true}'),
        (
            "balance: {reply: {body: {left: '{{ account.balance.EUR }}', key: '{{ account.key }}'}}}",
            b'{"left":10.0,"key":"k1"}',
        ),
        ("reply: {body: pong}", b"pong"),
        ("reply: {}", b"{}"),
    ],
)
def test_an_operation_may_answer_alone(own_reply: str, body: bytes) -> None:
    place = own(list=own_reply)

    assert (place.call("GET", "/own/list").body, place.call("GET", "/own/list", headers={}).status) == (body, 401)


def test_invented_values_differ_within_a_reply_and_from_request_to_request() -> None:
    reply = 'send: {reply: {body: {a: "{{ uuid() }}", b: "{{ uuid() }}"}}}'
    ones, others = own(reply), own(reply)
    made = [read(each.send(GOOD))[name] for each in (ones, others) for _ in range(2) for name in ("a", "b")]

    assert (len(set(made)), made[:4]) == (4, made[4:])


def test_a_refusal_names_the_parameter_that_it_is_about() -> None:
    refusals = 'refusals: [{check: recipient, error: invalid, message: "{{ error.parameter }} / {{ error.name }}"}]'
    place = own(f"send: {{recipient: to, text: text}}\n{refusals}")

    replies = [place.send({"text": "x"}), place.send({"to": [], "text": "x"})]

    assert [read(each) for each in replies] == [{"error": "to / invalid"}] * 2
