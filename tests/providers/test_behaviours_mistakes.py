"""What would fail, or mean nothing, at the first request is a mistake at the start; others are in tests/specs."""

import pytest

from tests.providers.own import mistakes

LIST = "GET /own/list: x-sandbox."
SENDS = {
    "separator: ''": "separator: is empty; write what stands between two recipients, such as ','",
    "price: {amount: settings.title, balance: EUR}": (
        "price.amount: the setting 'title' is 'Ours', not an amount of 0 or more"
    ),
    "schedule: {at: extra, zone: settings.title}": (
        "schedule.zone: 'Ours' is not a time zone; write UTC or one such as Europe/Berlin"
    ),
    "sender: '{{ code }}'": (
        "sender: no template variable is called 'code'. Available: account, fake, now, parameters, request, settings, "
        "ulid, uuid."
    ),
    "reply: {body: {x-each: account in parameters.rows, x-value: 1}}": (
        "reply.body.x-each: 'account' is a variable already; give the items another name"
    ),
    "reply: {body: {x-each: message in parameters.rows, x-value: 1}}": (
        "reply.body.x-each: 'message' is a variable already; give the items another name"
    ),
}
OTHERS = [
    (
        {"list": "messages: {filters: {to: data}}"},
        f"{LIST}messages.filters.to: 'data' is no single value; write data.NAME",
    ),
    ({"list": "messages: {sort: {fields: {to: token}}}"}, f"{LIST}messages.sort.fields.to: 'token' is no value"),
    (
        {"list": "code.check: {recipient: to, code: by, tries: settings.title}"},
        f"{LIST}code.check.tries: the setting 'title' is 'Ours', not a number of tries",
    ),
    (
        {"list": "messages: {}\nrefusals: [{when: '{{ parameters.text }}', error: odd}]"},
        f"{LIST}refusals.0.when: parameters has no member 'text'.",
    ),
    (
        {"top": "refusals: [{when: '{{ parameters.too }}', error: odd}]"},
        "x-sandbox.refusals.0.when: parameters has no member 'too'. Did you mean 'to'?",
    ),
]


@pytest.mark.parametrize(("option", "mistake"), SENDS.items())
def test_a_mistake_in_a_send_is_told_at_the_start(option: str, mistake: str) -> None:
    found = mistakes(f"send: {{recipient: to, text: text, {option}}}")

    assert found == [f"POST /own/messages: x-sandbox.send.{mistake}"]


@pytest.mark.parametrize(("parts", "mistake"), OTHERS, ids=lambda each: each[-40:] if isinstance(each, str) else "")
def test_a_mistake_elsewhere_is_told_at_the_start(parts: dict[str, str], mistake: str) -> None:
    [found] = mistakes("", None, **parts)

    assert found.startswith(mistake)
