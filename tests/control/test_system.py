import json

import pytest

from sandbox import __version__
from sandbox.core.message import LIFECYCLE_STATUSES
from sandbox.formats.yaml_files import shipped
from sandbox.specs.compile import operations_of
from tests.builders import packs
from tests.control.calls import Control
from tests.servers import Sandbox


async def test_health_says_that_it_serves_and_what(control: Control) -> None:
    assert await control.get("/health") == {
        "status": "ok",
        "version": __version__,
        "providers": ["betatel", "smsbuddy", "ubill"],
        "store": {"kind": control.sandbox.store_kind, "answers": True},
        "saved_state": None,
    }


async def test_what_can_be_got_can_be_asked_for_without_its_body(control: Control) -> None:
    async with control.sandbox.client.head("/_sandbox/health") as reply:
        assert (reply.status, reply.content_type, await reply.read()) == (200, "application/json", b"")


async def test_every_call_of_every_provider_is_described(control: Control) -> None:
    page = await control.get("/providers")
    told = {
        (call["method"], call["path"], operation["name"])
        for provider in page["items"]
        for operation in provider["operations"]
        for call in operation["calls"]
    }

    assert told == {
        (method, path, node["x-operation"])
        for pack in packs().values()
        for method, path, node in operations_of(pack.spec.document)
    }


async def test_every_status_of_every_channel_is_described(control: Control) -> None:
    page = await control.get("/providers")
    told = [
        {each["status"] for each in (*channel["statuses"], *channel["omitted"])}
        for provider in page["items"]
        for channel in provider["channels"]
    ]

    assert told == [set(LIFECYCLE_STATUSES)] * sum(len(pack.spec.channels) for pack in packs().values())


async def test_every_error_is_described_with_its_status_and_code(control: Control) -> None:
    page = await control.get("/providers")
    told = {
        (operation["name"], error["name"]): (error["status"], error["code"])
        for provider in page["items"]
        for operation in provider["operations"]
        for error in operation["errors"]
    }

    assert told == {
        (operation.name, error.name): (error.status, error.code)
        for pack in packs().values()
        for operation in pack.spec.operations.values()
        for error in operation.errors.values()
    }


async def test_the_credentials_of_an_account_are_described(control: Control) -> None:
    page = await control.get("/providers")

    assert {each["name"]: each["credentials"] for each in page["items"]} == {
        "betatel": ["x-api-key", "x-account-id"],
        "smsbuddy": ["key"],
        "ubill": ["key"],
    }


async def test_parameters_are_described_with_their_source(control: Control) -> None:
    page = await control.get("/providers")
    betatel = next(each for each in page["items"] if each["name"] == "betatel")
    send = next(each for each in betatel["operations"] if each["name"] == "betatel.sms.send")
    to = next(each for each in send["calls"][0]["parameters"] if each["name"] == "to")

    assert {key: to[key] for key in ("in", "required", "word")} == {
        "in": "body",
        "required": True,
        "word": "published",
    }


async def test_parameters_that_depend_on_another_are_described_too(control: Control) -> None:
    page = await control.get("/providers")
    smsbuddy = next(each for each in page["items"] if each["name"] == "smsbuddy")
    send = next(each for each in smsbuddy["operations"] if each["name"] == "smsbuddy.sms.send")
    names = {call["id"]: {each["name"] for each in call["parameters"]} for call in send["calls"]}

    assert names["smsbuddy.sms.send.v1.get"] == names["smsbuddy.sms.send.v1.post"] | {"id"}


@pytest.mark.parametrize("name", ["scenario", "provider"])
async def test_the_schema_of_a_kind_of_file_is_the_one_that_is_shipped(control: Control, name: str) -> None:
    assert await control.get(f"/schemas/{name}.json") == json.loads(
        (shipped("specs") / f"{name}.schema.json").read_text(encoding="utf-8"),
    )


async def test_the_document_of_a_provider_is_its_file(sandbox: Sandbox) -> None:
    async with sandbox.client.get("/_sandbox/providers/ubill/document") as reply:
        found = reply.status, reply.content_type, await reply.read()

    assert found == (200, "application/yaml", (shipped("specs") / "ubill.yaml").read_bytes())


async def test_the_document_of_an_unknown_provider_is_answered_with_the_known_ones(sandbox: Sandbox) -> None:
    async with sandbox.client.get("/_sandbox/providers/twilio/document") as reply:
        found = reply.status, (await reply.json())["errors"]

    assert found == (
        404,
        [{"at": "/provider", "problem": "no provider is called 'twilio'; use one of betatel, smsbuddy, ubill"}],
    )
