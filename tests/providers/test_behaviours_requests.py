"""Credentials, the order of refusals, and errors, as a document declares them."""

from base64 import b64encode
from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from tests.providers.own import GOOD, KEY, SEND, Node, Own, own, put, read, why


def basic(text: str) -> dict[str, str]:
    return {"Authorization": f"Basic {b64encode(text.encode()).decode()}"}


CREDENTIALS = {
    "header": ("{header: x-mine}", {"x-mine": "k"}, ""),
    "header with a prefix": ("{header: Authorization, prefix: 'App '}", {"authorization": "app k"}, ""),
    "query": ("{query: mode}", {}, "?mode=k"),
    "body": ("{body: text}", {}, ""),
    "a pointer into the body": ("{body: /extra/key}", {}, ""),
    "basic": ("basic", basic("k:s"), ""),
    "basic without a password": ("basic", basic("k:"), ""),
    "bearer": ("bearer", {"authorization": "Bearer k"}, ""),
    "any, the first": ("{any: [{query: mode}, bearer]}", {}, "?mode=k"),
    "any, the second": ("{any: [{query: mode}, bearer]}", {"authorization": "bearer k"}, ""),
    "all": ("{all: [{header: x-a}, {header: x-b}]}", {"x-a": "k", "x-b": "s"}, ""),
}
BODY = {"to": "4917612345678", "text": "k", "extra": {"key": "k"}}


@pytest.mark.parametrize(("credential", "headers", "query"), CREDENTIALS.values(), ids=CREDENTIALS)
def test_the_key_is_read_from_its_place(credential: str, headers: Mapping[str, str], query: str) -> None:
    place = own(top=f"credential: {credential}")

    assert (place.send(BODY, query=query, headers=headers).status, place.account.key) == (201, "k")


SCHEMES = {
    "a header": ("{type: apiKey, in: header, name: X-Mine}", {"x-mine": "k"}, ""),
    "a query parameter": ("{type: apiKey, in: query, name: mode}", {}, "?mode=k"),
    "basic": ("{type: http, scheme: basic}", basic("k:s"), ""),
    "bearer": ("{type: http, scheme: Bearer}", {"authorization": "Bearer k"}, ""),
}


@pytest.mark.parametrize(("scheme", "headers", "query"), SCHEMES.values(), ids=SCHEMES)
def test_a_security_scheme_says_where_the_key_is(scheme: str, headers: Mapping[str, str], query: str) -> None:
    place = own(change=lambda d: put(d, ("components", "securitySchemes", "key"), yaml.safe_load(scheme)))

    assert (place.send(headers=headers, query=query).status, place.account.key) == (201, "k")


def test_a_document_without_a_credential_serves_everybody() -> None:
    def without(document: Node) -> None:
        del document["components"], document["security"]

    place = own(change=without)

    assert (place.send(headers={}).status, place.account.key) == (201, "default")


MISSING = {
    "header": ("{header: x-mine}", {}, "header.x-mine: is missing"),
    "an empty header": ("{header: x-mine}", {"x-mine": " "}, "header.x-mine: is missing"),
    "another prefix": (
        "{header: authorization, prefix: 'App '}",
        {"authorization": "Bearer k"},
        "header.authorization: is missing",
    ),
    "a number in the body": ("{body: /extra/number}", {}, "body.extra.number: is missing"),
    "basic that is none": ("basic", {"authorization": "Basic %"}, "header.authorization: is missing"),
    "basic without a user": ("basic", basic(":s"), "header.authorization: is missing"),
    "any": ("{any: [{query: mode}, bearer]}", {}, "query.mode: is missing"),
    "the second of all": ("{all: [{header: x-a}, {header: x-b}]}", {"x-a": "k"}, "header.x-b: is missing"),
}


@pytest.mark.parametrize(("credential", "headers", "reason"), MISSING.values(), ids=MISSING)
def test_a_request_without_a_key_is_told_where_it_belongs(
    credential: str, headers: Mapping[str, str], reason: str
) -> None:
    place = own(top=f"credential: {credential}")
    reply = place.send({**GOOD, "extra": {"number": 7}}, headers=headers)

    assert (why(reply), place.world.accounts) == ((401, {"error": "key"}, reason), {})


@pytest.mark.parametrize(
    ("credential", "first", "other", "at"),
    [
        ("basic", basic("k:one"), basic("k:two"), "header.authorization"),
        ("{all: [{header: x-a}, {header: x-b}]}", {"x-a": "k", "x-b": "1"}, {"x-a": "k", "x-b": "2"}, "header.x-a"),
    ],
)
def test_a_secret_is_that_of_the_first_use(
    credential: str, first: Mapping[str, str], other: Mapping[str, str], at: str
) -> None:
    place = own(top=f"credential: {credential}")
    replies = [place.send(headers=each) for each in (first, other, first)]

    assert ([each.status for each in replies], replies[1].headers["X-Sandbox-Why"]) == (
        [201, 401, 201],
        f"{at}: the account was first used with another secret",
    )


def test_a_path_that_names_another_account_than_the_key_is_refused() -> None:
    place = own(top="credential: {all: [basic, {path: id}]}")
    replies = [place.call("GET", f"/own/messages/{name}", headers=basic("k:s")) for name in ("k", "other")]

    assert [each.status for each in replies] == [404, 401]
    assert replies[1].headers["X-Sandbox-Why"].startswith("path.id: is not the account of the key")


def test_a_refused_request_does_not_set_the_secret() -> None:
    place = own(top="credential: basic")
    place.send({}, headers=basic("k:wrong"))

    assert (dict(place.world.accounts), place.send(headers=basic("k:right")).status) == ({}, 201)


CLOSED = "accounts: {own: {k1: {closed: true}}}"


def strict(document: Node) -> None:
    """Require a text of digits and a text, in every content type."""
    for content in document["paths"]["/own/messages"]["post"]["requestBody"]["content"].values():
        schema = content["schema"]
        schema["required"] = ["to", "text"]
        schema["properties"] |= {
            "to": {"type": "string", "pattern": r"^\d+$"},
            "text": {"type": "string", "maxLength": 5},
        }


MORE = """
no-key: {value: {error: no key}, x-code: 1}
bad-to: {value: {error: "{{ error.parameter }}", message: to}, x-code: 2}
too-long: {value: {error: too long}, x-code: 3}
poor: {value: {error: "{{ error.code }} {{ error.name }} {{ error.status }}"}, x-code: P4}
same: {value: {error: same}, x-code: 5}
"""
ORDER = """
- {check: schema, parameters: [to], error: bad-to, message: "{{ why[0] }}!"}
- {check: missing-key, error: no-key}
- {check: schema, rules: [maxLength], error: too-long}
- {when: "{{ parameters.to == parameters.from }}", error: same, why: "to: is the sender {{ parameters.from }}"}
- {check: balance, error: poor}
"""
SENDS = "send: {recipient: to, sender: from, text: text, price: {balance: '{{ parameters.mode }}'}}"
POOR = {"error": "P4 poor 400"}
REFUSALS = {
    "the first of two": (
        {"to": "x", "text": "too long"},
        {},
        (400, {"error": "to", "message": "body.to: 'x' does not match ^\\d+$!"}),
        ["body.to", "header.x-key", "body.text"],
    ),
    "the second": ({"to": "1", "text": "too long"}, {}, (400, {"error": "no key"}), ["header.x-key", "body.text"]),
    "by the rule": ({"to": "1", "text": "too long"}, KEY, (400, {"error": "too long"}), ["body.text"]),
    "by another rule": ({"to": "1"}, KEY, (400, {"error": "body.text: is missing"}), ["body.text"]),
    "by a condition": (
        {"to": "1", "from": "1", "text": "x"},
        KEY,
        (400, {"error": "same"}),
        ["to: is the", "account"],
    ),
    "by a balance": ({"to": "1", "text": "x"}, KEY, (400, POOR), ["account"]),
}


@pytest.mark.parametrize("where", ["operation", "document"])
@pytest.mark.parametrize(("body", "headers", "reply", "reasons"), REFUSALS.values(), ids=REFUSALS)
def test_a_request_is_refused_by_the_first_check_that_finds_a_reason(
    body: Node, headers: Mapping[str, str], reply: tuple[int, object], reasons: list[str], where: str
) -> None:
    listed = f"refusals: {ORDER}"
    if where == "document":
        place = own(SENDS, top=listed, errors=MORE, change=strict)
    else:
        place = own(f"{SENDS}\n{listed}", errors=MORE, change=strict)
    found = place.send(body, headers=headers)

    assert (found.status, read(found)) == reply
    told = found.headers["X-Sandbox-Why"].split("; ")
    assert [each.startswith(reason) for each, reason in zip(told, reasons, strict=True)] == [True] * len(reasons)
    assert (place.messages, place.world.accounts) == ([], {})


def test_the_key_is_checked_before_a_list_that_leaves_it_out() -> None:
    place = own(f"{SENDS}\nrefusals: [{{check: schema, error: odd}}]", change=strict)

    assert why(place.send({}, headers={}))[:2] == (401, {"error": "key"})


def test_a_closed_account_may_have_an_error_of_its_own() -> None:
    errors = "closed-account: {value: {error: closed}, x-code: C}"
    replies = [own(errors=each, scenario=CLOSED).send() for each in ("", errors)]

    assert [read(each) for each in replies] == [{"error": "key"}, {"error": "closed"}]


TRUE = [
    ("a", True),
    ("false", False),
    ("0", False),
    ("", False),
    (0, False),
    (1, True),
    ([], False),
    ([0], True),
    (None, False),
]


@pytest.mark.parametrize(("value", "holds"), TRUE)
def test_a_condition_holds_for_what_is_true(value: object, holds: object) -> None:
    place = own("send: {recipient: to, text: text}\nrefusals: [{when: '{{ parameters.extra }}', error: odd}]")

    assert place.send({**GOOD, "extra": value}).status == (400 if holds else 201)


FAILING = "send: {recipient: to, text: text}\nrefusals: [{when: \"{{ parameters.to.startswith('49') }}\", error: odd}]"


def test_a_condition_that_fails_at_a_wrong_request_leaves_it_to_the_schema() -> None:
    place = own(FAILING, change=strict)

    assert why(place.send({**GOOD, "to": 49}))[:2] == (
        400,
        {"error": "body.to: 49 is a number, not a string"},
    )


def test_a_condition_that_fails_at_a_right_request_is_a_500() -> None:
    reply = own(FAILING).send({**GOOD, "to": 49})

    assert (reply.status, "refusals.0.when: the template failed" in read(reply)["detail"]) == (500, True)


ERRORS: Mapping[str, tuple[str, Any]] = {
    "members": (
        "{a: '{{ error.name }}', c: '{{ error.status }}', d: '{{ error.why }}', e: '{{ error.parameter }}'}",
        {"a": "invalid", "c": 400, "d": ["body.text: is missing"], "e": "text"},
    ),
    "what the request has": (
        "{to: '{{ parameters.to }}', path: '{{ request.path }}', mode: '{{ parameters.mode }}', now: '{{ now }}'}",
        {"to": "7", "path": "/own/messages", "mode": None, "now": "2026-03-02T12:00:00.000Z"},
    ),
    "one for each reason": (
        "{all: {x-each: reason in error.why, x-value: '! {{ reason }}'}}",
        {"all": ["! body.text: is missing"]},
    ),
    "some of it": ("{a: {x-if: '{{ error.parameter }}', x-value: 1}, b: {x-if: '{{ false }}', x-value: 1}}", {"a": 1}),
    "one expression": ("'{{ error.why }}'", ["body.text: is missing"]),
    "nothing of the request": ("{error: fixed}", {"error": "fixed"}),
}


@pytest.mark.parametrize(("body", "value"), ERRORS.values(), ids=ERRORS)
def test_an_error_may_quote_where_and_what(body: str, value: object) -> None:
    place = own(errors=f"invalid: {{value: {body}, x-code: I-1}}", change=strict)

    assert read(place.send({"to": "7"})) == value


def test_an_error_that_is_a_text_is_written_as_a_text() -> None:
    reply = own(errors="invalid: {value: 'ERR {{ error.code }}: {{ error.message }}', x-code: 9}").send({})

    assert reply.body == b"ERR 9: to: has no recipient"


def test_a_scenario_names_an_error_by_its_code() -> None:
    place = own(scenario="rules: [{name: ours, when: {to: '*99'}, then: {error: ODD}}]")

    assert read(place.send({**GOOD, "to": "4917612345699"})) == {"error": "odd"}


def test_an_error_whose_template_fails_is_a_500_with_its_place() -> None:
    detail = read(own(errors="invalid: {value: {a: '{{ 1 // 0 }}'}, x-code: 9}").send({}))["detail"]

    assert "responses.400.content.application/json.examples.invalid.value.a: the template failed" in detail


def test_a_path_may_have_the_key() -> None:
    def in_path(document: Node) -> None:
        get = document["paths"].pop("/own/messages/{id}")
        get["get"]["x-sandbox"] = {"reply": {"body": {"who": "{{ account.key }}"}}}
        document["paths"]["/own/{id}"] = get
        del document["paths"]["/own/messages"], document["paths"]["/own/list"]

    place = own(top="credential: {path: id}", change=in_path)

    assert place.get("/own/k7") == {"who": "k7"}


def test_accounts_are_apart() -> None:
    place = own("send: {recipient: to, text: text, price: {balance: SMS}}")
    for key in ("k1", "k2", "k1"):
        place.send(headers={"x-key": key})

    assert {each.key: str(each.balance["SMS"]) for each in place.world.accounts.values()} == {"k1": "3", "k2": "4"}


def test_a_function_of_a_module_stands_beside_behaviours(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ANN401 - a path
    (tmp_path / "own_functions.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)

    def change(document: Node) -> None:
        document["x-sandbox"]["module"] = "own_functions"
        del document["paths"]["/own/list"]["get"]["x-sandbox"]
        put(document, (*SEND, "x-sandbox", "send", "callback_url"), "extra")

    place: Own = own(change=change)
    place.send({**GOOD, "extra": "http://h/own"})
    place.send({**GOOD, "extra": "ftp://h/own"})
    place.advance()

    assert (place.get("/own/list"), [str(each.url) for each in place.callbacks()]) == ({"count": 1}, ["http://h/own"])


MODULE = """
from sandbox.provider import Provider, Reply

PROVIDER = Provider(
    name="own",
    operations={"own.list": lambda world, call: Reply(200, {"count": len(world.messages)})},
    key=lambda values, headers: headers.get("x-key"),
    authenticate=lambda world, call: None,
)
"""
