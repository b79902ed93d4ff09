"""A message keeps the trace context of its request; the journal shows it, and lists can be filtered by it."""

import asyncio

import pytest

from tests.control.calls import Control
from tests.servers import BETATEL_SMS, UBILL_SMS, WHATSAPP, Sandbox, Sms

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
TRACEPARENT = f"00-{TRACE}-{PARENT}-01"
SHOWN = {"trace_id": TRACE, "parent_id": PARENT, "sampled": True, "tracestate": None}


async def traces(control: Control) -> list[object]:
    """Return the trace of the newest message and of the newest request."""
    return [(await control.get(f"/{path}/latest"))["trace"] for path in ("messages", "requests")]


@pytest.mark.parametrize("sms", [BETATEL_SMS, UBILL_SMS.with_values(numbers="995511194242,995511194243")])
async def test_every_message_of_a_request_keeps_its_trace(sandbox: Sandbox, control: Control, sms: Sms) -> None:
    await sandbox.send(sms, traceparent=TRACEPARENT, tracestate="congo=t61rcWkgMzE")
    messages = (await control.get("/messages"))["items"]
    request = await control.get("/requests/latest")

    assert {str(each["trace"]) for each in (*messages, request)} == {str({**SHOWN, "tracestate": "congo=t61rcWkgMzE"})}


async def test_a_status_change_keeps_the_trace(sandbox: Sandbox, control: Control) -> None:
    await sandbox.send(BETATEL_SMS, traceparent=TRACEPARENT)
    await sandbox.advance()

    assert await traces(control) == [SHOWN, SHOWN]


@pytest.mark.parametrize("header", [f"00-{'0' * 32}-{PARENT}-01", TRACEPARENT.upper(), "none"])
async def test_an_invalid_trace_is_ignored(sandbox: Sandbox, control: Control, header: str) -> None:
    await sandbox.send(BETATEL_SMS, traceparent=header, tracestate="a=1")

    assert await traces(control) == [None, None]


async def test_a_refused_request_has_a_trace(sandbox: Sandbox, control: Control) -> None:
    await sandbox.send(WHATSAPP.with_values(to="+38761930305"), traceparent=f"00-{TRACE}-{PARENT}-00")

    assert (await control.get("/requests/latest"))["trace"] == {**SHOWN, "sampled": False}


async def test_two_traceparents_are_none_and_two_tracestates_are_one(sandbox: Sandbox, control: Control) -> None:
    shown = []
    for headers in (
        f"traceparent: {TRACEPARENT}\r\nTraceparent: {TRACEPARENT}",
        f"traceparent: {TRACEPARENT}\r\ntracestate: a=1\r\nTracestate: b=2",
    ):
        reader, writer = await asyncio.open_connection("127.0.0.1", sandbox.client.port)
        body = b'{"from": "FACEBOOK", "to": "38761930305", "text": "hello"}'
        head = f"Host: x\r\nx-api-key: k1\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n{headers}"
        writer.write(f"POST /api/smpp/client/send HTTP/1.1\r\n{head}\r\n\r\n".encode() + body)
        await reader.readline()
        writer.close()
        shown += await traces(control)

    assert shown == [None, None, {**SHOWN, "tracestate": "a=1, b=2"}, {**SHOWN, "tracestate": "a=1, b=2"}]


async def test_lists_are_filtered_by_the_id_of_a_trace(sandbox: Sandbox, control: Control) -> None:
    await sandbox.send()
    await sandbox.send(traceparent=TRACEPARENT)
    await sandbox.send(traceparent=f"00-{TRACE[::-1]}-{PARENT}-01")
    found = [(await control.get(path, trace_id=TRACE))["items"] for path in ("/messages", "/requests")]

    assert [[each["trace"] for each in items] for items in found] == [[SHOWN], [SHOWN]]


@pytest.mark.parametrize(("words", "count"), [(f" {TRACE.upper()} ", 1), (TRACE[:31], 0)])
async def test_a_search_finds_the_whole_id_of_a_trace(
    sandbox: Sandbox, control: Control, words: str, count: int
) -> None:
    await sandbox.send()
    await sandbox.send(BETATEL_SMS, traceparent=TRACEPARENT)
    found = [(await control.get(path, search=words))["items"] for path in ("/messages", "/requests")]

    assert [[each["trace"] for each in items] for items in found] == [[SHOWN] * count] * 2


async def test_messages_of_a_trace_are_deleted(sandbox: Sandbox, control: Control) -> None:
    await sandbox.send()
    await sandbox.send(traceparent=TRACEPARENT)
    await control.delete("/messages", trace_id=TRACE)

    assert [each["trace"] for each in (await control.get("/messages"))["items"]] == [None]


async def test_a_filter_by_what_is_no_trace_id_is_refused(control: Control) -> None:
    assert await control.refused("GET", "/messages", trace_id=TRACE.upper()) == (
        400,
        [("/trace_id", f"'{TRACE.upper()}' is not a trace id; it has 32 lower-case hexadecimal digits")],
    )
