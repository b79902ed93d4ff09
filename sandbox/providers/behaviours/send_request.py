"""What a send asks for: the readers of its recipients, sender, text, code, schedule and other fields."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sandbox.core.clock import DurationError, format_time, parse_duration
from sandbox.formats.phone_numbers import is_possible, why_impossible
from sandbox.formats.urls import is_url
from sandbox.providers.behaviours.checks import Reasons
from sandbox.providers.behaviours.codes import CodeMaker, draw_code
from sandbox.providers.behaviours.context import OperationContext, Place, Scopes, as_text, reader_of
from sandbox.providers.behaviours.scope import Scope
from sandbox.providers.behaviours.times import TimeFormat, read_time_format
from sandbox.providers.behaviours.values import budgeted, read_text
from sandbox.specs.document import SpecNode
from sandbox.specs.spec import usual
from sandbox.specs.text_hints import why_not_digits
from sandbox.specs.types import show
from sandbox.templates.text import is_template

INVALID_RECIPIENTS = ("allow", "refuse", "drop")
SCHEDULE = ("at", "format", "zone", "limit")
REASONS_LIMIT = 20  # reasons of one kind
SPACES = " \t\r\n"

ReadText = Callable[[Scope, Scopes], str]
CodedText = Callable[[Scope, Scopes, int], tuple[str, str]]


class Requested(NamedTuple):
    """A message that a request asks for; `place` is the prefix of its row, `scopes` are where its fields stand.

    `code` is the one-time code of the request, or one that the provider makes.
    """

    recipient: str
    sender: str
    text: str
    place: str
    scopes: Scopes
    code: str = ""


class SendRequest(NamedTuple):
    """What a request asks for: its messages, the recipients that are dropped with the reasons, and when to send.

    `wrong` has the reasons against its recipients, its schedule and its callback URL, by the name of the check.
    """

    messages: Sequence[Requested]
    dropped: Sequence[tuple[str, str]]
    due: datetime | None
    wrong: Mapping[str, Reasons]


ReadSend = Callable[[Scope, Mapping[str, object]], SendRequest]
NOTHING: Mapping[str, Reasons] = {}


class Schedule(NamedTuple):
    """Where the time of a send stands, its format, and how far ahead it may be."""

    place: Place
    name: str
    times: TimeFormat
    limit: timedelta | None
    limit_text: str = ""


def read_send_request(node: SpecNode, context: OperationContext, maker: CodeMaker | None) -> ReadSend:
    """Return what reads the messages of a request."""
    rows_at, common_at = context.own_place(node, "rows"), context.own_place(node, "common")
    in_rows = rows_at is not None
    recipient, name = _recipient(node, context, in_rows=in_rows)
    sender = text_reader(node, "sender", context, in_rows=in_rows)
    text, with_code = _texts(node, context, maker, in_rows=in_rows)
    split = _separator(node)
    judged, drops = _judgement(node)
    schedule = _schedule(node, context)
    url = context.own_place(node, "callback_url", in_rows=in_rows)
    url_name = _name_of(node.value.get("callback_url"))
    simple = not judged and {rows_at, common_at, schedule, url, with_code} == {None}

    def read_simple(scope: Scope, values: Mapping[str, object]) -> SendRequest:
        scopes = (values,)
        numbers = split_numbers(recipient(scopes), split)
        if not numbers:
            return SendRequest((), (), None, {"recipient": (f"{name}: has no recipient",)})
        who, what = sender(scope, scopes), text(scope, scopes)
        return SendRequest([Requested(number, who, what, "", scopes) for number in numbers], (), None, NOTHING)

    def read(scope: Scope, values: Mapping[str, object]) -> SendRequest:
        found: list[Requested] = []
        addresses: list[str] = []
        for place, scopes in _rows(values, rows_at, common_at):
            numbers, who = split_numbers(recipient(scopes), split), sender(scope, scopes)
            addresses += _why_no_url(url, url_name, scopes, place)
            if with_code is not None:
                for number in numbers:
                    what, used = with_code(scope, scopes, len(found))
                    found.append(Requested(number, who, what, place, scopes, used))
            else:
                what = text(scope, scopes)
                found += [Requested(number, who, what, place, scopes) for number in numbers]
        dropped = [(each.recipient, why) for each in found if (why := _why_not(each, name))] if judged else []
        bad = {number for number, _ in dropped}
        kept = [each for each in found if each.recipient not in bad] if bad else found
        wrong: dict[str, Reasons] = {}
        if not kept or (dropped and not drops):
            wrong["recipient"] = tuple(why for _, why in dropped[:REASONS_LIMIT]) or (f"{name}: has no recipient",)
        due, reasons = _read_schedule(schedule, scope, values) if schedule is not None else (None, ())
        if reasons:
            wrong["schedule"] = reasons
        if addresses:
            wrong["callback-url"] = tuple(addresses[:REASONS_LIMIT])
        return SendRequest(kept, dropped, due, wrong)

    return read_simple if simple else read


def _separator(node: SpecNode) -> str:
    """Return what stands between two recipients in one text."""
    part = node.take("separator", "a string", default=",")
    if part is not None and not part.value:
        part.note("is empty; write what stands between two recipients, such as ','")
    return (part.value if part is not None else "") or ","


def _judgement(node: SpecNode) -> tuple[bool, bool]:
    """Return whether recipients must be phone numbers, and whether those that are not are dropped."""
    part = node.take("invalid_recipients", "a string", default="allow")
    if part is None or not part.one_of(INVALID_RECIPIENTS, "word for invalid recipients"):
        return False, False
    return part.value != "allow", part.value == "drop"


def _texts(
    node: SpecNode, context: OperationContext, maker: CodeMaker | None, *, in_rows: bool
) -> tuple[ReadText, CodedText | None]:
    """Return what reads a text, and what reads it with its code: that of the request, or one that is made."""
    place = context.own_place(node, "code", in_rows=True)
    coded = place is not None or maker is not None
    text = text_reader(node, "text", context, in_rows=in_rows, more=("code",) if coded else ())

    def read(scope: Scope, scopes: Scopes, row: int) -> tuple[str, str]:
        code = as_text(place(scopes)) if place is not None else ""
        if not code and maker is not None:
            code = draw_code(maker, scopes, scope, row)
        found = text(scope.copy(code=code), scopes)
        return (found if maker is None else maker.insert(found, code)), code

    return text, read if coded else None


def _why_no_url(url: Place | None, name: str, scopes: Scopes, row: str) -> Iterator[str]:
    """Yield the reason against the callback URL of a row."""
    address = as_text(url(scopes)) if url is not None else ""
    if address and not is_url(address):
        yield f"{row}{name}: {show(address)} is not an http or https URL"


def _recipient(node: SpecNode, context: OperationContext, *, in_rows: bool) -> tuple[Place, str]:
    """Return what reads the recipient, and its name in reasons."""
    value = node.value.get("recipient")
    if value is None:
        known = [each for (each,) in usual("recipient") if any(each in route.kinds for route in context.routes)]
        return reader_of(usual("recipient")), known[0] if known else "recipient"
    return context.place(node.inside("recipient", value), in_rows=in_rows), _name_of(value)


def _name_of(place: object) -> str:
    """Return a place as reasons name it, the first of several: `message.to` for `/message/to`."""
    first = place[0] if isinstance(place, list) and place else place
    return str(first).strip("/").replace("/", ".")


def text_reader(
    node: SpecNode, name: str, context: OperationContext, *, in_rows: bool, more: tuple[str, ...] = ()
) -> ReadText:
    """Return what reads a text: a place, a template, or the usual names."""
    value = node.value.get(name)
    if isinstance(value, str) and is_template(value):
        get = budgeted(read_text(node.inside(name, value), context.names(*more)))
        return lambda scope, _: str(get(scope))
    place = reader_of(usual(name)) if value is None else context.place(node.inside(name, value), in_rows=in_rows)
    return lambda _, scopes: found if isinstance(found := place(scopes), str) else as_text(found)


def split_numbers(value: object, separator: str) -> list[str]:
    """Return the recipients in a value: one, a list, or a text with separators; empty ones are left out."""
    if isinstance(value, str) and separator not in value:
        number = value.strip(SPACES)
        return [number] if number else []
    items = value if isinstance(value, list) else [value]
    found: list[str] = []
    for item in items:
        text = as_text(item)
        found += [each.strip(SPACES) for each in text.split(separator)] if separator in text else [text.strip(SPACES)]
    return [each for each in found if each]


def _rows(values: Mapping[str, object], rows: Place | None, common: Place | None) -> Iterator[tuple[str, Scopes]]:
    """Yield the prefix and the scopes of each row; a request without rows is one."""
    shared = common((values,)) if common is not None else None
    outer = (shared, values) if isinstance(shared, dict) else (values,)
    if rows is None:
        yield "", outer
        return
    listed = rows((values,))
    for place, row in enumerate(listed if isinstance(listed, list) else ()):
        if isinstance(row, dict):
            yield f"[{place}].", (row, *outer)


def _why_not(requested: Requested, name: str) -> str:
    """Return why a recipient is not a phone number; an empty text if it is one."""
    digits = requested.recipient.removeprefix("+").removeprefix("00")
    why = why_not_digits(digits) or ("" if is_possible(digits) else why_impossible(digits))
    return f"{requested.place}{name}: {show(requested.recipient)} is not a phone number: it {why}" if why else ""


def _schedule(node: SpecNode, context: OperationContext) -> Schedule | None:
    value = node.value.get("schedule")
    if value is None:
        return None
    if not isinstance(value, Mapping):
        part = node.inside("schedule", value)
        return Schedule(context.place(part), _name_of(value), context.document.times, None)
    part = node.inside("schedule", value)
    part.only(SCHEDULE, "schedule")
    at = part.value.get("at")
    if at is None:
        part.note("is missing; write the parameter that has the time", "at")
        return None
    shape = SpecNode(part.found, part.path, {name: value[name] for name in ("format", "zone") if name in value})
    times = read_time_format(shape, context.document.settings, context.document.times)
    limit = part.value.get("limit")
    most = _duration(part, "limit") if limit is not None else None
    return Schedule(context.place(part.inside("at", at)), _name_of(at), times, most, str(limit))


def _duration(node: SpecNode, name: str) -> timedelta | None:
    try:
        return parse_duration(node.value[name])
    except DurationError as error:
        node.note(str(error), name)
        return None


def _read_schedule(schedule: Schedule, scope: Scope, values: Mapping[str, Any]) -> tuple[datetime | None, Reasons]:
    given = schedule.place((values,))
    if given is None or given == "":
        return None, ()
    due = schedule.times.read(given, scope.settings)
    if due is None:
        return None, (f"{schedule.name}: {show(given)} is not a time in the format {schedule.times.format}",)
    if due <= scope.at:
        return None, (f"{schedule.name}: {show(given)} is not later than now, {format_time(scope.at)}",)
    if schedule.limit is not None and due - scope.at > schedule.limit:
        return None, (f"{schedule.name}: {show(given)} is more than {schedule.limit_text} ahead",)
    return due, ()
