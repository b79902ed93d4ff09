"""A mapping for keys that count up and of which the oldest are deleted all the time.

One dictionary would keep a hole for each deleted key until it has grown to three times its content. Here each block of
4,096 keys has a dictionary of its own, deleted with its last key: memory stays flat, and nothing is copied.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence, ValuesView
from itertools import chain
from typing import TypeVar

Row = TypeVar("Row")

BITS = 12  # low bits of a key; the others are its block


class SequenceStore(Mapping[int, Row]):
    """A mapping from increasing integers to values, in insertion order; `count` is its length, without a call."""

    __slots__ = ("_blocks", "count")

    _blocks: dict[int, dict[int, Row]]
    count: int

    def __init__(self) -> None:
        self.clear()

    def __getitem__(self, number: int) -> Row:
        return self._blocks[number >> BITS][number]

    def __setitem__(self, number: int, row: Row) -> None:
        block = self._blocks.get(number >> BITS)
        if block is None:
            block = self._blocks[number >> BITS] = {}
        if number not in block:
            self.count += 1
        block[number] = row

    def extend(self, first: int, rows: Sequence[Row]) -> None:
        """Put new values under the numbers from `first` on."""
        number = first
        while number < first + len(rows):
            end = min((number >> BITS) + 1 << BITS, first + len(rows))  # of the block
            block = self._blocks.setdefault(number >> BITS, {})
            block.update(zip(range(number, end), rows[number - first : end - first], strict=True))
            number = end
        self.count += len(rows)

    def update(self, rows: Mapping[int, Row]) -> None:
        """Put several values."""
        for number, row in rows.items():
            self[number] = row

    def __delitem__(self, number: int) -> None:
        block = self._blocks[number >> BITS]
        del block[number]
        self.count -= 1
        if not block:
            del self._blocks[number >> BITS]

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[int]:
        return chain.from_iterable(self._blocks.values())

    def __reversed__(self) -> Iterator[int]:
        return chain.from_iterable(map(reversed, reversed(self._blocks.values())))

    def values(self) -> ValuesView[Row]:
        """Return a view of the values; iterating over it takes no lookup per value."""
        return _Values(self)

    def iterate(self) -> Iterator[Row]:
        """Yield the values, oldest first."""
        return chain.from_iterable(map(dict.values, self._blocks.values()))

    def read_values(self) -> Iterator[Row]:
        """Yield the values that exist as such, oldest first; not those that are still texts."""
        return self.iterate()

    def copy(self) -> "SequenceStore[Row]":
        """Return a copy, which later changes of this mapping leave as it is."""
        copy: SequenceStore[Row] = SequenceStore()
        copy._take(self)
        return copy

    def _take(self, other: "SequenceStore[Row]") -> None:
        self._blocks = {number: {**block} for number, block in other._blocks.items()}  # noqa: SLF001 - one of its own class
        self.count = other.count

    def clear(self) -> None:
        """Remove everything."""
        self._blocks = {}
        self.count = 0


class LazySequenceStore(SequenceStore[Row]):
    """A sequence whose first values are given as texts, each decoded when it is first read.

    So 100,000 messages that a store returns delay a start by the time that it takes to read them, and no more.
    """

    __slots__ = ("_decode", "_texts")

    def __init__(self, texts: Mapping[int, str], decode: Callable[[int, str], Row]) -> None:
        super().__init__()
        self._decode = decode
        blocks: dict[int, dict[int, Row]] = self._blocks
        for number in sorted(texts):
            block = blocks.get(number >> BITS)
            if block is None:
                block = blocks[number >> BITS] = {}
            block[number] = texts[number]  # type: ignore[assignment]  # replaced by a value before anybody sees it
        self.count = self._texts = sum(map(len, blocks.values()))  # at most so many are still texts

    def __getitem__(self, number: int) -> Row:
        block = self._blocks[number >> BITS]
        row = block[number]
        if isinstance(row, str):
            row = block[number] = self._decode(number, row)
            self._texts -= 1
        return row

    def copy(self) -> SequenceStore[Row]:
        """Return a copy that decodes its texts by itself, in another thread if it is read there."""
        copy = LazySequenceStore({}, self._decode)
        copy._take(self)
        return copy

    def _take(self, other: SequenceStore[Row]) -> None:
        super()._take(other)
        self._texts = 0
        if isinstance(other, LazySequenceStore) and other._texts:  # noqa: SLF001 - as above
            self._decode, self._texts = other._decode, other._texts  # noqa: SLF001

    def iterate(self) -> Iterator[Row]:
        """Yield the values, oldest first."""
        return super().iterate() if self._texts <= 0 else map(self.__getitem__, self)

    def read_values(self) -> Iterator[Row]:
        """Yield the values that have been decoded, oldest first."""
        return (row for row in super().iterate() if not isinstance(row, str))


class _Values(ValuesView[Row]):
    """The view of the values."""

    def __init__(self, store: SequenceStore[Row]) -> None:
        super().__init__(store)
        self._store = store

    def __iter__(self) -> Iterator[Row]:
        return self._store.iterate()
