"""SMS Buddy: flat and JSON sends, one-time codes, sender ids, balances by type, GET reports to a send's `dlr_url`.

Quirks: the code of a reply stands in its body as a string; a GET of a send or of a code with an `id` and no `to` asks
for its result; ten digits become an Indian number; promotional SMS are refused at night; a wrong try at a code counts.
"""

import re
from collections.abc import Mapping

from sandbox.core.account import Approval, Sender
from sandbox.core.clock import parse_duration
from sandbox.core.world import World
from sandbox.providers.base import Call, Outcome, Plan, Provider, Refusal, Reply, Violation
from sandbox.providers.smsbuddy.one_time_codes import create, verify
from sandbox.providers.smsbuddy.one_time_codes import result as code_result
from sandbox.providers.smsbuddy.parameters import BLANK, given
from sandbox.providers.smsbuddy.refusals import (
    PURSES,
    SEND,
    SEND_JSON,
    asks_for_result,
    of_request,
    problems,
    render_error,
    wrong_kind,
)
from sandbox.providers.smsbuddy.send import report, result, send, send_json, target
from sandbox.specs.types import show

# A value of a wrong JSON type is no key, service, sender or number, and so gets the code of that, in its turn.
JUDGED_LATER = frozenset({"key", "type", "sender", "senderid", "to"})
SENDS = (SEND, SEND_JSON)
CHECKED = (*SENDS, "smsbuddy.otp.create")  # operations whose types, senders and numbers are checked later
NOBODY = "key: no account has this key (inferred: 1 to 256 printable ASCII characters, and not closed by the scenario)"


def key(values: Mapping[str, object], _: Mapping[str, str]) -> str | None:
    """Return the key of a request, which a JSON send has in its root; None where it could be nobody's."""
    root = values.get("root")
    found = values.get("key", root.get("key") if isinstance(root, Mapping) else None)
    if not isinstance(found, str):
        return None
    trimmed = found.strip(BLANK)
    return trimmed if trimmed.isascii() and trimmed.isprintable() and " " not in trimmed else None


def authenticate(_: World, call: Call) -> Refusal | None:
    """Check that a request can be read, then its key; the rest is for the operations (this order is inferred)."""
    incomplete = not all(map(judged_later, call.violations))
    why = tuple(problems(call)) if call.operation in SENDS else ()
    if not incomplete and not why and call.account is not None:
        return None
    key_revoked = (NOBODY,) if call.account is None and has_key(call) else ()
    rest = (*of_request(call),) if call.operation in CHECKED and not asks_for_result(call) else ()
    reasons = (*map(str, call.violations), *why, *key_revoked, *rest)
    if incomplete or why:
        return Refusal("incomplete", tuple(dict.fromkeys(reasons)))
    return Refusal("unknown-key", tuple(dict.fromkeys((NOBODY, *reasons))))


def has_key(call: Call) -> bool:
    """Whether a request has something for a key."""
    root = call.values.get("root")
    given = call.values.get("key", root.get("key") if isinstance(root, Mapping) else None)
    return bool(given.strip(BLANK) if isinstance(given, str) else given)


def judged_later(violation: Violation) -> bool:
    """Whether a violation is for a later check."""
    return violation.rule == "type" and violation.at.rpartition(".")[2] in JUDGED_LATER


SENDER_ID = re.compile(r"[A-Za-z]{6}|[0-9]{6}")


def balance(_: World, call: Call) -> Outcome:
    """Answer the units left of each type."""
    left = call.owner.balance
    return Reply(
        200, {"status": "200", "data": {purse: int(left.get(purse, 0)) for purse in PURSES.values()}}, call.type
    )


def create_sender(_: World, call: Call) -> Outcome:
    """Take down a sender id, approved after the delay that the setting names.

    One that the account has stays as it is: the page's example asks for SMSBDY, with which its other examples send.
    """
    name = given(call.values, "senderid")
    if not SENDER_ID.fullmatch(name):
        why = f"senderid: {show(name)} is not a sender ID (inferred: six letters, or six digits for promotional SMS)"
        return Refusal("unknown-sender", (wrong_kind(call, "", "senderid") or why,))
    reply = Reply(200, {"status": "200", "message": "Sender ID requested Successfully."}, call.type)
    if call.owner.sender(name):
        return reply
    approved_at = call.at + parse_duration(call.settings["approval_delay"])
    sender = Sender(name, name, Approval.PENDING, call.at, approved_at)
    return Plan(reply, changes=(call.owner._replace(senders=(*call.owner.senders, sender)),))


PROVIDER = Provider(
    name="smsbuddy",
    operations={
        "smsbuddy.balance": balance,
        "smsbuddy.sms.send": send,
        "smsbuddy.sms.send_json": send_json,
        "smsbuddy.sms.result": result,
        "smsbuddy.otp.create": create,
        "smsbuddy.otp.verify": verify,
        "smsbuddy.otp.result": code_result,
        "smsbuddy.senderid.create": create_sender,
    },
    key=key,
    authenticate=authenticate,
    report=report,
    target=target,
    render_error=render_error,
)
