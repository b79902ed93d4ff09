"""Calls that return a whole file or document: exports, saved states, metrics, descriptions and schemas.

An export has everything that matches, oldest first, as it was when the call was made; its filters are those of the
lists. Where a call reads or writes a file, each error names it.
"""

import errno
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

from sandbox.client.call import ADVANCE_TIMEOUT, ApiCall
from sandbox.client.codec import Since, mapping_of, one_of, path, plain_text, query
from sandbox.client.errors import ArgumentError, UnexpectedResponseError
from sandbox.client.values import Workspace


def read_file(file: Path) -> bytes:
    """Return the content of a file.

    Raises:
        ArgumentError: it cannot be read.

    """
    try:
        return file.read_bytes()
    except OSError as error:
        message = f"{file}: {error.strerror or error}"
        raise ArgumentError(message) from None


def write_file(file: Path, content: bytes) -> None:
    """Write a file whole or not at all; one that exists is replaced.

    Raises:
        ArgumentError: it cannot be written.

    """
    if file.is_dir():
        message = f"{file}: {os.strerror(errno.EISDIR)}"
        raise ArgumentError(message)
    unfinished = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        unfinished.write_bytes(content)
        unfinished.replace(file)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        message = f"{file}: {error.strerror or error}"
        raise ArgumentError(message) from None


MESSAGE_FORMATS = ("csv", "jsonl")
REQUEST_FORMATS = ("har",)


def export_messages(  # noqa: D417, PLR0913 - as many as the API has; `messages` describes the filters
    file: str | Path | None = None,
    *,
    format: Literal["csv", "jsonl"] | None = None,  # noqa: A002 - the API's word
    direction: str | None = None,
    provider: str | None = None,
    operation: str | None = None,
    account: str | None = None,
    to: str | None = None,
    to_contains: str | None = None,
    sender: str | None = None,
    text: str | None = None,
    status: str | None = None,
    callback_state: str | None = None,
    code: str | None = None,
    trace_id: str | None = None,
    search: str | None = None,
    since: Since | None = None,
) -> ApiCall[bytes]:
    """Export all messages that match, and return the content of the file.

    The filters are those of `messages`.

    Args:
        file: where to write it; it is replaced if it exists (default: nowhere).
        format: `csv`, or `jsonl` for JSON Lines (default: by the name of the file, else `csv`).

    Raises:
        ArgumentError: the file cannot be written, or its name says no format.

    """
    return _export("messages", MESSAGE_FORMATS, **locals())


def export_requests(  # noqa: D417, PLR0913 - as many as the API has; `requests` describes the filters
    file: str | Path | None = None,
    *,
    format: Literal["har"] | None = None,  # noqa: A002 - the API's word
    provider: str | None = None,
    operation: str | None = None,
    status: int | None = None,
    refused: bool | None = None,
    rule: str | None = None,
    reason: str | None = None,
    trace_id: str | None = None,
    to: str | None = None,
    to_contains: str | None = None,
    search: str | None = None,
    since: Since | None = None,
) -> ApiCall[bytes]:
    """Export all provider requests that match with their replies as HAR 1.2, and return the content of the file.

    The filters are those of `requests`.

    Args:
        file: where to write it; it is replaced if it exists (default: nowhere).
        format: `har`, the only one.

    Raises:
        ArgumentError: the file cannot be written, or its name says no format.

    """
    return _export("requests", REQUEST_FORMATS, **locals())


def _export(
    noun: str,
    formats: tuple[str, ...],
    *,
    file: str | Path | None,
    format: str | None,  # noqa: A002 - as above
    **filters: object,
) -> ApiCall[bytes]:
    target = None if file is None else Path(file)
    chosen = format or _format_of(target, noun, formats)
    return ApiCall("GET", path(noun), _keeper(target), query(format=chosen, **filters), timeout=ADVANCE_TIMEOUT)


def _format_of(file: Path | None, noun: str, formats: tuple[str, ...]) -> str:
    """Return the format that the name of a file says; the first one without a file."""
    if file is None:
        return formats[0]
    suffix = file.suffix.lower().removeprefix(".")
    if suffix in formats:
        return suffix
    known = " or ".join(f".{each}" for each in formats)
    message = f"{file}: {noun} are exported as {known}; use such a name, or give the format"
    raise ArgumentError(message)


def _keeper(file: Path | None) -> Callable[[bytes], bytes]:
    def parse(content: bytes) -> bytes:
        if file is not None:
            write_file(file, content)
        return content

    return parse


GZIP = "application/gzip"
MAGIC = b"\x1f\x8b"  # the first bytes of a gzip file


def save_state(file: str | Path | None = None, *, keys: bool | None = None) -> ApiCall[bytes]:
    """Save the workspace as a file, and return its content: JSON Lines, compressed with gzip.

    Args:
        file: where to write it; it is replaced if it exists (default: nowhere).
        keys: keep keys and other credentials as they are (default: they are masked).

    Raises:
        ArgumentError: the file cannot be written.

    """
    return ApiCall(
        "GET", path("state"), _writer(None if file is None else Path(file)), query(keys=keys), timeout=ADVANCE_TIMEOUT
    )


def load_state(file: str | Path | bytes) -> ApiCall[Workspace]:
    """Replace the workspace by a saved state, given as a file or as its content. Name, keys and ttl stay.

    Raises:
        ArgumentError: the file cannot be read.
        RefusedError: 422, it is not a saved state, or has a mistake; nothing has changed.

    """
    content = file if isinstance(file, bytes) else read_file(Path(file))
    return ApiCall("PUT", path("state"), one_of(Workspace), body=content, type=GZIP, timeout=ADVANCE_TIMEOUT)


def _writer(file: Path | None) -> Callable[[bytes], bytes]:
    keep = _keeper(file)

    def parse(content: bytes) -> bytes:
        if not content.startswith(MAGIC):
            message = "a body that is no saved state"
            raise UnexpectedResponseError(message)
        return keep(content)

    return parse


def metrics() -> ApiCall[str]:
    """Return the metrics of the whole server in the Prometheus text format."""
    return ApiCall("GET", path("metrics"), plain_text, scoped=False)


def openapi() -> ApiCall[Mapping[str, object]]:
    """Return the OpenAPI document of this API; needs no token."""
    return ApiCall("GET", path("openapi.json"), mapping_of(object), scoped=False)


def scenario_schema() -> ApiCall[Mapping[str, object]]:
    """Return the JSON Schema of scenario files; needs no token."""
    return ApiCall("GET", path("schemas", "scenario.json"), mapping_of(object), scoped=False)


def provider_schema() -> ApiCall[Mapping[str, object]]:
    """Return the JSON Schema of provider documents; needs no token."""
    return ApiCall("GET", path("schemas", "provider.json"), mapping_of(object), scoped=False)


def provider_document(provider: str) -> ApiCall[str]:
    """Return the document that a provider is made of, as YAML: OpenAPI, with the source of each fact.

    Raises:
        NotFoundError: no provider has this name.

    """
    return ApiCall("GET", path("providers", provider, "document"), plain_text, scoped=False)
