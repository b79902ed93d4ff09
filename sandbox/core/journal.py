"""What came in and what went out: one exchange a request, refused ones too."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

BODY_LIMIT = 16 * 1024  # bytes of a body that the journal keeps
ID_SIZE = 80  # bytes that an id of a message takes; a request may make tens of thousands


class RequestRecord(NamedTuple):
    """A request and its reply as they went over the wire, bodies cut to 16 KB (`body_size` tells what came).

    `key` is the credential, to be masked wherever it is shown; `why` says what was refused and what would be right,
    then what was passed over; of a request that is not `refused` it has the latter alone.
    `resent_of` is the number of the request that sent the same text to the same number, where its reply was lost.
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


def record_size(exchange: RequestRecord) -> int:
    """Return how many bytes an entry keeps in its bodies and its messages' ids."""
    return len(exchange.body) + len(exchange.reply_body) + ID_SIZE * len(exchange.messages)


RESEND_WINDOW = timedelta(minutes=1)  # on the workspace's clock
TEXTS_KEPT = 10_000  # texts that are remembered at most


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
            if len(self._found) <= TEXTS_KEPT and lost.at - self._found[oldest][0] <= RESEND_WINDOW:
                return
            del self._found[oldest]

    def are_recent(self, at: datetime) -> bool:
        """Whether a reply was lost within the last minute."""
        return self._last is not None and at - self._last <= RESEND_WINDOW

    def find(self, texts: Iterable[SentText], at: datetime) -> int | None:
        """Return the number of the request that first sent one of the texts and whose reply was lost of late."""
        for text in texts:
            found = self._found.get(text)
            if found is not None and at - found[0] <= RESEND_WINDOW:
                return found[1]
        return None
