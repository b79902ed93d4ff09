"""The help of all commands is written without loading them, and says what they say."""

import json
import re
import subprocess
import sys
from importlib import import_module
from inspect import getsource

import pytest

from sandbox.cli.summary import COMMANDS, help_text
from tests.commands import PATIENCE

COLUMNS = ("", "0", "40", "61", "80", "99", "200")
# In a process of its own: click keeps the options of a help that it has written before.
CLICK = f"""
import json, os, click
from sandbox.cli.command_line import commands
found = []
for columns in {COLUMNS!r}:
    os.environ["COLUMNS"] = columns
    found.append(commands.get_help(click.Context(commands, info_name="sms-sandbox", **commands.context_settings)))
print(json.dumps(found))
"""
LOADED = "import sys, sandbox.cli\nsandbox.cli.run([{word!r}])\nprint({{'click', 'asyncio', 're'}} & {{*sys.modules}})"


def test_the_help_of_all_commands_is_what_click_would_write(monkeypatch: pytest.MonkeyPatch) -> None:
    done = subprocess.run(  # noqa: S603 - our own
        [sys.executable, "-c", CLICK], capture_output=True, text=True, timeout=PATIENCE, check=True
    )
    found = []
    for columns in COLUMNS:
        monkeypatch.setenv("COLUMNS", columns)
        found.append(help_text())

    assert found == json.loads(done.stdout)


def test_the_table_has_every_command_with_its_first_sentence() -> None:
    modules = {module: import_module(f"sandbox.cli.{module}") for module, _ in COMMANDS.values()}
    decorated = re.compile(r"^@click\.(?:command|group)\(.*?^def (\w+)", re.MULTILINE | re.DOTALL)
    found = [(name, each) for name, module in modules.items() for each in decorated.findall(getsource(module))]
    commands = [(name, getattr(modules[name], each)) for name, each in found]

    assert [*COMMANDS.items()] == [
        (each.name, (name, each.get_short_help_str(limit=sys.maxsize))) for name, each in commands
    ]


@pytest.mark.parametrize("word", ["--help", "-h", "--version"])
def test_help_and_version_load_no_command(word: str) -> None:
    done = subprocess.run(  # noqa: S603 - our own
        [sys.executable, "-c", LOADED.format(word=word)], capture_output=True, text=True, timeout=PATIENCE, check=True
    )

    assert done.stdout.splitlines()[-1] == "{'re'}"
