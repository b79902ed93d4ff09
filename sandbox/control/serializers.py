"""Our values as the objects of the control API."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from sandbox.callbacks.compose import request_of
from sandbox.control.masking import mask, masked_headers, masked_query, masked_text, masked_url
from sandbox.core.account import Account, Sender
from sandbox.core.callback import Attempt, Callback, Outgoing, Target
from sandbox.core.clock import Clock, format_time
from sandbox.core.code_detection import find_code
from sandbox.core.journal import BODY_LIMIT, RequestRecord
from sandbox.core.message import Message
from sandbox.core.world import World
from sandbox.formats.sms_segments import segment
from sandbox.providers.registry import Registry

Object = dict[str, object]


def code_of(message: Message, now: datetime) -> str | None:
    """Return a message's one-time code: the provider's own, else the one in its text; a scheduled one's at its time."""
    if message.scheduled_for is not None and message.scheduled_for > now:
        return None
    return message.code or find_code(message.text)


def show_message(message: Message, now: datetime) -> Object:
    """Return a message."""
    parts = segment(message.text)
    return {
        "id": message.id,
        "provider": message.provider,
        "operation": message.operation,
        "channel": message.channel.name,
        "account": mask(message.account),
        "from": message.sender,
        "to": message.recipient,
        "text": message.text,
        "code": code_of(message, now),
        "encoding": parts.encoding,
        "segments": parts.count,
        "status": message.status,
        "provider_status": message.provider_status,
        "rule": message.rule,
        "request": message.request,
        "accepted_at": format_time(message.accepted_at),
        "scheduled_for": _stamp(message.scheduled_for),
        "history": [
            {"status": step.status, "provider_status": step.word, "at": format_time(step.at)}
            for step in message.history
        ],
        "planned": [{"status": step.status, "at": format_time(step.at)} for step in message.plan],
        "callbacks": list(message.callbacks),
    }


def show_callback(callback: Callback, world: World, packs: Registry) -> Object:
    """Return a callback with its request and every attempt."""
    outgoing = request_of(world, packs, callback)
    return {**show_report(callback, world), "request": None if outgoing is None else show_outgoing(outgoing)}


def show_report(callback: Callback, world: World) -> Object:
    """Return a callback without its request."""
    message = world.messages.get(callback.message)
    return {
        "id": callback.id,
        "message": None if message is None else message.id,
        "provider": callback.provider,
        "reports": callback.step.word,
        "state": callback.state,
        "due": format_time(callback.due),
        "attempts": [show_attempt(attempt) for attempt in callback.attempts],
    }


def show_outgoing(outgoing: Outgoing) -> Object:
    """Return the request of a callback."""
    return {
        "method": outgoing.method,
        "url": masked_url(outgoing.url),
        "headers": masked_headers(outgoing.headers, None),
        "body": outgoing.body,
    }


def show_attempt(attempt: Attempt) -> Object:
    """Return one attempt of a callback."""
    return {
        "number": attempt.number,
        "at": format_time(attempt.at),
        "url": masked_url(attempt.url) if attempt.url else None,
        "status": attempt.status,
        "answer": attempt.answer,
        "ms": round(attempt.ms, 1),
        "error": attempt.error,
        "replay": attempt.replay,
    }


def show_exchange(exchange: RequestRecord) -> Object:
    """Return a request and its reply; `body_size` tells how long a body was that is cut here."""
    key = exchange.key
    return {
        **show_entry(exchange),
        "headers": masked_headers(exchange.headers, key),
        "body": _text(exchange.body),
        "reply": {
            "status": exchange.status,
            "headers": masked_headers(exchange.reply_headers, key),
            "body": _text(exchange.reply_body),
            "body_cut": len(exchange.reply_body) >= BODY_LIMIT,
        },
    }


def show_entry(exchange: RequestRecord) -> Object:
    """Return a request and the status of its reply, without headers and bodies."""
    key = exchange.key
    return {
        "id": exchange.id,
        "at": format_time(exchange.at),
        "provider": exchange.provider,
        "operation": exchange.operation,
        "method": exchange.method,
        "path": masked_text(exchange.path, key),
        "query": masked_query(exchange.query, key),
        "body_size": exchange.body_size,
        "body_cut": len(exchange.body) < exchange.body_size,
        "reply": {"status": exchange.status},
        "refused": exchange.refused,
        "why": [masked_text(sentence, key) for sentence in exchange.why],
        "rule": exchange.rule,
        "messages": list(exchange.messages),
        "resent": exchange.resent_of is not None,
        "resent_of": exchange.resent_of,
        "ms": round(exchange.ms, 2),
    }


def show_account(account: Account, now: datetime, *, senders: str) -> Object:
    """Return an account as it stands at `now`; `senders` is its provider's word for them (senders, brands)."""
    return {
        "provider": account.provider,
        "key": mask(account.key),
        "balance": {purse: show_amount(amount) for purse, amount in account.balance.items()},
        senders: [_sender(sender, now) for sender in account.senders],
        "templates": [{"id": template.id, "text": template.text} for template in account.templates],
        "stop_list": sorted(account.stop_list),
    }


def show_amount(amount: Decimal) -> int | float:
    """Return an amount as a JSON number."""
    return int(amount) if amount == amount.to_integral_value() else float(amount)


def show_clock(clock: Clock) -> Object:
    """Return a clock and the present instant on it."""
    return {"mode": clock.mode, "rate": clock.rate, "start": format_time(clock.start), "now": format_time(clock.now())}


def show_target(target: Target) -> Object:
    """Return where the callbacks of a provider go."""
    return {"url": masked_url(target.url), "key": None if target.key is None else mask(target.key)}


def show_targets(targets: Mapping[str, Target]) -> Object:
    """Return the targets by provider."""
    return {provider: show_target(target) for provider, target in sorted(targets.items())}


def _sender(sender: Sender, now: datetime) -> Object:
    return {"id": sender.id, "name": sender.name, "state": sender.standing(now)}


def _stamp(at: datetime | None) -> str | None:
    return None if at is None else format_time(at)


def _text(body: bytes) -> str:
    return body.decode("utf-8", "replace")
