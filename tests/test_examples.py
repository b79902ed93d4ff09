"""Every request example of the provider documents, sent to a running sandbox with nothing but the host changed."""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from aiohttp import ClientResponse, web
from yarl import URL

from sandbox.core.clock import ClockConfig, ClockMode
from sandbox.core.scenario import AccountRule, Scenario
from sandbox.engine.workspace import WorkspaceConfig
from sandbox.formats.yaml_files import parse
from sandbox.pipeline import Response
from tests.builders import NOON
from tests.conformance import callback_problems, reply_problems
from tests.conftest import SandboxMaker
from tests.servers import Receiver, Sandbox

Example = Mapping[str, Any]

PROVIDERS = {"api.betatel.com": "betatel", "api.ubill.dev": "ubill", "thesmsbuddy.com": "smsbuddy"}
SOURCE = Path(__file__).parent / "data" / "examples.yaml"


def documented() -> Mapping[str, list[Example]]:
    """Return the examples as the file has them."""
    value = parse(SOURCE.read_text(encoding="utf-8"), SOURCE.name).value
    assert isinstance(value, dict)
    return value


DOCUMENTED = documented()
REQUESTS = {example["name"]: example for example in DOCUMENTED["requests"]}


def named(examples: list[Example]) -> list[object]:
    return [pytest.param(each, id=each["name"]) for each in examples]


ACCEPTED = named([each for each in DOCUMENTED["requests"] if "reply" in each])
REFUSED = named([each for each in DOCUMENTED["requests"] if "refused" in each])


def replaced(text: str, example: Example) -> str:
    """Return a text with real values where the document has something else."""
    for old, new in example.get("replaced", {}).items():
        text = text.replace(old, new)
    return text


def parts(example: Example) -> tuple[str, str]:
    """Return host, and path with query, of an example's URL as it is printed."""
    found = re.fullmatch(r"https:/+([^/]+)(/.*)", replaced(example["url"], example))
    assert found is not None
    return found[1], found[2]


def provider_of(example: Example) -> str:
    return PROVIDERS[parts(example)[0]]


def start_for(example: Example) -> WorkspaceConfig:
    """Return a start with the account and the clock that an example is given."""
    given = example.get("given", {})
    balance = {purse: Decimal(amount) for purse, amount in given.get("balance", {}).items()}
    accounts = {provider_of(example): (AccountRule("*", balance=balance),)}
    now = datetime.fromisoformat(given["now"]) if "now" in given else NOON
    return WorkspaceConfig(
        Scenario("given", accounts=accounts), seed=7, clock_config=ClockConfig(ClockMode.FROZEN, start=now)
    )


async def replay(sandbox: Sandbox, example: Example) -> ClientResponse:
    """Send an example, after what has to come before it."""
    for earlier in example.get("given", {}).get("earlier", ()):
        await request(sandbox, {**earlier, "replaced": example.get("replaced", {})})
    return await request(sandbox, example)


async def request(sandbox: Sandbox, example: Example) -> ClientResponse:
    url = URL(str(sandbox.client.make_url("/")) + parts(example)[1][1:], encoded=True)
    reply = await sandbox.client.session.request(
        example["method"],
        url,
        data=replaced(example.get("body", ""), example).encode() or None,
        headers=example.get("headers", {}),
    )
    await reply.read()
    return reply


async def problems(reply: ClientResponse, example: Example) -> list[str]:
    """Return how a reply differs from the spec's schema."""
    answer = Response(reply.status, {"Content-Type": reply.headers["Content-Type"]}, await reply.read())
    return reply_problems(answer, example["method"], parts(example)[1].partition("?")[0])


def masked(value: object, places: list[str]) -> object:
    """Return a JSON value with the type's name wherever the value differs from call to call."""
    copy = json.loads(json.dumps(value))
    for place in places:
        *way, last = place.split(".")
        here = copy
        for step in way:
            here = here[int(step) if step.isdecimal() else step]
        here[last] = type(here[last]).__name__
    return copy


@pytest.mark.parametrize("example", ACCEPTED)
async def test_an_example_gets_the_documented_reply(make_sandbox: SandboxMaker, example: Example) -> None:
    sandbox = await make_sandbox(start_for(example))
    reply = await replay(sandbox, example)

    expected = example["reply"]
    varies = expected.get("varies", [])
    sample = json.loads(replaced(json.dumps(expected["json"]), example))
    assert (
        reply.status,
        unquote(reply.headers.get("X-Sandbox-Why", "")),
        masked(await reply.json(), varies),
        await problems(reply, example),
    ) == (expected["status"], "", masked(sample, varies), [])


@pytest.mark.parametrize("example", REFUSED)
async def test_an_example_that_cannot_be_right_gets_the_providers_refusal(
    make_sandbox: SandboxMaker,
    example: Example,
) -> None:
    sandbox = await make_sandbox(start_for(example))
    reply = await replay(sandbox, example)

    expected = example["refused"]
    why = unquote(reply.headers["X-Sandbox-Why"])
    assert (reply.status, await reply.json(), why, await problems(reply, example), dict(sandbox.world.messages)) == (
        expected["status"],
        expected["json"],
        expected.get("why", why),
        [],
        {},
    )


@pytest.mark.parametrize("example", ACCEPTED)
async def test_an_example_that_sends_is_delivered_and_reported(
    make_sandbox: SandboxMaker,
    receiver: Receiver,
    example: Example,
) -> None:
    sandbox = await make_sandbox(start_for(example))
    provider = provider_of(example)
    sandbox.set_target(provider, receiver.url())
    await replay(sandbox, example)
    await sandbox.advance()

    messages = list(sandbox.world.messages.values())
    channels = {message.channel.name for message in messages}
    broken = [callback_problems(call.outgoing, provider, channel) for call in receiver.calls for channel in channels]
    reported = sum(len(message.callbacks) for message in messages)
    assert (
        {message.status for message in messages} - {"delivered"},
        [each for each in broken if each],
        len(receiver.calls),
    ) == (
        set(),
        [],
        reported,
    )


@pytest.mark.parametrize("sample", named(DOCUMENTED["callbacks"]))
async def test_a_callback_is_as_the_document_shows_it(
    sandbox: Sandbox,
    receiver: Receiver,
    sample: Example,
) -> None:
    sandbox.set_target(sample["provider"], receiver.url(), sample.get("key"))
    await replay(sandbox, REQUESTS[sample["after"]])
    await sandbox.advance()

    heard = [(call.method, call.json if call.body else dict(call.query)) for call in receiver.calls]
    expected = masked(sample["sample"], sample["varies"])
    assert (sample["method"], expected) in [(method, masked(values, sample["varies"])) for method, values in heard]


@pytest.mark.parametrize("printed", named(DOCUMENTED["receivers"]))
async def test_a_receiver_of_the_document_takes_what_has_its_key_and_refuses_the_rest(
    sandbox: Sandbox,
    receiver: Receiver,
    printed: Example,
) -> None:
    async def behave(request: web.Request) -> web.StreamResponse:
        told = printed["right" if request.query.get("key") == printed["key"] else "wrong"]
        return web.Response(status=told["status"], text=told["body"])

    receiver.otherwise = behave
    outcomes = []
    for key in (printed["key"], "another"):
        sandbox.set_target(printed["provider"], receiver.url(), key)
        await replay(sandbox, REQUESTS[printed["after"]])
        await sandbox.advance()
        outcomes.append({(each.status, each.answer) for each in sandbox.attempts})
        await sandbox.reset()

    assert outcomes == [{tuple(printed[which].values())} for which in ("right", "wrong")]


def test_every_example_tells_its_document_and_lines() -> None:
    places = [each["document"] for group in DOCUMENTED.values() for each in group]

    assert [each for each in places if not re.fullmatch(r"[a-z-]+\.txt:\d+(-\d+)?", each)] == []


def test_what_an_example_replaces_is_a_defect_that_is_noted() -> None:
    assert [each["name"] for each in DOCUMENTED["requests"] if each.get("replaced") and not each.get("defects")] == []


def test_every_documented_operation_has_an_example() -> None:
    paths = {parts(each)[1].partition("?")[0] for each in DOCUMENTED["requests"]}

    assert {path.replace("/api/v1/", "/api/") for path in paths} == {
        "/api/smpp/client/send",
        "/api/connect-hub/whatsapp/otp",
        "/v1/sms/send",
        "/api/sms/balance/check",
        "/api/sms/send",
        "/api/sms/send/json",
        "/api/otp/create",
        "/api/otp/verify",
        "/api/senderid/create",
    }
