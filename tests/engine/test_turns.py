"""Requests that create many messages: in several turns of the loop, each one batch, in order, undisturbed."""

import asyncio
import json
from importlib import import_module

import pytest

from sandbox.core.message import Status
from sandbox.engine.engine import Engine, Handled
from sandbox.pipeline import handle_in_turns
from sandbox.scenarios import load_named
from sandbox.specs.body_parsing import Request
from tests.builders import packs
from tests.servers import BETATEL_SMS, FROZEN, UBILL_SMS, Sandbox, Sms, turn

NUMBERS = ["995511194242", "995511194243", "995511194244"]
MANY = UBILL_SMS.with_values(numbers=NUMBERS)


@pytest.fixture(autouse=True)
def two_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pause in requests that create more than two messages."""
    monkeypatch.setattr(import_module(handle_in_turns.__module__), "AT_ONCE", 2)


def write(sms: Sms, key: str | None = None) -> Request:
    headers = {**sms.headers, "content-type": "application/json"}
    if key is not None:
        headers["key"] = key
    return Request("POST", sms.path, "", headers, json.dumps(sms.body).encode())


def receive(engine: Engine, sms: Sms, key: str | None = None) -> "asyncio.Task[Handled]":
    return asyncio.create_task(engine.turns.receive(write(sms, key)))


async def test_others_get_their_turns_while_the_requests_of_a_workspace_keep_their_order(sandbox: Sandbox) -> None:
    engine = sandbox.engine
    lease = engine.make_workspace(FROZEN)
    ended: list[asyncio.Task[Handled]] = []
    tasks = {
        "large": receive(engine, MANY),
        "later": receive(engine, UBILL_SMS),
        "elsewhere": receive(engine, UBILL_SMS, lease.keys["ubill"]["key"]),
    }
    for each in tasks.values():
        each.add_done_callback(ended.append)
    await asyncio.gather(*tasks.values())
    order = [name for task in ended for name, each in tasks.items() if each is task]
    batches = [(record.id, len(record.messages)) for record in sandbox.world.requests.values()]

    assert (order, batches, sandbox.message(4).request) == (["elsewhere", "large", "later"], [(1, 3), (2, 1)], 2)


async def test_a_call_that_takes_several_turns_of_the_loop_waits_for_one_of_a_large_request(sandbox: Sandbox) -> None:
    large = receive(sandbox.engine, MANY)
    for _ in range(4):  # pauses of the large request
        for _ in range(7):  # turns of a call of the control API on a new connection
            await asyncio.sleep(0)
    ended_before = large.done()
    await large

    assert (ended_before, len(sandbox.world.messages)) == (False, 3)


async def test_a_request_on_the_wire_waits_for_the_large_one_before_it(sandbox: Sandbox) -> None:
    large = receive(sandbox.engine, MANY)
    await turn()
    before = len(sandbox.world.messages)
    reply = await sandbox.send(BETATEL_SMS)
    await large

    assert (before, reply.status, reply.headers["X-Sandbox-Request"], sandbox.message(4).request) == (0, 200, "2", 2)


async def test_a_large_request_comes_after_a_refusal_between_its_turns(sandbox: Sandbox) -> None:
    cut_off = Request("GET", UBILL_SMS.path, "", UBILL_SMS.headers, b"")
    large = receive(sandbox.engine, MANY)
    await turn()
    sandbox.engine.refuse(cut_off, status=400, why="the body is cut off")
    await large

    assert [len(record.messages) for record in sandbox.world.requests.values()] == [0, len(NUMBERS)]


async def test_a_large_request_follows_the_scenario_that_is_set_between_its_turns(sandbox: Sandbox) -> None:
    large = receive(sandbox.engine, MANY)
    await turn()
    sandbox.workspace.use(load_named("instant", packs=packs()))
    await large

    assert [each.status for each in sandbox.world.messages.values()] == [Status.DELIVERED] * len(NUMBERS)


async def test_what_a_large_request_makes_due_has_a_turn_of_its_own(sandbox: Sandbox) -> None:
    sandbox.workspace.use(load_named("instant", packs=packs()))
    large = receive(sandbox.engine, MANY)
    while not (sandbox.world.messages or large.done()):
        await asyncio.sleep(0)
    before = {each.status for each in sandbox.world.messages.values()}
    await large

    assert (before, {each.status for each in sandbox.world.messages.values()}) == ({Status.QUEUED}, {Status.DELIVERED})


async def test_a_status_change_between_the_turns_of_a_large_request_leaves_it_as_it_is(sandbox: Sandbox) -> None:
    await sandbox.send(BETATEL_SMS)
    batches = sandbox.world.batches
    large = receive(sandbox.engine, MANY)
    await turn()
    sandbox.workspace.move(sandbox.message(), "sent")
    await large
    world = sandbox.world

    assert (world.batches - batches, sandbox.message().status, len(world.messages)) == (2, Status.SENT, 4)


async def test_a_reset_between_the_turns_of_a_large_request_leaves_nothing_from_before(sandbox: Sandbox) -> None:
    await sandbox.send(BETATEL_SMS)
    large = receive(sandbox.engine, MANY)
    await turn()
    await sandbox.reset()
    await large

    assert [each.number for each in sandbox.world.messages.values()] == [1, 2, 3]


async def test_a_large_request_for_a_workspace_that_is_deleted_between_its_turns_is_refused(sandbox: Sandbox) -> None:
    engine = sandbox.engine
    lease = engine.make_workspace(FROZEN)
    large = receive(engine, MANY, lease.keys["ubill"]["key"])
    await turn()
    await engine.delete_workspace(lease.workspace.name)
    handled = await large

    answer, world = handled.response.body, sandbox.world

    assert (answer, len(world.messages), world.last_request) == (b"Please authorize with valid API key!", 0, 1)


async def test_a_large_request_that_is_given_up_between_its_turns_leaves_nothing_and_blocks_nobody(
    sandbox: Sandbox,
) -> None:
    large = receive(sandbox.engine, MANY)
    await turn()
    later = receive(sandbox.engine, UBILL_SMS)
    large.cancel()
    handled = await later

    assert (handled.response.status, len(sandbox.world.messages)) == (200, 1)
