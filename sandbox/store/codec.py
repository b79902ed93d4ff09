"""Messages, callbacks, accounts and journal entries as JSON: what a row of a store, or a line of a saved state, has.

Members with their usual value are left out; mappings whose order counts are lists of pairs, as a database may reorder
the members of an object; times are ISO 8601, amounts strings, durations seconds.
"""

import base64
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sandbox.core.account import Account, Approval, Sender, Template
from sandbox.core.callback import Attempt, Callback, CallbackState, Outgoing
from sandbox.core.journal import RequestRecord
from sandbox.core.lifecycle import make_steps
from sandbox.core.message import (
    DEFAULT_POLICY,
    CallbackOrder,
    CallbackPolicy,
    Channel,
    Message,
    PhoneReply,
    Status,
    Step,
)
from sandbox.core.seeded_random import AT_ONCE, Distribution, Fixed, Lognormal, Normal, Percentiles, Uniform
from sandbox.core.trace import TraceContext

Object = dict[str, Any]
ChannelOf = Callable[[str, str], Channel]  # from the names of a provider and a channel
read_time = datetime.fromisoformat


def write_message(message: Message) -> Object:
    """Return a message without its number, which is the row's key."""
    written: Object = {
        "id": message.id,
        "request": message.request,
        "provider": message.provider,
        "operation": message.operation,
        "channel": message.channel.key,
        "account": message.account,
        "sender": message.sender,
        "recipient": message.recipient,
        "text": message.text,
        "history": [[*step] for step in message.history],
    }
    if message.is_moving:
        written["plan"] = [[*step] for step in message.plan]
    if message.callbacks:
        written["callbacks"] = message.callbacks
    if message.callback_policy is not DEFAULT_POLICY:
        written["callback_policy"] = _write_policy(message.callback_policy)
    if message.data:
        written["data"] = [*message.data.items()]
    for name in ("code", "scheduled_for", "rule", "rank"):
        if value := getattr(message, name):
            written[name] = value
    if message.reply:
        written["reply"] = {"text": message.reply.text, "after": message.reply.after.total_seconds()}
    if message.trace:
        written["trace"] = [*message.trace]
    return written


def read_message(number: int, written: Object, channel_of: ChannelOf) -> Message:
    """Return the message of a row."""
    policy, later, data = written.get("callback_policy"), written.get("scheduled_for"), written.get("data")
    reply, trace = written.get("reply"), written.get("trace")
    history, plan = ([_read_step(each) for each in written.get(name, ())] for name in ("history", "plan"))
    accepted_at = history[0].at
    return Message(
        written["id"],
        number,
        written["request"],
        written["provider"],
        written["operation"],
        channel_of(written["provider"], written["channel"]),
        written["account"],
        written["sender"],
        written["recipient"],
        written["text"],
        accepted_at,
        make_steps((*history, *plan), accepted_at=accepted_at),
        written.get("code"),
        read_time(later) if later else None,
        written.get("rule"),
        written.get("rank", 0),
        DEFAULT_POLICY if policy is None else _read_policy(policy),
        None if data is None else dict(data),
        None if reply is None else PhoneReply(reply["text"], _duration(reply["after"])),
        None if trace is None else TraceContext(*trace),
        len(history),
        tuple(written.get("callbacks", ())),
    )


def _read_step(written: list[str]) -> Step:
    status, word, at = written
    return Step(Status(status), word, read_time(at))


def _write_policy(policy: CallbackPolicy) -> Object:
    written: Object = {
        name: value
        for name in ("collect_only", "copies", "first_lost", "order", "held", "key", "strict")
        if (value := getattr(policy, name)) != getattr(DEFAULT_POLICY, name)
    }
    if policy.timeout is not None:
        written["timeout"] = policy.timeout.total_seconds()
    if policy.retries is not None:
        written["retries"] = _seconds(policy.retries)
    if policy.delay != AT_ONCE:
        written["delay"] = _write_distribution(policy.delay)
    if policy.lost:
        written["lost"] = sorted(policy.lost)
    return written


def _read_policy(written: Object) -> CallbackPolicy:
    values = {**written}
    if "timeout" in written:
        values["timeout"] = _duration(written["timeout"])
    if "retries" in written:
        values["retries"] = tuple(map(_duration, written["retries"]))
    if "delay" in written:
        values["delay"] = _read_distribution(written["delay"])
    if "lost" in written:
        values["lost"] = frozenset(map(Status, written["lost"]))
    if "order" in written:
        values["order"] = CallbackOrder(written["order"])
    return CallbackPolicy(**values)


def _write_distribution(delay: Distribution) -> Object:
    match delay:
        case Fixed():
            return {"fixed": delay.delay.total_seconds()}
        case Uniform():
            return {"uniform": _seconds([delay.low, delay.high])}
        case Normal():
            return {"normal": _seconds([delay.mean, delay.deviation])}
        case Lognormal():
            return {"lognormal": [delay.median.total_seconds(), delay.sigma]}
        case Percentiles():
            return {"percentiles": [[*delay.shares], _seconds(delay.delays)]}


def _read_distribution(written: Object) -> Distribution:
    ((name, value),) = written.items()
    match name:
        case "fixed":
            return Fixed(_duration(value))
        case "uniform":
            return Uniform(*map(_duration, value))
        case "normal":
            return Normal(*map(_duration, value))
        case "lognormal":
            return Lognormal(_duration(value[0]), float(value[1]))
        case "percentiles":
            return Percentiles(tuple(map(float, value[0])), tuple(map(_duration, value[1])))
    message = f"{name!r} is no distribution of durations"
    raise ValueError(message)


def _seconds(durations: Iterable[timedelta]) -> list[float]:
    return [each.total_seconds() for each in durations]


def _duration(seconds: float) -> timedelta:
    return timedelta(seconds=float(seconds))


def write_callback(callback: Callback, settings: str | None) -> Object:
    """Return a callback without its id, which is the row's key; `settings` is the key of the row with its settings."""
    written: Object = {
        "message": callback.message,
        "provider": callback.provider,
        "step": [*callback.step],
        "due": callback.due,
        "state": callback.state,
    }
    if callback.request is not None:
        method, url, headers, body = callback.request
        written["request"] = {"method": method, "url": url, "headers": [*headers.items()], "body": body}
    if callback.attempts:
        written["attempts"] = [_write_attempt(each) for each in callback.attempts]
    if settings is not None:
        written["settings"] = settings
    return written


def read_callback(number: int, written: Object, settings: Mapping[str, Mapping[str, object]]) -> Callback:
    """Return the callback of a row; `settings` has the rows of settings by key."""
    request, named = written.get("request"), written.get("settings")
    return Callback(
        number,
        written["message"],
        written["provider"],
        _read_step(written["step"]),
        read_time(written["due"]),
        CallbackState(written["state"]),
        Outgoing(request["method"], request["url"], dict(request["headers"]), request["body"]) if request else None,
        tuple([_read_attempt(each) for each in written.get("attempts", ())]),
        None if named is None else settings[named],
    )


def _write_attempt(attempt: Attempt) -> Object:
    written = attempt._asdict()
    for name in ("replay", "interrupted"):
        if not written[name]:
            del written[name]
    if attempt.accepted is None:
        del written["accepted"]
    return written


def _read_attempt(written: Object) -> Attempt:
    return Attempt(**{**written, "at": read_time(written["at"]), "ms": float(written["ms"])})


def write_account(account: Account) -> Object:
    """Return an account."""
    written: Object = {
        "provider": account.provider,
        "key": account.key,
        "balance": [[name, str(amount)] for name, amount in account.balance.items()],
    }
    if account.senders:
        written["senders"] = [
            {"id": each.id, "name": each.name, "state": each.state, "created_at": each.created_at}
            | ({} if each.approved_at is None else {"approved_at": each.approved_at})
            for each in account.senders
        ]
    if account.templates:
        written["templates"] = [{"id": each.id, "text": each.text} for each in account.templates]
    if account.stop_list:
        written["stop_list"] = sorted(account.stop_list)
    if account.secret is not None:
        written["secret"] = account.secret
    return written


def read_account(written: Object) -> Account:
    """Return the account of a row."""
    return Account(
        written["provider"],
        written["key"],
        {name: Decimal(amount) for name, amount in written["balance"]},
        tuple(
            Sender(
                each["id"],
                each["name"],
                Approval(each["state"]),
                read_time(each["created_at"]),
                read_time(each["approved_at"]) if "approved_at" in each else None,
            )
            for each in written.get("senders", ())
        ),
        tuple(Template(each["id"], each["text"]) for each in written.get("templates", ())),
        frozenset(written.get("stop_list", ())),
        written.get("secret"),
    )


def write_request(record: RequestRecord) -> Object:
    """Return an entry of the journal without its id, which is the row's key."""
    written: Object = {
        "at": record.at,
        "provider": record.provider,
        "operation": record.operation,
        "method": record.method,
        "path": record.path,
        "query": record.query,
        "headers": [*record.headers.items()],
        "body": _write_bytes(record.body),
        "body_size": record.body_size,
        "status": record.status,
        "reply_headers": [*record.reply_headers.items()],
        "reply_body": _write_bytes(record.reply_body),
        "refused": record.refused,
        "key": record.key,
        "ms": record.ms,
    }
    for name in ("why", "rule", "messages", "resent_of", "delay"):
        if value := getattr(record, name):
            written[name] = value
    return written


def read_request(number: int, written: Object) -> RequestRecord:
    """Return the entry of the journal of a row."""
    values = {
        **written,
        "at": read_time(written["at"]),
        "headers": dict(written["headers"]),
        "reply_headers": dict(written["reply_headers"]),
        "body": _read_bytes(written["body"]),
        "reply_body": _read_bytes(written["reply_body"]),
        "why": tuple(written.get("why", ())),
        "messages": tuple(written.get("messages", ())),
        "ms": float(written["ms"]),
    }
    return RequestRecord(id=number, **values)


def _write_bytes(value: bytes) -> str | Object:
    """Return bytes as text if they are UTF-8, else in base64."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(value).decode()}


def _read_bytes(written: str | Object) -> bytes:
    return written.encode() if isinstance(written, str) else base64.b64decode(written["base64"])
