"""Proposes what each operation does, by points for its method, its words and its values, and says why.

A proposal is a guess that a person checks: each point that counted is in its reason.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from sandbox.authoring.calls import Call, Hook
from sandbox.authoring.failures import texts_of
from sandbox.authoring.names import WORDS, normal, rank, status_of
from sandbox.authoring.places import Leaf, MessagePlaces, best, leaves_of, message_places, place_of
from sandbox.authoring.samples import Sampler

LEAST = 8  # points of a proposal
SEND, MESSAGE, MESSAGES, BALANCE, CHECK, REPLY = "send", "message", "messages", "balance", "code.check", "reply"

SENDING: Mapping[str, int] = WORDS["sending"]
OTHER_PURPOSES = frozenset(WORDS["other_purposes"])
LISTING = frozenset({"list", "lists", "search", "report", "reports"})
READING, CHECKING = frozenset(WORDS["reading"]), frozenset(WORDS["checking"])
BALANCES, GROUPS = frozenset(WORDS["balances"]), frozenset(WORDS["groups"])
AMOUNT = re.compile(r"\s*-?\d{1,9}(\.\d+)?\s*")


class Proposal(NamedTuple):
    """What an operation does, in the words of `x-sandbox`; `reason` says why, `places` where a send has its parts.

    `hint` says what may be left to do about it.
    """

    role: str
    reason: str
    places: MessagePlaces | None = None
    found: Mapping[str, Leaf] = {}
    makes_code: bool = False
    hint: str = ""


def propose(call: Call, sampler: Sampler, sends: list[Call]) -> Proposal:
    """Return what a call does; `sends` are the calls that send, whose neighbours probably read messages."""
    for attempt in (_check, _message, _list, _balance):
        proposal = attempt(call, sampler, sends)
        if proposal is not None:
            return proposal
    return Proposal(REPLY, "nothing in it suggests another behaviour")


def propose_send(call: Call, sampler: Sampler) -> tuple[int, Proposal] | None:
    """Return the points and the proposal of a call that seems to send, None for another."""
    places = message_places(call, sampler)
    if places is None or call.method not in {"post", "put", "get"}:
        return None
    points, reasons = (2, [call.method.upper()]) if call.method != "get" else (0, [])
    words = {each: SENDING[each] for each in sorted(call.words) if each in SENDING}
    points += min(sum(words.values()), 8)
    makes_code = not places.text and bool(
        call.words & {"otp", "verify", "verification", "verifications", "code", "pin"}
    )
    points += 3 + (3 if places.text or makes_code else -4)
    own = _resource(call)
    points -= 4 * len(own & OTHER_PURPOSES) + 2 * (len(call.words & OTHER_PURPOSES) > 1)
    points -= 4 * call.path.endswith("}") * (not call.words & {"format"} or call.method == "get")
    if points < LEAST or not words or _check(call, sampler, []) is not None:
        return None
    reasons += [f"the words {' '.join(words)}"]
    reasons.append(f"a recipient at {places.recipient}" + (f" in each row of {places.rows}" if places.rows else ""))
    reasons.append(f"a text at {places.text}" if places.text else "no text, so the provider makes the code")
    return points, Proposal(SEND, _join(reasons), places, makes_code=makes_code)


def _resource(call: Call) -> frozenset[str]:
    """Return the words of the last step of a path that is no parameter, and of the operation's name."""
    steps = [each for each in call.path.split("/") if each and not each.startswith("{")]
    text = f"{steps[-1] if steps else ''} {call.name}"
    return frozenset(each.lower() for each in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", text))


def _check(call: Call, sampler: Sampler, _: list[Call]) -> Proposal | None:
    leaves = leaves_of(call, sampler)
    code, recipient = best("code", leaves), best("recipient", leaves)
    words = sorted(call.words & CHECKING)
    if code is None or not words or not (code.required or "check" in call.words):
        return None
    if recipient is None:
        known = best("id", leaves)
        hint = "it seems to check a code by an id; code.check needs the recipient, so it answers with its example"
        return Proposal(REPLY, hint, hint=hint) if known is not None else None
    reason = (
        f"it has the word {words[0]}, a recipient at {place_of(recipient.steps)} and a code at {place_of(code.steps)}"
    )
    return Proposal(CHECK, reason, found={"recipient": recipient, "code": code})


def _message(call: Call, sampler: Sampler, sends: list[Call]) -> Proposal | None:
    if call.method not in {"get", "post"} or _resource(call) & OTHER_PURPOSES - {"scheduled"}:
        return None
    found = _identified(call, sampler)
    row = _rows(call)
    if (
        found is not None
        and row is not None
        and call.words & GROUPS
        and any(rank("recipient", name) is not None for name in row)
    ):
        return Proposal(MESSAGES, f"it has the id of several messages at {place_of(found.steps)}", found={"of": found})
    if row is not None and found is not None and found.origin == "path" and not re.search(r"\}(\.\w+)?/?$", call.path):
        return None  # the list of an account, such as /accounts/{id}/messages
    shown = row is None and _has(call, "status")
    if found is None or not (shown or _holds_status(call)) or not (call.words & READING or _beside(call, sends)):
        return None
    if call.method == "post" and best("recipient", leaves_of(call, sampler)) is not None:
        return None
    reason = f"it has an id at {place_of(found.steps)} and replies with a status"
    return Proposal(MESSAGE, reason, found={"id": found})


def _identified(call: Call, sampler: Sampler) -> Leaf | None:
    """Return the parameter with the id of one message: that at the end of a path, or one with a usual name."""
    leaves = leaves_of(call, sampler)
    steps = call.path.rstrip("/").split("/")
    for step in reversed(steps[-2:]):
        name = re.fullmatch(r"\{(\w+)\}(?:\.\w+)?", step)
        if name:
            return next((each for each in leaves if each.steps == (name[1],) and each.origin == "path"), None)
    outer = [each for each in leaves if len(each.steps) == 1 and each.required and sampler.kind(each.schema) != "array"]
    return best("id", outer, origins=("query", "body"))


def _list(call: Call, sampler: Sampler, sends: list[Call]) -> Proposal | None:
    if call.method not in {"get", "post"} or _resource(call) & OTHER_PURPOSES - LISTING:
        return None
    row = _rows(call)
    if row is None or call.path.rstrip("/").endswith("}") or not (call.words & READING or _beside(call, sends)):
        return None
    if call.method == "post" and message_places(call, sampler) is not None and "search" not in call.words:
        return None
    named = [
        field for field in ("id", "status", "recipient", "text") if any(rank(field, name) is not None for name in row)
    ]
    if "recipient" not in named or len(named) < 3:  # noqa: PLR2004 - a recipient and two more make a message
        return None
    return Proposal(MESSAGES, f"it replies with a list whose items have {_join(named)}")


def _balance(call: Call, _: Sampler, __: list[Call]) -> Proposal | None:
    words = sorted(call.words & BALANCES, key=lambda word: (word == "account", word))
    if (
        call.method != "get"
        or not words
        or re.search(r"\}(\.\w+)?$", call.path)
        or not _amounts(_example(call), words, 0)
    ):
        return None
    return Proposal(BALANCE, f"it has the word {words[0]} and replies with an amount")


def _beside(call: Call, sends: list[Call]) -> bool:
    """Return whether a call's path goes on from that of a call that sends."""
    return any(call.path.startswith(re.sub(r"\.\w+$", "", each.path)) for each in sends)


def _example(call: Call) -> object:
    good = call.good
    return next(iter(good.examples.values()), None) if good is not None else None


def _rows(call: Call) -> dict[str, object] | None:
    """Return the first object of the first list of objects in a call's reply."""
    return _first_row(_example(call), 0)


def _first_row(value: object, depth: int) -> dict[str, object] | None:
    if isinstance(value, list):
        return value[0] if value and isinstance(value[0], dict) else None
    if isinstance(value, dict) and depth < 3:  # noqa: PLR2004 - deeper ones are details of one message
        return next((row for each in value.values() if (row := _first_row(each, depth + 1)) is not None), None)
    return None


def _has(call: Call, field: str) -> bool:
    """Return whether a call's reply has a member of a field, up to two levels down."""
    return any(rank(field, name) is not None for name in _member_names(_example(call), 0))


def _holds_status(call: Call) -> bool:
    return any(status_of(word) is not None for text in texts_of(_example(call), 0) for word in text.split()[:9])


def _member_names(value: object, depth: int) -> list[str]:
    if not isinstance(value, dict) or depth > 2:  # noqa: PLR2004 - as said above
        return []
    return [normal(name) for name in value] + [
        name for each in value.values() for name in _member_names(each, depth + 1)
    ]


def _amounts(value: object, words: list[str], depth: int) -> bool:
    """Return whether a reply has an amount: a number alone, or one below a name such as balance."""
    if not isinstance(value, dict) or depth > 2:  # noqa: PLR2004 - as said above
        return isinstance(value, str) and depth == 0 and bool(AMOUNT.fullmatch(value))
    sure = words != ["account"]
    for name, each in value.items():
        is_amount = not isinstance(each, bool) and (
            isinstance(each, int | float) or (isinstance(each, str) and bool(AMOUNT.fullmatch(each) or each == "text"))
        )
        if is_amount and rank("balance", name) is not None and (sure or normal(name) == "balance"):
            return True
    return any(_amounts(each, words, depth + 1) for each in value.values() if isinstance(each, dict))


def is_report(hook: Hook) -> int:
    """Return how much a hook looks like a delivery report: 0 for one that does not."""
    text = normal(f"{hook.name} {hook.url} {hook.summary}")
    if (
        any(word in text for word in ("inbound", "incoming", "received", "mo", "reply"))
        and "status" not in text
        and "deliver" not in text
    ):
        return 0
    points = sum(word in text for word in ("deliver", "status", "receipt", "dlr", "callback", "report", "message"))
    value = next(iter(hook.examples.values()), None)
    named = _member_names(value[0] if isinstance(value, list) and value else value, 0)
    points += 2 * any(rank("status", name) is not None for name in named) + any(
        rank("id", name) is not None for name in named
    )
    return points if named else 0


def _join(words: list[str]) -> str:
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else words[0]
