"""Results of the control API as text for people: in a terminal, and in the report of a failing test."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar
from urllib.parse import unquote, urlencode

from sandbox.client.behaviour_values import Advance, AdvanceItem, Agenda, AgendaItem, Clock
from sandbox.client.clients import Client
from sandbox.client.codec import Page
from sandbox.client.errors import ClientError
from sandbox.client.values import Account, Attempt, Callback, Message, Request, Target, Verdict, Workspace
from sandbox.core.clock import ClockMode, format_time

Row = TypeVar("Row")

TEXT_WIDTH = 60  # characters of a text or path
CALLBACK_WIDTH = 80
ENCODED = frozenset({"X-Sandbox-Why", "X-Sandbox-Rule"})  # headers that are percent-encoded
REPORTED = 20  # requests, messages and callbacks in a failure report, each


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return rows as columns under their heads, without trailing spaces."""
    lines = [tuple(heads), *(tuple(_cell(cell) for cell in row) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(_line(line, widths) for line in lines)


def _line(line: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()


def _cell(value: object) -> str:
    """Return the text of a value, with spaces in place of what could control a terminal."""
    text = "" if value is None else str(value)
    return "".join(each if each.isprintable() else " " for each in text)


def _cut(text: str, length: int = TEXT_WIDTH) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


def _time(at: datetime) -> str:
    """Return the time of day, with milliseconds unless they are 0."""
    return at.strftime("%H:%M:%S") + (f".{at.microsecond // 1000:03}" if at.microsecond else "")


def _moment(at: datetime) -> str:
    """Return the date and the time of day."""
    return f"{at.date()} {_time(at)}"


def _shown_by(moments: Iterable[datetime]) -> Callable[[datetime], str]:
    """Return the function that shows some times: with their dates, unless all are of one day."""
    return _time if len({at.date() for at in moments}) <= 1 else _moment


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _indented(lines: Iterable[str]) -> str:
    return "".join(f"\n        {_cell(line)}" for line in lines)


def messages(items: Iterable[Message]) -> str:
    """Return messages as a table."""
    heads = ("TIME", "ID", "OPERATION", "FROM", "TO", "STATUS", "TEXT")
    items = tuple(items)
    shown = _shown_by(each.accepted_at for each in items)
    return table(heads, (_message(each, shown) for each in items))


def _message(each: Message, shown: Callable[[datetime], str]) -> tuple[object, ...]:
    status = f"{each.status} ({each.provider_status})"
    return (shown(each.accepted_at), each.id, each.operation, each.sender, each.to, status, _cut(each.text))


def requests(items: Iterable[Request]) -> str:
    """Return requests as a table, each followed by its reasons or hints."""
    heads = ("TIME", "NO", "OPERATION", "TO", "REQUEST", "REPLY", "MS")
    items = tuple(items)
    shown = _shown_by(each.at for each in items)
    head, *lines = table(heads, (_request(each, shown) for each in items)).splitlines()
    reasons = (_indented(_reasons(each)) for each in items)
    return "\n".join([head, *(line + more for line, more in zip(lines, reasons, strict=True))])


def _reasons(each: Request) -> tuple[str, ...]:
    return (*each.why, *([f"rule: {each.rule}"] if each.rule else ()))


def _request(each: Request, shown: Callable[[datetime], str]) -> tuple[object, ...]:
    reply = f"{each.reply.status}{' refused' if each.refused else ''}"
    request = _cut(f"{each.method} {each.path}")
    first, *others = each.to or ("-",)
    to = f"{first} +{len(others)}" if others else first
    return (shown(each.at), each.id, each.operation or "-", _cut(to), request, reply, f"{each.ms:.1f}")


def request(each: Request) -> str:
    """Return a request and its reply with headers and bodies, and its reasons or hints."""
    query = urlencode(each.query, doseq=True)
    head = f"request {each.id} at {_moment(each.at)}, {each.operation or 'no operation'}"
    parts = (
        f"{head}: {'refused' if each.refused else 'accepted'}{_indented(_reasons(each))}",
        _http(f"{each.method} {each.path}{'?' if query else ''}{query}", each.headers, each.body),
        _http(f"reply {each.reply.status} after {each.ms:.1f} ms", each.reply.headers, each.reply.body),
        *([f"messages: {', '.join(each.messages)}"] if each.messages else ()),
    )
    return "\n\n".join(parts)


def sent(each: Request) -> str:
    """Return the reply to a request that was just sent, its messages, and its reasons or hints."""
    lines = (*(f"message {message}" for message in each.messages), *_reasons(each))
    outcome = "refused" if each.refused else "accepted"
    body = "\n".join(map(_cell, each.reply.body.splitlines()))
    return f"request {each.id}, {each.operation}: {outcome} with {each.reply.status}{_indented(lines)}\n{body}"


def _http(line: str, headers: Mapping[str, str], body: str) -> str:
    lines = (
        line,
        *(f"{name}: {unquote(value) if name in ENCODED else value}" for name, value in headers.items()),
        *(("", *body.splitlines()) if body else ()),
    )
    return "\n".join(map(_cell, lines))


def callbacks(items: Iterable[Callback]) -> str:
    """Return callbacks as a table, each followed by its attempts."""
    heads = ("DUE", "NO", "REPORTS", "STATE", "MESSAGE", "REQUEST")
    items = tuple(items)
    shown = _shown_by(at for each in items for at in (each.due, *(attempt.at for attempt in each.attempts)))
    head, *lines = table(heads, (_callback(each, shown) for each in items)).splitlines()
    attempts = (_indented(_attempt(attempt, shown) for attempt in each.attempts) for each in items)
    return "\n".join([head, *(line + more for line, more in zip(lines, attempts, strict=True))])


def _callback(each: Callback, shown: Callable[[datetime], str]) -> tuple[object, ...]:
    request = None if each.request is None else _cut(f"{each.request.method} {each.request.url}", CALLBACK_WIDTH)
    return (shown(each.due), each.id, _reported(each), each.state, each.message, request)


def _reported(each: Callback) -> str:
    """Return the provider's word for a status, and its meaning if that differs, such as `1 (delivered)`."""
    return each.reports if each.reports.lower() == each.status else f"{each.reports} ({each.status})"


def callback(each: Callback) -> str:
    """Return a callback with its request and every attempt."""
    attempts = _indented(_attempt(attempt, _moment) for attempt in each.attempts)
    head = f"callback {each.id} of message {each.message} ({each.provider}) reports {_reported(each)}: {each.state}"
    state = f"{head}, due at {_moment(each.due)}{attempts}"
    sent = each.request
    return state if sent is None else f"{state}\n\n{_http(f'{sent.method} {sent.url}', sent.headers, sent.body)}"


def _attempt(each: Attempt, shown: Callable[[datetime], str]) -> str:
    result = each.error or f"{each.status} {_cut(_cell(each.answer))}".rstrip()
    return f"attempt {each.number} at {shown(each.at)}{' (replay)' if each.replay else ''}: {result}"


def advance(result: Advance) -> str:
    """Return the effects of an advance, one a line."""
    shown = _shown_by((result.begin, result.end))
    head = f"{shown(result.begin)} → {shown(result.end)}: {_count(result.count, 'event')}"
    lines = (f"  {shown(each.at)}  {each.message}  {each.status or _tried(each)}" for each in result.items)
    more = [f"  … and {result.count - len(result.items)} more"] if result.truncated else []
    return "\n".join([head, *lines, *more])


def _tried(item: AdvanceItem) -> str:
    """Return what became of a callback: collected, dropped by the scenario, or the result of an attempt."""
    if item.attempt is None:
        return "callback collected" if item.error is None else f"callback {item.error}"
    result = item.error or item.http_status
    return f"callback, attempt {item.attempt}" + ("" if result is None else f": {result}")


def agenda(due: Agenda) -> str:
    """Return what is due next as a table, and how much follows."""
    shown = _shown_by(each.at for each in due.items)
    rows = ((shown(each.at), _due(each), each.provider, each.to, each.message) for each in due.items)
    rest = due.count - len(due.items)
    more = [f"… and {rest} more"] if rest else []
    return "\n".join([table(("DUE", "WHAT", "PROVIDER", "TO", "MESSAGE"), rows), *more])


def _due(item: AgendaItem) -> str:
    """Return a status, or the callback that reports it."""
    if item.callback is None:
        return str(item.status)
    return f"callback {item.callback} ({item.status}), attempt {item.attempt}"


def clock(shown: Clock) -> str:
    """Return how a clock runs, and its time."""
    speed = f" at {shown.rate:g}x" if shown.mode is ClockMode.SCALED else ""
    return f"{shown.mode}{speed}, now {format_time(shown.now)}"


def targets(found: Mapping[str, Target]) -> str:
    """Return callback targets as a table."""
    return table(("PROVIDER", "URL", "KEY"), ((name, each.url, each.key) for name, each in found.items()))


def accounts(items: Iterable[Account]) -> str:
    """Return accounts as a table."""
    return table(("PROVIDER", "KEY", "BALANCE", "SENDERS"), map(_account, items))


def _account(each: Account) -> tuple[object, ...]:
    senders = (f"{sender.id} ({sender.state})" for sender in (*each.senders, *each.brands))
    return (each.provider, each.key, _balance(each), ", ".join(senders))


def _balance(each: Account) -> str:
    return ", ".join(f"{name} {amount}" for name, amount in each.balance.items())


def account(shown: Account) -> str:
    """Return an account with its senders, templates and stop list."""
    lines = (
        *([] if shown.used else ["never used: the first request with this key opens this account"]),
        *(f"sender {each.id}: {each.name}, {each.state}" for each in (*shown.senders, *shown.brands)),
        *(f"template {each.id}: {each.text}" for each in shown.templates),
        *(f"stop list: {number}" for number in shown.stop_list),
    )
    return f"{shown.provider} {shown.key}, balance {_balance(shown)}" + "".join(f"\n  {_cell(line)}" for line in lines)


def verdict(result: Verdict) -> str:
    """Return the result of a verification, each near miss in a line."""
    return "\n".join(map(_cell, str(result).splitlines()))


def workspace(created: Workspace) -> str:
    """Return a workspace and its keys."""
    keys = (
        f"  {provider}: {', '.join(f'{field} {key}' for field, key in each.items())}"
        for provider, each in created.keys.items()
    )
    named = f" ({created.name})" if created.name else ""
    head = f"{created.id}{named}, scenario {created.scenario}, seed {created.seed}, clock {created.clock.mode}"
    return "\n".join([head, *keys])


def workspaces(items: Iterable[Workspace]) -> str:
    """Return workspaces as a table."""
    rows = ((each.id, each.name, each.scenario, each.seed, each.clock.mode) for each in items)
    return table(("ID", "NAME", "SCENARIO", "SEED", "CLOCK"), rows)


def failure_report(client: Client) -> str:
    """Return the newest requests, messages and callbacks of a workspace, for the report of a failing test."""
    try:
        clock = client.clock()
        sections = [
            f"scenario {client.scenario().name}, clock {clock.mode} at {format_time(clock.now)}",
            _section("requests", client.requests(limit=REPORTED), requests),
            _section("messages", client.messages(limit=REPORTED), messages),
            _section("callbacks", client.callbacks(limit=REPORTED), callbacks),
        ]
    except ClientError as error:
        return f"the workspace cannot be read: {error}"
    return "\n\n".join(sections)


def _section(title: str, items: Page[Row], show: Callable[[Page[Row]], str]) -> str:
    return f"{title}, newest first\n{show(items)}" if items else f"no {title}"
