import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager, suppress
from datetime import timedelta
from typing import Any, NamedTuple

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestServer

from sandbox.control import events
from sandbox.control.events import EventId, EventStream, Subscriber
from sandbox.core.change import WorkspaceReset
from sandbox.core.scenario import Scenario
from tests.builders import Desk
from tests.control.calls import Control
from tests.servers import BARE, Sandbox


class Event(NamedTuple):
    """An event as a browser reads it."""

    id: str
    kind: str
    data: dict[str, Any]


class Follower:
    """Reads a stream event by event."""

    def __init__(self, stream: ClientResponse) -> None:
        self.stream = stream

    async def next(self) -> Event:
        """Return the next event; comments and hints are passed over."""
        fields: dict[str, str] = {}
        async for line in self.stream.content:
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name:
                fields[name] = value
            elif "data" in fields:
                return Event(fields["id"], fields["event"], json.loads(fields["data"]))
            else:
                fields = {}
        raise EOFError

    async def until(self, kind: str) -> list[Event]:
        """Return the events up to the first of a kind."""
        told = [await self.next()]
        while told[-1].kind != kind:
            told.append(await self.next())
        return told


@asynccontextmanager
async def following(sandbox: Sandbox, **headers: str) -> AsyncIterator[Follower]:
    """Follow the events of `default`; a header's underscores stand for hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with sandbox.client.get("/_sandbox/events", headers=named) as stream:
        assert stream.status == 200
        yield Follower(stream)


async def test_a_request_its_message_and_its_changes_are_sent_in_order(sandbox: Sandbox) -> None:
    async with following(sandbox) as follower:
        await sandbox.send()
        told = await follower.until("request")
        await sandbox.advance(timedelta(seconds=1))
        told += await follower.until("clock")
    message = sandbox.message().id

    assert [(each.kind, each.data.get("status"), each.data["id"]) for each in told if each.kind != "clock"] == [
        ("message", "queued", message),
        ("request", None, 1),
        ("status", "sent", message),
        ("callback", "sent", 1),
    ]


async def test_events_carry_the_objects_of_the_api(sandbox: Sandbox, control: Control) -> None:
    async with following(sandbox) as follower:
        await sandbox.send()
        message, request = await follower.until("request")
    entry = await control.get("/requests/1")
    short = {key: entry[key] for key in entry if key not in {"headers", "body", "reply"}}

    assert (message.data, request.data) == (await control.get("/messages/latest"), {**short, "reply": {"status": 200}})


async def test_the_clock_and_the_scenario_are_sent(sandbox: Sandbox, control: Control) -> None:
    async with following(sandbox) as follower:
        sandbox.workspace.use(Scenario("other", "Another one."))
        scenario = (await follower.until("scenario"))[-1]
        put = await control.put("/clock", {"start": "2026-03-02T13:00:00Z"})
        clock = (await follower.until("clock"))[-1]
        await control.post("/reset")
        reset = (await follower.until("clock"))[-1]

    assert (scenario.data, clock.data, reset.data["reset"]) == (
        {"name": "other", "description": "Another one."},
        {**put, "reset": False},
        True,
    )


async def test_a_subscriber_that_reconnects_gets_what_it_missed(sandbox: Sandbox) -> None:
    async with following(sandbox) as follower:
        await sandbox.send()
        seen = (await follower.until("request"))[-1]
    await sandbox.send()
    async with following(sandbox, Last_Event_ID=seen.id) as follower:
        missed = await follower.until("request")

    assert [(each.kind, each.data["id"]) for each in missed] == [("message", sandbox.message(2).id), ("request", 2)]


async def test_ids_grow(sandbox: Sandbox) -> None:
    async with following(sandbox) as follower:
        for _ in range(3):
            await sandbox.send()
        told = [each for _ in range(3) for each in await follower.until("request")]
    places = [tuple(map(int, each.id.split("."))) for each in told]

    assert places == sorted(set(places))


async def test_nothing_from_before_a_reset_is_sent_after_it(sandbox: Sandbox, control: Control) -> None:
    async with following(sandbox) as follower:
        await sandbox.send()
        await follower.until("request")
        await sandbox.send()
        await control.post("/reset")
        first = await follower.next()
        told = first if first.kind == "clock" else (await follower.until("clock"))[-1]
    async with following(sandbox, Last_Event_ID="0.0") as follower:
        replayed = await follower.next()

    assert (told.data["reset"], replayed) == (True, told)


async def test_an_id_that_no_event_has_is_refused(sandbox: Sandbox) -> None:
    async with sandbox.client.get("/_sandbox/events", headers={"Last-Event-ID": "<b>"}) as reply:
        assert (reply.status, (await reply.json())["errors"]) == (
            400,
            [{"at": "/Last-Event-ID", "problem": "'<b>' is not the id of an event, such as 12.0"}],
        )


async def test_deleting_a_workspace_ends_its_events(sandbox: Sandbox, control: Control) -> None:
    workspace = (await control.post("/workspaces"))["id"]
    async with sandbox.client.get(f"/_sandbox/workspaces/{workspace}/events") as stream:
        await control.delete(f"/workspaces/{workspace}")
        rest = await stream.content.read()

    assert b"retry: 1000" in rest


async def test_a_stopping_server_ends_the_events(sandbox: Sandbox) -> None:
    async with sandbox.client.get("/_sandbox/events") as stream:
        await stream.content.readline()
        server = sandbox.client.server
        assert isinstance(server, TestServer)
        await server.app.shutdown()
        rest = await stream.content.read()

    assert rest == b"\n"


async def test_a_subscriber_that_falls_too_far_behind_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "MAX_BACKLOG", 1_000)
    stream = EventStream(Desk().world)
    with stream.subscribe(None) as slow, stream.subscribe(None) as quick:
        for reader, size in ((slow, 1_001), (quick, 1)):
            reader.put(b"x" * size)
            reader.put(b"x")

        assert (slow.too_slow.is_set(), slow.closed, quick.too_slow.is_set(), quick.closed) == (
            True,
            True,
            False,
            False,
        )


async def test_a_subscriber_that_reads_nothing_is_dropped_and_the_others_continue(sandbox: Sandbox) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", sandbox.client.port, limit=1_024)
    writer.write(b"GET /_sandbox/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
    await reader.readuntil(b"retry: 1000")
    async with following(sandbox) as quick:
        for flood in range(5):
            for number in range(100):
                sandbox.world.commit(Scenario(f"{flood}.{number}", "x" * 50_000))
            told = [await quick.until("scenario") for _ in range(100)][-1][-1]
    with suppress(ConnectionResetError):
        while await reader.read(1_000_000):
            pass

    assert (told.data["name"], reader.at_eof() or reader.exception() is not None) == ("4.99", True)
    writer.close()


async def test_unread_changes_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "MAX_UNREAD", 10)
    world = Desk().world
    stream = EventStream(world)
    for number in range(100):
        world.commit(Scenario(f"s{number}"))
    with stream.subscribe(EventId(0, 0)) as reader:
        blob = (await reader.take()).decode()

    assert [line for line in blob.splitlines() if line.startswith("id")] == [
        f"id: {number}.0" for number in range(91, 101)
    ]


async def test_a_subscriber_whose_last_event_is_no_longer_stored_gets_a_comment() -> None:
    world = Desk().world
    stream = EventStream(world)
    for _ in range(events.MAX_REPLAY + 1):
        world.commit(BARE)
        with stream.subscribe(None):
            pass
    with stream.subscribe(EventId(1, 0)) as reader:
        blob = (await reader.take()).decode()

    assert blob.startswith("retry: 1000\n\n: earlier events are no longer stored\n\nid: 2.0\n")


async def scenarios_told(reader: Subscriber, last: str) -> list[str]:
    """Return the names of the scenarios that a reader is told of, up to `last`."""
    text = ""
    while f'"{last}"' not in text:
        text += (await reader.take()).decode()
    return re.findall(r'"name":"(\w+)"', text)


async def test_each_of_many_subscribers_gets_everything_in_order() -> None:
    world = Desk().world
    stream = EventStream(world)
    with ExitStack() as open_readers:
        readers = [open_readers.enter_context(stream.subscribe(None)) for _ in range(3 * events.AT_ONCE + 1)]
        world.commit(Scenario("first"))
        with stream.subscribe(None):  # whoever comes makes what was heard be told at once
            world.commit(Scenario("second"))
        with stream.subscribe(None):
            told = [await scenarios_told(reader, "second") for reader in readers]

    assert told == [["first", "second"]] * len(readers)


async def test_a_reset_drops_what_was_not_sent_yet() -> None:
    world = Desk().world
    stream = EventStream(world)
    with ExitStack() as open_readers:
        readers = [open_readers.enter_context(stream.subscribe(None)) for _ in range(events.AT_ONCE + 1)]
        world.commit(Scenario("before"))
        with stream.subscribe(None):
            world.commit(WorkspaceReset(world.clock, 8))
            world.commit(Scenario("after"))
        with stream.subscribe(None):
            told = [await scenarios_told(reader, "after") for reader in readers]

    assert told == [["after"]] * len(readers)


async def test_a_deletion_and_the_callbacks_of_a_message_are_sent(sandbox: Sandbox, control: Control) -> None:
    async with following(sandbox) as follower:
        await sandbox.send()
        await sandbox.advance(timedelta(seconds=1))
        callback = (await follower.until("callback"))[-1]
        await control.delete("/messages/latest")
        one = (await follower.until("deleted"))[-1]
        await control.delete("/messages")
        every = (await follower.until("deleted"))[-1]

    assert (callback.data["callback_state"], one.data, every.data) == ("collected", {"all": False}, {"all": True})
