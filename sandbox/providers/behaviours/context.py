"""What the readers of behaviours know about the document, and the places of a request that a document names.

A place is a parameter's name, a JSON pointer (`/message/to`), or a list of these, of which the first that is present
counts. A pointer that meets a list continues in each of its items; a step of digits takes one of them.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

from sandbox.core.errors import near_miss
from sandbox.core.message import Channel
from sandbox.providers.base import Call, ErrorReply, Refusal, Reply
from sandbox.providers.behaviours.credential import Credential, is_place
from sandbox.providers.behaviours.times import TimeFormat
from sandbox.providers.behaviours.values import Names
from sandbox.providers.behaviours.variables import IN_REQUESTS
from sandbox.specs.document import SpecNode
from sandbox.specs.spec import Pointer, Route, find, pointers
from sandbox.specs.types import show
from sandbox.templates.text import TemplateFailedError

Scopes = Sequence[Mapping[str, object]]
Place = Callable[[Scopes], Any]
SETTING = "settings."


class UsedPlace(NamedTuple):
    """A place that a document names: its node, and whether the rows of a request may have it."""

    node: SpecNode
    in_rows: bool


class NumberKind(NamedTuple):
    """A kind of number that a document writes or takes from a setting: `what` it must be, and such a setting."""

    default: float
    is_right: Callable[[Any], bool]
    what: str
    example: str

    def wrong(self, setting: str, value: object) -> str:
        """Return the mistake of a setting that is of another kind."""
        return f"the setting '{setting}' is {show(value)}, not {self.what}"


@dataclass(frozen=True, slots=True)
class DocumentContext:
    """What readers know about a document: its settings with their defaults, channels, the names of its errors.

    `parameters` are those of all operations; None if the schema of one allows any.
    """

    settings: Mapping[str, object]
    channels: Mapping[str, Channel]
    errors: frozenset[str]
    balances: tuple[str, ...]
    times: TimeFormat
    credential: Credential | None = None
    parameters: tuple[str, ...] | None = None

    def number(self, node: SpecNode, name: str, kind: NumberKind) -> Callable[[Mapping[str, object]], Any]:
        """Return a function of the settings that gives a number: one that is written, or that of a setting.

        The function raises TemplateFailedError if a scenario has set a value of another kind.
        """
        value = node.value.get(name, kind.default)
        if isinstance(value, str) and value.startswith(SETTING):
            setting = value.removeprefix(SETTING)
            if setting not in self.settings:
                node.note(f"there is no setting '{setting}'.{near_miss(setting, self.settings)}", name)
            elif not kind.is_right(self.settings[setting]):
                node.note(kind.wrong(setting, self.settings[setting]), name)
            return partial(_read_setting, setting, kind)
        if not kind.is_right(value):
            node.note(f"{show(value)} is not {kind.what}, nor a setting such as {kind.example}", name)
        return lambda _: value

    def error(self, node: SpecNode, name: str) -> bool:
        """Return whether the document has an error; otherwise add a mistake."""
        if name in self.errors:
            return True
        node.note(
            f"the document has no error '{name}'; add an example of that name with an x-code to a response."
            f"{near_miss(name, self.errors)}"
        )
        return False


@dataclass(frozen=True, slots=True)
class OperationContext:
    """What readers know about one operation; `places` collects the places that it names.

    `errors` are those of the operation, and of others what it lacks.
    """

    document: DocumentContext
    channel: Channel | None
    routes: tuple[Route, ...]
    status: int
    type: str
    render_error: Callable[[ErrorReply, Refusal, Call], Reply]
    errors: Mapping[str, ErrorReply]
    origins: Mapping[str, str]
    places: list[UsedPlace] = field(default_factory=list)

    def names(self, *more: str) -> Names:
        """Return the variables that templates of this operation may use."""
        return Names((*IN_REQUESTS, *more), tuple(self.document.settings), parameters_of(self.routes))

    def own_place(self, node: SpecNode, name: str, *, in_rows: bool = False) -> Place | None:
        """Return a function that reads the place that a member of a node names; None if it has no such member."""
        value = node.value.get(name)
        return None if value is None else self.place(node.inside(name, value), in_rows=in_rows)

    def describe(self, place: object) -> str:
        """Return a place as reasons name it: `path.uuid`, `body.message.to`."""
        if not is_place(place):
            return ""
        first = place[0] if isinstance(place, list) else place
        name, *steps = pointers(first)[0]
        return ".".join((self.origins.get(name, "body"), name, *steps))

    def place(self, node: SpecNode, *, in_rows: bool = False) -> Place:
        """Return a function that reads a place of a request."""
        if not is_place(node.value):
            node.note(f"{show(node.value)} is neither a parameter nor a JSON pointer; write one such as to or /to")
            return lambda _: None
        self.places.append(UsedPlace(node, in_rows))
        return reader_of(pointers(node.value))


def _read_setting(name: str, kind: NumberKind, settings: Mapping[str, object]) -> object:
    value = settings[name]
    if not kind.is_right(value):
        raise TemplateFailedError(kind.wrong(name, value))
    return value


def parameters_of(routes: Iterable[Route]) -> tuple[str, ...] | None:
    """Return the names of the parameters of some routes; None if the schema of one allows any name."""
    every = tuple(routes)
    if any(route.known.names.free for route in every):
        return None
    return tuple(dict.fromkeys(name for route in every for name in (*route.kinds, *sorted(route.known.names.known))))


def reader_of(places: tuple[Pointer, ...]) -> Place:
    """Return a function that reads the first place that is present in some scopes; None if none is."""
    if max(map(len, places)) == 1:
        return _reader_of_names([name for (name,) in places])

    def read(scopes: Scopes) -> object:
        for place in places:
            for scope in scopes:
                found = find(scope, place)
                if found is not None:
                    return found
        return None

    return read


def _reader_of_names(names: Sequence[str]) -> Place:
    """Return a function that reads the first of several parameters that is not null, or one that may be null."""
    is_one = len(names) == 1

    def read(scopes: Scopes) -> object:
        for name in names:
            for scope in scopes:
                if name in scope and (is_one or scope[name] is not None):
                    return scope[name]
        return None

    return read


def as_text(value: object) -> str:
    """Return a value of a request as text; null, lists and objects are empty."""
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, dict | list):
        return ""
    return ("true" if value else "false") if isinstance(value, bool) else str(value)
