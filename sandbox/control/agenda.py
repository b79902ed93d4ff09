"""What waits for its time on the clock of a workspace: status changes, callbacks and replies of phones."""

from collections.abc import Mapping

from aiohttp import web

from sandbox.control.call import ControlCall, reply
from sandbox.control.lists import LIMIT, Object
from sandbox.core.agenda import AgendaEntry, EntryKind
from sandbox.core.clock import format_time
from sandbox.core.message import Status
from sandbox.core.world import World

KINDS: Mapping[EntryKind, str] = {
    EntryKind.MOVE: "status",
    EntryKind.CALLBACK: "callback",
    EntryKind.INBOUND: "inbound",
}


async def list_agenda(call: ControlCall) -> web.Response:
    """Reply with what is due next, and with how much is pending altogether."""
    agenda = call.world.agenda
    entries = agenda.soonest(call.query.get("limit", int) or LIMIT)
    return reply({"items": [show_entry(each, call.world) for each in entries], "count": len(agenda)})


def show_entry(entry: AgendaEntry, world: World) -> Object:
    """Return a status change, the next attempt of a callback, or the reply of a phone to a message."""
    more: Object = {"callback": None, "attempt": None}
    if entry.kind is EntryKind.CALLBACK:
        callback = world.callbacks[entry.number]
        message, status = world.messages[callback.message], callback.step.status
        more = {"callback": callback.id, "attempt": len(callback.attempts) + 1}
    else:
        message = world.messages[entry.number]
        status = message.steps[message.reached].status if entry.kind is EntryKind.MOVE else Status.RECEIVED
    return {
        "at": format_time(entry.at),
        "kind": KINDS[entry.kind],
        "message": message.id,
        "to": message.recipient,
        "provider": message.provider,
        "status": status,
        **more,
    }
