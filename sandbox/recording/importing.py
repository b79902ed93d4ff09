"""Writes the recordings of other tools as a session: each exchange with an operation of a provider, masked alike."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from sandbox.core.errors import SandboxError
from sandbox.providers.registry import Registry
from sandbox.recording.limits import count_messages
from sandbox.recording.masking import Masker
from sandbox.recording.session import Headers, RecordedExchange, RecordedReply, RecordedRequest, SessionWriter
from sandbox.specs.body_parsing import Request
from sandbox.specs.routing import Missed, Router

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
        path = parts.path if "%2f" in parts.path.lower() else unquote(parts.path)
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
