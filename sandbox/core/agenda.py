"""The agenda: everything that waits for its time, as data. Nothing here sleeps.

Entries of the same instant are ordered: status changes first, in the order in which their messages were accepted
(priority traffic before the rest), then callbacks in the order in which they were created, then replies of phones.
"""

from collections.abc import Collection, Iterator
from datetime import datetime
from enum import IntEnum
from heapq import heapify, heappop, heappush, heapreplace
from typing import NamedTuple


class EntryKind(IntEnum):
    """What is due; lower values come first at the same instant."""

    MOVE = 0
    CALLBACK = 1
    INBOUND = 2


KINDS = len(EntryKind)


class AgendaEntry(NamedTuple):
    """One pending entry: message or callback `number` is due at `at`; a lower `rank` comes first.

    An entry of the kind `INBOUND` has the number of the message that a phone replies to.
    """

    at: datetime
    kind: EntryKind
    rank: int
    number: int


class Agenda:
    """The pending entries of one workspace, at most one for each kind and number."""

    __slots__ = ("_first", "_heap", "_live")

    def __init__(self) -> None:
        self._heap: list[AgendaEntry] = []  # includes entries that were replaced or dropped
        self._live: dict[int, AgendaEntry] = {}  # by number and kind in one: a tuple would take twice the time
        self._first: AgendaEntry | None = None

    def __len__(self) -> int:
        return len(self._live)

    def __iter__(self) -> Iterator[AgendaEntry]:
        return iter(self._live.values())

    def first(self) -> AgendaEntry | None:
        """Return the entry that is due first, or None."""
        return self._first

    def soonest(self, limit: int) -> list[AgendaEntry]:
        """Return the entries that are due first, at most `limit`, in their order; the rest is not sorted."""
        heap, found = self._heap, list[AgendaEntry]()
        ahead = [(heap[0], 0)] if heap else []  # each with its place in the heap: a parent comes before its children
        while ahead and len(found) < limit:
            due, place = heappop(ahead)
            if self._live.get(due.number * KINDS + due.kind) is due:
                found.append(due)
            for child in range(2 * place + 1, min(2 * place + 3, len(heap))):
                heappush(ahead, (heap[child], child))
        return found

    def find(self, kind: EntryKind, number: int) -> AgendaEntry | None:
        """Return the pending entry of a message or callback, or None."""
        return self._live.get(number * KINDS + kind)

    def put(self, due: AgendaEntry) -> None:
        """Add an entry; it replaces the pending one of the same message or callback."""
        _, kind, _, number = due
        key, live, heap = number * KINDS + kind, self._live, self._heap
        replaced = live.get(key)
        live[key] = due
        if replaced is not None and replaced is self._first and heap[0] is replaced:
            heapreplace(heap, due)  # the common case: a message's next step replaces the one just done
            self._first = self._seek()
            return
        heappush(heap, due)
        if heap[0] is due:
            self._first = due
        elif replaced is not None and replaced is self._first:
            self._first = self._seek()

    def extend(self, entries: Collection[AgendaEntry]) -> None:
        """Add thousands of entries, none of which replaces another."""
        self._live.update([(number * KINDS + kind, due) for due in entries for _, kind, _, number in (due,)])
        self._heap.extend(entries)
        heapify(self._heap)
        self._first = self._seek()

    def drop(self, kind: EntryKind, number: int) -> None:
        """Remove the pending entry of a message or callback, if there is one."""
        dropped = self._live.pop(number * KINDS + kind, None)
        if dropped is None:
            return
        if len(self._heap) > 2 * len(self._live) + 64:
            self._heap = list(self._live.values())
            heapify(self._heap)
        if dropped is self._first:
            self._first = self._seek()

    def drop_message(self, number: int) -> None:
        """Remove the status change and the phone's reply that are pending for a message."""
        self.drop(EntryKind.MOVE, number)
        self.drop(EntryKind.INBOUND, number)

    def clear(self) -> None:
        """Remove all entries."""
        self._heap.clear()
        self._live.clear()
        self._first = None

    def _seek(self) -> AgendaEntry | None:
        """Return the first entry of the heap that is still pending; remove those before it."""
        heap, live = self._heap, self._live
        while heap:
            due = heap[0]
            if live.get(due.number * KINDS + due.kind) is due:
                return due
            heappop(heap)
        return None
