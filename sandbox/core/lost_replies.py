"""Replies that were lost although their requests were accepted: whoever sends again within a minute sends twice."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

WINDOW = timedelta(minutes=1)  # on the workspace's clock
KEPT = 10_000  # texts that are remembered at most


class SentText(NamedTuple):
    """A text to a number, by an account of a provider."""

    provider: str
    account: str
    recipient: str
    text: str


class LostReply(NamedTuple):
    """At `at` a reply was lost. `request` is the number of the request that sent these texts first."""

    at: datetime
    request: int
    texts: tuple[SentText, ...]


class LostReplies:
    """What was sent by requests whose replies were lost a short while ago."""

    __slots__ = ("_found", "_last")

    def __init__(self) -> None:
        self._found: dict[SentText, tuple[datetime, int]] = {}  # the longest lost first
        self._last: datetime | None = None

    def put(self, lost: LostReply) -> None:
        """Add what a lost reply was about, and forget what is too old or too much."""
        self._last = lost.at
        for text in lost.texts:
            self._found.pop(text, None)
            self._found[text] = (lost.at, lost.request)
        while self._found:
            oldest = next(iter(self._found))
            if len(self._found) <= KEPT and lost.at - self._found[oldest][0] <= WINDOW:
                return
            del self._found[oldest]

    def are_recent(self, at: datetime) -> bool:
        """Whether a reply was lost within the last minute."""
        return self._last is not None and at - self._last <= WINDOW

    def find(self, texts: Iterable[SentText], at: datetime) -> int | None:
        """Return the number of the request that first sent one of the texts and whose reply was lost of late."""
        for text in texts:
            found = self._found.get(text)
            if found is not None and at - found[0] <= WINDOW:
                return found[1]
        return None
