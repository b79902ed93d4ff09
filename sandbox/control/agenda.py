"""What waits for its time on the clock of a workspace: status changes and callbacks, the next first."""

from aiohttp import web

from sandbox.control.call import ControlCall, reply
from sandbox.control.lists import LIMIT, Object
from sandbox.core.agenda import AgendaEntry, EntryKind
from sandbox.core.clock import format_time
from sandbox.core.world import World


async def list_agenda(call: ControlCall) -> web.Response:
    """Reply with what is due next, and with how much is pending altogether."""
    agenda = call.world.agenda
    entries = agenda.soonest(call.query.get("limit", int) or LIMIT)
    return reply({"items": [show_entry(each, call.world) for each in entries], "count": len(agenda)})


def show_entry(entry: AgendaEntry, world: World) -> Object:
    """Return a status change, or the next attempt of a callback."""
    if entry.kind is EntryKind.MOVE:
        message, step = world.messages[entry.number], world.messages[entry.number].plan[0]
        more: Object = {"callback": None, "attempt": None}
    else:
        callback = world.callbacks[entry.number]
        message, step = world.messages[callback.message], callback.step
        more = {"callback": callback.id, "attempt": len(callback.attempts) + 1}
    return {
        "at": format_time(entry.at),
        "kind": "status" if entry.kind is EntryKind.MOVE else "callback",
        "message": message.id,
        "to": message.recipient,
        "provider": message.provider,
        "status": step.status,
        **more,
    }
