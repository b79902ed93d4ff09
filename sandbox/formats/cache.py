"""Keeps what is read from shipped files beside them, in `__pycache__`, as Python keeps the bytecode of modules.

Reading the shipped YAML takes 60 ms of each start. What is kept is used only while the file, this version, Python's and
the code that reads files are the same, and if nobody else could have written it.
"""

import marshal
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from hashlib import sha256
from importlib.util import cache_from_source
from pathlib import Path
from typing import Any, TypeVar

from sandbox import __version__

Value = TypeVar("Value", bound=Mapping[str, Any] | tuple[Any, ...])
READERS = (Path(__file__).parent, Path(__file__).parents[1] / "specs")  # the folders of the code that reads files
WRITABLE_BY_OTHERS = 0o022
MODE = 0o644
HASH = 32  # bytes


def cached(path: Path, make: Callable[[], Value]) -> Value:
    """Return what `make` makes of a shipped file: of None, numbers, texts, lists, tuples and mappings alone."""
    try:
        kept = Path(f"{cache_from_source(str(path))}.value")
        key = _key(path)
    except OSError:  # `make` tells why the file cannot be read
        return make()
    with suppress(OSError, ValueError, EOFError, TypeError):
        content = _read(kept)
        if content[:HASH] == key and content[HASH : 2 * HASH] == sha256(content[2 * HASH :]).digest():
            value: Value = marshal.loads(content[2 * HASH :])  # noqa: S302 - it is as safe as Python's bytecode beside it
            return value
    value = make()
    if not sys.dont_write_bytecode:
        with suppress(OSError, ValueError):
            content = marshal.dumps(value)  # type: ignore[arg-type]  # it is made of what marshal takes
            _write(kept, key + sha256(content).digest() + content)
    return value


def _key(path: Path) -> bytes:
    return sha256(code_state() + path.read_bytes()).digest()


@cache
def code_state() -> bytes:
    """Return what identifies the code that reads files: by time and size, as Python decides for bytecode."""
    found = sorted((each.name, each.stat()) for folder in READERS for each in os.scandir(folder) if each.is_file())
    return repr((__version__, [(name, int(of.st_mtime), of.st_size) for name, of in found])).encode()


def _read(kept: Path) -> bytes:
    """Return the content of a file that only its owner can write: this user, the system, or who owns this code."""
    with kept.open("rb") as file:
        found = os.fstat(file.fileno())
        owners = {0, os.geteuid(), Path(__file__).stat().st_uid}
        return file.read() if found.st_uid in owners and not found.st_mode & WRITABLE_BY_OTHERS else b""


def _write(kept: Path, content: bytes) -> None:
    kept.parent.mkdir(parents=True, exist_ok=True)
    part = kept.with_suffix(f".{os.getpid()}")
    with os.fdopen(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, MODE), "wb") as file:
        file.write(content)
    part.replace(kept)
