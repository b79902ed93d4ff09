"""The send reply, at the send and afterwards with the present statuses."""

import re
from collections.abc import Sequence

from sandbox.core.message import Draft, Message, Status
from sandbox.core.world import World
from sandbox.formats.sms_segments import segment
from sandbox.providers.base import Call, Outcome, Refusal, Reply
from sandbox.providers.smsbuddy.parameters import given
from sandbox.specs.schema import show

WHOLE = re.compile(r"0|-?[1-9][0-9]{0,17}")


def sent(rows: Sequence[Draft | Message], call: Call) -> Reply:
    """Return the send reply for rows."""
    data = [describe(row) for row in rows]
    body = {
        "status": "200",
        "charges": sum(int(row["charge"]) for row in data),
        "message": f"{len(data)} numbers accepted for delivery.",
        "data": data,
    }
    return Reply(200, body, call.type)


def describe(row: Draft | Message) -> dict[str, str | int]:
    """Return a row as replies show it; a JSON send's has its `refid` too."""
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


def result(world: World, call: Call) -> Outcome:
    """Answer the present state of one row, or of all rows of a send by the part of their ids before the hyphen."""
    rows = find_rows(world, call)
    return sent(rows, call) if rows else unknown_id(call)


def find_rows(world: World, call: Call) -> list[Message]:
    """Return the account's own messages that an id names."""
    reference = given(call.values, "id")
    if "-" not in reference:
        return [each for each in world.messages_of(call.owner) if each.id.startswith(f"{reference}-")]
    message = world.message(reference)
    mine = message is not None and (message.provider, message.account) == (call.owner.provider, call.owner.key)
    return [message] if message and mine else []


def unknown_id(call: Call) -> Refusal:
    """Refuse an id that no message has."""
    why = (
        f"query.id: no message of this account has the id {show(given(call.values, 'id'))}, or it is too old to be kept"
    )
    return Refusal("unknown-id", (why,))
