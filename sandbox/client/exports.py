"""Calls that export all messages or requests as a file; their filters are those of the lists.

A file has everything that matches, oldest first, as it was when the call was made.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

from sandbox.client.call import ADVANCE_TIMEOUT, ApiCall
from sandbox.client.codec import Since, path, query
from sandbox.client.errors import ArgumentError
from sandbox.client.files import write_file

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
