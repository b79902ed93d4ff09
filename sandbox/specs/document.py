"""Reads a provider's OpenAPI document, resolves its references, and collects mistakes with their places."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

from sandbox.core.errors import FileMistake, SpecError, near_miss
from sandbox.formats.cache import cached
from sandbox.formats.json_text import ValuePath
from sandbox.formats.yaml_files import LEADING_ZERO, Document, FileError, parse, read_text
from sandbox.specs.references import place_of, resolve
from sandbox.specs.types import WORDS, YAML_KINDS, Node, PathProblem, show

Kind = Literal["a mapping", "a list", "a string", "a boolean"]
TYPES: Mapping[str, type] = {"a mapping": dict, "a list": list, "a string": str, "a boolean": bool}
EXTENSIONS = ("x-sandbox", "x-operation", "x-channel", "x-otp", "x-word", "x-source", "x-code")
BEGIN = 65_536  # bytes of a file that say what it is
# A key that documents have and scenarios do not, at the top of a mapping in block style or of one in braces.
OWN_KEYS = r"(?:openapi|swagger|x-sandbox|paths)"
DOCUMENT = re.compile(
    rf"""^["']?{OWN_KEYS}["']?[ \t]*:|\A\ufeff?\s*\{{\s*["']?{OWN_KEYS}["']?\s*:""",
    re.MULTILINE,
)
LEAST_SIMILARITY = 0.85  # of a key and the extension that was probably meant


@dataclass(frozen=True, slots=True)
class SpecNode:
    """A value of a document with its path; `found` collects the mistakes of the whole document.

    An empty value counts as an absent one: YAML reads `settings:` without a value as null.
    """

    found: list[PathProblem]
    path: ValuePath
    value: Any

    def note(self, problem: str, *steps: str | int) -> None:
        """Add a mistake, `steps` below this node."""
        mistake = PathProblem((*self.path, *steps), problem)
        if mistake not in self.found:
            self.found.append(mistake)

    def inside(self, step: str | int, value: object) -> "SpecNode":
        """Return a node below this one."""
        return SpecNode(self.found, (*self.path, step), value)

    def take(self, key: str, kind: Kind, *, default: object = None) -> "SpecNode | None":
        """Return the node of a key, or None; an absent key is set to `default`.

        A value of another kind is a mistake.
        """
        value = self.value.get(key)
        if value is None:
            self.value.pop(key, None)
            if default is None:
                return None
            value = self.value[key] = default
        return self.inside(key, value).of(kind)

    def need(self, key: str, kind: Kind, right: str) -> "SpecNode | None":
        """Return the node of a required key; `right` says what to write if it is missing."""
        value = self.value.get(key)
        if value is None:
            self.note(f"is missing; write {right}", key)
            return None
        part = self.inside(key, value).of(kind)
        if part is not None and kind != "a boolean" and not part.value:
            part.note(f"is empty; write {right}")
            return None
        return part

    def of(self, kind: Kind) -> "SpecNode | None":
        """Return this node if its value is of a kind; otherwise add a mistake and return None."""
        if isinstance(self.value, TYPES[kind]):
            return self
        if self.value is None:
            self.note(f"is empty; it must be {kind}")
            return None
        what = YAML_KINDS[type(self.value)]
        hint = "; put it in quotes" if kind == "a string" and isinstance(self.value, int | float) else ""
        self.note(f"{show(self.value)} is {what}, not {kind}{hint}")
        return None

    def members(self) -> Iterator[tuple[str, "SpecNode"]]:
        """Yield the mappings in a mapping by key, an empty value as an empty mapping; other values are mistakes."""
        for key, value in list(self.value.items()):
            if key.startswith("x-"):
                continue
            if value is None:
                self.value[key] = {}
            part = self.inside(key, self.value[key]).of("a mapping")
            if part is not None:
                yield key, part

    def entries(self, kind: Kind) -> Iterator["SpecNode"]:
        """Yield the items of a list; those of another kind are mistakes."""
        for place, value in enumerate(self.value):
            part = self.inside(place, value).of(kind)
            if part is not None:
                yield part

    def each(self, key: str, kind: Kind, *, default: Iterable[str] = ()) -> Iterator["SpecNode"]:
        """Yield the items of the list at a key, those of `default` if it is absent; another kind is a mistake."""
        listed = self.take(key, "a list", default=[*default] or None)
        return iter(()) if listed is None else listed.entries(kind)

    def rows(self, key: str) -> Iterator[tuple[str, "SpecNode"]]:
        """Yield the mappings in the mapping at a key, none if it is absent; another kind is a mistake."""
        inner = self.take(key, "a mapping")
        return iter(()) if inner is None else inner.members()

    def choice(self, key: str, known: Iterable[str], what: str, *, default: str) -> str:
        """Return the string at a key, which must be a known word; an absent key is set to `default`."""
        given = self.take(key, "a string", default=default)
        return given.value if given is not None and given.one_of(known, what) else default

    def one_of(self, known: Iterable[str], what: str) -> bool:
        """Return whether this string is a known word; otherwise add a mistake."""
        names = tuple(known)
        if self.value in names:
            return True
        self.note(f"unknown {what} '{self.value}'.{near_miss(self.value, names)}")
        return False

    def only(self, known: Iterable[str], what: str) -> None:
        """Add a mistake for each unknown key, except for the extensions that begin with `x-`."""
        names = tuple(known)
        for key in self.value:
            if key not in names and not key.startswith("x-"):
                self.note(f"{what} has no key '{key}'.{near_miss(key, names)}", key)
        self.extensions()

    def misspelt(self, known: Iterable[str]) -> None:
        """Add a mistake for each key that looks like a known one, where OpenAPI allows more than is read here."""
        names = tuple(known)
        for key in self.value:
            if isinstance(key, str) and key not in names and not key.startswith("x-"):
                meant = get_close_matches(key, names, n=1, cutoff=LEAST_SIMILARITY)
                if meant:
                    self.note(f"unknown key '{key}'. Did you mean '{meant[0]}'?", key)

    def extensions(self) -> None:
        """Add a mistake for each key that looks like one of the sandbox's extensions, such as `x-chanel`."""
        for key in self.value:
            if isinstance(key, str) and key.startswith("x-") and key not in EXTENSIONS:
                meant = get_close_matches(key, EXTENSIONS, n=1, cutoff=LEAST_SIMILARITY)
                if meant:
                    self.note(f"unknown extension '{key}'. Did you mean '{meant[0]}'?", key)

    def marks(self) -> None:
        """Check `x-word` (documented, published or inferred) and `x-source`, and the names of other extensions."""
        self.extensions()
        word = self.take("x-word", "a string")
        if word is not None:
            word.one_of(WORDS, "word")
        self.take("x-source", "a string")


def read(path: Path) -> Node:
    """Return a document with every `$ref` resolved.

    Raises:
        SpecError: the file cannot be read, or a reference leads out of it, nowhere or in a circle.

    """
    try:
        document = _parsed(path)
    except FileError as error:
        placed = (each._replace(line=each.line or 1, column=each.column or 1) for each in error.mistakes)
        raise SpecError(placed) from None
    value = document.value
    if not isinstance(value, dict) or not isinstance(value.get("x-sandbox"), dict):
        raise SpecError([document.mistake((), "this is not an OpenAPI document with a mapping x-sandbox")])
    zeros = [
        document.mistake(
            at, f"{text[:60]} would be read as {int(text)}; put it in quotes, or write it without leading zeros"
        )
        for at, text in document.written.items()
        if LEADING_ZERO.match(text)
    ]
    if zeros:
        raise SpecError(zeros)
    return _with_slashes(resolve(document, value))


def read_shipped(path: Path) -> Node:
    """Return a shipped document with every `$ref` resolved, as it was read when it or this version was new."""
    return cached(path, lambda: read(path))


def _with_slashes(document: Node) -> Node:
    """Return a document that also has each path with a trailing slash, if the provider accepts that.

    `x-sandbox.trailing_slash` says so; its `x-word` and `x-source` become those of each such operation.
    """
    row, paths = document["x-sandbox"].get("trailing_slash"), document.get("paths")
    if not isinstance(row, dict) or not isinstance(paths, dict):
        return document
    more = {
        f"{path}/": {key: _slashed(node, row) for key, node in item.items()}
        for path, item in paths.items()
        if isinstance(item, dict)
    }
    return {**document, "paths": {**paths, **more}}


def _slashed(node: object, row: Node) -> object:
    if not isinstance(node, dict) or "operationId" not in node:
        return node
    return {**node, **row, "operationId": f"{node['operationId']}.slash"}


def is_document(path: Path) -> bool:
    """Return whether a file seems to be a provider's document, not a scenario, even if it has mistakes."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        begin = file.read(BEGIN).decode("utf-8", "replace")
    return DOCUMENT.search(begin) is not None


def _parsed(path: Path) -> Document:
    """Return a document with the places of its values; its mappings may take over the keys of others (`<<`)."""
    return parse(read_text(path), str(path), merges=True)


def refused(path: Path, mistakes: Iterable[PathProblem]) -> SpecError:
    """Return an error with one line for each mistake, each with its place in the file."""
    try:
        document = _parsed(path)
    except FileError as error:  # it has changed meanwhile
        return SpecError(error.mistakes)
    found: dict[tuple[str, str], FileMistake] = {}  # a mistake that operations share is reported once
    for each in mistakes:
        placed = place_of(document, each)
        found.setdefault((placed.place, each.problem), placed)
    return SpecError(found.values())
