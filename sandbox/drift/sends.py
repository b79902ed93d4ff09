"""The messages that recorded requests have sent, by exchange and by the provider's ids; those of the last sends."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from sandbox.core.message import Status

SENDS_KEPT = 10_000


@dataclass(slots=True)
class Reported:
    """A status that was reported: the attempts, and whether the last was answered with 2xx."""

    status: Status
    at: datetime
    received: bool
    attempts: int = 1


@dataclass(slots=True)
class Sent:
    """The messages of one request, by number, and the statuses that callbacks have reported of each, in order."""

    provider: str
    messages: tuple[int, ...]
    at: datetime
    reported: dict[int, list[Reported]] = field(default_factory=dict)


class SentMessages:
    """What was sent; `finished` is called with a send that is forgotten, as there are too many."""

    def __init__(self, finished: Callable[[Sent, int], None] = lambda *_: None) -> None:
        self.finished = finished
        self._sends: OrderedDict[int, Sent] = OrderedDict()
        self._by_id: OrderedDict[str, int] = OrderedDict()

    def add(self, entry: int, sent: Sent, ids: Iterable[str]) -> None:
        """Keep the messages of an exchange."""
        self._sends[entry] = sent
        for each in ids:
            self._by_id[each] = entry
        while len(self._by_id) > SENDS_KEPT:
            self._by_id.popitem(last=False)
        while len(self._sends) > SENDS_KEPT:
            number, oldest = self._sends.popitem(last=False)
            self.finished(oldest, number)

    def of(self, entry: int) -> Sent | None:
        """Return what an exchange has sent."""
        return self._sends.get(entry)

    def of_id(self, given: str) -> Sent | None:
        """Return what was sent under an id of the provider."""
        entry = self._by_id.get(given)
        return None if entry is None else self._sends.get(entry)

    def drain(self) -> Iterator[tuple[int, Sent]]:
        """Yield all that is left, with its exchange."""
        while self._sends:
            yield self._sends.popitem(last=False)
