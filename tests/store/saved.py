"""Saved states in tests: saved and loaded over HTTP, taken apart into lines and put together again."""

import gzip
import io
import json
from collections.abc import Callable, Iterable
from typing import Any

from tests.servers import Sandbox

Line = dict[str, Any]


async def save(sandbox: Sandbox, *, base: str = "/_sandbox", **query: str) -> bytes:
    """Return the file of a workspace."""
    reply = await sandbox.client.get(f"{base}/state", params=query)
    assert reply.status == 200, await reply.text()
    return await reply.read()


async def load(sandbox: Sandbox, file: bytes, *, base: str = "/_sandbox") -> tuple[int, dict[str, Any]]:
    """Return the status and the answer to a load."""
    reply = await sandbox.client.put(f"{base}/state", data=io.BytesIO(file))
    return reply.status, await reply.json(content_type=None)


def lines_of(file: bytes) -> list[Line]:
    """Return the lines of a file."""
    return [json.loads(line) for line in gzip.decompress(file).splitlines()]


def packed(lines: Iterable[Line]) -> bytes:
    """Return the file of some lines."""
    return gzip.compress("".join(json.dumps(line) + "\n" for line in lines).encode())


def edited(file: bytes, kind: str, edit: Callable[[Line], object]) -> bytes:
    """Return a file whose first line of a kind is edited; `header` stands for the first line of all."""
    lines = lines_of(file)
    edit(next(line for line in lines if line.get("kind", "header") == kind))
    return packed(lines)
