"""One-time codes: created and sent, checked, and looked up."""

from collections.abc import Mapping
from datetime import timedelta

from sandbox.core.account import CheckResult, Otp, check_code
from sandbox.core.code_detection import find_code
from sandbox.core.message import Message
from sandbox.core.seeded_random import DECIMAL_DIGITS, draw_text
from sandbox.core.world import World
from sandbox.providers.base import Call, Outcome, Plan, Refusal, Reply
from sandbox.providers.smsbuddy.parameters import find_mobile, read_text, why_not_mobile, write_time
from sandbox.providers.smsbuddy.refusals import NUMBER, Row, asks_for_result, find_type_error, render_error
from sandbox.providers.smsbuddy.send import describe_row, find_rows, refuse_unknown_id, submit
from sandbox.specs.types import show

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
