"""Replies, recipients and ids of uBill.

A reply has a statusID and a message, as JSON or XML, with local times. An smsID is a base that depends on the seed,
plus the number of the request's first message: unique in its workspace, and the way back to the messages. The id of a
message is `{smsID}-{row}`, the first row being 1.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from html import escape
from typing import TypeVar
from zoneinfo import ZoneInfo

from sandbox.core.message import Message
from sandbox.core.seeded_random import draw_bytes
from sandbox.core.world import World
from sandbox.formats.phone_numbers import is_possible, why_impossible
from sandbox.providers.base import Body, Call, ErrorReply, Refusal, Reply
from sandbox.providers.base import render_error as render_example
from sandbox.specs.text_hints import why_not_digits

XML = "application/xml"
SHOW_LIMIT = 60  # maximum characters of a value in a reason
SUCCESS = "Success"

Subject = TypeVar("Subject")
Reasons = tuple[str, ...]
Checks = Iterable[tuple[str, Callable[[Subject], Reasons]]]


def make_reply(call: Call, body: Mapping[str, object]) -> Reply:
    """Return a success reply in the media type of the operation."""
    return Reply(200, format_body(body, call.type), call.type)


def render_error(error: ErrorReply, refusal: Refusal, call: Call) -> Reply:
    """Return the reply of a refusal, by the spec's example, as XML if the operation answers XML."""
    reply = render_example(error, refusal, call)
    return reply._replace(body=format_body(reply.body, reply.type))


def format_body(body: Body, kind: str) -> Body:
    """Return a body in the media type `kind`."""
    if kind != XML or isinstance(body, str):
        return body
    children = "".join(f"<{name}>{escape(str(value), quote=False)}</{name}>" for name, value in body.items())
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<response>{children}</response>'


def first_refusal(checks: Checks[Subject], subject: Subject, *, also: Checks[Subject] = ()) -> Refusal | None:
    """Return the refusal of the first check that finds a reason, or None.

    It has the reasons of all checks, and of those that never refuse by themselves (`also`).
    """
    for error, check in checks:
        why = check(subject)
        if why:
            return Refusal(error, merge_reasons(why, collect_reasons(checks, subject), collect_reasons(also, subject)))
    return None


def collect_reasons(checks: Checks[Subject], subject: Subject) -> Reasons:
    """Return the reasons of all checks."""
    return tuple(each for _, check in checks for each in check(subject))


def merge_reasons(*whys: Reasons) -> Reasons:
    """Return all reasons in order, without duplicates."""
    return tuple(dict.fromkeys(each for why in whys for each in why))


def find_violations(call: Call, *names: str) -> Reasons:
    """Return the violations of the parameters `names` (default: all)."""
    return tuple([str(each) for each in call.violations if not names or each.name in names])


def show(value: object) -> str:
    """Return a value as it was sent, cut to `SHOW_LIMIT` characters."""
    text = repr(value)
    return text if len(text) <= SHOW_LIMIT else f"{text[:SHOW_LIMIT]}…"


def read_zone(settings: Mapping[str, object]) -> ZoneInfo:
    """Return the time zone of the provider."""
    return ZoneInfo(str(settings["zone"]))


def format_local(at: datetime, settings: Mapping[str, object]) -> str:
    """Return a time as `Y-m-d H:i:s` in the provider's zone."""
    return at.astimezone(read_zone(settings)).replace(tzinfo=None).isoformat(" ", "seconds")


NUMBERS_LIMIT = 50  # maximum number of numbers in a refusal; a request may have thousands
VALID_NUMBERS = "numbers in international format without + and 00"


def split_numbers(value: object) -> list[str]:
    """Return the entries of an array or a comma-separated text, empty ones included."""
    items = value.split(",") if isinstance(value, str) else value if isinstance(value, list) else ()
    return [str(item).strip(" \t\r\n") for item in items]


def explain_numbers(value: object, verdict: str) -> Reasons:
    """Return a reason for each number that is not valid; `verdict` is the consequence."""
    texts = split_numbers(value)
    wrong = [(place, text) for place, text in enumerate(texts) if text and not is_possible(text)]
    reasons = [
        f"numbers{f'[{place}]' if len(texts) > 1 else ''}: {show(number)} {verdict}: it {why_not_number(number)} "
        f"(documented: {VALID_NUMBERS})"
        for place, number in wrong[:NUMBERS_LIMIT]
    ]
    rest, empty = len(wrong) - NUMBERS_LIMIT, texts.count("")
    if rest > 0:
        reasons.append(f"numbers: {rest} more like these")
    if empty and len(texts) > 1:
        reasons.append(f"numbers: {empty} of {len(texts)} entries {'is' if empty == 1 else 'are'} empty")
    return tuple(reasons)


def why_not_number(text: str) -> str:
    """Return why a text is not a valid number, as a phrase to follow `it`."""
    if text.startswith("+"):
        return "begins with +"
    return why_not_digits(text) or ("begins with 00" if text.startswith("00") else why_impossible(text))


LONGEST_SMS_ID = 20  # maximum digits of an smsID in a request
ROWS_LIMIT = 100_000  # more than a body of at most 1 MB can list


@lru_cache(maxsize=64)
def first_sms_id(seed: int) -> int:
    """Return the eight-digit base of all smsIDs of a workspace."""
    return 10_000_000 + int.from_bytes(draw_bytes(seed, 0, "ubill smsID", 7), "big") % 80_000_000


def make_sms_id(call: Call) -> str:
    """Return the smsID of a send."""
    return str(first_sms_id(call.seed) + call.number)


def make_message_id(sms_id: str, row: int) -> str:
    """Return the id of a message."""
    return f"{sms_id}-{row}"


def read_sms_id(message: Message) -> str:
    """Return the smsID of a message."""
    return message.id.partition("-")[0]


def find_messages(world: World, sms_id: str) -> Iterator[Message]:
    """Yield the messages of a request that are still kept, in order."""
    if not (sms_id.isascii() and sms_id.isdecimal() and len(sms_id) <= LONGEST_SMS_ID):
        return
    begin = max(1, int(sms_id) - first_sms_id(world.seed))
    for number in range(begin, min(begin + ROWS_LIMIT, world.last_message) + 1):
        message = world.messages.get(number)
        if message is None:
            continue
        if message.provider != "ubill" or read_sms_id(message) != sms_id:
            return
        yield message
