"""What goes wrong between recorder and provider is told to the client, kept as such, and never sent again."""

import asyncio
import json
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote

import pytest
import trustme

from sandbox.recording.masking import Masker
from sandbox.recording.session import RecordedExchange, RecordedRequest
from tests.builders import packs
from tests.recording.recordings import SALT, Recording, http, raw_provider, recording
from tests.recording.test_masking import traces

BALANCE = "/api/billing/me/balance"
Behaviour = Callable[[asyncio.StreamWriter], Awaitable[None]]


def writes(data: bytes) -> Behaviour:
    """Write some bytes and close the connection."""

    async def behave(writer: asyncio.StreamWriter) -> None:
        writer.write(data)

    return behave


async def resets(writer: asyncio.StreamWriter) -> None:
    """Reset the connection in the middle of a response."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
    await writer.drain()
    own = writer.get_extra_info("socket")
    own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def hangs(writer: asyncio.StreamWriter) -> None:
    """Answer nothing until the other side goes away."""
    with suppress(ConnectionError):
        await writer.wait_closed()


async def never_ends(writer: asyncio.StreamWriter) -> None:
    """Write a body without an end."""
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while not writer.transport.is_closing():
        writer.write(b"1000\r\n" + b"x" * 0x1000 + b"\r\n")
        await writer.drain()


async def drips(writer: asyncio.StreamWriter) -> None:
    """Write a head, then nothing."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
    await hangs(writer)


def told(recorder: Recording, reply: tuple[int, object, bytes]) -> tuple[int, str, str]:
    """Return the status and reason that the client got, and the fault that was kept; both must agree."""
    status, headers, body = reply
    (kept,) = recorder.entries
    assert isinstance(kept, RecordedExchange)
    assert kept.reply is not None
    why = json.loads(body)["detail"]
    assert (kept.why, kept.reply.status) == (why, status)
    assert unquote(headers["X-Sandbox-Why"]) == why  # type: ignore[index]
    return status, kept.fault, why


@pytest.mark.parametrize(
    ("behave", "expected"),
    [
        (writes(b""), (502, "closed", "the server closed the connection without a response")),
        (writes(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"), (502, "closed", "in the middle of its response")),
        (resets, (502, "closed", "the server reset the connection in the middle of its response")),
        (writes(b"SSH-2.0-OpenSSH_9\r\n"), (502, "garbage", "the response is not HTTP")),
        (writes(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000), (502, "garbage", "the head of the response has more than")),
        (never_ends, (502, "too-large", "the body of the response has more than 100000 bytes")),
    ],
    ids=["dead", "cut off", "reset", "garbage", "endless head", "endless body"],
)
async def test_a_broken_provider_gives_a_502_with_the_reason(
    tmp_path: Path, behave: Behaviour, expected: tuple[int, str, str]
) -> None:
    async with (
        raw_provider() as provider,
        recording(tmp_path / "s.jsonl", {"betatel": provider.url}, limit=100_000) as recorder,
    ):
        provider.behave = behave
        status, fault, why = told(recorder, await recorder.ask("GET", BALANCE))
        requests = len(provider.requests)

    assert (status, fault, requests) == (*expected[:2], 1)
    assert expected[2] in why


@pytest.mark.parametrize("behave", [hangs, drips])
async def test_a_slow_provider_gives_a_504(tmp_path: Path, behave: Behaviour) -> None:
    async with (
        raw_provider() as provider,
        recording(tmp_path / "s.jsonl", {"betatel": provider.url}, timeout=0.05) as recorder,
    ):
        provider.behave = behave
        found = told(recorder, await recorder.ask("GET", BALANCE))
        requests = len(provider.requests)

    assert (found, requests) == ((504, "timeout", f"{provider.url}: no complete response within 0.05 s"), 1)


async def test_a_provider_that_does_not_listen_gives_a_502(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        async with recording(tmp_path / "s.jsonl", {"betatel": url}) as recorder:
            found = told(recorder, await recorder.ask("GET", BALANCE))

    assert found == (502, "unreachable", f"{url}: cannot connect: Connection refused")


async def test_an_address_that_no_permission_covers_gives_a_502(tmp_path: Path) -> None:
    async with recording(tmp_path / "s.jsonl", {"betatel": "https://169.254.169.254"}) as recorder:
        status, fault, _ = told(recorder, await recorder.ask("GET", BALANCE))

    assert (status, fault) == (502, "refused-address")


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def tls(authority: trustme.CA, name: str) -> ssl.SSLContext:
    """Return what makes a server speak TLS under a name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


async def test_a_certificate_is_checked(tmp_path: Path, authority: trustme.CA) -> None:
    ca = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(ca))
    found = []
    for place, (name, trusted) in enumerate((("127.0.0.1", ca), ("127.0.0.1", None), ("other.test", ca))):
        path = tmp_path / f"{place}.jsonl"
        async with (
            raw_provider(tls(authority, name)) as provider,
            recording(path, {"betatel": provider.url}, ca=trusted) as recorder,
        ):
            status, _, _ = await recorder.ask("GET", BALANCE)
            (kept,) = recorder.entries
            found.append((status, kept.fault, len(provider.requests)))

    assert found == [(200, "", 1), (502, "certificate", 0), (502, "certificate", 0)]


async def test_plain_http_behind_an_https_address_gives_a_502(tmp_path: Path) -> None:
    async def refuse(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(http("400 Bad Request", b""))
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with recording(tmp_path / "s.jsonl", {"betatel": url}) as recorder:
            status, fault, _ = told(recorder, await recorder.ask("GET", BALANCE))

    assert (status, fault) == (502, "tls")


async def test_a_file_that_cannot_be_written_stops_the_recording_but_not_the_reply(tmp_path: Path) -> None:
    async with (
        raw_provider() as provider,
        recording(tmp_path / "s.jsonl", {"betatel": provider.url}) as recorder,
    ):
        recorder.fill_disk()
        statuses = [(await recorder.ask("GET", BALANCE))[0] for _ in range(2)]
        lines = [line.what for line in recorder.log]

    assert (statuses, len(provider.requests)) == ([200, 503], 1)
    assert lines[0].endswith("nothing is sent on any more")


async def test_the_recorder_keeps_what_is_under_way_when_it_stops(tmp_path: Path) -> None:
    arrived = asyncio.Event()

    async def hang(writer: asyncio.StreamWriter) -> None:
        arrived.set()
        await hangs(writer)

    async with raw_provider() as provider:
        provider.behave = hang
        async with recording(tmp_path / "s.jsonl", {"betatel": provider.url}) as recorder:
            asking = asyncio.ensure_future(recorder.ask("GET", BALANCE))
            await arrived.wait()
        with pytest.raises(Exception, match=r".*"):
            await asking
        (kept,) = recorder.entries

    assert kept.fault == "stopped"


async def test_a_body_beyond_the_limit_is_refused_and_not_sent_on(tmp_path: Path) -> None:
    async with (
        raw_provider() as provider,
        recording(tmp_path / "s.jsonl", {"betatel": provider.url}) as recorder,
    ):
        status, _, _ = await recorder.ask("POST", "/api/smpp/client/send", data=b"x" * 1_100_000)
        (kept,) = recorder.entries

    assert isinstance(kept, RecordedExchange)
    assert (status, kept.refused, provider.requests) == (413, "too-large", [])


async def test_a_reply_that_is_not_text_is_passed_back_and_withheld_from_the_file(tmp_path: Path) -> None:
    async with (
        raw_provider() as provider,
        recording(tmp_path / "s.jsonl", {"betatel": provider.url}) as recorder,
    ):
        provider.answers += [
            http("200 OK", b"\x8b\x00", "Content-Encoding: br"),
            http("200 OK", b"{not gzip}", "Content-Encoding: gzip"),
        ]
        bodies = [(await recorder.ask("GET", BALANCE))[2] for _ in range(2)]
        kept = [each.reply.body for each in recorder.entries if each.reply is not None]

    assert bodies == [b"\x8b\x00", b"{not gzip}"]
    assert [(each.text, each.withheld.partition(":")[0]) for each in kept] == [
        ("", "what is packed as br cannot be masked"),
        ("", "it is not gzip"),
    ]


async def test_the_words_of_the_recorder_are_not_those_of_a_text_that_was_seen(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    body = b'{"from":"IVANA","to":"38761930305","text":"reset","note":"response"}'
    async with raw_provider() as provider, recording(path, {"betatel": provider.url}) as recorder:
        await recorder.ask("POST", "/api/smpp/client/send", data=body, headers={"Content-Type": "application/json"})
        provider.behave = resets
        await recorder.ask("GET", BALANCE)

    _, kept = recorder.entries
    why = f"{provider.url}: the server reset the connection in the middle of its response"
    assert isinstance(kept, RecordedExchange)
    assert kept.reply is not None
    assert (kept.why, json.loads(kept.reply.body.text)["detail"]) == (why, why)
    assert recorder.log[-1].details == {"why": why}


def test_values_in_a_sentence_of_the_recorder_are_masked() -> None:
    masker = Masker(packs(), SALT)
    masker.request("betatel", RecordedRequest("GET", "/x", "", (("x-api-key", "SECRETKEY"),)), b"")

    found = masker.sentence("betatel", "cannot reach https://h.example/SECRETKEY for 38761930305 or 'SECRETKEY'")

    assert traces(found, ["38761930305", "SECRETKEY"]) == []
    assert found.startswith("cannot reach https://h.example/")


@pytest.mark.parametrize(
    ("recipient", "shown"), [("Selma Kovac", "…"), ("38761930305", "3876…"), ("+38761930305", "+3876…"), ("12", "12…")]
)
async def test_the_log_shows_the_beginning_of_a_number_alone(tmp_path: Path, recipient: str, shown: str) -> None:
    body = json.dumps({"from": "IVANA", "to": recipient, "text": "x"}).encode()
    async with raw_provider() as provider, recording(tmp_path / "s.jsonl", {"betatel": provider.url}) as recorder:
        await recorder.ask("POST", "/api/smpp/client/send", data=body, headers={"Content-Type": "application/json"})

    assert recorder.log[0].to == shown
