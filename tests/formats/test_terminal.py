"""Lines for a terminal: aligned, coloured if the terminal can, and without a control character of somebody else."""

from collections.abc import Callable, Mapping
from io import StringIO
from typing import NamedTuple

import pytest

from sandbox.formats.terminal import (
    TrafficLayout,
    TrafficLine,
    cells,
    columns_of,
    has_colour,
    is_live,
    shorten,
    visible,
)
from tests.builders import NOON

SENT = TrafficLine(
    NOON,
    is_callback=False,
    operation="betatel.sms.send",
    to="38761444555",
    status=200,
    ms=0.42,
    result="→ delivered in 2.2 s",
    number="#1",
)


class Screen(StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        return True


class Environment(NamedTuple):
    """Whether a stream is a terminal, its environment, and whether it can be drawn anew and has colours."""

    stream: StringIO
    environ: Mapping[str, str]
    live: bool
    colour: bool


@pytest.mark.parametrize(
    "given",
    [
        Environment(Screen(), {"TERM": "xterm-256color"}, live=True, colour=True),
        Environment(Screen(), {}, live=True, colour=True),
        Environment(Screen(), {"NO_COLOR": "1"}, live=True, colour=False),
        Environment(Screen(), {"NO_COLOR": ""}, live=True, colour=True),
        Environment(Screen(), {"TERM": "dumb"}, live=False, colour=False),
        Environment(StringIO(), {"TERM": "xterm-256color"}, live=False, colour=False),
    ],
)
def test_a_terminal_has_colours_unless_it_must_not(given: Environment) -> None:
    assert (is_live(given.stream, given.environ), has_colour(given.stream, given.environ)) == (given.live, given.colour)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Your code is 482910", "Your code is 482910"),
        ("a\x1b[31mb\x07", r"a\x1b[31mb\x07"),
        ("a\r\nb\tc", r"a\r\nb\tc"),
        ("\x7f\x9b31m", r"\x7f\x9b31m"),
        ("\u202eevil\u2066", r"\u202eevil\u2066"),
        ("\u2028\ud800", r"\u2028\ud800"),
        ("5\u00a0KM, 👩\u200d💻", "5 KM, 👩\u200d💻"),
    ],
)
def test_no_control_character_reaches_a_terminal(text: str, shown: str) -> None:
    assert visible(text) == shown


@pytest.mark.parametrize(("text", "width"), [("abc", 3), ("日本", 4), ("e\u0301", 1), ("ट्यू", 2), ("👍", 2), ("", 0)])
def test_wide_characters_take_two_cells_and_marks_none(text: str, width: int) -> None:
    assert cells(text) == width


@pytest.mark.parametrize(
    ("text", "room", "short"),
    [("abcdef", 6, "abcdef"), ("abcdef", 5, "abcd…"), ("日本語", 5, "日本…"), ("日本語", 4, "日…")],
)
def test_a_text_is_shortened_by_cells(text: str, room: int, short: str) -> None:
    assert shorten(text, room) == short


def test_lines_are_aligned_and_what_went_wrong_is_below() -> None:
    layout = TrafficLayout(["betatel.whatsapp.otp"], colour=False)
    refused = SENT._replace(
        operation="betatel.whatsapp.otp", to="", status=400, result="refused", good=False, notes=("body.to: bad",)
    )
    failed = SENT._replace(
        is_callback=True, operation="ubill.sms.send", to="995511194242", status=None, ms=12.345, result="1: failed"
    )

    assert "".join(map(layout.format, (SENT, refused, failed))) == (
        "12:00:00  →  betatel.sms.send      38761444555  200      0.4 ms  → delivered in 2.2 s  #1\n"
        "12:00:00  →  betatel.whatsapp.otp               400      0.4 ms  refused  #1\n"
        "          body.to: bad\n"
        "12:00:00  ←  ubill.sms.send        995511194242  ---     12.3 ms  1: failed  #1\n"
    )


def test_colours_tell_good_from_bad_and_show_the_code() -> None:
    layout = TrafficLayout(colour=True)
    good = layout.format(SENT._replace(text="Your code is 482910.", code="482910"))
    bad = layout.format(SENT._replace(good=False, status=401, result="refused", code="482910", notes=("482910?",)))

    assert ("\x1b[32m200\x1b[0m" in good, "Your code is \x1b[1;7m482910\x1b[0m." in good) == (True, True)
    assert ["\x1b[31m401\x1b[0m" in bad, "\x1b[31;1mrefused\x1b[0m" in bad, "code \x1b[1;7m482910" in bad] == [True] * 3
    assert bad.splitlines()[1] == f"{' ' * 10}\x1b[1;7m482910\x1b[0m\x1b[31m?\x1b[0m"


def test_a_line_without_colours_has_no_escape() -> None:
    line = SENT._replace(code="482910", notes=("\x1b[31m",), good=False, message="m1", workspace="w1")

    assert "\x1b" not in TrafficLayout(colour=False).format(line)


@pytest.mark.parametrize(
    ("columns", "end"),
    [
        (200, "→ delivered in 2.2 s  Your code is 482910  #1  0e13d9f4-215e  in w1"),
        (110, "→ delivered in 2.2 s  Your code is 482910  #1"),
        (90, "→ delivered in 2.2 s  Your c…"),
        (30, "→ delivered in 2.2 s"),
    ],
)
def test_a_line_is_as_long_as_the_terminal_is_wide(columns: int, end: str) -> None:
    layout = TrafficLayout(colour=False, columns=lambda: columns)
    line = layout.format(SENT._replace(text="Your code is 482910", message="0e13d9f4-215e", workspace="w1"))

    assert line.partition(" ms  ")[2] == f"{end}\n"


def test_a_column_grows_with_what_comes_and_ends_somewhere() -> None:
    layout = TrafficLayout(colour=False)
    longest = SENT._replace(operation="GET /" + "x" * 100)
    widths = [line.index("  200  ") for line in map(layout.format, (SENT, longest, SENT))]

    assert (widths[1] - widths[0], widths[2]) == (40 - len(SENT.operation), widths[1])


@pytest.mark.parametrize(("environ", "columns"), [({"COLUMNS": "132"}, 132), ({}, 80), ({"COLUMNS": "wide"}, 80)])
def test_the_width_of_a_terminal_is_known_or_usual(environ: Mapping[str, str], columns: int) -> None:
    found: Callable[[], int] = columns_of(Screen(), environ)

    assert found() == columns
