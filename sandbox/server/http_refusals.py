"""The refusal of what HTTP itself gets wrong: below `/_sandbox` a problem of the control API, else the engine's."""

import re
from typing import NamedTuple

from sandbox.control.call import encode
from sandbox.control.middleware import BASE
from sandbox.control.problems import PROBLEM, document, refuse
from sandbox.engine.engine import Engine
from sandbox.pipeline import Answer
from sandbox.server.http_mistakes import find_mistake, read_request, take_apart
from sandbox.server.response_writer import whole
from sandbox.specs.body_parsing import Request


class Flaw(NamedTuple):
    """Why a request is refused before anybody handles it, and as much of it as was read."""

    status: int
    why: str
    request: Request


class FlawError(TimeoutError):
    """A request turned out to be unreadable while its body was awaited.

    Of this type, as aiohttp reads on in a body that was refused unread, and takes no other error there.
    """

    def __init__(self, flaw: Flaw) -> None:
        super().__init__(flaw.why)
        self.flaw = flaw


def unreadable(raw: bytes, *, before: int) -> Flaw:
    """Return what is wrong with a request that the parser refused; `before` it came so many on its connection."""
    request = read_request(raw)
    hint = "; the Content-Length of the request before it may be too small" if before and not request.path else ""
    return Flaw(400, find_mistake(raw) + hint, request)


def unfinished(raw: bytes, size: int, *, status: int, reason: str) -> Flaw:
    """Return what is wrong with a request whose end did not come; `size` is how many bytes came, `raw` the first."""
    return Flaw(status, f"{_missing(raw, size)}; {reason}", read_request(raw))


def _missing(raw: bytes, size: int) -> str:
    parts = take_apart(raw)
    if not parts.whole:
        return "request: the headers are incomplete: the empty line after them is missing"
    lengths = [each for each in parts.values("content-length") if re.fullmatch("[0-9]{1,18}", each)]
    if lengths:
        return f"body: {size - len(raw) + len(parts.body)} of {lengths[0]} bytes (Content-Length) arrived"
    return "body: the last chunk is missing"


def refused(engine: Engine, flaw: Flaw) -> Answer:
    """Return what a flawed request is answered with, and store it where it is none of the control API's."""
    status, why, request = flaw
    if request.path == BASE or request.path.startswith(f"{BASE}/"):
        shown = document(status, refuse(status, "", why).mistakes)
        return Answer(status, {"Content-Type": PROBLEM, "Cache-Control": "no-store"}, encode(shown))
    return engine.refuse(request, status=status, why=why)


def last_bytes(answer: Answer, *, method: str) -> bytes:
    """Return the bytes of a connection's last reply."""
    closing = answer._replace(headers={**answer.headers, "Connection": "close"})
    content = whole(closing)
    return content[: content.index(b"\r\n\r\n") + 4] if method == "HEAD" else content
