"""Finds the sandbox's YAML files and reads them, keeping the line and column of every value."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import yaml

from sandbox.core.errors import SandboxError

try:
    from yaml import CSafeLoader as Loader
except ImportError:  # PyYAML built without libyaml: the same result, some ten times slower
    from yaml import SafeLoader as Loader  # type: ignore[assignment]

SIZE_LIMIT = 1024 * 1024  # bytes of one file
VALUE_LIMIT = 100_000  # values of one file once its aliases are written out
DEPTH_LIMIT = 100  # levels of a file
TOO_DEEP = f"nested too deeply, more than {DEPTH_LIMIT} levels"
LIBRARY_TOO_DEEP = "exceeded maximum nesting depth"  # libyaml of PyYAML 6.0.4 looks 1,000 levels ahead, and stops there
MERGE_TAG = "tag:yaml.org,2002:merge"
COLLECTION_TAGS = frozenset({"tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"})

Path_ = tuple[str | int, ...]


class Mark(Protocol):
    """A place in a text, line and column from 0."""

    line: int
    column: int


class FileError(SandboxError):
    """A file that is not there or is not YAML; the text begins with `file:line:column:` where there is a place."""


def shipped(folder: str) -> Path:
    """Return the folder `specs` or `scenarios`: inside the installed package, or beside it in a checkout."""
    inside = Path(__file__).parent / "data" / folder
    return inside if inside.is_dir() else Path(__file__).parent.parent / folder


@dataclass(frozen=True, slots=True)
class Document:
    """A YAML file: its value, and the line and column (from 1) of each value in it, by path."""

    name: str
    value: object
    places: Mapping[Path_, tuple[int, int]]

    def place(self, path: Path_) -> str:
        """Return `file:line:column` of the value at a path, or of the nearest one around it."""
        while path not in self.places and path:
            path = path[:-1]
        line, column = self.places.get(path, (1, 1))
        return f"{self.name}:{line}:{column}"


def read_text(path: Path) -> str:
    """Return a file's text.

    Raises:
        FileError: it cannot be read, is too large, or is not UTF-8.

    """
    try:
        if path.stat().st_size > SIZE_LIMIT:
            message = f"{path}: {path.stat().st_size} bytes; a file may have {SIZE_LIMIT}"
            raise FileError(message)
        return path.read_text(encoding="utf-8")
    except OSError as error:
        message = f"{path}: {error.strerror or error}"
        raise FileError(message) from None
    except UnicodeDecodeError as error:
        message = f"{path}: byte {error.start} is not UTF-8"
        raise FileError(message) from None


def load(path: Path) -> object:
    """Return the value of a YAML file, quickly and without places.

    Raises:
        FileError: as `read_text`, or the file is not YAML.

    """
    try:
        return yaml.load(read_text(path), Loader=Loader)
    except yaml.YAMLError as error:
        raise FileError(_words(error, str(path))) from None


def parse(text: str, name: str) -> Document:
    """Return a YAML text with its places.

    Raises:
        FileError: it is not YAML, repeats a key, is nested too deeply, or its aliases write out to too much.

    """
    if len(text) > SIZE_LIMIT:
        message = f"{name}: {len(text)} characters; a file may have {SIZE_LIMIT}"
        raise FileError(message)
    try:
        _check_depth(text, name)
        node = yaml.compose(text, Loader=Loader)
    except yaml.YAMLError as error:
        raise FileError(_words(error, name)) from None
    builder = _Builder(name)
    value = builder.build(node, ()) if node is not None else None
    return Document(name, value, builder.places)


def _check_depth(text: str, name: str) -> None:
    """See that nothing is nested too deeply: libyaml's composer calls itself at each level until the process dies."""
    depth = 0
    for event in yaml.parse(text, Loader=Loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEPTH_LIMIT:
            raise _mistake(event.start_mark, name, TOO_DEEP)


class _Builder:
    """Turns YAML nodes into plain values and notes where each stood."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.places: dict[Path_, tuple[int, int]] = {}
        self._scalars = yaml.SafeLoader("")

    def build(self, node: yaml.Node, path: Path_) -> object:
        self._note(node, path)
        if len(path) > DEPTH_LIMIT:  # an alias that names what it stands in has no end
            raise self._error(node, TOO_DEEP)
        if isinstance(node, yaml.CollectionNode) and node.tag not in COLLECTION_TAGS:
            raise self._error(node, f"the tag {node.tag} means nothing here")
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(each, (*path, index)) for index, each in enumerate(node.value)]
        try:
            return self._scalars.construct_object(node)
        except (yaml.YAMLError, ValueError) as error:
            raise self._error(node, str(getattr(error, "problem", None) or error)) from None

    def _mapping(self, node: yaml.MappingNode, path: Path_) -> dict[str, object]:
        result: dict[str, object] = {}
        for key_node, value_node in node.value:
            if key_node.tag == MERGE_TAG:
                raise self._error(key_node, "merge keys (<<) are not read here; write the keys out")
            if not isinstance(key_node, yaml.ScalarNode):
                raise self._error(key_node, "a key must be a plain word")
            key = str(key_node.value)
            if key in result:
                raise self._error(key_node, f"the key '{key}' stands here twice")
            result[key] = self.build(value_node, (*path, key))
            self._note(key_node, (*path, key))
        return result

    def _note(self, node: yaml.Node, path: Path_) -> None:
        if len(self.places) >= VALUE_LIMIT:
            raise self._error(node, f"more than {VALUE_LIMIT} values, aliases written out")
        self.places[path] = (node.start_mark.line + 1, node.start_mark.column + 1)

    def _error(self, node: yaml.Node, problem: str) -> FileError:
        return _mistake(node.start_mark, self.name, problem)


def _mistake(mark: Mark | None, name: str, problem: str) -> FileError:
    return FileError(f"{name}:{mark.line + 1}:{mark.column + 1}: {problem}" if mark else f"{name}: {problem}")


def _words(error: yaml.YAMLError, name: str) -> str:
    """Return a YAML error as `file:line:column: problem`."""
    problem = getattr(error, "problem", None) or str(error).replace("\n", " ")
    problem = TOO_DEEP if problem == LIBRARY_TOO_DEEP else problem
    return str(_mistake(getattr(error, "problem_mark", None), name, problem))
