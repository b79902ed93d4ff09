"""What a running server says: a line a request and a line an attempt at a callback, for people or as JSON.

No key, token or code is in it unless bodies are asked for. What happens is noted and written a little later, many lines
together, so that a busy server spends little on them.
"""

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from sandbox.core.callback import OPEN, Callback, State
from sandbox.core.change import Batch, MessagesDeleted, Subscribers, WorkspaceDeleted, WorkspaceReset
from sandbox.core.clock import stamp, wall
from sandbox.core.journal import RequestRecord
from sandbox.core.lifecycle import Status
from sandbox.core.message import Message
from sandbox.core.world import World

PAUSE = 0.05  # seconds between two writings
SHOWN = 200  # characters of a reason
RED, GREEN, GREY, PLAIN = "\x1b[31m", "\x1b[32m", "\x1b[90m", "\x1b[0m"
FAILURE = 400  # HTTP statuses from here on

# The states in which an attempt leaves a callback; pending when a retry follows.
TRIED = frozenset({State.DELIVERED, State.FAILED, State.PENDING})


class Line(NamedTuple):
    """A request or an attempt, as far as it is told; `what` became of it, in words, and `more` by name."""

    at: datetime
    kind: str
    number: int
    operation: str
    to: str | None
    status: int | None
    ms: float
    what: str
    more: Mapping[str, object]


NO_MORE: Mapping[str, object] = {}
QUOTED = re.compile(r"(?<!\w)(?<!rule )(['\"]).*?\1")  # a scenario's rule may be named
NUMBER = re.compile(r"(^[^ ]*: )-?\d[\d.]*")
DIGITS = re.compile(r"\d{4,}")


def mask(why: str) -> str:
    """Return a reason without what came: it stands in quotes, or as a number at the beginning of what is wrong."""
    return NUMBER.sub(r"\1…", QUOTED.sub(r"\1…\1", why))


def flat(text: str) -> str:
    """Return a text in which nothing begins a line of its own or steers a terminal."""
    return text if text.isprintable() else "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)


def request_line(exchange: RequestRecord, message: Message | None, *, bodies: bool) -> Line:
    """Return what is told of a request; `message` is the last that it made."""
    more = {}
    if exchange.refused:
        why = exchange.why[0] if exchange.why else ""
        more["why"] = why if bodies else mask(why)[:SHOWN]
    if exchange.rule:
        more["rule"] = exchange.rule
    if bodies:
        more["body"] = exchange.body.decode("utf-8", "replace")
        more["reply"] = exchange.reply_body.decode("utf-8", "replace")
    return Line(
        exchange.at,
        "request",
        exchange.id,
        exchange.operation or f"{exchange.method} {DIGITS.sub('…', exchange.path[:SHOWN])}",
        message.recipient[:5] + "…" if message else None,
        exchange.status,
        exchange.ms,
        outlook(message, len(exchange.messages)) if message else "",
        more or NO_MORE,
    )


def outlook(message: Message, count: int) -> str:
    """Return which message a request made, or how many, and how its life will end."""
    made = message.id if count == 1 else f"{count} messages"
    if not message.plan:
        return made
    end = message.plan[-1]
    return f"{made} → {_ending(end.status, end.at - message.history[0].at)}"


@lru_cache(maxsize=256)
def _ending(status: Status, delay: timedelta) -> str:
    """Return how a life ends: most end as others do."""
    return f"{status} in {delay.total_seconds():g} s"


def callback_line(callback: Callback, message: Message, *, bodies: bool) -> Line:
    """Return what is told of an attempt."""
    attempt = callback.attempts[-1]
    more: dict[str, object] = {
        "message": message.id,
        "reports": callback.step.word,
        "attempt": attempt.number,
        "state": str(callback.state),
    }
    if attempt.error:
        more["why"] = attempt.error[:SHOWN]
    if bodies and callback.request:
        more["body"] = callback.request.body
    wait = (callback.due - attempt.at).total_seconds()
    end = f"failed, the next in {round(wait, 1):g} s" if callback.state is State.PENDING else str(callback.state)
    what = f"callback {callback.id} of {message.id} reports {callback.step.word}, attempt {attempt.number} {end}"
    to = message.recipient[:5] + "…"
    return Line(attempt.at, "callback", callback.id, message.operation, to, attempt.status, attempt.ms, what, more)


TOLD = ("rule", "why", "body", "reply")  # what a person is told of `more`; the rest is in `what`


def in_words(line: Line, *, colour: bool) -> str:
    """Return the line that a person reads."""
    time, status = line.at.isoformat()[11:19], str(line.status or "no answer")
    if colour:
        good = line.status is not None and line.status < FAILURE and "why" not in line.more
        time, status = f"{GREY}{time}{PLAIN}", f"{GREEN if good else RED}{status}{PLAIN}"
    to = f" {line.to}" if line.to else ""
    what = f" {line.what}" if line.what else ""
    more = "".join(f", {name}: {line.more[name]}" for name in TOLD if name in line.more) if line.more else ""
    return f"{time} {flat(line.operation)}{to} {status}{what} ({line.ms:.1f} ms{flat(more)})\n"


def in_json(line: Line) -> str:
    """Return the line that a program reads; `time` is real, `at` the workspace's. What is not known is left out."""
    facts = {
        "time": stamp(wall()),
        "at": stamp(line.at),
        "kind": line.kind,
        line.kind: line.number,
        "operation": line.operation,
        "to": line.to,
        "status": line.status,
        "ms": round(line.ms, 1),
        "what": line.what or None,
        **line.more,
    }
    return json.dumps({name: value for name, value in facts.items() if value is not None}, ensure_ascii=False) + "\n"


def note(text: str, *, kind: str = "note", as_json: bool) -> str:
    """Return the line of what is neither request nor attempt; a person is told of a `kind` other than a note."""
    if as_json:
        return json.dumps({"time": stamp(wall()), "kind": kind, "what": text}, ensure_ascii=False) + "\n"
    return f"{text}\n" if kind == "note" else f"sms-sandbox: {kind}: {text}\n"


@dataclass(slots=True)
class Log:
    """Tells `write` of requests and attempts, many lines at a time."""

    world: Callable[[str], World | None]
    write: Callable[[str], None]
    as_json: bool = False
    bodies: bool = False
    colour: bool = False
    _lines: list[Line] = field(default_factory=list)
    _told: dict[tuple[str, int], int] = field(default_factory=dict)  # attempts, of callbacks that have not ended

    def follow(self, subscribers: Subscribers) -> None:
        """Hear of what is told."""
        subscribers.add(self._hear_request, RequestRecord)
        subscribers.add(self._hear_callback, Callback)
        subscribers.add(self._forget, WorkspaceReset, MessagesDeleted, WorkspaceDeleted)

    def _hear_request(self, exchange: RequestRecord, batch: Batch) -> None:
        made = [each for each in batch.changes if type(each) is Message]
        self._add(request_line(exchange, made[-1] if made else None, bodies=self.bodies))

    def _hear_callback(self, callback: Callback, batch: Batch) -> None:
        if callback.attempts and self._is_new(batch.workspace, callback):
            world = self.world(batch.workspace)
            message = world.messages.get(callback.message) if world else None
            if message is not None:
                self._add(callback_line(callback, message, bodies=self.bodies))

    def _forget(self, _: WorkspaceReset | MessagesDeleted | WorkspaceDeleted, batch: Batch) -> None:
        world = self.world(batch.workspace)
        kept = world.callbacks if world else ()
        told = self._told.items()
        self._told = {each: count for each, count in told if each[0] != batch.workspace or each[1] in kept}

    def _is_new(self, workspace: str, callback: Callback) -> bool:
        """Whether an attempt has ended that was not told; one that waits for its retry changes in other ways too."""
        told = self._told.pop((workspace, callback.id), 0)
        if callback.state in OPEN:
            self._told[workspace, callback.id] = len(callback.attempts)
        return callback.state in TRIED and len(callback.attempts) > told

    def say(self, text: str) -> None:
        """Tell what is neither request nor attempt."""
        self.write(note(text, as_json=self.as_json))

    def _add(self, line: Line) -> None:
        if not self._lines:
            asyncio.get_running_loop().call_later(PAUSE, self.flush)
        self._lines.append(line)

    def flush(self) -> None:
        """Write what was gathered."""
        lines, self._lines = self._lines, []
        if lines:
            told = map(in_json, lines) if self.as_json else (in_words(each, colour=self.colour) for each in lines)
            self.write("".join(told))
