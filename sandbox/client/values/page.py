"""A page of a list."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar, overload

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Page(Sequence[Row], Generic[Row]):
    """Some things, newest first; `next` is the cursor of the page that follows, `evicted` counts what was let go."""

    items: tuple[Row, ...]
    next: str | None = None
    evicted: int = 0

    def __len__(self) -> int:
        return len(self.items)

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Row, ...]: ...
    def __getitem__(self, index: int | slice) -> Row | tuple[Row, ...]:
        return self.items[index]

    def __iter__(self) -> Iterator[Row]:
        return iter(self.items)
