"""Reads a provider's OpenAPI document and writes its references out."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from sandbox.core.errors import FileMistake, SpecError
from sandbox.formats.yaml_files import Document, FileError, ValuePath, load, parse, read_text
from sandbox.specs.mistakes import Mistake

Node = dict[str, Any]


def read(path: Path) -> Node:
    """Return a document with every `$ref` replaced by what it names.

    Raises:
        SpecError: the file cannot be read, or a reference leads nowhere or in a circle.

    """
    try:
        document = load(path)
        if not isinstance(document, dict) or not isinstance(document.get("x-sandbox"), dict):
            raise refused(path, [Mistake((), "an OpenAPI document with x-sandbox is needed")])
        resolver = _Resolver(document)
        resolved = resolver.resolve(document, ())
    except FileError as error:
        raise SpecError([error.mistake]) from None
    except RecursionError:
        problem = "an alias leads back to itself, or the document is nested too deeply"
        raise SpecError([FileMistake(problem, str(path))]) from None
    if resolver.broken:
        raise SpecError(_broken(path, resolver.broken))
    if not isinstance(resolved, dict):
        raise TypeError(path)
    return _with_slashes(resolved)


def _with_slashes(document: Node) -> Node:
    """Return a document in which each path stands with a slash behind it too, if the provider takes that.

    `x-sandbox.trailing_slash` says so, with its word and source: these become those of each such operation.
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


def refused(path: Path, mistakes: Iterable[Mistake]) -> SpecError:
    """Return the error that tells of some mistakes, one a line, each with its place in the file."""
    document = _placed(path)
    found: dict[tuple[str, str], FileMistake] = {}  # what several operations share is told of once
    for each in mistakes:
        placed = _place(document, each) if document else FileMistake(str(each), str(path))
        found.setdefault((placed.place, each.problem), placed)
    return SpecError(found.values())


def _placed(path: Path) -> Document | None:
    """Return a document with its places: a start without mistakes has no need of them."""
    try:
        return parse(read_text(path), str(path))
    except FileError:
        return None


def _place(document: Document, mistake: Mistake) -> FileMistake:
    """Return a mistake with the place of what stands at its path once references are written out."""
    here: object = document.value
    real: ValuePath = ()
    for step in mistake.path:
        here, real = _followed(document, here, real, step)
        known = here if isinstance(here, dict) else dict(enumerate(here)) if isinstance(here, list) else {}
        if step not in known:
            break
        here = known[step]
        real = (*real, step)
    return document.mistake(real, str(mistake))


def _followed(document: Document, here: object, real: ValuePath, step: str | int) -> tuple[object, ValuePath]:
    """Return what a reference names, with its path; anything else, and what stands beside a reference, as it is."""
    seen: set[str] = set()
    while isinstance(here, dict) and isinstance(here.get("$ref"), str) and step not in here:
        reference = here["$ref"]
        found = _find(document.value, reference)
        if found is None or reference in seen:
            break
        seen.add(reference)
        here, real = found, tuple(_steps(reference))
    return here, real


def _broken(path: Path, broken: Mapping[str, str]) -> Iterator[FileMistake]:
    """Yield a mistake for each place of a reference that cannot be written out."""
    document = _placed(path)
    if document is None:
        yield from (FileMistake(f"{reference} {problem}", str(path)) for reference, problem in broken.items())
        return
    for place, node in _nodes(document.value, ()):
        reference = node.get("$ref")
        if isinstance(reference, str) and reference in broken:
            yield document.mistake((*place, "$ref"), f"{reference} {broken[reference]}")


def _nodes(value: object, path: ValuePath) -> Iterator[tuple[ValuePath, Node]]:
    """Yield every mapping in a value, with its path."""
    if isinstance(value, dict):
        yield path, value
        for key, each in value.items():
            yield from _nodes(each, (*path, key))
    elif isinstance(value, list):
        for place, each in enumerate(value):
            yield from _nodes(each, (*path, place))


def _steps(reference: str) -> list[str]:
    return [
        step.replace("~1", "/").replace("~0", "~") for step in reference.removeprefix("#").removeprefix("/").split("/")
    ]


def _find(document: object, reference: str) -> object | None:
    """Return what a reference names, None where it leads nowhere."""
    here = document
    for step in _steps(reference):
        if not isinstance(here, Mapping) or step not in here:
            return None
        here = here[step]
    return here


class _Resolver:
    """Writes references out; what two places name stays one object. `broken` has those that cannot be, and why."""

    def __init__(self, document: Node) -> None:
        self._document = document
        self._done: dict[str, object] = {}
        self.broken: dict[str, str] = {}

    def resolve(self, node: object, inside: tuple[str, ...]) -> object:
        if isinstance(node, list):
            return [self.resolve(each, inside) for each in node]
        if not isinstance(node, dict):
            return node
        reference = node.get("$ref")
        if not isinstance(reference, str):
            return {str(key): self.resolve(value, inside) for key, value in node.items()}
        if reference in inside:
            self.broken[reference] = "leads back to itself"
            return {}
        if reference not in self._done:
            named = _find(self._document, reference)
            if named is None:
                self.broken[reference] = "leads nowhere"
            self._done[reference] = self.resolve(named, (*inside, reference))
        target = self._done[reference]
        beside = {str(key): self.resolve(value, inside) for key, value in node.items() if key != "$ref"}
        return {**target, **beside} if beside and isinstance(target, dict) else target
