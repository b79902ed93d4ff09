"""Sends: one text to some numbers, each a separate message under one smsID."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple

from sandbox.core.account import Approval, Sender, spend
from sandbox.core.lifecycle import skip_first_delay
from sandbox.core.message import Channel, Draft, Lifecycle, LifecycleStep, Status
from sandbox.core.world import World
from sandbox.formats.phone_numbers import digits_alone, is_possible
from sandbox.providers.base import Call, Outcome, Plan
from sandbox.providers.ubill.responses import (
    SUCCESS,
    VALID_NUMBERS,
    Reasons,
    collect_reasons,
    explain_numbers,
    find_violations,
    first_refusal,
    format_local,
    make_message_id,
    make_reply,
    make_sms_id,
    read_zone,
    show,
    split_numbers,
)

BALANCE_TYPE = "sms"  # the balance counts SMS, one for each number
URGENT_RANK = -1  # the rank of one-time codes
ON = frozenset({True, "true", "1"})  # 1 equals True here
OFF = frozenset({False, "false", "0"})


class SendRequest(NamedTuple):
    """A send: its brand, if the account has it, and the valid numbers.

    `entries` counts the list's entries, `given` those that are not empty.
    """

    call: Call
    brand: Sender | None
    entries: int
    given: int
    numbers: tuple[str, ...]


def send(_: World, call: Call) -> Outcome:
    """Accept one text to all valid numbers, or refuse the request."""
    request = read_send_request(call)
    refusal = first_refusal(CHECKS, request, also=ADDITIONAL_CHECKS)
    if refusal is not None:
        return refusal
    sms_id = make_sms_id(call)
    reply = make_reply(call, {"statusID": 0, "smsID": sms_id, "message": SUCCESS})
    if len(request.numbers) < request.entries:
        reply = reply._replace(notes=explain_numbers(call.values["numbers"], "is dropped"))
    return Plan(reply, make_drafts(request, sms_id), (spend(call.owner, BALANCE_TYPE, Decimal(len(request.numbers))),))


def read_send_request(call: Call) -> SendRequest:
    """Return the send of a call."""
    texts = split_numbers(call.values.get("numbers"))
    given = [text for text in texts if text]
    brand = call.account.sender(call.text("brandID")) if call.account else None
    return SendRequest(call, brand, len(texts), len(given), tuple(filter(is_possible, given)))


def check_without_account(call: Call) -> Reasons:
    """Return what else is wrong with a call that has no account."""
    return collect_reasons(CHECKS_WITHOUT_ACCOUNT, read_send_request(call))


def make_drafts(request: SendRequest, sms_id: str) -> tuple[Draft, ...]:
    """Return a message for each number, in the order of the request."""
    call = request.call
    if call.channel is None or request.brand is None:
        raise ValueError(call.operation)
    channel, sender, text, later = call.channel, request.brand.name, call.text("text"), read_send_time(call)
    urgent = call.values.get("otp", False) in ON
    stopped = (
        frozenset() if call.values.get("stopList", True) in OFF else frozenset(map(digits_alone, call.owner.stop_list))
    )
    rank = URGENT_RANK if urgent else 0
    usual, rejected = (choose_lifecycle(channel, stopped=each, urgent=urgent) for each in (False, True))
    return tuple(
        [
            Draft(  # by place: by name it takes twice as long, and one request may have 70,000 numbers
                make_message_id(sms_id, row),
                channel,
                number,
                sender,
                text,
                None,
                later,
                rejected if number in stopped else usual,
                rank,
            )
            for row, number in enumerate(request.numbers, start=1)
        ]
    )


def choose_lifecycle(channel: Channel, *, stopped: bool, urgent: bool) -> Lifecycle | None:
    """Return the lifecycle of a message, None for the default: stopped numbers are rejected, codes are sent at once."""
    own = (LifecycleStep(Status.REJECTED, channel.lifecycle[0].delay),) if stopped else None
    return skip_first_delay(own or channel.lifecycle) if urgent else own


def read_send_time(call: Call) -> datetime | None:
    """Return the time for which a send is scheduled, or None.

    Raises:
        ValueError: the date does not exist.

    """
    text = call.text("sendTime")
    return datetime.fromisoformat(text).replace(tzinfo=read_zone(call.settings)).astimezone(UTC) if text else None


def check_brand(request: SendRequest) -> Reasons:
    """Return the reasons against a brand that is missing, unknown, or not approved."""
    call, brand = request.call, request.brand
    problems = find_violations(call, "brandID")
    if problems:
        return problems
    if brand is None:
        known = ", ".join(sender.id for sender in call.owner.senders) or "none"
        return (f"brandID: {show(call.text('brandID'))} is not a brand of this account, which has: {known}",)
    standing = brand.standing(call.at)
    if standing is not Approval.APPROVED:
        when = " (setting: approval_delay)" if standing is Approval.PENDING else ""
        return (f"brandID: brand {brand.id} is {standing}, not approved{when}",)
    return ()


def check_numbers_given(request: SendRequest) -> Reasons:
    """Return the reasons against an empty list of numbers."""
    if request.given:
        return ()
    fallback = f"numbers: is empty (documented: {VALID_NUMBERS}, between commas)"
    return find_violations(request.call, "numbers") or (fallback,)


def check_numbers(request: SendRequest) -> Reasons:
    """Return the reasons against a list without a valid number."""
    return () if request.numbers or not request.given else check_each_number(request)


def check_each_number(request: SendRequest) -> Reasons:
    """Return the reasons against each invalid number, for a request that is refused anyway."""
    return explain_numbers(request.call.values.get("numbers"), "is not a complete number")


def check_text(request: SendRequest) -> Reasons:
    """Return the reasons against an empty text; other mistakes of a text are left to the schema."""
    if request.call.values.get("text") not in (None, ""):
        return ()
    return find_violations(request.call, "text") or ("text: is empty (documented: any Unicode text)",)


def check_schema(request: SendRequest) -> Reasons:
    """Return all violations of the schema, and the reasons against a sendTime that is not in the future."""
    call = request.call
    problems = tuple(map(str, call.violations))
    return problems if find_violations(call, "sendTime") else (*problems, *check_time(call))


def check_time(call: Call) -> Reasons:
    """Return the reasons against a sendTime that is not in the future."""
    try:
        later = read_send_time(call)
    except ValueError:
        return (f"sendTime: {show(call.text('sendTime'))} is not a valid date (documented: Y-m-d H:i)",)
    if later is None or later > call.at:
        return ()
    now = f"{format_local(call.at, call.settings)} in {call.settings['zone']}, the setting zone"
    return (f"sendTime: {call.text('sendTime')} is not later than now (documented: now is {now})",)


def check_balance(request: SendRequest) -> Reasons:
    """Return the reasons against a balance below one SMS for each number."""
    left, wanted = request.call.owner.balance[BALANCE_TYPE], len(request.numbers)
    return (
        () if left >= wanted else (f"account: its balance of {left} SMS does not cover {wanted}, one for each number",)
    )


# In the order of the checks (inferred): 10, 20, 50, 30, 99, 40. `authenticate` has checked 90 before.
CHECKS = (
    ("brand-not-found", check_brand),
    ("numbers-not-found", check_numbers_given),
    ("no-valid-numbers", check_numbers),
    ("empty-text", check_text),
    ("general", check_schema),
    ("insufficient-funds", check_balance),
)
# Checks that never refuse by themselves, but add reasons to a refusal.
ADDITIONAL_CHECKS = (("no-valid-numbers", check_each_number),)
# Checks that need no account.
CHECKS_WITHOUT_ACCOUNT = (CHECKS[1], *ADDITIONAL_CHECKS, *CHECKS[3:5])
