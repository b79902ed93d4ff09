"""Decompresses the bodies of requests, whole or not at all: aiohttp takes one that is cut short."""

import zlib

CODINGS = {"gzip": zlib.MAX_WBITS | 16, "x-gzip": zlib.MAX_WBITS | 16, "deflate": zlib.MAX_WBITS}
PLAIN = frozenset({"", "identity"})
ZLIB = 8  # the low half of a zlib stream's first byte


class CompressionError(Exception):
    """A body is not compressed as its headers say; the text says how it differs."""


class LargeError(Exception):
    """A body is larger than is taken once it is decompressed."""


def refuse_coding(coding: str) -> str | None:
    """Return why a `Content-Encoding` is not read; None when it is."""
    if coding in PLAIN or coding in CODINGS:
        return None
    shown = repr(coding[:80])
    if coding.replace("_", "-") in {"utf-8", "utf8", "iso-8859-1", "latin1", "us-ascii", "ascii", "utf-16"}:
        return f"header Content-Encoding: {shown} is a charset, not a content coding; write Content-Type: …; charset=…"
    if "," in coding:
        return f"header Content-Encoding: {shown} names more than one coding; use gzip or deflate alone"
    return f"header Content-Encoding: {shown} is not supported; use gzip, deflate or identity"


def decompress(body: bytes, coding: str, *, limit: int) -> bytes:
    """Return a body as it was before it was compressed. Zeros after its end are padding.

    Raises:
        CompressionError: it is not compressed so, is truncated, or has something after its end.
        LargeError: it has more than `limit` bytes.

    """
    wbits = CODINGS[coding]
    if coding == "deflate" and body and body[0] & 0xF != ZLIB:
        wbits = -zlib.MAX_WBITS  # the bare stream that some clients call deflate
    reader = zlib.decompressobj(wbits)
    try:
        result = reader.decompress(body, limit + 1)
    except zlib.error:
        message = f"the data is not {coding}, although Content-Encoding says so"
        raise CompressionError(message) from None
    if len(result) > limit:
        raise LargeError
    if not reader.eof:
        message = f"the {coding} data is truncated"
        raise CompressionError(message)
    if reader.unused_data.strip(b"\0"):  # such as a second member: gzip allows it, no HTTP client sends it
        message = f"the {coding} data has something after its end"
        raise CompressionError(message)
    return result
