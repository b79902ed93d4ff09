"""Where the parts of a message stand in a request: recipient, sender, text and code.

An operation that sends may say so in its document, below `x-sandbox`:

    message: {recipient: to, sender: from, text: /content/body, code: code, otp: is_code, rows: /nodes, common: /root}

Each is a parameter's name or a JSON pointer, or a list of them of which the first that is there counts. A recipient may
be a list, or several with commas between them. `rows` has several messages; what a row does not say itself stands in
`common` or else beside it. `otp` is the flag by which a client marks a one-time code. What is not declared is looked
for under the usual names.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sandbox.core.errors import near_miss
from sandbox.formats.yaml_files import ValuePath
from sandbox.specs.schema import show

Pointer = tuple[str, ...]
FIELDS = ("recipient", "sender", "text", "code", "otp")
PLACES = ("rows", "common")
BRANCHES = ("allOf", "anyOf", "oneOf")

# What the parts of a message are usually called; the first that is there counts.
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


class RequestedMessage(NamedTuple):
    """A message that a refused request asks for, with the fields of a draft that rules read; `code` is never known."""

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
    if not text.startswith("/"):
        return (text,)
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in text[1:].split("/"))


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


Problem = tuple[ValuePath, str]


def find_problems(declared: Mapping[str, object], schema: Mapping[str, object], *, sends: bool) -> Iterator[Problem]:
    """Yield what is wrong with a declaration, each with its path; `schema` is that of the whole request."""
    problems: list[Problem] = []
    inside: list[Mapping[str, object]] = [schema]
    for name in PLACES:
        if declared.get(name) is not None:
            found = _named(declared[name], (name,), [schema], problems)
            inside += [_items(each) for each in found] if name == "rows" else found
    if problems:
        yield from problems
        return
    for name in FIELDS:
        value = declared.get(name)
        if isinstance(value, list):
            for place, each in enumerate(value):
                _named(each, (name, place), inside, problems)
        elif value is not None:
            _named(value, (name,), inside, problems)
    yield from problems
    known = _members(inside)
    if sends and declared.get("recipient") is None and known and not known.keys() & {*USUAL["recipient"]}:
        names = ", ".join(sorted(known))
        yield ("recipient",), f"is missing; write which parameter has the number that is sent to: {names}"


def _named(value: object, path: ValuePath, schemas: "Schemas", problems: list[Problem]) -> list[Mapping[str, object]]:
    """Return the schemas of what a name or pointer leads to, none where that is noted as wrong."""
    if not isinstance(value, str) or not value:
        problems.append((path, f"{show(value)} is no parameter and no pointer; write such as {path[0]} or /{path[0]}"))
        return []
    found = _follow(schemas, _pointer(value))
    if isinstance(found, str):
        problems.append((path, found))
        return []
    return found


def _items(schema: Mapping[str, object]) -> Mapping[str, object]:
    items = schema.get("items")
    return items if isinstance(items, Mapping) else {}


Schemas = Sequence[Mapping[str, object]]


def names_members(schema: Mapping[str, object]) -> bool:
    """Whether a schema says what an object may have in it."""
    return bool(_members([schema]))


def _follow(schemas: Schemas, pointer: Pointer) -> list[Mapping[str, object]] | str:
    """Return the schemas of what a pointer leads to, or what is wrong with it; none where the schemas do not say."""
    for step in pointer:
        members = _members(schemas)
        if members and step not in members:
            return f"no parameter is called '{step}'.{near_miss(step, members)}"
        schemas = members.get(step, [])
    return list(schemas)


def _members(schemas: Schemas) -> dict[str, list[Mapping[str, object]]]:
    """Return the schemas of each member that some schemas name, in their branches too."""
    found: dict[str, list[Mapping[str, object]]] = {}
    for schema in schemas:
        properties = schema.get("properties")
        for name, each in properties.items() if isinstance(properties, Mapping) else ():
            found.setdefault(name, []).extend([each] if isinstance(each, Mapping) else [])
        branches = [schema.get(name) for name in ("if", "then", "else")]
        for name in BRANCHES:
            several = schema.get(name)
            branches += several if isinstance(several, list) else []
        inner = [each for each in branches if isinstance(each, Mapping)]
        for name, more in _members(inner).items() if inner else ():
            found.setdefault(name, []).extend(more)
    return found
