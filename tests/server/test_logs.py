"""What a running server says: a line a request and an attempt, for people or for programs, without secrets."""

import json
import re
from datetime import timedelta

import pytest

from sandbox.core.callback import Attempt, Callback, CallbackState
from sandbox.core.change import MessagesDeleted, WorkspaceReset
from sandbox.core.message import Status, Step
from sandbox.core.world import World
from sandbox.server.logs import Log, mask
from tests.builders import NOON, Desk, make_world
from tests.core.test_world import EXCHANGE
from tests.scenarios.builders import load

KEY = {"x-api-key": "k1secret"}
SMS = {"from": "FACEBOOK", "to": "38761930305", "text": "Your code is 555345"}


def told(desk: Desk, *, as_json: bool = False, bodies: bool = False) -> list[str]:
    """Return a list that grows by every line of the desk's log, as it would be written."""
    lines: list[str] = []
    log = Log({"default": desk.world}.get, lines.append, as_json=as_json, bodies=bodies)

    log.subscribe(desk.world.subscribers)
    desk.world.batch_subscribers.append(lambda _: log.flush())
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
    state = CallbackState.FAILED if error else CallbackState.DELIVERED
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


async def test_a_line_is_written_as_things_were_though_the_message_is_deleted_meanwhile() -> None:
    desk, lines = Desk(), list[str]()
    log = Log({"default": desk.world}.get, lines.append)
    log.subscribe(desk.world.subscribers)
    send(desk)
    attempt(desk.world)
    sent = desk.world.messages[1].id
    desk.world.commit(MessagesDeleted())
    log.flush()

    assert took("".join(lines)) == (
        f"12:00:00 betatel.sms.send 38761… 200 {sent} → delivered in 2.2 s (ms)\n"
        f"12:00:01 betatel.sms.send 38761… 200 callback 1 of {sent} reports sent, attempt 1 delivered (1.2 ms)\n"
    )


async def test_a_refusal_says_why_without_numbers_or_keys() -> None:
    desk = Desk()
    lines = told(desk)
    send(desk, to="38761930305 or so")

    assert [took(line).partition("^")[0] for line in lines] == [
        "12:00:00 betatel.sms.send 400 (ms, why: body.to: '…' does not match "
    ]


async def test_a_delayed_reply_tells_its_delay() -> None:
    desk = Desk(make_world(load('{"rules": [{"name": "slow", "then": {"after": "1m30s"}}]}')))
    lines = told(desk)
    send(desk)

    assert [line.partition(" ms, ")[2] for line in lines] == ["rule: slow, delay: 90 s)\n"]


async def test_an_attempt_tells_what_it_reports_and_how_it_went() -> None:
    desk = Desk()
    send(desk)
    lines = told(desk)
    attempt(desk.world)
    attempt(desk.world, error="refused")
    begin, of = "12:00:01 betatel.sms.send 38761…", f"callback 1 of {desk.world.messages[1].id} reports sent, attempt 1"

    assert lines == [
        f"{begin} 200 {of} delivered (1.2 ms)\n",
        f"{begin} no response {of} failed (1.2 ms, why: refused)\n",
    ]


async def test_an_attempt_is_told_once_whatever_becomes_of_its_retry() -> None:
    desk = Desk()
    send(desk)
    lines = told(desk)
    first = Attempt(1, NOON, 503, "", 1.0)
    waiting = Callback(
        1, 1, "betatel", Step(Status.SENT, "sent", NOON), NOON + timedelta(seconds=4.99816), attempts=(first,)
    )
    for state in (CallbackState.PENDING, CallbackState.HELD, CallbackState.PENDING, CallbackState.SENDING):
        desk.world.commit(waiting._replace(state=state))
    desk.world.commit(waiting._replace(state=CallbackState.DELIVERED, attempts=(first, Attempt(2, NOON, 200, "", 1.0))))

    assert [line.partition("attempt ")[2] for line in lines] == [
        "1 failed, next in 5 s (1.0 ms)\n",
        "2 delivered (1.0 ms)\n",
    ]


async def test_after_a_reset_attempts_are_told_anew() -> None:
    desk = Desk()
    send(desk)
    lines = told(desk)
    waiting = Callback(
        1, 1, "betatel", Step(Status.SENT, "sent", NOON), NOON, attempts=(Attempt(1, NOON, 503, "", 1.0),)
    )
    desk.world.commit(waiting)
    desk.world.commit(WorkspaceReset(desk.world.clock, 7))
    send(desk)
    desk.world.commit(waiting)

    assert len([line for line in lines if "attempt 1" in line]) == 2


@pytest.mark.parametrize(
    ("why", "masked"),
    [
        ("otp: 'AZ7B9Q' is not the code", "otp: '…' is not the code"),
        ("body.text: ['KDF-QRX'] is an array", "body.text: ['…'] is an array"),
        ("body.text: 482910 is an integer", "body.text: … is an integer"),
        ("body.message: is missing (inferred: 1 to 1600 characters)",) * 2,
        ("betatel.sms.send: the scenario's rule 'flaky' returns the error server-error",) * 2,
    ],
)
def test_a_reason_is_told_without_what_came(why: str, masked: str) -> None:
    assert mask(why) == masked


async def test_no_path_begins_a_line_of_its_own() -> None:
    desk = Desk()
    lines = told(desk)
    desk.world.commit(
        EXCHANGE._replace(refused=False, status=200, path="/x\n12:00:00 betatel.sms.send 200\x1b[31m 482910")
    )

    assert [took(line) for line in lines] == ["12:00:00 GET /x\\n12:00:00 betatel.sms.send 200\\x1b[31m … 200 (ms)\n"]


async def test_a_program_gets_json_by_the_line() -> None:
    desk = Desk()
    lines = told(desk, as_json=True)
    send(desk)
    attempt(desk.world)
    request, callback = map(json.loads, lines)
    del request["ms"], request["time"], callback["time"]

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
            "what": f"callback 1 of {desk.world.messages[1].id} reports sent, attempt 1 delivered",
            "message": desk.world.messages[1].id,
            "reports": "sent",
            "attempt": 1,
            "state": "delivered",
        },
    )


def test_what_else_there_is_to_say_is_json_too() -> None:
    written: list[str] = []
    Log(lambda _: None, written.append, as_json=True).write_note("two\nlines")
    said = json.loads("".join(written))
    del said["time"]

    assert said == {"kind": "note", "what": "two\nlines"}


async def test_bodies_are_told_only_when_they_are_asked_for() -> None:
    desk = Desk()
    silent, open_hearted = told(desk), told(desk, bodies=True)
    send(desk)

    assert ("555345" in silent[0], "555345" in open_hearted[0]) == (False, True)
