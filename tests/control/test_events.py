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

from sandbox.control import event_stream
from sandbox.control.event_stream import EventStream, Place, Reader
from sandbox.core.change import WorkspaceReset
from sandbox.core.scenario import Scenario
from tests.builders import Desk
from tests.control.calls import Control
from tests.servers import BARE, Sandbox


class Told(NamedTuple):
    """An event as a browser reads it."""

    id: str
    kind: str
    data: dict[str, Any]


class Follower:
    """Reads a stream event by event."""

    def __init__(self, stream: ClientResponse) -> None:
        self.stream = stream

    async def next(self) -> Told:
        """Return the next event; comments and hints are passed over."""
        fields: dict[str, str] = {}
        async for line in self.stream.content:
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name:
                fields[name] = value
            elif "data" in fields:
                return Told(fields["id"], fields["event"], json.loads(fields["data"]))
            else:
                fields = {}
        raise EOFError

    async def until(self, kind: str) -> list[Told]:
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


async def test_a_request_its_message_and_what_becomes_of_it_are_told_in_order(sandbox: Sandbox) -> None:
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
        ("callback", None, 1),
    ]


async def test_events_carry_the_objects_of_the_api(sandbox: Sandbox, control: Control) -> None:
    async with following(sandbox) as follower:
        await sandbox.send()
        message, request = await follower.until("request")
    entry = await control.get("/requests/1")
    short = {key: entry[key] for key in entry if key not in {"headers", "body", "reply"}}

    assert (message.data, request.data) == (await control.get("/messages/latest"), {**short, "reply": {"status": 200}})


async def test_the_clock_and_the_scenario_are_told(sandbox: Sandbox, control: Control) -> None:
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


async def test_a_reader_that_comes_back_is_told_what_it_missed(sandbox: Sandbox) -> None:
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


async def test_nothing_of_before_a_reset_is_told_after_it(sandbox: Sandbox, control: Control) -> None:
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
            [{"at": "/Last-Event-ID", "problem": "'<b>' is no event's id, such as 12.0"}],
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


async def test_a_reader_that_falls_too_far_behind_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "BACKLOG", 1_000)
    feed = EventStream(Desk().world)
    with feed.reading(None) as slow, feed.reading(None) as quick:
        for reader, size in ((slow, 1_001), (quick, 1)):
            reader.give(b"x" * size)
            reader.give(b"x")

        assert (slow.lost.is_set(), slow.over, quick.lost.is_set(), quick.over) == (True, True, False, False)


async def test_a_reader_that_takes_nothing_is_dropped_and_the_others_go_on(sandbox: Sandbox) -> None:
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


async def test_what_nobody_reads_is_kept_in_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "HEARD", 10)
    world = Desk().world
    feed = EventStream(world)
    for number in range(100):
        world.commit(Scenario(f"s{number}"))
    with feed.reading(Place(0, 0)) as reader:
        blob = (await reader.take()).decode()

    assert [line for line in blob.splitlines() if line.startswith("id")] == [
        f"id: {number}.0" for number in range(91, 101)
    ]


async def test_a_reader_whose_place_is_no_longer_kept_is_told_so() -> None:
    world = Desk().world
    feed = EventStream(world)
    for _ in range(event_stream.KEPT + 1):
        world.commit(BARE)
        with feed.reading(None):
            pass
    with feed.reading(Place(1, 0)) as reader:
        blob = (await reader.take()).decode()

    assert blob.startswith("retry: 1000\n\n: what came before is no longer kept\n\nid: 2.0\n")


async def scenarios_told(reader: Reader, last: str) -> list[str]:
    """Return the names of the scenarios that a reader is told of, up to `last`."""
    text = ""
    while f'"{last}"' not in text:
        text += (await reader.take()).decode()
    return re.findall(r'"name":"(\w+)"', text)


async def test_however_many_read_each_is_told_everything_in_order() -> None:
    world = Desk().world
    feed = EventStream(world)
    with ExitStack() as open_readers:
        readers = [open_readers.enter_context(feed.reading(None)) for _ in range(3 * event_stream.AT_ONCE + 1)]
        world.commit(Scenario("first"))
        with feed.reading(None):  # whoever comes makes what was heard be told at once
            world.commit(Scenario("second"))
        with feed.reading(None):
            told = [await scenarios_told(reader, "second") for reader in readers]

    assert told == [["first", "second"]] * len(readers)


async def test_what_was_still_to_be_told_is_dropped_by_a_reset() -> None:
    world = Desk().world
    feed = EventStream(world)
    with ExitStack() as open_readers:
        readers = [open_readers.enter_context(feed.reading(None)) for _ in range(event_stream.AT_ONCE + 1)]
        world.commit(Scenario("before"))
        with feed.reading(None):
            world.commit(WorkspaceReset(world.clock, 8))
            world.commit(Scenario("after"))
        with feed.reading(None):
            told = [await scenarios_told(reader, "after") for reader in readers]

    assert told == [["after"]] * len(readers)
