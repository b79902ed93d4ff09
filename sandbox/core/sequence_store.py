"""Values by numbers that count up, of which the oldest go again and again.

One dictionary would keep a hole for each that is gone until it has grown to three times what is in it. Here each 4,096
numbers have a shelf of their own, which goes with the last of them: memory stays flat, and nothing is copied.
"""

from collections.abc import Iterator, Mapping, ValuesView
from itertools import chain
from typing import TypeVar

Row = TypeVar("Row")

BITS = 12  # of a number that tell its place on its shelf


class SequenceStore(Mapping[int, Row]):
    """A dictionary of shelves; in order of making, as numbers count up."""

    __slots__ = ("_count", "_shelves")

    def __init__(self) -> None:
        self.clear()

    def __getitem__(self, number: int) -> Row:
        return self._shelves[number >> BITS][number]

    def __setitem__(self, number: int, row: Row) -> None:
        shelf = self._shelves.get(number >> BITS)
        if shelf is None:
            shelf = self._shelves[number >> BITS] = {}
        before = len(shelf)
        shelf[number] = row
        self._count += len(shelf) - before

    def __delitem__(self, number: int) -> None:
        shelf = self._shelves[number >> BITS]
        del shelf[number]
        self._count -= 1
        if not shelf:
            del self._shelves[number >> BITS]

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[int]:
        return chain.from_iterable(self._shelves.values())

    def __reversed__(self) -> Iterator[int]:
        return chain.from_iterable(map(reversed, reversed(self._shelves.values())))

    def values(self) -> ValuesView[Row]:
        """Return the values; looking at all of them takes no look-up for each."""
        return _Values(self)

    def rows(self) -> Iterator[Row]:
        """Return the values one by one, oldest first."""
        return chain.from_iterable(map(dict.values, self._shelves.values()))

    def clear(self) -> None:
        """Forget everything."""
        self._shelves: dict[int, dict[int, Row]] = {}
        self._count = 0


class _Values(ValuesView[Row]):
    """The values of some rows."""

    def __init__(self, rows: SequenceStore[Row]) -> None:
        super().__init__(rows)
        self._rows = rows

    def __iter__(self) -> Iterator[Row]:
        return self._rows.rows()
