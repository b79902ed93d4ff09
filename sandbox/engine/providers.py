"""The providers of a server, which can be replaced while it serves, and what is made of them.

Whoever needs the packs, the router or the host names holds these objects for good: they are changed in place, all in
one turn of the event loop, so no request sees one provider's old and new document. What is stored stays. A message
keeps its channel's name, and its next status is that of the new document. A provider or channel that is no longer
described answers no requests, but what it has accepted continues as the last document had it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sandbox.core import seeded_random
from sandbox.core.callback import Outgoing, Target
from sandbox.core.change import ProvidersReplaced
from sandbox.core.lazy_store import read_values
from sandbox.core.lifecycle import with_channel
from sandbox.core.message import Channel, Message
from sandbox.core.scenario import Scenario
from sandbox.core.world import World
from sandbox.providers.base import Report
from sandbox.providers.registry import Pack, Registry
from sandbox.scenarios import compile_sources
from sandbox.specs.routing import Router
from sandbox.specs.spec import Route

if TYPE_CHECKING:
    from sandbox.engine.engine import Engine

KEY_LENGTH = 24  # characters of a workspace's key

Keys = Mapping[str, Mapping[str, str]]


def provider_hosts(packs: Registry) -> frozenset[str]:
    """Return the host names that the providers' documents name."""
    urls = (server["url"] for pack in packs.values() for server in pack.spec.document.get("servers", ()))
    return frozenset(host for url in urls if (host := urlsplit(url).hostname))


class ServedProviders:
    """The providers of one server.

    `packs` are those that answer requests, `known` also those that did before an edit; `router` has the routes of
    `packs`, `hosts` their host names. `on_change` is called after they were replaced.
    """

    def __init__(self, packs: Registry) -> None:
        self.packs: dict[str, Pack] = {**packs}
        self.known: dict[str, Pack] = {**packs}
        self.router = Router(_routes(packs))
        self.hosts: set[str] = {*provider_hosts(packs)}
        self.on_change: list[Callable[[], None]] = []

    def replace(self, packs: Registry) -> None:
        """Serve other providers."""
        for name, pack in packs.items():
            self.known[name] = _succeed(self.known.get(name), pack)
        self.packs.clear()
        self.packs.update(packs)
        self.router.use(_routes(packs))
        self.hosts.clear()
        self.hosts.update(provider_hosts(packs))


def make_keys(workspace: str, packs: Registry, known: Keys | None = None) -> Keys:
    """Return the keys of a workspace by provider and field, a new one for each that it does not have."""
    known = known or {}
    size = KEY_LENGTH - len(workspace)
    made = {
        provider: {
            field: known.get(provider, {}).get(field) or workspace + seeded_random.make_token(size)
            for field in pack.spec.credentials
        }
        for provider, pack in packs.items()
    }
    return {**known, **made}


def replace_providers(engine: "Engine", packs: Registry, *, edited: Scenario | None = None) -> tuple[str, ...]:
    """Serve other providers; the scenarios in force are compiled for them.

    `edited` is the newest version of the scenarios of its name; return the workspaces that it is new to. Nothing
    changes if one of the scenarios does not fit.

    Raises:
        ScenarioError: a scenario in force has mistakes with these providers.

    """
    scenarios = _Scenarios(packs, edited)
    start = scenarios(engine.start.scenario)
    in_force = {name: scenarios(workspace.world.scenario) for name, workspace in engine.workspaces.items()}
    engine.providers.replace(packs)
    known = engine.providers.known
    engine.start = replace(engine.start, scenario=start)
    if engine.persistence is not None:
        engine.persistence.forget_scenarios()
    defaults = {name: pack.spec.defaults for name, pack in known.items()}
    newer = []
    for name, scenario in in_force.items():
        workspace = engine.workspaces[name]
        world = workspace.world
        if world.scenario.sources != scenario.sources:
            newer.append(name)
        messages = {message.number: message for message in _with_new_channels(world, known)}
        world.commit(ProvidersReplaced(defaults, scenario, messages))
    for name in newer:
        engine.workspaces[name].use(in_force[name])
    for name, lease in engine.leases.items():
        keys = make_keys(name, packs, lease.keys)
        if keys != lease.keys:
            lease.keys = keys
            if engine.persistence is not None:
                engine.persistence.update(lease.workspace, lease)
    for subscriber in engine.providers.on_change:
        subscriber()
    return tuple(newer)


def _routes(packs: Registry) -> Iterator[Route]:
    return (route for pack in packs.values() for route in pack.spec.routes)


def _succeed(old: Pack | None, new: Pack) -> Pack:
    """Return a new pack with the channels that only the old one describes, for the messages that these have."""
    gone = {} if old is None else {key: each for key, each in old.channels.items() if key not in new.channels}
    if old is None or not gone:
        return new
    before, after = old.provider, new.provider

    def report(change: Report) -> Outgoing:
        return (before if change.message.channel.key in gone else after).report(change)

    def target(message: Message) -> Target | None:
        return (before if message.channel.key in gone else after).target(message)

    settings = {**old.spec.settings, **new.spec.settings}
    retries = {key: each for key, each in before.retries.items() if key in gone}
    received = {key: each for key, each in before.received.items() if key in gone}
    inbound = {name: each for name, each in before.inbound.items() if each.channel.key in gone}
    channels = {name: each for name, each in old.spec.channels.items() if name in gone}
    return Pack(
        replace(new.spec, channels={**channels, **new.spec.channels}, settings=settings),
        replace(
            after,
            report=report,
            target=target,
            retries={**retries, **after.retries},
            received={**received, **after.received},
            inbound={**inbound, **after.inbound},
        ),
        new.file,
    )


def _with_new_channels(world: World, known: Registry) -> Iterator[Message]:
    """Yield the messages of a world that have an older version of their channel, with the new version.

    What a store has returned and nobody has read is left out: it gets the channel of the day when it is read.
    """
    newest: dict[tuple[str, str], Channel] = {}
    for message in read_values(world.messages):
        name = (message.provider, message.channel.key)
        channel = newest.get(name)
        if channel is None:
            channel = newest[name] = known[message.provider].channels[message.channel.key]
        if channel is not message.channel:
            yield with_channel(message, channel)


class _Scenarios:
    """Compiles scenarios for other providers; thousands of workspaces may have the same one."""

    def __init__(self, packs: Registry, edited: Scenario | None) -> None:
        self._packs = packs
        self._edited = edited
        self._compiled: dict[tuple[object, ...], Scenario] = {}

    def __call__(self, old: Scenario) -> Scenario:
        """Return a scenario, compiled for the new providers."""
        if self._edited is not None and self._edited.name == old.name:
            return self._edited
        if not old.sources:
            return old
        known = self._compiled.get(old.sources)
        if known is None:
            compiled = compile_sources(old.sources, packs=self._packs)
            known = self._compiled[old.sources] = replace(compiled, warnings=old.warnings)
        return known
