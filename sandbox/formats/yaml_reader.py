"""Reads YAML texts, with or without the positions of their values.

Plain scalars are read by the core schema of YAML 1.2 (https://yaml.org/spec/1.2.2/#103-core-schema). The loaders of
PyYAML follow YAML 1.1, where `0123` is 83, `12:30` is 750, and `no` is false.
"""

import re
from collections.abc import Callable
from typing import ClassVar, Protocol

import yaml
from yaml.constructor import ConstructorError

from sandbox.core.errors import FileMistake
from sandbox.formats.json_text import DIGIT_LIMIT, ValuePath
from sandbox.formats.yaml_files import DEPTH_LIMIT, LEADING_ZERO, TOO_DEEP, VALUE_LIMIT, Document, FileError

try:
    from yaml import CSafeLoader as SafeLoader
except ImportError:  # PyYAML built without libyaml: same results, about ten times slower
    from yaml import SafeLoader  # type: ignore[assignment]

TAG = "tag:yaml.org,2002:"
MERGE_TAG = f"{TAG}merge"
BOOLEAN_TAG = f"{TAG}bool"
INTEGER_TAG = f"{TAG}int"
FLOAT_TAG = f"{TAG}float"

NULL = re.compile(r"(?:null|Null|NULL|~|)\Z")
BOOLEAN = re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z")
INTEGER = re.compile(r"(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)\Z")
FLOAT = re.compile(
    r"(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\Z"
)
BASES = {"0o": 8, "0x": 16}


class CoreLoader(SafeLoader):
    """Reads plain scalars by the core schema of YAML 1.2; merge keys (`<<`) keep their meaning."""

    yaml_implicit_resolvers: ClassVar[dict[str, list[tuple[str, re.Pattern[str]]]]] = {}  # type: ignore[misc]
    yaml_constructors: ClassVar[dict[str | None, Callable[..., object]]] = {
        name: SafeLoader.yaml_constructors[name] for name in (f"{TAG}str", f"{TAG}seq", f"{TAG}map", None)
    }


class StrictLoader(CoreLoader):
    """Also refuses repeated keys and, as it does not keep the original text, numbers with leading zeros."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._checked: set[yaml.MappingNode] = set()

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Put merged keys into a mapping; refuse one that itself repeats a key."""
        if node not in self._checked:  # merged keys are repeated in one that was flattened before
            self._checked.add(node)
            _check_keys(node)
        super().flatten_mapping(node)


def _check_keys(node: yaml.MappingNode) -> None:
    seen: set[tuple[str, str]] = set()
    for key, _ in node.value:
        if isinstance(key, yaml.ScalarNode) and key.tag != MERGE_TAG:
            if (key.tag, key.value) in seen:
                raise ConstructorError(None, None, f"duplicate key '{key.value}'", key.start_mark)
            seen.add((key.tag, key.value))


def _checked(node: yaml.ScalarNode, pattern: re.Pattern[str], what: str) -> str:
    """Return the text of a scalar; refuse it if an explicit tag does not match its form."""
    text = str(node.value)
    if not pattern.match(text):
        raise ConstructorError(None, None, f"'{text[:60]}' is not {what}", node.start_mark)
    return text


def _null(_: CoreLoader, node: yaml.ScalarNode) -> None:
    _checked(node, NULL, "null")


def _boolean(_: CoreLoader, node: yaml.ScalarNode) -> bool:
    return _checked(node, BOOLEAN, "a boolean; write true or false").lower() == "true"


def _integer(_: CoreLoader, node: yaml.ScalarNode) -> int:
    text = _checked(node, INTEGER, "an integer")
    if len(text) > DIGIT_LIMIT:
        problem = f"an integer has at most {DIGIT_LIMIT} digits; put it in quotes if it is a string"
        raise ConstructorError(None, None, problem, node.start_mark)
    base = BASES.get(text[:2])
    return int(text) if base is None else int(text[2:], base)


def _kept_integer(loader: CoreLoader, node: yaml.ScalarNode) -> int:
    value = _integer(loader, node)
    if LEADING_ZERO.match(node.value):
        problem = f"{node.value[:60]} would be read as {value}; put it in quotes, or write it without leading zeros"
        raise ConstructorError(None, None, problem, node.start_mark)
    return value


def _float(_: CoreLoader, node: yaml.ScalarNode) -> float:
    return float(_checked(node, FLOAT, "a number").lower().replace(".inf", "inf").replace(".nan", "nan"))


for _tag, _pattern, _first in (
    (f"{TAG}null", NULL, ["~", "n", "N", ""]),
    (BOOLEAN_TAG, BOOLEAN, list("tTfF")),
    (INTEGER_TAG, INTEGER, list("-+0123456789")),
    (FLOAT_TAG, FLOAT, list("-+.0123456789")),
    (MERGE_TAG, re.compile(r"<<\Z"), ["<"]),
):
    CoreLoader.add_implicit_resolver(_tag, _pattern, _first)
for _tag, _constructor in (
    (f"{TAG}null", _null),
    (BOOLEAN_TAG, _boolean),
    (INTEGER_TAG, _integer),
    (FLOAT_TAG, _float),
):
    CoreLoader.add_constructor(_tag, _constructor)
StrictLoader.add_constructor(INTEGER_TAG, _kept_integer)


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
