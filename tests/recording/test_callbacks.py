"""Callbacks of a provider are kept, bound to the message that they report, and passed on to the application."""

import re
from pathlib import Path

from sandbox.recording.session import RecordedCallback, RecordedExchange
from tests.builders import packs
from tests.recording.recordings import http, raw_provider, recording
from tests.servers import BETATEL_SMS, SMSBUDDY_SMS, UBILL_SMS, Receiver, make_sandbox, says


async def test_the_callbacks_of_every_provider_are_bound_to_their_sends(tmp_path: Path, receiver: Receiver) -> None:
    sandbox = await make_sandbox()
    url = f"http://127.0.0.1:{sandbox.client.port}"
    targets = {name: receiver.url() for name in packs()}
    async with recording(tmp_path / "s.jsonl", dict.fromkeys(packs(), url), targets=targets) as recorder:
        for name in packs():
            sandbox.set_target(name, recorder.callbacks(name))
        for sms in (BETATEL_SMS, UBILL_SMS, SMSBUDDY_SMS):
            async with sandbox.client.session.post(
                recorder.url + sms.path,
                **({"data": sms.body} if sms.form else {"json": sms.body}),  # type: ignore[arg-type]
                headers=sms.headers,
            ) as reply:
                await reply.read()
        await sandbox.advance()
        entries = recorder.entries
    await sandbox.client.close()

    sends = {each.number: each.provider for each in entries if isinstance(each, RecordedExchange)}
    called = [each for each in entries if isinstance(each, RecordedCallback)]
    assert sorted(sends.values()) == sorted(packs())
    assert len(called) == len(receiver.calls) >= len(packs())
    assert [each.provider for each in called] == [sends[each.reports.exchange] for each in called if each.reports]
    assert all(each.reply is not None and each.reply.status == 200 for each in called)


async def test_a_callback_is_passed_on_byte_for_byte_and_its_answer_goes_back(tmp_path: Path) -> None:
    async with (
        raw_provider() as application,
        recording(
            tmp_path / "s.jsonl",
            {"ubill": "https://127.0.0.1:1"},
            targets={"ubill": f"{application.url}/dlr?mine=1"},
        ) as recorder,
    ):
        application.answers.append(http("202 Fine", b"thanks", "X-A: 1"))
        path = recorder.callbacks("ubill").removeprefix(recorder.url)
        answer = await recorder.send_bytes(
            f"POST {path}/more%20path?a=%2f&b HTTP/1.1\r\nHost: x\r\nx-Y: 1\r\n".encode()
            + b"Content-Length: 2\r\nConnection: close\r\n\r\n{}"
        )

    host = application.url.removeprefix("http://")
    assert application.requests == [
        f"POST /dlr/more%20path?mine=1&a=%2f&b HTTP/1.1\r\nHost: {host}\r\nx-Y: 1\r\n".encode()
        + b"Content-Length: 2\r\n\r\n{}"
    ]
    assert answer == b"HTTP/1.1 202 Fine\r\nX-A: 1\r\nContent-Length: 6\r\nConnection: close\r\n\r\nthanks"


async def test_without_a_target_a_callback_is_answered_with_200_and_kept(tmp_path: Path) -> None:
    async with recording(tmp_path / "s.jsonl", {"ubill": "https://127.0.0.1:1"}) as recorder:
        path = recorder.callbacks("ubill").removeprefix(recorder.url)
        status, _, _ = await recorder.ask("GET", f"{path}?smsID=100&number=995511194242&statusID=1&key=secretkey1")
        (kept,) = recorder.entries

    assert (status, kept.reply, kept.fault) == (200, None, "")
    assert re.fullmatch(r"smsID=100&number=995\d{9}&statusID=1&key=\w{10}", kept.request.query)


async def test_an_application_that_fails_gives_the_provider_its_failure(tmp_path: Path, receiver: Receiver) -> None:
    receiver.answers.append(says(500, "broken"))
    targets = {"ubill": receiver.url(), "betatel": "http://127.0.0.1:1/dlr"}
    upstreams = dict.fromkeys(targets, "https://127.0.0.1:1")
    async with recording(tmp_path / "s.jsonl", upstreams, targets=targets) as recorder:
        replies = [
            await recorder.ask("GET", recorder.callbacks(name).removeprefix(recorder.url))
            for name in (*targets, "acme")
        ]
        kept = [(each.provider, each.fault) for each in recorder.entries]

    assert [status for status, _, _ in replies] == [500, 502, 404]
    assert kept == [("ubill", ""), ("betatel", "unreachable")]
