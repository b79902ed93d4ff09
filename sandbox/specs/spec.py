"""A provider's compiled spec: its operations, the routes that lead to them, and the settings of `x-sandbox`.

An operation that sends may declare, below `x-sandbox`, which parameters hold the fields of a message:

    message: {recipient: to, sender: from, text: /content/body, code: code, otp: is_code, rows: /nodes, common: /root}

Each is a parameter name or a JSON pointer, or a list of them, of which the first that is present is used. A recipient
may be a list, or several numbers with a separator. `rows` holds several messages; a field that a row lacks is read
from `common`, or else from the top level. `otp` is the flag with which a client marks a one-time code. The usual names
apply to what is not declared.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sandbox.core.account import Account, Approval, Sender, Template
from sandbox.core.message import Channel
from sandbox.specs.body_parsing import Request, UnreadableError, Values, gather, pairs, read_body, syntax
from sandbox.specs.fast_validation import CompiledSchema
from sandbox.specs.hints import Given, Hint, Known, hints_of, is_usual
from sandbox.specs.types import USUAL, ErrorReply, Violation, pointer_steps

Pointer = tuple[str, ...]
FIELDS = ("recipient", "sender", "text", "code", "otp")
PLACES = ("rows", "common")
SEPARATOR = "separator"
LONGEST_INDEX = 10  # digits of an index in a pointer
NAME = re.compile(r"[a-z][a-z0-9_-]*", re.ASCII)  # of a provider or a channel

# The settings that the sandbox itself reads, for documents that do not define them.
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
    """The parameters that hold the fields of an operation's messages; `separator` stands between two recipients."""

    recipient: tuple[Pointer, ...]
    sender: tuple[Pointer, ...]
    text: tuple[Pointer, ...]
    code: tuple[Pointer, ...]
    otp: tuple[Pointer, ...]
    rows: Pointer | None = None
    common: Pointer | None = None
    separator: str = ","

    def messages(self, values: Mapping[str, object]) -> Iterator[RequestedMessage]:
        """Yield the messages that a request seems to ask for, one for each recipient."""
        rows = find(values, self.rows) if self.rows else None
        common = find(values, self.common) if self.common else None
        for row in rows if isinstance(rows, list) else [None]:
            scopes = [each for each in (row, common, values) if isinstance(each, Mapping)]
            sender, text = _text(scopes, self.sender), _text(scopes, self.text)
            for recipient in _text(scopes, self.recipient, self.separator).split(self.separator):
                yield RequestedMessage(recipient.strip(), sender, text)

    def flags(self, values: Mapping[str, object]) -> Iterator[object]:
        """Yield the values of the parameters that mark a one-time code."""
        yield from (find(values, pointer) for pointer in self.otp)

    def has_code(self, values: Mapping[str, object]) -> bool:
        """Return whether a parameter that holds a code has a value."""
        return any(find(values, pointer) not in (None, "") for pointer in self.code)


def read_fields(declared: Mapping[str, object]) -> MessageFields:
    """Return the fields that a document declares, with the usual names for the others."""
    places = {name: pointers(declared[name]) if name in declared else usual(name) for name in FIELDS}
    rows, common = (pointers(declared[name])[0] if name in declared else None for name in PLACES)
    return MessageFields(**places, rows=rows, common=common, separator=str(declared.get(SEPARATOR) or ","))


def is_declaration(message: object) -> bool:
    """Return whether `message` declares the fields of a function's messages; as a behaviour, it looks one up."""
    return not (isinstance(message, Mapping) and message.keys() & {"id", "reply"})


def declaration_of(own: object) -> Mapping[str, object]:
    """Return the fields of messages that the `x-sandbox` of an operation declares: of `message`, or of `send`.

    A sender or text that is a template is none of the request's.
    """
    if not isinstance(own, Mapping):
        return {}
    declared = own.get("send") or own.get("message")
    if not isinstance(declared, Mapping) or ("send" not in own and not is_declaration(declared)):
        return {}
    return {
        name: value
        for name, value in declared.items()
        if name in (*FIELDS, *PLACES, SEPARATOR)
        and value is not None
        and not (isinstance(value, str) and "{{" in value)
    }


def usual(name: str) -> tuple[Pointer, ...]:
    """Return the usual places of a field."""
    return tuple((each,) for each in USUAL[name])


def pointers(value: object) -> tuple[Pointer, ...]:
    """Return each parameter name or JSON pointer as steps."""
    return tuple(map(_pointer, value if isinstance(value, list) else [value]))


def _pointer(value: object) -> Pointer:
    text = str(value)
    return pointer_steps(text) if text.startswith("/") else (text,)


def find(value: object, pointer: Pointer) -> object:
    """Return the value at a pointer, None if there is none.

    A step of digits takes an item of a list; any other continues in each item, and the results are one list.
    """
    for place, step in enumerate(pointer):
        if isinstance(value, list):
            if step.isdecimal():
                value = value[int(step)] if len(step) < LONGEST_INDEX and int(step) < len(value) else None
                continue
            found: list[object] = []
            for each in value:
                inner = find(each, pointer[place:])
                if isinstance(inner, list):
                    found += inner
                elif inner is not None:
                    found.append(inner)
            return found or None
        if not isinstance(value, dict) or step not in value:
            return None
        value = value[step]
    return value


def _text(scopes: Sequence[Mapping[str, object]], places: tuple[Pointer, ...], separator: str = ",") -> str:
    """Return the first value that is present as text; the items of a list are joined."""
    for place in places:
        value = next((found for scope in scopes if (found := find(scope, place)) is not None), None)
        if isinstance(value, list):
            return separator.join(map(str, value))
        if value is not None and not isinstance(value, Mapping):
            return str(value)
    return ""


NO_DECLARATION = read_fields({})


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation of a provider; `status` and `type` are those of success, `channel` is None if it sends nothing.

    `message` says which parameters hold the fields of its messages.
    """

    name: str
    provider: str
    channel: Channel | None
    otp: bool
    errors: Mapping[str, ErrorReply]
    type: str
    message: MessageFields = NO_DECLARATION
    status: int = 200


class Reading(NamedTuple):
    """The content of a request: its merged values, and every violation of the schema.

    `hints` say what the provider ignores; unlike violations, they never lead to a refusal.
    """

    values: Mapping[str, object]
    violations: tuple[Violation, ...]
    hints: tuple[Hint, ...] = ()


@dataclass(frozen=True, slots=True)
class Route:
    """A method and path of a spec; `kinds` has the JSON types of each parameter, `known` what hints need."""

    method: str
    template: str
    pattern: re.Pattern[str] | None
    operation: Operation
    header_names: tuple[str, ...]
    body_required: bool
    kinds: Mapping[str, frozenset[str]]
    schema: CompiledSchema
    known: Known

    def read(self, request: Request, path_values: Mapping[str, str]) -> Reading:
        """Return the values of a request and its violations; an unreadable part is a violation without values."""
        headers = request.headers
        values: Values = {name: headers[name] for name in self.header_names if name in headers}
        broken: list[Violation] = []
        in_query: Values = {}
        in_body: Values = {}
        origin = "body"
        if path_values:
            values.update(path_values)
        known = self.known
        if known.reads_query and request.query:
            try:
                in_query = self._coerced(gather(pairs(request.query)))
            except UnreadableError as error:
                broken.append(syntax("query", error))
            else:
                values.update(in_query)
        if known.types:
            try:
                origin, found = read_body(request, known.types, required=self.body_required)
            except UnreadableError as error:
                broken.append(syntax("body", error))
            else:
                in_body = self._coerced(found) if origin == "form" else self._whole(found)
                values.update(in_body)
        fits = not broken and self.schema.fits(values)
        if fits and is_usual(request, values, known, in_query, body=in_body, origin=origin):
            return Reading(values, ())
        given = Given(in_query, in_body, origin)
        violations = () if fits else self._violations(values, request, path_values, given)
        if broken:  # parameters of an unreadable part are unknown, not missing
            violations = (*broken, *(each for each in violations if each.at.startswith(("header.", "path."))))
        return Reading(values, violations, hints_of(request, known, given, violations))

    def _violations(
        self, values: Values, request: Request, path_values: Mapping[str, str], given: Given
    ) -> tuple[Violation, ...]:
        in_headers = [name for name in self.header_names if name in request.headers]
        origins = dict.fromkeys(in_headers, "header") | dict.fromkeys(path_values, "path")
        origins |= dict.fromkeys(given.query, "query") | dict.fromkeys(given.body, given.origin)
        return self.schema.violations(values, origins)

    def _coerced(self, values: Values) -> Values:
        return {name: coerce(value, self.kinds.get(name, frozenset())) for name, value in values.items()}

    def _whole(self, values: Values) -> Values:
        """Return values with 2.0 as 2 if the schema allows an integer: to JSON Schema both are integers."""
        for name, value in values.items():
            if type(value) is float and value.is_integer() and "integer" in self.kinds.get(name, ()):
                values[name] = int(value)
        return values


def coerce(value: object, kinds: frozenset[str]) -> object:
    """Return a text as the number or boolean that its schema asks for, or unchanged if it is neither."""
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
    """A choice of the sandbox that a scenario can change; `schema` is the JSON Schema of its values."""

    default: object
    schema: Mapping[str, Any]
    description: str


class NumberPlan(NamedTuple):
    """The national number format of a provider: `national` digits, the same number as with `country` in front."""

    national: int
    country: str


class CredentialPart(NamedTuple):
    """A part of a credential as clients send it: in a header or parameter, or at a JSON pointer into the body.

    `fields` are the names of its values; several are joined by colons. `prefix` comes before them, `is_base64` says
    how they are encoded.
    """

    place: str  # header, query, body or path
    name: str
    fields: tuple[str, ...]
    prefix: str = ""
    is_base64: bool = False


@dataclass(frozen=True, slots=True)
class ProviderSpec:
    """A compiled document; `document` is the document with its references resolved, `home` its national format.

    `authentication` has the ways in which a request may carry its credential, if the document says so: each is the
    parts that it must have.
    """

    name: str
    module: str
    document: Mapping[str, Any]
    channels: Mapping[str, Channel]
    settings: Mapping[str, Setting]
    credentials: tuple[str, ...]  # headers or parameters of a request that name its account, the key first
    operations: Mapping[str, Operation]
    routes: tuple[Route, ...]
    home: NumberPlan | None = None
    authentication: tuple[tuple[CredentialPart, ...], ...] = ()

    @property
    def defaults(self) -> Mapping[str, object]:
        """The default values of the settings."""
        return {name: setting.default for name, setting in self.settings.items()}

    def fresh_account(self, key: str, *, at: datetime) -> Account:
        """Return the account of a key that is used for the first time at `at`."""
        values = self.document["x-sandbox"]["account"]
        senders = (*values.get("senders", ()), *values.get("brands", ()))
        return Account(
            provider=self.name,
            key=key,
            balance={balance_type: Decimal(str(amount)) for balance_type, amount in values["balance"].items()},
            senders=tuple(Sender(each["id"], each["name"], Approval(each["state"]), at) for each in senders),
            templates=tuple(Template(each["id"], each["text"]) for each in values.get("templates", ())),
            stop_list=frozenset(values.get("stop_list", ())),
        )
