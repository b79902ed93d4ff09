"""A value of a scenario file with its place, and the mistakes found in the file so far.

A reader is a function from a node to a value. It raises `MistakeError` for a value that it cannot read. `Fields.read`
records the mistake and continues with the next key, so all mistakes of a file are reported at once.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NoReturn, TypeVar

from sandbox.core.errors import FileMistake, near_miss
from sandbox.formats.json_text import ValuePath
from sandbox.formats.yaml_files import Document
from sandbox.specs.types import show

# By mapping: the key, and other words for it. Words that are similar to a key in their letters need no row.
OTHER_WORDS: Mapping[str, Mapping[str, str]] = {
    "a scenario": {
        "rules": "scenarios steps stubs mappings",
        "extends": "include includes inherit inherits parent base",
        "targets": "callbacks urls webhooks receivers",
        "clock": "time",
        "seed": "random",
    },
    "a rule": {"when": "if match request conditions", "then": "do action actions response reply", "name": "title id"},
    "when": {
        "to": "recipient recipients number numbers phone phone_number mobile msisdn destination",
        "from": "sender source sender_id brand",
        "text": "message body content",
        "account": "key keys api_key apikey credential",
        "chance": "probability percent random",
        "between": "time hours time_of_day",
        "otp": "code",
        "operation": "method path url endpoint",
        "nth": "times number_of",
    },
    "then": {
        "after": "delay wait latency",
        "reply: {status: …}": "status http_status status_code",
        "reply: {body: …}": "body json",
        "reply: {headers: …}": "header headers",
        "reply": "response answer",
        "lifecycle": "life history statuses",
        "inbound": "answers replies incoming mo",
        "opted_out": "optout opt_out stopped unsubscribed",
        "callbacks: {drop: …}": "drop lose",
        "callbacks: {copies: …}": "copies duplicate duplicates",
        "callbacks: {hold: …}": "hold",
        "callbacks: {retries: …}": "retries retry",
        "callbacks: {order: …}": "order",
        "set: {state: …}": "state",
        "rate: {limit: …}": "limit rate_limit",
        "fault: hang": "timeout",
    },
    "callbacks": {
        "delay": "after wait latency",
        "copies": "duplicate duplicates times count repeat",
        "drop": "lose lost skip ignore",
        "retries": "retry ladder backoff",
        "key": "secret token",
    },
    "a target": {"url": "uri address href to", "key": "secret token"},
    "reply": {"status": "code http_status status_code", "body": "json text content"},
    "an account": {
        "balance": "credit credits amount",
        "closed": "blocked disabled",
        "stop_list": "blacklist dnd blocklist",
    },
}


def suggestion(what: str, key: str, known: Iterable[str]) -> str:
    """Return the words that follow the mistake of an unknown key: what was probably meant, else every known key."""
    word = key.lower().replace("-", "_").replace(" ", "_")
    meant = next((name for name, others in OTHER_WORDS.get(what, {}).items() if word in others.split()), None)
    return near_miss(key, known) if meant is None else f" Did you mean '{meant}'?"


Value = TypeVar("Value")
Other = TypeVar("Other")

TYPE_NAMES = {
    dict: "a mapping",
    list: "a list",
    str: "a string",
    bool: "a boolean",
    int: "a number",
    float: "a number",
}


class MistakeError(Exception):
    """One value is wrong; `path` leads to it, and the message says what is wrong."""

    def __init__(self, path: ValuePath, problem: str) -> None:
        super().__init__(problem)
        self.path = path


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file that is being read. A warning is about a value that is valid but has no effect."""

    document: Document
    mistakes: list[FileMistake] = field(default_factory=list)
    warnings: list[FileMistake] = field(default_factory=list)

    def add_mistake(self, path: ValuePath, problem: str) -> None:
        """Add a mistake."""
        self.mistakes.append(self.document.mistake(path, problem))

    def add_warning(self, path: ValuePath, problem: str) -> None:
        """Add a warning."""
        self.warnings.append(self.document.mistake(path, problem))


@dataclass(frozen=True, slots=True)
class Node:
    """One value of a file."""

    file: SourceFile
    path: ValuePath
    value: object

    @property
    def written(self) -> str | None:
        """A number or boolean as it is written in the file; None for other values."""
        if not isinstance(self.value, bool | int | float):
            return None
        return self.file.document.written.get(self.path, str(self.value))

    def fail(self, problem: str) -> NoReturn:
        """Raise MistakeError for this value."""
        raise MistakeError(self.path, problem)

    def fail_type(self, expected: str, hint: str = "") -> NoReturn:
        """Raise MistakeError, because this value does not have the expected type."""
        type_name = TYPE_NAMES.get(type(self.value), "null")
        self.fail(f"{self.written or show(self.value)} is {type_name}, not {expected}{hint}")

    def items(self) -> list["Node"]:
        """Return the entries of a list.

        Raises:
            MistakeError: The value is not a list.

        """
        if not isinstance(self.value, list):
            self.fail_type("a list")
        return [Node(self.file, (*self.path, index), each) for index, each in enumerate(self.value)]

    def entries(self) -> dict[str, "Node"]:
        """Return the values of a mapping by key.

        Raises:
            MistakeError: The value is not a mapping.

        """
        if not isinstance(self.value, dict):
            self.fail_type("a mapping")
        return {key: Node(self.file, (*self.path, key), each) for key, each in self.value.items()}

    def read_each(self, reader: Callable[["Node"], Value]) -> tuple[Value, ...]:
        """Return the result of `reader` for each entry of a list; entries with mistakes are left out."""
        return tuple(_read(self.items(), reader))

    def fields(self, known: Iterable[str], *, what: str) -> "Fields":
        """Return the values of a mapping by key; a key that is not `known` is a mistake."""
        names = tuple(known)
        entries = self.entries()
        for key, node in entries.items():
            if key not in names:
                self.file.add_mistake(node.path, f"{what} has no key '{key}'.{suggestion(what, key, names)}")
        return Fields(self, entries)


@dataclass(frozen=True, slots=True)
class Fields:
    """The values of a mapping, read key by key."""

    node: Node
    entries: dict[str, Node]

    def __contains__(self, name: str) -> bool:
        return name in self.entries

    def read(self, name: str, reader: Callable[[Node], Value], default: Other) -> Value | Other:
        """Return the result of `reader` for a key; `default` if the key is absent or its value has a mistake."""
        node = self.entries.get(name)
        return default if node is None else next(_read([node], reader), default)

    def need(self, name: str, problem: str) -> None:
        """Add a mistake if a key is absent."""
        if name not in self.entries:
            self.add_mistake(name, problem)

    def add_mistake(self, name: str, problem: str) -> None:
        """Add a mistake at a key, or at the mapping if the key is absent."""
        self.node.file.add_mistake((*self.node.path, name), problem)

    def add_warning(self, name: str, problem: str) -> None:
        """Add a warning at a key."""
        self.node.file.add_warning((*self.node.path, name), problem)


def _read(nodes: Iterable[Node], reader: Callable[[Node], Value]) -> Iterator[Value]:
    for node in nodes:
        try:
            yield reader(node)
        except MistakeError as mistake:
            node.file.add_mistake(mistake.path, str(mistake))
