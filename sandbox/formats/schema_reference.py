"""Every key of a kind of file with type, default, example and where it counts, from the JSON Schema of that kind.

The schema has the words, so that editors, the documentation and the command line show the same. Beside the standard
`default` and `examples`, a property has `x-default` if its default is no value, and `x-counts` for where it counts.
"""

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

from sandbox.formats.yaml_files import read_text, shipped

Schema = Mapping[str, Any]
Link = Callable[[str], str]

WORDS = {"string": "text", "integer": "whole number", "boolean": "true or false", "object": "mapping", "array": "list"}


# Text that needs no quotes, if it is no number.
PLAIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 ./_-]*[A-Za-z0-9./_-])?", re.ASCII)
NUMBER = re.compile(r"[0-9._-]+(?:[eE][0-9]+)?|0[xo][0-9a-fA-F]+", re.ASCII)  # or what could be read as one


class Key(NamedTuple):
    """A key of a mapping. `default` and `example` are YAML; a default that is no value is in words, not `literal`."""

    name: str
    type: str
    default: str
    literal: bool
    example: str
    counts: str
    description: str
    required: bool

    def __str__(self) -> str:
        default = "required" if self.required else f"default: {self.default}"
        lines = (f"{self.name}: {self.type} ({default}), such as {self.example}", self.description, self._where)
        return "\n    ".join(filter(None, lines))

    @property
    def _where(self) -> str:
        return f"Counts {self.counts}." if self.counts else ""


class Section(NamedTuple):
    """A mapping with keys, or a kind of value without: `type` is that of the value."""

    name: str
    description: str
    type: str
    keys: tuple[Key, ...]

    def __str__(self) -> str:
        name = f"{self.name} ({self.type})" if self.type else self.name
        head = ": ".join(filter(None, (name, self.description)))
        return "\n".join([head, *(f"  {line}" for key in self.keys for line in str(key).splitlines())])

    @property
    def names(self) -> frozenset[str]:
        """The names of the keys, alone and after the name of the section."""
        return frozenset(name for key in self.keys for name in self._names(key))

    def _names(self, key: Key) -> tuple[str, str]:
        return key.name, f"{self.name}.{key.name}"

    def narrowed(self, names: Collection[str], sections: Collection[str]) -> "Section | None":
        """Return the section with the keys that are named; whole if it is named or nothing is.

        A name that is one of `sections` stands for that section alone: a condition is called `account` too.
        """
        if not names or self.name in names:
            return self
        alone = {*names} - {*sections}
        keys = tuple(key for key in self.keys if not {*self._names(key)}.isdisjoint(alone))
        return self._replace(keys=keys) if keys else None

    def as_json(self) -> Mapping[str, object]:
        """Return the section as JSON has it."""
        return {**self._asdict(), "keys": [key._asdict() for key in self.keys]}


@cache
def shipped_schema(name: str) -> Schema:
    """Return the schema of a kind of file, such as `scenario`."""
    found: Schema = json.loads(read_text(shipped("specs") / f"{name}.schema.json"))
    return found


def sections_of(schema: Schema, top: str, first: Iterable[str], link: Link) -> Iterator[Section]:
    """Yield the sections of a schema: its top level, called `top`, then those of `first`, then the others.

    `link` returns what stands for a section's name within a type.
    """
    parts = schema["$defs"]
    order = tuple(first)
    yield _section(top, schema, parts, link)
    for name in (*order, *(each for each in parts if each not in order)):
        yield _section(name, parts[name], parts, link)


def _section(name: str, schema: Schema, parts: Schema, link: Link) -> Section:
    keys = tuple(key for each in (schema, *schema.get("anyOf", ())) for key in _keys(each, parts, link))
    return Section(name, schema.get("description", ""), "" if "properties" in schema else kind(schema, link), keys)


def _keys(schema: Schema, parts: Schema, link: Link, prefix: str = "") -> Iterator[Key]:
    """Yield the keys of a mapping; those of a mapping in it that has no name of its own follow it."""
    needed = schema.get("required") or schema.get("else", {}).get("required") or ()
    for name, each in schema.get("properties", {}).items():
        yield _key(prefix + name, each, parts, link, required=name in needed)
        yield from _keys(each, parts, link, f"{prefix}{name}.")


def _key(name: str, schema: Schema, parts: Schema, link: Link, *, required: bool) -> Key:
    literal = "default" in schema
    default = to_yaml(schema["default"]) if literal else schema.get("x-default", "required")
    named = parts.get(str(schema.get("$ref", "")).rpartition("/")[2], {})
    description = schema.get("description") or named.get("description", "")
    example = to_yaml(schema["examples"][0])
    return Key(name, kind(schema, link), default, literal, example, schema.get("x-counts", ""), description, required)


def kind(schema: Schema, link: Link) -> str:
    """Return the type of a value in words."""
    types = schema.get("type", ())
    types = (types,) if isinstance(types, str) else types
    if "$ref" in schema:
        found = link(schema["$ref"].rpartition("/")[2])
    elif "const" in schema:
        found = str(schema["const"])
    elif "enum" in schema:
        values = [each for each in schema["enum"] if not (each is False and "off" in schema["enum"])]
        found = ", ".join(dict.fromkeys(map(str, values)))  # older YAML reads off as false; "200" and 200 look alike
    elif "anyOf" in schema or "allOf" in schema:
        found = " or ".join(dict.fromkeys(filter(None, (kind(each, link) for each in _branches(schema)))))
    elif "array" in types and "items" in schema:
        found = f"list of {kind(schema['items'], link)}"
    elif "object" in types and isinstance(schema.get("additionalProperties"), Mapping):
        found = f"mapping of {kind(schema['additionalProperties'], link)}"
    else:
        found = " or ".join(WORDS.get(each, each) for each in types) or "any value"
    return found


def _branches(schema: Schema) -> list[Schema]:
    return [*schema.get("anyOf", ()), *schema.get("allOf", ())[:1]]


def to_yaml(value: object) -> str:
    """Return a value as YAML in one line, with quotes where a scenario file needs them."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_plain(name)}: {to_yaml(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(to_yaml, value)) + "]"
    return _plain(value) if isinstance(value, str) else json.dumps(value)


def _plain(text: str) -> str:
    is_text = PLAIN.fullmatch(text) and not NUMBER.fullmatch(text) and text not in {"true", "false", "null"}
    return text if is_text else json.dumps(text, ensure_ascii=False)
