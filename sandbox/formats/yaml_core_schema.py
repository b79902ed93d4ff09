"""A YAML loader that reads plain scalars by the core schema of YAML 1.2.

PyYAML's own loaders follow YAML 1.1, where `0123` is 83, `12:30` is 750, and `no` is false.
https://yaml.org/spec/1.2.2/#103-core-schema
"""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, Protocol

import yaml
from yaml.constructor import ConstructorError

try:
    from yaml import CSafeLoader as SafeLoader
except ImportError:  # PyYAML built without libyaml: the same result, some ten times slower
    from yaml import SafeLoader  # type: ignore[assignment]

if TYPE_CHECKING:
    from re import Pattern

TAG = "tag:yaml.org,2002:"
MERGE_TAG = f"{TAG}merge"
BOOLEAN_TAG = f"{TAG}bool"
INTEGER_TAG = f"{TAG}int"
FLOAT_TAG = f"{TAG}float"
DIGIT_LIMIT = 1000  # digits of a whole number

NULL = re.compile(r"(?:null|Null|NULL|~|)\Z")
BOOLEAN = re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z")
INTEGER = re.compile(r"(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)\Z")
FLOAT = re.compile(
    r"(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\Z"
)
LEADING_ZERO = re.compile(r"[-+]?0[0-9]+\Z")
BASES = {"0o": 8, "0x": 16}


class Mark(Protocol):
    """A place in a text, line and column from 0."""

    line: int
    column: int


class CoreLoader(SafeLoader):
    """Reads plain scalars as the core schema of YAML 1.2 does; a merge key (`<<`) keeps its meaning."""

    yaml_implicit_resolvers: ClassVar[dict[str, list[tuple[str, "Pattern[str]"]]]] = {}  # type: ignore[misc]
    yaml_constructors: ClassVar[dict[str | None, Callable[..., object]]] = {
        name: SafeLoader.yaml_constructors[name] for name in (f"{TAG}str", f"{TAG}seq", f"{TAG}map", None)
    }


class StrictLoader(CoreLoader):
    """Refuses a number with leading zeros too, for readers that do not keep how a number was written."""


def _checked(node: yaml.ScalarNode, pattern: "Pattern[str]", what: str) -> str:
    """Return the text of a scalar that has the form of its tag; one with an explicit tag may have another."""
    text = str(node.value)
    if not pattern.match(text):
        raise ConstructorError(None, None, f"'{text[:60]}' is no {what}", node.start_mark)
    return text


def _null(_: CoreLoader, node: yaml.ScalarNode) -> None:
    _checked(node, NULL, "null")


def _boolean(_: CoreLoader, node: yaml.ScalarNode) -> bool:
    return _checked(node, BOOLEAN, "boolean; write true or false").lower() == "true"


def _integer(_: CoreLoader, node: yaml.ScalarNode) -> int:
    text = _checked(node, INTEGER, "whole number")
    if len(text) > DIGIT_LIMIT:
        problem = f"a whole number has at most {DIGIT_LIMIT} digits; put it in quotes if it is a text"
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
    return float(_checked(node, FLOAT, "number").lower().replace(".inf", "inf").replace(".nan", "nan"))


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
