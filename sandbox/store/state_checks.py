"""Checks that the rows of a saved state fit each other: what one names, another has."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from sandbox.core.callback import CallbackState
from sandbox.core.clock import utc_now
from sandbox.providers.registry import Registry
from sandbox.specs.types import show
from sandbox.store.base import ONLY, Kind, RowKey
from sandbox.store.state_file import refuse


class Line(NamedTuple):
    """A value and the line that it comes from."""

    number: int
    value: Any


Rows = Mapping[Kind, Mapping[RowKey, Line]]


def check_rows(rows: Rows, packs: Registry) -> None:
    """Raise SavedStateError if rows do not fit each other."""
    _check_numbers(rows)
    _check_messages(rows, packs)
    _check_callbacks(rows)


def _check_numbers(rows: Rows) -> None:
    """Check that counters are at least what they count, and that the journal has no gap."""
    line, counters = rows[Kind.COUNTERS][ONLY]
    for kind in (Kind.MESSAGE, Kind.CALLBACK, Kind.REQUEST, Kind.LOST_REPLY):
        name = "last_request" if kind is Kind.LOST_REPLY else f"last_{kind}"
        last, highest = getattr(counters, name), max(map(int, rows[kind]), default=0)
        if highest > last:
            raise refuse(line, f"counters.{name} is {last}, but there is a {kind.replace('_', ' ')} {highest}")
    for name, most in (("evicting", counters.last_message + 1), ("requests_before", counters.last_request)):
        if getattr(counters, name) > most:
            raise refuse(line, f"counters.{name} is {getattr(counters, name)}; it must be at most {most}")
    requests = rows[Kind.REQUEST]
    if requests and min(map(int, requests)) != counters.last_request - len(requests) + 1:
        raise refuse(line, f"{len(requests)} requests are saved, but not the last ones up to {counters.last_request}")


def _check_messages(rows: Rows, packs: Registry) -> None:
    """Check that ids are unique, that every callback of a message exists, and that balances are those needed."""
    ids: dict[str, int] = {}
    callbacks = rows[Kind.CALLBACK]
    for line, message in rows[Kind.MESSAGE].values():
        if message.id in ids:
            raise refuse(line, f"the id {show(message.id)} is that of the message in line {ids[message.id]} already")
        ids[message.id] = line
        for each in message.callbacks:
            if each not in callbacks or callbacks[each].value.message != message.number:
                raise refuse(
                    line, f"message {message.number} has no callback {each}: no such line of the kind callback"
                )
    for line, account in rows[Kind.ACCOUNT].values():
        fresh = packs[account.provider].spec.fresh_account(account.key, at=utc_now())
        missing = sorted(fresh.balance.keys() - account.balance.keys())
        if missing:
            raise refuse(line, f"account.balance has no {missing[0]}")


def _check_callbacks(rows: Rows) -> None:
    """Check that the message of a callback, and the callback or message of an entry of the agenda, exist."""
    messages, callbacks = rows[Kind.MESSAGE], rows[Kind.CALLBACK]
    for line, callback in callbacks.values():
        message = messages[callback.message].value if callback.message in messages else None
        if message is None or callback.id not in message.callbacks:
            raise refuse(line, f"callback {callback.id} is of message {callback.message}, which does not have it")
        if callback.provider != message.provider:
            raise refuse(
                line, f"callback.provider is {show(callback.provider)}, that of its message {message.provider}"
            )
        if callback.settings is not None and callback.step not in message.history:
            raise refuse(line, f"callback.step is not in the history of message {message.number}")
    for line, entry in rows[Kind.AGENDA].values():
        found = callbacks.get(entry.number)
        if found is None or found.value.state is not CallbackState.PENDING:
            raise refuse(line, f"there is no pending callback {entry.number}")
    for line, entry in rows[Kind.INBOUND].values():
        if entry.number not in messages or messages[entry.number].value.reply is None:
            raise refuse(line, f"there is no message {entry.number} that a phone replies to")
