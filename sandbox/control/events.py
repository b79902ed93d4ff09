"""Follows a workspace by server-sent events; comes back to where it was by `Last-Event-ID`."""

import asyncio
import re

from aiohttp import web

from sandbox.control.call import ControlCall
from sandbox.control.event_stream import Place, Reader
from sandbox.control.problems import refuse
from sandbox.specs.types import show

HEARTBEAT = 15.0  # seconds of silence after which a comment is sent
ID = re.compile(r"(\d{1,15})\.(\d{1,15})", re.ASCII)
HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Accel-Buffering": "no",
}


async def events(ask: ControlCall) -> web.StreamResponse:
    """Send events until either side closes; a reader that falls too far behind is dropped."""
    after = place(ask.request.headers.get("Last-Event-ID"))
    response = web.StreamResponse(headers=HEADERS)
    with ask.memory.feeds.of(ask.world).reading(after) as reader:
        await response.prepare(ask.request)
        dropping = asyncio.create_task(drop(reader, ask.request))
        try:
            while not reader.over:
                ask.engine.touch(ask.workspace.name)
                await response.write(await next_blob(reader))
        except ConnectionError:
            pass  # the reader closed; there is nobody to tell
        finally:
            dropping.cancel()
    return response


def place(given: str | None) -> Place | None:
    """Return the place of the last event that was seen.

    Raises:
        ProblemError: 400, it is no event's id.

    """
    if not given:
        return None
    match = ID.fullmatch(given)
    if match is None:
        raise refuse(400, "/Last-Event-ID", f"{show(given)} is no event's id, such as 12.0")
    return Place(int(match[1]), int(match[2]))


async def next_blob(reader: Reader) -> bytes:
    """Return the events that come next, or a heartbeat."""
    try:
        async with asyncio.timeout(HEARTBEAT):
            return await reader.take()
    except TimeoutError:
        return b": still here\n\n"


async def drop(reader: Reader, request: web.Request) -> None:
    """Close the connection of a reader that fell too far behind, although it takes nothing."""
    await reader.lost.wait()
    if request.transport is not None:
        request.transport.abort()
