"""Saved states: a workspace as a file, and the workspace of a file in place of the present one.

What reads and writes such files is loaded with the first call: a server that saves no state needs none of it.
"""

import asyncio
from collections.abc import Iterable
from datetime import datetime
from itertools import chain
from typing import TYPE_CHECKING

from aiohttp import web

from sandbox import __version__
from sandbox.control.call import ControlCall, reply
from sandbox.control.problems import Mistake, ProblemError, refuse
from sandbox.control.workspaces import show_workspace
from sandbox.core.clock import utc_now

if TYPE_CHECKING:
    from sandbox.control.state_masking import StateMasking
    from sandbox.store.snapshot import Entity

PIECE = 64 * 1024  # bytes of a body that are read at once
GZIP = "application/gzip"


async def get_state(call: ControlCall) -> web.StreamResponse:
    """Reply with the workspace as a file."""
    from sandbox.store.snapshot import Snapshot  # noqa: PLC0415 - see above
    from sandbox.store.state_file import write_state  # noqa: PLC0415 - as above

    keep, now, world = bool(call.query.get("keys", bool)), utc_now(), call.world
    entities: Iterable[Entity] = Snapshot(world)  # everything of one instant
    stored = call.workspace.gate.latest()
    if not keep:
        entities = state_masking(call).apply(entities)
    header = {
        "version": __version__,
        "workspace": world.name,
        "saved_at": now,
        "keys": "kept" if keep else "masked",
    }
    if stored is not None:
        await asyncio.shield(stored)
    response = web.StreamResponse(headers={"Content-Type": GZIP, "Content-Disposition": _disposition(world.name, now)})
    pieces = write_state(header, entities)
    first = await asyncio.to_thread(next, pieces)  # an error before the first byte is answered as one
    await response.prepare(call.request)
    if call.request.method != "HEAD":
        await response.write(first)
        while piece := await asyncio.to_thread(next, pieces, b""):
            await response.write(piece)
    await response.write_eof()
    return response


def state_masking(call: ControlCall) -> "StateMasking":
    """Return what masks the credentials that a workspace knows."""
    from sandbox.control.state_masking import StateMasking  # noqa: PLC0415 - see above

    lease = call.engine.leases.get(call.world.name)
    minted = chain.from_iterable(fields.values() for fields in lease.keys.values()) if lease else ()
    targets = [target.key for target in call.world.targets.values() if target.key]
    specs = [pack.spec for pack in call.engine.providers.known.values()]
    places = [part.name.rpartition("/")[2] for spec in specs for way in spec.authentication for part in way]
    names = [*places, *chain.from_iterable(spec.credentials for spec in specs)]
    return StateMasking(names, [*minted, *targets])


def _disposition(workspace: str, now: datetime) -> str:
    return f'attachment; filename="sms-sandbox-{workspace}-{now:%Y%m%dT%H%M%SZ}.jsonl.gz"'


async def put_state(call: ControlCall) -> web.Response:
    """Replace the workspace by that of a file; reply with it."""
    from sandbox.store.state_file import SavedStateError  # noqa: PLC0415 - see above
    from sandbox.store.state_reader import StateReader  # noqa: PLC0415 - as above

    engine, workspace = call.engine, call.workspace
    reader = StateReader(engine.packs, engine.start.scenario)
    try:
        async for piece in call.request.content.iter_chunked(PIECE):
            await asyncio.to_thread(reader.feed, piece)
        saved = await asyncio.to_thread(reader.finish)
    except SavedStateError as error:
        raise ProblemError(422, [Mistake("", f"saved state: {error}", error.line)]) from None
    if engine.workspaces.get(workspace.name) is not workspace:
        raise refuse(404, "/workspace", f"the workspace {workspace.name} was deleted meanwhile")
    await workspace.load(saved.state)
    return reply(show_workspace(engine, workspace))
