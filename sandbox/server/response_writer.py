"""Writes an answer to a connection as the scenario says: at once, delayed, slowly, broken, or not at all.

Faults concern bytes on the wire, so they are written to the transport itself, whether the fast path or aiohttp has read
the request.
"""

import asyncio
import re
import socket
import struct
import sys
from collections.abc import Awaitable
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from importlib.util import find_spec
from pathlib import Path

from sandbox.core.clock import unix_time
from sandbox.core.effects import Fault
from sandbox.core.errors import ResetError, StoreError
from sandbox.engine.workspace import Workspace
from sandbox.pipeline import Response, unavailable

SLOW_PIECES = 20  # pieces of a slow body
SLOW_PAUSE = 0.5  # seconds between two of them
CLOSING = "Connection: close\r\n"
OWN_HEADERS = 2  # that every answer has: its content type, and the number of its request
BODILESS = frozenset({204, 304})  # statuses whose replies have no body, whatever the scenario says
VERSION = re.compile(r'__version__ = "(.+)"')
REASONS = {status.value: status.phrase for status in HTTPStatus}


def server_software() -> str:
    """Return the `Server` header of aiohttp; loading it would take half as long as the whole start."""
    spec = find_spec("aiohttp")
    version = VERSION.match(Path(spec.origin).read_text(encoding="utf-8")) if spec and spec.origin else None
    if version is None:
        from aiohttp.http import SERVER_SOFTWARE  # noqa: PLC0415 - as above

        return SERVER_SOFTWARE
    return f"Python/{sys.version_info[0]}.{sys.version_info[1]} aiohttp/{version[1]}"


SERVER = f"Server: {server_software()}\r\n"


def encode_head(answer: Response, *, is_last: bool = False) -> bytes:
    """Return a reply's head, up to the empty line, as aiohttp does; `is_last`: the connection is then closed."""
    status, headers = answer.status, answer.headers
    lines = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
    length = "" if status in BODILESS else f"Content-Length: {len(answer.body)}\r\n"
    named = len(headers) > OWN_HEADERS and any(name.lower() == "server" for name in headers)
    end = _head_end(unix_time(), ("" if named else SERVER) + (CLOSING if is_last else ""))
    return f"HTTP/1.1 {status} {REASONS.get(status, '')}\r\n{lines}{length}{end}".encode()


@lru_cache(maxsize=4)
def _head_end(now: int, rest: str) -> str:
    """Return the last headers of a reply; they stay the same for a second."""
    return f"Date: {formatdate(now, usegmt=True)}\r\n{rest}\r\n"


def encode_body(answer: Response) -> bytes:
    """Return a reply's body; empty if its status allows none."""
    return b"" if answer.status in BODILESS else answer.body


def encode_answer(answer: Response, *, is_last: bool = False) -> bytes:
    """Return a reply's head and body."""
    return encode_head(answer, is_last=is_last) + encode_body(answer)


async def write_answer(
    answer: Response,
    transport: asyncio.Transport,
    workspace: Workspace,
    *,
    after: Awaitable[None],
    is_last: bool = False,
) -> None:
    """Wait until a reply is due and write it, broken as its fault says; a reset closes the connection instead.

    If the store fails before the reply may leave, the answer is a 503: the request has not happened.
    """
    try:
        await after
        if transport.is_closing():
            return
        match answer.fault:
            case None | Fault.MALFORMED_BODY:  # the answer's body is malformed already
                transport.write(encode_answer(answer, is_last=is_last))
            case Fault.SLOW_BODY:
                await _write_slowly(answer, transport, workspace)
            case Fault.TRUNCATED_BODY:
                body = encode_body(answer)
                transport.write(encode_head(answer) + body[: len(body) // 2])
                transport.close()
            case Fault.CONNECTION_RESET:
                _reset(transport)
            case Fault.EMPTY_REPLY | Fault.HANG:
                transport.close()
    except ResetError:
        transport.close()
    except StoreError as error:
        transport.write(encode_answer(unavailable(str(error)), is_last=is_last))


async def at_once(answer: Response, workspace: Workspace) -> None:
    """Return at once, as the replica that handled the request has waited already; never if the answer hangs."""
    if answer.fault is Fault.HANG:
        await workspace.gate.hang()


async def _write_slowly(answer: Response, transport: asyncio.Transport, workspace: Workspace) -> None:
    """Write the body in pieces, half a second apart, until the client closes the connection."""
    body = encode_body(answer)
    transport.write(encode_head(answer))
    size = max(1, -(-len(body) // SLOW_PIECES))
    for begin in range(0, len(body), size):
        if transport.is_closing():
            return
        transport.write(body[begin : begin + size])
        await workspace.gate.wait(SLOW_PAUSE)


def _reset(transport: asyncio.Transport) -> None:
    """Close the connection with RST, which a socket does that has SO_LINGER with a time of 0."""
    own = transport.get_extra_info("socket")
    if own is not None:
        own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
