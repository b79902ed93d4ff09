"""What a running server prints: the banner, and a line for each request and each callback attempt, as text or JSON.

Without `--log-bodies` no line has a key, a token or a code. A terminal gets other lines, from `terminal_log`. Lines are
collected and written a little later, many together, so that a busy server spends little time on them.
"""

import asyncio
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from sandbox.core.callback import OPEN_STATES, Callback, CallbackState
from sandbox.core.change import Batch, MessagesDeleted, Subscribers, WorkspaceDeleted, WorkspaceReset
from sandbox.core.clock import format_time, utc_now
from sandbox.core.journal import RequestRecord
from sandbox.core.message import Message, Status
from sandbox.core.world import World
from sandbox.engine.engine import Engine
from sandbox.server.startup import Options, Ports
from sandbox.server.tls import CA_FILE

if TYPE_CHECKING:
    from sandbox.server.terminal_log import TerminalLog

FLUSH_DELAY = 0.05  # seconds until collected lines are written
READABLE = 50  # lines that are written at once and have codes; to find one takes longer than all else of a line
WHY_LIMIT = 200  # characters of a reason
RED, GREEN, GREY, PLAIN = "\x1b[31m", "\x1b[32m", "\x1b[90m", "\x1b[0m"
FIRST_FAILURE = 400  # the lowest HTTP status of a failure

# The states in which an attempt leaves a callback; pending if a retry follows.
ATTEMPTED = frozenset({CallbackState.DELIVERED, CallbackState.FAILED, CallbackState.PENDING})


class LogLine(NamedTuple):
    """A request or a callback attempt; `what` says what became of it, `details` has more by name."""

    at: datetime
    kind: str
    number: int
    operation: str
    to: str | None
    status: int | None
    ms: float
    what: str
    details: Mapping[str, object]


QUOTED = re.compile(r"(?<!\w)(?<!rule )(['\"]).*?\1")  # not the name of a scenario's rule
NUMBER = re.compile(r"(^[^ ]*: )-?\d[\d.]*")
DIGITS = re.compile(r"\d{4,}")


def mask(why: str) -> str:
    """Return a reason without the client's values: they are in quotes, or a number at the start of the sentence."""
    return NUMBER.sub(r"\1…", QUOTED.sub(r"\1…\1", why))


def escape_controls(text: str) -> str:
    """Return a text with its line breaks and control characters escaped."""
    return text if text.isprintable() else "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)


def request_line(exchange: RequestRecord, batch: Batch, *, bodies: bool) -> LogLine:
    """Return the line of a request and its batch."""
    details, message = {}, last_message(batch)
    if exchange.refused:
        why = exchange.why[0] if exchange.why else ""
        details["why"] = why if bodies else mask(why)[:WHY_LIMIT]
    if exchange.rule:
        details["rule"] = exchange.rule
    if exchange.delay:
        details["delay"] = f"{exchange.delay:g} s"
    if bodies:
        details["body"] = exchange.body.decode("utf-8", "replace")
        details["reply"] = exchange.reply_body.decode("utf-8", "replace")
    return LogLine(
        exchange.at,
        "request",
        exchange.id,
        exchange.operation or f"{exchange.method} {DIGITS.sub('…', exchange.path[:WHY_LIMIT])}",
        message.recipient[:5] + "…" if message else None,
        exchange.status,
        exchange.ms,
        describe_messages(message, len(exchange.messages)) if message else "",
        details,
    )


def last_message(batch: Batch) -> Message | None:
    """Return the last message of a batch."""
    for change in reversed(batch.changes):
        if type(change) is Message:
            return change
    return None


def describe_messages(message: Message, count: int) -> str:
    """Return the id of a request's message, or how many it created, and their final status."""
    created = message.id if count == 1 else f"{count} messages"
    return f"{created} → {describe_final(message)}" if message.is_moving else created


def describe_final(message: Message) -> str:
    """Return the status that the plan of a message ends with, and when."""
    final = message.steps[-1]
    return _describe_final(final.status, final.after)


@lru_cache(maxsize=256)
def _describe_final(status: Status, delay: timedelta) -> str:
    """Return a final status and its delay; most messages have the same."""
    return f"{status} in {delay.total_seconds():g} s"


def callback_line(callback: Callback, message: Message, *, bodies: bool) -> LogLine:
    """Return the line of a callback's last attempt."""
    attempt = callback.attempts[-1]
    details: dict[str, object] = {
        "message": message.id,
        "reports": callback.step.word,
        "attempt": attempt.number,
        "state": str(callback.state),
    }
    if attempt.error:
        details["why"] = attempt.error[:WHY_LIMIT]
    if bodies and callback.request:
        details["body"] = callback.request.body
    reports = f"reports {callback.step.word}, attempt {attempt.number} {_describe_state(callback)}"
    what = f"callback {callback.id} of {message.id} {reports}"
    to = message.recipient[:5] + "…"
    return LogLine(
        attempt.at, "callback", callback.id, message.operation, to, attempt.status, attempt.ms, what, details
    )


def _describe_state(callback: Callback) -> str:
    """Return what became of a callback with its last attempt."""
    wait = (callback.due - callback.attempts[-1].at).total_seconds()
    return f"failed, next in {round(wait, 1):g} s" if callback.state is CallbackState.PENDING else str(callback.state)


def describe_callback(callback: Callback) -> str:
    """Return what a callback reports, and what became of it with its last attempt, numbered if it is not the first."""
    number = callback.attempts[-1].number
    attempt = f", attempt {number}" if number > 1 else ""
    return f"{callback.step.word}{attempt}: {_describe_state(callback)}"


TEXT_DETAILS = ("rule", "delay", "why", "body", "reply")  # the details that a line of text has; `what` has the others


def format_text(line: LogLine, *, colour: bool) -> str:
    """Return a line as text."""
    time, status = line.at.time().isoformat("seconds"), str(line.status or "no response")
    if colour:
        good = line.status is not None and line.status < FIRST_FAILURE and "why" not in line.details
        time, status = f"{GREY}{time}{PLAIN}", f"{GREEN if good else RED}{status}{PLAIN}"
    to = f" {line.to}" if line.to else ""
    what = f" {line.what}" if line.what else ""
    shown = [f", {name}: {line.details[name]}" for name in TEXT_DETAILS if name in line.details] if line.details else ""
    details = "".join(shown)
    return f"{time} {escape_controls(line.operation)}{to} {status}{what} ({line.ms:.1f} ms{escape_controls(details)})\n"


def format_json(line: LogLine) -> str:
    """Return a line as JSON without null; `time` is real, `at` is on the workspace's clock."""
    facts = {
        "time": format_time(utc_now()),
        "at": format_time(line.at),
        "kind": line.kind,
        line.kind: line.number,
        "operation": line.operation,
        "to": line.to,
        "status": line.status,
        "ms": round(line.ms, 1),
        "what": line.what or None,
        **line.details,
    }
    return json.dumps({name: value for name, value in facts.items() if value is not None}, ensure_ascii=False) + "\n"


def format_note(text: str, *, kind: str = "note", as_json: bool) -> str:
    """Return the line of what is neither a request nor an attempt; as text it names a `kind` other than a note."""
    if as_json:
        return json.dumps({"time": format_time(utc_now()), "kind": kind, "what": text}, ensure_ascii=False) + "\n"
    return f"{text}\n" if kind == "note" else f"sms-sandbox: {kind}: {text}\n"


# A line for a terminal, or what makes another line, and of what: of a request and its batch, or an attempt.
Entry = str | tuple[Callable[..., LogLine], RequestRecord | Callback, Batch | Message]


@dataclass(slots=True)
class Log:
    """Passes lines of requests and attempts to `write`, many at a time; until then it keeps what they are made of."""

    world: Callable[[str], World | None]
    write: Callable[[str], None]
    as_json: bool = False
    bodies: bool = False
    terminal: "TerminalLog | None" = None  # what formats the lines for a person; it takes precedence
    _lines: list[Entry] = field(default_factory=list)
    # How many attempts of a callback are logged, by workspace and callback; open callbacks only.
    _logged: dict[tuple[str, int], int] = field(default_factory=dict)

    def subscribe(self, subscribers: Subscribers) -> None:
        """Start logging."""
        subscribers.add(self._on_request, RequestRecord)
        subscribers.add(self._on_callback, Callback, collected=False)
        subscribers.add(self._on_deletion, WorkspaceReset, MessagesDeleted, WorkspaceDeleted)

    def _on_request(self, exchange: RequestRecord, batch: Batch) -> None:
        if self.terminal is None:
            self._add((request_line, exchange, batch))
        else:
            with_code = len(self._lines) < READABLE
            self._add(self.terminal.request(exchange, last_message(batch), batch.workspace, with_code=with_code))

    def _on_callback(self, callback: Callback, batch: Batch) -> None:
        if callback.attempts and self._is_new_attempt(batch.workspace, callback):
            world = self.world(batch.workspace)
            message = world.messages.get(callback.message) if world else None
            if message is not None:
                terminal = self.terminal
                made = terminal and terminal.callback(callback, message, batch.workspace)
                self._add(made or (callback_line, callback, message))

    def _on_deletion(self, _: WorkspaceReset | MessagesDeleted | WorkspaceDeleted, batch: Batch) -> None:
        world = self.world(batch.workspace)
        kept = world.callbacks if world else ()
        logged = self._logged.items()
        self._logged = {each: count for each, count in logged if each[0] != batch.workspace or each[1] in kept}

    def _is_new_attempt(self, workspace: str, callback: Callback) -> bool:
        """Return whether an attempt that is not logged has ended; a callback changes for other reasons too."""
        logged = self._logged.pop((workspace, callback.id), 0)
        if callback.state in OPEN_STATES:
            self._logged[workspace, callback.id] = len(callback.attempts)
        return callback.state in ATTEMPTED and len(callback.attempts) > logged

    def write_note(self, text: str) -> None:
        """Write what is neither a request nor an attempt."""
        self.write(format_note(text, as_json=self.as_json))

    def _add(self, entry: Entry) -> None:
        if not self._lines:
            asyncio.get_running_loop().call_later(FLUSH_DELAY, self.flush)
        self._lines.append(entry)

    def flush(self) -> None:
        """Write the collected lines."""
        lines, self._lines = self._lines, []
        if lines:
            self.write("".join(map(self._format, lines)))

    def _format(self, entry: Entry) -> str:
        if isinstance(entry, str):
            return entry
        make_line, *parts = entry
        line = make_line(*parts, bodies=self.bodies)
        return format_json(line) if self.as_json else format_text(line, colour=False)


def format_banner(engine: Engine, options: Options, ports: Ports, *, default_url: str | None = None) -> str:
    """Return what a start prints: where the server listens, what it serves, and where it keeps its state.

    `default_url`: where the default workspace is at work if it is not here; None if no replica has it at work.
    """
    host = _url_host(options)
    counts = {name: len(pack.spec.operations) for name, pack in engine.packs.items()}
    served = ", ".join(f"{name} ({count} operation{'' if count == 1 else 's'})" for name, count in counts.items())
    tls = f" and https://{host}:{ports.tls} (CA certificate: {options.tls_dir / CA_FILE})" if ports.tls else ""
    lines = [
        f"sms-sandbox listens on http://{host}:{ports.plain}{tls}",
        f"  providers  {served}",
        *(_describe_default(engine.default.world) if _has_default(engine) else _describe_absence(engine, default_url)),
        *_describe_store(engine, options),
        *([f"  agents     http://{host}:{ports.plain}/_sandbox/mcp (MCP)"] if options.mcp else []),
    ]
    return "\n".join(lines)


def _has_default(engine: Engine) -> bool:
    """Return whether the default workspace is at work in this server."""
    return engine.owns(engine.default.name)


def _describe_default(world: World) -> Iterator[str]:
    targets = [f"{name} to {target.url}" for name, target in sorted(world.targets.items())]
    yield f"  scenario   {world.scenario.name}, seed {world.seed}, clock {world.clock.mode}"
    yield f"  callbacks  {', '.join(targets) or 'collected, not sent (set --callback PROVIDER=URL)'}"


def _describe_absence(engine: Engine, default_url: str | None) -> Iterator[str]:
    lease = engine.replica.store.lease.total_seconds() if engine.replica else 0
    place = f"at {default_url}" if default_url else f"has no owner; a replica takes it over within {lease:g}s"
    yield f"  scenario   default workspace {place}"


def _describe_store(engine: Engine, options: Options) -> Iterator[str]:
    if engine.persistence is None:
        return
    store, replica = engine.persistence.store, engine.replica
    sync = "" if options.store_sync else ", sync off"
    where = f"{store.place}{sync}, replica {replica.store.id}" if replica else f"{store.place} ({store.software}{sync})"
    yield f"  store      {where}"


def format_banner_json(engine: Engine, options: Options, ports: Ports, *, default_url: str | None = None) -> str:
    """Return the banner as one line of JSON that always has the same members."""
    host = _url_host(options)
    url = f"http://{host}:{ports.plain}"
    world = engine.default.world if _has_default(engine) else None
    store = None if engine.persistence is None else engine.persistence.store
    facts = {
        "time": format_time(utc_now()),
        "kind": "start",
        "url": url,
        "port": ports.plain,
        "tls_url": f"https://{host}:{ports.tls}" if ports.tls else None,
        "tls_port": ports.tls,
        "tls_ca": str(options.tls_dir / CA_FILE) if ports.tls else None,
        "providers": {name: len(pack.spec.operations) for name, pack in engine.packs.items()},
        "default_workspace": url if world else default_url,
        "scenario": world.scenario.name if world else None,
        "seed": world.seed if world else None,
        "clock": str(world.clock.mode) if world else None,
        "callbacks": {name: target.url for name, target in sorted(world.targets.items())} if world else None,
        "store": store.kind if store else "memory",
        "store_place": store.place if store else None,
        "store_software": store.software if store else None,
        "replica": engine.replica.store.id if engine.replica else None,
        "mcp": f"{url}/_sandbox/mcp" if options.mcp else None,
    }
    return json.dumps(facts, ensure_ascii=False)


def _url_host(options: Options) -> str:
    return f"[{options.host}]" if ":" in options.host else options.host
