"""A provider's compiled spec: its operations, the routes that lead to them, and what `x-sandbox` says."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sandbox.core.account import Account, Approval, Sender, Template
from sandbox.core.message import Channel
from sandbox.specs.body_parsing import Request, UnreadableError, Values, gather, pairs, read_body, syntax
from sandbox.specs.hints import Given, Hint, Known, hints_of, is_usual
from sandbox.specs.types import (
    USUAL,
    Check,
    ErrorReply,
    Violation,
    pointer_steps,
)

Pointer = tuple[str, ...]
FIELDS = ("recipient", "sender", "text", "code", "otp")
PLACES = ("rows", "common")
NAME = re.compile(r"[a-z][a-z0-9_-]*", re.ASCII)  # of a provider or a channel

# The settings that the sandbox itself reads, for a document that has none of its own.
DURATION: Mapping[str, Any] = {"type": ["string", "number"], "format": "time-span"}
OWN_SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "retries": {
        "default": ["5s", "30s", "5m"],
        "schema": {"type": "array", "items": DURATION},
        "description": "Pauses between the attempts of a callback that is not answered with 2xx in time.",
    },
    "timeout": {
        "default": "10s",
        "schema": DURATION,
        "description": "How long a receiver may take to answer a callback.",
    },
}


class RequestedMessage(NamedTuple):
    """A message that a refused request asked for; the fields are those of a draft that rules look at."""

    recipient: str
    sender: str
    text: str
    code: str | None = None


@dataclass(frozen=True, slots=True)
class MessageFields:
    """Where the parts of an operation's messages stand."""

    recipient: tuple[Pointer, ...]
    sender: tuple[Pointer, ...]
    text: tuple[Pointer, ...]
    code: tuple[Pointer, ...]
    otp: tuple[Pointer, ...]
    rows: Pointer | None = None
    common: Pointer | None = None

    def messages(self, values: Mapping[str, object]) -> Iterator[RequestedMessage]:
        """Yield the messages that a request seems to ask for, at most one a recipient."""
        rows = find(values, self.rows) if self.rows else None
        common = find(values, self.common) if self.common else None
        for row in rows if isinstance(rows, list) else [None]:
            scopes = [each for each in (row, common, values) if isinstance(each, Mapping)]
            sender, text = _text(scopes, self.sender), _text(scopes, self.text)
            for recipient in _text(scopes, self.recipient).split(","):
                yield RequestedMessage(recipient.strip(), sender, text)

    def flags(self, values: Mapping[str, object]) -> Iterator[object]:
        """Yield the values by which a request says that it carries a one-time code."""
        yield from (find(values, pointer) for pointer in self.otp)

    def has_code(self, values: Mapping[str, object]) -> bool:
        """Whether a code stands where the document says that codes stand."""
        return any(find(values, pointer) not in (None, "") for pointer in self.code)


def read_fields(declared: Mapping[str, object]) -> MessageFields:
    """Return what a document declares, the usual names where it says nothing."""
    places = {name: pointers(declared[name]) if name in declared else usual(name) for name in FIELDS}
    rows, common = (pointers(declared[name])[0] if name in declared else None for name in PLACES)
    return MessageFields(**places, rows=rows, common=common)


def usual(name: str) -> tuple[Pointer, ...]:
    """Return the usual places of a part."""
    return tuple((each,) for each in USUAL[name])


def pointers(value: object) -> tuple[Pointer, ...]:
    """Return parameter names and JSON pointers as the steps to what they name."""
    return tuple(map(_pointer, value if isinstance(value, list) else [value]))


def _pointer(value: object) -> Pointer:
    text = str(value)
    return pointer_steps(text) if text.startswith("/") else (text,)


def find(value: object, pointer: Pointer) -> object:
    """Return what stands at a pointer, None where nothing does."""
    for step in pointer:
        if not isinstance(value, Mapping) or step not in value:
            return None
        value = value[step]
    return value


def _text(scopes: Sequence[Mapping[str, object]], places: tuple[Pointer, ...]) -> str:
    """Return the first value that is there as a text, a list of them with commas between."""
    for place in places:
        value = next((found for scope in scopes if (found := find(scope, place)) is not None), None)
        if isinstance(value, list):
            return ",".join(map(str, value))
        if value is not None and not isinstance(value, Mapping):
            return str(value)
    return ""


NO_DECLARATION = read_fields({})


@dataclass(frozen=True, slots=True)
class Operation:
    """What a request can ask for; `type` is the media type of success, `channel` None when it sends nothing.

    `message` says where the parts of its messages stand in a request.
    """

    name: str
    provider: str
    channel: Channel | None
    otp: bool
    errors: Mapping[str, ErrorReply]
    type: str
    message: MessageFields = NO_DECLARATION


class Reading(NamedTuple):
    """What a request says: its values merged, and every way in which it breaks the schema.

    `hints` say what the provider ignores; they stand apart, as they refuse nothing.
    """

    values: Mapping[str, object]
    violations: tuple[Violation, ...]
    hints: tuple[Hint, ...] = ()


@dataclass(frozen=True, slots=True)
class Route:
    """One method and path of a spec. `kinds` are the JSON types of each parameter, for coercion; `known`, for hints."""

    method: str
    template: str
    pattern: re.Pattern[str] | None
    operation: Operation
    header_names: tuple[str, ...]
    reads_query: bool
    body_types: tuple[str, ...]
    body_required: bool
    kinds: Mapping[str, frozenset[str]]
    check: Check
    known: Known

    def read(self, request: Request, path_values: Mapping[str, str]) -> Reading:
        """Read and check a request; what cannot be read is a violation and leaves its values out."""
        values: Values = {name: request.headers[name] for name in self.header_names if name in request.headers}
        origins = dict.fromkeys(values, "header")
        broken: list[Violation] = []
        in_query: Values = {}
        in_body: Values = {}
        origin = "body"
        if path_values:
            values.update(path_values)
            origins.update(dict.fromkeys(path_values, "path"))
        if self.reads_query and request.query:
            try:
                in_query = self._coerced(gather(pairs(request.query)))
            except UnreadableError as error:
                broken.append(syntax("query", error))
            else:
                values.update(in_query)
                origins.update(dict.fromkeys(in_query, "query"))
        if self.body_types:
            try:
                origin, found = read_body(request, self.body_types, required=self.body_required)
            except UnreadableError as error:
                broken.append(syntax("body", error))
            else:
                in_body = self._coerced(found) if origin == "form" else self._whole(found)
                values.update(in_body)
                origins.update(dict.fromkeys(in_body, origin))
        violations = self.check(values, origins)
        if broken:  # what stands beside an unreadable part can still be judged; what would stand in it cannot
            violations = (*broken, *(each for each in violations if each.at.startswith(("header.", "path."))))
        given = Given(in_query, in_body, origin)
        if not violations and is_usual(request, values, self.known, given):
            return Reading(values, ())
        return Reading(values, violations, hints_of(request, self.known, given, violations))

    def _coerced(self, values: Values) -> Values:
        return {name: coerce(value, self.kinds.get(name, frozenset())) for name, value in values.items()}

    def _whole(self, values: Values) -> Values:
        """Return values with each 2.0 as 2 where an integer may stand: both are integers to JSON Schema."""
        for name, value in values.items():
            if isinstance(value, float) and value.is_integer() and "integer" in self.kinds.get(name, ()):
                values[name] = int(value)
        return values


def coerce(value: object, kinds: frozenset[str]) -> object:
    """Return a text as the number or truth value that its schema asks for, or as it came where it is none."""
    if not isinstance(value, str) or "string" in kinds:
        return value
    if "integer" in kinds and re.fullmatch(r"-?\d{1,15}", value, re.ASCII):
        return int(value)
    if "number" in kinds and re.fullmatch(r"-?\d{1,15}(\.\d{1,15})?", value, re.ASCII):
        return float(value)
    if "boolean" in kinds and value in {"true", "false"}:
        return value == "true"
    return value


@dataclass(frozen=True, slots=True)
class Setting:
    """An inferred choice that a scenario can make otherwise; `schema` is the JSON Schema of its values."""

    default: object
    schema: Mapping[str, Any]
    description: str


class NumberPlan(NamedTuple):
    """How a provider's own country writes numbers: `national` digits, which equal those with `country` in front."""

    national: int
    country: str


@dataclass(frozen=True, slots=True)
class ProviderSpec:
    """All that one document says. `document` is the document itself, references written out; `home` is its country."""

    name: str
    module: str
    document: Mapping[str, Any]
    channels: Mapping[str, Channel]
    settings: Mapping[str, Setting]
    credentials: tuple[str, ...]  # headers or parameters of a request that name its account, the key first
    operations: Mapping[str, Operation]
    routes: tuple[Route, ...]
    home: NumberPlan | None = None

    @property
    def defaults(self) -> Mapping[str, object]:
        """The settings' values when no scenario has others."""
        return {name: setting.default for name, setting in self.settings.items()}

    def fresh_account(self, key: str, *, at: datetime) -> Account:
        """Return the account that a key seen for the first time at `at` opens."""
        values = self.document["x-sandbox"]["account"]
        senders = (*values.get("senders", ()), *values.get("brands", ()))
        return Account(
            provider=self.name,
            key=key,
            balance={purse: Decimal(str(amount)) for purse, amount in values["balance"].items()},
            senders=tuple(Sender(each["id"], each["name"], Approval(each["state"]), at) for each in senders),
            templates=tuple(Template(each["id"], each["text"]) for each in values.get("templates", ())),
            stop_list=frozenset(values.get("stop_list", ())),
        )
