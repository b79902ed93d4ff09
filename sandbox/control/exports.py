"""Exports: all that a list has, oldest first, as one file that is streamed.

An export has what there was when it began. It is written in short turns of the loop, so that requests that arrive
meanwhile are not held up, and at the pace of the client. A reset breaks it off: half a file must not look like a whole
one.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from aiohttp import web

from sandbox.control.call import ControlCall
from sandbox.control.lists import ChangeWaiter, Collection, Filter, all_of
from sandbox.control.parameters import Since
from sandbox.control.problems import Mistake, ProblemError
from sandbox.core.clock import monotonic, utc_now
from sandbox.core.errors import SandboxError
from sandbox.core.sequence_store import SequenceStore

Item = TypeVar("Item")

TURN = 0.0005  # seconds of work before other tasks on the loop get their turn
PIECE = 64 * 1024  # characters that are sent at once, at least
PAGES = ("wait", "limit", "cursor")  # the parameters of a page, which an export has none of


@dataclass(frozen=True, slots=True)
class FileFormat(Generic[Item]):
    """How a file is written: what comes before, between and after its items, and each item."""

    suffix: str
    content_type: str
    write: Callable[[Item], str]
    head: str = ""
    separator: str = ""
    tail: str = ""


async def send_export(
    call: ControlCall, collection: Collection[Item], filters: list[Filter[Item]], form: FileFormat[Item], *, noun: str
) -> web.StreamResponse:
    """Reply with a file of every item that passes the filters.

    Raises:
        ProblemError: 400, the query selects a page.

    """
    if given := [name for name in PAGES if name in call.query.values]:
        problem = f"cannot be combined with format={form.suffix}, which exports all that match"
        raise ProblemError(400, [Mistake(f"/{name}", f"{name} {problem}") for name in given])
    keep = all_of(filters, collection, call.query.get("since", Since) or Since())
    items, now, workspace = _present(collection), utc_now(), call.workspace
    response = web.StreamResponse(
        headers={
            "Content-Type": form.content_type,
            "Content-Disposition": _disposition(workspace.name, noun, now, form.suffix),
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        }
    )
    with ChangeWaiter(call.server.waits, call.world, lambda _: False) as waiter:
        pieces = _pieces(items, keep, form)
        first = await anext(pieces)  # an error before the first byte is answered as one
        waiter.check()
        await response.prepare(call.request)
        if call.request.method == "HEAD":
            return response
        try:
            await _write(call, response, first)
            async for piece in pieces:
                waiter.check()
                await _write(call, response, piece)
            await response.write_eof()
        except (ConnectionError, SandboxError):  # the client has gone, or the rest must not follow
            if call.request.transport is not None:
                call.request.transport.abort()
    return response


def _present(collection: Collection[Item]) -> Iterator[Item]:
    """Return the items of now, oldest first; the copy takes a millisecond per 100,000."""
    items = collection.items
    return items.copy().iterate() if isinstance(items, SequenceStore) else iter([*items.values()])


async def _pieces(items: Iterator[Item], keep: Filter[Item], form: FileFormat[Item]) -> AsyncIterator[str]:
    """Yield the text of a file in pieces."""
    texts, size, separator = [form.head], len(form.head), ""
    until = monotonic() + TURN
    for item in items:
        if keep(item):
            text = separator + form.write(item)
            separator = form.separator
            texts.append(text)
            size += len(text)
        if size >= PIECE:
            yield "".join(texts)
            texts, size = [], 0
        if monotonic() >= until:
            await asyncio.sleep(0)
            until = monotonic() + TURN
    yield "".join((*texts, form.tail))


async def _write(call: ControlCall, response: web.StreamResponse, text: str) -> None:
    if (stored := call.workspace.gate.latest()) is not None:
        await asyncio.shield(stored)  # what a file tells is in the store
    await response.write(text.encode("utf-8", "replace"))  # a header may contain a lone surrogate


def _disposition(workspace: str, noun: str, now: datetime, suffix: str) -> str:
    return f'attachment; filename="sms-sandbox-{workspace}-{noun}-{now:%Y%m%dT%H%M%SZ}.{suffix}"'
