"""What tests of recordings share: a recorder on a port, a provider of raw bytes, and a client of raw bytes."""

import asyncio
import json
import os
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, web
from yarl import URL

from sandbox.core.clock import utc_now
from sandbox.recording.limits import Limits
from sandbox.recording.masking import Masker
from sandbox.recording.recorder import Recorder, Route
from sandbox.recording.server import make_runner
from sandbox.recording.session import Entry, SessionHeader, SessionWriter
from sandbox.recording.session_reader import read_session
from sandbox.recording.upstream import BODY_LIMIT, Upstream
from sandbox.server.logs import LogLine
from tests.builders import packs

SALT = "a salt of the tests"
PATIENCE = 10  # real seconds after which something that should have happened counts as not happening


def http(status: str, body: bytes, *headers: str) -> bytes:
    """Return the bytes of a response with its length."""
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


class RawProvider:
    """A provider that keeps the bytes of each request, and answers each with the bytes of `answers` in turn."""

    def __init__(self) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self.answers: list[bytes] = []
        self.behave: Callable[[asyncio.StreamWriter], Awaitable[None]] | None = None
        self.url = ""
        self._under_way: dict[asyncio.Task[None] | None, asyncio.StreamWriter] = {}

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of a connection; an empty answer closes it."""
        self.connections += 1
        self._under_way[asyncio.current_task()] = writer
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                size = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
                body = await reader.readexactly(int(size[0].partition(b":")[2])) if size else b""
                self.requests.append(head + body)
                if self.behave is not None:
                    await self.behave(writer)
                    return
                answer = self.answers.pop(0) if self.answers else http("200 OK", b"{}")
                writer.write(answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            del self._under_way[asyncio.current_task()]

    async def close(self) -> None:
        """Close every connection."""
        for writer in self._under_way.values():
            writer.transport.abort()
        await asyncio.gather(*filter(None, self._under_way))


@asynccontextmanager
async def raw_provider(tls: ssl.SSLContext | None = None) -> AsyncIterator[RawProvider]:
    """Run a provider of raw bytes; `ssl` makes it speak TLS."""
    provider = RawProvider()
    server = await asyncio.start_server(provider.accept, "127.0.0.1", 0, ssl=tls)
    scheme = "https" if tls else "http"
    provider.url = f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield provider
    finally:
        server.close()
        await provider.close()


class Recording:
    """A recorder that runs; `path` is its session file."""

    def __init__(self, path: Path, recorder: Recorder, url: str, *, log: list[LogLine], writer: SessionWriter) -> None:
        self.path = path
        self.writer = writer
        self.recorder = recorder
        self.url = url
        self.log = log

    def callbacks(self, provider: str) -> str:
        """Return the address for a provider's callbacks."""
        return f"{self.url}/_sandbox/recorded/{provider}"

    def fill_disk(self) -> None:
        """Make the next write of the session fail."""
        self.writer.close()
        full = os.open("/dev/full", os.O_WRONLY)
        assert full == self.writer.descriptor

    @property
    def entries(self) -> list[Entry]:
        """What the session has."""
        return list(read_session(self.path).entries)

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The lines of the file but the first."""
        return [json.loads(line) for line in self.path.read_text(encoding="utf-8").splitlines()[1:]]

    async def ask(
        self, method: str, path: str, *, data: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Send a request and return status, headers and body of the reply."""
        async with (
            ClientSession(auto_decompress=False) as session,
            session.request(
                method,
                URL(self.url + path, encoded=True),
                allow_redirects=False,
                data=None if data is None else BytesIO(data),
                headers=headers,
            ) as reply,
        ):
            return reply.status, reply.headers, await reply.read()

    async def send_bytes(self, request: bytes) -> bytes:
        """Send bytes and return what comes until the end."""
        parts = URL(self.url)
        reader, writer = await asyncio.open_connection(parts.host, parts.port)
        writer.write(request)
        async with asyncio.timeout(PATIENCE):
            answer = await reader.read()
        writer.close()
        return answer


@asynccontextmanager
async def recording(  # noqa: PLR0913 - the options of a recording
    path: Path,
    upstreams: Mapping[str, str],
    *,
    targets: Mapping[str, str] | None = None,
    limits: Limits | None = None,
    keep_content: bool = False,
    ca: Path | None = None,
    timeout: float = PATIENCE,  # noqa: ASYNC109 - that of the recorder
    limit: int = BODY_LIMIT,
) -> AsyncIterator[Recording]:
    """Run a recorder of some providers; `ca`, `timeout` and `limit` are those of its connections."""
    connect = partial(Upstream, ca=ca, timeout=timeout, limit=limit)
    routes = {}
    for name, url in upstreams.items():
        target = URL((targets or {}).get(name, ""))
        routes[name] = Route(connect(URL(url)), connect(target) if target else None, target or None)
    log: list[LogLine] = []
    masker = Masker(packs(), SALT, keep_content=keep_content)
    header = SessionHeader(utc_now(), "0", "record", upstreams, masker.masked)
    with SessionWriter(path, header) as writer:
        recorder = Recorder(packs(), routes, masker=masker, limits=limits or Limits(), writer=writer, log=log.append)
        runner = make_runner(recorder)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        try:
            yield Recording(path, recorder, f"http://127.0.0.1:{runner.addresses[0][1]}", log=log, writer=writer)
        finally:
            await runner.cleanup()
            for route in routes.values():
                route.close()
