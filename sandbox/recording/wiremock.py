"""Reads what WireMock has: its mappings with `__files`, and its request journal (`GET /__admin/requests` as a file)."""

import json
from base64 import b64decode
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from sandbox.core.errors import SandboxError
from sandbox.recording.har import read_moment
from sandbox.recording.importing import ImportedExchange, Skipped, pairs_of, read_json_file, unpacked

FILES = "__files"
PATTERNS = ("urlPattern", "urlPathPattern", "urlPathTemplate")


def read_wiremock(folder: Path) -> Iterator[ImportedExchange | Skipped]:
    """Yield the exchanges of a folder: JSON files with a mapping, a list of `mappings`, or a list of `requests`.

    Raises:
        SandboxError: a file cannot be read, or there is none.

    """
    if not folder.is_dir():
        message = f"{folder}: no such folder"
        raise SandboxError(message)
    files = [path for path in sorted(folder.rglob("*.json")) if FILES not in path.relative_to(folder).parts]
    if not files:
        message = f"{folder} has no mappings and no request journal: no file in it ends in .json"
        raise SandboxError(message)
    for path in files:
        document = read_json_file(path)
        name = str(path.relative_to(folder))
        if not isinstance(document, Mapping):
            yield Skipped(name, "it is neither a mapping nor a request journal")
            continue
        single = [document] if isinstance(document.get("request"), Mapping) else []
        rows = [(False, f"{name}: mappings[{place}]", each) for place, each in enumerate(_list(document, "mappings"))]
        rows += [(True, f"{name}: requests[{place}]", each) for place, each in enumerate(_list(document, "requests"))]
        rows += [("responseDefinition" in each, name, each) for each in single]
        if not rows:
            yield Skipped(name, "it is neither a mapping nor a request journal")
        for is_event, where, row in rows:
            try:
                yield _event(row, where, folder) if is_event else _mapping(row, where, folder, path)
            except (OSError, ValueError) as error:
                yield Skipped(where, f"it cannot be read: {error}")
            except (AttributeError, KeyError, TypeError):
                yield Skipped(where, "it is not what WireMock writes")


def _list(document: Mapping[str, Any], name: str) -> list[Any]:
    value = document.get(name)
    return value if isinstance(value, list) else []


def _event(row: Mapping[str, Any], where: str, folder: Path) -> ImportedExchange:
    """Return a request of the journal with its response."""
    request = row["request"]
    response = row.get("response") or row.get("responseDefinition") or {}
    logged = request.get("loggedDate")
    at = datetime.fromtimestamp(logged / 1000, UTC) if isinstance(logged, int) else read_moment(None)
    timing = row.get("timing") or {}
    total = timing.get("totalTime")
    encoded = request.get("bodyAsBase64")
    body = b64decode(encoded) if encoded else str(request.get("body") or "").encode("utf-8", "surrogatepass")
    return ImportedExchange(
        where,
        at,
        float(total) if isinstance(total, int | float) else None,
        str(request["method"]).upper(),
        str(request.get("absoluteUrl") or request["url"]),
        pairs_of(request.get("headers")),
        body,
        int(response.get("status") or 0),
        unpacked(pairs_of(response.get("headers"))),
        _response_body(response, folder),
    )


def _mapping(row: Mapping[str, Any], where: str, folder: Path, path: Path) -> ImportedExchange | Skipped:
    """Return a stub that WireMock recorded as the exchange that it stands for; its time is that of its file."""
    request, response = row["request"], row["response"]
    url = request.get("url") or request.get("urlPath")
    if not url:
        pattern = next((name for name in PATTERNS if name in request), "no URL")
        return Skipped(where, f"it matches many requests ({pattern}), so that none is known")
    wanted = {name: each["equalTo"] for name, each in (request.get("queryParameters") or {}).items()}
    if wanted:
        url += ("&" if "?" in url else "?") + urlencode(wanted)
    headers = {
        name: each["equalTo"] if "equalTo" in each else each["contains"]
        for name, each in (request.get("headers") or {}).items()
        if "equalTo" in each or "contains" in each
    }
    body, kind = _requested_body(_list(request, "bodyPatterns"))
    if body and not any(name.lower() == "content-type" for name in headers):
        headers["Content-Type"] = kind
    return ImportedExchange(
        where,
        datetime.fromtimestamp(path.stat().st_mtime, UTC),
        None,
        str(request.get("method") or "GET").upper(),
        url,
        pairs_of(headers),
        body,
        int(response.get("status") or 200),
        unpacked(pairs_of(response.get("headers"))),
        _response_body(response, folder),
    )


def _requested_body(patterns: list[Any]) -> tuple[bytes, str]:
    """Return the body that patterns ask for, and its media type."""
    for each in patterns:
        if "equalToJson" in each:
            value = each["equalToJson"]
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            return text.encode(), "application/json"
        if "equalToXml" in each:
            return str(each["equalToXml"]).encode(), "application/xml"
        if "binaryEqualTo" in each:
            return b64decode(each["binaryEqualTo"]), "application/octet-stream"
        if "equalTo" in each:
            return str(each["equalTo"]).encode(), "application/x-www-form-urlencoded"
    return b"", ""


def _response_body(response: Mapping[str, Any], folder: Path) -> bytes:
    for name in ("base64Body", "bodyAsBase64"):
        if response.get(name):
            return b64decode(str(response[name]), validate=False)
    if response.get("bodyFileName"):
        root = (folder / FILES).resolve()
        path = Path(root / str(response["bodyFileName"])).resolve()
        if root not in path.parents:
            message = f"bodyFileName {response['bodyFileName']} is outside of {FILES}"
            raise ValueError(message)
        return path.read_bytes()
    if "jsonBody" in response:
        return json.dumps(response["jsonBody"], ensure_ascii=False).encode()
    return str(response.get("body") or "").encode("utf-8", "surrogatepass")
