"""The receiver of callbacks: notes when each came, and tells when it is asked for a report.

It prints its address first. A line `report FILE` on its standard input writes what came since the last report, a JSON
line each (`[arrival, body]`, arrival in seconds of the real clock), then prints how many there were.
"""

import argparse
import asyncio
import json
import sys
from pathlib import Path
from time import time

HEAD_END = b"\r\n\r\n"


class Received:
    """What came, in order of arrival."""

    def __init__(self) -> None:
        self.rows: list[tuple[float, bytes]] = []

    def report(self, path: Path) -> int:
        rows, self.rows = self.rows, []
        path.write_text("".join(json.dumps([at, body.decode()]) + "\n" for at, body in rows))
        return len(rows)


class Connection(asyncio.Protocol):
    """Reads requests one after the other and answers each after `pause` seconds."""

    def __init__(self, received: Received, *, answer: bytes, pause: float) -> None:
        self._received = received
        self._answer = answer
        self._pause = pause
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            self._transport = transport

    def data_received(self, data: bytes) -> None:
        now = time()
        self._buffer += data
        while (head := self._buffer.find(HEAD_END)) >= 0:
            lower = self._buffer[:head].lower()
            at = lower.find(b"content-length:")
            length = int(lower[at + 15 :].split(b"\r", 1)[0]) if at >= 0 else 0
            end = head + 4 + length
            if len(self._buffer) < end:
                return
            self._received.rows.append((now, self._buffer[head + 4 : end]))
            self._buffer = self._buffer[end:]
            if self._pause:
                asyncio.get_running_loop().call_later(self._pause, self._reply)
            else:
                self._reply()

    def _reply(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(self._answer)


async def serve(status: int, pause: float) -> None:
    received = Received()
    answer = f"HTTP/1.1 {status} Any\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok".encode()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(received, answer=answer, pause=pause), "127.0.0.1", 0)
    print(f"listens on http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        print(received.report(Path(line.removeprefix("report ").strip())), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--status", type=int, default=200)
    parser.add_argument("--pause", type=float, default=0.0, help="seconds before it answers")
    given = parser.parse_args()
    asyncio.run(serve(given.status, given.pause))


if __name__ == "__main__":
    main()
