"""Calls that save a workspace as a file and load it again."""

from collections.abc import Callable
from pathlib import Path

from sandbox.client.call import ADVANCE_TIMEOUT, ApiCall
from sandbox.client.codec import one_of, path, query
from sandbox.client.errors import UnexpectedResponseError
from sandbox.client.files import read_file, write_file
from sandbox.client.values import Workspace

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
    def parse(content: bytes) -> bytes:
        if not content.startswith(MAGIC):
            message = "a body that is no saved state"
            raise UnexpectedResponseError(message)
        if file is not None:
            write_file(file, content)
        return content

    return parse
