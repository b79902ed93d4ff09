"""Turns the text of a scenario file into what it says, whatever the text may be."""

import re
from typing import NamedTuple

import yaml

from sandbox.files import SIZE_LIMIT, FileError, parse
from sandbox.scenarios.node import Mistake, Sheet
from sandbox.scenarios.part import Part, read_part
from sandbox.scenarios.scope import Catalogue

DEPTH_LIMIT = 64  # levels of YAML, in a text that could have many
OPENERS = ("[", "{", "- ", "? ")  # what may begin a level; one of a mapping needs a line of its own, further in
HARMLESS = 2_000  # levels that can be composed
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def refuse_depth(text: str, name: str) -> None:
    """Look for nesting that composing the YAML, which is recursive C, would not survive.

    Raises:
        FileError: it is nested too deeply. What is no YAML is left to the parser.

    """
    if sum(map(text.count, OPENERS)) < HARMLESS:
        return
    depth = 0
    try:
        for event in yaml.parse(text[:SIZE_LIMIT], Loader=LOADER):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > DEPTH_LIMIT:
                place = f":{mark.line + 1}:{mark.column + 1}" if (mark := event.start_mark) else ""
                message = f"{name}{place}: nested more than {DEPTH_LIMIT} levels deep"
                raise FileError(message)
    except yaml.YAMLError:
        return


class Read(NamedTuple):
    """A file that was read: what it says, and what is wrong with it."""

    part: Part
    mistakes: tuple[Mistake, ...]
    sheet: Sheet | None


def read_source(text: str, catalogue: Catalogue, *, name: str, stem: str) -> Read:
    """Read the text of a file; what is no YAML is its one mistake."""
    try:
        refuse_depth(text, name)
        sheet = Sheet(parse(text, name))
    except FileError as error:
        return unreadable(error, name, stem)
    except RecursionError:  # an alias inside what it stands for
        return unreadable(FileError(f"{name}: nested too deeply"), name, stem)
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
