"""A recorder sends each request on as it came, once, and answers with what came back."""

import gzip
from pathlib import Path

import pytest

from sandbox.recording.session import RecordedExchange
from tests.recording.recordings import http, raw_provider, recording

SEND = "/api/smpp/client/send"
BODY = b'{"from":"FACEBOOK", "to":"38761930305", "text":"caf\\u00e9"}'


def request_bytes(url: str, *, target: str = SEND, method: str = "POST", body: bytes = BODY) -> bytes:
    """Return a request whose headers have an order and a case of their own."""
    lines = [
        f"{method} {target} HTTP/1.1",
        "x-API-Key: KEY%2B+1",
        f"hOST: {url.removeprefix('http://')}",
        "Accept: */*",
        "X-Twice: 1",
        "content-TYPE: application/json",
        "X-Twice: 2",
        f"Content-Length: {len(body)}",
        "Connection: close, X-Mine",
        "X-Mine: of this connection alone",
        "Proxy-Authorization: Basic c2VjcmV0",
        "",
        "",
    ]
    return "\r\n".join(lines).encode() + body


async def test_a_request_is_sent_on_byte_for_byte_without_the_headers_of_its_connection(tmp_path: Path) -> None:
    target = f"{SEND}?a=%2f+%20b&&c;d=~&e"
    async with (
        raw_provider() as provider,
        recording(tmp_path / "s.jsonl", {"betatel": provider.url}) as recorder,
    ):
        await recorder.send_bytes(request_bytes(recorder.url, target=target))

    host = provider.url.removeprefix("http://").encode()
    assert provider.requests == [
        b"POST " + target.encode() + b" HTTP/1.1\r\nx-API-Key: KEY%2B+1\r\nhOST: " + host + b"\r\nAccept: */*\r\n"
        b"X-Twice: 1\r\ncontent-TYPE: application/json\r\nX-Twice: 2\r\n"
        b"Content-Length: " + str(len(BODY)).encode() + b"\r\n\r\n" + BODY
    ]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        pytest.param(
            http("200 Fine", b'{"uuid": 1}', "X-B: 1", "content-type: application/json", "X-a: 2", "X-B: 3"),
            b"HTTP/1.1 200 Fine\r\nX-B: 1\r\ncontent-type: application/json\r\nX-a: 2\r\nX-B: 3\r\n"
            b'Content-Length: 11\r\nConnection: close\r\n\r\n{"uuid": 1}',
            id="headers in their order and case",
        ),
        pytest.param(
            http("302 Found", b"", "Location: https://elsewhere.example/"),
            b"HTTP/1.1 302 Found\r\nLocation: https://elsewhere.example/\r\n"
            b"Content-Length: 0\r\nConnection: close\r\n\r\n",
            id="a redirect, which is not followed",
        ),
        pytest.param(
            http("200 OK", gzip.compress(b"{}", mtime=0), "Content-Encoding: gzip"),
            http("200 OK", gzip.compress(b"{}", mtime=0), "Content-Encoding: gzip").replace(
                b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1
            ),
            id="a compressed body, as it is",
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nKeep-Alive: timeout=5\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}",
            id="a body in pieces",
        ),
        pytest.param(
            b"HTTP/1.1 204 No Content\r\nX-A: 1\r\n\r\n",
            b"HTTP/1.1 204 No Content\r\nX-A: 1\r\nConnection: close\r\n\r\n",
            id="no body",
        ),
        pytest.param(
            b"HTTP/1.1 100 Continue\r\n\r\n" + http("599 Odd", b"x"),
            http("599 Odd", b"x").replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1),
            id="a response that is announced",
        ),
    ],
)
async def test_a_reply_is_passed_back_as_it_came(tmp_path: Path, answer: bytes, expected: bytes) -> None:
    async with (
        raw_provider() as provider,
        recording(tmp_path / "s.jsonl", {"betatel": provider.url}) as recorder,
    ):
        provider.answers.append(answer)
        reply = await recorder.send_bytes(request_bytes(recorder.url))

    assert reply == expected


async def test_a_body_that_ends_with_the_connection_is_passed_back(tmp_path: Path) -> None:
    async with (
        raw_provider() as provider,
        recording(tmp_path / "s.jsonl", {"betatel": provider.url}) as recorder,
    ):

        async def behave(writer: object) -> None:
            writer.write(b"HTTP/1.1 200 OK\r\nX-A: 1\r\n\r\nall of it")  # type: ignore[attr-defined]

        provider.behave = behave
        reply = await recorder.send_bytes(request_bytes(recorder.url))

    assert reply == b"HTTP/1.1 200 OK\r\nX-A: 1\r\nContent-Length: 9\r\nConnection: close\r\n\r\nall of it"


async def test_a_request_in_pieces_and_in_absolute_form_is_sent_with_its_length(tmp_path: Path) -> None:
    async with (
        raw_provider() as provider,
        recording(tmp_path / "s.jsonl", {"betatel": provider.url}) as recorder,
    ):
        await recorder.send_bytes(
            b"POST http://api.betatel.com" + SEND.encode() + b"?x=1 HTTP/1.1\r\nHost: api.betatel.com\r\n"
            b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
        )

    host = provider.url.removeprefix("http://").encode()
    assert provider.requests == [
        b"POST " + SEND.encode() + b"?x=1 HTTP/1.1\r\nHost: " + host + b"\r\nContent-Length: 2\r\n\r\n{}"
    ]


async def test_connections_are_used_again_and_a_request_is_never_sent_twice(tmp_path: Path) -> None:
    """The provider closes its connection right after the second reply, without a word."""
    async with (
        raw_provider() as provider,
        recording(tmp_path / "s.jsonl", {"betatel": provider.url}) as recorder,
    ):
        statuses = [(await recorder.ask("GET", "/api/billing/me/balance"))[0] for _ in range(2)]
        together = provider.connections

        async def hang_up(_: object) -> None:
            return

        provider.behave = hang_up
        statuses.append((await recorder.ask("GET", "/api/billing/me/balance"))[0])

    assert (statuses, together, len(provider.requests)) == ([200, 200, 502], 1, 3)


async def test_the_path_of_an_address_comes_before_that_of_a_request(tmp_path: Path) -> None:
    async with (
        raw_provider() as provider,
        recording(tmp_path / "s.jsonl", {"betatel": f"{provider.url}/gateway/v2/"}) as recorder,
    ):
        await recorder.ask("GET", "/api/billing/me/balance")

    assert provider.requests[0].split(b"\r\n")[0] == b"GET /gateway/v2/api/billing/me/balance HTTP/1.1"


async def test_an_unknown_path_or_method_is_answered_as_the_sandbox_does_and_not_sent_on(tmp_path: Path) -> None:
    async with (
        raw_provider() as provider,
        recording(tmp_path / "s.jsonl", {"betatel": provider.url}) as recorder,
    ):
        unknown = await recorder.ask("GET", "/api/nothing")
        wrong = await recorder.ask("DELETE", SEND)
        other = await recorder.ask("GET", "/v1/sms/balance")
        page = await recorder.ask("POST", SEND, headers={"Sec-Fetch-Site": "cross-site"})

    assert [(status, headers.get("Allow")) for status, headers, _ in (unknown, wrong, other, page)] == [
        (404, None),
        (405, "POST"),
        (404, None),
        (403, None),
    ]
    assert other[1]["X-Sandbox-Why"].startswith("ubill is not recorded")
    assert (provider.requests, recorder.entries) == ([], [])


async def test_an_exchange_is_kept_with_its_operation_times_and_headers(tmp_path: Path) -> None:
    async with (
        raw_provider() as provider,
        recording(tmp_path / "s.jsonl", {"betatel": provider.url}) as recorder,
    ):
        provider.answers.append(http("200 OK", gzip.compress(b'{"uuid":"u1"}'), "Content-Encoding: gzip"))
        await recorder.send_bytes(request_bytes(recorder.url))
        (kept,) = recorder.entries

    assert isinstance(kept, RecordedExchange)
    assert kept.reply is not None
    assert (kept.number, kept.provider, kept.operation, kept.messages) == (1, "betatel", "betatel.sms.send", 1)
    assert [name for name, _ in kept.request.headers][:3] == ["x-API-Key", "hOST", "Accept"]
    assert (kept.reply.body.text, kept.reply.body.coding) == ('{"uuid":"u1"}', "gzip")
    assert kept.ms is not None
