"""What the modules of this folder share: values, the wording of schema rules, schema walks and patterns."""

import re
from collections.abc import Callable, Iterable, Mapping, Sized
from functools import lru_cache
from http import HTTPStatus
from typing import Any, NamedTuple

from sandbox.formats.json_text import ValuePath

JSON = "application/json"
PROBLEM = "application/problem+json"
METHODS = ("get", "post", "put", "patch", "delete")
WORDS = ("documented", "published", "observed", "inferred")  # how well a fact of a document is known
# The usual parameter names for the fields of a message; the first that a request has is used.
USUAL: Mapping[str, tuple[str, ...]] = {
    "recipient": (
        "to",
        "numbers",
        "number",
        "recipient",
        "recipients",
        "phone",
        "phone_number",
        "phoneNumber",
        "mobile",
        "msisdn",
        "destination",
    ),
    "sender": ("sender", "from", "sender_id", "senderId", "source", "originator"),
    "text": ("text", "message", "body", "content", "msg"),
    "code": (),
    "otp": ("otp",),
}
OPERATION_DEPTH = 3  # steps of a path to an operation: paths, template, method
Body = Mapping[str, object] | str
Node = dict[str, Any]  # a mapping of a document


def problem(status: int, detail: str, **more: object) -> dict[str, object]:
    """Return a problem document (RFC 9457); `more` are its further members."""
    return {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail, **more}


class PathProblem(NamedTuple):
    """A mistake at a path of a document."""

    path: ValuePath
    problem: str

    def __str__(self) -> str:
        """Return the mistake as a sentence that begins with the path."""
        return f"{dotted(self.path)}: {self.problem}" if self.path else self.problem


def dotted(path: ValuePath) -> str:
    """Return a path as people write it: `x-sandbox.channels.sms`, `POST /messages: x-channel`."""
    steps = [str(step) for step in path]
    if path[:1] == ("paths",) and len(path) >= OPERATION_DEPTH and path[2] in METHODS:
        rest = ".".join(steps[OPERATION_DEPTH:])
        return f"{steps[2].upper()} {steps[1]}" + (f": {rest}" if rest else "")
    return ".".join(steps)


class Violation(NamedTuple):
    """One way in which a request breaks its schema.

    `at` says where (`body.to`), `name` which parameter (`to`), `rule` which keyword (`pattern`, `required`, …; `syntax`
    for a body that cannot be read at all), `problem` what was received and what would be right.
    """

    at: str
    name: str
    rule: str
    problem: str

    def __str__(self) -> str:
        """Return the violation as a sentence."""
        return f"{self.at}: {self.problem}"


class ErrorReply(NamedTuple):
    """A named error of a provider; `code` is the provider's own number or word for it."""

    name: str
    status: int
    code: int | str
    type: str
    body: Body


QUOTE_LIMIT = 60  # characters of a value that a sentence quotes
PLAIN_NAME = re.compile(r"[\w-]{1,60}", re.ASCII)
VIOLATION_LIMIT = 50  # violations that are reported; a request with more repeats one kind

Schema = Mapping[str, Any]
Check = Callable[[Mapping[str, object], Mapping[str, str]], tuple[Violation, ...]]

# What a value of a JSON request is called, and what one of a YAML document is.
KINDS: Mapping[type, str] = {
    dict: "an object",
    list: "an array",
    str: "a string",
    bool: "a boolean",
    int: "a number",
    float: "a number",
}
YAML_KINDS: Mapping[type, str] = {**KINDS, dict: "a mapping", list: "a list"}
ARTICLES = {"array": "an", "integer": "an", "object": "an"}  # default: a
CONSTANTS = {True: "true", False: "false", None: "null"}


def member(name: str) -> str:
    """Return a name as a step of a path: `.to`, or `['odd name']`."""
    if PLAIN_NAME.fullmatch(name):
        return f".{name}"
    return f"[{name[:QUOTE_LIMIT]!r}]" if len(name) <= QUOTE_LIMIT else f"[{name[:QUOTE_LIMIT]!r}…]"


def show(value: object) -> str:
    """Return a value as it was given, shortened for a sentence."""
    if value is None or isinstance(value, bool):
        return CONSTANTS[value]
    text = repr(value[: QUOTE_LIMIT + 1] if isinstance(value, str) else value)
    if len(text) <= QUOTE_LIMIT + 2:
        return text
    return text[:QUOTE_LIMIT] + ("…'" if isinstance(value, str) else "…")


WORDING: Mapping[str, Callable[[Any, Any], str]] = {
    "type": lambda value, rule: f"{_what(value)}, not {_either(rule)}",
    "pattern": lambda value, rule: f"{show(value)} does not match {rule}",
    "minLength": lambda value, rule: (
        f"{show(value)} has {_count(value, 'character')}, fewer than the minimum of {rule}"
    ),
    "maxLength": lambda value, rule: f"{show(value)} has {_count(value, 'character')}, more than the maximum of {rule}",
    "minItems": lambda value, rule: f"has {_count(value, 'item')}, fewer than the minimum of {rule}",
    "maxItems": lambda value, rule: f"has {_count(value, 'item')}, more than the maximum of {rule}",
    "minimum": lambda value, rule: f"{show(value)} is less than the minimum of {rule}",
    "maximum": lambda value, rule: f"{show(value)} is more than the maximum of {rule}",
    "format": lambda value, rule: f"{show(value)} is not a valid {rule}",
    "enum": lambda value, rule: f"{show(value)} is not one of {', '.join(_options(rule))}",
}


def _either(kinds: str | list[str]) -> str:
    names = [kinds] if isinstance(kinds, str) else kinds
    return " or ".join(each if each == "null" else f"{ARTICLES.get(each, 'a')} {each}" for each in names)


def _what(value: object) -> str:
    return "is null" if value is None else f"{show(value)} is {KINDS[type(value)]}"


def _count(value: Sized, noun: str) -> str:
    return f"{len(value)} {noun}" if len(value) == 1 else f"{len(value)} {noun}s"


def _options(values: Iterable[object]) -> Iterable[str]:
    """Return the values of an enumeration as they are written, each once: 1 and '1' are written the same."""
    return dict.fromkeys(each if isinstance(each, str) else show(each) for each in values)


BRANCHES = ("allOf", "anyOf", "oneOf")
CONDITIONS = ("if", "then", "else")


def properties_of(schemas: Iterable[Schema]) -> dict[str, list[Schema]]:
    """Return the schemas of each property that the schemas of one object name, including their branches."""
    found: dict[str, list[Schema]] = {}
    for schema in schemas:
        properties = schema.get("properties")
        for name, each in properties.items() if isinstance(properties, Mapping) else ():
            found.setdefault(name, []).extend([each] if isinstance(each, Mapping) else [])
        branches = [schema.get(name) for name in CONDITIONS]
        for name in BRANCHES:
            several = schema.get(name)
            branches += several if isinstance(several, list) else []
        inner = [each for each in branches if isinstance(each, Mapping)]
        for name, more in properties_of(inner).items() if inner else ():
            found.setdefault(name, []).extend(more)
    return found


def pointer_steps(pointer: str) -> tuple[str, ...]:
    """Return the steps of a JSON pointer such as `/content/body`, unescaped."""
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in pointer.removeprefix("/").split("/"))


def ecma_source(pattern: str) -> str:
    r"""Return an ECMA-262 pattern in Python's syntax: `$`, the very end of the text, becomes `\Z`."""
    out: list[str] = []
    escaped = in_class = False
    for character in pattern:
        bare = not escaped
        out.append(r"\Z" if character == "$" and bare and not in_class else character)
        if bare and character in "[]":
            in_class = character == "["
        escaped = character == "\\" and bare
    return "".join(out)


@lru_cache(maxsize=1024)
def ecma(pattern: str) -> re.Pattern[str]:
    r"""Return a compiled ECMA-262 pattern, in which `\d`, `\w` and `\b` match ASCII only."""
    return re.compile(ecma_source(pattern), re.ASCII)
