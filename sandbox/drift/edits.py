"""What a recording changes in a document: the edits that a difference asks for.

An edit of a YAML text leaves everything else as it is: comments, order and style.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import yaml

from sandbox.drift.places import walk
from sandbox.drift.trees import format_of, leaves, type_of
from sandbox.formats.json_text import ValuePath
from sandbox.formats.yaml_files import parse
from sandbox.formats.yaml_reader import CoreLoader
from sandbox.specs.references import real_path
from sandbox.specs.types import BRANCHES, pointer_steps
from sandbox.specs.validation import Validator


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


CLOCK = "20260131123456789000"  # the digits of every time in a sample
DIGITS, HEXADECIMAL = "1234567890", "0123456789abcdef"
SAMPLES: Mapping[str, str] = {
    "uuid": "e5b7c3f2-d8a6-4f6c-93b9-123456789abc",
    "ulid": "01JV5V54KPYK9GB29265EQRZ2P",
    "URL": "https://example.com/",
    "HTTP date": "Sat, 31 Jan 2026 12:34:56 GMT",
}
PREFIX = re.compile(r"[a-z]{2,10}[._-]")
SHORT_RUN = 5  # digits from which a text may have a value of the account in it


class Edit(NamedTuple):
    """An edit of a document at a path; `raises` is the path of the fact that has been observed with it."""

    at: ValuePath
    apply: Callable[[YamlEdits], bool]
    raises: ValuePath = ()


def value_edit(path: ValuePath, value: object, fact: ValuePath) -> Edit | None:
    """Return the edit that gives a value of an example; None if the value may be one of the account."""
    if isinstance(value, str) and sum(map(str.isdecimal, value)) >= SHORT_RUN:
        return None
    return Edit(path, lambda edits: edits.replace(path, value), fact)


def key_edit(path: ValuePath, name: str, fact: ValuePath) -> Edit:
    """Return the edit that moves what is below a key to another one: a status or a media type."""
    return Edit(path, lambda edits: edits.rename(path, name), fact)


def member_edit(
    document: Mapping[str, object], schema: ValuePath, where: ValuePath, value: object, source: str
) -> Edit | None:
    """Return the edit that adds a member to the schema of a reply; None if no schema names those beside it."""
    *parents, name = where
    path = _schema_path(document, schema, tuple(parents))
    if path is None or not isinstance(name, str):
        return None
    entry = {"type": type_of(value), "x-word": "observed", "x-source": source}
    return Edit((*path, "properties", name), lambda edits: edits.insert((*path, "properties"), name, entry))


def error_edit(responses: ValuePath, status: int, media: str, value: object, source: str) -> Edit:
    """Return the edit that adds the example of an error that no document has."""
    code = next((each for _, each in leaves(value) if isinstance(each, int) and not isinstance(each, bool)), status)
    entry = {"value": value, "x-code": code, "x-word": "observed", "x-source": source}
    content = {"schema": {}, "examples": {"observed": entry}}

    def apply(edits: YamlEdits) -> bool:
        inside = (*responses, str(status), "content")
        return (
            edits.insert((*inside, media, "examples"), "observed", entry)
            or edits.insert(inside, media, content)
            or edits.insert(responses, str(status), {"description": "Observed.", "content": {media: content}})
        )

    return Edit((*responses, str(status), media), apply)


def example_edit(content: Mapping[str, Any], path: ValuePath, value: object, source: str) -> Edit | None:
    """Return the edit that adds an example of success to the content of a reply; None if it has one, or cannot have it.

    `path` is that of the content.
    """
    examples: Mapping[str, Mapping[str, object]] = content.get("examples", {})
    if "example" in content or any("x-code" not in each for each in examples.values()):
        return None
    schema = content.get("schema")
    if not isinstance(schema, Mapping) or any(True for _ in Validator(schema).iter_errors(value)):
        return None
    entry = {"value": value, "x-word": "observed", "x-source": source}
    place, name, more = (
        ((*path, "examples"), "observed", entry) if examples else (path, "examples", {"observed": entry})
    )
    return Edit((*path, "examples"), lambda edits: edits.insert(place, name, more))


def _schema_path(document: Mapping[str, object], path: ValuePath, steps: ValuePath) -> ValuePath | None:
    """Return the path of the schema of an object inside a schema; of branches, the first that names its members."""
    node = walk(document, path)
    if not node:
        return None
    for branch in BRANCHES:
        for place, _ in enumerate(node.get(branch, ())):
            found = _schema_path(document, (*path, branch, place), steps)
            if found is not None:
                return found
    if not steps:
        return path if node.get("properties") else None
    inner = (*path, "items") if isinstance(steps[0], int) else (*path, "properties", str(steps[0]))
    return _schema_path(document, inner, steps[1:])


def as_sample(value: object, fixed: frozenset[str]) -> object:
    """Return a value in which nothing is of an account: fixed words stay, the rest is a sample of the same format."""
    if isinstance(value, Mapping):
        return {name: as_sample(each, fixed) for name, each in value.items()}
    if isinstance(value, list):
        return [as_sample(each, fixed) for each in value[:1]]
    if isinstance(value, str):
        return value if value in fixed or not value else _sample_text(value, format_of(value))
    if value is None or isinstance(value, bool):
        return value
    return min(1, max(0, value)) if isinstance(value, int) else 0.5


def _sample_text(value: str, kind: str) -> str:
    if kind in SAMPLES:
        return SAMPLES[kind]
    if kind.startswith(("time", "date")):
        return _filled(value, CLOCK)
    if kind.endswith("hexadecimal digits"):
        return (HEXADECIMAL * (len(value) // len(HEXADECIMAL) + 1))[: len(value)]
    if kind == "token":  # what comes before a dot may be the same in all of them
        head = PREFIX.match(value)
        begin = head.end() if head is not None else 0
        return value[:begin] + re.sub("[A-Za-z0-9]", "0", value[begin:])
    return _filled(value, DIGITS) if kind in {"digits", "decimal", "number with +"} else "text"


def _filled(value: str, digits: str) -> str:
    """Return a text with its digits replaced by others, one after the other."""
    given = iter(digits * (len(value) // len(digits) + 1))
    return "".join(next(given) if each.isdecimal() else each for each in value)
