"""Reads YAML texts, with or without the positions of their values."""

from typing import Protocol

import yaml

from sandbox.core.errors import FileMistake
from sandbox.formats.json_text import ValuePath
from sandbox.formats.yaml_files import DEPTH_LIMIT, TOO_DEEP, VALUE_LIMIT, Document, FileError
from sandbox.formats.yaml_loader import (
    BOOLEAN_TAG,
    FLOAT_TAG,
    INTEGER_TAG,
    MERGE_TAG,
    CoreLoader,
    StrictLoader,
)

LIBRARY_TOO_DEEP = "exceeded maximum nesting depth"  # of libyaml in PyYAML 6.0.4, at 1,000 levels
COLLECTION_TAGS = frozenset({"tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"})
WRITTEN_TAGS = frozenset({BOOLEAN_TAG, INTEGER_TAG, FLOAT_TAG})


class Mark(Protocol):
    """A position in a text; line and column count from 0."""

    line: int
    column: int


def read_value(text: str, name: str) -> object:
    """Return the value of a YAML text.

    Raises:
        FileError: it is not YAML, repeats a key, or a number in it has leading zeros.

    """
    try:
        return yaml.load(text, Loader=StrictLoader)  # noqa: S506 - a subclass of the safe loader
    except yaml.YAMLError as error:
        raise FileError(_words(error, name)) from None


def read_document(text: str, name: str, *, merges: bool) -> Document:
    """Return the value of a YAML text with the positions of its values; `merges` as for `parse`.

    Raises:
        FileError: it is not YAML, repeats a key, is nested too deeply, or has too many values.

    """
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
