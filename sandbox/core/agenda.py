"""What waits for its time, as data: what, for whom, when. Nothing here sleeps.

At one instant the moves come first, in the order in which their messages were made (priority traffic before
the rest), then the callbacks in the order in which they were made.
"""

import heapq
from collections.abc import Iterator
from datetime import datetime
from enum import IntEnum
from typing import NamedTuple


class Kind(IntEnum):
    """What is due; the value is the order at one instant."""

    MOVE = 0
    CALLBACK = 1


class Due(NamedTuple):
    """One pending entry: the message number or callback id `number` is due at `at`; a lower `rank` goes first."""

    at: datetime
    kind: Kind
    rank: int
    number: int


class Agenda:
    """The pending entries of one workspace, at most one a subject."""

    __slots__ = ("_heap", "_live")

    def __init__(self) -> None:
        self._heap: list[Due] = []
        self._live: dict[tuple[Kind, int], Due] = {}

    def __len__(self) -> int:
        return len(self._live)

    def __iter__(self) -> Iterator[Due]:
        return iter(self._live.values())

    def find(self, kind: Kind, number: int) -> Due | None:
        """Return the pending entry of a subject."""
        return self._live.get((kind, number))

    def put(self, due: Due) -> None:
        """Add an entry; an earlier one of the same subject is replaced."""
        self._live[due.kind, due.number] = due
        heapq.heappush(self._heap, due)

    def drop(self, kind: Kind, number: int) -> None:
        """Forget what was pending for a subject, if anything."""
        if self._live.pop((kind, number), None) is not None and len(self._heap) > 2 * len(self._live) + 64:
            self._heap = list(self._live.values())
            heapq.heapify(self._heap)

    def first(self) -> Due | None:
        """Return the entry that is due first."""
        while self._heap:
            due = self._heap[0]
            if self._live.get((due.kind, due.number)) is due:
                return due
            heapq.heappop(self._heap)
        return None

    def clear(self) -> None:
        """Forget everything."""
        self._heap.clear()
        self._live.clear()
