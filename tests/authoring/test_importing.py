"""What becomes of each part of a description: behaviours, places, replies, callbacks, errors, credentials, names."""

# ruff: noqa: E501 - rows of tables quote sentences

import json
from pathlib import Path

import pytest

from sandbox.authoring import ImportRefusedError
from tests.authoring.descriptions import (
    COURIER,
    HERON,
    OWL,
    PIGEON,
    Node,
    document,
    imported,
    operations,
    saved,
    small,
)

MULTIPART = (
    "its body is multipart/form-data, and the sandbox reads application/json, application/x-www-form-urlencoded, "
    "application/xml"
)
BEHAVIOURS = ("send", "message", "messages", "balance", "code.check", "reply")


@pytest.mark.parametrize(
    ("path", "proposed"),
    [
        (
            COURIER,
            {
                "GET /v2/messages": "messages",
                "POST /v2/messages": "send",
                "GET /v2/messages/{message_id}": "message",
                "DELETE /v2/messages/{message_id}": "reply",
                "GET /v2/balance": "balance",
            },
        ),
        (
            PIGEON,
            {
                "POST /rest/v1/sms": "send",
                "GET /rest/v1/sms/{smsId}/status": "message",
                "GET /rest/v1/account/balance": "balance",
                "POST /rest/v1/contacts": "reply",
            },
        ),
        (HERON, {"POST /sms/send": "send", "GET /sms/{id}": "message", "GET /balance": "reply"}),
        (OWL, {"POST /verifications": "send", "POST /verifications/check": "code.check"}),
    ],
)
def test_each_operation_is_given_a_behaviour(path: Path, proposed: Node) -> None:
    found = operations(imported(path))

    assert {
        name: next(each for each in BEHAVIOURS if each in node["x-sandbox"]) for name, node in found.items()
    } == proposed


def test_what_is_taken_is_published_and_what_is_guessed_has_a_reason() -> None:
    send = operations(imported(COURIER))["POST /v2/messages"]

    assert (send["x-word"], send["x-source"]) == ("published", "courier.json (Courier SMS API 2.4)")
    assert (send["x-sandbox"]["x-word"], send["x-sandbox"]["x-source"]) == (
        "inferred",
        "POST, the words create message messages send, a recipient at to and a text at text",
    )


@pytest.mark.parametrize(
    ("path", "operation", "send"),
    [
        (
            COURIER,
            "POST /v2/messages",
            {
                "recipient": "to",
                "sender": "from",
                "text": "text",
                "schedule": {"at": "send_at", "format": "iso"},
                "callback_url": "status_url",
                "id": "uuid",
            },
        ),
        (
            PIGEON,
            "POST /rest/v1/sms",
            {
                "recipient": "phone",
                "sender": "sender",
                "text": "message",
                "callback_url": "dlr_url",
                "id": {"kind": "digits", "length": 9},
            },
        ),
        (
            HERON,
            "POST /sms/send",
            {
                "rows": "messages",
                "recipient": "recipient",
                "sender": "sender",
                "text": "body",
                "id": {"kind": "alphanumeric", "length": 16, "per": "request"},
            },
        ),
        (
            OWL,
            "POST /verifications",
            {
                "recipient": "phone_number",
                "callback_url": "callback",
                "id": {"kind": "hex", "length": 32, "prefix": "VE"},
                "make_code": {"digits": 6, "expires": "10m", "replaces": "#code#"},
                "text": "Your code is {{ '#code#' }}",
            },
        ),
    ],
)
def test_a_send_says_where_its_parts_are_and_what_its_ids_look_like(path: Path, operation: str, send: Node) -> None:
    found = operations(imported(path))[operation]["x-sandbox"]["send"]

    assert {key: value for key, value in found.items() if key != "reply"} == send


@pytest.mark.parametrize(
    ("path", "operation", "body"),
    [
        (
            COURIER,
            "POST /v2/messages",
            {
                "id": "{{ message.id }}",
                "to": {"x-each": "message in messages", "x-value": "{{ message.e164 }}"},
                "from": "{{ message.from }}",
                "text": "{{ message.text }}",
                "status": "{{ message.provider_status }}",
                "segments": "{{ message.segments }}",
                "created_at": "{{ message.accepted_at }}",
                "delivered_at": "{{ message.delivered_at }}",
                "error_code": None,
                "links": {"self": "/v2/messages/{{ message.id }}"},
                "note": "a {{ '{{' }}placeholder}} of ours",
            },
        ),
        (
            COURIER,
            "GET /v2/messages",
            {
                "items": {
                    "x-each": "message in messages",
                    "id": "{{ message.id }}",
                    "to": "{{ message.e164 }}",
                    "text": "{{ message.text }}",
                    "status": "{{ message.provider_status }}",
                },
                "total": "{{ page.total }}",
                "page": "{{ page.number }}",
                "has_more": "{{ page.has_next }}",
                "next_page_url": None,
            },
        ),
        (COURIER, "GET /v2/balance", {"balance": "{{ '%.2f' % account.balance.EUR }}", "currency": "EUR"}),
        (
            PIGEON,
            "GET /rest/v1/sms/{smsId}/status",
            {"sms_id": "{{ message.id | int }}", "state": "{{ message.provider_status }}", "changed": "text"},
        ),
        (
            HERON,
            "POST /sms/send",
            {
                "batch_id": "{{ send.id }}",
                "messages": {
                    "x-each": "message in messages",
                    "message_id": "{{ message.id }}",
                    "recipient": "{{ message.msisdn }}",
                    "state": "{{ message.provider_status }}",
                },
            },
        ),
        (
            OWL,
            "POST /verifications/check",
            {
                "to": "{{ code.to }}",
                "status": "{{ 'approved' if code.result == 'right' else 'pending' }}",
                "valid": "{{ code.result == 'right' }}",
            },
        ),
        (PIGEON, "POST /rest/v1/contacts", None),
    ],
)
def test_a_reply_is_its_example_with_what_is_known_filled_in(path: Path, operation: str, body: object) -> None:
    own = operations(imported(path))[operation]["x-sandbox"]
    behaviour = next(own[each] for each in BEHAVIOURS if each in own)

    assert behaviour.get("reply", behaviour).get("body") == body


@pytest.mark.parametrize(
    ("path", "statuses"),
    [
        (
            COURIER,
            {
                "scheduled": "scheduled",
                "queued": "queued",
                "sent": "sent",
                "delivered": "delivered",
                "undelivered": "undelivered",
                "failed": "failed",
            },
        ),
        (
            PIGEON,
            {
                "queued": "ENROUTE",
                "delivered": "DELIVRD",
                "undelivered": "UNDELIV",
                "expired": "EXPIRED",
                "rejected": "REJECTD",
            },
        ),
        (OWL, {"queued": "pending", "sent": "sent", "delivered": "delivered", "failed": "failed"}),
    ],
)
def test_status_words_become_statuses(path: Path, statuses: Node) -> None:
    found = document(imported(path))["x-sandbox"]["channels"]["sms"]["statuses"]

    assert {status: each["says"] for status, each in found.items()} == statuses


@pytest.mark.parametrize(
    ("path", "callback"),
    [
        (
            COURIER,
            {
                "method": "POST",
                "body": {
                    "event": "message.{{ callback.provider_status }}",
                    "message": {
                        "id": "{{ message.id }}",
                        "to": "{{ message.e164 }}",
                        "status": "{{ callback.provider_status }}",
                    },
                    "at": "{{ callback.at }}",
                },
                "x-word": "published",
                "x-source": "courier.json",
            },
        ),
        (
            OWL,
            {
                "method": "POST",
                "format": "form",
                "body": {
                    "sid": "{{ message.id }}",
                    "to": "{{ message.e164 }}",
                    "status": "{{ callback.provider_status }}",
                    "timestamp": "{{ callback.at }}",
                },
                "x-word": "published",
                "x-source": "owl.yaml",
            },
        ),
        (
            HERON,
            {
                "body": {
                    "id": "{{ message.id }}",
                    "status": "{{ callback.provider_status }}",
                    "to": "{{ message.e164 }}",
                    "timestamp": "{{ callback.at }}",
                },
                "x-word": "inferred",
                "x-source": "the description has no delivery report",
            },
        ),
    ],
)
def test_a_callback_or_webhook_becomes_the_delivery_report(path: Path, callback: Node) -> None:
    assert document(imported(path))["x-sandbox"]["channels"]["sms"]["callback"] == callback


def errors(path: Path, operation: str) -> dict[str, tuple[str, object]]:
    """Return the status and the code of each error of an operation."""
    made = imported(path)
    found = {}
    for status, response in operations(made)[operation]["responses"].items():
        name = response.get("$ref", "").rpartition("/")[2]
        node = document(made)["components"]["responses"][name] if name else response
        for content in node.get("content", {}).values():
            rows = content.get("examples", {}).items()
            found.update({label: (status, each["x-code"]) for label, each in rows if "x-code" in each})
    return found


@pytest.mark.parametrize(
    ("path", "operation", "named"),
    [
        (
            COURIER,
            "POST /v2/messages",
            {
                "invalid-recipient": ("400", "E21"),
                "invalid": ("400", "E20"),
                "unknown-key": ("401", "E10"),
                "insufficient-funds": ("402", "E30"),
            },
        ),
        (COURIER, "GET /v2/messages/{message_id}", {"invalid": ("400", "E20"), "not-found": ("404", "404")}),
        (PIGEON, "POST /rest/v1/sms", {"invalid": ("400", 12), "forbidden": ("403", 12)}),
        (PIGEON, "GET /rest/v1/sms/{smsId}/status", {"invalid": ("400", 12), "not-found": ("404", 14)}),
        (HERON, "POST /sms/send", {"invalid": ("400", 1001), "unknown-key": ("401", 1001)}),
        (
            OWL,
            "POST /verifications",
            {"invalid-recipient": ("200", "3"), "insufficient-funds": ("200", "9"), "invalid": ("400", "3")},
        ),
    ],
)
def test_error_replies_are_named_as_refusals_need_them(path: Path, operation: str, named: Node) -> None:
    assert errors(path, operation) == named


@pytest.mark.parametrize(
    ("path", "security", "credential"),
    [
        (COURIER, {"type": "http", "scheme": "bearer"}, None),
        (PIGEON, {"type": "http", "scheme": "basic"}, None),
        (HERON, {"type": "apiKey", "in": "header", "name": "X-Heron-Key"}, None),
        (OWL, None, {"query": "api_key"}),
    ],
)
def test_security_schemes_and_parameters_like_keys_become_the_credential(
    path: Path, security: Node | None, credential: Node | None
) -> None:
    made = document(imported(path))

    schemes = made.get("components", {}).get("securitySchemes", {"": None})
    assert [security and {**security, "x-word": "published", "x-source": path.name}] == [*schemes.values()]
    given = made["x-sandbox"].get("credential", {})
    assert {key: value for key, value in given.items() if not key.startswith("x-")} == (credential or {})


def test_parameters_are_taken_as_the_sandbox_reads_them() -> None:
    found = operations(imported(COURIER))

    schemas = {
        each["name"]: each["schema"]
        for name in ("GET /v2/messages", "POST /v2/messages", "GET /v2/messages/{message_id}")
        for each in found[name]["parameters"]
    }
    assert schemas == {
        "to": {"type": "string"},
        "page": {"type": "integer", "exclusiveMinimum": 0},
        "per_page": {"type": "integer"},
        "tags": {"type": ["array", "string"], "items": {"type": "string"}},
        "Idempotency-Key": {"type": "string", "pattern": r"^-?\d+$"},
        "message_id": {"type": "string", "format": "uuid"},
    }


@pytest.mark.parametrize(
    ("path", "left"),
    [
        (
            COURIER,
            (
                "the words for scheduled: the description has none, so they are guessed",
                "the status words paused: no status of the sandbox matches for sure; leave them out, or add them as variants",
                "the signature of the callback (X-Courier-Signature): add signature below callback",
                "GET /v2/messages/{message_id}: the reply: the description has no example, so it is made of the schema",
                "Thread refers to itself; its inner Thread is not checked",
            ),
        ),
        (
            OWL,
            (
                "the credential: only a key was recognized; if there is a secret, write {all: [KEY, SECRET]}",
                "POST /verifications: the text with the code, its digits and when it expires: they are made up",
                "POST /verifications/check: the reply: 'pending' for a wrong code is a guess; see code.result and refusals",
            ),
        ),
    ],
)
def test_what_is_left_to_do_is_listed_and_stands_at_the_top_of_the_file(path: Path, left: tuple[str, ...]) -> None:
    made = imported(path)

    assert made.left == left
    assert [line.removeprefix("#   - ") for line in made.text.splitlines() if line.removeprefix("#   - ") in left] == [
        *left
    ]


@pytest.mark.parametrize(
    ("path", "left_out"),
    [
        (
            COURIER,
            [
                "POST /v2/messages, cookie session: the sandbox reads no cookies",
                f"POST /v2/messages/{{id}}/media: {MULTIPART}",
            ],
        ),
        (
            PIGEON,
            [f"POST /rest/v1/logo: {MULTIPART}"],
        ),
    ],
)
def test_what_cannot_be_served_is_left_out_with_the_reason(path: Path, left_out: list[str]) -> None:
    assert [*imported(path).left_out] == left_out


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"to": {}, "body": {}}, {"recipient": "to", "text": "body"}),
        ({"message": {"properties": {"to": {}, "text": {}}}}, {"recipient": "/message/to", "text": "/message/text"}),
        (
            {"to": {"properties": {"phoneNumber": {}}}, "from": {"properties": {"phoneNumber": {}}}, "text": {}},
            {"recipient": "/to/phoneNumber", "sender": "/from/phoneNumber", "text": "text"},
        ),
        (
            {"messages": {"type": "array", "items": {"properties": {"to": {}, "content": {}}}}, "from": {}},
            {"rows": "messages", "recipient": "to", "sender": "from", "text": "content"},
        ),
        (
            {
                "messages": {
                    "type": "array",
                    "items": {
                        "properties": {
                            "destinations": {"type": "array", "items": {"properties": {"to": {}}}},
                            "text": {},
                        }
                    },
                }
            },
            {"rows": "messages", "recipient": "/destinations/to", "text": "text"},
        ),
        (
            {"recipients": {"type": "array", "items": {"properties": {"msisdn": {}}}}, "msg": {}},
            {"rows": "recipients", "recipient": "msisdn", "text": "msg"},
        ),
    ],
)
def test_recipient_and_text_are_found_by_their_usual_names(tmp_path: Path, changes: Node, place: Node) -> None:
    schema = {"type": "object", "properties": changes}
    path = saved(tmp_path, small(requestBody={"content": {"application/json": {"schema": schema}}}))

    send = operations(imported(path))["POST /sms"]["x-sandbox"]["send"]

    assert {name: send[name] for name in ("rows", "recipient", "sender", "text") if name in send} == place


@pytest.mark.parametrize(
    ("example", "id_"),
    [
        ("5f0c4f6e-8a1d-4c1e-9d3b-2b7a6c9e1f00", "uuid"),
        ("01JV5V54KPYK9GB29265EQRZ2P", "ulid"),
        ("SMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", {"kind": "hex", "length": 32, "prefix": "SM"}),
        ("ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", {"kind": "hex", "length": 32, "prefix": "AC"}),
        ("msg_7Xk29QmZt04LpRw", {"kind": "alphanumeric", "length": 19}),
        ("1234567", {"kind": "digits", "length": 7}),
        (42, {"kind": "digits", "length": 6}),
    ],
)
def test_ids_have_the_form_of_their_example(tmp_path: Path, example: object, id_: object) -> None:
    replies = {"200": {"description": "Sent.", "content": {"application/json": {"example": {"message_id": example}}}}}
    path = saved(tmp_path, small(responses=replies))

    assert operations(imported(path))["POST /sms"]["x-sandbox"]["send"]["id"] == id_


@pytest.mark.parametrize(
    ("schema", "id_"),
    [
        ({"type": "string", "pattern": "^(SM|MM)[0-9a-fA-F]{32}$"}, {"kind": "hex", "length": 32, "prefix": "SM"}),
        ({"type": "string", "pattern": "^[0-7][0-9A-HJKMNP-TV-Z]{25}$"}, "ulid"),
        ({"type": "string", "format": "uuid"}, "uuid"),
        ({"type": "integer", "example": 12345678}, {"kind": "digits", "length": 8}),
        ({"type": "string"}, "uuid"),
    ],
)
def test_without_an_example_ids_have_the_form_of_their_schema(tmp_path: Path, schema: Node, id_: object) -> None:
    reply = {"schema": {"type": "object", "properties": {"message_id": schema}}}
    path = saved(tmp_path, small(responses={"200": {"content": {"application/json": reply}}}))

    assert operations(imported(path))["POST /sms"]["x-sandbox"]["send"]["id"] == id_


def test_a_request_without_an_example_gets_one_that_fits(tmp_path: Path) -> None:
    properties = {
        "to": {"type": "string", "pattern": r"^\+[1-9]\d{6,14}$"},
        "text": {"type": "string"},
        "msisdn": {"type": "integer"},
        "otp": {"type": "string"},
        "account": {"type": "string", "pattern": "^AC[0-9a-f]{32}$", "maxLength": 34},
        "slow": {"type": "string", "pattern": "^(([0-9a-f-]+)+)+x$", "minLength": "1"},
    }
    schema = {"type": "object", "properties": properties}
    path = saved(tmp_path, small(requestBody={"content": {"application/json": {"schema": schema}}}))

    body = operations(imported(path))["POST /sms"]["requestBody"]["content"]["application/json"]["examples"]

    assert body == {
        "inferred": {
            "value": {
                "to": "+38761444555",
                "text": "text",
                "msisdn": 38761444555,
                "otp": "482910",
                "account": "AC" + "a" * 32,
                "slow": "text",
            }
        }
    }


@pytest.mark.parametrize(
    ("example", "written"),
    [
        ("2026-01-15T12:00:00Z", "iso-seconds"),
        ("2026-01-15T12:00:00.123Z", "iso"),
        ("2026-01-15 12:00:00", "%Y-%m-%d %H:%M:%S"),
        ("Thu, 15 Jan 2026 12:00:00 +0000", "rfc2822"),
        (1768478400, "unix"),
        ("1768478400123", "unix-ms"),
    ],
)
def test_times_have_the_form_of_the_examples(tmp_path: Path, example: object, written: str) -> None:
    body = {"id": "1234567", "created_at": example}
    path = saved(tmp_path, small(responses={"200": {"content": {"application/json": {"example": body}}}}))

    assert document(imported(path))["x-sandbox"]["time"] == {"format": written}


def many(count: int) -> Node:
    """Return a description of many operations that have nothing to do with messages, and one that sends."""
    described = {**small(), "servers": [{"url": "https://wren.example/v9/"}]}
    for number in range(count):
        described["paths"][f"/other/{number}"] = {"get": {"responses": {"200": {"description": "OK"}}}}
    described["paths"]["/sms"]["delete"] = {"responses": {"204": {"description": "Deleted."}}}
    return described


def test_of_a_large_description_what_is_about_messages_is_taken(tmp_path: Path) -> None:
    made = imported(saved(tmp_path, many(50)))

    assert [*operations(made)] == ["POST /v9/sms", "DELETE /v9/sms"]
    assert made.left_out == ("50 operations that seem to have nothing to do with messages; --only '*' takes all",)


@pytest.mark.parametrize(
    ("only", "count"),
    [
        (("*",), 52),
        (("/sms",), 2),
        (("sendSms",), 1),
        (("DELETE *",), 1),
        (("/other/1*", "/other/2"), 12),
        (("POST /v9/sms",), 1),
    ],
)
def test_only_takes_operations_by_path_id_or_method(tmp_path: Path, only: tuple[str, ...], count: int) -> None:
    assert imported(saved(tmp_path, many(50)), only=only).operations == count


def test_a_check_by_id_is_left_to_do(tmp_path: Path) -> None:
    described = small()
    schema = {"type": "object", "required": ["request_id", "code"], "properties": {"request_id": {}, "code": {}}}
    described["paths"]["/verify/check"] = {
        "post": {"requestBody": {"content": {"application/json": {"schema": schema}}}, "responses": {}}
    }

    made = imported(saved(tmp_path, described))

    hint = "it seems to check a code by an id; code.check needs the recipient, so it answers with its example"
    assert f"POST /verify/check: {hint}" in made.left


def test_only_that_matches_nothing_is_refused_with_the_near_miss(tmp_path: Path) -> None:
    path = saved(tmp_path, small())

    with pytest.raises(ImportRefusedError) as refused:
        imported(path, only=("sendSmss",))

    assert str(refused.value) == f"{path}: no operation matches --only sendSmss. Did you mean 'sendSms'?"


@pytest.mark.parametrize(
    ("title", "url", "file", "name"),
    [
        ("Wren SMS API", "", "a.json", "wren-sms"),
        ("SMS API v2", "https://rest.wren.example/sms", "a.json", "wren"),
        ("", "", "wren_v2.json", "wren"),
        ("数", "", "7.json", "provider"),
    ],
)
def test_a_provider_is_named_after_its_title_its_host_or_its_file(
    tmp_path: Path, title: str, url: str, file: str, name: str
) -> None:
    described = {**small(), "info": {"title": title}, "servers": [{"url": url}]}

    assert imported(saved(tmp_path, described, file)).name == name


def test_an_operation_that_would_not_serve_is_left_out_and_the_rest_serves(tmp_path: Path) -> None:
    described = small()
    described["paths"]["/sms/{a}/{a}"] = {"get": {"responses": {}}}
    described["paths"]["/sms/{b}"] = {"get": {"responses": {}}}
    described["paths"]["/sms/{c}"] = {"get": {"responses": {}}}

    made = imported(saved(tmp_path, described))

    assert [*operations(made)] == ["POST /sms", "GET /sms/{b}"]
    assert made.left_out == (
        "GET /sms/{c}: another operation has the same method and path",
        "GET /sms/{a}/{a}: the path has the same parameter twice",
    )


def test_a_description_of_a_built_in_provider_is_refused_as_its_paths_are_served_already() -> None:
    described = Path(__file__).parents[2] / "specs" / "ubill.yaml"

    from sandbox.authoring import import_provider  # noqa: PLC0415 - the one test that serves it beside the shipped ones

    with pytest.raises(ImportRefusedError, match="the provider 'ubill' already serves this method and path"):
        import_provider(described, name="mine")


def test_an_import_is_the_same_each_time() -> None:
    assert [imported(path).text for path in (COURIER, HERON, OWL, PIGEON)] == [
        imported(path).text for path in (COURIER, HERON, OWL, PIGEON)
    ]


def test_a_json_text_as_example_is_read_as_json(tmp_path: Path) -> None:
    example = json.dumps({"id": "1234567", "status": "queued"})
    path = saved(tmp_path, small(responses={"200": {"content": {"application/json": {"example": example}}}}))

    reply = operations(imported(path))["POST /sms"]["x-sandbox"]["send"]["reply"]

    assert reply == {"body": {"id": "{{ message.id }}", "status": "{{ message.provider_status }}"}}


def test_messages_of_an_account_in_the_path_are_a_list_and_its_filter_has_the_status_words(tmp_path: Path) -> None:
    account = {"in": "path", "name": "auth_id", "required": True, "schema": {"type": "string"}}
    state = {"in": "query", "name": "message_state", "schema": {"enum": ["queued", "sent", "delivered", "undelivered"]}}
    row = {"message_uuid": "5b40a428-bfc7-4daf-9d06-726c558bf3b8", "message_state": "sent", "to": "49176", "text": "x"}

    def replying(value: object) -> Node:
        return {"200": {"description": "OK", "content": {"application/json": {"example": value}}}}

    fields = {name: {"type": "string"} for name in ("src", "dst", "text", "url", "method")}
    body = {"content": {"application/json": {"schema": {"type": "object", "properties": fields}}}}
    description: Node = {
        "openapi": "3.1.0",
        "info": {"title": "Heath", "version": "1"},
        "paths": {
            "/Account/{auth_id}/Message/": {
                "parameters": [account],
                "get": {"operationId": "list", "parameters": [state], "responses": replying({"objects": [row]})},
                "post": {"operationId": "sendMessage", "requestBody": body, "responses": replying({"id": "x"})},
            },
            "/Account/{auth_id}/Message/{uuid}/": {
                "parameters": [account, {**account, "name": "uuid"}],
                "get": {"operationId": "get", "responses": replying(row)},
            },
        },
    }
    made = imported(saved(tmp_path, description))
    found = {path: node["x-sandbox"] for path, node in operations(made).items() if "x-sandbox" in node}
    words = document(made)["x-sandbox"]["channels"]["sms"]["statuses"]

    assert (
        "messages" in found["GET /Account/{auth_id}/Message/"],
        found["GET /Account/{auth_id}/Message/{uuid}/"]["message"]["id"],
        found["POST /Account/{auth_id}/Message/"]["send"]["callback_url"],
        {status: words[status]["x-word"] for status in ("sent", "undelivered")},
    ) == (True, "uuid", "url", {"sent": "published", "undelivered": "published"})
