"""The load: one process that sends over kept-alive connections and prints what it saw as JSON.

Without `--rate` every connection sends again as soon as it has its reply; with it, sends are spread evenly, and a
reply's latency counts from the moment its request was due, so a server that stalls cannot hide it.
"""

import argparse
import asyncio
import json
import re
from collections import deque
from pathlib import Path
from time import perf_counter

PATH = "/api/v1/connect-hub/whatsapp/otp"
# What each provider is sent: path, headers, body with room for the end of a number.
SENDS = {
    "betatel": (PATH, "x-api-key: benchmark\r\nx-account-id: benchmark\r\n", '{"to":"38761%s","text":"482910"}'),
    "ubill": ("/v1/sms/send", "key: benchmark\r\n", '{"brandID":1,"numbers":"995511%s","text":"482910"}'),
}
ID = re.compile(rb'"uuid": ?"([^"]+)"')
HEAD_END = b"\r\n\r\n"


class Tally:
    """What came back: latencies in seconds, the replies' bodies, the first reply that was none of ours."""

    def __init__(self) -> None:
        self.latencies: list[float] = []
        self.bodies: list[bytes] = []
        self.failures = 0
        self.first_failure = ""

    def add(self, status: bytes, body: bytes, latency: float) -> None:
        if status == b"200":
            self.latencies.append(latency)
            self.bodies.append(body)
            return
        self.failures += 1
        self.first_failure = self.first_failure or f"{status.decode()} {body[:200].decode(errors='replace')}"


class Connection(asyncio.Protocol):
    """One kept-alive connection with at most one request under way."""

    def __init__(self, pool: "Pool") -> None:
        self._pool = pool
        self._buffer = b""
        self._since = 0.0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            self._transport = transport

    def send(self, since: float) -> None:
        self._since = since
        if self._transport is not None:
            self._transport.write(self._pool.request())

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head = self._buffer.find(HEAD_END)
        if head < 0:
            return
        at = self._buffer.find(b"Content-Length: ") + 16
        length = int(self._buffer[at : self._buffer.find(b"\r", at)])
        body = self._buffer[head + 4 :]
        if len(body) < length:
            return
        status, self._buffer = self._buffer[9:12], b""
        self._pool.tally.add(status, body, perf_counter() - self._since)
        self._pool.free(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._pool.lost(str(exc or "the server closed a connection"))

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()


class Pool:
    """Connections and what they have to send: `rate` a second, or as fast as replies come."""

    def __init__(self, host: str, *, rate: float | None, first: int, provider: str) -> None:
        self.tally = Tally()
        self._rate = rate
        self._number = first
        self._free: deque[Connection] = deque()
        self._late: deque[float] = deque()  # when each request that found no free connection was due
        self._end = 0.0
        self._running = False
        path, headers, self._body = SENDS[provider]
        self._head = (
            f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n{headers}Content-Length: "
        )

    def request(self) -> bytes:
        """Return the next request; its recipient is no magic number."""
        self._number += 1
        body = self._body % (100_000 + self._number % 900_000)
        return f"{self._head}{len(body)}\r\n\r\n{body}".encode()

    def free(self, connection: Connection) -> None:
        if self._late:
            connection.send(self._late.popleft())
        elif self._rate is None and self._running:
            connection.send(perf_counter())
        else:
            self._free.append(connection)

    def lost(self, reason: str) -> None:
        if self._running:
            self.tally.failures += 1
            self.tally.first_failure = self.tally.first_failure or reason

    def due(self, since: float) -> None:
        if self._free:
            self._free.popleft().send(since)
        else:
            self._late.append(since)

    async def run(self, connections: list[Connection], seconds: float) -> float:
        """Send for so long, wait for what is under way; return the seconds it took."""
        self._running = True
        begun = perf_counter()
        self._free.extend(connections)
        if self._rate is None:
            for connection in connections:
                self._free.popleft()
                connection.send(perf_counter())
            await asyncio.sleep(seconds)
            took = perf_counter() - begun
        else:
            await self._pace(begun, round(seconds * self._rate), self._rate)
            took = seconds
        self._running = False
        limit = perf_counter() + 30
        while len(self._free) < len(connections) and perf_counter() < limit and not self.tally.failures:
            await asyncio.sleep(0.01)
        if self._rate is not None:
            took = max(took, perf_counter() - begun - 0.02)
        return took

    async def _pace(self, begun: float, count: int, rate: float) -> None:
        for number in range(count):
            since = begun + number / rate
            wait = since - perf_counter()
            if wait > 0:
                await asyncio.sleep(wait)
            elif number % 16 == 0:
                await asyncio.sleep(0)
            self.due(since)


def percentile(values: list[float], part: float) -> float:
    """Return the value below which `part` of them lie; 0 of none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))] if ordered else 0.0


async def measure(given: argparse.Namespace) -> dict[str, object]:
    pool = Pool(f"127.0.0.1:{given.port}", rate=given.rate, first=given.first, provider=given.provider)
    loop = asyncio.get_running_loop()
    connections = [
        (await loop.create_connection(lambda: Connection(pool), "127.0.0.1", given.port))[1]
        for _ in range(given.connections)
    ]
    took = await pool.run(connections, given.seconds)
    for connection in connections:
        connection.close()
    tally = pool.tally
    if given.ids:
        found = (ID.search(body) for body in tally.bodies)
        await asyncio.to_thread(Path(given.ids).write_bytes, b"\n".join(match[1] for match in found if match))
    return {
        "count": len(tally.latencies),
        "seconds": took,
        "rate": len(tally.latencies) / took,
        "p50": percentile(tally.latencies, 0.5),
        "p99": percentile(tally.latencies, 0.99),
        "failures": tally.failures,
        "first_failure": tally.first_failure,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--rate", type=float, help="sends a second; without it, as fast as replies come")
    parser.add_argument("--first", type=int, default=0, help="where to begin counting recipients")
    parser.add_argument("--provider", choices=SENDS, default="betatel")
    parser.add_argument("--ids", help="a file for the ids of the accepted messages, one a line")
    print(json.dumps(asyncio.run(measure(parser.parse_args()))))


if __name__ == "__main__":
    main()
