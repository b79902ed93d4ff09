"""When the store fails, requests get 503 and leave nothing, and the sandbox goes on by itself when it is back."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from sandbox.cli.serve import find_problem
from sandbox.core.callback import CallbackState
from sandbox.core.errors import StoreError
from sandbox.engine.engine import Engine
from sandbox.specs.body_parsing import Request
from sandbox.store.sqlite import SqliteStore
from tests.servers import BETATEL_SMS, PATIENCE, UBILL_SMS, Gate, Receiver, Sandbox, make_engine, turn
from tests.store.restarts import Restarts

pytestmark = pytest.mark.parametrize("place", ["sqlite"], indirect=True)

FULL = 2  # pages: less than the file has, so that nothing can be added
ROOM = 1_000_000


async def limit(engine: Engine, pages: int) -> None:
    """Let the store have so many pages; at the limit SQLite answers that the disk is full."""
    if engine.persistence is None or not isinstance(engine.persistence.store, SqliteStore):
        raise AssertionError
    await engine.persistence.store.execute(f"PRAGMA max_page_count = {pages}")


async def fill(sandbox: Sandbox) -> None:
    """Send until the store is full."""
    await limit(sandbox.engine, FULL)
    long = BETATEL_SMS.with_values(text="x" * 900)
    for _ in range(100):
        if (await sandbox.send(long)).status == 503:
            return
    raise AssertionError


async def until_back(sandbox: Sandbox) -> None:
    """Wait until the store answers again."""
    async with asyncio.timeout(PATIENCE):
        while sandbox.engine.failure is not None:
            await turn()


async def test_a_full_disk_is_a_503_that_says_so_and_leaves_nothing(restarts: Restarts) -> None:
    sandbox = await restarts.start()
    await sandbox.send(UBILL_SMS)
    before = (await restarts.control.get("/messages"), await restarts.control.get("/accounts"))
    await limit(sandbox.engine, FULL)
    refused = await sandbox.send(UBILL_SMS.with_values(text="x" * 60_000))
    health = await restarts.control.call("GET", "/health")
    listed = await restarts.control.call("GET", "/messages")
    await limit(sandbox.engine, ROOM)
    await until_back(sandbox)
    after = (await restarts.control.get("/messages"), await restarts.control.get("/accounts"))
    again = await sandbox.send(UBILL_SMS)

    assert (refused.status, health.status, listed.status, again.status, after == before) == (503, 503, 503, 200, True)
    assert unquote(refused.headers["X-Sandbox-Why"]) == (
        f"{restarts.file}: the disk is full (database or disk is full)"
    )
    assert health.value["store"] == {
        "kind": "sqlite",
        "answers": False,
        "problem": f"{restarts.file}: the disk is full (database or disk is full)",
    }


async def test_ready_says_that_the_store_does_not_answer(restarts: Restarts) -> None:
    sandbox = await restarts.start()
    await fill(sandbox)
    url = str(sandbox.client.make_url("")).rstrip("/")
    problem = await asyncio.to_thread(find_problem, url)

    full = f"{restarts.file}: the disk is full (database or disk is full)"
    assert problem == f"{url}: the store does not answer: {full}"


async def test_the_log_tells_when_the_store_fails_and_when_it_is_back(restarts: Restarts) -> None:
    sandbox = await restarts.start()
    await fill(sandbox)
    await limit(sandbox.engine, ROOM)
    await until_back(sandbox)
    full = f"{restarts.file}: the disk is full (database or disk is full)"

    assert restarts.log == [
        f"the store has failed; requests get 503 until it answers again: {full}",
        "the store answers again; the sandbox goes on with what it has",
    ]


async def test_what_was_answered_survives_the_failure_and_what_was_not_is_gone(restarts: Restarts) -> None:
    sandbox = await restarts.start()
    answered = []
    await limit(sandbox.engine, 12)
    for _ in range(100):
        reply = await sandbox.send(BETATEL_SMS.with_values(text="x" * 900))
        if reply.status == 503:
            break
        answered.append((await reply.json())["uuid"])
    await limit(sandbox.engine, ROOM)
    await until_back(sandbox)
    kept = [each["id"] for each in (await restarts.control.get("/messages", limit="200"))["items"]]

    assert (kept, bool(kept)) == (answered[::-1], True)


async def test_a_callback_is_not_sent_while_its_state_cannot_be_stored(restarts: Restarts, receiver: Receiver) -> None:
    sandbox = await restarts.start()
    sandbox.set_target("betatel", receiver.url())
    await sandbox.send(BETATEL_SMS)
    await fill(sandbox)
    refused = await restarts.control.call("POST", "/clock/advance", {"by": "1h"})
    early = len(receiver.calls)
    await limit(sandbox.engine, ROOM)
    await until_back(sandbox)
    await sandbox.advance(timedelta(hours=1))

    assert (refused.status, early, {each.state for each in sandbox.callbacks}) == (503, 0, {CallbackState.DELIVERED})


async def test_calls_under_way_end_with_503_and_the_sandbox_goes_on(restarts: Restarts, receiver: Receiver) -> None:
    gate = Gate()
    sandbox = await restarts.start()
    sandbox.set_target("betatel", receiver.url())
    receiver.answers.append(gate)
    await sandbox.send(BETATEL_SMS)
    advancing: asyncio.Task[Any] = asyncio.create_task(restarts.control.call("POST", "/clock/advance", {"by": "1h"}))
    waiting = asyncio.create_task(restarts.control.call("GET", "/messages", query={"to": "1", "wait": "60s"}))
    await gate.until(1)
    await fill(sandbox)
    statuses = {(await advancing).status, (await waiting).status}
    await limit(sandbox.engine, ROOM)
    await until_back(sandbox)
    await sandbox.until(lambda: sandbox.callbacks[0].state is CallbackState.DELIVERED)

    assert (statuses, [each.interrupted for each in sandbox.attempts]) == ({503}, [True, False])


async def test_a_new_store_that_fails_at_its_first_transaction_begins_again(restarts: Restarts, tmp_path: Path) -> None:
    engine = make_engine()
    store = SqliteStore(restarts.file)
    await engine.open_store(store, restarts.log.append)
    store.path.rename(tmp_path / "elsewhere")
    body = json.dumps(UBILL_SMS.body).encode()
    headers = {**UBILL_SMS.headers, "content-type": "application/json"}
    handled = engine.receive(Request("POST", UBILL_SMS.path, "", headers, body))
    with pytest.raises(StoreError):
        await (handled.waiting or turn())
    (tmp_path / "elsewhere").rename(store.path)
    async with asyncio.timeout(PATIENCE):
        while engine.failure is not None:
            await turn()
    kept = (handled.response.status, len(engine.default.world.messages), len(engine.default.world.requests))
    await engine.close()
    sandbox = await restarts.start()
    await sandbox.send(UBILL_SMS)

    assert (kept, [each.number for each in sandbox.world.messages.values()]) == ((200, 0, 0), [1])
