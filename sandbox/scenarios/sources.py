"""Turns the text of a scenario file into what it says, whatever the text may be."""

import re
from typing import NamedTuple

from sandbox.files import FileError, parse
from sandbox.scenarios.node import Mistake, Sheet
from sandbox.scenarios.part import Part, read_part
from sandbox.scenarios.scope import Catalogue


class Read(NamedTuple):
    """A file that was read: what it says, and what is wrong with it."""

    part: Part
    mistakes: tuple[Mistake, ...]
    sheet: Sheet | None


def read_source(text: str, catalogue: Catalogue, *, name: str, stem: str) -> Read:
    """Read the text of a file; what is no YAML is its one mistake."""
    try:
        sheet = Sheet(parse(text, name))
    except FileError as error:
        return unreadable(error, name, stem)
    part = read_part(sheet, catalogue, stem=stem, source=text)
    return Read(part, tuple(sheet.mistakes), sheet)


def unreadable(error: FileError, name: str, stem: str) -> Read:
    """Return the reading of a file that is none: one mistake, at its beginning where the error names no place."""
    found = re.match(r":(\d+):(\d+): ", str(error).removeprefix(name))
    if found:
        mistake = Mistake(int(found[1]), int(found[2]), str(error))
    else:
        mistake = Mistake(1, 1, f"{name}:1:1: {str(error).removeprefix(f'{name}: ')}")
    return Read(Part(stem), (mistake,), None)
