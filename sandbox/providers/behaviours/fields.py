"""The members of the variables `message`, `account`, `send` and `callback`, and where each comes from."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple, overload

from sandbox.core.account import Account
from sandbox.core.message import Draft, Message, Status
from sandbox.core.seeded_random import HEX_DIGITS, draw_text
from sandbox.formats.sms_segments import segment
from sandbox.providers.base import Report
from sandbox.providers.behaviours.scope import NOTHING, Scope

TOKEN_LENGTH = 32


class Field(NamedTuple):
    """A member of a variable; `open`: it has members of its own, by any name."""

    get: Callable[[Scope, Any], Any]
    is_time: bool = False
    open: bool = False


Fields = Mapping[str, Field]


class FieldView(Mapping[str, object]):
    """A variable for templates of Jinja; its members are computed when they are read."""

    __slots__ = ("_fields", "_scope", "_value")

    def __init__(self, scope: Scope, value: object, fields: Fields) -> None:
        self._scope, self._value, self._fields = scope, value, fields

    def __getitem__(self, name: str) -> object:
        field = self._fields[name]
        value = field.get(self._scope, self._value)
        return self._scope.moment(value) if field.is_time else value

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)


class MessageViews(Sequence[FieldView]):
    """Messages for templates of Jinja; a request may have thousands, so each is made when it is read."""

    __slots__ = ("_messages", "_scope")

    def __init__(self, scope: Scope, messages: Sequence[Message | Draft]) -> None:
        self._scope, self._messages = scope, messages

    @overload
    def __getitem__(self, place: int) -> FieldView: ...
    @overload
    def __getitem__(self, place: slice) -> list[FieldView]: ...
    def __getitem__(self, place: int | slice) -> FieldView | list[FieldView]:
        if isinstance(place, slice):
            return [self[each] for each in range(len(self))[place]]
        message = self._messages[place]
        return FieldView(self._scope.about(message, place % len(self)), message, MESSAGE)

    def __len__(self) -> int:
        return len(self._messages)


class Lenient(dict[str, object]):
    """A mapping in which absent members are null: parameters that a request does not have, values not kept."""

    def __missing__(self, name: str) -> None:
        return None


class Tokens(Mapping[str, str]):
    """Texts of 32 letters and digits by name, the same each time for one message."""

    __slots__ = ("_number", "_seed")

    def __init__(self, seed: int, number: int) -> None:
        self._seed, self._number = seed, number

    def __getitem__(self, name: str) -> str:
        return draw_text(self._seed, self._number, name, length=TOKEN_LENGTH)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def digits_of(message: Message | Draft) -> str:
    """Return the phone's number without + or 00: that of the recipient, or of the sender if a phone sent it."""
    number = message.phone if isinstance(message, Message) else message.recipient
    return number.removeprefix("+").removeprefix("00")


def _status(_: Scope, message: Message | Draft) -> str:
    if isinstance(message, Message):
        return message.status.value
    return (Status.SCHEDULED if message.scheduled_for else Status.QUEUED).value


def _provider_status(_: Scope, message: Message | Draft) -> str:
    if isinstance(message, Message):
        return message.provider_status
    return message.channel.words[Status.SCHEDULED if message.scheduled_for else Status.QUEUED]


def _reached(*statuses: Status) -> Callable[[Scope, Message | Draft], datetime | None]:
    """Return a function that says when a message first reached one of some statuses."""

    def get(_: Scope, message: Message | Draft) -> datetime | None:
        steps = message.history if isinstance(message, Message) else ()
        return next((step.at for step in steps if step.status in statuses), None)

    return get


def _updated(scope: Scope, message: Message | Draft) -> datetime:
    return message.status_at if isinstance(message, Message) else scope.at


def _ended(_: Scope, message: Message | Draft) -> datetime | None:
    if not isinstance(message, Message):
        return None
    final = not message.channel.may_follow(message.status)
    return message.status_at if final else _reached(Status.DELIVERED)(_, message)


def _accepted(scope: Scope, message: Message | Draft) -> datetime:
    return message.accepted_at if isinstance(message, Message) else scope.at


def _delivery_ms(scope: Scope, message: Message | Draft) -> int | None:
    arrived = _reached(Status.DELIVERED)(scope, message)
    return round((arrived - _accepted(scope, message)).total_seconds() * 1000) if arrived else None


def _callback_delivered(scope: Scope, message: Message | Draft) -> bool:
    ids = message.callbacks if isinstance(message, Message) else ()
    return any(scope.world.callbacks[each].state == "delivered" for each in ids)


MESSAGE: Fields = {
    "id": Field(lambda _, message: message.id),
    "number": Field(lambda scope, message: scope.number(message)),
    "to": Field(lambda _, message: message.recipient),
    "from": Field(lambda _, message: message.sender),
    "e164": Field(lambda _, message: f"+{digits_of(message)}"),
    "msisdn": Field(lambda _, message: digits_of(message)),
    "text": Field(lambda _, message: message.text),
    "opt": Field(lambda _, message: message.opt if isinstance(message, Message) else None),
    "code": Field(lambda _, message: message.code),
    "status": Field(_status),
    "provider_status": Field(_provider_status),
    "channel": Field(lambda _, message: message.channel.name),
    "operation": Field(lambda scope, message: message.operation if isinstance(message, Message) else _operation(scope)),
    "account": Field(lambda scope, message: message.account if isinstance(message, Message) else _key(scope)),
    "segments": Field(lambda _, message: segment(message.text).count),
    "length": Field(lambda _, message: segment(message.text).length),
    "encoding": Field(lambda _, message: segment(message.text).encoding),
    "accepted_at": Field(_accepted, is_time=True),
    "scheduled_for": Field(lambda _, message: message.scheduled_for, is_time=True),
    "sent_at": Field(_reached(Status.SENT), is_time=True),
    "delivered_at": Field(_reached(Status.DELIVERED), is_time=True),
    "read_at": Field(_reached(Status.READ), is_time=True),
    "ended_at": Field(_ended, is_time=True),
    "updated_at": Field(_updated, is_time=True),
    "delivery_ms": Field(_delivery_ms),
    "callback_delivered": Field(_callback_delivered),
    "data": Field(lambda _, message: Lenient(message.data or NOTHING), open=True),
    "token": Field(lambda scope, message: Tokens(scope.world.seed, scope.number(message)), open=True),
}


def _operation(scope: Scope) -> str:
    return scope.call.operation if scope.call else ""


def _key(scope: Scope) -> str:
    return (scope.call.key if scope.call else None) or ""


def plain_number(amount: Decimal) -> int | float:
    """Return an amount as JSON writes it: an integer if it has no decimal places."""
    exponent = amount.as_tuple().exponent
    return float(amount) if isinstance(exponent, int) and exponent < 0 else int(amount)


def _senders(scope: Scope, account: Account) -> list[Mapping[str, object]]:
    return [
        {
            "id": sender.id,
            "name": sender.name,
            "state": sender.standing(scope.at).value,
            "created_at": scope.moment(sender.created_at),
        }
        for sender in account.senders
    ]


ACCOUNT: Fields = {
    "key": Field(lambda _, account: account.key),
    "secret": Field(lambda _, account: account.secret),
    "balance": Field(
        lambda _, account: {name: plain_number(each) for name, each in account.balance.items()}, open=True
    ),
    "senders": Field(_senders, open=True),
    "stop_list": Field(lambda _, account: sorted(account.stop_list)),
}


class SendResult(NamedTuple):
    """What a request has sent: the id of the request, its messages, and what they cost."""

    id: str
    messages: Sequence[Draft]
    cost: Decimal


SEND: Fields = {
    "id": Field(lambda _, sent: sent.id),
    "count": Field(lambda _, sent: len(sent.messages)),
    "segments": Field(lambda _, sent: sum(segment(each.text).count for each in sent.messages)),
    "cost": Field(lambda _, sent: plain_number(sent.cost)),
}


def _nonce(scope: Scope, report: Report) -> str:
    """Return 32 hexadecimal digits, the same wherever they are read in one attempt, and others in the next."""
    return draw_text(
        scope.world.seed, report.callback, f"nonce {report.attempt}", length=TOKEN_LENGTH, alphabet=HEX_DIGITS
    )


CALLBACK: Fields = {
    "status": Field(lambda _, report: report.step.status.value),
    "provider_status": Field(lambda _, report: report.step.word),
    "at": Field(lambda _, report: report.step.at, is_time=True),
    "sent_at": Field(lambda _, report: report.at or report.step.at, is_time=True),
    "attempt": Field(lambda _, report: report.attempt),
    "nonce": Field(_nonce),
}
TARGET: Fields = {
    "url": Field(lambda _, target: target.url),
    "key": Field(lambda _, target: target.key),
}
