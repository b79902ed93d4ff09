"""How uBill words its replies: a statusID and a message, as JSON or as XML, with local times in them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
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
SHOWN = 60  # characters of a value that a sentence shows
SUCCESS = "Success"

Subject = TypeVar("Subject")
Why = tuple[str, ...]
Checks = Iterable[tuple[str, Callable[[Subject], Why]]]


def answered(call: Call, body: Mapping[str, object]) -> Reply:
    """Return the success reply of an operation in the form that it has."""
    return Reply(200, formed(body, call.type), call.type)


def render_error(error: ErrorReply, refusal: Refusal, call: Call) -> Reply:
    """Return the bytes of a refusal: those of the spec's example, written as XML where the operation answers XML."""
    reply = render_example(error, refusal, call)
    return reply._replace(body=formed(reply.body, reply.type))


def formed(body: Body, kind: str) -> Body:
    """Return a body as the media type `kind` has it."""
    if kind != XML or isinstance(body, str):
        return body
    children = "".join(f"<{name}>{escape(str(value), quote=False)}</{name}>" for name, value in body.items())
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<response>{children}</response>'


def first_refusal(checks: Checks[Subject], subject: Subject, *, also: Checks[Subject] = ()) -> Refusal | None:
    """Return the refusal of the first check that finds something to say against the subject.

    Its reasons are those of all checks, and of those that refuse nothing by themselves (`also`).
    """
    for error, check in checks:
        why = check(subject)
        if why:
            return Refusal(error, merged(why, objections(checks, subject), objections(also, subject)))
    return None


def objections(checks: Checks[Subject], subject: Subject) -> Why:
    """Return all that checks have to say against the subject."""
    return tuple(each for _, check in checks for each in check(subject))


def merged(*whys: Why) -> Why:
    """Return reasons one after the other, each once."""
    return tuple(dict.fromkeys(each for why in whys for each in why))


def told(call: Call, *names: str) -> Why:
    """Return what the schema has against the parameters `names`; without any, against all."""
    return tuple(str(each) for each in call.violations if not names or each.name in names)


def shown(value: object) -> str:
    """Return a value as it came, cut to a length that fits a sentence."""
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def zone(settings: Mapping[str, object]) -> ZoneInfo:
    """Return the zone of the provider's local times."""
    return ZoneInfo(str(settings["zone"]))


def local(at: datetime, settings: Mapping[str, object]) -> str:
    """Return an instant as `Y-m-d H:i:s` in the provider's zone."""
    return at.astimezone(zone(settings)).replace(tzinfo=None).isoformat(" ", "seconds")


NAMED = 50  # numbers that an explanation names; a request may have thousands
RIGHT = "numbers in international format without + and 00"


def entries(value: object) -> list[str]:
    """Return what stands between the commas of a text or in an array, empty entries too."""
    items = value.split(",") if isinstance(value, str) else value if isinstance(value, list) else ()
    return [str(item).strip(" \t\r\n") for item in items]


def impossible(value: object, verdict: str) -> Why:
    """Return a sentence for each of the numbers that is none; `verdict` is what that means for it."""
    texts = entries(value)
    wrong = [(place, text) for place, text in enumerate(texts) if text and not is_possible(text)]
    told = [
        f"numbers{f'[{place}]' if len(texts) > 1 else ''}: {shown(number)} {verdict}: it {why_no_number(number)} "
        f"(documented: {RIGHT})"
        for place, number in wrong[:NAMED]
    ]
    rest, empty = len(wrong) - NAMED, texts.count("")
    if rest > 0:
        told.append(f"numbers: {rest} more like these")
    if empty and len(texts) > 1:
        told.append(f"numbers: {empty} of {len(texts)} entries {'is' if empty == 1 else 'are'} empty")
    return tuple(told)


def why_no_number(text: str) -> str:
    """Return why a text is not a number, in words that follow `it`."""
    if text.startswith("+"):
        return "begins with +"
    return why_not_digits(text) or ("begins with 00" if text.startswith("00") else why_impossible(text))


def bare(number: str) -> str:
    """Return the digits by which a number is compared, without +, 00, blanks and hyphens."""
    return "".join(filter(str.isdecimal, number)).removeprefix("00")


LONGEST = 20  # digits of an smsID that is looked for
ROWS = 100_000  # more than a request has room for: its body is at most 1 MB


def base(seed: int) -> int:
    """Return the number of eight digits that all smsIDs of a workspace are counted from."""
    return 10_000_000 + int.from_bytes(draw_bytes(seed, 0, "ubill smsID", 7), "big") % 80_000_000


def new_sms_id(call: Call) -> str:
    """Return the smsID of a call that sends."""
    return str(base(call.seed) + call.number)


def message_id(sms_id: str, row: int) -> str:
    """Return the id of a request's message."""
    return f"{sms_id}-{row}"


def sms_id_of(message: Message) -> str:
    """Return the smsID under which a message was sent."""
    return message.id.partition("-")[0]


def rows(world: World, sms_id: str) -> Iterator[Message]:
    """Return the messages of a request that are still kept, in order."""
    if not (sms_id.isascii() and sms_id.isdecimal() and len(sms_id) <= LONGEST):
        return
    begin = max(1, int(sms_id) - base(world.seed))
    for number in range(begin, min(begin + ROWS, world.last_message) + 1):
        message = world.messages.get(number)
        if message is None:
            continue
        if message.provider != "ubill" or sms_id_of(message) != sms_id:
            return
        yield message
