"""A replay sends the recorded requests again, with real keys and to real numbers alone."""

import asyncio
import gzip
import json
import os
import signal
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from sandbox.core.clock import ClockConfig, ClockMode
from sandbox.core.errors import SandboxError
from sandbox.engine.workspace import WorkspaceConfig
from sandbox.recording.limits import Limits
from sandbox.recording.real_values import (
    Credentials,
    GivenValues,
    MissingError,
    Recipients,
    read_credentials,
    read_recipients,
)
from sandbox.recording.replay import Replayer, Timing
from sandbox.recording.replaying import ReplayOptions, replay
from sandbox.recording.server import RecordOptions
from sandbox.recording.session import (
    Body,
    Entry,
    RecordedCallback,
    RecordedExchange,
    RecordedReply,
    RecordedRequest,
    SessionHeader,
    SessionWriter,
)
from sandbox.recording.session_reader import in_order, read_session
from sandbox.specs.spec import CredentialPart, NumberPlan
from tests.builders import NOON, packs
from tests.recording.recordings import PATIENCE, RawProvider, Recording, http, raw_provider, recording
from tests.recording.test_faults import hangs
from tests.servers import BARE, Sandbox, make_sandbox

ACCOUNT = {"x-account-id": "a1", "x-user-id": "u7"}
KEYS = {name: {"": f"real-key-of-{name}", **ACCOUNT} for name in ("betatel", "smsbuddy", "ubill")}
OTHER = WorkspaceConfig(BARE, seed=99, clock_config=ClockConfig(ClockMode.FROZEN, start=NOON))
JSON = {"Content-Type": "application/json"}
BETATEL = "38761930305"
UBILL = ("995511194241", "995511194242")
SMSBUDDY = "9812345678"
MINE = {"betatel": "38765000111", "ubill": ("995577000111", "995577000222"), "smsbuddy": "919800000111"}


def exchanges(entries: Sequence[Entry]) -> list[RecordedExchange]:
    return [each for each in entries if isinstance(each, RecordedExchange)]


async def record_all(recorder: Recording) -> None:
    """Send by each provider, ask for what was sent, and for a balance; one request has a wrong key."""
    key = {"x-api-key": "SECRETKEY123", "x-user-id": "u1"}
    body = json.dumps({"from": "FACEBOOK", "to": BETATEL, "text": "Your code is 555345"}).encode()
    await recorder.ask("POST", "/api/smpp/client/send", data=body, headers={**JSON, **key})
    _, _, sent = await recorder.ask("POST", "/api/v1/connect-hub/sms", data=body, headers={**JSON, **key})
    await recorder.ask("GET", f"/api/v1/connect-hub/sms/{json.loads(sent)['messageId']}", headers=key)
    await recorder.ask("GET", "/api/billing/me/balance", headers=key)
    body = json.dumps({"brandID": 1, "numbers": [*UBILL], "text": "message"}).encode()
    _, _, sent = await recorder.ask("POST", "/v1/sms/send?key=SECRETKEY456", data=body, headers=JSON)
    await recorder.ask("GET", f"/v1/sms/report/{json.loads(sent)['smsID']}", headers={"key": "SECRETKEY456"})
    form = f"key=SECRETKEY789&type=1&sender=SMSBDY&message=Hello&to={SMSBUDDY}".encode()
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    _, _, sent = await recorder.ask("POST", "/api/v1/sms/send", data=form, headers=kind)
    found = json.loads(sent)["data"][0]["id"]
    await recorder.ask("GET", f"/api/v1/sms/status?key=SECRETKEY789&id={found}")


async def recorded(path: Path, *, keep_content: bool) -> Path:
    """Return a session of a sandbox that stands for the real provider."""
    provider = await make_sandbox()
    url = f"http://127.0.0.1:{provider.client.port}"
    async with recording(path, dict.fromkeys(packs(), url), keep_content=keep_content) as recorder:
        await record_all(recorder)
    await provider.client.close()
    return path


async def replayed(  # noqa: PLR0913 - the options of a replay
    session: Path,
    url: str,
    *,
    limits: Limits | None = None,
    keys: Mapping[str, Mapping[str, str]] = KEYS,
    numbers: Mapping[str, str] | None = None,
    senders: Mapping[str, str] | None = None,
    pace: Timing | None = None,
) -> tuple[Replayer, list[RecordedExchange]]:
    """Replay a session and return the replayer and what it recorded."""
    path = session.with_name("replayed.jsonl")
    async with recording(
        path, dict.fromkeys(packs(), url), limits=limits or Limits(budget=10), keep_content=True
    ) as recorder:
        first = read_session(session)
        replayer = Replayer(
            packs(),
            recorder.recorder,
            first.header.masked,
            credentials=keys,
            numbers=numbers or {},
            senders=senders or {},
            pace=pace,
        )
        await replayer.run(first.entries)
        return replayer, exchanges(recorder.entries)


def stand_ins(session: Path) -> dict[str, str]:
    """Return numbers of my own for the stand-ins of a session."""
    found = {}
    for each in exchanges([*read_session(session).entries]):
        body = each.request.body.text
        match each.operation:
            case "betatel.sms.send" | "betatel.connect.sms.send":
                found[json.loads(body)["to"]] = MINE["betatel"]
            case "ubill.sms.send":
                found |= dict(zip(json.loads(body)["numbers"], MINE["ubill"], strict=True))
            case "smsbuddy.sms.send":
                found["91" + body.rpartition("to=")[2]] = MINE["smsbuddy"]
    return {before: str(after) for before, after in found.items()}


def recipients(provider: Sandbox) -> list[str]:
    return [each.recipient for each in provider.world.messages.values()]


def keys_of(provider: Sandbox) -> list[str]:
    return sorted({key for _, key in provider.world.accounts})


async def test_a_recording_with_content_is_sent_again_with_real_keys_and_present_ids(tmp_path: Path) -> None:
    session = await recorded(tmp_path / "s.jsonl", keep_content=True)
    provider = await make_sandbox(OTHER)
    replayer, again = await replayed(session, f"http://127.0.0.1:{provider.client.port}")
    first = exchanges([*read_session(session).entries])
    sent, keys = recipients(provider), keys_of(provider)
    await provider.client.close()

    def shown(entries: list[RecordedExchange]) -> list[tuple[str, str, int, str]]:
        return [
            (each.operation, each.request.method, each.reply.status, each.refused) for each in entries if each.reply
        ]

    assert shown(again) == shown(first)
    assert {each.reply.status for each in again if each.reply} == {200}
    assert [each.replays for each in again] == [each.number for each in first]
    assert sent == [BETATEL, BETATEL, *UBILL, "91" + SMSBUDDY]
    assert keys == ["real-key-of-betatel", "real-key-of-smsbuddy", "real-key-of-ubill"]
    assert first[2].request.path != again[2].request.path  # the id of the message
    assert (replayer.sent, replayer.wanting) == (len(first), {})


async def test_what_has_a_stand_in_for_a_recipient_is_not_sent(tmp_path: Path) -> None:
    session = await recorded(tmp_path / "s.jsonl", keep_content=False)
    provider = await make_sandbox(OTHER)
    replayer, again = await replayed(session, f"http://127.0.0.1:{provider.client.port}")
    asked = len(provider.world.requests)
    sent = recipients(provider)
    await provider.client.close()

    assert sent == []
    assert [(each.operation, each.refused) for each in again] == [
        ("betatel.sms.send", "recipient"),
        ("betatel.connect.sms.send", "recipient"),
        ("betatel.connect.sms.get", "id"),
        ("betatel.balance", ""),
        ("ubill.sms.send", "recipient"),
        ("ubill.sms.report", "id"),
        ("smsbuddy.sms.send", "recipient"),
        ("smsbuddy.sms.result", "id"),
    ]
    assert asked == 1
    assert [each.partition(" ")[0] for each in replayer.wanting] == [
        *("--sender", "--recipient"),  # of Betatel
        *("--recipient", "--recipient"),
        *("--sender", "--recipient"),
    ]
    assert again[0].why == (
        "not sent on: a recipient is a stand-in in the recording, and may be the number of a stranger"
    )


async def test_a_masked_recording_is_sent_to_the_numbers_that_are_given_for_stand_ins(tmp_path: Path) -> None:
    session = await recorded(tmp_path / "s.jsonl", keep_content=False)
    provider = await make_sandbox(OTHER)
    url = f"http://127.0.0.1:{provider.client.port}"
    bodies = {each.operation: each.request.body.text for each in exchanges([*read_session(session).entries])}
    names = {
        json.loads(bodies["betatel.sms.send"])["from"]: "ACME",
        bodies["smsbuddy.sms.send"].partition("sender=")[2].partition("&")[0]: "SMSBDY",
    }
    replayer, again = await replayed(session, url, numbers=stand_ins(session), senders=names)
    sent = recipients(provider)
    senders = [each.sender for each in provider.world.messages.values()][:2]
    await provider.client.close()

    assert sent == [MINE["betatel"], MINE["betatel"], *MINE["ubill"], MINE["smsbuddy"]]
    assert senders == ["ACME", "ACME"]
    assert {each.refused for each in again} == {""}
    assert (replayer.recipients.unused, replayer.senders.unused) == ([], [])


async def test_nothing_is_sent_beyond_the_limits_and_what_depends_on_it_neither(tmp_path: Path) -> None:
    session = await recorded(tmp_path / "s.jsonl", keep_content=True)
    provider = await make_sandbox(OTHER)
    limits = Limits(only=["betatel.*", "ubill.*"], budget=1)
    _, again = await replayed(session, f"http://127.0.0.1:{provider.client.port}", limits=limits)
    sent = recipients(provider)
    await provider.client.close()

    assert sent == [BETATEL]
    assert [each.refused for each in again] == ["", "budget", "id", "", "budget", "id", "only", "id"]


async def test_without_a_key_nothing_is_sent(tmp_path: Path) -> None:
    session = await recorded(tmp_path / "s.jsonl", keep_content=True)
    async with raw_provider() as provider:
        replayer, again = await replayed(session, provider.url, keys={"betatel": {"x-account-id": "a1"}})

    assert provider.requests == []
    assert {each.refused for each in again} == {"credential"}
    assert set(replayer.wanting) == {
        "--credential betatel.x-api-key=VALUE",
        "--credential betatel.x-user-id=VALUE",
        "--credential ubill.key=VALUE",
        "--credential smsbuddy.key=VALUE",
    }


def betatel(number: int, *, at: float = 0.0, status: int = 200, **changes: Any) -> RecordedExchange:  # noqa: ANN401 - of any kind
    """Return an exchange of Betatel, which asks for the balance unless changes say otherwise."""
    values = {
        "method": "GET",
        "path": "/api/billing/me/balance",
        "query": "",
        "headers": (("x-api-key", "STANDIN1"),),
        "body": Body(""),
        "operation": "betatel.balance",
        "refused": "",
        "reply": "{}",
        **changes,
    }
    request = RecordedRequest(*(values[name] for name in ("method", "path", "query", "headers", "body")))
    reply = RecordedReply(status, (), Body(values["reply"]))
    return RecordedExchange(
        number,
        NOON + timedelta(seconds=at),
        "betatel",
        values["operation"],
        request,
        reply,
        1.0,
        refused=values["refused"],
    )


SEND: Any = {"method": "POST", "path": "/api/smpp/client/send", "operation": "betatel.sms.send"}
TO = b'{"from":"ACME","to":"38769111222","text":"x"}'


def write(path: Path, *entries: Entry, masked: tuple[str, ...] = ()) -> Path:
    """Write a session in which credentials and what is `masked` are stand-ins."""
    with SessionWriter(path, SessionHeader(NOON, "0", "record", {}, ("credentials", *masked))) as writer:
        for each in entries:
            writer.write(each)
    return path


async def send_again(
    provider: RawProvider,
    path: Path,
    *entries: Entry,
    masked: tuple[str, ...] = (),
    **more: Any,  # noqa: ANN401 - as `replayed`
) -> list[RecordedExchange]:
    """Replay a session of these exchanges by a provider of raw bytes."""
    _, again = await replayed(write(path / "s.jsonl", *entries, masked=masked), provider.url, **more)
    return again


async def test_a_request_is_sent_again_as_it_was_but_for_its_key_and_coding(tmp_path: Path) -> None:
    headers = (
        ("hOST", "api.betatel.com"),
        ("X-API-Key", "STANDIN1"),
        ("Cookie", "a=STANDIN2"),
        ("content-TYPE", "application/json; charset=latin-1"),
        ("Content-Encoding", "gzip"),
        ("Content-Length", str(len(gzip.compress(b"any")))),
    )
    body = Body('{"from":"ACME", "to":"+387 61 930", "text":"café"}', "gzip")
    async with raw_provider() as provider:
        (kept,) = await send_again(provider, tmp_path, betatel(1, **SEND, query="a=%2f&b", headers=headers, body=body))

    host = provider.url.removeprefix("http://").encode()
    plain = body.text.encode("latin-1")
    assert provider.requests == [
        b"POST /api/smpp/client/send?a=%2f&b HTTP/1.1\r\nhOST: " + host + b"\r\nX-API-Key: real-key-of-betatel\r\n"
        b"content-TYPE: application/json; charset=latin-1\r\n"
        b"Content-Length: " + str(len(plain)).encode() + b"\r\n\r\n" + plain
    ]
    assert kept.refused == ""


async def test_a_wrong_key_stays_wrong(tmp_path: Path) -> None:
    async with raw_provider() as provider:
        provider.answers = [http("401 No", b""), http("200 OK", b"{}")]
        await send_again(provider, tmp_path, betatel(1, status=401), betatel(2))

    assert [b"x-api-key: STANDIN1" in each for each in provider.requests] == [True, False]


async def test_the_id_of_an_account_is_a_credential_of_a_replay(tmp_path: Path) -> None:
    headers = (("x-api-key", "STANDIN1"), ("x-user-id", "STANDIN2"))
    words = ["betatel=KEY", "betatel.x-user-id=user-5521"]
    async with raw_provider() as provider:
        given = read_credentials(words, packs(), ["betatel"])
        await send_again(provider, tmp_path, betatel(1, headers=headers), keys=given)

    assert [b"x-api-key: KEY\r\nx-user-id: user-5521\r\n" in each for each in provider.requests] == [True]


async def test_requests_that_cannot_be_sent_again_are_kept_with_the_reason(tmp_path: Path) -> None:
    async with raw_provider() as provider:
        again = await send_again(
            provider,
            tmp_path,
            betatel(1, refused="budget"),
            betatel(2, body=Body("", "br", "what is packed as br cannot be masked")),
            betatel(3, path="/nowhere"),
        )

    assert provider.requests == []
    assert [(each.refused, each.why) for each in again] == [
        ("recorded", "not sent on: the recording did not send it either"),
        ("body", "not sent on: the recording does not have its body: what is packed as br cannot be masked"),
    ]


@pytest.mark.parametrize(
    "body",
    [
        TO,
        b'{"from":"ACME","to":38769111222,"text":"x"}',
        b'{"from":"ACME","to":["38769111222"],"text":"x"}',
        b'{"from":"ACME","to":"38765000111,38769111222","text":"x"}',
        b'{"from":"ACME","to":"+38769111222","text":"x"}',
        b'{"from":"ACME","to":"abcdef","text":"x"}',
        b'{"from":"ACME","text":"x"}',
        b'{"from":"ACME","recipients":[{"phone":"38769111222"}],"text":"x"}',
        b'{"from":"ACME","to":"38765000111","cc":"38769111222","text":"x"}',
        b"from=ACME&to=38769111222",
        b"to 38769111222",
        b'{"to":"38769111222"',
    ],
    ids=bytes.decode,
)
async def test_no_stand_in_is_sent_to_whatever_the_form_of_its_request(tmp_path: Path, body: bytes) -> None:
    exchange = betatel(
        1, **SEND, headers=(("x-api-key", "S"), ("content-type", "application/json")), body=Body(body.decode())
    )
    async with raw_provider() as provider:
        again = await send_again(
            provider, tmp_path, exchange, masked=("numbers",), numbers={"38761000000": "38765000111"}
        )

    assert provider.requests == []
    assert [each.refused for each in again] == ["recipient"]


async def test_requests_keep_their_order_and_their_distances(tmp_path: Path) -> None:
    waits: list[float] = []

    async def pause(seconds: float) -> None:
        waits.append(seconds)

    async with raw_provider() as provider:
        session = [betatel(2, at=1.5, query="n=2"), betatel(1, query="n=1"), betatel(3, at=4.0, query="n=3")]
        again = await send_again(provider, tmp_path, *session, pace=Timing(pause, lambda: 100.0))

    assert waits == [1.5, 4.0]
    assert [each.request.query for each in again] == ["n=1", "n=2", "n=3"]


async def test_callbacks_are_taken_until_the_replay_is_stopped(tmp_path: Path) -> None:
    session = write(tmp_path / "s.jsonl", betatel(1, **SEND, body=Body(TO.decode()), reply='{"uuid":"m0"}'))
    lines: asyncio.Queue[str] = asyncio.Queue()
    async with raw_provider() as provider:
        provider.answers = [http("200 OK", b'{"uuid":"m1"}')]
        out = tmp_path / "out.jsonl"
        options = RecordOptions({"betatel": provider.url}, out, port=0, budget=1, insecure=True)
        values = ReplayOptions(session, ("betatel=KEY",), wait=PATIENCE)
        done = asyncio.create_task(replay(options, values, packs(), show=lines.put_nowait, write_log=lines.put_nowait))
        address = (await lines.get()).rpartition(" ")[2].replace("PROVIDER", "betatel")
        await lines.get()  # the request
        async with ClientSession() as client:
            answers = [
                await client.post(address, json={"uuid": "m1", "status": "sent"}),
                await client.post(address.partition("/_sandbox")[0] + SEND["path"], data=TO),
            ]
        os.kill(os.getpid(), signal.SIGINT)
        sent = await done
    said = [lines.get_nowait() for _ in range(lines.qsize())]

    assert sent
    assert said[-1].splitlines()[1:] == ["  replayed 1 of 1 recorded request; the provider answered 1"]
    assert [each.status for each in answers] == [200, 404]
    assert [each.reports for each in read_session(out).entries if isinstance(each, RecordedCallback)] == [(1, "m1")]
    assert len(provider.requests) == 1


async def test_without_a_budget_no_message_is_sent(tmp_path: Path) -> None:
    session = write(tmp_path / "s.jsonl", betatel(1, **SEND, body=Body(TO.decode())))
    said: list[str] = []
    async with raw_provider() as provider:
        options = RecordOptions({"betatel": provider.url}, tmp_path / "out.jsonl", insecure=True)
        values = ReplayOptions(session, ("betatel=KEY",))
        sent = await replay(options, values, packs(), show=said.append, write_log=lambda _: None)

    assert (sent, provider.requests) == (False, [])
    assert said[0].splitlines() == [
        f"wrote {tmp_path / 'out.jsonl'}: 1 exchange, 0 callbacks, 1 refused",
        "  replayed 0 of 1 recorded request; the provider answered 0",
        "  not sent 1: without --budget N, no message is sent",
    ]


UBILL_KIND = (("key", "STANDIN"), ("Content-Type", "application/json"))


def ubill(number: int, operation: str, path: str, *, body: str, reply: str = '{"statusID":0}') -> RecordedExchange:
    """Return an exchange of uBill."""
    request = RecordedRequest("POST", path, "", UBILL_KIND, Body(body))
    return RecordedExchange(number, NOON, "ubill", operation, request, RecordedReply(200, (), Body(reply)), 1.0)


def ubill_send(number: int, body: str, reply: str = '{"statusID":0,"smsID":7}') -> RecordedExchange:
    return ubill(number, "ubill.sms.send", "/v1/sms/send", body=body, reply=reply)


async def ends(path: Path, *entries: Entry, **options: Any) -> tuple[bool, list[str], int]:  # noqa: ANN401 - of `ReplayOptions`
    """Replay a masked session by the command; return whether it is a success, its last words, and what was sent."""
    budget = options.pop("budget", 9)
    session = write(path / "s.jsonl", *entries, masked=("numbers", "senders", "names"))
    said: list[str] = []
    async with raw_provider() as provider:
        urls = dict.fromkeys(("betatel", "ubill"), provider.url)
        given = RecordOptions(urls, path / "out.jsonl", insecure=True, budget=budget)
        values = ReplayOptions(session, ("betatel=KEY", "ubill=KEY"), **options)
        success = await replay(given, values, packs(), show=said.append, write_log=lambda _: None)
        return success, said[0].splitlines()[1:], len(provider.requests)


async def test_a_masked_name_is_not_sent_without_a_real_one(tmp_path: Path) -> None:
    brand = ubill(1, "ubill.brand.create", "/v1/sms/brandNameCreate", body='{"brandName":"QWXM Ltf."}')

    assert await ends(tmp_path, brand, budget=None) == (
        False,
        [
            "  replayed 0 of 1 recorded request; the provider answered 0",
            "  not sent 1: name the real value with --sender 'QWXM Ltf.=REAL'",
        ],
        0,
    )


async def test_a_masked_sender_is_not_sent_without_a_real_one(tmp_path: Path) -> None:
    send = betatel(1, **SEND, headers=(("x-api-key", "S"), *JSON.items()), body=Body(TO.decode()))
    recipient = ("38769111222=38761930305",)
    (tmp_path / "with").mkdir()

    assert await ends(tmp_path, send, recipient=recipient) == (
        False,
        [
            "  replayed 0 of 1 recorded request; the provider answered 0",
            "  not sent 1: name the real value with --sender ACME=REAL",
        ],
        0,
    )
    assert await ends(tmp_path / "with", send, recipient=recipient, sender=("ACME=ME", "OTHER=ME")) == (
        True,
        [
            "  replayed 1 of 1 recorded request; the provider answered 1",
            "  not used: --sender OTHER=…, as no request needed it",
        ],
        1,
    )


async def test_a_wrong_recipient_is_sent_again_if_it_is_named(tmp_path: Path) -> None:
    wrong = [
        betatel(1, **SEND, body=Body('{"to":"Tfufo","text":"x"}'), status=400),
        ubill_send(2, '{"brandID":1,"numbers":["995577111222","12"],"text":"x"}'),
    ]
    given = ("995577111222=995577000111", "12=12", "Tfufo=Selma", "995577999999=995577000111")
    (tmp_path / "with").mkdir()

    assert await ends(tmp_path, *wrong) == (
        False,
        [
            "  replayed 0 of 2 recorded requests; the provider answered 0",
            "  not sent 1: name the real value with --recipient Tfufo=Tfufo (sent as it is)",
            "  not sent 1: name the real value with --recipient 995577111222=NUMBER",
            "  not sent 1: name the real value with --recipient 12=12 (sent as it is)",
        ],
        0,
    )
    assert await ends(tmp_path / "with", *wrong, recipient=given) == (
        True,
        [
            "  replayed 2 of 2 recorded requests; the provider answered 2",
            "  not used: --recipient 995577999999=…, as no request needed it",
        ],
        2,
    )


async def test_what_was_refused_for_lack_of_a_recipient_is_sent_again(tmp_path: Path) -> None:
    sends = [
        betatel(1, **SEND, body=Body('{"text":"x'), status=400),
        ubill_send(2, '{"brandID":1,"text":"x"}', reply='{"statusID":20,"message":"Numbers not found"}'),
        ubill_send(3, '{"brandID":1,"text":"x', reply='{"statusID":20,"message":"Numbers not found"}'),
        ubill_send(4, '{"brandID":1,"text":"x"}'),
    ]
    why = "it has no recipient where the document has one, and was not refused: it may have one elsewhere"

    assert await ends(tmp_path, *sends) == (
        True,
        ["  replayed 3 of 4 recorded requests; the provider answered 3", f"  not sent 1: {why}"],
        3,
    )


async def test_a_replay_without_any_answer_fails(tmp_path: Path) -> None:
    session = write(tmp_path / "s.jsonl", betatel(1), betatel(2))
    said: list[str] = []
    options = RecordOptions({"betatel": "http://127.0.0.1:9"}, tmp_path / "out.jsonl", insecure=True)
    values = ReplayOptions(session, ("betatel=KEY",))
    success = await replay(options, values, packs(), show=said.append, write_log=lambda _: None)

    assert not success
    assert said[0].splitlines()[1:] == ["  replayed 2 of 2 recorded requests; the provider answered 0"]


async def test_a_replay_that_is_stopped_says_how_far_it_came(tmp_path: Path) -> None:
    async def stop(writer: asyncio.StreamWriter) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        await hangs(writer)

    async with raw_provider() as provider:
        provider.behave = stop
        session = write(tmp_path / "s.jsonl", betatel(1), betatel(2))
        said: list[str] = []
        options = RecordOptions({"betatel": provider.url}, tmp_path / "out.jsonl", insecure=True)
        values = ReplayOptions(session, ("betatel=KEY",), sender=("OTHER=ME",))
        success = await replay(options, values, packs(), show=said.append, write_log=lambda _: None)

    assert not success
    assert said[0].splitlines() == [
        f"wrote {tmp_path / 'out.jsonl'}: 1 exchange, 0 callbacks, 1 fault",
        "  replayed 1 of 2 recorded requests; the provider answered 0",
    ]


@pytest.mark.parametrize("word", ["=387", "387=", "387", " = "])
def test_a_recipient_needs_a_stand_in_and_a_value(word: str) -> None:
    with pytest.raises(SandboxError, match="is not STANDIN=NUMBER, such as"):
        read_recipients([word], None)


def test_a_file_with_missing_numbers_is_read_in_order() -> None:
    def session() -> Iterator[Entry]:
        yield from (betatel(number) for number in (2, 9, 5, 4))

    assert [each.number for each in in_order(session())] == [2, 4, 5, 9]


PARTS = {
    "a prefix": (CredentialPart("header", "authorization", ("token",), "Bearer "), "Bearer t0ken"),
    "Basic": (
        CredentialPart("header", "authorization", ("username", "password"), "Basic ", is_base64=True),
        "Basic dTpwOnc=",
    ),
    "a member": (CredentialPart("body", "/auth/authorization", ("token",)), "t0ken"),
}


@pytest.mark.parametrize(("part", "value"), PARTS.values(), ids=PARTS)
def test_a_credential_is_written_as_the_document_says(part: CredentialPart, value: str) -> None:
    given = {"token": "t0ken", "username": "u", "password": "p:w"}
    credentials = Credentials("own", given, (part,))

    assert credentials.real(part.place, "Authorization", "Basic STANDIN") == value


def test_a_credential_that_the_document_does_not_place_keeps_its_scheme() -> None:
    credentials = Credentials("own", {"authorization": "t0ken"}, ())

    assert credentials.real("header", "Authorization", "Token STANDIN") == "Token t0ken"
    with pytest.raises(MissingError, match="the credential password of own is a stand-in") as caught:
        credentials.real("body", "password", "STANDIN")
    assert caught.value.option == "--credential own.password=VALUE"


@pytest.mark.parametrize(
    ("value", "real"),
    [
        ("919811111111", "919800000111"),
        ("+91 98111-11111", "+919800000111"),
        ("00919811111111", "00919800000111"),
        ("9811111111", "9800000111"),
        ("919811111111, 9822222222", "919800000111, 9800000222"),
        ("919822222222\n9811111111", "919800000222\n9800000111"),
    ],
)
def test_a_number_is_replaced_in_the_form_that_its_stand_in_has(value: str, real: str) -> None:
    numbers = {"919811111111": "919800000111", "9822222222": "9800000222"}

    assert Recipients(GivenValues(numbers), are_masked=True, home=NumberPlan(10, "91")).real(value) == real
