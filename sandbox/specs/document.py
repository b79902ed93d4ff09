"""Reads a provider's OpenAPI document and writes its references out."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sandbox.core.errors import SpecError
from sandbox.files import FileError, load

Node = dict[str, Any]


def read(path: Path) -> Node:
    """Return a document with every `$ref` replaced by what it names.

    Raises:
        SpecError: the file cannot be read, or a reference leads nowhere or in a circle.

    """
    try:
        document = load(path)
    except FileError as error:
        raise SpecError(str(error)) from None
    if not isinstance(document, dict) or not isinstance(document.get("x-sandbox"), dict):
        message = f"{path}: an OpenAPI document with x-sandbox is needed"
        raise SpecError(message)
    try:
        resolved = _Resolver(document, str(path)).resolve(document, ())
    except RecursionError:
        message = f"{path}: an alias leads back to itself, or the document is nested too deeply"
        raise SpecError(message) from None
    if not isinstance(resolved, dict):
        raise TypeError(path)
    return _with_slashes(resolved)


def _with_slashes(document: Node) -> Node:
    """Return a document in which each path stands with a slash behind it too, if the provider takes that.

    `x-sandbox.trailing_slash` says so, with its word and source: these become those of each such operation.
    """
    row = document["x-sandbox"].get("trailing_slash")
    if row is None:
        return document
    paths = document["paths"]
    more = {f"{path}/": {key: _slashed(node, row) for key, node in item.items()} for path, item in paths.items()}
    return {**document, "paths": {**paths, **more}}


def _slashed(node: object, row: Node) -> object:
    if not isinstance(node, dict) or "operationId" not in node:
        return node
    return {**node, **row, "operationId": f"{node['operationId']}.slash"}


class _Resolver:
    """Writes references out; what two places name stays one object."""

    def __init__(self, document: Node, name: str) -> None:
        self._document = document
        self._name = name
        self._done: dict[str, object] = {}

    def resolve(self, node: object, inside: tuple[str, ...]) -> object:
        if isinstance(node, list):
            return [self.resolve(each, inside) for each in node]
        if not isinstance(node, dict):
            return node
        reference = node.get("$ref")
        if not isinstance(reference, str):
            return {key: self.resolve(value, inside) for key, value in node.items()}
        if reference in inside:
            message = f"{self._name}: {reference} leads back to itself"
            raise SpecError(message)
        if reference not in self._done:
            self._done[reference] = self.resolve(self._find(reference), (*inside, reference))
        target = self._done[reference]
        beside = {key: self.resolve(value, inside) for key, value in node.items() if key != "$ref"}
        return {**target, **beside} if beside and isinstance(target, dict) else target

    def _find(self, reference: str) -> object:
        here: object = self._document
        for step in reference.removeprefix("#/").split("/"):
            name = step.replace("~1", "/").replace("~0", "~")
            if not isinstance(here, Mapping) or name not in here:
                message = f"{self._name}: {reference} leads nowhere"
                raise SpecError(message)
            here = here[name]
        return here
