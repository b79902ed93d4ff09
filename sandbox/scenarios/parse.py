"""Turns the text of a scenario file into what it says, whatever the text may be."""

from typing import NamedTuple

from sandbox.core.errors import FileMistake
from sandbox.formats.yaml_files import FileError, parse
from sandbox.scenarios.scenario_file import Part, read_part
from sandbox.scenarios.scope import Catalogue
from sandbox.scenarios.yaml_node import Sheet


class Read(NamedTuple):
    """A file that was read: what it says, what is wrong with it, and what is doubtful."""

    part: Part
    mistakes: tuple[FileMistake, ...]
    sheet: Sheet | None
    warnings: tuple[FileMistake, ...] = ()


def read_source(text: str, catalogue: Catalogue, *, name: str, stem: str, is_json: bool = False) -> Read:
    """Read the text of a file; what is neither YAML nor JSON is its one mistake. `is_json`: it must be JSON."""
    try:
        sheet = Sheet(parse(text, name, is_json=is_json))
    except FileError as error:
        return unreadable(error, stem)
    part = read_part(sheet, catalogue, stem=stem, source=text)
    return Read(part, tuple(sheet.mistakes), sheet, tuple(sheet.warnings))


def unreadable(error: FileError, stem: str) -> Read:
    """Return the reading of a file that is none: one mistake, at its beginning where the error names no place."""
    mistake = error.mistake
    placed = mistake._replace(line=1, column=1) if mistake.line is None else mistake
    return Read(Part(stem), (placed,), None)
