"""What a running server says: a line a request and a line an attempt at a callback, for people or as JSON.

No key, token or code is in it unless bodies are asked for. Lines are gathered and written together, so that a busy
server spends little on them.
"""

import asyncio
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from sandbox.core.callback import Callback, State
from sandbox.core.clock import stamp
from sandbox.core.journal import Exchange
from sandbox.core.message import Message
from sandbox.core.world import Batch, World

PAUSE = 0.05  # seconds between two writings
SHOWN = 200  # characters of a reason
RED, GREEN, GREY, PLAIN = "\x1b[31m", "\x1b[32m", "\x1b[90m", "\x1b[0m"

# The states in which an attempt leaves a callback; pending when a retry follows.
TRIED = frozenset({State.DELIVERED, State.FAILED, State.PENDING})

Facts = dict[str, object]


def mask(text: str) -> str:
    """Return a text with each longer run of digits cut: it may be a number or a code."""
    return re.sub(r"(\d{0,3})\d{3,}", r"\1…", text)


def request_facts(exchange: Exchange, recipient: str | None, *, bodies: bool) -> Facts:
    """Return what is told of a request."""
    facts: Facts = {
        "at": stamp(exchange.at),
        "kind": "request",
        "request": exchange.id,
        "operation": exchange.operation or f"{exchange.method} {exchange.path[:SHOWN]}",
        "to": recipient[:5] + "…" if recipient else None,
        "status": exchange.status,
        "messages": len(exchange.messages),
        "ms": round(exchange.ms, 1),
    }
    if exchange.refused:
        facts["why"] = exchange.why[0] if bodies and exchange.why else mask("; ".join(exchange.why[:1]))[:SHOWN]
    if exchange.rule:
        facts["rule"] = exchange.rule
    if bodies:
        facts["body"] = exchange.body.decode("utf-8", "replace")
        facts["reply"] = exchange.reply_body.decode("utf-8", "replace")
    return facts


def callback_facts(callback: Callback, message: Message, *, bodies: bool) -> Facts:
    """Return what is told of an attempt."""
    attempt = callback.attempts[-1]
    facts: Facts = {
        "at": stamp(attempt.at),
        "kind": "callback",
        "callback": callback.id,
        "operation": message.operation,
        "to": message.recipient[:5] + "…",
        "reports": callback.step.word,
        "attempt": attempt.number,
        "status": attempt.status,
        "ms": round(attempt.ms, 1),
        "state": str(callback.state),
    }
    if attempt.error:
        facts["why"] = attempt.error[:SHOWN]
    if bodies and callback.request:
        facts["body"] = callback.request.body
    return facts


def words(facts: Facts, *, colour: bool) -> str:
    """Return the line that a person reads."""
    time = str(facts["at"])[11:19]
    good = facts["status"] is not None and str(facts["status"]) < "400" and "why" not in facts
    status = str(facts["status"] or "no answer")
    if colour:
        time, status = f"{GREY}{time}{PLAIN}", f"{GREEN if good else RED}{status}{PLAIN}"
    to = f" {facts['to']}" if facts["to"] else ""
    if facts["kind"] == "callback":
        line = f"{time} {facts['operation']}{to} {facts['reports']} → callback, attempt {facts['attempt']}: {status}"
    else:
        many = f" {facts['messages']} messages" if isinstance(facts["messages"], int) and facts["messages"] > 1 else ""
        line = f"{time} {facts['operation']}{to} {status}{many}"
    more = [f"{name}: {facts[name]}" for name in ("rule", "why", "body", "reply") if name in facts]
    took = f"{facts['ms']} ms"
    return f"{line} ({', '.join([took, *more])})"


@dataclass(slots=True)
class Log:
    """A listener that tells `write` of requests and attempts, many lines at a time."""

    world: Callable[[str], World | None]
    write: Callable[[str], None]
    as_json: bool = False
    bodies: bool = False
    colour: bool = False
    _lines: list[Facts] = field(default_factory=list)

    def __call__(self, batch: Batch) -> None:
        """Hear of a batch."""
        world = self.world(batch.workspace)
        recipient = None
        for change in batch.changes:
            if isinstance(change, Message):
                recipient = change.recipient
            elif isinstance(change, Exchange):
                self._add(request_facts(change, recipient, bodies=self.bodies))
            elif isinstance(change, Callback) and change.attempts and change.state in TRIED:
                message = world.messages.get(change.message) if world else None
                if message is not None:
                    self._add(callback_facts(change, message, bodies=self.bodies))

    def _add(self, facts: Facts) -> None:
        if not self._lines:
            asyncio.get_running_loop().call_later(PAUSE, self.flush)
        self._lines.append(facts)

    def flush(self) -> None:
        """Write what was gathered."""
        lines, self._lines = self._lines, []
        if lines:
            self.write("".join(f"{self._line(facts)}\n" for facts in lines))

    def _line(self, facts: Facts) -> str:
        if self.as_json:
            return json.dumps({name: value for name, value in facts.items() if value is not None}, ensure_ascii=False)
        return words(facts, colour=self.colour)
