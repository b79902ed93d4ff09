"""Two replicas on one database: what one of them is asked about a workspace of the other is answered as by that one."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from io import BytesIO
from typing import Any

import pytest
from aiohttp import ClientConnectionError
from aiohttp.test_utils import TestClient, unused_port

from sandbox.store.postgres import PostgresStore
from tests.control.calls import Control
from tests.servers import BETATEL_SMS, LEASE, UBILL_SMS, OwnServer, Receiver, Sandbox, Sms, ignore, make_engine

Pair = tuple[Sandbox, Sandbox]
LARGE = 1_048_400  # characters: as many as a body may have, so more with what a replica adds to it
FAULTS = """
name: faults
rules:
  - {name: reset, when: {to: "38761000001"}, then: {fault: connection_reset}}
  - {name: cut, when: {to: "38761000002"}, then: {fault: truncated_body}}
  - {name: empty, when: {to: "38761000003"}, then: {fault: empty_reply}}
  - {name: broken, when: {to: "38761000004"}, then: {fault: malformed_body}}
"""


@pytest.fixture
async def pair(postgres_url: str) -> AsyncIterator[Pair]:
    """Return the replica that owns the default workspace, and another one."""
    running = []
    for _ in range(2):
        port, engine = unused_port(), make_engine()
        address = f"http://127.0.0.1:{port}"
        await engine.open_store(PostgresStore(postgres_url, lease=LEASE), ignore, address=address)
        server = OwnServer(engine)
        server.port = port
        client = TestClient(server)
        await client.start_server()
        running.append(Sandbox(engine, client))
    yield running[0], running[1]
    for each in reversed(running):
        await each.client.close()


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/messages", None),
        ("GET", "/messages/nothing", None),
        ("GET", "/otp?to=38761930305", None),
        ("GET", "/requests?limit=1", None),
        ("GET", "/callbacks", None),
        ("GET", "/accounts", None),
        ("GET", "/targets", None),
        ("GET", "/scenario", None),
        ("GET", "/clock", None),
        ("GET", "/workspaces", None),
        ("GET", "/workspaces/default/messages", None),
        ("GET", "/workspaces/wnothing22/messages", None),
        ("POST", "/clock/advance", {"by": "no duration"}),
        ("POST", "/callbacks/99/fire", None),
        ("PUT", "/targets/betatel", {"url": "ftp://no"}),
    ],
)
async def test_a_call_is_answered_by_each_replica_alike(pair: Pair, method: str, path: str, body: object) -> None:
    await pair[0].send(BETATEL_SMS)
    replies = [await Control(each).call(method, path.partition("?")[0], body, query=_query(path)) for each in pair]

    assert (replies[1].status, replies[1].value) == (replies[0].status, replies[0].value)


def _query(path: str) -> dict[str, str]:
    return dict(each.split("=") for each in path.partition("?")[2].split("&") if each)


async def test_what_one_replica_was_told_the_other_tells(pair: Pair, receiver: Receiver) -> None:
    owner, other = map(Control, pair)
    await other.call("PUT", "/targets/betatel", {"url": receiver.url()})
    sent = await pair[1].send(BETATEL_SMS)
    waiting = asyncio.create_task(other.call("GET", "/callbacks", query={"state": "delivered", "wait": "10s"}))
    advanced = await other.call("POST", "/clock/advance", {"by": "1h"})
    messages = [(await each.get("/messages"))["items"] for each in (owner, other)]
    await other.call("POST", "/callbacks/1/replay")
    await other.call("POST", "/reset")

    assert (sent.status, advanced.status, messages[0] == messages[1], len(messages[0])) == (200, 200, True, 1)
    assert ((await waiting).status, (await owner.get("/messages"))["items"]) == (200, [])


async def test_a_workspace_of_one_replica_is_used_and_deleted_through_the_other(pair: Pair) -> None:
    created = (await Control(pair[0]).call("POST", "/workspaces", {})).value
    keys = created["keys"]["ubill"]
    used = await pair[1].send(UBILL_SMS, **keys)
    listed = [[each["id"] for each in (await Control(one).get("/workspaces"))["items"]] for one in pair]
    deleted = await Control(pair[1]).call("DELETE", f"/workspaces/{created['id']}")
    refused = [(await one.send(UBILL_SMS, **keys)).status for one in pair]

    assert (used.status, deleted.status, refused) == (200, 204, [401, 401])
    assert listed == [[created["id"], "default"]] * 2


async def test_a_send_to_ten_thousand_numbers_and_a_large_body_pass(pair: Pair) -> None:
    numbers = ",".join(str(995511000000 + number) for number in range(10_000))
    sent = await (await pair[1].send(UBILL_SMS.with_values(numbers=numbers))).json()
    large = json.dumps(UBILL_SMS.with_values(text="x" * LARGE).body).encode()
    headers = {**UBILL_SMS.headers, "Content-Type": "application/json"}
    replies = [await each.client.post(UBILL_SMS.path, data=BytesIO(large), headers=headers) for each in pair]
    texts = [(await each.json())["message"] for each in replies]

    assert (sent["statusID"], len(pair[0].world.messages) >= 10_000) == (0, True)
    assert texts[1] == texts[0]


async def outcome(send: Callable[[Sms], Awaitable[Any]], sms: Sms) -> str:
    """Return how a request ended: its status and body, or what broke it."""
    try:
        reply = await send(sms)
    except (ClientConnectionError, ConnectionError) as error:
        return type(error).__name__
    except Exception as error:  # noqa: BLE001 - aiohttp has many
        return type(error).__name__
    return f"{reply.status} {len(await reply.read())}"


async def test_what_a_scenario_breaks_on_the_wire_is_broken_by_the_other_replica_too(pair: Pair) -> None:
    put = await Control(pair[1]).call("PUT", "/scenario", FAULTS.encode())
    ends = [
        [await outcome(each.send, BETATEL_SMS.with_values(to=f"3876100000{number}")) for number in range(1, 5)]
        for each in pair
    ]

    assert (put.status, ends[1]) == (200, ends[0])


async def test_a_request_that_only_the_default_workspace_records_is_recorded_there(pair: Pair) -> None:
    reply = await pair[1].client.post("/no/such/path", data=b"\xff\x00")
    recorded = (await Control(pair[0]).get("/requests"))["items"]

    assert (reply.status, [each["path"] for each in recorded]) == (404, ["/no/such/path"])
