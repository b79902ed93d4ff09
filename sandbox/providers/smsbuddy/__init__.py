"""SMS Buddy: flat and JSON sends, one-time codes, sender ids, balances by type, GET reports to a send's `dlr_url`.

Quirks: the body of a reply contains its status code as a string; a GET of a send or of a code with an `id` and no `to`
asks for its result; ten digits become an Indian number; promotional SMS are refused at night; wrong tries of a code
count.
"""

import re
from collections.abc import Mapping

from sandbox.core.account import Approval, Sender
from sandbox.core.clock import parse_duration
from sandbox.core.world import World
from sandbox.providers.base import Call, Outcome, Plan, Provider, Refusal, Reply, Violation
from sandbox.providers.smsbuddy.parameters import WHITESPACE, read_text
from sandbox.providers.smsbuddy.refusals import (
    SEND,
    SEND_JSON,
    asks_for_result,
    check_request,
    find_problems,
    find_type_error,
    render_error,
)
from sandbox.providers.smsbuddy.send import (
    create_code,
    get_code_result,
    get_result,
    read_target,
    send,
    send_json,
    verify_code,
)
from sandbox.specs.types import show

# A value of a wrong JSON type here is an unknown key, service, sender or number, so a later check refuses it.
JUDGED_LATER = frozenset({"key", "type", "sender", "senderid", "to"})
SENDS = (SEND, SEND_JSON)
CHECKED_LATER = (*SENDS, "smsbuddy.otp.create")  # operations that check types, senders and numbers later
UNKNOWN_KEY = (
    "key: no account has this key (inferred: 1 to 256 printable ASCII characters, and not closed by the scenario)"
)


def read_key(values: Mapping[str, object], _: Mapping[str, str]) -> str | None:
    """Return the key of a request, which a JSON send has in its root; None if no account can have it."""
    root = values.get("root")
    found = values.get("key", root.get("key") if isinstance(root, dict) else None)
    if not isinstance(found, str):
        return None
    trimmed = found.strip(WHITESPACE)
    return trimmed if trimmed.isascii() and trimmed.isprintable() and " " not in trimmed else None


def authenticate(_: World, call: Call) -> Refusal | None:
    """Check that the request is complete, then its key; operations check the rest (this order is inferred)."""
    incomplete = not all(map(is_judged_later, call.violations))
    why = tuple(find_problems(call)) if call.operation in SENDS else ()
    if not incomplete and not why and call.account is not None:
        return None
    unknown_key = (UNKNOWN_KEY,) if call.account is None and has_key(call) else ()
    rest = (*check_request(call),) if call.operation in CHECKED_LATER and not asks_for_result(call) else ()
    reasons = (*map(str, call.violations), *why, *unknown_key, *rest)
    if incomplete or why:
        return Refusal("incomplete", tuple(dict.fromkeys(reasons)))
    return Refusal("unknown-key", tuple(dict.fromkeys((UNKNOWN_KEY, *reasons))))


def has_key(call: Call) -> bool:
    """Return whether a request has any value for its key."""
    root = call.values.get("root")
    found = call.values.get("key", root.get("key") if isinstance(root, dict) else None)
    return bool(found.strip(WHITESPACE) if isinstance(found, str) else found)


def is_judged_later(violation: Violation) -> bool:
    """Return whether a later check refuses a violation."""
    return violation.rule == "type" and violation.at.rpartition(".")[2] in JUDGED_LATER


SENDER_ID = re.compile(r"[A-Za-z]{6}|[0-9]{6}")


def create_sender(_: World, call: Call) -> Outcome:
    """Register a sender ID, approved after the setting `approval_delay`.

    If the account already has it, it stays as it is: the documented example requests SMSBDY, which other examples use.
    """
    name = read_text(call.values, "senderid")
    if not SENDER_ID.fullmatch(name):
        why = f"senderid: {show(name)} is not a sender ID (inferred: six letters, or six digits for promotional SMS)"
        return Refusal("unknown-sender", (find_type_error(call, "", "senderid") or why,))
    reply = Reply(200, {"status": "200", "message": "Sender ID requested Successfully."}, call.type)
    if call.owner.sender(name):
        return reply
    approved_at = call.at + parse_duration(call.settings["approval_delay"])
    sender = Sender(name, name, Approval.PENDING, call.at, approved_at)
    return Plan(reply, changes=(call.owner._replace(senders=(*call.owner.senders, sender)),))


PROVIDER = Provider(
    name="smsbuddy",
    operations={
        "smsbuddy.sms.send": send,
        "smsbuddy.sms.send_json": send_json,
        "smsbuddy.sms.result": get_result,
        "smsbuddy.otp.create": create_code,
        "smsbuddy.otp.verify": verify_code,
        "smsbuddy.otp.result": get_code_result,
        "smsbuddy.senderid.create": create_sender,
    },
    key=read_key,
    authenticate=authenticate,
    target=read_target,
    render_error=render_error,
)
