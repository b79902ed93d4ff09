"""What goes back over the wire, and the journal's entry of it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple
from urllib.parse import quote

from sandbox.core.change import Change
from sandbox.core.clock import monotonic
from sandbox.core.effects import Fault
from sandbox.core.journal import BODY_LIMIT, RequestRecord
from sandbox.core.world import World
from sandbox.formats.json_text import encode_json
from sandbox.providers.base import Body, Reply
from sandbox.specs.body_parsing import Request
from sandbox.specs.routing import Missed
from sandbox.specs.types import PROBLEM, problem

WHY_LIMIT = 2048  # bytes of X-Sandbox-Why
READABLE = " !\"#$&'()*+,/:<=>?@[\\]^`{|}~"  # what stays as it is in the header; `;` parts the sentences
BROKEN = b"\xff"  # the end of a malformed body: neither JSON nor UTF-8
SILENT = frozenset({Fault.CONNECTION_RESET, Fault.EMPTY_REPLY, Fault.HANG})  # nothing at all goes back
NO_PAUSE = timedelta(0)


class Answer(NamedTuple):
    """What goes back over the wire, `pause` of real time after the request and broken as the `fault` says.

    `awaits` are the ids of the messages whose callbacks that are due at once must have been tried before.

    A malformed body stands here as it is to be sent; the other faults are for the server to make.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    pause: timedelta = NO_PAUSE
    fault: Fault | None = None
    awaits: tuple[str, ...] = ()


class Shape(NamedTuple):
    """How a scenario shapes a reply: the title of its rule, further headers, delay and fault.

    `after_callbacks`: it leaves once the callbacks that are due at once have been tried.
    """

    rule: str | None = None
    headers: Mapping[str, str] = {}
    pause: timedelta = NO_PAUSE
    fault: Fault | None = None
    after_callbacks: bool = False


AS_IT_IS = Shape()


class Record(NamedTuple):
    """What the journal notes of a request beside its bytes; `at` is on the clock, `arrived` in real seconds."""

    at: datetime
    arrived: float
    provider: str | None = None
    operation: str | None = None
    key: str | None = None
    refused: bool = True
    messages: tuple[str, ...] = ()
    resent_of: int | None = None


def encode(body: Body) -> bytes:
    """Return a reply's bytes: compact JSON for a mapping, UTF-8 for a text."""
    if isinstance(body, str):
        return body.encode()
    return encode_json(body)


def explain(why: tuple[str, ...], exchange: int, path: str) -> str:
    """Return `X-Sandbox-Why`: sentences percent-encoded and joined by `; `, at most 2 KB."""
    shown: list[str] = []
    room = WHY_LIMIT - 100
    for sentence in why:
        encoded = quote(sentence, safe=READABLE)
        if len(encoded) > room:
            shown.append(f"and {len(why) - len(shown)} more: {path}/requests/{exchange}")
            break
        shown.append(encoded)
        room -= len(encoded) + 2
    return "; ".join(shown)


def miss(world: World, request: Request, missed: Missed, *, arrived: float) -> Answer:
    """Answer a path or method that no provider has, with the nearest ones."""
    status = 405 if missed.allowed else 404
    where = f"{request.method} {request.path[:200]}"
    what = "method" if missed.allowed else f"path ({missed.difference})" if missed.difference else "path"
    why = (f"{where}: no provider has this {what}. Nearest: {', '.join(missed.near)}",)
    headers = {"Allow": ", ".join(missed.allowed)} if missed.allowed else {}
    reply = Reply(status, problem(status, why[0], near=list(missed.near)), PROBLEM, why)
    return journalled(world, request, reply, record=Record(world.now(), arrived), shape=Shape(headers=headers))


def preflight(world: World, request: Request, headers: Mapping[str, str], *, arrived: float) -> Answer:
    """Answer a browser's question whether a page may call a path: it may."""
    reply, record = Reply(204, "", "text/plain"), Record(world.now(), arrived, refused=False)
    return journalled(world, request, reply, record=record, shape=Shape(headers=headers))


def journalled(  # noqa: PLR0913 - the parts of one batch, by keyword
    world: World,
    request: Request,
    reply: Reply,
    *,
    record: Record,
    shape: Shape = AS_IT_IS,
    changes: tuple[Change, ...] = (),
) -> Answer:
    """Write the batch of a request, its journal entry included, and return the answer.

    Where nothing at all goes back, the journal has the status 0 and no body.
    """
    if request.page:
        reply = reply._replace(notes=(*reply.notes, request.page))
    number = world.last_request + 1
    body = encode(reply.body)
    if shape.fault is Fault.MALFORMED_BODY:
        body = body[:-1] + BROKEN
    out = {"Content-Type": reply.type, "X-Sandbox-Request": str(number), **shape.headers}
    why = (*reply.why, *reply.notes) if reply.notes else reply.why
    if why:
        out["X-Sandbox-Why"] = explain(why, number, world.path)
    if shape.rule is not None:
        out["X-Sandbox-Rule"] = quote(shape.rule, safe=READABLE + ";")
    silent = shape.fault in SILENT
    exchange = RequestRecord(  # by place: by name it takes three times as long
        number,
        record.at,
        record.provider,
        record.operation,
        request.method,
        request.path,
        request.query,
        request.headers,
        request.body[:BODY_LIMIT],
        len(request.body),
        0 if silent else reply.status,
        {} if silent else out,
        b"" if silent else body[:BODY_LIMIT],
        record.refused,
        record.key,
        why,
        shape.rule,
        record.messages,
        (monotonic() - record.arrived) * 1000,
        record.resent_of,
    )
    world.commit(*changes, exchange, at=record.at)
    fault = None if shape.fault is Fault.MALFORMED_BODY else shape.fault
    return Answer(reply.status, out, body, shape.pause, fault, record.messages if shape.after_callbacks else ())
