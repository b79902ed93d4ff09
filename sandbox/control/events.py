"""Server-sent events: the batches of a workspace as events of seven kinds, for every subscriber of its stream.

A stream begins with its first subscriber, so a workspace that nobody follows costs nothing. Changes wait as values
until they are read; they are encoded once and flushed together, and a subscriber that is too slow is dropped. A
callback comes without its request, a request without headers and bodies. Of several states of one callback in one flush
only the last is sent, and likewise for the clock. `Last-Event-ID` resumes a stream.
"""

import asyncio
import json
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from aiohttp import web

from sandbox.control.call import ControlCall
from sandbox.control.callbacks import callback_state_of, show_callback_state
from sandbox.control.lists import Object
from sandbox.control.messages import show_message
from sandbox.control.problems import refuse
from sandbox.control.requests import NO_ROUTES, show_request_line
from sandbox.control.workspaces import show_clock
from sandbox.core.callback import Callback
from sandbox.core.change import Batch, Change, MessagesDeleted, WorkspaceDeleted, WorkspaceReset
from sandbox.core.clock import Clock
from sandbox.core.errors import StoreError
from sandbox.core.journal import RequestRecord
from sandbox.core.message import Message
from sandbox.core.scenario import Scenario
from sandbox.core.world import World
from sandbox.specs.routing import Router
from sandbox.specs.types import show

FLUSH_INTERVAL = 0.1  # seconds between two flushes, at least
HEARTBEAT = 15.0  # seconds of silence after which a comment is sent
MAX_REPLAY = 5_000  # events that can be replayed
MAX_UNREAD = 10_000  # changes that wait to be encoded while nobody reads
MAX_BACKLOG = 4 * 1024 * 1024  # bytes that a subscriber may be behind when more come
AT_ONCE = 8  # subscribers that are served before other tasks on the loop get their turn
EVENT_ID = re.compile(r"(\d{1,15})\.(\d{1,15})", re.ASCII)
HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Accel-Buffering": "no",
}


class EventId(NamedTuple):
    """The number of an event's batch, and the position of its change there: the same after a reconnect."""

    batch: int
    position: int


async def get_events(call: ControlCall) -> web.StreamResponse:
    """Send events until either side closes; a subscriber that falls too far behind is dropped."""
    after = read_event_id(call.request.headers.get("Last-Event-ID"))
    response = web.StreamResponse(headers=HEADERS)
    with call.server.event_streams.of(call.world).subscribe(after) as subscriber:
        await response.prepare(call.request)
        dropping = asyncio.create_task(_drop_if_slow(subscriber, call.request))
        try:
            while not subscriber.closed:
                call.engine.touch(call.workspace.name)
                content = await _next_bytes(subscriber)
                if (stored := call.workspace.gate.latest()) is not None:
                    await asyncio.shield(stored)  # an event tells what is in the store
                await response.write(content)
        except (ConnectionError, StoreError):
            pass  # the client has closed the connection, or what came is not in the store
        finally:
            dropping.cancel()
    return response


def read_event_id(given: str | None) -> EventId | None:
    """Return the id in `Last-Event-ID`.

    Raises:
        ProblemError: 400, it is not the id of an event.

    """
    if not given:
        return None
    match = EVENT_ID.fullmatch(given)
    if match is None:
        raise refuse(400, "/Last-Event-ID", f"{show(given)} is not the id of an event, such as 12.0")
    return EventId(int(match[1]), int(match[2]))


async def _next_bytes(subscriber: "Subscriber") -> bytes:
    """Return the next events, or a heartbeat."""
    try:
        async with asyncio.timeout(HEARTBEAT):
            return await subscriber.take()
    except TimeoutError:
        return b": heartbeat\n\n"


async def _drop_if_slow(subscriber: "Subscriber", request: web.Request) -> None:
    """Close the connection of a subscriber that fell too far behind, even while it reads nothing."""
    await subscriber.too_slow.wait()
    if request.transport is not None:
        request.transport.abort()


class Subscriber:
    """One client of a stream; `closed` when nothing more comes, `too_slow` when it fell too far behind."""

    def __init__(self) -> None:
        self.closed = False
        self.too_slow = asyncio.Event()
        self._unsent: deque[bytes] = deque()
        self._backlog = 0
        self._ready = asyncio.Event()

    def put(self, content: bytes) -> None:
        """Add encoded events; if too many are still unsent, drop the subscriber."""
        if self._backlog > MAX_BACKLOG:
            self.close()
            self.too_slow.set()
            return
        self._backlog += len(content)
        self._unsent.append(content)
        self._ready.set()

    def clear(self) -> None:
        """Discard what is unsent."""
        self._unsent.clear()
        self._backlog = 0

    def close(self) -> None:
        """Discard what is unsent and end the stream."""
        self.closed = True
        self.clear()
        self._ready.set()

    async def take(self) -> bytes:
        """Wait for encoded events and return them; empty after `close`, or if a reset came between."""
        await self._ready.wait()
        self._ready.clear()
        content = b"".join(self._unsent)
        self.clear()
        return content


class EventStream:
    """The events of one workspace; `router` reads whom a refused request was for."""

    def __init__(self, world: World, router: Router = NO_ROUTES) -> None:
        self._world = world
        self._router = router
        self._unread: deque[Batch] = deque()
        self._unread_changes = 0
        self._replay: deque[tuple[EventId, bytes]] = deque(maxlen=MAX_REPLAY)
        self._subscribers: set[Subscriber] = set()
        self._deliveries: deque[tuple[bytes, Subscriber]] = deque()
        self._flush_timer: asyncio.TimerHandle | None = None
        self._flushed_at = 0.0
        self._newest = world.last_message
        self.closed = False
        world.batch_subscribers.append(self._on_batch)

    @contextmanager
    def subscribe(self, after: EventId | None) -> Iterator[Subscriber]:
        """Follow the stream; the stored events after an id come first."""
        self._flush()
        subscriber = Subscriber()
        subscriber.put(b"retry: 1000\n\n")
        if after is not None:
            subscriber.put(b"".join(self._replay_after(after)))
        self._subscribers.add(subscriber)
        try:
            yield subscriber
        finally:
            self._subscribers.discard(subscriber)

    def close(self) -> None:
        """Close every subscriber."""
        self.closed = True
        if self._flush_timer is not None:
            self._flush_timer.cancel()
        for subscriber in self._subscribers:
            subscriber.close()

    def _replay_after(self, after: EventId) -> Iterator[bytes]:
        """Yield the stored events after an id; all of them if the id is of an earlier server."""
        newest = self._replay[-1][0] if self._replay else EventId(self._world.batches, 0)
        start = after if after <= newest else EventId(0, 0)
        if self._replay and start < self._replay[0][0] and len(self._replay) == MAX_REPLAY:
            yield b": earlier events are no longer stored\n\n"
        yield from (content for event_id, content in self._replay if event_id > start)

    def _on_batch(self, batch: Batch) -> None:
        first = type(batch.changes[0]) if batch.changes else None
        if first is WorkspaceReset or first is WorkspaceDeleted:
            self._clear()
        self._unread.append(batch)
        if self._subscribers:
            self._schedule_flush()
        else:
            self._unread_changes += len(batch.changes)
            while self._unread_changes > MAX_UNREAD:
                self._unread_changes -= len(self._unread.popleft().changes)
        if first is WorkspaceDeleted:
            self.close()

    def _clear(self) -> None:
        """Discard what came before a reset: none of it may be sent after it."""
        self._unread.clear()
        self._replay.clear()
        self._deliveries.clear()
        for subscriber in self._subscribers:
            subscriber.clear()
        self._unread_changes = 0
        self._newest = self._world.last_message  # 0, unless a saved state was loaded

    def _schedule_flush(self) -> None:
        if self._flush_timer is None:
            loop = asyncio.get_running_loop()
            self._flush_timer = loop.call_at(max(loop.time(), self._flushed_at + FLUSH_INTERVAL), self._flush)

    def _flush(self) -> None:
        """Encode the unread batches for every subscriber."""
        if self._flush_timer is not None:
            self._flush_timer.cancel()  # a new subscriber flushes before the timer
        self._flush_timer = None
        self._flushed_at = asyncio.get_running_loop().time()
        events, self._newest = encode_events(self._unread, self._world, self._router, newest=self._newest)
        self._unread.clear()
        self._unread_changes = 0
        self._replay.extend(events)
        content = b"".join(each for _, each in events)
        if content and self._subscribers:
            idle = not self._deliveries
            self._deliveries.extend((content, subscriber) for subscriber in self._subscribers)
            if idle:
                self._deliver()

    def _deliver(self) -> None:
        """Serve a few subscribers, and the others after other tasks had their turn."""
        for _ in range(min(AT_ONCE, len(self._deliveries))):
            content, subscriber = self._deliveries.popleft()
            subscriber.put(content)
        if self._deliveries:
            asyncio.get_running_loop().call_soon(self._deliver)


class EventStreams:
    """The streams of one server, by workspace."""

    def __init__(self, router: Router) -> None:
        self._router = router
        self._streams: dict[str, EventStream] = {}

    def of(self, world: World) -> EventStream:
        """Return the stream of a workspace, which begins with the first call."""
        known = self._streams.get(world.name)
        if known is None or known.closed:
            self._streams = {name: stream for name, stream in self._streams.items() if not stream.closed}
            known = self._streams[world.name] = EventStream(world, self._router)
        return known

    def close(self, world: World | None = None) -> None:
        """Close every stream, or that of a workspace whose work has stopped."""
        for name, stream in self._streams.items():
            if world is None or name == world.name:
                stream.close()


def encode_events(
    batches: Iterable[Batch], world: World, router: Router, *, newest: int
) -> tuple[list[tuple[EventId, bytes]], int]:
    """Return the encoded events of batches, and the number of the newest message; those up to `newest` are known."""
    latest: dict[object, tuple[Batch, int, Change]] = {}
    for batch in batches:
        for index, change in enumerate(batch.changes):
            if type(change) in EVENTS:
                subject = SUBJECTS[type(change)](change) if type(change) in SUBJECTS else (batch.number, index)
                latest.pop(subject, None)
                latest[subject] = (batch, index, change)
    events = []
    for batch, index, change in latest.values():
        kind, to_object = EVENTS[type(change)]
        if isinstance(change, Message):
            kind, newest = ("status", newest) if change.number <= newest else ("message", change.number)
        shown = to_object(change, Context(world, router, batch))
        if shown is not None:
            data = json.dumps(shown, ensure_ascii=False, separators=(",", ":"))
            text = f"id: {batch.number}.{index}\nevent: {kind}\ndata: {data}\n\n"
            events.append((EventId(batch.number, index), text.encode("utf-8", "replace")))
    return events, newest


class Context(NamedTuple):
    """What the object of an event is made from beside its change."""

    world: World
    router: Router
    batch: Batch


def _show_callback(callback: Callback, context: Context) -> Object | None:
    """Return a callback and the state of all callbacks of its message; None if the message is no longer stored."""
    message = context.world.messages.get(callback.message)
    if message is None:
        return None
    state = callback_state_of(message, context.world)
    return {**show_callback_state(callback, context.world), "callback_state": state}


# By type of change: the kind of event, and its object; None for an event that is not sent.
EVENTS: Mapping[type, tuple[str, Callable[..., Object | None]]] = {
    Message: ("message", lambda message, context: show_message(message, context.world, context.batch.at)),
    MessagesDeleted: ("deleted", lambda deleted, _: {"all": deleted.messages is None}),
    Callback: ("callback", _show_callback),
    RequestRecord: ("request", lambda record, context: show_request_line(record, context.world, context.router)),
    Clock: ("clock", lambda clock, _: {**show_clock(clock), "reset": False}),
    WorkspaceReset: ("clock", lambda reset, _: {**show_clock(reset.clock), "reset": True}),
    Scenario: ("scenario", lambda scenario, _: {"name": scenario.name, "description": scenario.description}),
}
# Of the changes of one subject in a flush only the last is sent.
SUBJECTS: Mapping[type, Callable[..., object]] = {
    Callback: lambda callback: ("callback", callback.id),
    Clock: lambda _: "clock",
}
