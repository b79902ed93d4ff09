"""Sends an answer back the way a scenario wants it: late, slowly, broken, or not at all."""

import asyncio
import socket
import struct

from aiohttp import web

from sandbox.core.effects import Fault
from sandbox.core.errors import ResetError
from sandbox.handling import Answer
from sandbox.workspace import Workspace

DRIPS = 20  # pieces of a slow body
DRIP = 0.5  # seconds between two of them


async def send(request: web.Request, answer: Answer, workspace: Workspace) -> web.StreamResponse:
    """Return the response, or break the connection; a reset meanwhile closes it without a reply."""
    try:
        await workspace.linger(answer.pause.total_seconds())
        if answer.fault is None or answer.fault is Fault.MALFORMED_BODY:
            return plain(answer)
        return await broken(request, answer, workspace)
    except ResetError:
        return hang_up(request)


def plain(answer: Answer) -> web.Response:
    """Return the answer as it is."""
    return web.Response(status=answer.status, headers=answer.headers, body=answer.body)


async def broken(request: web.Request, answer: Answer, workspace: Workspace) -> web.StreamResponse:
    """Do to the connection what the fault says."""
    match answer.fault:
        case Fault.HANG:
            await workspace.linger(None)
            return hang_up(request)
        case Fault.SLOW_BODY:
            return await drip(request, answer, workspace)
        case Fault.TRUNCATED_BODY:
            response = head(answer)
            await response.prepare(request)
            await response.write(answer.body[: len(answer.body) // 2])
            return hang_up(request)
        case Fault.CONNECTION_RESET:
            return reset_connection(request)
        case _:
            return hang_up(request)


async def drip(request: web.Request, answer: Answer, workspace: Workspace) -> web.StreamResponse:
    """Send the body in pieces, half a second apart."""
    response = head(answer)
    await response.prepare(request)
    size = max(1, -(-len(answer.body) // DRIPS))
    for begin in range(0, len(answer.body), size):
        await response.write(answer.body[begin : begin + size])
        await workspace.linger(DRIP)
    await response.write_eof()
    return response


def head(answer: Answer) -> web.StreamResponse:
    """Return a response that promises the whole body."""
    response = web.StreamResponse(status=answer.status, headers=answer.headers)
    response.content_length = len(answer.body)
    return response


def hang_up(request: web.Request) -> web.StreamResponse:
    """Close the connection; what is returned goes nowhere."""
    if request.transport is not None:
        request.transport.close()
    return web.Response()


def reset_connection(request: web.Request) -> web.StreamResponse:
    """Close the connection with RST: a socket that does not linger over what it has not sent does so."""
    transport: asyncio.Transport | None = request.transport
    own = transport.get_extra_info("socket") if transport else None
    if transport is not None and own is not None:
        own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    return web.Response()
