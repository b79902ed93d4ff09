"""What a server has: its health, its workspaces, the providers and scenarios it knows."""

from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.client.values.callbacks import Target
from sandbox.client.values.state import Clock


@dataclass(frozen=True, slots=True)
class Index:
    """What serves, and the paths at which to go on, by name."""

    name: str
    version: str
    links: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Health:
    """That a sandbox serves, and what."""

    status: str
    version: str
    providers: tuple[str, ...]


Keys = Mapping[str, Mapping[str, str]]  # by provider, then by the header or parameter that carries the key


@dataclass(frozen=True, slots=True)
class Workspace:
    """A workspace; a request with one of its `keys` leads into it. `default` has none: any other key leads there.

    `ttl` is how many seconds of real time it lasts unused; None means for ever.
    """

    id: str
    scenario: str
    clock: Clock
    seed: int
    keys: Keys
    targets: Mapping[str, Target]
    ttl: float | None


@dataclass(frozen=True, slots=True)
class Provider:
    """What a provider offers; each entry carries its word (documented, published, inferred) and its source.

    `credentials` are the headers or parameters of a request that name its account, the key first.
    """

    name: str
    title: str
    hosts: tuple[str, ...]
    credentials: tuple[str, ...]
    operations: tuple[Mapping[str, object], ...]
    channels: tuple[Mapping[str, object], ...]
    settings: tuple[Mapping[str, object], ...]


@dataclass(frozen=True, slots=True)
class ScenarioEntry:
    """A scenario that can be used by name, or what is wrong with its file: `file:line:column: message` each."""

    name: str
    description: str
    mistakes: tuple[str, ...]
