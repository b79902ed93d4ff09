"""A sandbox inside a test run, for any test framework. Under pytest the fixture `sandbox` does this by itself.

```python
with Sandbox(scenario="default") as sandbox:
    ...
    sandbox.advance("5m")

async with Sandbox(scenario="default") as sandbox:
    ...
    await sandbox.advance("5m")
```
"""

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from sandbox.client import ClientError
from sandbox.client.call import Instant
from sandbox.testing.failure_report import failure_report
from sandbox.testing.receiver import Heard, Listener, Receiver, listening
from sandbox.testing.server import Place, find, serving
from sandbox.testing.workspace import AsyncRig, Desk, NoReceiverError, Recipe, Rig, desk_at, receiver_host

__all__ = [
    "AsyncRig",
    "ClientError",
    "Desk",
    "Heard",
    "Listener",
    "NoReceiverError",
    "Place",
    "Receiver",
    "Recipe",
    "Rig",
    "Sandbox",
    "desk_at",
    "failure_report",
    "find",
    "listening",
    "receiver_host",
    "serving",
]


class Sandbox:
    """A workspace on a server of its own, for as long as a block: `with` gives a `Rig`, `async with` an `AsyncRig`."""

    def __init__(  # noqa: PLR0913 - each is a setting of its own
        self,
        scenario: str | None = None,
        *,
        clock: str = "frozen",
        start: Instant | None = None,
        seed: int | None = None,
        scenarios: Path | None = None,
        specs: Sequence[Path] = (),
        url: str | None = None,
        token: str | None = None,
    ) -> None:
        """Start nothing yet.

        Args:
            scenario: the name of one; the server's unless told.
            clock: frozen, real, or a pace such as `60x`.
            start: where the clock begins; at the real time unless told.
            seed: the same seed and requests give the same bytes.
            scenarios: a folder with scenarios of your own.
            specs: folders with provider specs of your own.
            url: a sandbox that serves already, to be used instead of one of its own.
            token: the control token of that one.

        """
        self._recipe = Recipe(scenario, clock, start, seed)
        self._folders = scenarios, specs
        self._shared = url, token
        self._stack = ExitStack()

    def __enter__(self) -> Rig:
        return Rig(self._open())

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    async def __aenter__(self) -> AsyncRig:
        return AsyncRig(await asyncio.to_thread(self._open))

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await asyncio.to_thread(self._stack.close)

    def _open(self) -> Desk:
        with ExitStack() as stack:
            url, token = self._shared
            scenarios, specs = self._folders
            place = find(url, token) if url else stack.enter_context(serving(scenarios=scenarios, specs=specs))
            reachable, name = receiver_host(place.url)
            listener = stack.enter_context(listening(name)) if reachable else None
            desk = stack.enter_context(desk_at(place, listener, self._recipe))
            self._stack = stack.pop_all()
            return desk
