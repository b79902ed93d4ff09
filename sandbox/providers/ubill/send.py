"""Sending: one text to some numbers, each a message of its own under one smsID."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from sandbox.core.account import Approval, Sender, spend
from sandbox.core.message import Channel, Draft, Lifecycle, LifecycleStep, Status, skip_first_delay
from sandbox.core.world import World
from sandbox.formats.phone_numbers import is_possible
from sandbox.providers.base import Call, Outcome, Plan
from sandbox.providers.ubill.responses import (
    RIGHT,
    SUCCESS,
    Why,
    answered,
    bare,
    entries,
    first_refusal,
    impossible,
    local,
    message_id,
    new_sms_id,
    objections,
    shown,
    told,
    zone,
)

PURSE = "sms"  # the balance counts SMS, one for each number
AHEAD = -1  # the rank of one-time codes
ON = frozenset({True, "true", "1"})  # 1 equals True here
OFF = frozenset({False, "false", "0"})


@dataclass(frozen=True, slots=True)
class Order:
    """A call that asks for sending: its brand if the account has it, and the numbers that can be sent to.

    There were as many `entries` in its list, empty ones too, and `given` that are not.
    """

    call: Call
    brand: Sender | None
    entries: int
    given: int
    numbers: tuple[str, ...]


def send(_: World, call: Call) -> Outcome:
    """Accept one text to all the numbers that are valid, or refuse it as a whole."""
    order = make_order(call)
    refusal = first_refusal(CHECKS, order, also=ALSO)
    if refusal is not None:
        return refusal
    sms_id = new_sms_id(call)
    reply = answered(call, {"statusID": 0, "smsID": sms_id, "message": SUCCESS})
    if len(order.numbers) < order.entries:
        reply = reply._replace(notes=impossible(call.values["numbers"], "is dropped"))
    return Plan(reply, drafts(order, sms_id), (spend(call.owner, PURSE, Decimal(len(order.numbers))),))


def make_order(call: Call) -> Order:
    """Return what a call asks to be sent."""
    texts = entries(call.values.get("numbers"))
    given = [text for text in texts if text]
    brand = call.account.sender(call.text("brandID")) if call.account else None
    return Order(call, brand, len(texts), len(given), tuple(filter(is_possible, given)))


def beyond_gate(call: Call) -> Why:
    """Return what else is wrong with a call that the gate refuses, as far as it can be judged without an account."""
    return objections(OF_REQUEST, make_order(call))


def drafts(order: Order, sms_id: str) -> tuple[Draft, ...]:
    """Return a message for each number, in the order of the request."""
    call = order.call
    if call.channel is None or order.brand is None:
        raise ValueError(call.operation)
    channel, sender, text, later = call.channel, order.brand.name, call.text("text"), send_time(call)
    urgent = call.values.get("otp", False) in ON
    stopped = frozenset() if call.values.get("stopList", True) in OFF else frozenset(map(bare, call.owner.stop_list))
    return tuple(
        Draft(
            id=message_id(sms_id, row),
            channel=channel,
            recipient=number,
            sender=sender,
            text=text,
            scheduled_for=later,
            lifecycle=life(channel, stopped=number in stopped, urgent=urgent),
            rank=AHEAD if urgent else 0,
        )
        for row, number in enumerate(order.numbers, start=1)
    )


def life(channel: Channel, *, stopped: bool, urgent: bool) -> Lifecycle | None:
    """Return the life of a message, None for the usual one: a stopped number ends in an error, a code goes at once."""
    own = (LifecycleStep(Status.REJECTED, channel.lifecycle[0].delay),) if stopped else None
    return skip_first_delay(own or channel.lifecycle) if urgent else own


def send_time(call: Call) -> datetime | None:
    """Return when a call wants its text sent, None for at once.

    Raises:
        ValueError: no calendar has the day.

    """
    text = call.text("sendTime")
    return datetime.fromisoformat(text).replace(tzinfo=zone(call.settings)).astimezone(UTC) if text else None


def against_brand(order: Order) -> Why:
    """Find a brand that is missing, unknown, or not approved now."""
    call, brand = order.call, order.brand
    problems = told(call, "brandID")
    if problems:
        return problems
    if brand is None:
        known = ", ".join(sender.id for sender in call.owner.senders) or "none"
        return (f"brandID: {shown(call.text('brandID'))} is not a brand of this account, which has: {known}",)
    standing = brand.standing(call.at)
    if standing is not Approval.APPROVED:
        when = " (setting: approval_delay)" if standing is Approval.PENDING else ""
        return (f"brandID: brand {brand.id} is {standing}, not approved{when}",)
    return ()


def against_absence(order: Order) -> Why:
    """Find that there are no numbers at all."""
    if order.given:
        return ()
    fallback = f"numbers: is empty (documented: {RIGHT}, between commas)"
    return told(order.call, "numbers") or (fallback,)


def against_numbers(order: Order) -> Why:
    """Find that none of the numbers is valid."""
    return () if order.numbers or not order.given else against_each_number(order)


def against_each_number(order: Order) -> Why:
    """Name each number that is not valid, in a request that is refused anyhow."""
    return impossible(order.call.values.get("numbers"), "is not a complete number")


def against_text(order: Order) -> Why:
    """Find that the text is empty; a text of another kind is a breach like others."""
    if order.call.values.get("text") not in (None, ""):
        return ()
    return told(order.call, "text") or ("text: is empty (documented: any Unicode text)",)


def against_rest(order: Order) -> Why:
    """Find every other breach of the schema, and a sendTime that is not in the future."""
    call = order.call
    problems = tuple(map(str, call.violations))
    return problems if told(call, "sendTime") else (*problems, *against_time(call))


def against_time(call: Call) -> Why:
    """Find a sendTime that is not in the future."""
    try:
        later = send_time(call)
    except ValueError:
        return (f"sendTime: {shown(call.text('sendTime'))} is not a valid date (documented: Y-m-d H:i)",)
    if later is None or later > call.at:
        return ()
    now = f"{local(call.at, call.settings)} in {call.settings['zone']}, the setting zone"
    return (f"sendTime: {call.text('sendTime')} is not later than now (documented: now is {now})",)


def against_balance(order: Order) -> Why:
    """Find that the balance does not cover one SMS a number."""
    left, wanted = order.call.owner.balance[PURSE], len(order.numbers)
    return (
        () if left >= wanted else (f"account: its balance of {left} SMS does not cover {wanted}, one for each number",)
    )


# In the order in which they are looked for (inferred): 10, 20, 50, 30, 99, 40. The gate has looked for 90 before.
CHECKS = (
    ("brand-not-found", against_brand),
    ("numbers-not-found", against_absence),
    ("no-valid-numbers", against_numbers),
    ("empty-text", against_text),
    ("general", against_rest),
    ("insufficient-funds", against_balance),
)
# What refuses nothing by itself, but is named where something does.
ALSO = (("no-valid-numbers", against_each_number),)
# What can be judged of a request whose key is nobody's.
OF_REQUEST = (CHECKS[1], *ALSO, *CHECKS[3:5])
