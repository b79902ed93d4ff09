"""A value of a scenario file with its place, and the mistakes found in the file so far.

A reader is a function from a node to a value; it raises `MistakeError` for what it cannot read. `Fields.read` notes it
and goes on with the next key, so all mistakes of a file come out at once.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import NoReturn, TypeVar

from sandbox.core.errors import FileMistake, near_miss
from sandbox.formats.json_text import ValuePath
from sandbox.formats.yaml_files import Document
from sandbox.specs.types import KINDS, show

Value = TypeVar("Value")
Other = TypeVar("Other")


class MistakeError(Exception):
    """One thing that is wrong with a value: where (`path`), and what, in words."""

    def __init__(self, path: ValuePath, problem: str) -> None:
        super().__init__(problem)
        self.path = path


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file that is being read. A warning is about what is read, but does not do what its author may expect."""

    document: Document
    mistakes: list[FileMistake] = field(default_factory=list)
    warnings: list[FileMistake] = field(default_factory=list)

    def note(self, path: ValuePath, problem: str) -> None:
        """Add a mistake."""
        self.mistakes.append(self.document.mistake(path, problem))

    def warn(self, path: ValuePath, problem: str) -> None:
        """Add a warning."""
        self.warnings.append(self.document.mistake(path, problem))


@dataclass(frozen=True, slots=True)
class Node:
    """One value of a file."""

    sheet: Sheet
    path: ValuePath
    value: object

    @property
    def written(self) -> str | None:
        """A number or truth value as it is written in the file; None: the value is neither."""
        if not isinstance(self.value, bool | int | float):
            return None
        return self.sheet.document.written.get(self.path, str(self.value))

    def refuse(self, problem: str) -> NoReturn:
        """Say that this value is wrong.

        Raises:
            MistakeError: always.

        """
        raise MistakeError(self.path, problem)

    def expect(self, expected: str, hint: str = "") -> NoReturn:
        """Say that this value is of another kind than expected.

        Raises:
            MistakeError: always.

        """
        self.refuse(f"{self.written or show(self.value)} is {kind(self.value)}, not {expected}{hint}")

    def items(self) -> list["Node"]:
        """Return the entries of a list.

        Raises:
            MistakeError: it is none.

        """
        if not isinstance(self.value, list):
            self.expect("a list")
        return [Node(self.sheet, (*self.path, index), each) for index, each in enumerate(self.value)]

    def entries(self) -> dict[str, "Node"]:
        """Return the values of a mapping by key.

        Raises:
            MistakeError: it is none.

        """
        if not isinstance(self.value, dict):
            self.expect("a mapping")
        return {key: Node(self.sheet, (*self.path, key), each) for key, each in self.value.items()}

    def each(self, reader: Callable[["Node"], Value]) -> tuple[Value, ...]:
        """Return what a reader makes of each entry of a list; entries with mistakes are noted and left out."""
        return tuple(_read(self.items(), reader))

    def fields(self, known: Iterable[str], *, what: str) -> "Fields":
        """Return the values of a mapping whose keys are all `known`; others are noted, with the near miss."""
        names = tuple(known)
        entries = self.entries()
        for key, node in entries.items():
            if key not in names:
                self.sheet.note(node.path, f"{what} has no key '{key}'.{near_miss(key, names)}")
        return Fields(self, entries)


@dataclass(frozen=True, slots=True)
class Fields:
    """The values of a mapping, read key by key."""

    node: Node
    entries: dict[str, Node]

    def __contains__(self, name: str) -> bool:
        return name in self.entries

    def read(self, name: str, reader: Callable[[Node], Value], default: Other) -> Value | Other:
        """Return what a reader makes of a key's value; `default` where the key is absent or its value has a mistake."""
        node = self.entries.get(name)
        return default if node is None else next(_read([node], reader), default)

    def note(self, name: str, problem: str) -> None:
        """Add a mistake at a key, or at the mapping where the key is absent."""
        self.node.sheet.note((*self.node.path, name), problem)

    def warn(self, name: str, problem: str) -> None:
        """Add a warning at a key."""
        self.node.sheet.warn((*self.node.path, name), problem)


def _read(nodes: Iterable[Node], reader: Callable[[Node], Value]) -> Iterator[Value]:
    for node in nodes:
        try:
            yield reader(node)
        except MistakeError as mistake:
            node.sheet.note(mistake.path, str(mistake))


def kind(value: object) -> str:
    """Return what a value is, for a person."""
    return KINDS.get(type(value), "nothing")
