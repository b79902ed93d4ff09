"""Finds the message that a callback reports: by an id that the reply to its send had."""

from collections.abc import Iterator

from sandbox.recording.rewriting import Leaf, Replacer, rewrite_body, rewrite_pairs

LIMIT = 100_000  # ids
ENDS = ("id", "uuid", "reference", "ref", "guid", "ids")


class ReportedIds:
    """The ids that providers gave to messages; those of the last sends are kept."""

    def __init__(self) -> None:
        self._exchanges: dict[tuple[str, str], int] = {}

    def add(self, provider: str, exchange: int, reply: str, kind: str) -> None:
        """Keep the ids in the reply to a send."""
        for each in ids_in(reply, kind):
            self._exchanges.setdefault((provider, each), exchange)
        while len(self._exchanges) > LIMIT:
            del self._exchanges[next(iter(self._exchanges))]

    def find(self, provider: str, query: str, body: str, kind: str) -> tuple[int, str] | None:
        """Return the exchange whose message a callback reports, and the id; None if it names none."""
        for each in (*ids_in(query, "query"), *ids_in(body, kind)):
            exchange = self._exchanges.get((provider, each))
            if exchange is not None:
                return exchange, each
        return None


def ids_in(text: str, kind: str) -> Iterator[str]:
    """Return the values in a query or body whose names are those of ids."""
    return (leaf.value for leaf in named_ids_in(text, kind))


def is_id(name: str) -> bool:
    """Return whether a name is that of an id."""
    return name.lower().endswith(ENDS)


def named_ids_in(text: str, kind: str) -> Iterator[Leaf]:
    """Return the values in a query or body whose names are those of ids, with these names."""
    return (leaf for leaf in leaves_in(text, kind) if leaf.value and is_id(leaf.name))


def leaves_in(text: str, kind: str) -> list[Leaf]:
    """Return the values in a query or body."""
    found: list[Leaf] = []

    def collect(leaf: Leaf) -> str:
        found.append(leaf)
        return leaf.value

    replacer = Replacer(collect, str, str)
    if kind == "query":
        rewrite_pairs(text, replacer)
    elif text:
        rewrite_body(text, kind, replacer)
    return found
