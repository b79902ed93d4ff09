"""Reads a provider's document part by part and gathers what is wrong with it, each mistake with its path.

An empty value counts as an absent one: YAML reads `settings:` with nothing behind it as null.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from sandbox.core.errors import near_miss
from sandbox.formats.yaml_files import ValuePath
from sandbox.specs.schema import KINDS, show
from sandbox.specs.types import METHODS, WORDS

Kind = Literal["a mapping", "a list", "a text", "true or false"]
TYPES: Mapping[str, type] = {"a mapping": dict, "a list": list, "a text": str, "true or false": bool}
OPERATION = 3  # steps of a path to an operation: paths, template, method


class Mistake(NamedTuple):
    """What is wrong at a path of a document."""

    path: ValuePath
    problem: str

    def __str__(self) -> str:
        """Return the sentence for a person, which begins with the path."""
        return f"{dotted(self.path)}: {self.problem}" if self.path else self.problem


def dotted(path: ValuePath) -> str:
    """Return a path as people write it: `x-sandbox.channels.sms`, `POST /messages: x-channel`."""
    steps = [str(step) for step in path]
    if path[:1] == ("paths",) and len(path) >= OPERATION and path[2] in METHODS:
        rest = ".".join(steps[OPERATION:])
        return f"{steps[2].upper()} {steps[1]}" + (f": {rest}" if rest else "")
    return ".".join(steps)


@dataclass(frozen=True, slots=True)
class Part:
    """A value of a document with its path; `found` has the mistakes of the whole document."""

    found: list[Mistake]
    path: ValuePath
    value: Any

    def note(self, problem: str, *steps: str | int) -> None:
        """Add a mistake, `steps` below this part."""
        self.found.append(Mistake((*self.path, *steps), problem))

    def inside(self, step: str | int, value: object) -> "Part":
        """Return a part below this one."""
        return Part(self.found, (*self.path, step), value)

    def take(self, key: str, kind: Kind, *, default: object = None) -> "Part | None":
        """Return the value of a key, `default` written in where it is absent; None where there is nothing to read.

        A value of another kind is noted.
        """
        value = self.value.get(key)
        if value is None:
            self.value.pop(key, None)
            if default is None:
                return None
            value = self.value[key] = default
        return self.inside(key, value).of(kind)

    def need(self, key: str, kind: Kind, right: str) -> "Part | None":
        """Return the value of a key that must be there; `right` says what is written in it."""
        value = self.value.get(key)
        if value is None:
            self.note(f"is missing; write {right}", key)
            return None
        part = self.inside(key, value).of(kind)
        if part is not None and kind != "true or false" and not part.value:
            part.note(f"is empty; write {right}")
            return None
        return part

    def of(self, kind: Kind) -> "Part | None":
        """Return this part if it is of a kind; note it and return None if it is not."""
        if isinstance(self.value, TYPES[kind]):
            return self
        if self.value is None:
            self.note(f"is empty; it must be {kind}")
            return None
        what = KINDS.get(type(self.value), "a date")
        hint = "; put it in quotes" if kind == "a text" and isinstance(self.value, int | float) else ""
        self.note(f"{show(self.value)} is {what}, not {kind}{hint}")
        return None

    def members(self) -> Iterator[tuple[str, "Part"]]:
        """Yield the mappings in a mapping by key, an empty value as one; other values are noted and left out."""
        for key, value in list(self.value.items()):
            if key.startswith("x-"):
                continue
            if value is None:
                self.value[key] = {}
            part = self.inside(key, self.value[key]).of("a mapping")
            if part is not None:
                yield key, part

    def entries(self, kind: Kind) -> Iterator["Part"]:
        """Yield the entries of a list; those of another kind are noted and left out."""
        for place, value in enumerate(self.value):
            part = self.inside(place, value).of(kind)
            if part is not None:
                yield part

    def one_of(self, known: Iterable[str], what: str) -> bool:
        """Whether this text is one of some words; note it if it is not."""
        names = tuple(known)
        if self.value in names:
            return True
        self.note(f"no {what} is called '{self.value}'.{near_miss(self.value, names)}")
        return False

    def only(self, known: Iterable[str], what: str) -> None:
        """Note the keys of a mapping that are not known; those that begin with `x-` are the writer's own."""
        names = tuple(known)
        for key in self.value:
            if key not in names and not key.startswith("x-"):
                self.note(f"{what} has no key '{key}'.{near_miss(key, names)}", key)

    def marks(self) -> None:
        """Read whose word a part is and where it stands, where it says so."""
        word = self.take("x-word", "a text")
        if word is not None:
            word.one_of(WORDS, "word")
        self.take("x-source", "a text")
