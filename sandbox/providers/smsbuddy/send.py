"""Sends: from rows to messages, the reply at the send and later, delivery reports, and one-time codes.

Reports go to the `dlr_url` of a send, by GET (inferred, after the parent platform). DLT, the Indian rules for
templates, may reject a message.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from itertools import chain
from typing import NamedTuple

from sandbox.core.account import Account, CheckResult, Otp, RateWindow, check_code
from sandbox.core.callback import Target, TargetOrigin
from sandbox.core.code_detection import find_code
from sandbox.core.message import Draft, Lifecycle, LifecycleStep, Message, Status
from sandbox.core.seeded_random import DECIMAL_DIGITS, draw_text
from sandbox.core.world import World
from sandbox.formats.sms_segments import segment
from sandbox.providers.base import Call, Outcome, Plan, Refusal, Reply
from sandbox.providers.smsbuddy import refusals
from sandbox.providers.smsbuddy.parameters import INDIA, find_mobile, read_text, why_not_mobile, write_time
from sandbox.providers.smsbuddy.refusals import (
    NUMBER,
    Row,
    asks_for_result,
    count_recipients,
    find_type_error,
    read_flat_rows,
    read_json_rows,
    render_error,
)
from sandbox.specs.types import show


class Submission(NamedTuple):
    """What a send would store: a draft for each valid number, the charged account, and the rate window."""

    drafts: tuple[Draft, ...]
    changes: tuple[Account | RateWindow, ...]


def send(world: World, call: Call) -> Outcome:
    """Send one text to some numbers; a GET may ask for the result of an earlier send instead."""
    return get_result(world, call) if asks_for_result(call) else submit_and_reply(world, call, read_flat_rows(call))


def send_json(world: World, call: Call) -> Outcome:
    """Send a text to each node's number."""
    return submit_and_reply(world, call, read_json_rows(call))


def submit_and_reply(world: World, call: Call, rows: Sequence[Row]) -> Outcome:
    """Submit rows and return the plan, or the refusal."""
    submission = submit(world, call, rows)
    if isinstance(submission, Refusal):
        return submission
    reply, sent_to = describe_send(submission.drafts, call), len(submission.drafts)
    if sent_to < count_recipients(call, rows):
        reply = reply._replace(notes=refusals.explain_numbers(call, rows, "is dropped", valid=sent_to))
    return Plan(reply, *submission)


def submit(world: World, call: Call, rows: Sequence[Row]) -> Submission | Refusal:
    """Check rows in the provider's order (inferred); return the first refusal with the reasons of all."""
    valid = refusals.keep_valid(rows)
    found = refusals.check_rows(call, rows, valid)
    refusal = next(found, None)
    priced = valid if refusal is None else [row for row in valid if row.service in refusals.BALANCE_TYPES]
    account, windows = refusals.charge(call.owner, priced), refusals.count_against_limit(world, call, len(valid))
    if refusal is None and not isinstance(account, Refusal) and not isinstance(windows, Refusal):
        return Submission(make_drafts(call, valid), (account, *windows))
    first, *later = [each for each in (refusal, *found, account, windows) if isinstance(each, Refusal)]
    left_out = refusals.explain_numbers(call, rows, "is not a number", valid=len(valid)) if valid else ()
    whys = chain(first.why, map(str, call.violations), *(each.why for each in later), left_out)
    return first._replace(why=tuple(dict.fromkeys(whys)))


def make_drafts(call: Call, rows: Iterable[Row]) -> tuple[Draft, ...]:
    """Return a draft for each row; their ids differ in the number after the hyphen."""
    if call.channel is None:
        raise ValueError(call.operation)
    reference = draw_text(call.seed, call.number, "smsbuddy id", length=24)
    return tuple(
        Draft(
            id=f"{reference}-{place}",
            channel=call.channel,
            recipient=row.number,
            sender=row.sender,
            text=row.text,
            code=row.code,
            scheduled_for=row.due,
            lifecycle=choose_lifecycle(call.owner, row, delay=call.channel.lifecycle[0].delay),
            data=row.facts or None,
        )
        for place, row in enumerate(rows, start=1)
    )


def choose_lifecycle(account: Account, row: Row, *, delay: timedelta) -> Lifecycle | None:
    """Return the lifecycle of a row that will be rejected, or None for the default one."""
    if breaks_template(account, row.template_id, row.text):
        return (LifecycleStep(Status.REJECTED, delay, "DLT-REJECTED"),)
    if account.stop_list and not account.stop_list.isdisjoint((row.number, row.number.removeprefix(INDIA))):
        return (LifecycleStep(Status.REJECTED, delay, "DNDNUMB"),)
    return None


VARIABLE = "{#var#}"
LONGEST = 30  # characters that a variable may stand for
TEMPLATE_ID = re.compile(r"[0-9]{12,19}")


def breaks_template(account: Account, template_id: str, text: str) -> bool:
    """Return whether a text does not match its template; accounts without templates are not checked."""
    if not account.templates:
        return False
    template = next((each for each in account.templates if each.id == template_id), None)
    return template is None or not TEMPLATE_ID.fullmatch(template_id) or not matches_template(template.text, text)


def matches_template(template: str, text: str) -> bool:
    """Return whether `text` is `template` with at most 30 characters for each variable.

    Bit n of `reached` is set if the pieces so far can end before character n, so the cost is at most proportional to
    the number of pieces times the length of the text.
    """
    first, *pieces = template.split(VARIABLE)
    places = {piece: find_starts(piece, text) for piece in set(pieces)}
    reached = 1 << len(first) if text.startswith(first) else 0
    for piece in pieces:
        reached = (skip_variable(reached) & places[piece]) << len(piece)
    return bool(reached >> len(text) & 1)


def skip_variable(reached: int) -> int:
    """Return the offsets that are 0 to 30 characters after those reached."""
    for shift in (1, 2, 4, 8, 15):
        reached |= reached << shift
    return reached


def find_starts(piece: str, text: str) -> int:
    """Return the offsets of `piece` in `text`, as bits."""
    found, place = 0, text.find(piece)
    while place >= 0:
        found |= 1 << place
        place = text.find(piece, place + 1)
    return found


WHOLE = re.compile(r"0|-?[1-9][0-9]{0,17}")


def describe_send(rows: Sequence[Draft | Message], call: Call) -> Reply:
    """Return the send reply for rows."""
    data = [describe_row(row) for row in rows]
    body = {
        "status": "200",
        "charges": sum(int(row["charge"]) for row in data),
        "message": f"{len(data)} numbers accepted for delivery.",
        "data": data,
    }
    return Reply(200, body, call.type)


def describe_row(row: Draft | Message) -> dict[str, str | int]:
    """Return a row as it appears in replies; rows of a JSON send have their `refid` too."""
    parts = segment(row.text)
    described: dict[str, str | int] = {
        "id": row.id,
        "mobile": row.recipient,
        "status": row.provider_status if isinstance(row, Message) else row.channel.words[Status.QUEUED],
        "unit": parts.count,
        "length": parts.length,
        "charge": parts.count,
    }
    refid = (row.data or {}).get("refid")
    return described if refid is None else {**described, "refid": int(refid) if WHOLE.fullmatch(refid) else refid}


def get_result(world: World, call: Call) -> Outcome:
    """Return the current state of one row, or of all rows of a send by the part of their ids before the hyphen."""
    rows = find_rows(world, call)
    return describe_send(rows, call) if rows else refuse_unknown_id(call)


def find_rows(world: World, call: Call) -> list[Message]:
    """Return the messages of this account that an id names."""
    reference = read_text(call.values, "id")
    if "-" not in reference:
        return [each for each in world.messages_of(call.owner) if each.id.startswith(f"{reference}-")]
    message = world.message(reference)
    mine = message is not None and (message.provider, message.account) == (call.owner.provider, call.owner.key)
    return [message] if message and mine else []


def refuse_unknown_id(call: Call) -> Refusal:
    """Refuse an id that no message has."""
    reference = read_text(call.values, "id")
    why = f"query.id: no message of this account has the id {show(reference)}, or it is too old to be kept"
    return Refusal("unknown-id", (why,))


def read_target(message: Message) -> Target | None:
    """Return the `dlr_url` of a message as its target, or None."""
    url = message.fact("dlr_url")
    return Target(url, origin=TargetOrigin.REQUEST) if url else None


PLACEHOLDER = "{#otp#}"
EXPIRY = "120"  # minutes (documented)
DIGITS = "6"  # (documented)
TRANSACTIONAL = "1"  # a code is charged to trans (inferred)
REFUSALS = {
    CheckResult.WRONG: ("otp-wrong", "is not the code that was sent last"),
    CheckResult.EXPIRED: ("otp-expired", "was entered after the code expired"),
    CheckResult.USED: ("otp-used", "was used already, and a code works once"),
    CheckResult.EXHAUSTED: (
        "otp-exhausted",
        "was entered after too many wrong tries (limit: settings.smsbuddy.otp_tries)",
    ),
}


def create_code(world: World, call: Call) -> Outcome:
    """Create a code and send it; a GET may ask for the result of an earlier one instead."""
    if asks_for_result(call):
        return get_code_result(world, call)
    size = int(read_text(call.values, "digits") or DIGITS)
    code = read_text(call.values, "otp") or draw_text(
        call.seed, call.number, "smsbuddy otp", length=size, alphabet=DECIMAL_DIGITS
    )
    expires_at = call.at + timedelta(minutes=int(read_text(call.values, "expiry") or EXPIRY))
    text = read_text(call.values, "message").replace(PLACEHOLDER, code)
    row = Row(
        place="",
        service=TRANSACTIONAL,
        sender=read_text(call.values, "sender"),
        number=read_text(call.values, "to"),
        text=text,
        template_id=read_text(call.values, "template_id"),
        facts={"otp": code, "expiry": write_time(expires_at, call.settings)},
        code=code if code in text else find_code(text) or code,  # a text without the placeholder may contain a code
    )
    submission = submit(world, call, [row])
    if isinstance(submission, Refusal):
        return submission
    (draft,) = submission.drafts
    otp = Otp(call.owner.provider, call.owner.key, draft.recipient, code, expires_at, call.number)
    reply = describe_code(row.facts, describe_row(draft), status="PENDING", call=call)
    return Plan(reply, submission.drafts, (*submission.changes, otp))


def describe_code(facts: Mapping[str, str], row: Mapping[str, str | int], *, status: str, call: Call) -> Reply:
    """Return the reply that describes a code and its SMS."""
    otp = {"mobile": row["mobile"], "status": status, "otp": facts["otp"], "expiry": facts["expiry"]}
    return Reply(200, {"status": "200", "message": "OTP Generated Successfully", "otp": otp, "sms": row}, call.type)


def verify_code(world: World, call: Call) -> Outcome:
    """Check a code; a wrong try is stored although the request is refused."""
    number, code = read_text(call.values, "to"), read_text(call.values, "otp")
    mobile = find_mobile(number)
    if mobile is None:
        problem = f"to: {show(number)} is not a number: it {why_not_mobile(number)} {NUMBER}"
        return Refusal("no-valid-numbers", (find_type_error(call, "", "to") or problem,))
    otp = world.otps.get((call.owner.provider, call.owner.key, mobile))
    if otp is None:
        return Refusal("otp-unknown", (f"to: no code was created for {mobile} (smsbuddy.otp.create creates one)",))
    found, after = check_code(otp, code, at=call.at, tries=read_tries(call))
    if found is CheckResult.RIGHT:
        reply = Reply(200, {"status": "200", "message": "OTP Verified Successfully"}, call.type)
        return Plan(reply, changes=(after, *mark_verified(world, otp)))
    name, words = REFUSALS[found]
    refusal = Refusal(name, (f"otp: {show(code)} {words} (inferred)",))
    return refusal if after is otp else Plan(render_error(call.errors[name], refusal, call), changes=(after,))


def mark_verified(world: World, otp: Otp) -> tuple[Message, ...]:
    """Return the message of a verified code, marked as such, because a newer code replaces the `Otp`."""
    message = world.messages.get(otp.message)
    return (message._replace(data={**(message.data or {}), "verified": "yes"}),) if message else ()


def get_code_result(world: World, call: Call) -> Outcome:
    """Return the reply of creating a code, with the current statuses."""
    for message in find_rows(world, call):
        if message.data and "otp" in message.data:
            return describe_code(
                message.data, describe_row(message), status=describe_status(world, call, message), call=call
            )
    return refuse_unknown_id(call)


def describe_status(world: World, call: Call, message: Message) -> str:
    """Return the status of a code; one that was replaced or tried too often counts as expired (inferred)."""
    if message.fact("verified"):
        return "VERIFIED"
    otp = world.otps.get((call.owner.provider, call.owner.key, message.recipient))
    newest = otp is not None and otp.message == message.number
    return (
        "PENDING" if otp and newest and call.at < otp.expires_at and otp.wrong_tries < read_tries(call) else "EXPIRED"
    )


def read_tries(call: Call) -> int:
    """Return how many wrong tries end a code."""
    return int(str(call.settings["otp_tries"]))
