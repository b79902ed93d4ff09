"""The way of a request, top to bottom: route, read and validate, authenticate, ask the pack, store, answer.

All of it is synchronous and in one turn of the loop, so no two requests ever see each other half done.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import quote

from sandbox.core.account import Account
from sandbox.core.clock import ticks
from sandbox.core.journal import BODY_LIMIT, Exchange
from sandbox.core.lifecycle import Status
from sandbox.core.message import BY_THE_BOOK, Draft, Message, Reporting, Step, plan_life
from sandbox.core.world import Change, World
from sandbox.packs import Pack, Packs
from sandbox.progress import next_move
from sandbox.provider import Body, Call, Outcome, Plan, Refusal, Reply
from sandbox.specs.reading import Request
from sandbox.specs.routing import Missed, Router
from sandbox.specs.spec import Reading, Route

WHY_LIMIT = 2048  # bytes of X-Sandbox-Why
READABLE = " !\"#$&'()*+,/:<=>?@[\\]^`{|}~"  # what stays as it is in the header; `;` parts the sentences
MUTED = Reporting(muted=True)
BODY_ACCEPTED = 1024 * 1024  # bytes of a request's body
TOO_LARGE = Refusal("too-large", (f"body: more than {BODY_ACCEPTED} bytes",))
KEY_LIMIT = 256  # characters; a longer key is nobody's


class Answer(NamedTuple):
    """What goes back over the wire."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Arrival:
    """A request that has found its route, read but not yet judged; `arrived` is in real seconds.

    `nobody`: its key led into a workspace that is gone.
    """

    request: Request
    route: Route
    pack: Pack
    reading: Reading
    key: str | None
    arrived: float
    nobody: bool = False


def encode(body: Body) -> bytes:
    """Return a reply's bytes: compact JSON for a mapping, UTF-8 for a text."""
    if isinstance(body, str):
        return body.encode()
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()


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


def arrive(request: Request, *, packs: Packs, router: Router, arrived: float) -> Arrival | Missed:
    """Find a request's route, read it, and find whose key it carries."""
    found = router.find(request.method, request.path)
    if isinstance(found, Missed):
        return found
    pack = packs[found.route.operation.provider]
    reading = found.route.read(request, found.path_values)
    return Arrival(request, found.route, pack, reading, pack.provider.key(reading.values, request.headers), arrived)


def answer(world: World, arrival: Arrival) -> Answer:
    """Handle a request in its workspace and return the reply."""
    call = _call(world, arrival)
    outcome: Outcome | None = TOO_LARGE if arrival.request.oversize else arrival.pack.provider.gate(world, call)
    if outcome is None:
        outcome = arrival.pack.provider.operations[call.operation](world, call)
    return _settle(world, arrival, call, outcome)


def miss(world: World, request: Request, missed: Missed, *, arrived: float) -> Answer:
    """Answer a path or method that no provider has, with the nearest ones."""
    status = 405 if missed.allowed else 404
    where = f"{request.method} {request.path[:200]}"
    why = (
        f"{where}: no provider has this {'method' if missed.allowed else 'path'}. Nearest: {', '.join(missed.near)}",
    )
    problem = {
        "type": "about:blank",
        "title": "Method Not Allowed" if missed.allowed else "Not Found",
        "status": status,
        "detail": why[0],
        "near": list(missed.near),
    }
    headers = {"Allow": ", ".join(missed.allowed)} if missed.allowed else {}
    reply = Reply(status, problem, "application/problem+json", why)
    return _journalled(world, request, reply, headers=headers, arrived=arrived)


def _call(world: World, arrival: Arrival) -> Call:
    spec, operation = arrival.pack.spec, arrival.route.operation
    at = world.now()
    return Call(
        operation=operation.name,
        channel=operation.channel,
        at=at,
        number=world.last_message + 1,
        seed=world.seed,
        values=arrival.reading.values,
        headers=arrival.request.headers,
        key=arrival.key,
        account=_account(world, arrival),
        violations=arrival.reading.violations,
        settings=world.settings[spec.name],
        errors=operation.errors,
        type=operation.type,
    )


def _account(world: World, arrival: Arrival) -> Account | None:
    """Return the account of a request's key, a fresh one on its first use; None when the key is nobody's."""
    key, spec = arrival.key, arrival.pack.spec
    if not key or arrival.nobody or len(key) > KEY_LIMIT:
        return None
    known = world.accounts.get((spec.name, key))
    return known or world.scenario.opened(spec.fresh_account(key, at=world.now()))


def _settle(world: World, arrival: Arrival, call: Call, outcome: Outcome) -> Answer:
    """Store what a plan holds and answer; a refusal stores nothing."""
    provider, operation = arrival.pack.provider, arrival.route.operation
    changes: tuple[Change, ...] = ()
    messages: tuple[Message, ...] = ()
    match outcome:
        case Refusal():
            reply = provider.dress(operation.errors[outcome.error], outcome, call)
        case Plan():
            reply = outcome.reply
            messages = _accepted(world, arrival, call, outcome.drafts)
            changes = (*outcome.changes, *messages, *filter(None, map(next_move, messages)))
        case Reply():
            reply = outcome
    if (
        not isinstance(outcome, Refusal)
        and call.account
        and (call.account.provider, call.account.key) not in world.accounts
    ):
        changes = (call.account, *changes)
    return _journalled(
        world,
        arrival.request,
        reply,
        arrived=arrival.arrived,
        changes=changes,
        provider=provider.name,
        operation=operation.name,
        key=call.key,
        refused=isinstance(outcome, Refusal) or bool(reply.why),
        messages=tuple(message.id for message in messages),
    )


def _accepted(world: World, arrival: Arrival, call: Call, drafts: tuple[Draft, ...]) -> tuple[Message, ...]:
    reporting = MUTED if arrival.request.headers.get("sec-fetch-site") == "cross-site" else BY_THE_BOOK
    return tuple(
        accept(draft, world, call, number=number, reporting=reporting)
        for number, draft in enumerate(drafts, start=call.number)
    )


def accept(draft: Draft, world: World, call: Call, *, number: int, reporting: Reporting) -> Message:
    """Return the message that a draft becomes: queued now, or scheduled and queued when its time comes."""
    channel, later = draft.channel, draft.scheduled_for
    life = plan_life(channel, channel.life if draft.life is None else draft.life, begin=later or call.at)
    first = Status.SCHEDULED if later else Status.QUEUED
    if later:
        life = (Step(Status.QUEUED, channel.words[Status.QUEUED], later), *life)
    return Message(
        id=draft.id,
        number=number,
        request=world.last_exchange + 1,
        provider=call.operation.partition(".")[0],
        operation=call.operation,
        channel=channel,
        account=call.owner.key,
        sender=draft.sender,
        recipient=draft.recipient,
        text=draft.text,
        history=(Step(first, channel.words[first], call.at),),
        plan=life,
        code=draft.code,
        scheduled_for=later,
        rank=draft.rank,
        reporting=reporting,
        data=draft.data,
    )


def _journalled(
    world: World,
    request: Request,
    reply: Reply,
    *,
    arrived: float,
    headers: Mapping[str, str] | None = None,
    changes: tuple[Change, ...] = (),
    provider: str | None = None,
    operation: str | None = None,
    key: str | None = None,
    refused: bool = True,
    messages: tuple[str, ...] = (),
) -> Answer:
    """Write the batch of a request, its journal entry included, and return the answer."""
    number = world.last_exchange + 1
    body = encode(reply.body)
    out = {"Content-Type": reply.type, "X-Sandbox-Request": str(number), **(headers or {})}
    if reply.why:
        out["X-Sandbox-Why"] = explain(reply.why, number, world.path)
    exchange = Exchange(
        id=number,
        at=world.now(),
        provider=provider,
        operation=operation,
        method=request.method,
        path=request.path,
        query=request.query,
        headers=request.headers,
        body=request.body[:BODY_LIMIT],
        body_size=len(request.body),
        status=reply.status,
        reply_headers=out,
        reply_body=body[:BODY_LIMIT],
        refused=refused,
        key=key,
        why=reply.why,
        messages=messages,
        ms=(ticks() - arrived) * 1000,
    )
    world.commit(*changes, exchange)
    return Answer(reply.status, out, body)
