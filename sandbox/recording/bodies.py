"""Reads the bytes of a body as text, for the session file alone: what is passed on is never changed."""

import re
import zlib

from sandbox.recording.session import NO_BODY, Body, Headers

UNPACKED_LIMIT = 16 * 1024 * 1024  # bytes
GZIP_OR_ZLIB = 47  # zlib's word for both formats
CHARSET = re.compile(r"charset=\"?([\w.:-]+)", re.IGNORECASE)
UNCODED = frozenset({"", "identity"})
GZIP = frozenset({"gzip", "x-gzip", "deflate"})


def read_text(body: bytes, headers: Headers) -> tuple[Body, str]:
    """Return a body as text, and its media type; `withheld` says why it cannot be read."""
    named = {name.lower(): value for name, value in headers}
    kind = named.get("content-type", "").lower()
    if not body:
        return NO_BODY, kind
    coding = named.get("content-encoding", "").strip().lower()
    if coding in GZIP:
        try:
            unpacker = zlib.decompressobj(GZIP_OR_ZLIB)
            body = unpacker.decompress(body, UNPACKED_LIMIT)
        except zlib.error as error:
            return Body("", coding, f"it is not {coding}: {error}"), kind
        if not unpacker.eof:
            return Body("", coding, f"it is cut off, or has more than {UNPACKED_LIMIT >> 20} MB unpacked"), kind
    elif coding not in UNCODED:
        return Body("", coding, f"what is packed as {coding} cannot be masked"), kind
    given = CHARSET.search(kind)
    for charset in ("utf-8", *([given[1]] if given else ()), "latin-1"):
        try:
            return Body(body.decode(charset), "" if coding in UNCODED else coding), kind
        except (UnicodeDecodeError, LookupError):
            continue
    return Body("", coding, "it is not text"), kind
