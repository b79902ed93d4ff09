"""Lines for a terminal: one for each request and callback, aligned and coloured, with what went wrong below it.

Texts come from applications and phones, so no control character of theirs reaches the terminal. Colours are used unless
`NO_COLOR` is set or the terminal is a dumb one.
"""

import os
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple, TextIO

RED, GREEN, GREY, YELLOW, BLUE, BOLD = "31", "32", "90", "33", "34", "1"
HIGHLIGHT = "1;7"  # bold and inverse: readable on any background
JOINERS = frozenset("\u200c\u200d")  # characters without a glyph that scripts and emoji need
ZERO_WIDTH = frozenset({"Mn", "Me", "Cf"})  # categories of characters that take no cell
WIDE = frozenset("WF")
LONGEST_OPERATION, LONGEST_NUMBER = 40, 20  # cells; longer ones are cut, or a mistake would move the columns for good
LEAST_ROOM = 20  # cells behind the columns, however narrow the terminal is
USUAL_COLUMNS = 80
GAP = "  "
INDENT = " " * 10
FIRST_FAILURE = 400  # the lowest HTTP status of a failure


class TrafficLine(NamedTuple):
    """A request or an attempt at a callback.

    `status` is that of the response, None if none came. `result` says what became of it, `number` is that by which it
    is looked up, `message` an id. `notes` are the reasons if it is not `good`, and what else needs a line of its own. A
    one-time `code` is highlighted in `text` and notes, or stands by itself if there is no text.
    """

    at: datetime
    is_callback: bool
    operation: str
    to: str
    status: int | None
    ms: float
    result: str
    good: bool = True
    number: str = ""
    message: str = ""
    text: str = ""
    code: str | None = None
    notes: tuple[str, ...] = ()
    workspace: str = ""  # empty for `default`


def is_terminal(stream: TextIO) -> bool:
    """Return whether a person looks at what is written to a stream."""
    return stream.isatty()


def is_live(stream: TextIO, environ: Mapping[str, str] = os.environ) -> bool:
    """Return whether a stream is a terminal that can draw a line anew."""
    return is_terminal(stream) and environ.get("TERM") != "dumb"


def has_colour(stream: TextIO, environ: Mapping[str, str] = os.environ) -> bool:
    """Return whether to write in colour to a stream (https://no-color.org)."""
    return is_live(stream, environ) and not environ.get("NO_COLOR")


def visible(text: str) -> str:
    """Return a text in one line, with escapes in place of all that could control a terminal."""
    return text if text.isprintable() else "".join(map(_visible, text))


def _visible(character: str) -> str:
    if character.isprintable() or character in JOINERS:
        return character
    return " " if unicodedata.category(character) == "Zs" else character.encode("unicode_escape").decode()


@lru_cache(maxsize=1024)
def cells(text: str) -> int:
    """Return how many cells of a terminal a text takes, at least nearly: terminals differ about emoji."""
    return len(text) if text.isascii() else sum(map(_cells, text))


def _cells(character: str) -> int:
    if unicodedata.category(character) in ZERO_WIDTH:
        return 0
    return 2 if unicodedata.east_asian_width(character) in WIDE else 1


def shorten(text: str, room: int) -> str:
    """Return a text that takes at most so many cells, with `…` in place of what was left out."""
    if cells(text) <= room:
        return text
    kept, used = [], 1
    for character in text:
        used += _cells(character)
        if used > room:
            break
        kept.append(character)
    return "".join(kept) + "…"


class TrafficLayout:
    """Formats lines; a column becomes wider when a longer value comes, and stays so.

    `colour`: whether to use colours. `columns` returns the width of the terminal; without it, no line is shortened.
    """

    def __init__(
        self, operations: Iterable[str] = (), *, colour: bool, columns: Callable[[], int] | None = None
    ) -> None:
        self._colour = colour
        self._columns = columns
        self._operation = min(LONGEST_OPERATION, max(map(len, operations), default=0))
        self._to = len("38761444555")

    def format(self, line: TrafficLine) -> str:
        """Return a line, and its notes below it."""
        operation, to = visible(line.operation), visible(line.to)
        self._operation = max(self._operation, min(LONGEST_OPERATION, cells(operation)))
        self._to = max(self._to, min(LONGEST_NUMBER, cells(to)))
        status = "---" if line.status is None else str(line.status)
        head = [
            self.paint(f"{line.at:%H:%M:%S}", GREY),
            self.paint("←", BLUE) if line.is_callback else "→",
            _pad(operation, self._operation),
            _pad(to, self._to),
            self.paint(status, GREEN if line.good else RED),
            self.paint(f"{line.ms:7.1f} ms", GREY),
        ]
        used = sum((8, 1, self._operation, self._to, 3, 10)) + len(GAP) * len(head)
        room = None if self._columns is None else max(LEAST_ROOM, self._columns() - used)
        style = GREY if line.good else RED
        notes = [INDENT + self.highlight(visible(note), line.code, style) for note in line.notes]
        return "\n".join([(GAP.join(head) + GAP + self._tail(line, room)).rstrip(), *notes]) + "\n"

    def _tail(self, line: TrafficLine, room: int | None) -> str:
        """Return what became of a request, its text or code, and the ids, as far as there is room."""
        parts: list[tuple[str, tuple[str, ...]]] = [
            (line.result, () if line.good else (RED, BOLD)),
            (line.text or (f"code {line.code}" if line.code else ""), ()),
            (line.number, (GREY,)),
        ]
        shown = []
        for text, styles in parts:
            fitting = visible(text)
            if room is not None:
                fitting = shorten(fitting, room) if room > 1 else ""
                room -= cells(fitting) + len(GAP) if fitting else 0
            if fitting:
                shown.append(self.highlight(fitting, line.code, *styles))
        ids = GAP.join(filter(None, (visible(line.message), f"in {visible(line.workspace)}" if line.workspace else "")))
        if ids and (room is None or cells(ids) <= room):  # a part of an id is of no use
            shown.append(self.paint(ids, GREY))
        return GAP.join(shown)

    def highlight(self, text: str, code: str | None, *styles: str) -> str:
        """Return a text in a style with a code in it highlighted."""
        if not code or code not in text or not self._colour:
            return self.paint(text, *styles)
        before, _, after = text.partition(code)
        return self.paint(before, *styles) + self.paint(code, HIGHLIGHT) + self.paint(after, *styles)

    def paint(self, text: str, *styles: str) -> str:
        """Return a text in some styles, if colours are used."""
        return f"\x1b[{';'.join(styles)}m{text}\x1b[0m" if self._colour and styles and text else text


def _pad(text: str, width: int) -> str:
    fitting = shorten(text, width)
    return fitting + " " * (width - cells(fitting))


def columns_of(stream: TextIO, environ: Mapping[str, str] = os.environ) -> Callable[[], int]:
    """Return the function that returns the width of the terminal behind a stream, as it is now."""

    def columns() -> int:
        if (given := environ.get("COLUMNS", "")).isdecimal() and int(given) > 0:
            return int(given)
        try:
            return os.get_terminal_size(stream.fileno()).columns or USUAL_COLUMNS
        except (OSError, ValueError):
            return USUAL_COLUMNS

    return columns
