"""Reads HAR files (HTTP Archive 1.2), which browsers and proxies such as mitmproxy and Charles write."""

from base64 import b64decode
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from sandbox.core.clock import utc_now
from sandbox.core.errors import SandboxError
from sandbox.recording.importing import ImportedExchange, Skipped, pairs_of, read_json_file, unpacked


def read_har(path: Path) -> Iterator[ImportedExchange | Skipped]:
    """Yield the exchanges of a HAR file.

    Raises:
        SandboxError: it cannot be read, or is no HAR file.

    """
    document = read_json_file(path)
    log = document.get("log") if isinstance(document, Mapping) else None
    entries = log.get("entries") if isinstance(log, Mapping) else None
    if not isinstance(entries, list):
        message = f"{path} is not a HAR file: it has no log.entries"
        raise SandboxError(message)
    for place, entry in enumerate(entries):
        where = f"log.entries[{place}]"
        try:
            yield _read(entry, where)
        except (AttributeError, KeyError, TypeError, ValueError):
            yield Skipped(where, "it is not an entry of a HAR file")


def _read(entry: Mapping[str, Any], where: str) -> ImportedExchange:
    request, response = entry["request"], entry.get("response") or {}
    posted = request.get("postData") or {}
    body = posted.get("text") or ""
    if not body and posted.get("params"):
        body = urlencode([(each["name"], each.get("value", "")) for each in posted["params"]])
    headers = pairs_of(request.get("headers"))
    if posted.get("mimeType") and not any(name.lower() == "content-type" for name, _ in headers):
        headers = (*headers, ("Content-Type", str(posted["mimeType"])))
    content = response.get("content") or {}
    text = content.get("text") or ""
    reply = b64decode(text) if content.get("encoding") == "base64" else text.encode("utf-8", "surrogatepass")
    ms = float(entry.get("time") or -1)
    return ImportedExchange(
        where,
        read_moment(entry.get("startedDateTime")),
        ms if ms >= 0 else None,
        str(request["method"]).upper(),
        str(request["url"]),
        unpacked(headers),
        body.encode("utf-8", "surrogatepass"),
        max(0, int(response.get("status") or 0)),
        unpacked(pairs_of(response.get("headers"))),
        reply,
    )


def read_moment(value: object) -> datetime:
    """Return a time of ISO 8601; now if there is none."""
    with suppress(ValueError):
        at = datetime.fromisoformat(str(value))
        return at if at.tzinfo is not None else at.astimezone()
    return utc_now()
