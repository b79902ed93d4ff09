"""The behaviour `send`: accepts the messages of a request, charges them, and answers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from functools import lru_cache
from math import inf
from typing import NamedTuple

from sandbox.core.account import Approval, Otp, spend
from sandbox.core.change import Change
from sandbox.core.message import Channel, Draft, Lifecycle, LifecycleStep, Status
from sandbox.core.world import World
from sandbox.formats.phone_numbers import digits_alone
from sandbox.formats.sms_segments import segment
from sandbox.providers.base import Call, Function, Outcome, Plan
from sandbox.providers.behaviours.checks import (
    IN_REQUEST,
    BoundChecks,
    CheckFunction,
    Checks,
    Reasons,
    Subject,
    bind,
    first_refusal,
)
from sandbox.providers.behaviours.codes import CodeMaker, read_code_maker
from sandbox.providers.behaviours.context import NumberKind, OperationContext, Scopes, as_text
from sandbox.providers.behaviours.fields import SendResult
from sandbox.providers.behaviours.ids import IdFormat, read_id
from sandbox.providers.behaviours.lookups import answer
from sandbox.providers.behaviours.replies import WriteReply, read_reply
from sandbox.providers.behaviours.scope import Scope
from sandbox.providers.behaviours.send_request import REASONS_LIMIT, ReadSend, Requested, SendRequest, read_send_request
from sandbox.providers.behaviours.times import TimeFormat
from sandbox.providers.behaviours.values import Get, budgeted, read_text
from sandbox.specs.document import SpecNode
from sandbox.specs.spec import FIELDS, PLACES
from sandbox.specs.types import show
from sandbox.templates.text import is_template

KEYS = (
    *FIELDS,
    *PLACES,
    "separator",
    "schedule",
    "callback_url",
    "id",
    "price",
    "sender_check",
    "stop_list",
    "invalid_recipients",
    "make_code",
    "keep",
    "reply",
)
CALLBACK_URL = "callback_url"  # the name under which a message keeps its own callback URL
FREE = Decimal(0)
NOBODY: set[str] = set()  # no number is stopped
AMOUNT = NumberKind(
    default=1,
    is_right=lambda value: type(value) in (int, float) and 0 <= value < inf,
    what="an amount of 0 or more",
    example="settings.price",
)
PRICE = ("amount", "per", "balance")
UNITS = ("message", "segment")
SENDER_CHECKS = ("none", "known", "approved")
STOP_LIST = ("ignore", "reject", "refuse")

Amount = Callable[[Mapping[str, object]], float]
Keep = Callable[[Scope, Scopes], Mapping[str, str] | None]


class Price(NamedTuple):
    """What a message costs, for itself or for each segment, and the balance that pays it."""

    amount: Amount
    per_segment: bool
    balance: Get

    def cost(self, scope: Scope, messages: Sequence[Requested]) -> Decimal:
        """Return what messages cost together."""
        units = sum(segment(each.text).count for each in messages) if self.per_segment else len(messages)
        amount = _decimal(self.amount(scope.settings))
        return amount if units == 1 else amount * units


@dataclass(frozen=True, slots=True)
class Send:
    """A compiled send. `tells`: the reply reads `send` or `refused`; `rejected` is what happens to stopped numbers."""

    channel: Channel
    times: TimeFormat
    read: ReadSend
    checks: BoundChecks
    ids: IdFormat
    price: Price | None
    maker: CodeMaker | None
    keep: Keep | None
    rejected: Lifecycle | None
    write_reply: WriteReply
    tells: bool

    def run(self, world: World, call: Call) -> Outcome:
        """Accept the messages of a request, or refuse it."""
        scope = Scope(world, at=call.at, settings=call.settings, times=self.times, call=call)
        request = self.read(scope, call.values)
        price = self.price
        cost = price.cost(scope, request.messages) if price is not None else FREE
        refusal = first_refusal(self.checks, Subject(call, scope, request, cost, bool(request.wrong)))
        if refusal is not None:
            return refusal
        ids, keep, maker = self.ids, self.keep, self.maker
        base = ids.first(world, call) if ids.per_request else ""
        stopped = set(map(digits_alone, call.owner.stop_list)) if self.rejected is not None else NOBODY
        drafts: list[Draft] = []
        codes: list[Change] = []
        taken: set[str] = set()
        before, kept = None, None
        for row, each in enumerate(request.messages):
            scopes = each.scopes
            if maker is not None:
                codes.append(_record_code(maker, call, each, row))
            if keep is not None and scopes is not before:  # the recipients of one row share what is kept
                before, kept = scopes, keep(scope, scopes)
            drafts.append(
                Draft(
                    f"{base}-{row + 1}" if base else ids.make(world, call, row, taken),
                    self.channel,
                    each.recipient,
                    each.sender or None,
                    each.text,
                    each.code or None,
                    request.due,
                    self.rejected if stopped and digits_alone(each.recipient) in stopped else None,
                    0,
                    kept,
                )
            )
        scope.messages, scope.message = drafts, drafts[0]
        if self.tells:
            refused = [{"to": number, "why": why} for number, why in request.dropped]
            scope.bound = {"send": SendResult(base or drafts[0].id, drafts, cost), "refused": refused}
        reply = self.write_reply(scope)
        if request.dropped:
            dropped = request.dropped[:REASONS_LIMIT]
            reply = reply._replace(notes=tuple(f"{why}, so it is dropped" for _, why in dropped))
        if price is not None:
            return Plan(reply, tuple(drafts), (*codes, spend(call.owner, str(price.balance(scope)), cost)))
        return Plan(reply, tuple(drafts), tuple(codes))


def _record_code(maker: CodeMaker, call: Call, sent: Requested, row: int) -> Otp:
    """Return the record with which the code of a message is checked later."""
    owner, expires = call.owner, call.at + maker.expiry(sent.scopes)
    return Otp(owner.provider, owner.key, digits_alone(sent.recipient), sent.code, expires, call.number + row)


def read_send(node: SpecNode, context: OperationContext, checks: Checks) -> Function:
    """Return the function of an operation that sends."""
    node.only(KEYS, "send")
    channel = context.channel
    if channel is None:
        node.note("the operation sends, but has no x-channel; add x-channel to it")
        return answer(node, None, context, checks)
    if node.value.get("schedule") is not None and Status.SCHEDULED not in channel.words:
        node.note(f"the channel {channel.name} has no status scheduled; add it to its statuses", "schedule")
    id_ = node.value.get("id")
    price, maker = _read_price(node, context), read_code_maker(node, context)
    rejected, stop_check = _read_stop_list(node, channel)
    own: dict[str, CheckFunction | None] = {name: _wrong(name) for name in IN_REQUEST}
    own |= {"sender": _sender_check(node), "stop-list": stop_check, "balance": _balance_check(price) if price else None}
    needed = {name: find for name, find in own.items() if find is not None}
    reply = node.take("reply", "a mapping")
    send = Send(
        channel=channel,
        times=context.document.times,
        read=read_send_request(node, context, maker),
        checks=bind(checks, needed, node, context),
        ids=read_id(node.inside("id", id_) if id_ is not None else None),
        price=price,
        maker=maker,
        keep=_read_keep(node, context),
        rejected=rejected,
        write_reply=read_reply(reply, context, context.names("message", "messages", "send", "refused")),
        tells=reply is not None and any(name in str(reply.value) for name in ("send", "refused")),
    )
    return send.run


def _wrong(name: str) -> CheckFunction:
    """Return the check for something that `read_send_request` found wrong."""

    def find(subject: Subject) -> Reasons:
        request: SendRequest = subject.request
        return request.wrong.get(name, ()) if request.wrong else ()

    return find


def _read_price(node: SpecNode, context: OperationContext) -> Price | None:
    part = node.take("price", "a mapping")
    if part is None:
        return None
    part.only(PRICE, "price")
    per = part.take("per", "a string", default="message")
    if per is not None:
        per.one_of(UNITS, "unit of a price")
    balance = part.need(
        "balance", "a string", f"the balance that pays, such as {(*context.document.balances, 'SMS')[0]}"
    )
    if balance is None:
        return None
    if not is_template(balance.value):
        balance.one_of(context.document.balances, "balance")
    amount = context.document.number(part, "amount", AMOUNT)
    get = budgeted(read_text(balance, context.names()))
    return Price(amount, per is not None and per.value == "segment", get)


@lru_cache(maxsize=64, typed=True)
def _decimal(value: object) -> Decimal:
    return Decimal(str(value))


def _balance_check(price: Price) -> CheckFunction:
    def find(subject: Subject) -> Reasons:
        account, messages = subject.call.account, subject.request.messages
        if account is None or not messages:
            return ()
        name = str(price.balance(subject.scope))
        left = account.balance.get(name)
        cost = subject.cost
        if left is None:
            return (f"account: has no balance {show(name)}, but {', '.join(account.balance) or 'none'}",)
        if left >= cost:
            return ()
        what = "the price of" if len(messages) == 1 else f"the price of {len(messages)} messages,"
        return (f"account: its balance of {left} {name} is below {what} {cost}",)

    return find


def _sender_check(node: SpecNode) -> CheckFunction | None:
    wanted = node.take("sender_check", "a string")
    if wanted is None or not wanted.one_of(SENDER_CHECKS, "sender check") or wanted.value == "none":
        return None
    approved = wanted.value == "approved"

    def find(subject: Subject) -> Reasons:
        account, at = subject.call.account, subject.call.at
        if account is None:
            return ()
        known = {each.id for each in account.senders if not approved or each.standing(at) is Approval.APPROVED}
        wrong = dict.fromkeys(
            [(each.place, each.sender) for each in subject.request.messages if each.sender not in known]
        )
        if not wrong:
            return ()
        listed = ", ".join(sorted(known)[:REASONS_LIMIT]) or "none"
        what = "an approved sender" if approved else "a sender"
        return tuple(
            f"{place}sender: {show(sender)} is not {what} of this account, which has: {listed}"
            for place, sender in list(wrong)[:REASONS_LIMIT]
        )

    return find


def _read_stop_list(node: SpecNode, channel: Channel) -> tuple[Lifecycle | None, CheckFunction | None]:
    """Return the lifecycle of messages to stopped numbers, or the check that refuses them (default: rejected)."""
    wanted = node.take("stop_list", "a string", default="reject")
    if wanted is None or not wanted.one_of(STOP_LIST, "word for stopped numbers"):
        return None, None
    if wanted.value == "ignore":
        return None, None
    if wanted.value == "refuse":
        return None, _check_stopped
    delay = channel.lifecycle[0].delay if channel.lifecycle else timedelta(0)
    return (LifecycleStep(Status.REJECTED, delay),), None


def _check_stopped(subject: Subject) -> Reasons:
    account = subject.call.account
    if account is None or not account.stop_list:
        return ()
    stopped = set(map(digits_alone, account.stop_list))
    found = [each for each in subject.request.messages if digits_alone(each.recipient) in stopped]
    return tuple(
        f"{each.place}recipient: {show(each.recipient)} is on the stop list of the account"
        for each in found[:REASONS_LIMIT]
    )


def _read_keep(node: SpecNode, context: OperationContext) -> Keep | None:
    """Return what is kept with each message: values of the request, and its own callback URL."""
    listed = node.take("keep", "a mapping", default={})
    gets: list[tuple[str, Callable[[Scope, Scopes], str]]] = []
    for name, value in listed.value.items() if listed is not None else ():
        part = node.inside("keep", {}).inside(name, value)
        gets.append((str(name), _kept(part, context)))
    if node.value.get("callback_url") is not None:
        gets.append((CALLBACK_URL, _kept(node.inside("callback_url", node.value["callback_url"]), context)))
    if not gets:
        return None

    def keep(scope: Scope, scopes: Scopes) -> Mapping[str, str] | None:
        found = {name: text for name, get in gets if (text := get(scope, scopes))}
        return found or None

    return keep


def _kept(part: SpecNode, context: OperationContext) -> Callable[[Scope, Scopes], str]:
    if isinstance(part.value, str) and is_template(part.value):
        get = budgeted(read_text(part, context.names()))
        return lambda scope, _: str(get(scope))
    place = context.place(part, in_rows=True)
    return lambda _, scopes: as_text(place(scopes))
