"""The commands: what they need, and how they end."""

import signal
import subprocess
import sys

import pytest

from sandbox.cli.command_line import commands
from sandbox.cli.mcp import load_endpoint
from sandbox.core.errors import SandboxError
from tests.commands import PATIENCE

MISSING = "MCP needs the package mcp; install it with: pip install 'sms-sandbox[mcp]'"


@pytest.fixture
def without_the_sdk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have Python find no package mcp."""
    for name in [each for each in sys.modules if each.partition(".")[0] == "mcp" or each.startswith("sandbox.agents")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "mcp", None)


@pytest.mark.usefixtures("without_the_sdk")
def test_serve_without_the_sdk_says_what_to_install() -> None:
    with pytest.raises(SandboxError) as error:
        load_endpoint()

    assert str(error.value) == MISSING


@pytest.mark.usefixtures("without_the_sdk")
def test_the_command_without_the_sdk_says_what_to_install() -> None:
    with pytest.raises(SandboxError) as error:
        commands.main(["mcp"], standalone_mode=False)

    assert str(error.value) == MISSING


def test_ctrl_c_ends_the_command_while_it_waits_for_the_agent() -> None:
    command = [sys.executable, "-m", "sandbox", "mcp", "--url", "http://127.0.0.1:9"]
    pipe = subprocess.PIPE
    hello = b'{"jsonrpc": "2.0", "id": 1, "method": "ping"}\n'
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe) as process:  # noqa: S603 - our own
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(hello)
        process.stdin.flush()
        process.stdout.readline()
        process.send_signal(signal.SIGINT)

        assert process.wait(PATIENCE) == 130
