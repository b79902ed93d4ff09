"""Writes the recordings of other tools as a session: each exchange with an operation of a provider, masked alike.

HAR files (HTTP Archive 1.2) come from browsers and proxies such as mitmproxy and Charles. Of WireMock, its mappings
with `__files` are read, and its request journal (`GET /__admin/requests` as a file).
"""

import json
from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

from sandbox.core.clock import utc_now
from sandbox.core.errors import SandboxError
from sandbox.providers.registry import Registry
from sandbox.recording.limits import count_messages
from sandbox.recording.masking import Masker
from sandbox.recording.session import Headers, RecordedExchange, RecordedReply, RecordedRequest, SessionWriter
from sandbox.specs.body_parsing import Request
from sandbox.specs.routing import Missed, Router, decode_path

SIZE_LIMIT = 256 * 1024 * 1024  # bytes of a file
QUOTED = 120  # characters of a path in a message


class ImportedExchange(NamedTuple):
    """An exchange that another tool recorded; `where` it is in its file. `status` is 0 if no response came."""

    where: str
    at: datetime
    ms: float | None
    method: str
    url: str
    headers: Headers
    body: bytes
    status: int
    reply_headers: Headers
    reply_body: bytes


class Skipped(NamedTuple):
    """What is not in the session, and why."""

    where: str
    why: str


def read_json_file(path: Path) -> object:
    """Return the value of a JSON file.

    Raises:
        SandboxError: it cannot be read, is too large, or is not JSON.

    """
    try:
        if path.stat().st_size > SIZE_LIMIT:
            message = f"{path} has more than {SIZE_LIMIT >> 20} MB"
            raise SandboxError(message)
        return json.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        message = f"{path}: {error.strerror}"
    except json.JSONDecodeError as error:
        message = f"{path}:{error.lineno}:{error.colno}: not JSON: {error.msg}"
    except (ValueError, RecursionError) as error:
        message = f"{path}: not JSON: {error}"
    raise SandboxError(message)


def pairs_of(value: object) -> Headers:
    """Return headers that are a mapping, whose values may be lists, or a list of objects with name and value."""
    found: list[tuple[str, str]] = []
    if isinstance(value, Mapping):
        for name, given in value.items():
            found += [(str(name), str(each)) for each in (given if isinstance(given, list) else [given])]
    elif isinstance(value, list):
        found += [
            (str(each.get("name", "")), str(each.get("value", ""))) for each in value if isinstance(each, Mapping)
        ]
    return tuple(each for each in found if each[0] and not each[0].startswith(":"))  # HTTP/2 has :authority


def unpacked(headers: Headers) -> Headers:
    """Return headers of a body that its tool has decompressed."""
    return tuple(each for each in headers if each[0].lower() not in {"content-encoding", "transfer-encoding"})


class Importer:
    """Writes exchanges; `providers` and `only` select some, all if they are empty."""

    def __init__(
        self,
        packs: Registry,
        writer: SessionWriter,
        masker: Masker,
        *,
        providers: Iterable[str] = (),
        only: Iterable[str] = (),
    ) -> None:
        chosen = tuple(providers) or tuple(packs)
        self._router = Router(route for name in chosen for route in packs[name].spec.routes)
        self._writer = writer
        self._masker = masker
        self._only = tuple(only)
        self.written = 0
        self.skipped: list[Skipped] = []

    def add(self, found: ImportedExchange) -> None:
        """Write an exchange, or note why not."""
        parts = urlsplit(found.url)
        path = decode_path(parts.path)
        route = self._router.find(found.method, path)
        if isinstance(route, Missed):
            where = f"{found.method} {path[:QUOTED]}"
            self.skipped.append(Skipped(found.where, f"{where} is no operation of a provider"))
            return
        operation = route.route.operation
        if self._only and not any(fnmatchcase(operation.name, each) for each in self._only):
            self.skipped.append(Skipped(found.where, f"{operation.name} is not among those of --only"))
            return
        provider, mask = operation.provider, self._masker
        named = {name.lower(): value for name, value in found.headers}
        request = Request(found.method, path, parts.query, named, found.body)
        sent = RecordedRequest(found.method, parts.path, parts.query, found.headers)
        self.written += 1
        masked = mask.request(provider, sent, found.body, template=route.route.template)
        head = RecordedReply(found.status, found.reply_headers)
        answered = found.status > 0
        self._writer.write(
            RecordedExchange(
                self.written,
                found.at,
                provider,
                operation.name,
                masked,
                mask.reply(provider, head, found.reply_body, reads=operation.channel is None) if answered else None,
                found.ms,
                count_messages(route, request).messages if operation.channel else 0,
                "" if answered else "no-response",
                "",
                "" if answered else f"{found.where} has no response",
            )
        )


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
