"""Files that calls read or write; each error names the file."""

import errno
import os
from pathlib import Path

from sandbox.client.errors import ArgumentError


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
