"""Resolves the references (`$ref`) of a document, and finds the places to which a path leads through them."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple
from urllib.parse import unquote

from sandbox.core.errors import FileMistake, SpecError
from sandbox.formats.json_text import ValuePath, children_of
from sandbox.formats.yaml_files import DEPTH_LIMIT, TOO_DEEP, Document
from sandbox.specs.types import Node, PathProblem, pointer_steps

OUTSIDE = "is outside this document, and nothing is ever downloaded; copy what it names below components"
WHOLE = object()  # stands for the whole document among its references
INDEX_DIGITS = 9
EXPANDED_LIMIT = 1_000_000  # values of a document with every reference written out


def resolve(document: Document, value: Node) -> Node:
    """Return the value of a document with every `$ref` replaced by what it names.

    Raises:
        SpecError: references lead nowhere, out of the document or in a circle, or make it too large or too deep.

    """
    resolver = _Resolver(value)
    try:
        resolved = {key: resolver.resolve(each, ()) for key, each in value.items()}
        if not resolver.broken:
            resolver.check_size(resolved)
    except RecursionError:
        raise SpecError(
            [document.mistake((), f"the document is {TOO_DEEP}, with its references written out")]
        ) from None
    if resolver.broken:
        raise SpecError(_broken(document, resolver.broken))
    return resolved


def _broken(document: Document, broken: Mapping[object, str]) -> Iterator[FileMistake]:
    """Yield a mistake for each use of a reference that cannot be resolved."""
    whole = broken.get(WHOLE)
    if whole is not None:
        yield document.mistake((), f"the document {whole}")
    for place, node in _nodes(document.value, ()):
        reference = node.get("$ref")
        if isinstance(reference, str) and reference in broken:
            named = reference or "an empty reference"
            yield document.mistake((*place, "$ref"), f"{named} {broken[reference]}")


def _nodes(value: object, path: ValuePath) -> Iterator[tuple[ValuePath, Node]]:
    """Yield every mapping in a value, with its path."""
    if isinstance(value, dict):
        yield path, value
    for step, each in children_of(value).items():
        yield from _nodes(each, (*path, step))


def place_of(document: Document, mistake: PathProblem) -> FileMistake:
    """Return a mistake with the place of the value that its path leads to through references."""
    return document.mistake(real_path(document, mistake.path)[0], str(mistake))


def real_path(document: Document, path: ValuePath) -> tuple[ValuePath, bool]:
    """Return the path in the file of the value that a path leads to through references, and whether there is one.

    If there is none, it is the path as far as it leads.
    """
    here: object = document.value
    real: ValuePath = ()
    for step in path:
        here, real = _followed(document, here, real, step)
        known = children_of(here)
        if step not in known:
            return real, False
        here = known[step]
        real = (*real, step)
    return real, True


def _followed(document: Document, here: object, real: ValuePath, step: str | int) -> tuple[object, ValuePath]:
    """Return the target of a reference and its path, or the value itself if the step is not behind a reference."""
    seen: set[str] = set()
    while isinstance(here, dict) and isinstance(here.get("$ref"), str) and step not in here:
        reference = here["$ref"]
        found = _find(document.value, reference)
        if found is None or reference in seen:
            break
        seen.add(reference)
        real, here = found
    return here, real


def _find(document: object, reference: str) -> tuple[ValuePath, object] | None:
    """Return the target of a reference with its path, None if it does not exist."""
    here, path = document, ValuePath()
    for step in map(unquote, pointer_steps(reference.removeprefix("#"))):
        if isinstance(here, list) and step.isdecimal() and int(step[:INDEX_DIGITS]) < len(here):
            here, path = here[int(step)], (*path, int(step))
        elif isinstance(here, dict) and step in here:
            here, path = here[step], (*path, step)
        else:
            return None
    return path, here


class _Resolver:
    """Resolves references; each target stays one object. `broken` says which references cannot be resolved, and why."""

    def __init__(self, document: Node) -> None:
        self._document = document
        self._done: dict[str, object] = {}
        self.broken: dict[object, str] = {}

    def resolve(self, node: object, inside: tuple[str, ...]) -> object:
        """Return a value with its references replaced; `inside` are those whose targets it is in."""
        if isinstance(node, list):
            return [self.resolve(each, inside) for each in node]
        if not isinstance(node, dict):
            return node
        reference = node.get("$ref")
        if not isinstance(reference, str):
            return {key: self.resolve(value, inside) for key, value in node.items()}
        if reference in inside:
            self.broken[reference] = "refers to itself, but it must end; write {} where it comes back to itself"
            return {}
        if reference not in self._done:
            self._done[reference] = self._target(reference, inside)
        target = self._done[reference]
        beside = {key: self.resolve(value, inside) for key, value in node.items() if key != "$ref"}
        return {**target, **beside} if beside and isinstance(target, dict) else target

    def _target(self, reference: str, inside: tuple[str, ...]) -> object:
        if not reference.startswith("#"):
            self.broken[reference] = OUTSIDE
            return {}
        found = _find(self._document, reference)
        if found is None:
            self.broken[reference] = "does not exist"
            return {}
        return self.resolve(found[1], (*inside, reference))

    def check_size(self, resolved: Node) -> None:
        """Note what is too large or too deep with its references written out: the innermost target, or all."""
        known: dict[int, Extent] = {}
        for reference, target in (*self._done.items(), (WHOLE, resolved)):
            size, depth = _extent(target, known)
            if size > EXPANDED_LIMIT or depth > DEPTH_LIMIT:
                much = f"has more than {EXPANDED_LIMIT} values" if size > EXPANDED_LIMIT else f"is {TOO_DEEP}"
                self.broken[reference] = f"{much}, with its references written out"
                return


class Extent(NamedTuple):
    """How many values a value has, and how many levels."""

    size: int
    depth: int


def _extent(value: object, known: dict[int, Extent]) -> Extent:
    """Return the extent of a value; `known` has that of each value that stands in several places."""
    found = known.get(id(value))
    if found is None:
        items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        inner = [_extent(each, known) for each in items]
        found = Extent(1 + sum(each.size for each in inner), 1 + max((each.depth for each in inner), default=0))
        if inner:
            known[id(value)] = found
    return found
