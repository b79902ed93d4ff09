"""Whatever is wrong on the command line is one line that says what would be right; no option is left out."""

import os
import re
import shlex
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import click
import pytest
import yaml

from sandbox.cli.command_line import commands
from tests.cli.conftest import Said, Say
from tests.commands import PATIENCE, run


class Row(NamedTuple):
    """A wrong use: command and parameter that it is about, the words (`=` sets a variable), and what is said."""

    command: str
    parameter: str
    words: tuple[str, ...]
    problem: str
    code: int = 2


TALKING = {
    "messages": "",
    "otp": "1",
    "advance": "1s",
    "use": "instant",
    "reset": "",
    "verify": "",
    "workspaces": "",
    "demo": "--count 1",
    "send": "",
    "inbound": "--provider betatel --from 387 Hello",
    "requests list": "",
    "agenda": "",
    "requests show": "1",
    "callbacks list": "",
    "callbacks show": "1",
    **{f"callbacks {verb}": "1" for verb in ("fire", "hold", "release", "cancel", "replay")},
    "clock show": "",
    "clock freeze": "",
    "clock run": "",
    "clock set": "2030-01-01T00:00:00Z",
    "clock scale": "60x",
    "targets list": "",
    "targets set": "betatel http://127.0.0.1:9000/dlr",
    "targets delete": "betatel",
    "accounts list": "",
    "accounts show": "betatel k1",
    "export messages": "",
    "export requests": "",
    "report": "",
    "tail": "",
    "state save": "state.jsonl.gz",
    "state load": "text.txt",
    "accounts set": "betatel k1 --balance 5",
}
NO_TOKEN = "it is empty or contains characters that a header cannot carry"
TO_A_SERVER = (
    ("--url", "localhost", "invalid URL 'localhost': use http://HOST:PORT", 2),
    ("--control-token", "a b", f"invalid control token: {NO_TOKEN}", 2),
    ("--workspace", "nope", "--workspace: no workspace is called 'nope'", 1),
)
ANY_TEXT_IS_RIGHT = {
    *(("messages", name) for name in ("--to", "--from", "--text", "--account")),
    *(("export messages", name) for name in ("--to", "--from", "--text", "--account")),
    *(("export requests", name) for name in ("--to", "--rule")),
    ("requests list", "--to"),
    *(("verify", name) for name in ("--to", "--from", "--text", "--account")),
    *((f"callbacks {name}", "--message") for name in ("list", "fire", "hold", "release", "cancel", "replay")),
    ("requests list", "--rule"),
    ("provider import", "--only"),  # the description decides
    ("send", "--to"),  # the provider decides
    ("send", "--text"),
    ("workspaces", "--workspace"),  # they are listed whichever one is meant
}


def find_rows() -> Iterator[Row]:
    table = yaml.safe_load((Path(__file__).parent.parent / "data" / "wrong_use.yaml").read_text())
    for command, by_parameter in table.items():
        for parameter, rows in by_parameter.items():
            for row in rows:
                yield Row(command, parameter, tuple(shlex.split(row["type"])), row["says"], row.get("code", 2))
    for command, words in TALKING.items():
        for parameter, wrong, problem, code in TO_A_SERVER:
            if parameter not in table.get(command, ()) and (command, parameter) not in ANY_TEXT_IS_RIGHT:
                yield Row(command, parameter, (*words.split(), parameter, wrong), problem, code)


ROWS = list(find_rows())


def parameters(command: click.Command, path: str = "") -> Iterator[tuple[str, click.Parameter]]:
    """Yield every parameter of every command, with the command's words."""
    for each in command.params:
        yield path, each
    for name, sub in command.commands.items() if isinstance(command, click.Group) else ():
        yield from parameters(sub, f"{path} {name}".strip())


def test_every_parameter_has_a_wrong_value_here_unless_there_is_none() -> None:
    switches = {
        (path, each.opts[0])
        for path, each in parameters(commands)
        if isinstance(each, click.Option) and each.is_flag and each.envvar is None
    }
    every = {(path, each.opts[0]) for path, each in parameters(commands)}
    tried = {(row.command, row.parameter) for row in ROWS}

    assert (every - tried - switches - ANY_TEXT_IS_RIGHT, tried - every) == (set(), set())


@pytest.fixture
def taken() -> Iterator[int]:
    """Return a port that somebody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.fixture
def free() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.mark.parametrize("row", ROWS, ids=lambda row: " ".join((row.command, *row.words)))
def test_wrong_use_is_one_clear_line(  # noqa: PLR0913, PLR0917 - fixtures
    row: Row, say: Say, taken: int, free: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.txt").write_text("no certificate")
    monkeypatch.setenv("SANDBOX_PORT", str(taken))  # where a server that should not start cannot
    words = [word.format(port=taken, free=free) for word in row.words]
    for name, _, value in (word.partition("=") for word in words if word.startswith("SANDBOX_")):
        monkeypatch.setenv(name, value)
    said = say(*row.command.split(), *(word for word in words if not word.startswith("SANDBOX_")))

    assert said == Said(row.code, "", f"sms-sandbox: {row.problem.format(port=taken, free=free)}\n")


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["srve"], "No such command 'srve'."),
        (["serve", "--prot", "1"], "No such option '--prot'."),
        (["serve", "now"], "Got unexpected extra argument (now)"),
        (["otp", "1", "2"], "Got unexpected extra argument (2)"),
        (["messages", "--to"], "Option '--to' requires an argument."),
    ],
    ids=str,
)
def test_what_there_is_not_is_one_clear_line(say: Say, words: list[str], problem: str) -> None:
    said = say(*words)
    line, suggestion = re.fullmatch(r"sms-sandbox: (.*?)( \(?Did you mean .*)?\n", said.err).groups()  # type: ignore[union-attr]

    assert (said.code, said.out, line) == (2, "", problem), suggestion


def test_without_a_command_the_commands_are_listed(say: Say) -> None:
    said = say()

    assert (said.code, said.out, said.err.partition("\n")[0]) == (
        2,
        "",
        "Usage: sms-sandbox [OPTIONS] COMMAND [ARGS]...",
    )


GROUPS = ("", *sorted(name for name, each in commands.commands.items() if isinstance(each, click.Group)))


@pytest.mark.parametrize("width", ["60", "80", "120"])
@pytest.mark.parametrize("group", GROUPS)
def test_every_command_is_told_in_a_sentence_that_is_not_cut(
    say: Say, monkeypatch: pytest.MonkeyPatch, group: str, width: str
) -> None:
    monkeypatch.setenv("COLUMNS", width)
    listed = say(*group.split(), "--help").out.partition("Commands:\n")[2]
    told = re.split(r"\n  (?=\S)", "\n" + listed.rstrip("\n"))[1:]

    assert [each for each in told if not each.endswith(".") or each.endswith("...")] == []
    assert [each.split()[0] for each in told] == list(_commands_of(group))


def _commands_of(group: str) -> Iterable[str]:
    command = commands.commands[group] if group else commands
    return command.commands if isinstance(command, click.Group) else ()


@pytest.mark.parametrize("words", [["scenarios"], ["endpoints"], ["endpoints", "--json"], ["--help"]], ids=" ".join)
def test_a_reader_that_has_read_enough_is_no_failure(words: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as closed:
        done = subprocess.run(  # noqa: S603 - our own
            [sys.executable, "-m", "sandbox", *words],
            stdout=closed,
            stderr=subprocess.PIPE,
            timeout=PATIENCE,
            check=False,
        )

    assert (done.returncode, done.stderr) == (141, b"")


def test_a_broken_variable_of_the_port_is_told_by_ready_too() -> None:
    assert run("ready", SANDBOX_PORT="8o80") == (
        2,
        "sms-sandbox: invalid URL 'http://127.0.0.1:8o80': use http://HOST:PORT\n",
    )


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("SANDBOX_WORKSPCE", "Did you mean SANDBOX_WORKSPACE?"),
        ("SANDBOX_ALLOW_CALLBACKS", "Did you mean SANDBOX_ALLOW_CALLBACK?"),
        ("SANDBOX_CALLBAK_UBILL", "Did you mean SANDBOX_CALLBACK_UBILL?"),
        ("SANDBOX_QQQQ", "See sms-sandbox serve --help."),
    ],
)
def test_an_unknown_variable_is_one_warning_with_the_near_miss(
    say: Say, monkeypatch: pytest.MonkeyPatch, name: str, hint: str
) -> None:
    monkeypatch.setenv(name, "x")
    said = say("scenarios", "show", "instant")

    assert (said.code, said.err) == (0, f"sms-sandbox: warning: unknown environment variable {name}. {hint}\n")


@pytest.mark.parametrize(
    "name", ["SANDBOX_CALLBACK_ACME", "SANDBOX_SPECS", "SANDBOX_RECEIVER_HOST", "SANDBOX_STATE_DIR", "SANDBOX_KEY"]
)
def test_a_variable_that_something_reads_is_no_matter_for_a_warning(
    say: Say, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    monkeypatch.setenv(name, str(tmp_path))

    assert say("scenarios", "show", "instant").err == ""
