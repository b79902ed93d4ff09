"""Replies from templates: what they see, and what they may not do."""

import json
from uuid import UUID

import pytest
from ulid import ULID

from tests.builders import NOON, read
from tests.scenarios.builders import balance, betatel, desk, mistakes, rule_desk, smsbuddy, ubill


def made(template: str, *, seed: int = 7) -> str:
    """Return what a template makes of a Betatel SMS."""
    at = desk(f"rules: [{{then: {{reply: {{body: {json.dumps(template)}}}}}}}]", seed=seed)
    return betatel(at, text="Hello", headers={"X-Team": "red"}).body.decode()


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{ request.method }} {{ request.path }}", "POST /api/smpp/client/send"),
        ("{{ request.headers['x-team'] }}", "red"),
        ("{{ request.body.from }}: {{ request.body.text }}", "FACEBOOK: Hello"),
        ("{{ message.id }} {{ message.to }}", "ba516583-7a76-46cd-9e32-5d90c40cad3f 38761930305"),
        ("{{ message.from }} {{ message.channel }} {{ message.status }}", "FACEBOOK sms queued"),
        ("{{ account.key }} {{ account.balance.USD }}", "k1 1000000.00"),
        ("{{ now.isoformat() }}", "2026-03-02T12:00:00+00:00"),
        ("{% if message.code %}code{% else %}none{% endif %}", "none"),
        ("{{ request.body.text | upper }}", "HELLO"),
    ],
)
def test_a_template_sees_request_message_account_and_time(template: str, text: str) -> None:
    assert made(template) == text


def test_a_template_sees_the_query() -> None:
    at = rule_desk("provider: ubill", "reply: {body: '{{ request.query.key }}'}")

    assert ubill(at, key="team-1").body == b"team-1"


def test_a_template_sees_merged_parameters() -> None:
    at = rule_desk("provider: smsbuddy", "reply: {body: '{{ request.body.sender }} {{ message.to }}'}")

    assert smsbuddy(at, "9876543210").body == b"SMSBDY 919876543210"


def test_every_text_of_a_body_and_every_header_may_be_a_template() -> None:
    at = rule_desk("", "reply: {headers: {X-To: '{{ message.to }}'}, body: {to: ['{{ message.to }}'], n: 1}}")

    reply = betatel(at)

    assert (read(reply), reply.headers["X-To"]) == ({"to": ["38761930305"], "n": 1}, "38761930305")


def test_values_of_a_template_cannot_break_out_of_json_or_of_a_header() -> None:
    at = rule_desk("", "reply: {headers: {X-Text: '{{ message.text }}'}, body: {text: '{{ message.text }}'}}")

    reply = betatel(at, text='a"b\r\nX-Evil: 1')

    assert (read(reply), reply.headers["X-Text"]) == ({"text": 'a"b\r\nX-Evil: 1'}, 'a"b X-Evil: 1')


def test_the_escape_of_an_emoji_in_a_template_is_sent_as_the_emoji() -> None:
    at = rule_desk("", r"""reply: {body: "{{ '\\ud83d\\ude00 \\ud83d' }}"}""")

    assert betatel(at).body.decode() == "\N{GRINNING FACE} ?"


@pytest.mark.parametrize(
    ("template", "why"),
    [
        (r"a{{ '\x01' }}b", "the header X-Foo contains the control character U+0001"),
        (r"{{ '\x0b' }}", "the header X-Foo contains the control character U+000B"),
        (r"{{ '\x7f' }}", "the header X-Foo contains the control character U+007F"),
        ("{{ 'é' * 4093 }}", "the header X-Foo exceeds the limit of 8190 bytes"),
    ],
)
def test_a_header_that_cannot_be_sent_is_answered_with_the_reason(template: str, why: str) -> None:
    reply = betatel(desk(f"rules: [{{then: {{reply: {{headers: {{X-Foo: {json.dumps(template)}}}}}}}}}]"))

    assert (reply.status, reply.body.decode()) == (500, f"evening.yaml:1:35: the template failed: {why}")


@pytest.mark.parametrize(
    ("value", "mistake"),
    [
        ("a\x01b", "the header X-Foo contains the control character U+0001"),
        ("a\nb", "the header X-Foo contains the control character U+000A"),
        ("a\x7fb", "the header X-Foo contains the control character U+007F"),
        ("x" * 8186, "the header X-Foo exceeds the limit of 8190 bytes"),
    ],
)
def test_a_written_header_that_cannot_be_sent_is_a_mistake_of_the_file(value: str, mistake: str) -> None:
    written = json.dumps(value).replace("\x7f", r"\x7f")

    assert mistakes(f"rules: [{{then: {{reply: {{headers: {{X-Foo: {written}}}}}}}}}]") == [
        f"evening.yaml:1:35: {mistake}"
    ]


def test_a_tab_and_the_longest_value_of_a_header_are_sent() -> None:
    at = desk(f'rules: [{{then: {{reply: {{headers: {{X-Tab: "a\\tb{{{{ 1 }}}}", X-Foo: {"x" * 8185}}}}}}}}}]')

    reply = betatel(at)

    assert (reply.status, reply.headers["X-Tab"], len(reply.headers["X-Foo"])) == (200, "a\tb1", 8185)


def test_ids_and_samples_come_from_the_seed() -> None:
    template = "{{ uuid() }} {{ uuid() }} {{ ulid() }} {{ fake.name() }}"

    assert (made(template) == made(template), made(template) == made(template, seed=8)) == (True, False)


def test_ids_have_their_forms_and_differ() -> None:
    first, second, ulid = made("{{ uuid() }} {{ uuid() }} {{ ulid() }}").split()

    assert (UUID(first).version, UUID(second).version, first != second, ULID.from_str(ulid).datetime) == (
        4,
        4,
        True,
        NOON,
    )


def test_a_request_without_messages_has_none_in_its_template() -> None:
    at = rule_desk("", "reply: {body: '{{ message is none }}'}")

    assert balance(at).body == b"True"


def test_half_a_character_becomes_a_question_mark() -> None:
    assert made(r"{{ '\ud800' }} ä") == "? ä"


def test_what_is_no_template_stays_as_it_is() -> None:
    assert made("Your code is {#otp#} 100%") == "Your code is {#otp#} 100%"


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ("{{ message.nothing }}", "UndefinedError: 'dict object' has no attribute 'nothing'"),
        ("{{ 1 / 0 }}", "ZeroDivisionError: division by zero"),
        (
            "{{ 'x' * 10000000000 }}",
            "BudgetExceededError: the templates of this reply exceed the limit of 8000000 bytes of memory",
        ),
        ("{{ 10 ** 99999999 }}", "BudgetExceededError: the number exceeds the limit of 4300 digits"),
        (
            "{{ range(9999999) | list }}",
            "OverflowError: Range too big. The sandbox blocks ranges larger than MAX_RANGE",
        ),
        ("{{ ''.__class__ }}", "SecurityError: access to attribute '__class__' of 'str' object is unsafe."),
        (
            "{% for i in range(1999) %}{{ 'x' * 999 }}{% endfor %}",
            "BudgetExceededError: the templates of this reply exceed the limit of 1048576 characters of output",
        ),
    ],
)
def test_a_template_that_fails_is_answered_with_the_reason(template: str, why: str) -> None:
    at = desk(f"rules: [{{then: {{reply: {{body: {json.dumps(template)}}}}}}}]")

    reply = betatel(at)

    told = reply.body.decode()
    assert (reply.status, told.startswith(f"evening.yaml:1:25: the template failed: {why}")) == (500, True)


@pytest.mark.parametrize(
    ("template", "mistake"),
    [
        (
            "{{ message.id",
            "the template does not parse: unexpected end of template, expected 'end of print statement'.",
        ),
        ("{% if %}", "the template does not parse: Expected an expression, got 'end of statement block'"),
        ("{{ mesage.id }}", "no template variable is called 'mesage'. Did you mean 'message'?"),
        ("{{ [1, 2] | random }}", "the template does not parse: No filter named 'random'."),
        (
            "{{ lipsum() }}",
            "no template variable is called 'lipsum'. Available: account, fake, message, now, request, ulid, uuid.",
        ),
    ],
)
def test_a_template_that_cannot_be_is_a_mistake_of_the_file(template: str, mistake: str) -> None:
    found = mistakes(f"rules:\n  - then:\n      reply:\n        body: {json.dumps(template)}")

    assert found == [f"evening.yaml:4:9: {mistake}"]
