"""Progress of long work: a line on a terminal that is drawn anew and cleared, and nothing elsewhere."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
from collections.abc import Mapping
from io import StringIO
from pathlib import Path

import pytest

from sandbox.cli.progress import LiveLine, Progress, describe, polling
from sandbox.testing import SandboxClient
from tests.client.fixtures import send
from tests.commands import PATIENCE


class Screen(StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def usual(monkeypatch: pytest.MonkeyPatch) -> None:
    """Describe the terminal of the tests."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "60")


@pytest.mark.parametrize(
    ("done", "total", "text", "line"),
    [
        (0, 4, "", "work  [....................]    0%  0 of 4"),
        (1234, 2468, "", "work  [##########..........]   50%  1,234 of 2,468"),
        (4, 4, "all", "work  [####################]  100%  all"),
        (9, 4, "", "work  [####################]  100%  9 of 4"),
        (0, 0, "", "work  [....................]    0%  0 of 0"),
    ],
)
def test_a_line_shows_how_much_of_the_whole_is_done(done: float, total: float, text: str, line: str) -> None:
    assert describe("work", done, total, text) == line


def test_a_line_is_drawn_anew_and_cleared_at_the_end() -> None:
    screen = Screen()
    with Progress("work", screen, delay=0) as progress:
        progress.update(1, 4)
    progress.update(2, 4)

    assert (progress.is_shown, screen.getvalue()) == (
        True,
        "\r\x1b[Kwork  [#####...............]   25%  1 of 4\r\x1b[K",
    )


def test_short_work_shows_nothing() -> None:
    screen = Screen()
    with Progress("work", screen, delay=60) as progress:
        progress.update(1, 4)

    assert screen.getvalue() == ""


def test_a_line_is_drawn_only_so_often() -> None:
    screen = Screen()
    with Progress("work", screen, delay=0) as progress:
        for done in range(1_000):
            progress.update(done, 1_000_000)

    assert screen.getvalue().count("work") < 500


def test_a_line_fits_the_terminal_and_has_no_control_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "11")
    screen = Screen()
    LiveLine(screen).draw("a\x1b[2J\nbcdefgh")

    assert screen.getvalue() == "\r\x1b[Ka\\x1b[2J\\…"


@pytest.mark.parametrize(("screen", "term"), [(StringIO(), "xterm"), (Screen(), "dumb")])
def test_what_cannot_draw_a_line_anew_gets_none(screen: StringIO, term: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", term)
    with Progress("work", screen, delay=0) as progress:
        progress.update(1, 4)

    assert (progress.is_shown, screen.getvalue()) == (False, "")


def test_a_question_is_asked_until_the_work_is_done() -> None:
    from threading import Event  # noqa: PLC0415 - this test alone

    asked = Event()
    with polling(asked.set):
        assert asked.wait(PATIENCE)


def on_terminal(words: list[str], environ: Mapping[str, str]) -> bytes:
    """Return what a command writes whose standard error is a terminal; its standard output is not shown."""
    screen, keyboard = pty.openpty()
    fcntl.ioctl(keyboard, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
    outer = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    process = subprocess.Popen(  # noqa: S603 - our own
        [sys.executable, "-c", PROGRAM, *words],
        stdout=subprocess.DEVNULL,
        stderr=keyboard,
        env={**outer, **environ, "TERM": "xterm"},
    )
    os.close(keyboard)
    content = b""
    try:
        while select.select([screen], [], [], PATIENCE)[0]:
            content += os.read(screen, 65536)
    except OSError:  # the command has ended
        pass
    finally:
        process.kill()
        process.wait(PATIENCE)
        os.close(screen)
    return content


# The command line, with progress from the first moment.
PROGRAM = """
import sandbox.cli.progress as progress
progress.Progress.__init__.__kwdefaults__["delay"] = progress.ASK = 0.0
from sandbox.cli import main
main()
"""


@pytest.mark.parametrize("goal", ["2026-03-02T13:00:00Z", "idle"])
def test_an_advance_shows_its_progress_on_a_terminal(sandbox: SandboxClient, goal: str) -> None:
    send(sandbox)
    written = on_terminal(["advance", goal], sandbox.environ).decode()

    assert written.startswith("\r\x1b[Kadvancing  [")
    assert written.endswith("\r\x1b[K")
    assert " pending" in written


def test_the_load_of_a_state_shows_its_progress_on_a_terminal(sandbox: SandboxClient, tmp_path: Path) -> None:
    send(sandbox)
    file = tmp_path / "state.jsonl.gz"
    content = sandbox.save_state(file)
    written = on_terminal(["state", "load", str(file)], sandbox.environ).decode()

    assert written.startswith("\r\x1b[Kloading ")
    assert written.endswith("\r\x1b[K")
    assert sandbox.save_state()[:2] == content[:2]
