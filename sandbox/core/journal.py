"""What came in and what went out: one exchange a request, refused ones too."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

BODY_LIMIT = 16 * 1024  # bytes of a body that the journal keeps
ID_WEIGHT = 80  # bytes that an id of a message takes; a request may make tens of thousands


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


def weight(exchange: RequestRecord) -> int:
    """Return how many bytes an entry keeps in its bodies and its messages' ids."""
    return len(exchange.body) + len(exchange.reply_body) + ID_WEIGHT * len(exchange.messages)
