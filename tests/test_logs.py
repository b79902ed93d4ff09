"""What a running server says: a line a request and an attempt, for people or for programs, without secrets."""

import json
import re
from datetime import timedelta

from sandbox.core.callback import Attempt, Callback, State
from sandbox.core.message import Step
from sandbox.core.world import Batch, World
from sandbox.logs import Log
from tests.builders import NOON, Desk

KEY = {"x-api-key": "k1secret"}
SMS = {"from": "FACEBOOK", "to": "38761930305", "text": "Your code is 555345"}


def told(desk: Desk, *, as_json: bool = False, bodies: bool = False, colour: bool = False) -> list[str]:
    """Return a list that grows by every line of the desk's log, as it would be written."""
    lines: list[str] = []
    log = Log({"default": desk.world}.get, lines.append, as_json=as_json, bodies=bodies, colour=colour)

    def hear(batch: Batch) -> None:
        log(batch)
        log.flush()

    desk.world.listeners.append(hear)
    return lines


def send(desk: Desk, **changes: str) -> None:
    desk.send("POST", "/api/smpp/client/send", headers=KEY, json_body={**SMS, **changes})


def took(line: str) -> str:
    """Return a line without the time it took."""
    return re.sub(r"\d+\.\d ms", "ms", line, count=1)


def attempt(world: World, *, error: str | None = None) -> None:
    """Note an attempt at a callback of the first message."""
    message = world.messages[1]
    step = Step(message.status, "sent", NOON)
    tried = Attempt(1, NOON + timedelta(seconds=1), None if error else 200, "", 1.25, error)
    state = State.FAILED if error else State.DELIVERED
    world.commit(Callback(1, 1, "betatel", step, NOON, state, attempts=(tried,)))


async def test_a_send_tells_its_recipient_in_part_its_id_and_how_it_will_end() -> None:
    desk = Desk()
    lines = told(desk)
    send(desk)

    assert [took(line) for line in lines] == [
        f"12:00:00 betatel.sms.send 38761… 200 {desk.world.messages[1].id} → delivered in 2.2 s (ms)\n"
    ]


async def test_a_send_to_many_tells_how_many() -> None:
    desk = Desk()
    lines = told(desk)
    desk.send(
        "GET",
        "/v1/sms/send",
        query={"key": "k1", "brandID": 1, "numbers": "995511194242,995511194243", "text": "message"},
    )

    assert [took(line) for line in lines] == [
        "12:00:00 ubill.sms.send 99551… 200 2 messages → delivered in 2.2 s (ms)\n"
    ]


async def test_a_refusal_says_why_without_numbers_or_keys() -> None:
    desk = Desk()
    lines = told(desk)
    send(desk, to="38761930305 or so")

    assert [took(line).partition("^")[0] for line in lines] == [
        "12:00:00 betatel.sms.send 400 (ms, why: body.to: '387… or so' does not match "
    ]


async def test_an_attempt_tells_what_it_reports_and_how_it_went() -> None:
    desk = Desk()
    send(desk)
    lines = told(desk)
    attempt(desk.world)
    attempt(desk.world, error="refused")

    assert lines == [
        "12:00:01 betatel.sms.send 38761… 200 callback of sent, attempt 1: delivered (1.2 ms)\n",
        "12:00:01 betatel.sms.send 38761… no answer callback of sent, attempt 1: failed (1.2 ms, why: refused)\n",
    ]


async def test_colours_tell_good_from_bad() -> None:
    desk = Desk()
    send(desk)
    lines = told(desk, colour=True)
    attempt(desk.world)
    attempt(desk.world, error="refused")

    assert [("\x1b[32m200" in line, "\x1b[31mno answer" in line) for line in lines] == [(True, False), (False, True)]


async def test_a_program_gets_json_by_the_line() -> None:
    desk = Desk()
    lines = told(desk, as_json=True)
    send(desk)
    attempt(desk.world)
    request, callback = map(json.loads, lines)
    del request["ms"]

    assert (request, callback) == (
        {
            "at": "2026-03-02T12:00:00.000Z",
            "kind": "request",
            "request": 1,
            "operation": "betatel.sms.send",
            "to": "38761…",
            "status": 200,
            "what": f"{desk.world.messages[1].id} → delivered in 2.2 s",
        },
        {
            "at": "2026-03-02T12:00:01.000Z",
            "kind": "callback",
            "callback": 1,
            "operation": "betatel.sms.send",
            "to": "38761…",
            "status": 200,
            "ms": 1.2,
            "what": "callback of sent, attempt 1: delivered",
            "reports": "sent",
            "attempt": 1,
            "state": "delivered",
        },
    )


async def test_bodies_are_told_only_when_they_are_asked_for() -> None:
    desk = Desk()
    silent, open_hearted = told(desk), told(desk, bodies=True)
    send(desk)

    assert ("555345" in silent[0], "555345" in open_hearted[0]) == (False, True)
