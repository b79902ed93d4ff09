"""How uBill words its replies: a statusID and a message, as JSON or as XML, with local times in them."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from html import escape
from typing import TypeVar
from zoneinfo import ZoneInfo

from sandbox.providers.base import Body, Call, ErrorReply, Refusal, Reply
from sandbox.providers.base import render_error as undressed

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
    reply = undressed(error, refusal, call)
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
