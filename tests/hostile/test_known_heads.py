"""Heads that the fast path knows: what follows one gets the reply and the entry that it gets where each is parsed."""

import asyncio
from collections.abc import Iterator, Sequence
from itertools import chain, pairwise
from typing import NoReturn

import pytest

from sandbox.core.journal import RequestRecord
from sandbox.server.fast_path import HEAD_LIMIT, HEADS, Connection, FastPath
from tests.hostile.test_both_ways import LAST
from tests.server.connections import BODY, DATE, HEADERS, LENGTH, SERVERS, frozen, request

PLAIN = request(*HEADERS)
HEAD, END = PLAIN[: -len(BODY)], b"\r\n\r\n"
QUERY = request("Host: x", start="GET /v1/sms/send?key=k1&brandID=1&numbers=995511194242&text=m HTTP/1.1", body=b"")
WITHOUT_LENGTH = HEAD.replace(b"Content-Length: %d\r\n" % len(BODY), b"")
CHUNKS = b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"

CASES: dict[str, list[bytes]] = {
    "the same again": [PLAIN, QUERY, QUERY, PLAIN],
    "two in one segment": [PLAIN * 2, PLAIN],
    "one and a half in a segment": [PLAIN + HEAD, BODY, PLAIN],
    "a head, then more than its body": [HEAD, BODY + PLAIN],
    "half a body, then more than its rest": [PLAIN[:-9], PLAIN[-9:] + PLAIN[:30], PLAIN[30:]],
    "a request without a body in the same segment": [PLAIN + QUERY, QUERY + PLAIN],
    "a longer body than its length": [PLAIN + b"  "],
    "an empty line before and after": [b"\r\n" + PLAIN, PLAIN + b"\r\n", b"\r\n", PLAIN, b"\r\n" + PLAIN],
    "a known head with another length": [HEAD.replace(b": %d\r" % len(BODY), b": 2\r") + b"{}", PLAIN],
    "a known head without a length": [WITHOUT_LENGTH, PLAIN],
    "a known head with a second length": [HEAD[:-2] + b"Content-Length: 5\r\n\r\n" + BODY],
    "a known head with chunks": [WITHOUT_LENGTH[:-2] + CHUNKS, PLAIN],
    "a known head that expects": [HEAD[:-2] + b"Expect: 100-continue\r\n\r\n", BODY, PLAIN],
    "a known head of an older version": [PLAIN.replace(b"HTTP/1.1", b"HTTP/1.0", 1)],
    "a known head with another method": [PLAIN.replace(b"POST", b"PUT", 1), PLAIN],
    "lines that end otherwise": [PLAIN.replace(b"\r\n", b"\n")],
    "a head that ends otherwise": [PLAIN.replace(END, b"\n\n")],
    "a head that ends otherwise, then another": [HEAD.replace(END, b"\r\n\n") + PLAIN],
    "a request line that ends otherwise": [PLAIN.replace(b"1.1\r\n", b"1.1\n")],
    "two empty lines before": [b"\r\n\r\n" + PLAIN],
    "a name in other letters": [PLAIN.replace(b"x-api-key", b"X-API-Key"), PLAIN],
    "a value without its space": [PLAIN.replace(b"x-api-key: ", b"x-api-key:"), PLAIN],
    "a value with more spaces": [PLAIN.replace(b"x-api-key: k1", b"x-api-key: \t k1 \t"), PLAIN],
    "another value": [PLAIN.replace(b"x-api-key: k1", b"x-api-key: k2"), PLAIN],
    "a header more": [request(*HEADERS, "X-More: 1"), request(*HEADERS, "X-More: 2"), PLAIN],
    "a body that holds a request": [request(*HEADERS, body=PLAIN), PLAIN, request(*HEADERS, body=PLAIN)],
    "a body of the known length that holds the end of a head": [HEAD + END * 9, PLAIN],
    "a body that begins as the end of a head": [request(*HEADERS, body=END), request(*HEADERS, body=END), PLAIN],
    "the last request of the connection, twice": [request(*HEADERS, "Connection: close") * 2],
    "a request that keeps the connection": [request(*HEADERS, "Connection: Keep-Alive"), PLAIN] * 2,
    "a path that is not plain": [PLAIN.replace(b"/otp ", b"/%6ftp "), PLAIN],
}


INCOMPLETE = {"half a body": PLAIN[:-1], "no body": HEAD, "half a head": HEAD[:-1]}


@pytest.mark.parametrize("name", [*CASES, *INCOMPLETE])
async def test_what_follows_a_known_head_is_read_as_aiohttp_reads_it(name: str) -> None:
    read = []
    for way in SERVERS:
        async with way(frozen()) as local:
            for _ in range(2):
                client = await local.connect()
                await client.send(PLAIN)
                replies = [await client.receive()]
                await client.send(*CASES.get(name, ()), INCOMPLETE.get(name, LAST))
                if name in INCOMPLETE:
                    client.end()
                replies.append(await client.read_rest())
            read.append((replies, local.journal))

    assert read[0] == read[1]


class Wire(asyncio.Transport):
    """What one side of a connection writes, and what it reads at once, without a socket."""

    def __init__(self, fast: FastPath) -> None:
        super().__init__()
        self.connection: Connection = fast()
        self.written = b""
        self.connection.connection_made(self)

    def send(self, *pieces: bytes) -> None:
        """Let the server read these pieces, each by itself."""
        for each in pieces:
            self.connection.data_received(each)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data

    def is_closing(self) -> bool:
        return False


def _no_web() -> NoReturn:
    raise AssertionError


def plain_server() -> FastPath:
    """Return a fast path without aiohttp."""
    return FastPath(frozen(), _no_web)


def entries(fast: FastPath) -> list[RequestRecord]:
    """Return the journal, without what differs from one request to the next."""
    journal = fast.engine.default.world.requests.values()
    return [each._replace(id=0, ms=0.0, reply_body=b"", reply_headers={}, messages=()) for each in journal]


def cuts() -> Iterator[Sequence[bytes]]:
    """Yield the request in two pieces, cut at every byte, in three pieces around the end of its head, and in bytes."""
    for cut in range(1, len(PLAIN)):
        yield PLAIN[:cut], PLAIN[cut:]
    around = range(len(HEAD) - 5, len(HEAD) + 5)
    yield from ((PLAIN[:first], PLAIN[first:second], PLAIN[second:]) for first, second in pairwise(around))
    yield [PLAIN[at : at + 1] for at in range(len(PLAIN))]


async def test_a_request_with_a_known_head_may_be_cut_anywhere() -> None:
    fast = plain_server()
    wire = Wire(fast)
    pieces = list(cuts())
    for each in pieces:
        wire.send(PLAIN, *each)

    assert entries(fast) == entries(fast)[:1] * 2 * len(pieces)
    assert wire.written.count(b"HTTP/1.1 200 OK") == len(LENGTH.findall(wire.written)) == 2 * len(pieces)


async def test_a_known_head_is_known_on_every_connection() -> None:
    fast = plain_server()
    wires = [Wire(fast) for _ in range(3)]
    for each in chain(wires, wires):
        each.send(PLAIN)
    first, *others = entries(fast)

    assert [each.headers is first.headers for each in others] == [True] * 5
    assert first.headers == {
        "host": "x",
        "content-type": "application/json",
        "x-api-key": "k1",
        "x-account-id": "a1",
        "content-length": str(len(BODY)),
    }


async def test_a_reply_to_a_known_head_is_the_reply_to_its_first_request() -> None:
    fast = plain_server()
    replies = []
    for _ in range(3):
        wire = Wire(fast)
        wire.send(QUERY.replace(b"995511194242", b"1"))
        number = b"X-Sandbox-Request: %d\r\n" % len(fast.engine.default.world.requests)
        replies.append(DATE.sub(b"", wire.written).replace(number, b""))

    assert replies == replies[:1] * 3


async def test_a_number_of_heads_is_kept() -> None:
    fast = plain_server()
    wire = Wire(fast)
    wire.send(*(request(*HEADERS, f"X-Number: {number}") for number in range(HEADS + 1)))

    assert (len(fast.heads), len(entries(fast))) == (1, HEADS + 1)


async def test_a_long_head_is_read_as_aiohttp_reads_it() -> None:
    content = request(*HEADERS, "X-Long: " + "x" * HEAD_LIMIT)
    read = []
    for way in SERVERS:
        async with way(frozen()) as local:
            read.append(([await local.ask(content[:cut], content[cut:]) for cut in (200, 4200)], local.journal))

    assert read[0] == read[1]
