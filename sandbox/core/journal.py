"""The journal: a record of each request, refused ones included, and texts that are sent again after a lost reply."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import groupby
from typing import NamedTuple

BODY_LIMIT = 16 * 1024  # bytes of a body that the journal keeps
ID_SIZE = 80  # bytes of a message id; one request may create tens of thousands of messages


class RequestRecord(NamedTuple):
    """A request and its reply as sent over the wire, with bodies cut to 16 KB; `body_size` is the full size.

    `key` is the credential and must be masked in output. `why` has the reasons of a refusal, then notes about what was
    ignored; a request that is not `refused` has notes alone. `resent_of` is the id of an earlier request that sent the
    same text to the same number and lost its reply. `delay` is how long the scenario holds the reply back, in seconds.
    """

    id: int
    at: datetime
    provider: str | None
    operation: str | None
    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    body_size: int
    status: int
    reply_headers: Mapping[str, str]
    reply_body: bytes
    refused: bool
    key: str | None
    why: tuple[str, ...] = ()
    rule: str | None = None
    messages: tuple[str, ...] = ()
    ms: float = 0.0
    resent_of: int | None = None
    delay: float = 0.0


def record_size(record: RequestRecord) -> int:
    """Return the bytes that a record's bodies and message ids take."""
    return len(record.body) + len(record.reply_body) + ID_SIZE * len(record.messages)


RESEND_WINDOW = timedelta(minutes=1)  # on the workspace's clock
TEXTS_KEPT = 10_000  # maximum number of texts remembered


class SentText(NamedTuple):
    """A text that an account of a provider sent to a number."""

    provider: str
    account: str
    recipient: str
    text: str


class LostReply(NamedTuple):
    """A reply that was lost at `at`; `request` is the id of the request that sent these texts first."""

    at: datetime
    request: int
    texts: tuple[SentText, ...]


class LostReplies:
    """The texts of requests whose replies were lost within the last minute.

    A client that sends one of them again has probably sent it twice.
    """

    __slots__ = ("_found", "_last")

    def __init__(self) -> None:
        self._found: dict[SentText, tuple[datetime, int]] = {}  # oldest first
        self._last: datetime | None = None

    def __iter__(self) -> Iterator[LostReply]:
        """Yield the lost replies that have texts still remembered, oldest first."""
        for (at, request), found in groupby(self._found.items(), key=lambda item: item[1]):
            yield LostReply(at, request, tuple(text for text, _ in found))

    def put(self, lost: LostReply) -> None:
        """Add the texts of a lost reply; remove those that are too old or exceed the limit."""
        self._last = lost.at
        for text in lost.texts:
            self._found.pop(text, None)
            self._found[text] = (lost.at, lost.request)
        while self._found:
            oldest = next(iter(self._found))
            if len(self._found) <= TEXTS_KEPT and lost.at - self._found[oldest][0] <= RESEND_WINDOW:
                return
            del self._found[oldest]

    def are_recent(self, at: datetime) -> bool:
        """Return whether a reply was lost within the last minute."""
        return self._last is not None and at - self._last <= RESEND_WINDOW

    def find(self, texts: Iterable[SentText], at: datetime) -> int | None:
        """Return the id of the request that first sent one of the texts and lost its reply within the last minute."""
        for text in texts:
            found = self._found.get(text)
            if found is not None and at - found[0] <= RESEND_WINDOW:
                return found[1]
        return None
