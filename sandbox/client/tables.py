"""Results of the control API as text for people: in a terminal, and in the report of a failing test."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import TypeVar

from sandbox.client.clients import Client
from sandbox.client.codec import Page
from sandbox.client.errors import ClientError
from sandbox.client.values import Advance, Attempt, Callback, Message, Request, Verdict, Workspace
from sandbox.core.clock import format_time

Row = TypeVar("Row")

TEXT_WIDTH = 60  # characters of a text or path
CALLBACK_WIDTH = 80
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


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _indented(lines: Iterable[str]) -> str:
    return "".join(f"\n        {_cell(line)}" for line in lines)


def messages(items: Iterable[Message]) -> str:
    """Return messages as a table."""
    heads = ("TIME", "ID", "OPERATION", "FROM", "TO", "STATUS", "TEXT")
    return table(heads, map(_message, items))


def _message(each: Message) -> tuple[object, ...]:
    status = f"{each.status} ({each.provider_status})"
    return (_time(each.accepted_at), each.id, each.operation, each.sender, each.to, status, _cut(each.text))


def requests(items: Iterable[Request]) -> str:
    """Return requests as a table, each followed by its reasons or hints."""
    heads = ("TIME", "NO", "OPERATION", "REQUEST", "REPLY", "MS")
    items = tuple(items)
    head, *lines = table(heads, map(_request, items)).splitlines()
    reasons = (_indented((*each.why, *([f"rule: {each.rule}"] if each.rule else ()))) for each in items)
    return "\n".join([head, *(line + more for line, more in zip(lines, reasons, strict=True))])


def _request(each: Request) -> tuple[object, ...]:
    reply = f"{each.reply.status}{' refused' if each.refused else ''}"
    request = _cut(f"{each.method} {each.path}")
    return (_time(each.at), each.id, each.operation or "-", request, reply, f"{each.ms:.1f}")


def callbacks(items: Iterable[Callback]) -> str:
    """Return callbacks as a table, each followed by its attempts."""
    heads = ("DUE", "NO", "REPORTS", "STATE", "MESSAGE", "REQUEST")
    items = tuple(items)
    head, *lines = table(heads, map(_callback, items)).splitlines()
    attempts = (_indented(map(_attempt, each.attempts)) for each in items)
    return "\n".join([head, *(line + more for line, more in zip(lines, attempts, strict=True))])


def _callback(each: Callback) -> tuple[object, ...]:
    request = None if each.request is None else _cut(f"{each.request.method} {each.request.url}", CALLBACK_WIDTH)
    return (_time(each.due), each.id, each.reports, each.state, each.message, request)


def _attempt(each: Attempt) -> str:
    result = each.error or f"{each.status} {_cut(_cell(each.answer))}".rstrip()
    return f"attempt {each.number} at {_time(each.at)}{' (replay)' if each.replay else ''}: {result}"


def advance(result: Advance) -> str:
    """Return the effects of an advance, one a line."""
    head = f"{_time(result.begin)} → {_time(result.end)}: {_count(result.count, 'event')}"
    lines = (f"  {_time(each.at)}  {each.message}  {each.status or _tried(each.attempt)}" for each in result.items)
    more = [f"  … and {result.count - len(result.items)} more"] if result.truncated else []
    return "\n".join([head, *lines, *more])


def _tried(attempt: int | None) -> str:
    return "callback collected" if attempt is None else f"callback, attempt {attempt}"


def verdict(result: Verdict) -> str:
    """Return the result of a verification, each near miss in a line."""
    return "\n".join(map(_cell, str(result).splitlines()))


def workspace(created: Workspace) -> str:
    """Return a workspace and its keys."""
    keys = (
        f"  {provider}: {', '.join(f'{field} {key}' for field, key in each.items())}"
        for provider, each in created.keys.items()
    )
    head = f"{created.id}, scenario {created.scenario}, seed {created.seed}, clock {created.clock.mode}"
    return "\n".join([head, *keys])


def workspaces(items: Iterable[Workspace]) -> str:
    """Return workspaces as a table."""
    rows = ((each.id, each.scenario, each.seed, each.clock.mode) for each in items)
    return table(("ID", "SCENARIO", "SEED", "CLOCK"), rows)


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
