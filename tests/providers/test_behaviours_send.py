"""The behaviour `send`, option by option: what is read, checked, charged and stored, and what a refusal leaves."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest

from sandbox.core.account import Otp
from sandbox.core.callback import Target
from tests.builders import NOON
from tests.providers.own import GOOD, Own, own, read, why

NUMBER, OTHER = "4917612345678", "4917612345679"


def sent(place: Own) -> list[tuple[str, str | None, str]]:
    return [(each.recipient, each.sender, each.text) for each in place.messages]


PLACES = {
    "a name": ("{recipient: to, sender: from, text: text}", {"to": NUMBER, "from": "A", "text": "x"}),
    "the usual names": ("{}", {"to": NUMBER, "from": "A", "text": "x"}),
    "a pointer": (
        "{recipient: /extra/to, sender: /extra/by, text: /extra/body}",
        {"extra": {"to": NUMBER, "by": "A", "body": "x"}},
    ),
    "a pointer into a list": (
        "{recipient: /extra/0/to, sender: /extra/1, text: text}",
        {"extra": [{"to": NUMBER}, "A"], "text": "x"},
    ),
    "the first that is present": (
        "{recipient: [extra, /all/to], sender: [/all/from, from], text: [text]}",
        {"all": {"to": NUMBER}, "from": "A", "text": "x"},
    ),
    "a query and a header": ("{recipient: to, sender: x-trace, text: mode}", {"to": NUMBER}),
    "templates": (
        "{recipient: to, sender: '{{ settings.title[:1] | replace(\"O\", \"A\") }}', text: '{{ parameters.mode }}'}",
        {"to": NUMBER},
    ),
    "a number as an integer": (
        "{recipient: to, sender: from, text: text}",
        {"to": int(NUMBER), "from": "A", "text": "x"},
    ),
    "spaces around": ("{recipient: to, sender: from, text: text}", {"to": f" {NUMBER}\n", "from": "A", "text": "x"}),
}


@pytest.mark.parametrize(("places", "body"), PLACES.values(), ids=PLACES)
def test_a_field_is_read_from_its_place(places: str, body: object) -> None:
    place = own(f"send: {places}")
    place.send(body, query="?mode=x", headers={"x-key": "k1", "x-trace": "A"})

    assert sent(place) == [(NUMBER, "A", "x")]


RECIPIENTS = {
    "a list": ("recipient: to", {"to": [NUMBER, OTHER]}),
    "a list of integers": ("recipient: to", {"to": [int(NUMBER), int(OTHER)]}),
    "a text with commas": ("recipient: to", {"to": f"{NUMBER}, {OTHER},"}),
    "a separator": ("recipient: to, separator: ';'", {"to": f"{NUMBER};{OTHER}"}),
    "members of a list": ("recipient: /extra/number", {"extra": [{"number": NUMBER}, {}, {"number": OTHER}]}),
    "members of lists in a list": (
        "recipient: /extra/to/number",
        {"extra": [{"to": [{"number": NUMBER}]}, {"to": [{"number": OTHER}]}]},
    ),
    "rows": ("rows: rows, recipient: to", {"rows": [{"to": NUMBER}, {"to": [OTHER]}, {}]}),
}


@pytest.mark.parametrize(("places", "body"), RECIPIENTS.values(), ids=RECIPIENTS)
def test_a_refused_request_names_the_recipients_that_it_would_have_had(places: str, body: dict[str, object]) -> None:
    operation = own(f"send: {{{places}, text: text}}").packs["own"].spec.operations["own.send"]
    recipients = [each.recipient for each in operation.message.messages(body)]

    assert [*filter(None, recipients)] == [NUMBER, OTHER]


def test_a_rule_meets_each_recipient_of_a_request_that_its_schema_refuses() -> None:
    scenario = f"rules: [{{when: {{to: '{OTHER}', valid: any}}, then: {{error: server-error}}}}]"
    place = own("send: {recipient: to, separator: '<', text: text}", scenario=scenario)

    assert place.send({"to": f"{NUMBER}<{OTHER}", "text": 5}).status == 500


@pytest.mark.parametrize(("places", "body"), RECIPIENTS.values(), ids=RECIPIENTS)
def test_several_recipients_are_several_messages(places: str, body: dict[str, object]) -> None:
    place = own(f"send: {{{places}, text: text, reply: {{body: {{count: '{{{{ send.count }}}}'}}}}}}")
    reply = place.send({"text": "x", **body})

    assert (read(reply), sent(place)) == ({"count": 2}, [(NUMBER, None, "x"), (OTHER, None, "x")])


def test_repeated_form_fields_are_several_recipients() -> None:
    place = own()
    place.send({"to[]": [NUMBER, OTHER], "text": "ü €"}, form=True)

    assert sent(place) == [(NUMBER, None, "ü €"), (OTHER, None, "ü €")]


def test_a_row_overrides_what_rows_share_and_that_overrides_the_request() -> None:
    place = own("send: {rows: rows, common: all, recipient: to, sender: from, text: text}")
    rows = [{"to": NUMBER, "text": "own"}, {"to": OTHER, "from": "B"}]
    place.send({"rows": rows, "all": {"text": "shared", "from": "A"}, "text": "outer"})

    assert sent(place) == [(NUMBER, "A", "own"), (OTHER, "B", "shared")]


NOBODY = [{}, {"to": ""}, {"to": None}, {"to": []}, {"to": [""]}, {"to": ","}, {"to": {"a": 1}}]


@pytest.mark.parametrize("options", ["", ", invalid_recipients: drop", ", callback_url: extra"])
@pytest.mark.parametrize("body", NOBODY, ids=str)
def test_a_request_without_a_recipient_is_refused(body: dict[str, object], options: str) -> None:
    place = own(f"send: {{recipient: to, text: text{options}}}")
    reply = place.send({"text": "x", **body})

    reason = "to: has no recipient"
    assert (why(reply), place.messages) == ((400, {"error": reason}, reason), [])


def test_a_request_without_rows_is_refused() -> None:
    place = own("send: {rows: rows, recipient: to, text: text}")

    assert [place.send({"rows": rows, "text": "x"}).status for rows in ([], [{"to": ""}], ["x"])] == [400, 400, 400]


IDS = {
    "uuid": r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",
    "ulid": r"[0-7][0-9A-HJKMNP-TV-Z]{25}",
    "digits": r"[1-9]\d{11}",
    "hex": r"[0-9a-f]{32}",
    "alphanumeric": r"[A-Za-z0-9]{22}",
    "{kind: digits, length: 6}": r"[1-9]\d{5}",
    "{kind: hex, length: 64, prefix: SM}": r"SM[0-9a-f]{64}",
    "{kind: alphanumeric, length: 8, prefix: a-}": r"a-[A-Za-z0-9]{8}",
    "{kind: uuid, per: recipient}": r"[0-9a-f-]{36}",
    "{kind: digits, per: request}": r"[1-9]\d{11}-\d",
}


@pytest.mark.parametrize(("kind", "pattern"), IDS.items())
def test_an_id_has_its_form_and_is_the_same_for_the_same_seed(kind: str, pattern: str) -> None:
    def make(seed: int) -> list[str]:
        place = own(f"send: {{recipient: to, text: text, id: {kind}}}", seed=seed)
        place.send({**GOOD, "to": [NUMBER, OTHER]})
        place.send()
        return [each.id for each in place.messages]

    found = make(7)

    assert [re.fullmatch(pattern, each) is not None for each in found] == [True] * 3
    assert (len(set(found)), make(7) == found, make(8) == found) == (3, True, False)


def test_the_messages_of_a_request_share_its_id() -> None:
    place = own(
        "send: {recipient: to, text: text, id: {kind: hex, length: 12, prefix: B, per: request}, reply: {body: "
        "{batch: '{{ send.id }}', first: '{{ message.id }}'}}}"
    )
    body = read(place.send({**GOOD, "to": [NUMBER, OTHER]}))

    assert [each.id for each in place.messages] == [f"{body['batch']}-1", f"{body['batch']}-2"]
    assert body["first"] == f"{body['batch']}-1"


@pytest.mark.parametrize("per", ["recipient", "request"])
def test_a_short_id_is_never_given_twice(per: str) -> None:
    place = own(f"send: {{recipient: to, text: text, id: {{kind: digits, length: 6, per: {per}}}}}")
    for _ in range(20):
        place.send({**GOOD, "to": [NUMBER] * 100})

    assert len({each.id for each in place.messages}) == 2000


PRICES = {
    "a message": ("{amount: 0.5, balance: EUR}", "x" * 200, "9.00"),
    "a segment": ("{amount: 0.5, per: segment, balance: EUR}", "x" * 200, "8.00"),
    "a segment of unicode": ("{amount: 0.5, per: segment, balance: EUR}", "ы" * 71, "8.00"),
    "a setting": ("{amount: settings.price, balance: EUR}", "x", "9.90"),
    "one by default": ("{balance: EUR}", "x", "8.00"),
    "nothing": ("{amount: 0, balance: EUR}", "x", "10.00"),
    "a balance by template": ("{amount: 1, balance: '{{ parameters.mode }}'}", "x", "8.00"),
}


@pytest.mark.parametrize(("price", "text", "left"), PRICES.values(), ids=PRICES)
def test_a_send_is_charged_for_each_recipient(price: str, text: str, left: str) -> None:
    place = own(f"send: {{recipient: to, text: text, price: {price}}}")
    place.send({"to": [NUMBER, OTHER], "text": text}, query="?mode=EUR")

    assert (place.account.balance["EUR"], place.account.balance["SMS"]) == (Decimal(left), Decimal(5))


def test_a_send_that_the_balance_does_not_pay_leaves_nothing() -> None:
    place = own("send: {recipient: to, text: text, make_code: {digits: 4}, price: {amount: 6, balance: EUR}}")
    replies = [place.send({**GOOD, "to": [NUMBER, OTHER]}), place.send()]

    assert [(each.status, each.headers.get("X-Sandbox-Why")) for each in replies] == [
        (402, "account: its balance of 10.00 EUR is below the price of 2 messages, 12"),
        (201, None),
    ]
    assert (len(place.messages), len(place.world.otps), place.account.balance["EUR"]) == (1, 1, Decimal("4.00"))


def test_a_balance_that_the_account_lacks_is_a_refusal() -> None:
    place = own("send: {recipient: to, text: text, price: {balance: '{{ parameters.mode }}'}}")

    assert place.send(query="?mode=YEN").headers["X-Sandbox-Why"] == "account: has no balance 'YEN', but EUR, SMS"


def test_the_price_of_a_text_counts_the_code_and_not_what_it_replaces() -> None:
    place = own(
        "send: {recipient: to, text: text, price: {amount: 1, per: segment, balance: EUR}, "
        "make_code: {digits: 4, replaces: '{#otp#}'}}"
    )
    place.send({**GOOD, "text": "x" * 156 + "{#otp#}"})

    assert (len(place.messages[0].text), place.account.balance["EUR"]) == (160, Decimal("9.00"))


SENDERS = [
    ("none", "ACME", 201),
    ("none", "X", 201),
    ("known", "NEW", 201),
    ("known", "X", 400),
    ("approved", "ACME", 201),
    ("approved", "NEW", 400),
]


@pytest.mark.parametrize(("check", "sender", "status"), SENDERS)
def test_a_sender_is_checked_as_declared(check: str, sender: str, status: int) -> None:
    place = own(f"send: {{recipient: to, sender: from, text: text, sender_check: {check}}}")

    assert place.send({**GOOD, "from": sender}).status == status


def test_an_unknown_sender_is_named_with_the_row_and_those_that_are_known() -> None:
    place = own("send: {rows: rows, recipient: to, sender: from, text: text, sender_check: approved}")
    reply = place.send(
        {"rows": [{"to": NUMBER, "from": "ACME", "text": "x"}, {"to": OTHER, "from": "NEW", "text": "x"}]}
    )

    assert reply.headers["X-Sandbox-Why"] == (
        "[1].sender: 'NEW' is not an approved sender of this account, which has: ACME"
    )


STOPPED = {"to": ["+4917600000099", NUMBER], "text": "x"}


@pytest.mark.parametrize(
    ("word", "statuses"),
    [("", ["rejected", "delivered"]), ("reject", ["rejected", "delivered"]), ("ignore", ["delivered", "delivered"])],
)
def test_a_stopped_number_is_accepted_and_rejected_later(word: str, statuses: list[str]) -> None:
    place = own(f"send: {{recipient: to, text: text{word and ', stop_list: ' + word}}}")
    place.send(STOPPED)
    place.advance()

    assert [each.status for each in place.messages] == statuses


def test_a_stopped_number_is_refused_if_the_document_says_so() -> None:
    place = own("send: {recipient: to, text: text, stop_list: refuse}")

    assert (place.send(STOPPED).headers["X-Sandbox-Why"], place.messages) == (
        "recipient: '+4917600000099' is on the stop list of the account",
        [],
    )


INVALID = {"to": [NUMBER, "12", "0761234567"], "text": "x"}
DROPS = """
send: {recipient: to, text: text, invalid_recipients: drop, price: {balance: SMS}, reply: {body: {
  sent: {x-each: message in messages, x-value: "{{ message.to }}"},
  refused: {x-each: each in refused, number: "{{ each.to }}", why: "{{ each.why }}"}}}}
"""
WHY = "to: '12' is not a phone number: it has 2 digits, but numbers have at least 7"


def test_invalid_recipients_are_dropped_and_told() -> None:
    place = own(DROPS)
    reply = place.send(INVALID)
    body = read(reply)

    assert (body["sent"], [each["number"] for each in body["refused"]]) == ([NUMBER], ["12", "0761234567"])
    assert (place.account.balance["SMS"], len(place.messages)) == (Decimal(4), 1)
    assert reply.headers["X-Sandbox-Why"].startswith(f"{body['refused'][0]['why']}, so it is dropped")


def test_a_request_whose_recipients_are_all_invalid_is_refused() -> None:
    assert own(DROPS).send({"to": ["12"], "text": "x"}).status == 400


def test_one_invalid_recipient_refuses_the_request_if_the_document_says_so() -> None:
    place = own("send: {recipient: to, text: text, invalid_recipients: refuse}")

    assert (place.send(INVALID).status, place.messages) == (400, [])


SCHEDULES = {
    "the format of the document": ("extra", "2026-03-02T13:00:00+00:00"),
    "iso with a zone": ("{at: extra, format: iso, zone: Europe/Berlin}", "2026-03-02T14:00:00"),
    "iso-seconds": ("{at: extra, format: iso-seconds}", "2026-03-02T13:00:00Z"),
    "unix": ("{at: extra, format: unix}", 1772456400),
    "unix as a text": ("{at: extra, format: unix}", "1772456400"),
    "unix-ms": ("{at: extra, format: unix-ms}", 1772456400000),
    "rfc2822": ("{at: extra, format: rfc2822}", "Mon, 02 Mar 2026 14:00:00 +0100"),
    "a pattern in a zone that is a setting": (
        "{at: extra, format: '%d/%m/%Y %H:%M', zone: settings.zone}",
        "02/03/2026 18:30",
    ),
    "a place of several": ("{at: [/all/extra, extra], format: unix, limit: 1h}", 1772456400),
}


@pytest.mark.parametrize(("schedule", "value"), SCHEDULES.values(), ids=SCHEDULES)
def test_a_message_is_scheduled_in_the_format_that_the_document_names(schedule: str, value: object) -> None:
    place = own(f"send: {{recipient: to, text: text, schedule: {schedule}}}")
    place.send({**GOOD, "extra": value})
    [before] = place.messages
    place.advance(timedelta(hours=1, seconds=10))

    due = NOON + timedelta(hours=1)
    assert (before.scheduled_for, before.status, place.messages[0].status) == (due, "scheduled", "delivered")


WRONG_TIMES = {
    "no time": ("extra", "soon", "extra: 'soon' is not a time in the format iso"),
    "true": ("{at: extra, format: unix}", True, "extra: true is not a time in the format unix"),
    "a list": ("extra", [1], "extra: [1] is not a time in the format iso"),
    "too large a number": (
        "{at: extra, format: unix}",
        99999999999999,
        "extra: 99999999999999 is not a time in the format unix",
    ),
    "now": (
        "extra",
        "2026-03-02T12:00:00Z",
        "extra: '2026-03-02T12:00:00Z' is not later than now, 2026-03-02T12:00:00.000Z",
    ),
    "beyond the limit": (
        "{at: extra, format: unix, limit: 30m}",
        1772456400,
        "extra: 1772456400 is more than 30m ahead",
    ),
}


@pytest.mark.parametrize(("schedule", "value", "reason"), WRONG_TIMES.values(), ids=WRONG_TIMES)
def test_a_time_that_cannot_be_is_refused(schedule: str, value: object, reason: str) -> None:
    place = own(f"send: {{recipient: to, text: text, schedule: {schedule}}}")

    assert (why(place.send({**GOOD, "extra": value})), place.messages) == ((400, {"error": reason}, reason), [])


@pytest.mark.parametrize("value", [None, ""])
def test_a_message_without_a_time_is_sent_now(value: object) -> None:
    place = own("send: {recipient: to, text: text, schedule: extra}")
    place.send({**GOOD, "extra": value})

    assert place.messages[0].status == "queued"


def test_a_message_takes_its_own_target_along() -> None:
    place = own("send: {recipient: to, text: text, callback_url: extra}", target=Target("http://h/all"))
    place.send({**GOOD, "extra": "http://h/own?id={id}"})
    place.send()
    place.advance()

    assert [str(each.url) for each in place.callbacks()] == ["http://h/own?id={id}", "http://h/all"]


def test_each_row_takes_its_own_target_along_and_a_wrong_one_is_refused() -> None:
    place = own("send: {rows: rows, recipient: to, text: text, callback_url: extra}")
    rows = [{"to": NUMBER, "extra": "http://h/1"}, {"to": OTHER, "extra": "ftp://h/2"}]
    refused = place.send({"rows": rows, "text": "x"})
    rows[1]["extra"] = "http://h/2"
    place.send({"rows": rows, "text": "x"})
    place.advance()

    assert why(refused)[2] == "[1].extra: 'ftp://h/2' is not an http or https URL"
    assert [str(each.url) for each in place.callbacks()] == ["http://h/1", "http://h/2"]


def test_values_are_kept_with_a_message_as_texts() -> None:
    place = own(
        "send: {rows: rows, recipient: to, text: text, keep: {ref: extra, trace: x-trace, none: mode, "
        "path: '{{ request.method }} {{ request.path }}'}}"
    )
    place.send(
        {"rows": [{"to": NUMBER, "extra": 7}, {"to": OTHER}], "text": "x", "extra": "all"},
        headers={"x-key": "k", "x-trace": "t"},
    )

    both = {"path": "POST /own/messages", "trace": "t"}
    assert [each.data for each in place.messages] == [{"ref": "7", **both}, {"ref": "all", **both}]


CODES = {
    "replaced": ("make_code: {digits: 4, replaces: '{#otp#}'}", "text", "Code {#otp#}.", r"Code (\d{4})\."),
    "in a template": ("make_code: {digits: 12}", "'Your code: {{ code }}'", "", r"Your code: (\d{12})"),
    "of the request": ("code: extra", "'Your code: {{ code }}'", "", r"Your code: (77)"),
    "of the request, else made": ("code: mode, make_code: {}", "'Code {{ code }}'", "", r"Code (\d{6})"),
    "as many digits as asked for": ("make_code: {digits: {at: extra}}", "'{{ code }}'", "", r"(\d{12})"),
    "as many digits as usual": ("make_code: {digits: {at: mode, default: 5}}", "'{{ code }}'", "", r"(\d{5})"),
}


@pytest.mark.parametrize(("options", "text", "given", "pattern"), CODES.values(), ids=CODES)
def test_the_provider_makes_a_code_for_each_recipient(options: str, text: str, given: str, pattern: str) -> None:
    place = own(f"send: {{recipient: to, text: {text}, {options}}}")
    place.send({"to": [NUMBER, OTHER], "text": given, "extra": 77})

    codes = [re.fullmatch(pattern, each.text) for each in place.messages]
    assert [found and found[1] for found in codes] == [each.code for each in place.messages]


EXPIRY = {
    "ten minutes by default": ("", timedelta(minutes=10)),
    "declared": ("expires: 90s", timedelta(seconds=90)),
    "minutes of the request": ("expires: {at: extra}", timedelta(minutes=3)),
    "seconds of the request": ("expires: {at: extra, unit: seconds}", timedelta(seconds=3)),
    "hours of the request": ("expires: {at: extra, unit: hours}", timedelta(hours=3)),
    "absent in the request": ("expires: {at: mode, default: 5m}", timedelta(minutes=5)),
}


@pytest.mark.parametrize(("expires", "after"), EXPIRY.values(), ids=EXPIRY)
def test_a_code_expires_as_declared(expires: str, after: timedelta) -> None:
    place = own(f"send: {{recipient: to, text: text, make_code: {{{expires}}}}}")
    place.send({**GOOD, "extra": 3})

    [otp] = place.world.otps.values()
    assert otp == Otp("own", "k1", NUMBER, str(place.messages[0].code), NOON + after, 1)


LONG = {
    "a reply for each": "reply: {body: {ids: {x-each: message in messages, x-value: '{{ message.id }}'}}}",
    "a count by template": "reply: {body: {count: '{{ messages | length }}'}}",
    "a template that is kept": "keep: {a: '{{ parameters.text | upper }}'}",
    "a long stop list": "stop_list: reject",
}


@pytest.mark.parametrize("option", LONG.values(), ids=LONG)
def test_thousands_of_recipients_are_within_the_limits_of_a_reply(option: str) -> None:
    stopped = ", ".join(f"'{4917600000000 + each}'" for each in range(1000))
    top = f"account: {{balance: {{EUR: '1'}}, stop_list: [{stopped}]}}"
    place = own(f"send: {{recipient: to, text: text, {option}}}", top=top)

    assert place.send({**GOOD, "to": [str(4917600000000 + each) for each in range(3000)]}).status == 201
