"""A real server in a thread, a workspace of a test's own on it, and an application's requests to it."""

import json
from collections.abc import Iterator
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from sandbox.testing import Listener, SandboxClient, SandboxServer, WorkspaceOptions, listening, open_workspace, serving
from tests.builders import NOON

NUMBER = "38761930305"


@pytest.fixture(scope="session")
def server() -> Iterator[SandboxServer]:
    """Return a server that all tests share."""
    with serving() as found:
        yield found


@pytest.fixture(scope="session")
def listener() -> Iterator[Listener]:
    """Return a server for the receivers of all tests."""
    with listening() as found:
        yield found


@pytest.fixture
def sandbox(server: SandboxServer, listener: Listener) -> Iterator[SandboxClient]:
    """Return a workspace whose clock stands at noon, with a receiver."""
    with open_workspace(server, listener, WorkspaceOptions(start=NOON, seed=7)) as handle:
        yield SandboxClient(handle)


def send(
    sandbox: SandboxClient, to: str = NUMBER, *, text: str = "Your code is 555345", sender: str = "FACEBOOK"
) -> str:
    """Send a Betatel SMS as an application would; return its uuid, or what refused it."""
    body = json.dumps({"from": sender, "to": to, "text": text}).encode()
    headers = {"Content-Type": "application/json", "x-api-key": sandbox.keys["betatel"]["x-api-key"]}
    request = Request(f"{sandbox.url}/api/smpp/client/send", body, headers)  # noqa: S310 - our own server
    try:
        with urlopen(request) as reply:  # noqa: S310 - as above
            return str(json.load(reply)["uuid"])
    except HTTPError as error:
        with error:
            return error.read().decode()
