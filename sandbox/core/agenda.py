"""What waits for its time, as data: what, for whom, when. Nothing here sleeps.

At one instant the moves come first, in the order in which their messages were made (priority traffic before
the rest), then the callbacks in the order in which they were made.
"""

import heapq
from collections.abc import Iterator
from datetime import datetime
from enum import IntEnum
from typing import NamedTuple


class EntryKind(IntEnum):
    """What is due; the value is the order at one instant."""

    MOVE = 0
    CALLBACK = 1


class AgendaEntry(NamedTuple):
    """One pending entry: the message number or callback id `number` is due at `at`; a lower `rank` goes first."""

    at: datetime
    kind: EntryKind
    rank: int
    number: int


class Agenda:
    """The pending entries of one workspace, at most one a subject."""

    __slots__ = ("_first", "_heap", "_live")

    def __init__(self) -> None:
        self._heap: list[AgendaEntry] = []  # those that were replaced or dropped among them
        self._live: dict[tuple[EntryKind, int], AgendaEntry] = {}
        self._first: AgendaEntry | None = None

    def __len__(self) -> int:
        return len(self._live)

    def __iter__(self) -> Iterator[AgendaEntry]:
        return iter(self._live.values())

    def first(self) -> AgendaEntry | None:
        """Return the entry that is due first."""
        return self._first

    def find(self, kind: EntryKind, number: int) -> AgendaEntry | None:
        """Return the pending entry of a subject."""
        return self._live.get((kind, number))

    def put(self, due: AgendaEntry) -> None:
        """Add an entry; an earlier one of the same subject is replaced."""
        subject, first, heap = (due.kind, due.number), self._first, self._heap
        replaced = self._live.get(subject)
        self._live[subject] = due
        if replaced is not None and replaced is first and heap[0] is first:
            heapq.heapreplace(heap, due)  # what was due first has come to pass: a message's next step takes its place
            self._first = self._seek()
            return
        heapq.heappush(heap, due)
        if first is None or due < first:
            self._first = due
        elif replaced is first:
            self._first = self._seek()

    def drop(self, kind: EntryKind, number: int) -> None:
        """Forget what was pending for a subject, if anything."""
        dropped = self._live.pop((kind, number), None)
        if dropped is None:
            return
        if len(self._heap) > 2 * len(self._live) + 64:
            self._heap = list(self._live.values())
            heapq.heapify(self._heap)
        if dropped is self._first:
            self._first = self._seek()

    def clear(self) -> None:
        """Forget everything."""
        self._heap.clear()
        self._live.clear()
        self._first = None

    def _seek(self) -> AgendaEntry | None:
        """Return the first entry of the heap that is still live; what stands before it is forgotten."""
        heap, live = self._heap, self._live
        while heap:
            due = heap[0]
            if live.get((due.kind, due.number)) is due:
                return due
            heapq.heappop(heap)
        return None
