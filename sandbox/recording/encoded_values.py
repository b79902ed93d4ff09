"""Finds values that stand encoded in a text: percent-encoded, in base64, or as hexadecimal digits."""

import re
from base64 import b64decode, b64encode
from collections.abc import Callable
from urllib.parse import quote, unquote

BASE64 = re.compile(r"[A-Za-z0-9+/_-]{8,}={0,2}")
HEX = re.compile(r"(?:[0-9a-f]{2}){4,}|(?:[0-9A-F]{2}){4,}")
ESCAPED = re.compile(r"[^\s%\"'<>]*%[0-9A-Fa-f]{2}[^\s\"'<>]*")
URL_SAFE = frozenset("-_")
TO_STANDARD = str.maketrans("-_", "+/")

Replace = Callable[[str], str]


def replace_encoded(text: str, replace: Replace) -> str:
    """Return a text in which what is encoded is replaced as its plain text is; the rest stays."""
    if "%" in text:
        text = ESCAPED.sub(lambda match: _escaped(match[0], replace), text)
    text = HEX.sub(lambda match: _hexadecimal(match[0], replace), text)
    return BASE64.sub(lambda match: _base64(match[0], replace), text)


def _escaped(text: str, replace: Replace) -> str:
    plain = unquote(text, errors="surrogateescape")
    new = replace(plain)
    return text if new == plain else quote(new, safe="", errors="surrogateescape")


def _hexadecimal(text: str, replace: Replace) -> str:
    for coding in ("utf-8", "utf-16-be"):
        plain = _printable(bytes.fromhex(text), coding)
        if plain is not None and (new := replace(plain)) != plain:
            written = new.encode(coding, "surrogatepass").hex()
            return written if text.islower() or text.isdecimal() else written.upper()
    return text


def _base64(text: str, replace: Replace) -> str:
    plain = decode_base64(text)
    if plain is None or (new := replace(plain)) == plain:
        return text
    signs = b"-_" if URL_SAFE & set(text) else None
    return b64encode(new.encode("utf-8", "surrogatepass"), altchars=signs).decode()


def decode_base64(text: str) -> str | None:
    """Return base64 as text; None if it is not text in base64."""
    bare = text.rstrip("=").translate(TO_STANDARD)
    try:
        return _printable(b64decode(bare + "=" * (-len(bare) % 4), validate=True), "utf-8")
    except ValueError:
        return None


def _printable(data: bytes, coding: str) -> str | None:
    try:
        text = data.decode(coding)
    except UnicodeDecodeError:
        return None
    return text if text and all(each.isprintable() or each in "\r\n\t" for each in text) else None
