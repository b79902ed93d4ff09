"""The facts of a document: each value with a word, its source and its place, and what a recording says of it."""

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from sandbox.formats.json_text import ValuePath
from sandbox.formats.yaml_files import Document, parse, read_text, shipped
from sandbox.providers.registry import Registry, documents_in
from sandbox.specs.references import place_of
from sandbox.specs.types import PathProblem, dotted


class Verdict(StrEnum):
    """What a recording says of a fact."""

    CONFIRMED = "confirmed"
    CONTRADICTED = "contradicted"
    NOT_SEEN = "not seen"


class Fact(NamedTuple):
    """A fact of a document: `path` leads to it through references, `place` is `file:line` of its word."""

    provider: str
    path: ValuePath
    word: str
    source: str
    place: str

    @property
    def cited(self) -> str:
        """The place with the word in brackets."""
        return f"{self.place} ({self.word})"

    def __str__(self) -> str:
        """Return what it is a fact of."""
        return dotted(self.path)


NO_WORD = "no word"


class Facts:
    """The facts of one provider's document, and the verdict on each."""

    def __init__(self, provider: str, resolved: Mapping[str, object], document: Document) -> None:
        self.provider = provider
        self._resolved = resolved
        self._document = document
        self._known: dict[ValuePath, Fact] = {}
        self.all = {fact.place: fact for fact in self._walk(self._document)}
        self.verdicts: dict[str, Verdict] = {}

    def _walk(self, document: Document) -> Iterator[Fact]:
        waiting: list[tuple[ValuePath, object]] = [((), document.value)]
        while waiting:
            path, node = waiting.pop()
            if isinstance(node, dict):
                if isinstance(node.get("x-word"), str):
                    yield self._fact(path, node)
                waiting += [((*path, name), value) for name, value in node.items()]
            elif isinstance(node, list):
                waiting += [((*path, place), value) for place, value in enumerate(node)]

    def _fact(self, path: ValuePath, node: Mapping[str, object]) -> Fact:
        placed = place_of(self._document, PathProblem((*path, "x-word"), ""))
        word, source = str(node.get("x-word", NO_WORD)), str(node.get("x-source", ""))
        return Fact(self.provider, path, word, source, f"{placed.file}:{placed.line}")

    def at(self, *path: str | int) -> Fact:
        """Return the fact at a path of the resolved document, or the nearest around it."""
        known = self._known.get(path)
        if known is None:
            known = self._known[path] = self._find(path)
        return known

    def _find(self, path: ValuePath) -> Fact:
        node: object = self._resolved
        found: tuple[ValuePath, Mapping[str, object]] = ((), {})
        for end, step in enumerate(path, 1):
            known = node if isinstance(node, Mapping) else dict(enumerate(node)) if isinstance(node, list) else {}
            if step not in known:
                break
            node = known[step]
            if isinstance(node, Mapping) and "x-word" in node:
                found = (path[:end], node)
        return self._fact(*found)

    def judge(self, fact: Fact, *, confirmed: bool) -> None:
        """Note what an exchange says of a fact: once contradicted, it stays so."""
        if not confirmed:
            self.verdicts[fact.place] = Verdict.CONTRADICTED
        else:
            self.verdicts.setdefault(fact.place, Verdict.CONFIRMED)

    def count(self) -> Mapping[str, Mapping[Verdict, int]]:
        """Return how many facts of each word have each verdict."""
        found: dict[str, dict[Verdict, int]] = {}
        for place, fact in self.all.items():
            counts = found.setdefault(fact.word, dict.fromkeys(Verdict, 0))
            counts[self.verdicts.get(place, Verdict.NOT_SEEN)] += 1
        return found


def _shown(file: Path) -> str:
    return f"specs/{file.name}" if file.parent == shipped("specs") else str(file)


def find_facts(packs: Registry, folders: Iterable[Path], providers: Iterable[str]) -> Mapping[str, Facts]:
    """Return the facts of some providers, whose documents are in `folders`."""
    wanted, found = set(providers), dict[str, Facts]()
    for file in (file for folder in folders for file in documents_in(folder)):
        document = _placed(read_text(file), _shown(file))
        own = document.value.get("x-sandbox") if isinstance(document.value, dict) else None
        name = str(own.get("provider", "")) if isinstance(own, dict) else ""
        if name in wanted and name in packs:
            found[name] = Facts(name, packs[name].spec.document, document)
    return found


@lru_cache(maxsize=32)
def _placed(text: str, name: str) -> Document:
    return parse(text, name, merges=True)
