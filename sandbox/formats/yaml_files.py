"""YAML and JSON files: found, and read with the line and column of every value.

The YAML library takes 10 ms to load, so it is loaded when a text is read, not when a shipped file was read before.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.core.errors import FileMistake, SandboxError
from sandbox.formats.cache import cached
from sandbox.formats.json_text import JsonError, JsonReader, ValuePath

SIZE_LIMIT = 1024 * 1024  # bytes of one file
VALUE_LIMIT = 100_000  # values of one file with its aliases expanded
DEPTH_LIMIT = 100  # levels of a file
TOO_DEEP = f"nested too deeply, more than {DEPTH_LIMIT} levels"
JSON_SUFFIX = ".json"
LEADING_ZERO = re.compile(r"[-+]?0[0-9]+\Z")  # of a plain YAML scalar
BYTE_ORDER_MARK = "\ufeff"


class FileError(SandboxError):
    """A file that does not exist or cannot be read; `mistakes` say why, `mistake` is the first of them."""

    def __init__(self, mistake: FileMistake, *more: FileMistake) -> None:
        self.mistake = mistake
        self.mistakes = (mistake, *more)
        super().__init__("\n".join(map(str, self.mistakes)))


def shipped(folder: str) -> Path:
    """Return the path of the shipped `specs` or `scenarios`: inside the package, or beside it in a checkout."""
    inside = Path(__file__).parents[1] / "data" / folder
    return inside if inside.is_dir() else Path(__file__).parents[2] / folder


def is_readable(path: Path) -> bool:
    """Return whether reading a file comes to an end: a named pipe blocks its reader until there is a writer."""
    return not (path.is_fifo() or path.is_char_device() or path.is_socket())


@dataclass(frozen=True, slots=True)
class Document:
    """A file's value, and the line and column (from 1) of each value in it, by path.

    `written` has the original text of numbers and booleans that Python would write differently.
    """

    name: str
    value: object
    places: Mapping[ValuePath, tuple[int, int]]
    written: Mapping[ValuePath, str] = field(default_factory=dict)

    def place(self, path: ValuePath) -> str:
        """Return `file:line:column` of the value at a path, or of the nearest enclosing value."""
        return self.mistake(path, "").place

    def mistake(self, path: ValuePath, problem: str) -> FileMistake:
        """Return a mistake at the value of a path, or at the nearest enclosing value."""
        while path not in self.places and path:
            path = path[:-1]
        return FileMistake(problem, self.name, *self.places.get(path, (1, 1)))


def read_text(path: Path) -> str:
    """Return the text of a file.

    Raises:
        FileError: the file cannot be read, is too large, or is not UTF-8.

    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            content = file.read(SIZE_LIMIT + 1) if size <= SIZE_LIMIT else b""
        if not size <= SIZE_LIMIT >= len(content):  # devices and growing files may have more than their size says
            found = f"{size} bytes" if size > SIZE_LIMIT else "too many bytes"
            raise FileError(FileMistake(f"{found} (limit: {SIZE_LIMIT})", str(path)))
        return content.decode()
    except OSError as error:
        raise FileError(FileMistake(error.strerror or str(error), str(path))) from None
    except UnicodeDecodeError as error:
        raise FileError(FileMistake(f"byte {error.start} is not UTF-8", str(path))) from None


def load(path: Path) -> object:
    """Return the value of a YAML file, fast and without positions.

    Raises:
        FileError: as for `read_text`, or the file is not YAML, it repeats a key, or a number in it has leading zeros.

    """
    from sandbox.formats.yaml_reader import read_value  # noqa: PLC0415 - see above

    return read_value(read_text(path), str(path))


def parse_shipped(path: Path) -> Document:
    """Return a shipped YAML file with the positions of its values, as it was read when it or this version was new.

    Raises:
        FileError: as for `read_text` and `parse`.

    """

    def parts() -> tuple[object, Mapping[ValuePath, tuple[int, int]], Mapping[ValuePath, str]]:
        document = parse(read_text(path), str(path))
        return document.value, document.places, document.written

    value, places, written = cached(path, parts)
    return Document(str(path), value, places, written)


def parse(text: str, name: str, *, is_json: bool = False, merges: bool = False) -> Document:
    """Return a JSON or YAML text with the positions of its values.

    `is_json`: it must be JSON. `merges`: mappings may take over the keys of others (`<<`).

    Raises:
        FileError: it is neither, repeats a key, is nested too deeply, or has too many values.

    """
    text = text.removeprefix(BYTE_ORDER_MARK)
    if len(text) > SIZE_LIMIT:
        raise FileError(FileMistake(f"{len(text)} characters (limit: {SIZE_LIMIT})", name))
    if is_json or name.endswith(JSON_SUFFIX) or text.lstrip()[:1] in {"{", "["}:
        try:
            return _parse_json(text, name)
        except JsonError as error:
            if is_json or name.endswith(JSON_SUFFIX) or not error.syntax:
                raise FileError(*(FileMistake(problem, name, *place) for problem, place in error.all)) from None
    from sandbox.formats.yaml_reader import read_document  # noqa: PLC0415 - see above

    return read_document(text, name, merges=merges)


def _parse_json(text: str, name: str) -> Document:
    reader = JsonReader(text, depth_limit=DEPTH_LIMIT, value_limit=VALUE_LIMIT)
    value = reader.read()
    return Document(name, value, reader.places, reader.written)
