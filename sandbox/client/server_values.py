"""What the control API tells of the server itself, as frozen values."""

from dataclasses import dataclass, field
from datetime import datetime

from sandbox.client.behaviour_values import KEY


@dataclass(frozen=True, slots=True)
class StoreHealth:
    """Where a server keeps its state: `memory`, `sqlite` or `postgres`, and whether that place answers."""

    kind: str
    answers: bool
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Replica:
    """A server that shares a store with others, and the workspaces that it has at work.

    `itself`: it is the server that replied. `url` and `started` are None if it shares no store.
    """

    id: str
    url: str | None
    started: datetime | None
    itself: bool = field(metadata={KEY: "self"})
    workspaces: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Health:
    """The result of a health check; `saved_state` is the file that the server shows read-only, if it does."""

    status: str
    version: str
    providers: tuple[str, ...]
    store: StoreHealth
    saved_state: str | None = None
