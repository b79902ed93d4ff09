"""A provider of one's own, one example changed in one thing: what its requests are answered and its rules see."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from aiohttp.test_utils import TestClient, TestServer

from sandbox.callbacks.compose import retry_schedule, timeout_of
from sandbox.callbacks.egress import Egress, Policy
from sandbox.control.system import describe_provider
from sandbox.core.callback import CallbackState, Target
from sandbox.core.change import TargetSet
from sandbox.core.clock import ClockMode, make_clock, parse_duration
from sandbox.core.errors import ScenarioError, SpecError
from sandbox.core.world import World
from sandbox.engine.engine import Engine
from sandbox.formats.yaml_files import parse
from sandbox.pipeline import Response, ServerContext, handle
from sandbox.providers.registry import Registry, discover
from sandbox.scenarios import load_named, load_text
from sandbox.server.app import make_app
from sandbox.specs.body_parsing import Request
from sandbox.specs.routing import Router
from tests.builders import NOON
from tests.builders import packs as shipped_packs
from tests.server.connections import request
from tests.server.test_fast_path import MakeServer, both_ways
from tests.servers import FROZEN, Sandbox, Sms
from tests.specs.documents import Node
from tests.specs.function_provider import DOCUMENT, MODULE

GOOD = {"to": "38761444555", "body": "hi"}
PROBLEM = "application/problem+json"


class Acme(NamedTuple):
    """The example, served beside the shipped ones."""

    world: World
    packs: Registry

    def send(self, body: object = GOOD, *, key: str = "k1", oversize: bool = False) -> Response:
        headers = {"content-type": "application/json", "x-acme-key": key}
        request = Request("POST", "/acme/messages", "", headers, json.dumps(body).encode(), oversize)
        router = Router(self.packs["acme"].spec.routes)
        return handle(request, ServerContext(self.packs, router, self.world, lambda _: self.world))[1]


Serve = Callable[..., Acme]


def operation(document: Node) -> Node:
    found = document["paths"]["/acme/messages"]["post"]
    assert isinstance(found, dict)
    return found


@pytest.fixture
def serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Serve:
    """Return what serves the example: `change` changes its document, `module` its functions."""
    name = f"acme_{tmp_path.name}".replace("-", "_")

    def serve(change: Callable[[Node], object] = lambda _: None, *, scenario: str = "", **replaced: str) -> Acme:
        document = yaml.safe_load(DOCUMENT)
        document["x-sandbox"]["module"] = name
        change(document)
        module = MODULE
        for old, new in replaced.items():
            module = module.replace(MARKS[old], new)
        (tmp_path / "acme.yaml").write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
        (tmp_path / f"{name}.py").write_text(module, encoding="utf-8")
        monkeypatch.syspath_prepend(tmp_path)
        packs = {**shipped_packs(), **discover([tmp_path])}
        rules = load_text(scenario, "ours", packs=packs) if scenario else load_named("default", packs=packs)
        clock = make_clock(ClockMode.FROZEN, start=NOON)
        defaults = {each: pack.spec.defaults for each, pack in packs.items()}
        return Acme(World("default", clock=clock, seed=7, scenario=rules, defaults=defaults), packs)

    return serve


MARKS = {
    "body": "    body = json",
    "accepted": 'Reply(200, {"id": message_id})',
    "draft": "(draft,)",
    "invalid": '"invalid"',
    "start": "    message_id",
    "key": 'headers.get("x-acme-key"),',
}


def why(reply: Response) -> tuple[int, str, str]:
    return reply.status, reply.headers["Content-Type"], reply.headers["X-Sandbox-Why"]


def rule(when: str) -> str:
    return f"rules: [{{name: ours, when: {when}, then: {{error: too-many-requests}}}}]"


def without_settings(document: Node) -> None:
    del document["x-sandbox"]["settings"]


def without_declaration(document: Node) -> None:
    del operation(document)["x-sandbox"]


def with_rows(document: Node) -> None:
    """Make the request a list of rows, with what they share beside it."""
    content = operation(document)["requestBody"]["content"]["application/json"]
    one = content["schema"]["properties"]
    shared = {"type": "object", "properties": {"body": one["body"], "sender": {"type": "object"}}}
    rows = {"type": "array", "items": {"type": "object", "properties": {"to": one["to"]}}}
    content["schema"] = {"type": "object", "required": ["rows"], "properties": {"rows": rows, "all": shared}}
    content["examples"] = {}
    operation(document)["x-sandbox"] = {
        "message": {"rows": "/rows", "common": "/all", "recipient": "to", "text": "body", "sender": "/sender/name"}
    }


REFUSED = {
    "declared text": (lambda _: None, "{text: hello, valid: any}", {"to": "one", "body": "hello"}),
    "declared recipient": (lambda _: None, "{to: '+41790000001', valid: any}", {"to": "+41790000001"}),
    "usual names": (without_declaration, "{text: hello, valid: any}", {"to": "one", "body": "hello"}),
    "text of a row": (
        with_rows,
        "{to: '7', text: hi, valid: any}",
        {"rows": [{"to": "8"}, {"to": "7"}], "all": {"body": "hi"}},
    ),
    "sender of what rows share": (
        with_rows,
        "{from: ACME, valid: any}",
        {"rows": [{"to": "x"}], "all": {"sender": {"name": "ACME"}}},
    ),
}


@pytest.mark.parametrize(("change", "when", "body"), REFUSED.values(), ids=REFUSED)
def test_a_rule_for_refused_requests_knows_the_parts_of_a_message(
    serve: Serve, change: Callable[[Node], None], when: str, body: object
) -> None:
    acme = serve(change, scenario=rule(when))

    assert acme.send(body).headers.get("X-Sandbox-Rule") == "ours"


def flagged(document: Node) -> None:
    """Let a request say that it carries a code, and which."""
    properties = operation(document)["requestBody"]["content"]["application/json"]["schema"]["properties"]
    properties |= {"is_code": {"type": "boolean"}, "pin": {"type": "string"}}
    operation(document)["x-sandbox"]["message"] |= {"otp": "is_code", "code": "pin"}


@pytest.mark.parametrize(
    ("more", "holds"), [({}, None), ({"is_code": True}, "ours"), ({"is_code": False}, None), ({"pin": "1234"}, "ours")]
)
def test_a_rule_for_codes_knows_the_declared_flag_and_place(serve: Serve, more: Node, holds: str | None) -> None:
    acme = serve(flagged, scenario=rule("{otp: true}"))

    assert acme.send({**GOOD, **more}).headers.get("X-Sandbox-Rule") == holds


def pointing(name: str, value: object) -> Callable[[Node], None]:
    return lambda document: operation(document)["x-sandbox"]["message"].update({name: value})


WRONG = {
    "a near miss": (pointing("text", "bdy"), "text: unknown parameter 'bdy'. Did you mean 'body'?"),
    "a pointer into nothing": (
        lambda d: [change(d) for change in (with_rows, pointing("rows", "/row"))],
        "rows: unknown parameter 'row'. Did you mean 'rows'?",
    ),
    "no text": (
        pointing("text", 7),
        "text: 7 is neither a parameter nor a JSON pointer; write one such as text or /text",
    ),
    "an unknown part": (
        pointing("recipiant", "to"),
        "recipiant: message has no key 'recipiant'. Did you mean 'recipient'?",
    ),
    "no recipient": (
        lambda d: (
            operation(d).pop("x-sandbox"),
            operation(d)["requestBody"]["content"]["application/json"]["schema"]["properties"].pop("to"),
        ),
        "recipient: is missing; name the parameter that has the recipient, one of body, x-acme-key",
    ),
}


@pytest.mark.parametrize(("change", "problem"), WRONG.values(), ids=WRONG)
def test_a_declaration_that_its_schema_does_not_bear_out_is_a_mistake(
    serve: Serve, change: Callable[[Node], object], problem: str
) -> None:
    with pytest.raises(SpecError) as caught:
        serve(change)

    assert str(caught.value).partition(": ")[2] == f"POST /acme/messages: x-sandbox.message.{problem}"


def test_calls_of_one_operation_declare_the_same(serve: Serve) -> None:
    def twice(document: Node) -> None:
        other = json.loads(json.dumps(operation(document)))
        other["x-sandbox"]["message"] = {"recipient": "to", "text": "to"}
        document["paths"]["/acme/v2"] = {"post": other}

    with pytest.raises(SpecError) as caught:
        serve(twice)

    assert str(caught.value).partition(": ")[2] == (
        "POST /acme/v2: x-sandbox.message: acme.send is declared differently elsewhere; all its calls must "
        "have the same declaration"
    )


def test_without_settings_a_callback_has_the_documented_pauses_and_timeout(serve: Serve) -> None:
    acme = serve(without_settings)
    acme.world.commit(TargetSet("acme", Target("http://127.0.0.1:9/dlr")))
    acme.send()
    message = acme.world.messages[1]

    assert (retry_schedule(acme.world, acme.packs, message), timeout_of(acme.world, message)) == (
        (parse_duration("5s"), parse_duration("30s"), parse_duration("5m")),
        parse_duration("10s"),
    )


def without_errors(document: Node) -> None:
    operation(document)["responses"] = {"200": {"description": "Accepted."}}


def test_a_refusal_that_the_document_has_no_error_for_is_worded_by_the_sandbox(serve: Serve) -> None:
    acme = serve(without_errors)
    replies = [acme.send(key="invalid1"), acme.send(oversize=True), acme.send({})]

    assert [(reply.status, reply.headers["Content-Type"], reply.headers["X-Sandbox-Request"]) for reply in replies] == [
        (401, PROBLEM, "1"),
        (413, PROBLEM, "2"),
        (400, PROBLEM, "3"),
    ]


def test_the_errors_that_the_sandbox_words_are_told_with_the_others(serve: Serve) -> None:
    told = describe_provider(serve(without_errors).packs["acme"].spec)["operations"]
    assert isinstance(told, list)

    assert {each["name"]: each["status"] for each in told[0]["errors"]} == {
        "unknown-key": 401,
        "insufficient-funds": 402,
        "too-large": 413,
        "too-many-requests": 429,
        "server-error": 500,
    }


@pytest.mark.parametrize(("number", "status"), [(29, 429), (40, 400), (42, 402), (50, 500)])
def test_the_magic_numbers_hold_for_a_provider_of_ones_own(serve: Serve, number: int, status: int) -> None:
    reply = serve().send({**GOOD, "to": f"387610000{number}"})

    assert (reply.status, reply.headers["X-Sandbox-Rule"][:2]) == (status, str(number))


@pytest.mark.parametrize(
    ("number", "words"),
    [(1, ["sent", "failed"]), (7, ["sent", "failed"]), (8, ["sent", "delivered"]), (20, ["failed"])],
)
def test_a_failure_that_a_channel_omits_is_the_nearest_that_it_has(serve: Serve, number: int, words: list[str]) -> None:
    acme = serve()
    acme.send({**GOOD, "to": f"387610000{number:02}"})

    assert [step.word for step in acme.world.messages[1].plan] == words


def test_a_failure_without_one_that_may_follow_is_left_out(serve: Serve) -> None:
    def narrow(document: Node) -> None:
        document["x-sandbox"]["channels"]["sms"]["statuses"]["queued"]["next"] = ["sent"]

    acme = serve(narrow)
    acme.send({**GOOD, "to": "38761000020"})

    assert acme.world.messages[1].plan == ()


def test_a_refusal_by_an_unknown_name_is_a_500_that_says_so(serve: Serve) -> None:
    reply = serve(invalid='"invlid"').send({"to": "one", "body": "hi"})

    assert why(reply) == (
        500,
        PROBLEM,
        (
            "body.to: 'one' does not match ^[1-9]\\d{6,14}$ (documented: digits alone); acme has no error "
            "'invlid'%3B add an example of that name with an x-code to a response in its document. Did you mean "
            "'invalid'?"
        ),
    )


FAULTS: Mapping[str, tuple[Callable[[Node], object], dict[str, str], str]] = {
    "returns a mapping": (
        lambda _: None,
        {"start": "    return {'id': 1}\n    message_id"},
        "acme.send: the function returns dict {'id': 1}, not a Reply, a Refusal or a Plan",
    ),
    "replies with what is not JSON": (
        lambda _: None,
        {"accepted": 'Reply(200, {"id": {1}})'},
        "acme.send: the body of the reply cannot be sent: Object of type set is not JSON serializable",
    ),
    "replies with a word as the status": (
        lambda _: None,
        {"accepted": 'Reply("200", {"id": message_id})'},
        "acme.send: the status of the reply is '200', not a number from 200 to 599",
    ),
    "raises": (
        lambda _: None,
        {"start": "    raise KeyError('x')\n    message_id"},
        "acme.send: KeyError: 'x' (line 16 of ",
    ),
    "returns nothing": (
        lambda _: None,
        {"start": "    return None\n    message_id"},
        "acme.send: the function returns nothing",
    ),
    "fails to find the key": (
        lambda _: None,
        {"key": "headers['x-key'],"},
        "acme.send: KeyError: 'x-key' (line 29 of ",
    ),
    "finds a key that is no text": (
        lambda _: None,
        {"key": "7,"},
        "acme.send: the function `key` returns int, not a string or None",
    ),
    "fails to word an error": (
        lambda _: None,
        {"start": "    return Refusal('invalid', ())\n    message_id", "key": "'k1', render_error=lambda *_: [][0],"},
        "acme.send: IndexError: list index out of range (line 30 of ",
    ),
    "words an error as a mapping": (
        lambda _: None,
        {"start": "    return Refusal('invalid', ())\n    message_id", "key": "'k1', render_error=lambda *_: {},"},
        "acme.send: the function returns dict {}, not a Reply, a Refusal or a Plan",
    ),
    "no channel": (
        lambda d: (operation(d).pop("x-sandbox"), operation(d).pop("x-channel")),
        {},
        "acme.send: the function creates a message, but the operation has no x-channel in its document",
    ),
    "schedules": (
        lambda _: None,
        {"draft": "(draft._replace(scheduled_for=call.at),)"},
        "acme.send: the function schedules a message, but x-sandbox.channels.sms omits scheduled",
    ),
}


@pytest.mark.parametrize(("change", "module", "reason"), FAULTS.values(), ids=FAULTS)
def test_a_function_that_fails_is_a_500_with_number_and_reason(
    serve: Serve, change: Callable[[Node], object], module: dict[str, str], reason: str
) -> None:
    acme = serve(change, **module)
    status, media, told = why(acme.send())

    assert (status, media, told[: len(reason)], acme.world.last_request, len(acme.world.messages)) == (
        500,
        PROBLEM,
        reason,
        1,
        0,
    )


@both_ways
async def test_a_provider_that_fails_has_a_number_and_a_journal_entry_both_ways(serve: Serve, way: MakeServer) -> None:
    async with way(Engine(serve(key="headers['x-key'],").packs, egress=Egress(Policy()), start=FROZEN)) as place:
        body = json.dumps(GOOD).encode()
        head, _, content = (
            await place.ask(
                request("Host: x", "Content-Type: application/json", start="POST /acme/messages HTTP/1.1", body=body)
            )
        ).partition(b"\r\n\r\n")
        [record] = place.journal

    assert (head.partition(b"\r\n")[0], b"X-Sandbox-Request: 1\r\n" in head, record.status, record.operation) == (
        b"HTTP/1.1 500 Internal Server Error",
        True,
        500,
        "acme.send",
    )
    assert json.loads(content)["detail"] == record.why[0]


def worded(document: Node) -> None:
    """Give errors codes that are words, and success another status and media type."""
    responses = operation(document)["responses"]
    responses["400"]["content"]["application/json"]["examples"]["invalid"]["x-code"] = "INVALID_NUMBER"
    responses["202"] = {"content": {"application/vnd.acme+json": {"schema": {"type": "object"}}}}
    del responses["200"]


def test_a_code_may_be_a_word_and_a_success_any_status_and_media_type(serve: Serve) -> None:
    acme = serve(
        worded,
        accepted='Reply(202, {"id": message_id}, call.type)',
        scenario="rules: [{name: ours, when: {to: '*9'}, then: {error: INVALID_NUMBER}}]",
    )
    replies = [acme.send(), acme.send({**GOOD, "to": "38761444559"})]

    assert [(reply.status, reply.headers["Content-Type"]) for reply in replies] == [
        (202, "application/vnd.acme+json"),
        (400, "application/json"),
    ]


def test_a_word_that_is_no_code_is_a_mistake_with_its_near_miss(serve: Serve) -> None:
    with pytest.raises(ScenarioError) as caught:
        serve(worded, scenario="rules: [{name: ours, when: {provider: acme}, then: {error: INVALID_NUMBR}}]")

    assert str(caught.value) == ("ours:1:53: acme has no error called 'INVALID_NUMBR'. Did you mean 'INVALID_NUMBER'?")


@pytest.mark.parametrize(("setting", "value"), [("retries", "[soon]"), ("timeout", "99999d"), ("timeout", "[]")])
def test_a_scenario_cannot_set_what_the_sandbox_cannot_read(serve: Serve, setting: str, value: str) -> None:
    with pytest.raises(ScenarioError):
        serve(scenario=f"settings: {{acme: {{{setting}: {value}}}}}")


def test_every_mistake_is_told_at_once_with_its_line(serve: Serve, tmp_path: Path) -> None:
    def change(document: Node) -> None:
        del document["x-sandbox"]["channels"]["sms"]["life"]
        operation(document)["x-channel"] = "smss"
        operation(document)["responses"]["4O4"] = {"description": "Not found."}

    with pytest.raises(SpecError) as caught:
        serve(change)

    text = (tmp_path / "acme.yaml").read_text(encoding="utf-8")
    at = parse(text, str(tmp_path / "acme.yaml")).place
    post = ("paths", "/acme/messages", "post")
    assert str(caught.value).split("\n") == [
        (
            f"{at(('x-sandbox', 'channels', 'sms'))}: x-sandbox.channels.sms.life: is missing; write the usual "
            "lifecycle, such as [sent: 200ms, delivered: 2s]"
        ),
        (f"{at((*post, 'x-channel'))}: POST /acme/messages: x-channel: unknown channel 'smss'. Did you mean 'sms'?"),
        (
            f"{at((*post, 'responses', '4O4'))}: POST /acme/messages: responses.4O4: '4O4' is not an HTTP status; "
            "write 100 to 599"
        ),
    ]


ODD: Mapping[str, tuple[Callable[[Node], Any], str]] = {
    "a path parameter with a hyphen": (
        lambda d: d["paths"].update({"/acme/{message-id}": d["paths"].pop("/acme/messages")}),
        (
            "paths./acme/{message-id}: {message-id} is not a valid parameter; use letters, digits and _, not starting "
            "with a digit"
        ),
    ),
    "a path parameter twice": (
        lambda d: d["paths"].update({"/{a}/{a}": {"get": {"x-operation": "acme.a"}}}),
        (
            "paths./{a}/{a}: the path has the same parameter twice\nGET /{a}/{a}: parameters: the path's parameter {a} "
            "is not described; add - {name: a, in: path, required: true, schema: {type: string}}"
        ),
    ),
    "a pattern that is none": (
        lambda d: operation(d)["requestBody"]["content"]["application/json"]["schema"]["properties"]["to"].update(
            {"pattern": "["}
        ),
        (
            "POST /acme/messages: requestBody.content.application/json.schema.properties.to.pattern: '[' is not a "
            "valid pattern: unterminated character set at position 0"
        ),
    ),
    "a misspelt method": (
        lambda d: d["paths"]["/acme/messages"].update({"pots": {}}),
        "paths./acme/messages.pots: a path has no key 'pots'. Did you mean 'post'?",
    ),
    "a misspelt key": (
        lambda d: d["x-sandbox"].update({"setings": {}}),
        "x-sandbox.setings: x-sandbox has no key 'setings'. Did you mean 'settings'?",
    ),
    "a security scheme without the name of its header": (
        lambda d: d.update({"components": {"securitySchemes": {"key": {"type": "apiKey", "in": "header"}}}}),
        "components.securitySchemes.key.name: is missing; write the header that carries the key, such as x-api-key",
    ),
    "security schemes in a list": (
        lambda d: d.update({"components": {"securitySchemes": []}}),
        "components.securitySchemes: [] is a list, not a mapping",
    ),
    "a misspelt extension of an operation": (
        lambda d: operation(d).update({"x-chanel": "sms"}),
        "POST /acme/messages: x-chanel: unknown extension 'x-chanel'. Did you mean 'x-channel'?",
    ),
    "a misspelt extension of an error": (
        lambda d: operation(d)["responses"]["400"]["content"]["application/json"]["examples"]["invalid"].update(
            {"x-cod": 400}
        ),
        (
            "POST /acme/messages: responses.400.content.application/json.examples.invalid.x-cod: unknown extension "
            "'x-cod'. Did you mean 'x-code'?"
        ),
    ),
    "an operation of another provider": (
        lambda d: operation(d).update({"x-operation": "betatel.send"}),
        "POST /acme/messages: x-operation: 'betatel.send' must begin with 'acme.', such as acme.send",
    ),
    "an error under default": (
        lambda d: operation(d)["responses"].update({"default": operation(d)["responses"].pop("400")}),
        (
            "POST /acme/messages: responses.default.content.application/json.examples.invalid.x-code: an error "
            "needs a specific status such as 400, not 'default'"
        ),
    ),
    "credentials as a text": (
        lambda d: d["x-sandbox"].update({"credentials": "key"}),
        "x-sandbox.credentials: 'key' is a string, not a list",
    ),
    "a life that starts nowhere": (
        lambda d: d["x-sandbox"]["channels"]["sms"].update({"life": [{"delivered": "1s"}]}),
        "x-sandbox.channels.sms.life.0.delivered: delivered cannot follow queued; its next statuses are sent, failed",
    ),
    "a default that the sandbox cannot read": (
        lambda d: d["x-sandbox"]["settings"]["retries"].update({"default": ["soon"]}),
        "x-sandbox.settings.retries.default: 'soon' is not a valid time-span",
    ),
    "a server that is not a URL": (
        lambda d: d.update({"servers": [{"url": "http://[::1"}]}),
        "servers.0.url: 'http://[::1' is not a URL",
    ),
}


@pytest.mark.parametrize(("change", "problem"), ODD.values(), ids=ODD)
def test_what_would_fail_later_is_a_mistake_at_the_start(
    serve: Serve, change: Callable[[Node], object], problem: str
) -> None:
    with pytest.raises(SpecError) as caught:
        serve(change)

    assert "\n".join(line.partition(": ")[2] for line in str(caught.value).split("\n")) == problem


async def test_a_report_that_fails_is_a_failed_attempt_with_the_reason(serve: Serve) -> None:
    acme = serve(without_settings, body="    raise KeyError('x')\n    body = json")
    engine = Engine(acme.packs, egress=Egress(Policy()), start=FROZEN)
    async with TestClient(TestServer(make_app(engine))) as client:
        sandbox = Sandbox(engine, client)
        sandbox.set_target("acme", "http://127.0.0.1:9/dlr")
        await sandbox.send(Sms("/acme/messages", GOOD, {"x-acme-key": "k1"}))
        await sandbox.advance()
        [callback] = sandbox.callbacks

    assert (callback.state, callback.request and callback.request.body) == (
        CallbackState.FAILED,
        "the function `report` of acme failed: KeyError: 'x'",
    )
