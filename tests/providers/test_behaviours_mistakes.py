"""Each mistake that a document can make in a behaviour is told at the start, with what would be right."""

from collections.abc import Callable

import pytest

from tests.providers.own import SEND, Node, mistakes, put

SOON = "'soon' is not a duration; write 200ms, 5s, 2m, 1h30m, 1d or a number of seconds"
IN_SEND = "POST /own/messages: x-sandbox.send."
SENDS = {
    "an unknown key": ("txt: text", "txt: send has no key 'txt'. Did you mean 'text'?"),
    "an unknown place": ("text: txt", "text: unknown parameter 'txt'. Did you mean 'text'?"),
    "no place": (
        "recipient: 7",
        "recipient: 7 is neither a parameter nor a JSON pointer; write one such as recipient or /recipient",
    ),
    "an empty separator": (
        "separator: ''",
        "separator: is empty; write what stands between two recipients, such as ','",
    ),
    "a kind of id": ("id: guid", "id: unknown kind of id 'guid'. Did you mean 'uuid'?"),
    "an id without a kind": (
        "id: {length: 8}",
        "id.kind: is missing; write one of uuid, ulid, digits, hex, alphanumeric",
    ),
    "an id too short": ("id: {kind: hex, length: 5}", "id.length: 5 is not valid; write a length from 6 to 64"),
    "an id with a length of its own": (
        "id: {kind: uuid, length: 8}",
        "id.length: 8 is not valid; write no length, as a uuid has one",
    ),
    "for what an id is made": (
        "id: {kind: uuid, per: message}",
        "id.per: unknown word for what an id is made 'message'. Available: recipient, request.",
    ),
    "a price without a balance": (
        "price: {amount: 1}",
        "price.balance: is missing; write the balance that pays, such as EUR",
    ),
    "an unknown balance": (
        "price: {balance: USD}",
        "price.balance: unknown balance 'USD'. Available: EUR, SMS.",
    ),
    "an unknown setting": (
        "price: {amount: settings.prise, balance: EUR}",
        "price.amount: there is no setting 'prise'. Did you mean 'price'?",
    ),
    "a setting that is no amount": (
        "price: {amount: settings.title, balance: EUR}",
        "price.amount: the setting 'title' is 'Ours', not an amount of 0 or more",
    ),
    "an amount below 0": (
        "price: {amount: -1, balance: EUR}",
        "price.amount: -1 is not an amount of 0 or more, nor a setting such as settings.price",
    ),
    "a unit": (
        "price: {per: text, balance: EUR}",
        "price.per: unknown unit of a price 'text'. Available: message, segment.",
    ),
    "a sender check": (
        "sender_check: all",
        "sender_check: unknown sender check 'all'. Available: approved, known, none.",
    ),
    "a word for stopped numbers": (
        "stop_list: drop",
        "stop_list: unknown word for stopped numbers 'drop'. Available: ignore, refuse, reject.",
    ),
    "a word for invalid recipients": (
        "invalid_recipients: reject",
        "invalid_recipients: unknown word for invalid recipients 'reject'. Available: allow, drop, refuse.",
    ),
    "a schedule without a place": (
        "schedule: {format: unix}",
        "schedule.at: is missing; write the parameter that has the time",
    ),
    "a format of times": (
        "schedule: {at: extra, format: epoch}",
        (
            "schedule.format: 'epoch' is not a format; write iso, iso-seconds, unix, unix-ms, rfc2822, or a pattern "
            "such as %Y-%m-%d %H:%M:%S"
        ),
    ),
    "a zone": (
        "schedule: {at: extra, zone: Berlin}",
        "schedule.zone: 'Berlin' is not a time zone; write UTC or one such as Europe/Berlin",
    ),
    "a setting that is no zone": (
        "schedule: {at: extra, zone: settings.title}",
        "schedule.zone: 'Ours' is not a time zone; write UTC or one such as Europe/Berlin",
    ),
    "a limit": ("schedule: {at: extra, limit: soon}", f"schedule.limit: {SOON}"),
    "a count of digits": (
        "make_code: {digits: 2}",
        "make_code.digits: 2 is not a number of digits from 3 to 12",
    ),
    "an expiry": ("make_code: {expires: soon}", f"make_code.expires: {SOON}"),
    "a unit of an expiry": (
        "make_code: {expires: {at: extra, unit: days}}",
        "make_code.expires.unit: unknown unit 'days'. Available: hours, minutes, seconds.",
    ),
    "a code that nobody makes": (
        "text: '{{ code }}'",
        (
            "text: no template variable is called 'code'. Available: account, fake, now, parameters, request, "
            "settings, ulid, uuid."
        ),
    ),
    "a variable": (
        "reply: {body: {id: '{{ mesage.id }}'}}",
        "reply.body.id: no template variable is called 'mesage'. Did you mean 'message'?",
    ),
    "a member": (
        "reply: {body: {id: '{{ message.ids }}'}}",
        "reply.body.id: message has no member 'ids'. Did you mean 'id'?",
    ),
    "a member in an expression": (
        "reply: {body: {id: '{{ message.ids | upper }}'}}",
        "reply.body.id: message has no member 'ids'. Did you mean 'id'?",
    ),
    "a parameter": (
        "reply: {body: {id: '{{ parameters.txt }}'}}",
        "reply.body.id: parameters has no member 'txt'. Did you mean 'text'?",
    ),
    "a setting in a template": (
        "reply: {body: '{{ settings.titel }}'}",
        "reply.body: settings has no member 'titel'. Did you mean 'title'?",
    ),
    "a template that does not parse": (
        "reply: {body: '{{ message.id'}",
        "reply.body: the template does not parse: unexpected end of template, expected 'end of print statement'.",
    ),
    "a loop": (
        "reply: {body: {x-each: messages}}",
        "reply.body.x-each: is not a loop; write NAME in LIST, such as message in messages",
    ),
    "a loop that takes the name of a variable": (
        "reply: {body: {x-each: account in parameters.rows, x-value: 1}}",
        "reply.body.x-each: 'account' is a variable already; give the items another name",
    ),
    "a loop over other messages": (
        "reply: {body: {x-each: message in parameters.rows, x-value: 1}}",
        "reply.body.x-each: 'message' is a variable already; give the items another name",
    ),
    "a key that is nearly one": (
        "reply: {body: {x-eac: message in messages}}",
        "reply.body.x-eac: is this a member of the body? Did you mean 'x-each'?",
    ),
    "a status": ("reply: {status: 99}", "reply.status: 99 is not an HTTP status; write one from 200 to 599"),
    "a header": ("reply: {headers: {a b: c}}", "reply.headers.a b: invalid header name 'a b'"),
    "a header of the server": (
        "reply: {headers: {Content-Length: '1'}}",
        "reply.headers.Content-Length: the server sets Content-Length itself",
    ),
}


@pytest.mark.parametrize(("option", "mistake"), SENDS.values(), ids=SENDS)
def test_a_mistake_in_a_send_is_told_with_what_would_be_right(option: str, mistake: str) -> None:
    places = "recipient: to, text: text, "
    for name in ("recipient", "text"):
        if option.startswith(name):
            places = places.replace(f"{name}: {'to' if name == 'recipient' else name}, ", "")

    assert mistakes(f"send: {{{places}{option}}}") == [f"{IN_SEND}{mistake}"]


LISTS = {
    "a field to filter by": ("filters: {to: recipient}", "filters.to: a message has no member 'recipient'"),
    "a field that is no value": ("filters: {to: data}", "filters.to: 'data' is no single value; write data.NAME"),
    "a field to sort by": ("sort: {fields: {to: token}}", "sort.fields.to: 'token' is no value"),
    "a default": (
        "sort: {fields: {to: to}, default: at}",
        "sort.default: unknown field of `fields` 'at'. Available: to.",
    ),
    "an order": ("sort: {order: up}", "sort.order: unknown order 'up'. Available: asc, desc."),
    "a size": ("page: {default: 0}", "page.default: 0 is not a size from 1 to 1000"),
    "a place": ("page: {number: pge}", "page.number: unknown parameter 'pge'. Did you mean 'page'?"),
    "a channel": ("channel: smss", "channel: unknown channel 'smss'. Did you mean 'sms'?"),
    "a key": ("filter: {to: to}", "filter: messages has no key 'filter'. Did you mean 'filters'?"),
}


@pytest.mark.parametrize(("option", "mistake"), LISTS.values(), ids=LISTS)
def test_a_mistake_in_a_list_is_told(option: str, mistake: str) -> None:
    [found] = mistakes(list=f"messages: {{{option}}}")

    assert found.startswith(f"GET /own/list: x-sandbox.messages.{mistake}")


OTHERS: dict[str, tuple[dict[str, str], str]] = {
    "a message without an id": (
        {"get": "message: {reply: {}}"},
        "GET /own/messages/{id}: x-sandbox.message.id: is missing; write the parameter that has the id of the message",
    ),
    "what a message is found by": (
        {"get": "message: {id: id, by: ref}"},
        "GET /own/messages/{id}: x-sandbox.message.by: 'ref' is not what a message is found by; write id, request or",
    ),
    "a check without a code": (
        {"list": "code.check: {recipient: to}"},
        "GET /own/list: x-sandbox.code.check.code: is missing; write the parameter that has the code",
    ),
    "a setting that is no count": (
        {"list": "code.check: {recipient: to, code: by, tries: settings.title}"},
        "GET /own/list: x-sandbox.code.check.tries: the setting 'title' is 'Ours', not a number of tries",
    ),
    "two behaviours": (
        {"list": "balance: {}\nmessages: {}"},
        "GET /own/list: x-sandbox: has messages and balance; an operation does one thing",
    ),
    "an unknown check": (
        {"top": "refusals: [{check: ballance, error: odd}]"},
        "x-sandbox.refusals.0.check: unknown check 'ballance'. Did you mean 'balance'?",
    ),
    "an unknown error": (
        {"top": "refusals: [{check: schema, error: od}]"},
        (
            "x-sandbox.refusals.0.error: the document has no error 'od'; add an example of that name with an x-code to "
            "a response. Did you mean 'odd'?"
        ),
    ),
    "a condition without a template": (
        {"top": "refusals: [{when: 'true', error: odd}]"},
        (
            "x-sandbox.refusals.0.when: is not a template; write a condition such as "
            '"{{ parameters.to == parameters.from }}"'
        ),
    ),
    "a condition on what no operation has": (
        {"top": "refusals: [{when: '{{ parameters.too }}', error: odd}]"},
        "x-sandbox.refusals.0.when: parameters has no member 'too'. Did you mean 'to'?",
    ),
    "a condition on what the operation has not": (
        {"list": "messages: {}\nrefusals: [{when: '{{ parameters.text }}', error: odd}]"},
        "GET /own/list: x-sandbox.refusals.0.when: parameters has no member 'text'.",
    ),
    "parameters of another check": (
        {"top": "refusals: [{check: balance, error: odd, parameters: [to]}]"},
        "x-sandbox.refusals.0.parameters: only the check schema has parameters and rules",
    ),
    "a credential": (
        {"top": "credential: digest"},
        "x-sandbox.credential: 'digest' is not a credential; write one such as {header: x-api-key}, basic or bearer",
    ),
    "a credential in two places": (
        {"top": "credential: {header: a, query: b}"},
        "x-sandbox.credential: has header and query; write one of header, query, body, path, basic, bearer, any, all;",
    ),
    "a prefix of no header": (
        {"top": "credential: {query: a, prefix: b}"},
        "x-sandbox.credential.prefix: only a header has a prefix",
    ),
    "a method": (
        {"callback": "{method: DELETE}"},
        "x-sandbox.channels.sms.callback.method: unknown method 'DELETE'. Available: GET, PATCH, POST, PUT.",
    ),
    "a body of a GET": (
        {"callback": "{method: GET, body: {a: 1}}"},
        "x-sandbox.channels.sms.callback.body: a GET has no body; write its parameters below query",
    ),
    "a format": (
        {"callback": "{format: yaml, body: {}}"},
        "x-sandbox.channels.sms.callback.format: unknown format 'yaml'. Available: form, json, text, xml.",
    ),
    "a form that is a text": (
        {"callback": "{format: form, body: a=1}"},
        "x-sandbox.channels.sms.callback.body: a body of the format form is a mapping of its fields",
    ),
    "an XML that is a mapping": (
        {"callback": "{format: xml, body: {a: 1}}"},
        "x-sandbox.channels.sms.callback.body: a body of the format xml is a text",
    ),
    "a hash": (
        {"callback": "{body: {}, signature: {header: X-S, hmac: md5}}"},
        "x-sandbox.channels.sms.callback.signature.hmac: unknown hash 'md5'. Available: sha1, sha256, sha512.",
    ),
    "a signature without a header": (
        {"callback": "{body: {}, signature: {hmac: sha1}}"},
        (
            "x-sandbox.channels.sms.callback.signature.header: is missing; write the header that carries the "
            "signature, such as X-Signature"
        ),
    ),
    "an encoding": (
        {"callback": "{body: {}, signature: {header: X-S, encoding: base32}}"},
        "x-sandbox.channels.sms.callback.signature.encoding: unknown encoding 'base32'. Did you mean 'base64'?",
    ),
    "a variable of signatures alone": (
        {"callback": "{body: {a: '{{ pairs }}'}}"},
        "x-sandbox.channels.sms.callback.body.a: no template variable is called 'pairs'.",
    ),
    "a variable of requests": (
        {"callback": "{body: {a: '{{ parameters.to }}'}}"},
        "x-sandbox.channels.sms.callback.body.a: no template variable is called 'parameters'.",
    ),
    "a retry": (
        {"callback": "{body: {}, retries: [soon]}"},
        f"x-sandbox.channels.sms.callback.retries.0: {SOON}",
    ),
    "a status that is received": (
        {"callback": "{body: {}, received: {status: [20]}}"},
        "x-sandbox.channels.sms.callback.received.status.0: 20 is not an HTTP status",
    ),
    "a template of an error": (
        {"errors": "invalid: {value: {a: '{{ eror.message }}'}, x-code: 1}"},
        "POST /own/messages: responses.400.content.application/json.examples.invalid.value.a: no template variable",
    ),
}


@pytest.mark.parametrize(("parts", "mistake"), OTHERS.values(), ids=OTHERS)
def test_a_mistake_is_told_with_what_would_be_right(parts: dict[str, str], mistake: str) -> None:
    [found] = mistakes("", None, **parts)

    assert found.startswith(mistake)


def without_errors(document: Node) -> None:
    document["paths"]["/own/messages/{id}"]["get"]["responses"].pop("404")


def without_scheduled(document: Node) -> None:
    document["x-sandbox"]["channels"]["sms"]["statuses"].pop("scheduled")
    put(document, (*SEND, "x-sandbox", "send", "schedule"), "extra")


def without_channel(document: Node) -> None:
    del document["paths"]["/own/messages"]["post"]["x-channel"]


def doing_nothing(document: Node) -> None:
    del document["paths"]["/own/list"]["get"]["x-sandbox"]


CHANGES: dict[str, tuple[Callable[[Node], None], str]] = {
    "an error that a check needs": (
        without_errors,
        "GET /own/messages/{id}: x-sandbox.message: the document has no error 'not-found' for the check message",
    ),
    "a status that a schedule needs": (
        without_scheduled,
        "POST /own/messages: x-sandbox.send.schedule: the channel sms has no status scheduled; add it to its statuses",
    ),
    "a send without a channel": (
        without_channel,
        "POST /own/messages: x-sandbox.send: the operation sends, but has no x-channel; add x-channel to it",
    ),
    "an operation that does nothing": (doing_nothing, "GET /own/list: own.list does not say what it does"),
}


@pytest.mark.parametrize(("change", "mistake"), CHANGES.values(), ids=CHANGES)
def test_what_a_behaviour_needs_is_a_mistake_if_it_is_missing(change: Callable[[Node], None], mistake: str) -> None:
    [found] = mistakes(change=change)

    assert found.startswith(mistake)
