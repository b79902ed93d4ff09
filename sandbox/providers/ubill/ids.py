"""The smsID of a request, and the ids of its messages: `{smsID}-{row}`, the first row being 1.

An smsID is a base that the seed gives plus the number of the request's first message: unique in its workspace, and the
way back to the messages.
"""

from collections.abc import Iterator

from sandbox.core.message import Message
from sandbox.core.seeded_random import draw_bytes
from sandbox.core.world import World
from sandbox.providers.base import Call

LONGEST = 20  # digits of an smsID that is looked for
ROWS = 100_000  # more than a request has room for: its body is at most 1 MB


def base(seed: int) -> int:
    """Return the number of eight digits that all smsIDs of a workspace are counted from."""
    return 10_000_000 + int.from_bytes(draw_bytes(seed, 0, "ubill smsID", 7), "big") % 80_000_000


def new_sms_id(call: Call) -> str:
    """Return the smsID of a call that sends."""
    return str(base(call.seed) + call.number)


def message_id(sms_id: str, row: int) -> str:
    """Return the id of a request's message."""
    return f"{sms_id}-{row}"


def sms_id_of(message: Message) -> str:
    """Return the smsID under which a message was sent."""
    return message.id.partition("-")[0]


def rows(world: World, sms_id: str) -> Iterator[Message]:
    """Return the messages of a request that are still kept, in order."""
    if not (sms_id.isascii() and sms_id.isdecimal() and len(sms_id) <= LONGEST):
        return
    begin = max(1, int(sms_id) - base(world.seed))
    for number in range(begin, min(begin + ROWS, world.last_message) + 1):
        message = world.messages.get(number)
        if message is None:
            continue
        if message.provider != "ubill" or sms_id_of(message) != sms_id:
            return
        yield message
