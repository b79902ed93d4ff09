"""Edits of a YAML text that leave everything else as it is: comments, order and style."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from sandbox.formats.json_text import ValuePath
from sandbox.formats.yaml_files import parse
from sandbox.formats.yaml_reader import CoreLoader
from sandbox.specs.references import real_path
from sandbox.specs.types import pointer_steps


class YamlEdits:
    """Collects edits of one text; a path may lead through references (`$ref`), and what is there is edited once."""

    def __init__(self, text: str, name: str) -> None:
        self._text = text
        self._document = parse(text, name, merges=True)
        self._root = yaml.compose(text, Loader=CoreLoader)
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self._changes: dict[tuple[int, int], str] = {}

    def result(self) -> str:
        """Return the text with all edits."""
        text = self._text
        for (begin, end), new in sorted(self._changes.items(), reverse=True):
            text = text[:begin] + new + text[end:]
        return text

    def replace(self, path: ValuePath, value: object) -> bool:
        """Replace a scalar or a collection in braces; return whether there is one."""
        node = self._find(path)
        if node is None or (not isinstance(node, yaml.ScalarNode) and not getattr(node, "flow_style", None)):
            return False
        self._put(self._offset(node.start_mark), self._offset(node.end_mark), written(value))
        return True

    def rename(self, path: ValuePath, name: str) -> bool:
        """Give a key another name; return whether it exists and the new one does not."""
        mapping = self._find(path[:-1])
        if not isinstance(mapping, yaml.MappingNode):
            return False
        keys = {key.value: key for key, _ in mapping.value}
        if path[-1] not in keys or name in keys:
            return False
        key = keys[path[-1]]
        self._put(self._offset(key.start_mark), self._offset(key.end_mark), written(name, like=self._shown(key)))
        return True

    def insert(self, path: ValuePath, name: str, value: Mapping[str, object]) -> bool:
        """Add a key to a mapping, before its others; return whether it has none of that name, and is no empty one."""
        mapping = self._find(path)
        if not isinstance(mapping, yaml.MappingNode) or not mapping.value:
            return False
        if any(key.value == name for key, _ in mapping.value):
            return False
        at = self._offset(mapping.value[0][0].start_mark)
        line = self._starts[bisect_right(self._starts, at) - 1]
        before, entry = self._text[line:at], f"{written(name)}: {written(value)}"
        self._add(at, f"{entry}\n{before}" if before.isspace() or not before else f"{entry}, ")
        return True

    def append(self, path: ValuePath, more: str) -> bool:
        """Add to the text of a scalar; return whether there is one."""
        node = self._find(path)
        if not isinstance(node, yaml.ScalarNode):
            return False
        return node.value.endswith(more) or self.replace(path, f"{node.value}{more}")

    def _find(self, path: ValuePath) -> yaml.Node | None:
        real, is_there = real_path(self._document, path)
        node: Any = self._root if is_there else None
        for step in real if is_there else ():
            node = next(_entries(node, step), None)
            reference = next(_entries(node, "$ref"), None)
            if isinstance(reference, yaml.ScalarNode) and step == real[-1]:  # what is there stands elsewhere
                return self._find(pointer_steps(reference.value.removeprefix("#")))
        return node if isinstance(node, yaml.Node) else None

    def _put(self, begin: int, end: int, text: str) -> None:
        self._changes[begin, end] = text

    def _add(self, at: int, text: str) -> None:
        known = self._changes.get((at, at), "")
        if text not in known:
            self._changes[at, at] = known + text

    def _offset(self, mark: Any) -> int:  # noqa: ANN401 - marks have no public type
        line, column = int(mark.line), int(mark.column)
        return self._starts[line] + column

    def _shown(self, node: yaml.Node) -> str:
        return self._text[self._offset(node.start_mark) : self._offset(node.end_mark)]


def _entries(node: Any, step: str | int) -> Iterator[yaml.Node]:  # noqa: ANN401 - a YAML node of any kind
    """Yield what a step leads to in a node; merged mappings (`<<`) come last."""
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        yield node.value[step]
    if isinstance(node, yaml.MappingNode):
        yield from (value for key, value in node.value if key.value == step)
        for key, value in node.value:
            if key.value == "<<":
                for each in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                    yield from _entries(each, step)


def written(value: object, *, like: str = "") -> str:
    """Return a value as YAML on one line; quoted if what it replaces is."""
    if isinstance(value, str) and like[:1] in {'"', "'"}:
        return like[0] + value + like[0]
    text = yaml.safe_dump([value], default_flow_style=True, allow_unicode=True, width=1_000_000, sort_keys=False)
    return text.strip()[1:-1]
