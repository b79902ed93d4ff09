"""Sessions as a recorder would write them, of a sandbox in the place of the real provider."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

from sandbox.callbacks.compose import request_of
from sandbox.core.scenario import Scenario
from sandbox.learning.scenario import learn_scenario
from sandbox.pipeline import Response
from sandbox.recording.ids import ReportedIds
from sandbox.recording.session import (
    Body,
    Entry,
    RecordedCallback,
    RecordedExchange,
    RecordedReply,
    RecordedRequest,
    Reported,
    SessionHeader,
    SessionWriter,
)
from sandbox.scenarios import load_text
from tests.builders import NOON, Desk, packs

HEADER = SessionHeader(NOON, "0", "record", {"betatel": "https://api.betatel.com"}, ("credentials",))
NOTHING = RecordedRequest("POST", "/", "", ())


class RecordedDesk:
    """Writes down what a desk is sent and what it reports, bound by ids as the recorder does it."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.entries: list[Entry] = []
        self._ids = ReportedIds()
        self._seen = 0

    def sent(self, reply: Response, operation: str, *, messages: int = 1, ms: float = 0.0) -> None:
        """Add the exchange of a request that was just sent, whose reply took some time."""
        self.entries.append(
            exchange(
                len(self.entries) + 1,
                operation,
                at=self.desk.world.now() - timedelta(milliseconds=ms),
                reply=as_recorded(reply),
                messages=messages,
                ms=ms,
            )
        )
        kind = reply.headers.get("Content-Type", "").lower()
        self._ids.add(operation.partition(".")[0], len(self.entries), reply.body.decode(), kind)

    def advance(self, by: timedelta = timedelta(days=2)) -> None:
        """Let the clock pass, and add the callbacks on the way."""
        self.desk.advance(by)
        world = self.desk.world
        callbacks = [*world.callbacks.values()][self._seen :]
        self._seen += len(callbacks)
        for each in callbacks:
            outgoing = request_of(world, packs(), each)
            assert outgoing is not None
            provider = world.messages[each.message].provider
            path, _, query = outgoing.url.partition("?")
            kind = outgoing.headers.get("Content-Type", "")
            found = self._ids.find(provider, query, outgoing.body, kind.lower())
            request = RecordedRequest(outgoing.method, path, query, (("Content-Type", kind),), Body(outgoing.body))
            reports = None if found is None else Reported(*found)
            self.entries.append(
                callback(len(self.entries) + 1, provider, at=each.due, reports=reports, request=request)
            )

    def write(self, path: Path) -> Path:
        """Write the session."""
        return write(path, self.entries)


def as_recorded(reply: Response) -> RecordedReply:
    """Return a reply as a session has it."""
    return RecordedReply(reply.status, tuple(reply.headers.items()), Body(reply.body.decode()))


def exchange(  # noqa: PLR0913 - what an exchange has
    number: int,
    operation: str,
    *,
    at: datetime = NOON,
    reply: RecordedReply | None = None,
    messages: int = 1,
    ms: float | None = 0.0,
    fault: str = "",
    refused: str = "",
) -> RecordedExchange:
    """Return an exchange; without a reply, it is accepted with 200."""
    answer = reply or RecordedReply(200, (), Body("{}"))
    provider = operation.partition(".")[0]
    return RecordedExchange(number, at, provider, operation, NOTHING, answer, ms, messages, fault, refused)


def callback(
    number: int, provider: str, *, at: datetime, reports: Reported | None, request: RecordedRequest
) -> RecordedCallback:
    """Return a callback."""
    return RecordedCallback(number, at, provider, request, None, 1.0, reports)


def betatel_callback(number: int, status: str, *, seconds: float, send: int, message: str = "m") -> RecordedCallback:
    """Return a callback of Betatel, so many seconds after noon."""
    request = RecordedRequest("POST", "", "", (), Body(f'{{"uuid":"{message}","status":"{status}","to":"+387617"}}'))
    at = NOON + timedelta(seconds=seconds)
    return callback(number, "betatel", at=at, reports=Reported(send, message), request=request)


def write(path: Path, entries: Iterable[Entry]) -> Path:
    """Write a session of these entries."""
    with SessionWriter(path, HEADER) as writer:
        for each in entries:
            writer.write(each)
    return path


def learn(path: Path) -> tuple[str, Scenario]:
    """Return the scenario that a session teaches, as text and compiled; it must have neither mistakes nor warnings."""
    text = learn_scenario(path, packs())
    scenario = load_text(text, "learnt.yaml", packs=packs())
    assert scenario.warnings == ()
    return text, scenario
