"""Attempts: what is sent, what is kept of the answer, retries by the ladder, time-outs."""

from collections.abc import Mapping
from datetime import timedelta

import pytest
from aiohttp import web

from sandbox.callbacks.compose import request_of
from sandbox.core.clock import ClockConfig, ClockMode
from sandbox.core.scenario import Scenario
from sandbox.engine.workspace import WorkspaceConfig
from tests.builders import NOON, packs
from tests.callbacks.starts import LATER, SOON, statuses
from tests.conformance import callback_problems
from tests.conftest import SandboxMaker
from tests.servers import (
    BETATEL_SMS,
    SMSBUDDY_SMS,
    UBILL_SMS,
    WHATSAPP,
    Receiver,
    Sandbox,
    Sms,
    hangs,
    hangs_up,
    says,
    turn,
)


def impatient(scenario: str = "impatient") -> WorkspaceConfig:
    """Return a start whose receivers have 50 ms of real time."""
    settings = {provider: {"timeout": "50ms"} for provider in ("betatel", "ubill", "smsbuddy")}
    return WorkspaceConfig(
        Scenario(scenario, settings=settings), seed=7, clock_config=ClockConfig(ClockMode.FROZEN, start=NOON)
    )


async def test_without_a_target_a_callback_is_kept_as_it_would_have_been_sent(sandbox: Sandbox) -> None:
    await sandbox.send()
    await sandbox.advance()

    written = {each.id: request_of(sandbox.world, packs(), each) for each in sandbox.callbacks}
    assert [
        (each.state, each.attempts, callback_problems(request, "betatel", "sms"))
        for each in sandbox.callbacks
        if (request := written[each.id])
    ] == [
        ("collected", (), []),
        ("collected", (), []),
    ]


async def test_what_was_collected_is_not_sent_when_a_target_comes(sandbox: Sandbox, receiver: Receiver) -> None:
    await sandbox.send()
    await sandbox.advance(SOON)
    sandbox.set_target("betatel", receiver.url())
    await sandbox.advance()

    assert statuses(receiver) == ["delivered"]


@pytest.mark.parametrize(
    ("sms", "channel", "methods"),
    [
        (BETATEL_SMS, "betatel.sms", ["POST", "POST"]),
        (WHATSAPP, "betatel.whatsapp", ["POST", "POST"]),
        (UBILL_SMS, "ubill.sms", ["GET", "GET"]),
        (SMSBUDDY_SMS, "smsbuddy.sms", ["GET"]),
    ],
)
async def test_each_provider_calls_back_as_its_spec_says(
    sandbox: Sandbox,
    receiver: Receiver,
    sms: Sms,
    channel: str,
    methods: list[str],
) -> None:
    provider, _, kind = channel.partition(".")
    sandbox.set_target(provider, receiver.url())
    await sandbox.send(sms)
    await sandbox.advance()

    problems = [callback_problems(call.outgoing, provider, kind) for call in receiver.calls]
    assert ([call.method for call in receiver.calls], problems) == (methods, [[]] * len(methods))


async def test_an_attempt_tells_the_answer_and_the_instant_of_the_clock(sandbox: Sandbox, receiver: Receiver) -> None:
    receiver.otherwise = says(201, "thanks")
    sandbox.set_target("betatel", receiver.url())
    await sandbox.send()
    await sandbox.advance(SOON)

    (callback,) = sandbox.callbacks
    (attempt,) = callback.attempts
    assert (callback.state, attempt._replace(ms=0.0), attempt.ms > 0) == (
        "delivered",
        type(attempt)(1, NOON + timedelta(milliseconds=200), 201, "thanks", 0.0, url=receiver.url()),
        True,
    )


LADDERS = {
    "betatel": (BETATEL_SMS, [0, 5, 35, 335]),
    "ubill": (UBILL_SMS, [0, 60, 360, 2160]),
    "smsbuddy": (SMSBUDDY_SMS, [0, 1800, 3600]),
}


@pytest.mark.parametrize("provider", LADDERS)
async def test_a_callback_that_is_refused_is_tried_again_by_its_providers_ladder(
    sandbox: Sandbox,
    receiver: Receiver,
    provider: str,
) -> None:
    sms, seconds = LADDERS[provider]
    receiver.otherwise = says(503)
    sandbox.set_target(provider, receiver.url())
    await sandbox.send(sms)
    await sandbox.advance()

    callback = sandbox.callbacks[0]
    begin = callback.step.at
    assert (
        callback.state,
        [(attempt.at - begin).total_seconds() for attempt in callback.attempts],
        {attempt.status for attempt in callback.attempts},
    ) == ("failed", seconds, {503})


async def test_a_retry_that_succeeds_ends_the_ladder(sandbox: Sandbox, receiver: Receiver) -> None:
    receiver.answers.extend([says(500), says(404)])
    sandbox.set_target("betatel", receiver.url())
    await sandbox.send()
    await sandbox.advance()

    assert [(each.state, [attempt.status for attempt in each.attempts]) for each in sandbox.callbacks] == [
        ("delivered", [500, 200]),
        ("delivered", [404, 200]),
    ]


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
async def test_any_2xx_succeeds(sandbox: Sandbox, receiver: Receiver, status: int) -> None:
    receiver.otherwise = says(status)
    sandbox.set_target("betatel", receiver.url())
    await sandbox.send()
    await sandbox.advance()

    assert [(each.state, len(each.attempts)) for each in sandbox.callbacks] == [("delivered", 1)] * 2


@pytest.mark.parametrize("status", [300, 304, 400, 404, 410, 500])
async def test_nothing_else_succeeds(sandbox: Sandbox, receiver: Receiver, status: int) -> None:
    receiver.otherwise = says(status)
    sandbox.set_target("betatel", receiver.url())
    await sandbox.send()
    await sandbox.advance(SOON)

    assert [(each.state, each.attempts[0].status) for each in sandbox.callbacks] == [("pending", status)]


async def test_a_receiver_that_never_answers_is_an_attempt_that_timed_out(
    make_sandbox: SandboxMaker,
    receiver: Receiver,
) -> None:
    sandbox = await make_sandbox(impatient())
    receiver.otherwise = hangs
    sandbox.set_target("betatel", receiver.url())
    await sandbox.send()
    await sandbox.advance(SOON)

    assert [(each.status, each.error) for each in sandbox.attempts] == [(None, "no response within 0.05 s")]


async def test_a_receiver_that_hangs_up_is_an_attempt_with_the_reason(sandbox: Sandbox, receiver: Receiver) -> None:
    receiver.otherwise = hangs_up
    sandbox.set_target("betatel", receiver.url())
    await sandbox.send()
    await sandbox.advance(SOON)

    told = "the receiver closed the connection without a response"
    assert [(each.status, each.error) for each in sandbox.attempts] == [(None, told)]


async def test_a_receiver_that_is_not_there_is_an_attempt_with_the_reason(sandbox: Sandbox, receiver: Receiver) -> None:
    url = receiver.url()
    await receiver.stop()
    sandbox.set_target("betatel", url)
    await sandbox.send()
    await sandbox.advance(SOON)

    assert [each.error for each in sandbox.attempts] == ["cannot connect: Connection refused"]


async def test_of_an_answer_2048_bytes_are_kept_however_it_is_cut(sandbox: Sandbox, receiver: Receiver) -> None:
    async def in_pieces(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for letter in "abc":
            await response.write(letter.encode() * 1000)
            await turn()
        return response

    receiver.otherwise = in_pieces
    sandbox.set_target("betatel", receiver.url())
    await sandbox.send()
    await sandbox.advance(SOON)

    assert [each.answer for each in sandbox.attempts] == ["a" * 1000 + "b" * 1000 + "c" * 48]


async def test_an_answer_that_is_no_text_is_kept_readable(sandbox: Sandbox, receiver: Receiver) -> None:
    async def noise(_: web.Request) -> web.StreamResponse:
        return web.Response(body=b"ok\xff\x00", content_type="application/octet-stream")

    receiver.otherwise = noise
    sandbox.set_target("betatel", receiver.url())
    await sandbox.send()
    await sandbox.advance(SOON)

    assert [each.answer for each in sandbox.attempts] == ["ok\ufffd\x00"]


async def test_target_and_key_are_those_of_the_moment_of_each_attempt(sandbox: Sandbox, receiver: Receiver) -> None:
    receiver.answers.append(says(503))
    sandbox.set_target("ubill", receiver.url("/old"), "old")
    await sandbox.send(UBILL_SMS)
    await sandbox.advance(SOON)
    sandbox.set_target("ubill", receiver.url("/new"), "new")
    await sandbox.advance()

    assert [(call.path, call.query["key"], call.query["statusID"]) for call in receiver.calls] == [
        ("/old", "old", "0"),
        ("/new", "new", "1"),
        ("/new", "new", "0"),
    ]


URLS: Mapping[str, str] = {
    "loopback": "http://127.0.0.1:{port}/own?id={{id}}&s={{status}}",
    "private": "http://10.0.0.1/own",
    "public": "http://8.8.8.8/own",
}


async def test_a_request_may_name_a_target_on_loopback(sandbox: Sandbox, receiver: Receiver) -> None:
    await sandbox.send(SMSBUDDY_SMS.with_values(dlr_url=URLS["loopback"].format(port=receiver.port)))
    await sandbox.advance()

    assert [(call.path, dict(call.query)) for call in receiver.calls] == [
        ("/own", {"id": sandbox.message().id, "s": "DELIVRD"}),
    ]


@pytest.mark.parametrize("where", ["private", "public"])
async def test_a_request_may_name_no_target_elsewhere(sandbox: Sandbox, where: str) -> None:
    await sandbox.send(SMSBUDDY_SMS.with_values(dlr_url=URLS[where]))
    await sandbox.advance(LATER)

    host = URLS[where].split("/")[2]
    problem = f"{host} is not allowed: a target that a request names must lead to loopback"
    told = f"{problem}; to allow it, start with --allow-callback {host}"
    assert [each.error for each in sandbox.attempts] == [told]
