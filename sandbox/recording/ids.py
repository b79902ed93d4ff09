"""The ids that providers give: what a callback reports, and those of a replay by those that were recorded."""

import re
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping

from sandbox.core.effects import FIRST_ERROR_STATUS
from sandbox.recording.real_values import MissingError
from sandbox.recording.rewriting import QUERY, Leaf, leaves_in
from sandbox.recording.session import RecordedReply, media_of
from sandbox.specs.spec import Operation

LIMIT = 100_000  # ids
ENDS = ("id", "uuid", "reference", "ref", "guid", "ids")


class ReportedIds:
    """The ids that providers gave to messages; those of the last sends are kept."""

    def __init__(self) -> None:
        self._exchanges: dict[tuple[str, str], int] = {}

    def add(self, provider: str, exchange: int, reply: str, kind: str) -> None:
        """Keep the ids in the reply to a send."""
        for each in named_ids_in(reply, kind):
            self._exchanges.setdefault((provider, each.value), exchange)
        while len(self._exchanges) > LIMIT:
            del self._exchanges[next(iter(self._exchanges))]

    def find(self, provider: str, query: str, body: str, kind: str) -> tuple[int, str] | None:
        """Return the exchange whose message a callback reports, and the id; None if it names none."""
        for each in (*named_ids_in(query, QUERY), *named_ids_in(body, kind)):
            exchange = self._exchanges.get((provider, each.value))
            if exchange is not None:
                return exchange, each.value
        return None


def is_id(name: str) -> bool:
    """Return whether a name is that of an id."""
    return name.lower().endswith(ENDS)


def named_ids_in(text: str, kind: str) -> Iterator[Leaf]:
    """Return the values in a query or body whose names are those of ids, with these names."""
    return (leaf for leaf in leaves_in(text, kind) if leaf.value and is_id(leaf.name))


STRUCTURED = re.compile(r"\s*(?:[{\[<]|[^\s=&]+=)")  # the beginning of JSON, XML or a form
TOKEN = re.compile(r"[\w-]+")  # of a text without names
SHORTEST = 4  # characters of an id in such a text


class Ids:
    """The ids of a provider's replies as they are now, by those in the recording; None: what had it was not sent."""

    def __init__(self) -> None:
        self._now: OrderedDict[tuple[str, str], str | None] = OrderedDict()

    def real(self, provider: str, value: str) -> str:
        """Return the present form of an id; other values stay.

        Raises:
            MissingError: there is none.

        """
        found = self._now.get((provider, value), value)
        if found is None:
            why = "it needs the id of a message that was not sent, or not accepted"
            raise MissingError(why, kind="id")
        return found

    def add(self, operation: Operation, before: Iterable[Leaf], after: Iterable[Leaf]) -> None:
        """Keep which id of a reply takes the place of which, by name and order.

        Of requests that send nothing, replies must have the same number of ids: a list may have changed.
        """
        then, now = _by_name(operation, before), _by_name(operation, after)
        for name, values in then.items():
            given = now.get(name, [])
            if operation.channel is None and len(given) != len(values):
                continue
            for place, value in enumerate(values):
                self._now.setdefault((operation.provider, value), given[place] if place < len(given) else None)
        while len(self._now) > LIMIT:
            self._now.popitem(last=False)


def is_refusal(operation: Operation, reply: RecordedReply) -> bool:
    """Return whether a reply refuses its request, by its status or by the code of an error that the document has."""
    if reply.status >= FIRST_ERROR_STATUS:
        return True
    found = leaves_in(reply.body.text, media_of(reply.headers).lower())
    codes = _codes(operation)
    return any((each.name, each.value) in codes for each in found)


def _codes(operation: Operation) -> frozenset[tuple[str, str]]:
    """Return the codes of an operation's errors, with the names of their members."""
    return frozenset(
        (str(name), str(value))
        for error in operation.errors.values()
        for name, value in (error.body.items() if isinstance(error.body, Mapping) else ())
        if str(value) == str(error.code)
    )


def _by_name(operation: Operation, ids: Iterable[Leaf]) -> dict[str, list[str]]:
    """Return ids by name; codes of errors are none, whatever their name."""
    codes = {name for name, _ in _codes(operation)}
    found: dict[str, list[str]] = {}
    for each in ids:
        if each.name not in codes:
            found.setdefault(each.name, []).append(each.value)
    return found


def ids_in_reply(text: str, kind: str) -> list[Leaf]:
    """Return the ids in a reply: values of such names or, in a text without names, each word that has a digit."""
    if STRUCTURED.match(text):
        return [*named_ids_in(text, kind)]
    words = [word for each in TOKEN.findall(text) for word in dict.fromkeys((each, each.partition("-")[0]))]
    return [Leaf("", word) for word in words if len(word) >= SHORTEST and any(map(str.isdecimal, word))]
