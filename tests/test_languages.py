"""The guide's example for each language, run against a real server where the language is installed."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from sandbox.testing import SandboxServer
from tests.client.fixtures import server
from tests.commands import PATIENCE
from tests.test_readme import BLOCKS, ROOT

__all__ = ["server"]

EXAMPLES = {each.language: each.text for each in BLOCKS if each.page == "languages"}
COMMANDS = {
    "python": (sys.executable, "-W", "error", "-m", "unittest", "-v"),
    "javascript": ("node", "--test"),
    "php": ("php", "signup.php"),
    "go": ("go", "test", "-vet=off", "signup_test.go"),
    "java": ("java", "SignUp.java"),
}
COLD = 6 * PATIENCE  # a compiler's first run
UNTRIED = {"csharp"}
PROOF = {  # a line of what is printed once the example has found what it looks for
    "python": r"^OK$",
    "javascript": r"^# pass 1$",
    "php": r"^ok$",
    "go": r"^ok\s",
    "java": r"^ok$",
}


def name_of(source: str) -> str:
    """Return the name of the file that an example stands in, from its first line."""
    found = re.search(r"(\S+): ", source.partition("\n")[0])
    assert found is not None
    return found[1]


@pytest.mark.parametrize(("language", "command"), COMMANDS.items(), ids=COMMANDS)
def test_the_example_finds_the_code_and_sees_it_delivered(
    language: str,
    command: Sequence[str],
    server: SandboxServer,
    tmp_path: Path,
) -> None:
    tool = shutil.which(command[0])
    if tool is None:
        pytest.skip(f"{command[0]} is not installed")
    (tmp_path / name_of(EXAMPLES[language])).write_text(EXAMPLES[language], encoding="utf-8")
    environ = {**os.environ, "SANDBOX_URL": server.url, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(  # noqa: S603 - the guide's own
        [tool, *command[1:]], cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=COLD, check=False
    )
    said = done.stdout + done.stderr

    assert (done.returncode, bool(re.search(PROOF[language], said, re.MULTILINE))) == (0, True), said


def test_every_example_is_run_or_said_to_be_untried() -> None:
    assert EXAMPLES.keys() == COMMANDS.keys() | UNTRIED


def test_the_examples_make_the_same_calls() -> None:
    def calls(source: str) -> list[str]:
        paths = re.findall(r"/_sandbox/workspaces\b|/otp\?to=\d*&wait=\w+|/clock/advance|/messages/latest", source)
        return list(dict.fromkeys(paths))

    shapes = {language: calls(source) for language, source in EXAMPLES.items() if language != "python"}

    assert {tuple(each) for each in shapes.values()} == {
        ("/_sandbox/workspaces", "/otp?to=38761444555&wait=10s", "/clock/advance", "/messages/latest")
    }
