"""Recognises a request that sends again what was accepted before, because the reply to that was lost."""

from collections.abc import Iterable

from sandbox.core.effects import Fault
from sandbox.core.journal import LostReply, SentText
from sandbox.core.message import Draft
from sandbox.core.world import World
from sandbox.providers.base import Call

# Faults after which a client cannot have read the reply whole; a slow body comes whole in the end.
LOSING = frozenset({*Fault} - {Fault.SLOW_BODY})


def find_first(world: World, call: Call, drafts: tuple[Draft, ...]) -> int | None:
    """Return the number of the request that sent one of these messages first, if its reply was lost within a minute."""
    if not drafts or not world.lost_replies.are_recent(call.at):
        return None
    return world.lost_replies.find(_texts(call, drafts), call.at)


def lose(world: World, call: Call, drafts: tuple[Draft, ...], *, first: int | None) -> LostReply:
    """Return that the reply to an accepted request is lost; `first` is the request that this one repeats."""
    return LostReply(call.at, first or world.last_request + 1, tuple(_texts(call, drafts)))


def _texts(call: Call, drafts: tuple[Draft, ...]) -> Iterable[SentText]:
    owner = call.owner
    return (SentText(owner.provider, owner.key, draft.recipient, draft.text) for draft in drafts)
