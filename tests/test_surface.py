"""The provider surface as HTTP: unknown paths, requests by proxy, bytes that are no text, headers of the sandbox."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import unquote

import pytest
from yarl import URL

from tests.servers import BETATEL_SMS, Sandbox


@dataclass(frozen=True, slots=True)
class Raw:
    """A reply as it came over the wire."""

    status: int
    headers: Mapping[str, str]
    body: bytes


async def exchange(sandbox: Sandbox, content: bytes) -> Raw:
    """Send bytes and read one reply."""
    reader, writer = await asyncio.open_connection("127.0.0.1", sandbox.client.port)
    writer.write(content)
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    writer.close()
    await writer.wait_closed()
    return Raw(int(head[0].split()[1]), headers, body)


def request(line: str, body: bytes = b"", **headers: str) -> bytes:
    """Return a request's bytes; what stands for a byte over 127 is that byte."""
    named = {"Host": "x", "Content-Length": str(len(body))} | {k.replace("_", "-"): v for k, v in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in named.items())
    return f"{line} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + body


async def test_a_path_that_no_provider_has_is_answered_with_the_nearest_operations(sandbox: Sandbox) -> None:
    reply = await sandbox.client.post("/api/smpp/client/sent")
    told = (
        "POST /api/smpp/client/sent: no provider has this path. Nearest: POST /api/smpp/client/send (betatel.sms.send)"
    )

    problem = await reply.json()
    assert (
        reply.status,
        reply.headers["Content-Type"],
        reply.headers["X-Sandbox-Request"],
        unquote(reply.headers["X-Sandbox-Why"]) == problem["detail"],
        problem["detail"][: len(told)],
        (problem["title"], problem["status"], problem["near"][0]),
    ) == (
        404,
        "application/problem+json",
        "1",
        True,
        told,
        ("Not Found", 404, "POST /api/smpp/client/send (betatel.sms.send)"),
    )


async def test_a_method_that_a_path_does_not_have_is_answered_with_those_it_has(sandbox: Sandbox) -> None:
    reply = await sandbox.client.delete("/v1/sms/send")

    assert (reply.status, reply.headers["Allow"], reply.headers["Content-Type"]) == (
        405,
        "GET, POST",
        "application/problem+json",
    )


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/api/smpp/client/send/",
        "//api/smpp/client/send",
        "/API/smpp/client/send",
        "/%00",
        "/%ff",
        "/a%0Ab",
        "/..",
        "/" + "a" * 4000,
    ],
)
async def test_no_other_path_is_taken_for_a_providers(sandbox: Sandbox, path: str) -> None:
    url = URL(str(sandbox.client.make_url("/")) + path[1:], encoded=True)
    reply = await sandbox.client.session.post(url)

    assert (reply.status, reply.headers["Content-Type"]) == (404, "application/problem+json")


async def test_a_request_in_absolute_form_is_answered_whatever_its_host(sandbox: Sandbox) -> None:
    line = "GET http://thesmsbuddy.com/api/v1/sms/balance/check?key=k1"
    reply = await exchange(sandbox, request(line))

    assert (reply.status, json.loads(reply.body)["data"]["trans"]) == (200, 1_000_000)


async def test_a_request_in_absolute_form_sends(sandbox: Sandbox) -> None:
    body = json.dumps(BETATEL_SMS.body).encode()
    line = "POST http://api.betatel.com/api/smpp/client/send"
    reply = await exchange(sandbox, request(line, body, content_type="application/json", x_api_key="k1"))

    assert (reply.status, len(sandbox.world.messages)) == (200, 1)


async def test_every_reply_tells_its_number_in_the_journal(sandbox: Sandbox) -> None:
    replies = [
        await sandbox.send(),
        await sandbox.send(BETATEL_SMS.with_values(to="x")),
        await sandbox.client.get("/nowhere"),
        await sandbox.client.get("/v1/sms/balance"),
    ]

    assert (
        [reply.headers["X-Sandbox-Request"] for reply in replies],
        [(each.operation, each.status, each.refused) for each in sandbox.world.requests.values()],
    ) == (
        ["1", "2", "3", "4"],
        [
            ("betatel.sms.send", 200, False),
            ("betatel.sms.send", 400, True),
            (None, 404, True),
            ("ubill.sms.balance", 401, True),
        ],
    )


async def test_what_is_accepted_has_nothing_to_explain(sandbox: Sandbox) -> None:
    reply = await sandbox.send()

    assert sorted(name for name in reply.headers if name.startswith("X-Sandbox")) == ["X-Sandbox-Request"]


NO_TEXT = "k\xff\xfe"  # as bytes no UTF-8


@pytest.mark.parametrize(
    "content",
    [
        request("GET /api/billing/me/balance", x_api_key=NO_TEXT),
        request("GET /v1/sms/balance", key=NO_TEXT),
        request(f"GET /v1/sms/balance?key={NO_TEXT}"),
        request(f"GET /{NO_TEXT}"),
        request(f"GET /v1/sms/report/{NO_TEXT}?key=k1"),
        request(f"GET /api/v1/connect-hub/sms/{NO_TEXT}", x_api_key="k1", x_user_id=NO_TEXT),
        request(f"POST /api/v1/connect-hub/sms/{NO_TEXT}", x_api_key="k1"),
        request("POST /api/smpp/client/send", b"{}", content_type=NO_TEXT, x_api_key="k1"),
        request(f"GET /api/v1/sms/balance/check?key={NO_TEXT}"),
        request(
            "POST /api/v1/connect-hub/sms",
            json.dumps(BETATEL_SMS.body).encode(),
            content_type="application/json",
            x_api_key="k1",
            x_user_id=NO_TEXT,
        ),
    ],
    ids=lambda content: content[:44].decode("latin-1"),
)
async def test_bytes_that_are_no_text_never_break_a_reply(sandbox: Sandbox, content: bytes) -> None:
    reply = await exchange(sandbox, content)

    assert (reply.status < 500, "x-sandbox-request" in reply.headers or reply.status == 400) == (True, True)


@pytest.mark.parametrize(
    "content",
    [
        b"\r\n\r\n",
        b"GARBAGE\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /v1/sms/send HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /v1/sms/send HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /v1/sms/send?key=k1 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
    ],
    ids=repr,
)
async def test_what_is_not_http_is_no_server_error(sandbox: Sandbox, content: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", sandbox.client.port)
    writer.write(content)
    writer.write_eof()
    head = await reader.readline()
    writer.close()
    await writer.wait_closed()

    assert (head.split()[1:2] or [b"400"])[0] in {b"400", b"404"}


async def test_requests_at_the_same_time_are_all_counted_once(sandbox: Sandbox) -> None:
    replies = await asyncio.gather(*(sandbox.send() for _ in range(50)))
    ids = {(await reply.json())["uuid"] for reply in replies}

    assert (len(ids), sorted(sandbox.world.messages), sandbox.world.accounts["betatel", "k1"].balance) == (
        50,
        list(range(1, 51)),
        {"USD": Decimal("999997.50")},
    )
