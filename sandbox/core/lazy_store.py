"""The dictionaries of messages, callbacks and requests: of what a store returned, each is decoded when first read."""

from collections.abc import Callable, ItemsView, Iterator, Mapping, ValuesView
from typing import Any, TypeVar

Row = TypeVar("Row")


class LazyStore(dict[int, Row]):
    """A dictionary whose first values are given as texts, by number; `decode` makes the value of a number's text.

    So 100,000 messages that a store returns delay a start by the time that it takes to read them, and no more. Whoever
    copies it does so by `copy`: another dictionary made from it would have the texts.
    """

    __slots__ = ("_decode", "_texts")

    def __init__(self, texts: Mapping[int, str], decode: Callable[[int, str], Row]) -> None:
        super().__init__((number, texts[number]) for number in sorted(texts))  # type: ignore[misc]  # replaced by a value before anybody sees it
        self._decode = decode
        self._texts = len(texts)  # at most so many are still texts

    def __getitem__(self, number: int) -> Row:
        row = super().__getitem__(number)
        if isinstance(row, str):
            row = self[number] = self._decode(number, row)
            self._texts -= 1
        return row

    def get(self, number: int, default: Row | None = None) -> Row | None:  # type: ignore[override]  # of one kind of default
        """Return the value of a number, or else the default."""
        try:
            return self[number]
        except KeyError:
            return default

    def values(self) -> ValuesView[Row]:  # type: ignore[override]  # a view that reads
        """Return a view of the values."""
        return super().values() if self._texts <= 0 else ValuesView(self)

    def items(self) -> ItemsView[int, Row]:  # type: ignore[override]  # as above
        """Return a view of the numbers with their values."""
        return ItemsView(self)

    def copy(self) -> "LazyStore[Row]":
        """Return a copy that decodes its texts by itself, in another thread if it is read there."""
        copy = LazyStore({}, self._decode)
        copy._take(self)
        return copy

    def _take(self, other: dict[int, Row]) -> None:
        """Take over the values of another dictionary, and what are still texts in it."""
        dict.update(self, other)
        if isinstance(other, LazyStore) and other._texts:  # noqa: SLF001 - of its own class
            self._decode, self._texts = other._decode, other._texts  # noqa: SLF001 - as above


def compact(rows: dict[Any, Any]) -> None:
    """Give back the room that deleted values leave in a dictionary: once it is full of holes, it doubles itself."""
    kept = dict.copy(rows)
    rows.clear()
    dict.update(rows, kept)


def read_values(rows: dict[int, Row]) -> Iterator[Row]:
    """Yield the values of a dictionary that are not still texts, in order."""
    return (row for row in dict.values(rows) if not isinstance(row, str))
