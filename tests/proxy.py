"""A TCP proxy in front of a database, which a test cuts or lets hang as a network does."""

import asyncio
from contextlib import suppress
from typing import Self
from urllib.parse import parse_qs, urlsplit, urlunsplit

PIECE = 64 * 1024  # bytes
PORT = 5432


class Proxy:
    """Passes connections on to the PostgreSQL server of a URL; `url` leads through the proxy."""

    def __init__(self, target: str) -> None:
        self._target = target
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._flows = asyncio.Event()
        self._flows.set()
        self._refuses = False

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()
        self._abort()
        self.restore()
        if self._server is not None:
            await self._server.wait_closed()

    @property
    def url(self) -> str:
        if self._server is None:
            raise AssertionError
        port = self._server.sockets[0].getsockname()[1]
        parts = urlsplit(self._target)
        user = parts.netloc.rpartition("@")[0].rstrip(":") or "postgres"
        return urlunsplit(parts._replace(netloc=f"{user}@127.0.0.1:{port}", query=""))

    def cut(self) -> None:
        """Reset every connection, and refuse new ones."""
        self._refuses = True
        self._abort()

    def hang(self) -> None:
        """Pass nothing on, as if the cable was pulled."""
        self._flows.clear()

    def restore(self) -> None:
        """Pass everything on again."""
        self._refuses = False
        self._flows.set()

    def _abort(self) -> None:
        for each in [*self._writers]:
            each.transport.abort()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._refuses:
            writer.transport.abort()
            return
        with suppress(OSError):
            await self._flows.wait()
            try:
                other_reader, other_writer = await self._connect()
            except OSError:  # the database is away: the client sees that as it would without a proxy
                writer.transport.abort()
                raise
            self._writers |= {writer, other_writer}
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._pass(reader, other_writer))
                    group.create_task(self._pass(other_reader, writer))
            finally:
                self._writers -= {writer, other_writer}
                writer.transport.abort()
                other_writer.transport.abort()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        parts = urlsplit(self._target)
        folder = parse_qs(parts.query).get("host", [""])[0]
        if folder.startswith("/"):
            return await asyncio.open_unix_connection(f"{folder}/.s.PGSQL.{parts.port or PORT}")
        return await asyncio.open_connection(parts.hostname, parts.port or PORT)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass bytes on in one direction; when one direction has ended, both have."""
        with suppress(OSError):
            while piece := await reader.read(PIECE):
                await self._flows.wait()
                writer.write(piece)
                await writer.drain()
        writer.close()
