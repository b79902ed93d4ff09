"""Messages, requests, callbacks and so on as tables for people: in a terminal, and in the report of a failing test."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sandbox.client.values import Advance, Attempt, Callback, Message, Request, Verdict, Workspace

TEXT_SHOWN = 60  # characters of a text or address
CALLBACK_SHOWN = 80


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return rows as columns under their heads, without a blank at a line's end."""
    lines = [tuple(heads), *(tuple(_cell(cell) for cell in row) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(_line(line, widths) for line in lines)


def _line(line: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    return "".join(each if each.isprintable() else " " for each in text)


def cut(text: str, length: int = TEXT_SHOWN) -> str:
    """Return the beginning of a text, marked where it goes on."""
    return text if len(text) <= length else text[: length - 1] + "…"


def clock_time(at: datetime) -> str:
    """Return the time of day, with milliseconds where there are some."""
    return at.strftime("%H:%M:%S") + (f".{at.microsecond // 1000:03}" if at.microsecond else "")


def messages(items: Iterable[Message]) -> str:
    """Return messages as a table, oldest last as they are listed."""
    heads = ("AT", "ID", "OPERATION", "FROM", "TO", "STATUS", "TEXT")
    return table(heads, ((*_message(each), cut(each.text)) for each in items))


def _message(each: Message) -> tuple[str | None, ...]:
    status = f"{each.status} ({each.provider_status})"
    return (clock_time(each.accepted_at), each.id, each.operation, each.sender, each.to, status)


def requests(items: Iterable[Request]) -> str:
    """Return requests as a table, each refused one followed by its reasons."""
    heads = ("AT", "NO", "OPERATION", "REQUEST", "ANSWER", "MS")
    items = tuple(items)
    head, *lines = table(heads, map(_request, items)).splitlines()
    reasons = (_indented((*each.why, *([f"rule: {each.rule}"] if each.rule else ()))) for each in items)
    return "\n".join([head, *(line + more for line, more in zip(lines, reasons, strict=True))])


def _request(each: Request) -> tuple[object, ...]:
    answer = f"{each.reply.status}{' refused' if each.refused else ''}"
    asked = cut(f"{each.method} {each.path}")
    return (clock_time(each.at), each.id, each.operation or "-", asked, answer, f"{each.ms:.1f}")


def callbacks(items: Iterable[Callback]) -> str:
    """Return callbacks as a table, each followed by its attempts."""
    heads = ("DUE", "NO", "REPORTS", "STATE", "MESSAGE", "TO")
    items = tuple(items)
    head, *lines = table(heads, map(_callback, items)).splitlines()
    attempts = (_indented(map(_attempt, each.attempts)) for each in items)
    return "\n".join([head, *(line + more for line, more in zip(lines, attempts, strict=True))])


def _callback(each: Callback) -> tuple[object, ...]:
    target = None if each.request is None else cut(f"{each.request.method} {each.request.url}", CALLBACK_SHOWN)
    return (clock_time(each.due), each.id, each.reports, each.state, each.message, target)


def _attempt(each: Attempt) -> str:
    came = each.error or f"{each.status} {cut(_cell(each.answer))}".rstrip()
    return f"attempt {each.number} at {clock_time(each.at)}{' (replay)' if each.replay else ''}: {came}"


def advance(result: Advance) -> str:
    """Return what an advance did, a line a happening."""
    head = f"{clock_time(result.begin)} → {clock_time(result.end)}: {_count(result.count, 'happening')}"
    lines = (f"  {clock_time(each.at)}  {each.message}  {each.status or _tried(each.attempt)}" for each in result.items)
    more = [f"  … and {result.count - len(result.items)} more"] if result.truncated else []
    return "\n".join([head, *lines, *more])


def _tried(attempt: int | None) -> str:
    return "callback collected" if attempt is None else f"callback, attempt {attempt}"


def verdict(found: Verdict) -> str:
    """Return what a verification found, a line a near miss."""
    return "\n".join(map(_cell, str(found).splitlines()))


def workspace(made: Workspace) -> str:
    """Return a workspace and its keys."""
    keys = (
        f"  {provider}: {', '.join(f'{field} {key}' for field, key in each.items())}"
        for provider, each in made.keys.items()
    )
    return "\n".join([f"{made.id}, scenario {made.scenario}, seed {made.seed}, clock {made.clock.mode}", *keys])


def workspaces(items: Iterable[Workspace]) -> str:
    """Return workspaces as a table."""
    return table(("ID", "SCENARIO", "SEED", "CLOCK"), map(_workspace, items))


def _workspace(each: Workspace) -> tuple[object, ...]:
    return (each.id, each.scenario, each.seed, f"{each.clock.mode}")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _indented(lines: Iterable[str]) -> str:
    return "".join(f"\n        {_cell(line)}" for line in lines)
