"""Readers of events: so many connections to `/_sandbox/events`, each read to the end. A line on its standard input is
answered with the number of events that the slowest of them has had.
"""

import argparse
import asyncio
import sys

REQUEST = "GET /_sandbox/events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept: text/event-stream\r\n\r\n"


class Reader(asyncio.Protocol):
    """Counts the events of one connection."""

    def __init__(self, port: int) -> None:
        self.events = 0
        self.begun = asyncio.get_running_loop().create_future()
        self._port = port

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            transport.write(REQUEST.format(port=self._port).encode())

    def data_received(self, data: bytes) -> None:
        if not self.begun.done():
            self.begun.set_result(data[9:12])
        self.events += data.count(b"\nid:") + data.startswith(b"id:")


async def read(port: int, count: int) -> None:
    loop = asyncio.get_running_loop()
    readers = [(await loop.create_connection(lambda: Reader(port), "127.0.0.1", port))[1] for _ in range(count)]
    statuses = await asyncio.gather(*(reader.begun for reader in readers))
    if set(statuses) != {b"200"}:
        raise SystemExit(str(statuses[0]))
    print(f"{count} readers of http://127.0.0.1:{port}", flush=True)
    while await loop.run_in_executor(None, sys.stdin.readline):
        print(min(reader.events for reader in readers), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("count", type=int)
    given = parser.parse_args()
    asyncio.run(read(given.port, given.count))


if __name__ == "__main__":
    main()
