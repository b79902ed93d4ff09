"""What tests of the command line start from: `say` runs a command for a workspace of the test's own."""

import sys
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from sandbox.cli import main
from sandbox.testing import SandboxClient
from tests.client.fixtures import listener, sandbox, server

__all__ = ["Said", "Say", "listener", "sandbox", "say", "server"]


@dataclass(frozen=True)
class Said:
    """How a command ended, and what it wrote where."""

    code: object
    out: str = ""
    err: str = ""


Say = Callable[..., Said]


@pytest.fixture
def say(sandbox: SandboxClient, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Say:
    """Return a function that runs `sms-sandbox` with some words."""
    for name, value in sandbox.environ.items():
        monkeypatch.setenv(name, value)

    def run(*words: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["sms-sandbox", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        told = capsys.readouterr()
        return Said(ended.value.code, told.out, told.err)

    return run
