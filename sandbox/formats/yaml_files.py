"""YAML and JSON files: found, and read with the line and column of every value."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import yaml

from sandbox.core.errors import FileMistake, SandboxError
from sandbox.formats.json_text import JsonError, JsonReader, ValuePath
from sandbox.formats.yaml_loader import (
    BOOLEAN_TAG,
    FLOAT_TAG,
    INTEGER_TAG,
    MERGE_TAG,
    CoreLoader,
    StrictLoader,
)


class Mark(Protocol):
    """A position in a text; line and column count from 0."""

    line: int
    column: int


SIZE_LIMIT = 1024 * 1024  # bytes of one file
VALUE_LIMIT = 100_000  # values of one file with its aliases expanded
DEPTH_LIMIT = 100  # levels of a file
TOO_DEEP = f"nested too deeply, more than {DEPTH_LIMIT} levels"
LIBRARY_TOO_DEEP = "exceeded maximum nesting depth"  # of libyaml in PyYAML 6.0.4, at 1,000 levels
COLLECTION_TAGS = frozenset({"tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"})
WRITTEN_TAGS = frozenset({BOOLEAN_TAG, INTEGER_TAG, FLOAT_TAG})
JSON_SUFFIX = ".json"
BYTE_ORDER_MARK = "\ufeff"


class FileError(SandboxError):
    """A file that does not exist or cannot be read; `mistakes` say why, `mistake` is the first of them."""

    def __init__(self, mistake: FileMistake, *more: FileMistake) -> None:
        self.mistake = mistake
        self.mistakes = (mistake, *more)
        super().__init__("\n".join(map(str, self.mistakes)))


def shipped(folder: str) -> Path:
    """Return the path of the shipped `specs` or `scenarios`: inside the package, or beside it in a checkout."""
    inside = Path(__file__).parents[1] / "data" / folder
    return inside if inside.is_dir() else Path(__file__).parents[2] / folder


def is_readable(path: Path) -> bool:
    """Return whether reading a file comes to an end: a named pipe blocks its reader until there is a writer."""
    return not (path.is_fifo() or path.is_char_device() or path.is_socket())


@dataclass(frozen=True, slots=True)
class Document:
    """A file's value, and the line and column (from 1) of each value in it, by path.

    `written` has the original text of numbers and booleans that Python would write differently.
    """

    name: str
    value: object
    places: Mapping[ValuePath, tuple[int, int]]
    written: Mapping[ValuePath, str] = field(default_factory=dict)

    def place(self, path: ValuePath) -> str:
        """Return `file:line:column` of the value at a path, or of the nearest enclosing value."""
        return self.mistake(path, "").place

    def mistake(self, path: ValuePath, problem: str) -> FileMistake:
        """Return a mistake at the value of a path, or at the nearest enclosing value."""
        while path not in self.places and path:
            path = path[:-1]
        return FileMistake(problem, self.name, *self.places.get(path, (1, 1)))


def read_text(path: Path) -> str:
    """Return the text of a file.

    Raises:
        FileError: the file cannot be read, is too large, or is not UTF-8.

    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            content = file.read(SIZE_LIMIT + 1) if size <= SIZE_LIMIT else b""
        if not size <= SIZE_LIMIT >= len(content):  # devices and growing files may have more than their size says
            found = f"{size} bytes" if size > SIZE_LIMIT else "too many bytes"
            raise FileError(FileMistake(f"{found} (limit: {SIZE_LIMIT})", str(path)))
        return content.decode()
    except OSError as error:
        raise FileError(FileMistake(error.strerror or str(error), str(path))) from None
    except UnicodeDecodeError as error:
        raise FileError(FileMistake(f"byte {error.start} is not UTF-8", str(path))) from None


def load(path: Path) -> object:
    """Return the value of a YAML file, fast and without positions.

    Raises:
        FileError: as for `read_text`, or the file is not YAML, it repeats a key, or a number in it has leading zeros.

    """
    try:
        return yaml.load(read_text(path), Loader=StrictLoader)  # noqa: S506 - a subclass of the safe loader
    except yaml.YAMLError as error:
        raise FileError(_words(error, str(path))) from None


def parse(text: str, name: str, *, is_json: bool = False, merges: bool = False) -> Document:
    """Return a JSON or YAML text with the positions of its values.

    `is_json`: it must be JSON. `merges`: mappings may take over the keys of others (`<<`).

    Raises:
        FileError: it is neither, repeats a key, is nested too deeply, or has too many values.

    """
    text = text.removeprefix(BYTE_ORDER_MARK)
    if len(text) > SIZE_LIMIT:
        raise FileError(FileMistake(f"{len(text)} characters (limit: {SIZE_LIMIT})", name))
    if is_json or name.endswith(JSON_SUFFIX) or text.lstrip()[:1] in {"{", "["}:
        try:
            return _parse_json(text, name)
        except JsonError as error:
            if is_json or name.endswith(JSON_SUFFIX) or not error.syntax:
                raise FileError(*(FileMistake(problem, name, *place) for problem, place in error.all)) from None
    try:
        _check_depth(text, name)
        node = yaml.compose(text, Loader=CoreLoader)
    except yaml.YAMLError as error:
        raise FileError(_words(error, name)) from None
    builder = _Builder(name, merges=merges)
    value = builder.build(node, ()) if node is not None else None
    if builder.duplicates:
        raise FileError(*dict.fromkeys(builder.duplicates))
    return Document(name, value, builder.places, builder.written)


def _parse_json(text: str, name: str) -> Document:
    reader = JsonReader(text, depth_limit=DEPTH_LIMIT, value_limit=VALUE_LIMIT)
    value = reader.read()
    return Document(name, value, reader.places, reader.written)


def _check_depth(text: str, name: str) -> None:
    """Raise FileError if the text is nested too deeply; libyaml's composer recurses until the process crashes."""
    depth = 0
    for event in yaml.parse(text, Loader=CoreLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEPTH_LIMIT:
            raise _mistake(event.start_mark, name, TOO_DEEP)


class _Builder:
    """Turns YAML nodes into plain values and records their positions."""

    def __init__(self, name: str, *, merges: bool) -> None:
        self.name = name
        self.merges = merges
        self.merged = 0
        self._merging: list[yaml.MappingNode] = []
        self.places: dict[ValuePath, tuple[int, int]] = {}
        self.written: dict[ValuePath, str] = {}
        self.duplicates: list[FileMistake] = []
        self._scalars = CoreLoader("")

    def build(self, node: yaml.Node, path: ValuePath) -> object:
        self._note(node, path)
        if len(path) > DEPTH_LIMIT:  # an alias inside its own anchor has no end
            raise self._error(node, TOO_DEEP)
        if isinstance(node, yaml.CollectionNode) and node.tag not in COLLECTION_TAGS:
            raise self._error(node, f"unknown tag {node.tag}")
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(each, (*path, index)) for index, each in enumerate(node.value)]
        try:
            value: object = self._scalars.construct_object(node)
        except yaml.YAMLError as error:
            raise self._error(node, str(getattr(error, "problem", None) or error)) from None
        if node.tag in WRITTEN_TAGS and node.value != str(value):
            self.written[path] = node.value
        return value

    def _mapping(self, node: yaml.MappingNode, path: ValuePath) -> dict[str, object]:
        result: dict[str, object] = {}
        for key_node, value_node in node.value:
            if key_node.tag == MERGE_TAG:
                result = {**self._merged(key_node, value_node, path), **result}
        own: set[str] = set()
        for key_node, value_node in node.value:
            if key_node.tag == MERGE_TAG:
                continue
            if not isinstance(key_node, yaml.ScalarNode):
                raise self._error(key_node, "a key must be a string")
            key = str(key_node.value)
            if key in own:
                self.duplicates.append(self._error(key_node, f"duplicate key '{key}'").mistake)
            own.add(key)
            result[key] = self.build(value_node, (*path, key))
            self._note(key_node, (*path, key))
        return result

    def _merged(self, key: yaml.Node, node: yaml.Node, path: ValuePath) -> dict[str, object]:
        """Return the keys that a mapping takes over from one or more others; the first of these counts."""
        if not self.merges:
            raise self._error(key, "merge keys (<<) are not supported; write the keys out")
        others = node.value if isinstance(node, yaml.SequenceNode) else [node]
        found: dict[str, object] = {}
        for other in reversed(others):
            if not isinstance(other, yaml.MappingNode):
                raise self._error(other, "a merge key (<<) takes the keys of a mapping, or of a list of mappings")
            if other in self._merging:
                raise self._error(key, "a mapping cannot take over its own keys")
            self._merging.append(other)
            found |= self._mapping(other, path)
            self._merging.pop()
            self.merged += 1 + len(found)
            if self.merged > VALUE_LIMIT:
                raise self._error(key, f"more than {VALUE_LIMIT} values, with aliases expanded")
        return found

    def _note(self, node: yaml.Node, path: ValuePath) -> None:
        if len(self.places) >= VALUE_LIMIT:
            raise self._error(node, f"more than {VALUE_LIMIT} values, with aliases expanded")
        self.places[path] = (node.start_mark.line + 1, node.start_mark.column + 1)

    def _error(self, node: yaml.Node, problem: str) -> FileError:
        return _mistake(node.start_mark, self.name, problem)


def _mistake(mark: Mark | None, name: str, problem: str) -> FileError:
    place = (mark.line + 1, mark.column + 1) if mark else (None, None)
    return FileError(FileMistake(problem, name, *place))


def _words(error: yaml.YAMLError, name: str) -> FileMistake:
    """Return the mistake of a YAML error, with its position."""
    problem = getattr(error, "problem", None) or str(error)
    problem = TOO_DEEP if problem == LIBRARY_TOO_DEEP else problem
    return _mistake(getattr(error, "problem_mark", None), name, problem).mistake
