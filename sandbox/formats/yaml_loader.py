"""Loaders that read plain scalars by the core schema of YAML 1.2 (https://yaml.org/spec/1.2.2/#103-core-schema).

The loaders of PyYAML follow YAML 1.1, where `0123` is 83, `12:30` is 750, and `no` is false.
"""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

import yaml
from yaml.constructor import ConstructorError

from sandbox.formats.json_text import DIGIT_LIMIT
from sandbox.formats.yaml_files import LEADING_ZERO

try:
    from yaml import CSafeLoader as SafeLoader
except ImportError:  # PyYAML built without libyaml: same results, about ten times slower
    from yaml import SafeLoader  # type: ignore[assignment]

if TYPE_CHECKING:
    from re import Pattern

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

    yaml_implicit_resolvers: ClassVar[dict[str, list[tuple[str, "Pattern[str]"]]]] = {}  # type: ignore[misc]
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


def _checked(node: yaml.ScalarNode, pattern: "Pattern[str]", what: str) -> str:
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
