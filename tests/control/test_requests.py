import asyncio
import json
from datetime import timedelta

import pytest

from tests.control.calls import Control
from tests.control.waits import begun
from tests.servers import BETATEL_SMS, SMSBUDDY_SMS, UBILL_SMS, WHATSAPP, Sandbox

BAD = WHATSAPP.with_values(to="+38761930305")


async def ids(control: Control, **query: str) -> list[int]:
    return [item["id"] for item in (await control.get("/requests", **query))["items"]]


async def test_an_entry_has_the_request_and_the_reply_as_they_were_with_the_key_masked(
    sandbox: Sandbox,
    control: Control,
) -> None:
    reply = await sandbox.send(BETATEL_SMS, user_agent="tests")
    entry = await control.get("/requests/1")
    headers = entry.pop("headers")

    assert (headers["x-api-key"], headers["user-agent"], entry.pop("ms") >= 0, entry) == (
        "k1…",
        "tests",
        True,
        {
            "id": 1,
            "at": "2026-03-02T12:00:00.000Z",
            "provider": "betatel",
            "operation": "betatel.sms.send",
            "to": ["38761930305"],
            "method": "POST",
            "path": "/api/smpp/client/send",
            "query": {},
            "body": '{"from": "FACEBOOK", "to": "38761930305", "text": "Your code is 555345"}',
            "body_size": 72,
            "body_cut": False,
            "reply": {
                "status": 200,
                "headers": {"Content-Type": "application/json; charset=utf-8", "X-Sandbox-Request": "1"},
                "body": await reply.text(),
                "body_cut": False,
            },
            "refused": False,
            "why": [],
            "rule": None,
            "messages": [sandbox.message().id],
            "resent": False,
            "resent_of": None,
            "trace": None,
        },
    )


async def test_a_refused_request_is_there_with_its_reasons(sandbox: Sandbox, control: Control) -> None:
    await sandbox.send(BAD)
    entry = await control.get("/requests/latest")

    assert (entry["refused"], entry["reply"]["status"], entry["messages"], len(entry["why"]), entry["why"][0][:10]) == (
        True,
        400,
        [],
        1,
        "body.to: '",
    )


async def test_a_key_in_the_query_is_masked(sandbox: Sandbox, control: Control) -> None:
    await sandbox.client.get("/v1/sms/balance?key=topsecret")

    assert (await control.get("/requests/latest"))["query"] == {"key": "to…"}


async def test_a_path_that_no_provider_has_is_there_too(sandbox: Sandbox, control: Control) -> None:
    await sandbox.client.get("/v1/sms/balanse?key=topsecret")
    entry = await control.get("/requests/latest")

    assert (entry["provider"], entry["operation"], entry["query"], entry["reply"]["status"]) == (
        None,
        None,
        {"key": "to…"},
        404,
    )


async def test_a_long_body_is_cut_and_marked(sandbox: Sandbox, control: Control) -> None:
    await sandbox.send(BETATEL_SMS.with_values(text="x" * 20_000))
    entry = await control.get("/requests/latest")

    assert (len(entry["body"]), entry["body_size"], entry["body_cut"]) == (16 * 1024, 20_053, True)


async def test_a_body_and_header_that_are_no_text_are_shown_as_far_as_they_are(
    sandbox: Sandbox, control: Control
) -> None:
    body = b'{"text": "\xff"}'
    head = f"POST /api/smpp/client/send HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\nX-Note: ".encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", sandbox.client.port)
    writer.write(head + b"\xff\r\nConnection: close\r\n\r\n" + body)
    await reader.read()
    writer.close()
    entry = await control.get("/requests/latest")

    assert (entry["body"], entry["headers"]["x-note"]) == ('{"text": "�"}', "�")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"provider": "ubill"}, [3]),
        ({"operation": "betatel.whatsapp.otp"}, [2]),
        ({"operation": "*.sms.send"}, [4, 3, 1]),
        ({"status": "400"}, [2]),
        ({"refused": "true"}, [2]),
        ({"refused": "false"}, [4, 3, 1]),
        ({"rule": "nothing"}, []),
        ({"since": "2"}, [4, 3]),
        ({"since": "latest"}, []),
        ({"limit": "1", "cursor": "3"}, [2]),
    ],
)
async def test_a_filter_keeps_what_fits(
    sandbox: Sandbox, control: Control, query: dict[str, str], found: list[int]
) -> None:
    for sms in (BETATEL_SMS, BAD, UBILL_SMS, SMSBUDDY_SMS):
        await sandbox.send(sms)

    assert await ids(control, **query) == found


async def test_since_a_time_is_exclusive(sandbox: Sandbox, control: Control) -> None:
    await sandbox.send()
    await sandbox.advance(timedelta(seconds=1))
    await sandbox.send()

    assert await ids(control, since="2026-03-02T12:00:00Z") == [2]


async def test_a_wait_is_over_as_soon_as_a_request_fits(sandbox: Sandbox, control: Control) -> None:
    waiting = await begun(sandbox.world, control.get("/requests", refused="true", wait="30s"))
    await sandbox.send(BETATEL_SMS)
    await sandbox.send(BAD)

    assert [item["id"] for item in (await waiting)["items"]] == [2]


@pytest.mark.parametrize("name", ["2", "x", "01x", "-1", "99999999999999999999999", "1%2F"])
async def test_what_is_not_there_is_404(sandbox: Sandbox, control: Control, name: str) -> None:
    await sandbox.send()

    assert (await control.refused("GET", f"/requests/{name}"))[0] == 404


async def test_a_request_tells_its_recipients_and_a_refused_one_those_that_it_names(
    sandbox: Sandbox, control: Control
) -> None:
    await sandbox.send(UBILL_SMS.with_values(numbers=["995511194242", "995511194243"]))
    await sandbox.send(UBILL_SMS.with_values(numbers="995511194244,12", brandID=99))
    await sandbox.send(BAD)
    await sandbox.send(SMSBUDDY_SMS.with_values(sender=""))
    await sandbox.client.get("/v1/sms/balance?key=k1")
    await sandbox.client.post("/nowhere", data=b"to=1")

    assert [each["to"] for each in reversed((await control.get("/requests"))["items"])] == [
        ["995511194242", "995511194243"],
        ["995511194244", "12"],
        ["+38761930305"],
        ["9812345678"],
        [],
        [],
    ]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"to": "00387 61 930 305"}, [2]),
        ({"to_contains": "930-305"}, [2]),
        ({"to_contains": "1234"}, [1]),
        ({"to": "919812345678"}, [1]),
        ({"search": "930305"}, [2]),
        ({"search": "WHATSAPP"}, [2]),
        ({"search": "does not match"}, [2]),
        ({"search": "/v1/sms"}, [1]),
        ({"search": "nothing like it"}, []),
    ],
)
async def test_requests_are_found_by_recipient_path_and_reason(
    sandbox: Sandbox, control: Control, query: dict[str, str], found: list[int]
) -> None:
    await sandbox.send(SMSBUDDY_SMS)
    await sandbox.send(BAD)

    assert await ids(control, **query) == found


async def test_an_event_of_a_refused_request_tells_its_recipient(sandbox: Sandbox) -> None:
    async with sandbox.client.get("/_sandbox/events") as stream:
        await sandbox.send(BAD)
        while not (line := await stream.content.readline()).startswith(b"data: "):
            pass

    assert json.loads(line.removeprefix(b"data: "))["to"] == ["+38761930305"]
