"""Reads an API description from a file: size, syntax, nesting and references, before anything looks at its meaning.

A description of a real provider is larger than a provider document of the sandbox may be, so this has limits of its
own, and reads with the C parsers of `json` and libyaml: 2 MiB of JSON take 0.2 s, 1 MiB of YAML 1 s.

What is taken from it is marked as `published`, with the file as its source; what is guessed as `inferred`.
"""

import json
from collections.abc import Iterator, Mapping
from enum import StrEnum
from math import isfinite
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import yaml

from sandbox.core.errors import FileMistake, SandboxError, on_one_line
from sandbox.formats.json_text import SURROGATE
from sandbox.formats.yaml_files import BYTE_ORDER_MARK, is_readable
from sandbox.formats.yaml_reader import LIBRARY_TOO_DEEP, CoreLoader

SIZE_LIMIT = 20 * 1024 * 1024  # bytes of a description
VALUE_LIMIT = 2_000_000  # values of a description, with the aliases of YAML expanded
DEPTH_LIMIT = 100  # levels of a description
TOO_DEEP = f"nested too deeply, more than {DEPTH_LIMIT} levels"
DIGIT_LIMIT = 30  # of an integer; one with more digits is kept as text
NOT_DATA = frozenset({"$ref", "x-each", "x-if", "x-value"})  # keys that mean something else in a body
NO_REFERENCES = frozenset({"example", "examples", "value", "default", "enum", "const"})  # below these, `$ref` is data

Node = dict[str, Any]


class Kind(StrEnum):
    """The languages of API descriptions that can be imported."""

    OPENAPI = "OpenAPI"
    SWAGGER = "Swagger 2"
    POSTMAN = "Postman collection"


class Description(NamedTuple):
    """A description as read; `document` has strings as keys throughout, and no reference that leaves it."""

    path: Path
    kind: Kind
    version: str
    document: Node


class ImportRefusedError(SandboxError):
    """A file from which no provider can be made; the text is one line that says where and why."""


def refuse(path: Path, problem: str, place: tuple[int | None, int | None] = (None, None)) -> NoReturn:
    """Raise ImportRefusedError for a file."""
    raise ImportRefusedError(str(FileMistake(problem, str(path), *place)))


def read_description(path: Path) -> Description:
    """Return the API description in a file.

    Raises:
        ImportRefusedError: The file cannot be read, is no API description, or refers to another file.

    """
    text = _text(path)
    value = _parsed(path, text)
    try:
        document = _plain(path, value)
    except RecursionError:
        refuse(path, TOO_DEEP)
    kind, version, document = _kind(path, document)
    outside = next(_outside(document), None)
    if outside is not None:
        refuse(
            path,
            f"$ref '{outside[:200]}' leads out of this file; bundle the description into one file first, as the sandbox"
            " opens and downloads nothing else",
            _place(text, outside),
        )
    return Description(path, kind, version, document)


def _text(path: Path) -> str:
    if not is_readable(path):
        refuse(path, "this is not a regular file")
    try:
        with path.open("rb") as file:
            content = file.read(SIZE_LIMIT + 1)
        if len(content) > SIZE_LIMIT:
            refuse(path, f"more than {SIZE_LIMIT} bytes")
        encoding = "utf-16" if content[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8"
        return content.decode(encoding).removeprefix(BYTE_ORDER_MARK)
    except OSError as error:
        refuse(path, error.strerror or str(error))
    except UnicodeDecodeError as error:
        refuse(path, f"byte {error.start} is not UTF-8")


def _parsed(path: Path, text: str) -> object:
    """Return the value of a JSON or YAML text; what begins as JSON and is none may still be YAML."""
    problem: json.JSONDecodeError | None = None
    if text.lstrip()[:1] in {"{", "["}:
        try:
            return json.loads(text, parse_constant=str, parse_int=_integer)
        except json.JSONDecodeError as error:
            problem = error
        except (RecursionError, ValueError):
            refuse(path, TOO_DEEP)
        if path.suffix == ".json":
            refuse(path, f"this is not JSON: {problem.msg}", (problem.lineno, problem.colno))
    try:
        _check_depth(path, text)
        return yaml.load(text, Loader=CoreLoader)  # noqa: S506 - a subclass of the safe loader
    except yaml.YAMLError as error:
        if problem is not None:
            refuse(path, f"this is not JSON: {problem.msg}", (problem.lineno, problem.colno))
        words = getattr(error, "problem", None) or str(error)
        if words == LIBRARY_TOO_DEEP:
            refuse(path, TOO_DEEP)
        mark = getattr(error, "problem_mark", None)
        place = (mark.line + 1, mark.column + 1) if mark else (None, None)
        refuse(path, f"this is neither JSON nor YAML: {words}", place)
    except (RecursionError, ValueError) as error:
        refuse(path, f"this cannot be read: {error}")


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) <= DIGIT_LIMIT else digits


def _check_depth(path: Path, text: str) -> None:
    """Refuse a YAML text that is nested too deeply; libyaml's composer recurses until the process crashes."""
    depth = 0
    for event in yaml.parse(text, Loader=CoreLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            mark = event.start_mark
            if depth > DEPTH_LIMIT and mark is not None:
                refuse(path, TOO_DEEP, (mark.line + 1, mark.column + 1))
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _plain(path: Path, value: object) -> object:
    """Return a value whose keys are strings and whose strings are characters; refuse one that is too large."""
    if _size(path, value, {}, set()) > VALUE_LIMIT:
        refuse(path, f"more than {VALUE_LIMIT} values, with aliases expanded")
    return _cleaned(value)


def _size(path: Path, value: object, known: dict[int, int], inside: set[int]) -> int:
    """Return how many values a value has; what an alias stands for is counted once and added each time."""
    if not isinstance(value, dict | list):
        return 1
    if id(value) in inside or len(inside) > DEPTH_LIMIT:
        refuse(path, f"{TOO_DEEP}, or an alias refers to itself")
    if id(value) not in known:
        inside.add(id(value))
        inner = value.values() if isinstance(value, dict) else value
        known[id(value)] = 1 + sum(_size(path, each, known, inside) for each in inner)
        inside.discard(id(value))
    return known[id(value)]


def _cleaned(value: object) -> object:
    if isinstance(value, str):
        return SURROGATE.sub("\ufffd", value)
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) < 10**DIGIT_LIMIT else hex(value)
    if isinstance(value, float):
        return value if isfinite(value) else str(value)
    if isinstance(value, dict):
        return {_key(key): _cleaned(each) for key, each in value.items()}
    return [_cleaned(each) for each in value] if isinstance(value, list) else value


def _key(key: object) -> str:
    """Return a key as text: YAML reads `200:` as a number, `on:` as a word and `null:` as nothing."""
    if key is None or isinstance(key, bool):
        return "null" if key is None else str(key).lower()
    return SURROGATE.sub("\ufffd", str(key))


def _kind(path: Path, document: object) -> tuple[Kind, str, Node]:
    """Return the language of a description, its version, and the description itself."""
    if not isinstance(document, dict):
        refuse(path, "this is not an API description: OpenAPI 3, Swagger 2 or a Postman collection 2.1 is a mapping")
    wrapped = document.get("collection")
    if "info" not in document and isinstance(wrapped, dict):  # as Postman's own API gives a collection
        document = wrapped
    info = mapping(document.get("info"))
    schema, swagger, openapi = (
        str(each or "") for each in (info.get("schema"), document.get("swagger"), document.get("openapi"))
    )
    if openapi.startswith("3"):
        return Kind.OPENAPI, openapi[:20], document
    if swagger.startswith("2"):
        return Kind.SWAGGER, "2.0", document
    if "/collection/v2" in schema or ("_postman_id" in info and isinstance(document.get("item"), list)):
        return Kind.POSTMAN, "2.1", document
    if "asyncapi" in document:
        refuse(path, "this is an AsyncAPI document; it describes no HTTP paths. Import an OpenAPI document instead")
    if isinstance(document.get("requests"), list) and "order" in document:
        refuse(path, "this is a Postman collection of version 1; export it as version 2.1")
    given = openapi or swagger
    if given:
        refuse(path, f"version {given[:20]!r} is not supported; import OpenAPI 3.0 or 3.1, or Swagger 2.0")
    refuse(
        path,
        "this is not an API description: it has no key openapi or swagger, and is no Postman collection of version 2.1",
    )


def _outside(value: object) -> Iterator[str]:
    """Yield each reference that leads out of the document."""
    if isinstance(value, dict):
        reference = value.get("$ref")
        if isinstance(reference, str) and not reference.startswith("#"):
            yield reference
        for key, each in value.items():
            if key not in NO_REFERENCES and isinstance(each, dict | list):
                yield from _outside(each)
    elif isinstance(value, list):
        for each in value:
            if isinstance(each, dict | list):
                yield from _outside(each)


def _place(text: str, found: str) -> tuple[int | None, int | None]:
    """Return the line and column at which a text first stands in another."""
    at = text.find(found)
    return (text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)) if at >= 0 else (None, None)


def mapping(value: object) -> Mapping[str, Any]:
    """Return a value if it is a mapping, an empty one otherwise: a description may have anything anywhere."""
    return value if isinstance(value, dict) else {}


def listing(value: object) -> list[Any]:
    """Return a value if it is a list, an empty one otherwise."""
    return value if isinstance(value, list) else []


def text_of(value: object) -> str:
    """Return a value if it is a string, an empty one otherwise."""
    return value if isinstance(value, str) else ""


def as_data(value: object, depth: int = 0) -> object:
    """Return an example as data: a JSON text as its value, and nothing in it that would be taken for a reference."""
    if isinstance(value, str) and depth == 0 and value.lstrip()[:1] in {"{", "["}:
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return value
    if isinstance(value, dict):
        return {name: as_data(each, depth + 1) for name, each in value.items() if name not in NOT_DATA}
    return [as_data(each, depth + 1) for each in value] if isinstance(value, list) else value


REASON_LIMIT = 200


class Source(NamedTuple):
    """The file that a provider is imported from, with the title and version of its description."""

    file: str
    title: str
    version: str

    @property
    def name(self) -> str:
        """Return the file with title and version."""
        about = " ".join(filter(None, (self.title, self.version)))
        return on_one_line(f"{self.file} ({about})" if about else self.file)[:REASON_LIMIT]

    def published(self, *, full: bool = False) -> Node:
        """Return the marks of what the file says; `full`: with title and version."""
        return {"x-word": "published", "x-source": self.name if full else on_one_line(self.file)}


def inferred(reason: str) -> Node:
    """Return the marks of a guess."""
    return {"x-word": "inferred", "x-source": on_one_line(reason)[:REASON_LIMIT]}
