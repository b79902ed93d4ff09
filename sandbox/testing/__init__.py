"""A sandbox inside a test run, for any test framework; under pytest, the fixture `sandbox` of the plugin does the same.

```python
with Sandbox(scenario="default") as sandbox:
    ...
    sandbox.advance("5m")

async with Sandbox(scenario="default") as sandbox:
    ...
    await sandbox.advance("5m")
```

`server` runs a server in a thread or connects to one, `receiver` listens for callbacks, and `workspace` gives each test
a workspace and a client of it. The package imports `sandbox.client`, and `sandbox.server` only once it runs a server.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from sandbox.client import ClientError
from sandbox.client.codec import Instant
from sandbox.client.tables import failure_report
from sandbox.testing.receiver import Listener, ReceivedCallback, Receiver, listening
from sandbox.testing.server import SandboxServer, connect, serving
from sandbox.testing.workspace import (
    AsyncSandboxClient,
    NoReceiverError,
    SandboxClient,
    WorkspaceHandle,
    WorkspaceOptions,
    open_workspace,
    receiver_host,
)

__all__ = [
    "AsyncSandboxClient",
    "ClientError",
    "Listener",
    "NoReceiverError",
    "ReceivedCallback",
    "Receiver",
    "Sandbox",
    "SandboxClient",
    "SandboxServer",
    "WorkspaceHandle",
    "WorkspaceOptions",
    "connect",
    "failure_report",
    "listening",
    "open_workspace",
    "receiver_host",
    "serving",
]


class Sandbox:
    """A server with one workspace, for the length of a block.

    `with` gives a `SandboxClient`, `async with` an `AsyncSandboxClient`.
    """

    def __init__(  # noqa: PLR0913 - each is a setting of its own
        self,
        scenario: str | Path | Mapping[str, object] | None = None,
        *,
        clock: str = "frozen",
        start: Instant | None = None,
        seed: int | None = None,
        scenarios: Path | None = None,
        specs: Sequence[Path] = (),
        url: str | None = None,
        token: str | None = None,
    ) -> None:
        """Store the settings; nothing is started yet.

        Args:
            scenario: the name of a scenario, a file, or the scenario as a mapping (default: the server's).
            clock: frozen, real, or a speed such as `60x`.
            start: the time at which the clock begins (default: the real time).
            seed: the same seed and requests give the same bytes.
            scenarios: a folder with your own scenarios.
            specs: folders with your own provider specs.
            url: a running server to use instead of starting one.
            token: the control token of that server.

        """
        self._options = WorkspaceOptions(scenario, clock, start, seed)
        self._folders = scenarios, specs
        self._shared = url, token
        self._stack = ExitStack()

    def __enter__(self) -> SandboxClient:
        return SandboxClient(self._open())

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    async def __aenter__(self) -> AsyncSandboxClient:
        return AsyncSandboxClient(await asyncio.to_thread(self._open))

    async def __aexit__(self, *_: object) -> None:
        await asyncio.to_thread(self._stack.close)

    def _open(self) -> WorkspaceHandle:
        with ExitStack() as stack:
            url, token = self._shared
            scenarios, specs = self._folders
            server = connect(url, token) if url else stack.enter_context(serving(scenarios=scenarios, specs=specs))
            reachable, name = receiver_host(server.url)
            listener = stack.enter_context(listening(name)) if reachable else None
            handle = stack.enter_context(open_workspace(server, listener, self._options))
            self._stack = stack.pop_all()
            return handle
