"""Exports: messages as CSV and JSON Lines, requests as HAR."""

import asyncio
import csv
import io
import json
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientPayloadError, ClientResponse
from jsonschema import Draft202012Validator

from sandbox.control.exports import COLUMNS, csv_line, har_entry
from sandbox.core.journal import BODY_LIMIT, RequestRecord
from sandbox.formats.yaml_files import load
from sandbox.recording.importing import ImportedExchange, read_har
from tests.builders import NOON
from tests.control.calls import Control
from tests.servers import BETATEL_SMS, SMSBUDDY_SMS, UBILL_SMS, WHATSAPP, Sandbox

HAR = Draft202012Validator(load(Path(__file__).parent.parent / "data" / "har.yaml"))  # type: ignore[arg-type]


async def export(sandbox: Sandbox, path: str, **query: str) -> str:
    """Return the text of an export."""
    async with sandbox.client.get(f"/_sandbox/{path}", params=query) as reply:
        assert reply.status == 200, await reply.text()
        return await reply.text()


async def rows(sandbox: Sandbox, **query: str) -> list[dict[str, str]]:
    """Return messages as CSV reads them."""
    return list(csv.DictReader(io.StringIO(await export(sandbox, "messages", format="csv", **query), newline="")))


async def entries(sandbox: Sandbox, **query: str) -> list[dict[str, Any]]:
    """Return requests as entries of a HAR file, which is held against the format."""
    document = json.loads(await export(sandbox, "requests", format="har", **query))
    HAR.validate(document)
    return document["log"]["entries"]  # type: ignore[no-any-return]


async def test_csv_has_a_message_a_line_oldest_first(sandbox: Sandbox) -> None:
    await sandbox.send()
    await sandbox.send(WHATSAPP)
    first, second = await rows(sandbox)

    assert (tuple(first), first, second["id"]) == (
        COLUMNS,
        {
            "id": sandbox.message().id,
            "direction": "outbound",
            "provider": "betatel",
            "operation": "betatel.sms.send",
            "channel": "sms",
            "account": "k1…",
            "from": "FACEBOOK",
            "to": "38761930305",
            "text": "Your code is 555345",
            "opt": "",
            "code": "555345",
            "encoding": "gsm-7",
            "segments": "1",
            "status": "queued",
            "provider_status": "queued",
            "status_at": "2026-03-02T12:00:00.000Z",
            "rule": "",
            "request": "1",
            "accepted_at": "2026-03-02T12:00:00.000Z",
            "scheduled_for": "",
            "callback_state": "",
            "trace_id": "",
        },
        sandbox.message(2).id,
    )


async def test_csv_has_the_id_of_the_trace(sandbox: Sandbox) -> None:
    trace_id = "0af7651916cd43dd8448eb211c80319c"
    await sandbox.send(traceparent=f"00-{trace_id}-b7ad6b7169203331-01")
    await sandbox.send()

    assert [each["trace_id"] for each in await rows(sandbox)] == [trace_id, ""]
    assert [each["id"] for each in await rows(sandbox, trace_id=trace_id)] == [sandbox.message().id]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("=1+1", "'=1+1"),
        ("+1+1", "'+1+1"),
        ("-2+3", "'-2+3"),
        ("@SUM(1)", "'@SUM(1)"),
        ("＝1+1", "'＝1+1"),  # noqa: RUF001 - as a spreadsheet of an East Asian language reads it
        (" =1+1", "' =1+1"),
        ("\t=1+1", "'\t=1+1"),
        ("\n=1+1", "'\n=1+1"),
        ("\rHi", "'\rHi"),
        ('"=1+1', "'\"=1+1"),
        ("+38761930305", "+38761930305"),
        ("5 = 5", "5 = 5"),
        ("a, \"b\"\r\nc\rd\n'e'", "a, \"b\"\r\nc\rd\n'e'"),
        ("\x00\x1b[31m", "\x00\x1b[31m"),
        ("", ""),
    ],
)
def test_a_cell_of_csv_is_read_as_it_was_unless_a_spreadsheet_would_compute_it(text: str, written: str) -> None:
    line = csv_line([text, 5, None])

    assert (list(csv.reader(io.StringIO(line, newline=""))), line[-2:]) == ([[written, "5", ""]], "\r\n")


async def test_json_lines_have_each_message_as_the_list_has_it(sandbox: Sandbox, control: Control) -> None:
    for text in ("one\ntwo", "Šifra\u2028482910"):
        await sandbox.send(BETATEL_SMS.with_values(text=text))
    lines = (await export(sandbox, "messages", format="jsonl")).split("\n")

    assert ([json.loads(line) for line in lines[:-1]], lines[-1]) == (
        (await control.get("/messages"))["items"][::-1],
        "",
    )


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ({}, ["38761930305", "38761444555", "995511194242"]),
        ({"provider": "betatel"}, ["38761930305", "38761444555"]),
        ({"to_contains": "4242"}, ["995511194242"]),
        ({"text": "CODE"}, ["38761930305"]),
        ({"since": "latest"}, []),
    ],
    ids=str,
)
async def test_messages_are_filtered_as_in_the_list(
    sandbox: Sandbox, query: dict[str, str], numbers: list[str]
) -> None:
    for sms in (BETATEL_SMS, WHATSAPP, UBILL_SMS):
        await sandbox.send(sms)

    assert [each["to"] for each in await rows(sandbox, **query)] == numbers


async def test_an_export_has_all_messages_not_a_page(sandbox: Sandbox) -> None:
    numbers = [str(995511000000 + each) for each in range(1_200)]
    for part in (numbers[:600], numbers[600:]):
        await sandbox.send(UBILL_SMS.with_values(numbers=",".join(part)))

    assert [each["to"] for each in await rows(sandbox)] == numbers


@pytest.mark.parametrize(
    ("path", "query", "head"),
    [
        ("messages", "format=csv", ("text/csv; charset=utf-8; header=present", "messages", "csv")),
        ("messages", "format=jsonl", ("application/jsonl; charset=utf-8", "messages", "jsonl")),
        ("requests", "format=har", ("application/har+json; charset=utf-8", "requests", "har")),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_browser_saves_an_export_under_its_name(
    sandbox: Sandbox, method: str, path: str, query: str, head: tuple[str, str, str]
) -> None:
    kind, noun, suffix = head
    async with sandbox.client.request(method, f"/_sandbox/{path}?{query}") as reply:
        named = reply.headers["Content-Disposition"].rpartition("-")[0]
        assert (reply.headers["Content-Type"], named, reply.headers["Content-Disposition"][-len(suffix) - 2 :]) == (
            kind,
            f'attachment; filename="sms-sandbox-default-{noun}',
            f'.{suffix}"',
        )


async def test_the_format_json_is_the_list(sandbox: Sandbox, control: Control) -> None:
    await sandbox.send()

    assert [await control.get(f"/{noun}", format="json", limit="1") for noun in ("messages", "requests")] == [
        await control.get(f"/{noun}") for noun in ("messages", "requests")
    ]


async def test_an_export_has_no_pages_and_waits_for_nothing(control: Control) -> None:
    refused = [
        await control.refused("GET", path, format=form, limit="5", wait="1s")
        for path, form in (("/messages", "csv"), ("/requests", "har"))
    ]

    assert refused == [
        (
            400,
            [
                (f"/{each}", f"{each} cannot be combined with format={form}, which exports all that match")
                for each in ("wait", "limit")
            ],
        )
        for form in ("csv", "har")
    ]


async def test_a_format_that_a_list_does_not_have_is_refused(control: Control) -> None:
    assert [await control.refused("GET", path, format="xml") for path in ("/messages", "/requests")] == [
        (400, [("/format", "'xml' is not one of json, csv, jsonl")]),
        (400, [("/format", "'xml' is not one of json, har")]),
    ]


async def test_a_har_entry_has_request_and_reply(sandbox: Sandbox) -> None:
    reply = await sandbox.send(BETATEL_SMS, user_agent="tests", host="api.betatel.com")
    (found,) = await entries(sandbox)
    headers = {each["name"]: each["value"] for each in found["request"].pop("headers")}
    ms = found.pop("time")

    assert (headers["user-agent"], headers["x-api-key"], ms == found.pop("timings")["wait"], found) == (
        "tests",
        "k1…1",
        True,
        {
            "startedDateTime": "2026-03-02T12:00:00.000Z",
            "request": {
                "method": "POST",
                "url": "https://api.betatel.com/api/smpp/client/send",
                "httpVersion": "HTTP/1.1",
                "cookies": [],
                "queryString": [],
                "headersSize": -1,
                "bodySize": 72,
                "postData": {
                    "mimeType": "application/json",
                    "text": '{"from": "FACEBOOK", "to": "38761930305", "text": "Your code is 555345"}',
                },
            },
            "response": {
                "status": 200,
                "statusText": "OK",
                "httpVersion": "HTTP/1.1",
                "cookies": [],
                "headers": [
                    {"name": "Content-Type", "value": "application/json; charset=utf-8"},
                    {"name": "X-Sandbox-Request", "value": "1"},
                ],
                "content": {
                    "size": len(await reply.read()),
                    "mimeType": "application/json; charset=utf-8",
                    "text": await reply.text(),
                },
                "redirectURL": "",
                "headersSize": -1,
                "bodySize": len(await reply.read()),
            },
            "cache": {},
            "_request": 1,
            "_provider": "betatel",
            "_operation": "betatel.sms.send",
            "_refused": False,
            "_rule": None,
            "_messages": [sandbox.message().id],
        },
    )


async def test_a_har_entry_of_a_refusal_has_its_reasons_as_comment(sandbox: Sandbox) -> None:
    await sandbox.send()
    await sandbox.send(WHATSAPP.with_values(to="+38761930305"))
    (found,) = await entries(sandbox, refused="true")

    assert (found["comment"], found["_refused"], found["response"]["status"]) == (
        "; ".join(sandbox.world.requests[2].why),
        True,
        400,
    )


async def test_no_key_is_in_a_har_file(sandbox: Sandbox) -> None:
    await sandbox.send(SMSBUDDY_SMS.with_values(key="SECRETKEY123"))
    await sandbox.send(UBILL_SMS, key="SECRETKEY123")
    await sandbox.client.get("/v1/sms/balance?key=SECRETKEY123")

    assert [each["_refused"] for each in await entries(sandbox)] == [False, False, False]
    assert "SECRETKEY123" not in await export(sandbox, "requests", format="har")


def record(**values: Any) -> RequestRecord:  # noqa: ANN401 - the fields of a request
    """Return a request to a path that no provider has."""
    nothing = RequestRecord(1, NOON, None, None, "GET", "/", "", {}, b"", 0, 404, {}, b"", refused=True, key=None)
    return nothing._replace(**values)


@pytest.mark.parametrize(
    ("values", "url"),
    [
        ({"path": "/a b/\u20ac%?#"}, "http://here:1/a%20b/%E2%82%AC%25%3F%23"),
        ({"path": "/a%2Fb%25"}, "http://here:1/a%2Fb%25"),
        ({"path": "/a", "query": "to=%2B387&text=a+b"}, "http://here:1/a?to=%2B387&text=a+b"),
        ({"headers": {"Host": "other:8080"}}, "http://other:8080/"),
        ({"headers": {"host": "API.betatel.com"}}, "https://API.betatel.com/"),
    ],
)
def test_the_address_of_a_har_entry_can_be_read_again(values: dict[str, Any], url: str) -> None:
    entry: Any = har_entry(record(**values), "here:1", frozenset({"api.betatel.com"}))

    assert entry["request"]["url"] == url


def test_a_body_of_bytes_is_kept_in_base64_and_one_that_was_cut_says_so() -> None:
    cut = b"a" * (BODY_LIMIT - 1) + "\u0160".encode()[:1]
    entry: Any = har_entry(record(reply_body=b"\xff\x00", status=0), "here", frozenset())
    large: Any = har_entry(record(reply_body=cut, body=cut, body_size=20_000), "here", frozenset())
    content, posted = large["response"]["content"], large["request"]["postData"]

    assert (b64decode(entry["response"]["content"]["text"]), entry["response"]["status"]) == (b"\xff\x00", 0)
    assert (content["text"], content["comment"], posted["comment"], large["request"]["bodySize"]) == (
        "a" * (BODY_LIMIT - 1),
        "The sandbox keeps the first 16384 bytes of a body.",
        "The sandbox keeps the first 16384 bytes of a body.",
        20_000,
    )


async def test_what_no_provider_understands_is_an_entry_too(sandbox: Sandbox) -> None:
    await sandbox.client.get("/no/such%20path?a=1&a=2&=%ff&b")
    await sandbox.client.post("/api/smpp/client/send", data=b"\xff\x00\x1b", headers={"x-api-key": "\u0160"})
    first, second = await entries(sandbox)

    assert (
        first["request"]["url"].rpartition("/no")[2],
        first["_operation"],
        second["request"]["postData"]["text"],
    ) == (
        "/such%20path?a=1&a=2&=%FF&b",
        None,
        "\ufffd\x00\x1b",
    )


async def test_the_recorder_reads_the_har_file_of_an_export(sandbox: Sandbox, tmp_path: Path) -> None:
    for sms in (BETATEL_SMS, UBILL_SMS, SMSBUDDY_SMS.with_values(key="LONGKEY1")):
        await sandbox.send(sms)
    file = tmp_path / "requests.har"
    file.write_text(await export(sandbox, "requests", format="har"), encoding="utf-8")
    found = [each for each in read_har(file) if isinstance(each, ImportedExchange)]

    assert [(each.at, each.method, each.status, each.body, each.reply_body) for each in found] == [
        (each.at, each.method, each.status, each.body.replace(b"LONGKEY1", b"LO%E2%80%A62"), each.reply_body)
        for each in sandbox.world.requests.values()
    ]


async def begin(sandbox: Sandbox) -> ClientResponse:
    """Return an export of more than the connection holds, of which nothing was read."""
    for part in range(12):
        numbers = ",".join(str(995511000000 + part * 1_000 + each) for each in range(1_000))
        await sandbox.send(UBILL_SMS.with_values(numbers=numbers, text="x" * 600))
    return await sandbox.client.get("/_sandbox/messages", params={"format": "jsonl"})


async def test_an_export_has_what_there_was_when_it_began(sandbox: Sandbox) -> None:
    reply = await begin(sandbox)
    await sandbox.send()
    sandbox.workspace.move(sandbox.message(12_000), "sent")
    lines = (await reply.text()).splitlines()

    assert (len(lines), json.loads(lines[-1])["status"]) == (12_000, "queued")


async def test_an_export_of_a_workspace_that_is_reset_breaks_off(sandbox: Sandbox) -> None:
    reply = await begin(sandbox)
    await sandbox.reset()

    with pytest.raises(ClientPayloadError):
        await reply.text()


async def test_an_export_whose_client_goes_away_ends(sandbox: Sandbox) -> None:
    before = len(sandbox.world.batch_subscribers)
    reply = await begin(sandbox)
    during = len(sandbox.world.batch_subscribers)
    reply.close()
    await sandbox.client.get("/_sandbox/health")
    async with asyncio.timeout(10):
        while len(sandbox.world.batch_subscribers) > before:
            await asyncio.sleep(0)

    assert during == before + 1


async def test_other_calls_are_answered_while_an_export_is_under_way(sandbox: Sandbox, control: Control) -> None:
    reply = await begin(sandbox)
    answered = await control.get("/messages", limit="1")

    assert (len(answered["items"]), reply.content.at_eof()) == (1, False)
    reply.close()
