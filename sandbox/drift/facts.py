"""The facts of a document: each value with a word, its source and its place, and what a recording says of it."""

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple, Self

from sandbox.drift.compare import Schemas, expand
from sandbox.drift.edits import Edit
from sandbox.drift.places import parameter_paths, reply_schemas
from sandbox.formats.json_text import ValuePath, children_of
from sandbox.formats.yaml_files import Document, parse, read_text, shipped
from sandbox.providers.registry import Pack, Registry
from sandbox.recording.vocabulary import Vocabulary
from sandbox.specs.references import place_of
from sandbox.specs.routing import Found
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
        self.name = document.name
        self._resolved = resolved
        self._document = document
        self._known: dict[ValuePath, Fact] = {}
        self.all = {fact.place: fact for fact in self._walk(self._document)}
        self.verdicts: dict[str, Verdict] = {}
        self.shown: set[str] = set()

    def _walk(self, document: Document) -> Iterator[Fact]:
        waiting: list[tuple[ValuePath, object]] = [((), document.value)]
        while waiting:
            path, node = waiting.pop()
            if isinstance(node, dict) and isinstance(node.get("x-word"), str):
                yield self._fact(path, node)
            waiting += [((*path, step), value) for step, value in children_of(node).items()]

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
            known = children_of(node)
            if step not in known:
                break
            node = known[step]
            if isinstance(node, Mapping) and "x-word" in node:
                found = (path[:end], node)
        return self._fact(*found)

    def judge(self, fact: Fact, *, confirmed: bool, shown: bool = True) -> None:
        """Note what an exchange says of a fact: once contradicted, it stays so.

        `shown`: the provider showed all of it; that it accepts one value of a parameter does not tell what it refuses.
        """
        if shown:
            self.shown.add(fact.place)
        if not confirmed:
            self.verdicts[fact.place] = Verdict.CONTRADICTED
        else:
            self.verdicts.setdefault(fact.place, Verdict.CONFIRMED)

    def judged(self) -> Iterator[tuple[Fact, Verdict]]:
        """Yield each fact with its verdict, in the order of the document."""
        for place, fact in sorted(self.all.items(), key=lambda item: int(item[0].rpartition(":")[2])):
            yield fact, self.verdicts.get(place, Verdict.NOT_SEEN)


def shown_path(file: Path) -> str:
    """Return the path of a document as people write it."""
    return f"specs/{file.name}" if file.parent == shipped("specs") else str(file)


def find_facts(packs: Registry, providers: Iterable[str]) -> Mapping[str, Facts]:
    """Return the facts of some providers.

    Raises:
        FileError: a document cannot be read.

    """
    found = {name: (packs[name], packs[name].file) for name in providers}
    return {
        name: Facts(name, pack.spec.document, _placed(read_text(file), shown_path(file)))
        for name, (pack, file) in found.items()
    }


@lru_cache(maxsize=32)
def _placed(text: str, name: str) -> Document:
    return parse(text, name, merges=True)


class Provider(NamedTuple):
    """What is known of a provider: its pack, its names, its facts, its words for statuses, and all of its fixed words.

    `parameters` and `schemas` keep what was looked up in its document, `examples` the edits that add those seen.
    """

    pack: Pack
    vocabulary: Vocabulary
    facts: Facts
    words: frozenset[str]
    fixed: frozenset[str]
    parameters: dict[ValuePath, Mapping[str, ValuePath]]
    schemas: dict[tuple[object, ...], Schemas]
    examples: dict[ValuePath, Edit | None]

    @classmethod
    def of(cls, pack: Pack, facts: Facts) -> Self:
        """Return what is known of a provider."""
        vocabulary = Vocabulary.of(pack)
        channels = pack.spec.channels.values()
        words = frozenset(word for each in channels for word in (*each.read_back, *each.words.values()))
        return cls(pack, vocabulary, facts, words, vocabulary.fixed | words, {}, {}, {})

    def parameters_of(self, operation: ValuePath) -> Mapping[str, ValuePath]:
        """Return the path of each parameter of an operation or webhook."""
        known = self.parameters.get(operation)
        if known is None:
            known = self.parameters[operation] = parameter_paths(self.pack.spec.document, operation)
        return known

    def schemas_of(self, found: Found, status: int, media: str, kind: str) -> Schemas:
        """Return the schemas of a reply, those of its branches too."""
        key = (found.route.template, found.route.method, status, media)
        known = self.schemas.get(key)
        if known is None:
            own = reply_schemas(self.pack.spec, found, status, media, kind)
            known = self.schemas[key] = tuple(each for schema in own for each in expand(schema))
        return known
