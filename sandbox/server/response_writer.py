"""Puts an answer on a connection the way a scenario wants it: whole, late, slowly, broken, or not at all.

Faults are about bytes on the wire, so they are written to the transport itself, whoever has read the request.
"""

import asyncio
import socket
import struct
from collections.abc import Awaitable
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus

from aiohttp.http import SERVER_SOFTWARE

from sandbox.core.clock import second
from sandbox.core.effects import Fault
from sandbox.core.errors import ResetError
from sandbox.engine.workspace import Workspace
from sandbox.pipeline import Answer

DRIPS = 20  # pieces of a slow body
DRIP = 0.5  # seconds between two of them
OWN = 2  # headers that every answer has: its type, and the number of its request
EMPTY = frozenset({204, 304})  # statuses whose replies have no body, whatever is said
SERVER = f"Server: {SERVER_SOFTWARE}\r\n"
REASONS = {status.value: status.phrase for status in HTTPStatus}


def is_plain(answer: Answer) -> bool:
    """Whether an answer goes back at once and whole."""
    return answer.fault is None and not answer.pause and not answer.awaits


def head(answer: Answer) -> str:
    """Return the first bytes of a reply, to the empty line: those that the web server writes too."""
    status, headers = answer.status, answer.headers
    lines = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
    length = "" if status in EMPTY else f"Content-Length: {len(answer.body)}\r\n"
    told = len(headers) > OWN and any(name.lower() == "server" for name in headers)
    end = _end(second(), "" if told else SERVER)
    return f"HTTP/1.1 {status} {REASONS.get(status, '')}\r\n{lines}{length}{end}"


@lru_cache(maxsize=2)
def _end(now: int, server: str) -> str:
    """Return the last headers of a reply: they are the same for a second."""
    return f"Date: {formatdate(now, usegmt=True)}\r\n{server}\r\n"


def body_of(answer: Answer) -> bytes:
    """Return a reply's body."""
    return b"" if answer.status in EMPTY else answer.body


def whole(answer: Answer) -> bytes:
    """Return a reply's bytes."""
    return head(answer).encode() + body_of(answer)


def pause(answer: Answer, workspace: Workspace) -> asyncio.Future[None]:
    """Begin to wait until a reply is due, and return what is done then; see `Workspace.linger`."""
    if answer.awaits and answer.fault is not Fault.HANG:
        return workspace.linger_for(answer.awaits)
    return workspace.delay_reply(None if answer.fault is Fault.HANG else answer.pause.total_seconds())


async def put(answer: Answer, transport: asyncio.Transport, workspace: Workspace, *, after: Awaitable[None]) -> None:
    """Wait for the reply's time and write it, broken as its fault says; a reset closes the connection without it."""
    try:
        await after
        if transport.is_closing():
            return
        match answer.fault:
            case None | Fault.MALFORMED_BODY:  # the malformed body stands in the answer
                transport.write(whole(answer))
            case Fault.SLOW_BODY:
                await _drip(answer, transport, workspace)
            case Fault.TRUNCATED_BODY:
                body = body_of(answer)
                transport.write(head(answer).encode() + body[: len(body) // 2])
                transport.close()
            case Fault.CONNECTION_RESET:
                _reset(transport)
            case Fault.EMPTY_REPLY | Fault.HANG:
                transport.close()
    except ResetError:
        transport.close()


async def _drip(answer: Answer, transport: asyncio.Transport, workspace: Workspace) -> None:
    """Write the body in pieces, half a second apart, for as long as somebody reads."""
    body = body_of(answer)
    transport.write(head(answer).encode())
    size = max(1, -(-len(body) // DRIPS))
    for begin in range(0, len(body), size):
        if transport.is_closing():
            return
        transport.write(body[begin : begin + size])
        await workspace.delay_reply(DRIP)


def _reset(transport: asyncio.Transport) -> None:
    """Close the connection with RST: a socket that does not linger over what it has not sent does so."""
    own = transport.get_extra_info("socket")
    if own is not None:
        own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
