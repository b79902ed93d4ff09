"""The events of a workspace for those who follow it: encoded once, flushed together, bounded for whoever is slow.

A feed begins with its first reader, so a workspace that nobody follows pays nothing. What is heard waits as values
until somebody reads.
"""

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from sandbox.control.event_types import events_of
from sandbox.core.change import Batch, WorkspaceDeleted, WorkspaceReset
from sandbox.core.world import World

INTERVAL = 0.1  # seconds between two flushes, at least
KEPT = 5_000  # events that can be replayed
HEARD = 10_000  # changes that wait to be encoded while nobody reads
BACKLOG = 4 * 1024 * 1024  # bytes that a reader may be behind when more come
AT_ONCE = 8  # readers that are written to before others on the loop get their turn


class Place(NamedTuple):
    """Where an event stands: the number of its batch, and its own within that; an event's id is both."""

    batch: int
    turn: int


class Reader:
    """One who follows a feed; `over` when nothing more comes, `lost` when it fell too far behind."""

    def __init__(self) -> None:
        self.over = False
        self.lost = asyncio.Event()
        self._waiting: deque[bytes] = deque()
        self._behind = 0
        self._stirred = asyncio.Event()

    def give(self, blob: bytes) -> None:
        """Take encoded events for later; whoever still has too many of before is lost."""
        if self._behind > BACKLOG:
            self.end()
            self.lost.set()
            return
        self._behind += len(blob)
        self._waiting.append(blob)
        self._stirred.set()

    def forget(self) -> None:
        """Drop what was given and not taken."""
        self._waiting.clear()
        self._behind = 0

    def end(self) -> None:
        """Let nothing more be read."""
        self.over = True
        self.forget()
        self._stirred.set()

    async def take(self) -> bytes:
        """Wait for what comes and return it; empty when it is over, or a reset came between."""
        await self._stirred.wait()
        self._stirred.clear()
        blob = b"".join(self._waiting)
        self._waiting.clear()
        self._behind = 0
        return blob


class EventStream:
    """The events of one workspace."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._heard: deque[Batch] = deque()
        self._weight = 0
        self._kept: deque[tuple[Place, bytes]] = deque(maxlen=KEPT)
        self._readers: set[Reader] = set()
        self._leaving: deque[tuple[bytes, Reader]] = deque()
        self._flushing: asyncio.TimerHandle | None = None
        self._flushed = 0.0
        self._newest = world.last_message
        self.over = False
        world.batch_subscribers.append(self._hear)

    @contextmanager
    def reading(self, after: Place | None) -> Iterator[Reader]:
        """Follow the feed; what is kept of the events after a place comes first."""
        self._flush()
        reader = Reader()
        reader.give(b"retry: 1000\n\n")
        if after is not None:
            reader.give(b"".join(self._missed(after)))
        self._readers.add(reader)
        try:
            yield reader
        finally:
            self._readers.discard(reader)

    def close(self) -> None:
        """Let every reader go."""
        self.over = True
        if self._flushing is not None:
            self._flushing.cancel()
        for reader in self._readers:
            reader.end()

    def _missed(self, after: Place) -> Iterator[bytes]:
        """Yield the kept events after a place; all of them when the place is of an earlier server."""
        newest = self._kept[-1][0] if self._kept else Place(self._world.batches, 0)
        start = after if after <= newest else Place(0, 0)
        if self._kept and start < self._kept[0][0] and len(self._kept) == KEPT:
            yield b": what came before is no longer kept\n\n"
        yield from (blob for place, blob in self._kept if place > start)

    def _hear(self, batch: Batch) -> None:
        first = type(batch.changes[0]) if batch.changes else None
        if first is WorkspaceReset or first is WorkspaceDeleted:
            self._forget()
        self._heard.append(batch)
        if self._readers:
            self._schedule()
        else:
            self._weight += len(batch.changes)
            while self._weight > HEARD:
                self._weight -= len(self._heard.popleft().changes)
        if first is WorkspaceDeleted:
            self.close()

    def _forget(self) -> None:
        """Drop what was heard before a reset: nothing of it may arrive any more."""
        self._heard.clear()
        self._kept.clear()
        self._leaving.clear()
        for reader in self._readers:
            reader.forget()
        self._weight = 0
        self._newest = 0

    def _schedule(self) -> None:
        if self._flushing is None:
            loop = asyncio.get_running_loop()
            self._flushing = loop.call_at(max(loop.time(), self._flushed + INTERVAL), self._flush)

    def _flush(self) -> None:
        """Encode what was heard for every reader."""
        if self._flushing is not None:
            self._flushing.cancel()  # whoever joins comes before its time
        self._flushing = None
        self._flushed = asyncio.get_running_loop().time()
        events, self._newest = events_of(self._heard, self._world, newest=self._newest)
        self._heard.clear()
        self._weight = 0
        encoded = [(Place(event.batch, event.turn), event.encode()) for event in events]
        self._kept.extend(encoded)
        blob = b"".join(each for _, each in encoded)
        if blob and self._readers:
            idle = not self._leaving
            self._leaving.extend((blob, reader) for reader in self._readers)
            if idle:
                self._hand_out()

    def _hand_out(self) -> None:
        """Give a few readers what is for them, and come back for the rest after others had their turn."""
        for _ in range(min(AT_ONCE, len(self._leaving))):
            blob, reader = self._leaving.popleft()
            reader.give(blob)
        if self._leaving:
            asyncio.get_running_loop().call_soon(self._hand_out)


class EventStreams:
    """The feeds of one server, by workspace."""

    def __init__(self) -> None:
        self._feeds: dict[str, EventStream] = {}

    def of(self, world: World) -> EventStream:
        """Return the feed of a workspace, begun when it is asked for first."""
        held = self._feeds.get(world.name)
        if held is None or held.over:
            self._feeds = {name: feed for name, feed in self._feeds.items() if not feed.over}
            held = self._feeds[world.name] = EventStream(world)
        return held

    def close(self) -> None:
        """Let every reader of every feed go."""
        for feed in self._feeds.values():
            feed.close()
