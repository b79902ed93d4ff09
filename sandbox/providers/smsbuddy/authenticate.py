"""Who is let in, and what a refusal looks like."""

from collections.abc import Mapping

from sandbox.core.world import World
from sandbox.providers import base
from sandbox.providers.base import Call, ErrorReply, Refusal, Reply, Violation
from sandbox.providers.smsbuddy.parameters import BLANK
from sandbox.providers.smsbuddy.refusals import of_request
from sandbox.providers.smsbuddy.send_requests import SEND, SEND_JSON, asks_for_result, problems

# A value of a wrong JSON type is no key, service, sender or number, and so gets the code of that, in its turn.
JUDGED_LATER = frozenset({"key", "type", "sender", "senderid", "to"})
SENDS = (SEND, SEND_JSON)
CHECKED = (*SENDS, "smsbuddy.otp.create")  # operations whose types, senders and numbers are checked later
NOBODY = "key: no account has it (inferred: 1 to 256 printable ASCII characters that the scenario does not close)"


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


def render_error(error: ErrorReply, refusal: Refusal, call: Call) -> Reply:
    """Return a refusal under the HTTP status that the setting asks for."""
    reply = base.render_error(error, refusal, call)
    return reply if call.settings["http_status"] == "mirror" else reply._replace(status=200)
