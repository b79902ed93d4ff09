"""The table of raw wire cases: what a client sends byte by byte, and what it must be answered."""

import gzip
import re
import zlib
from functools import cache
from pathlib import Path
from typing import NamedTuple

import yaml

from tests.server.connections import BODY, PATH, LocalServer

TABLE = Path(__file__).parent.parent / "data" / "wire.yaml"
ZIPPED = gzip.compress(BODY, mtime=0)
WORDS = {
    "post": b"POST " + PATH.encode() + b" HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    b"x-api-key: k1\r\nx-account-id: a1\r\n",
    "body": BODY,
    "gzip": ZIPPED,
    "gzip head": ZIPPED[:-8],
    "gzip start": ZIPPED[:20],
    "gzip twice": ZIPPED + gzip.compress(b" ", mtime=0),
    "gzip after nothing": gzip.compress(b"", mtime=0) + ZIPPED,
    "gzip members": gzip.compress(b" ", mtime=0) * 49_000,
    "gzip padded": ZIPPED + b"\0\0",
    "gzip longer": ZIPPED + b"xx",
    "deflate": zlib.compress(BODY),
    "deflate head": zlib.compress(BODY)[:-2],
    "bare deflate": zlib.compress(BODY, wbits=-15),
    "bomb": gzip.compress(b" " * 4_000_000, mtime=0),
    "control": b"POST /_sandbox/verify HTTP/1.1\r\nHost: localhost\r\n",
}
PLACEHOLDER = re.compile(rb"\{(?P<length>#)?(?P<word>[a-z ]+)\}|<(?P<byte>[^*]+)\*(?P<count>\d+)>")


class WireCase(NamedTuple):
    """A row: the segments that a client sends, whether it ends its side then, and what it is answered.

    `replies` are statuses and media types, `entries` what the journal holds, `why` the reasons of the refused.
    """

    name: str
    sends: list[str]
    replies: list[str]
    entries: list[str]
    why: list[str]
    ends: bool = False


class Outcome(NamedTuple):
    """What came of a case."""

    replies: list[str]
    entries: list[str]
    why: list[str]


@cache
def cases() -> tuple[WireCase, ...]:
    """Return the rows of the table."""
    rows = yaml.safe_load(TABLE.read_text(encoding="utf-8"))
    return tuple(WireCase(name, **row) for name, row in rows.items())


def segment(text: str) -> bytes:
    """Return the bytes of a segment: `\\xC3` is that byte, `{word}` what it stands for, `{#word}` its length."""

    def write(found: re.Match[bytes]) -> bytes:
        if found["word"] is None:
            return found["byte"] * int(found["count"])
        content = WORDS[found["word"].decode()]
        return b"%d" % len(content) if found["length"] else content

    return PLACEHOLDER.sub(write, text.encode("latin-1"))


async def play(case: WireCase, local: LocalServer) -> Outcome:
    """Send what a case says, and return what comes of it."""
    client = await local.connect()
    await client.send(*map(segment, case.sends))
    if case.ends:
        client.end()
    bodiless = case.sends[0].startswith("HEAD ")
    replies = [shown(await client.receive(bodiless=bodiless)) for _ in case.replies]
    client.close()
    journal = local.journal
    entries = [f"{each.method} {each.path} {each.status} {each.operation or '-'}" for each in journal]
    return Outcome(replies, entries, [why for each in journal for why in each.why])


def shown(reply: bytes) -> str:
    """Return status and media type of a reply, its bytes where it is none."""
    head = reply.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
    if not head[0].startswith("HTTP/1."):
        return repr(reply)
    kind = next((each.partition(": ")[2] for each in head if each.startswith("Content-Type: ")), "-")
    last = ", closes" if "Connection: close" in head else ""
    return f"{head[0].split()[1]} {kind.partition(';')[0]}{last}"
