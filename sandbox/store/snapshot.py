"""Everything that a workspace has at one instant, as rows: for a saved state, and for a store after one was loaded.

A snapshot is taken in one turn of the loop and takes milliseconds, as the values are immutable. They are encoded while
it is iterated, which may be another thread.
"""

from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b
from json import dumps
from typing import Any

from sandbox.core.agenda import EntryKind
from sandbox.core.callback import Callback
from sandbox.core.rules import RuleCounted
from sandbox.core.world import World
from sandbox.core.world_state import Counters
from sandbox.store.base import ONLY, Kind, RowKey, key_of

Entity = tuple[Kind, RowKey, int, Any]  # kind, key, the number that orders the rows of a kind, and value


def settings_key(settings: Mapping[str, object]) -> str:
    """Return the key of the row with the settings of collected callbacks, whatever order a database gives them."""
    return key_of(blake2b(dumps(settings, sort_keys=True).encode(), digest_size=8).hexdigest())


class SettingsKeys:
    """The keys of rows with settings, by identity: thousands of collected callbacks share them."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Mapping[str, object], str]] = {}  # the settings too, so that no other has their id

    def find(self, settings: Mapping[str, object]) -> tuple[str, bool]:
        """Return the key of settings, and whether they are looked up for the first time."""
        known = self._known.get(id(settings))
        if known is not None:
            return known[1], False
        self._known[id(settings)] = settings, settings_key(settings)
        return self._known[id(settings)][1], True

    def clear(self) -> None:
        """Forget all keys."""
        self._known.clear()


class Snapshot:
    """The rows of a workspace, but for those that its server keeps, in the order of a saved state."""

    def __init__(self, world: World) -> None:
        self._batches = world.batches
        self._small: dict[Kind, list[tuple[RowKey, Any]]] = {
            Kind.CLOCK: [(ONLY, world.clock)],
            Kind.SCENARIO: [(ONLY, world.scenario)],
            Kind.COUNTERS: [(ONLY, Counters.of(world))],
            Kind.TARGET: [(key_of(provider), (provider, each)) for provider, each in world.targets.items()],
            Kind.ACCOUNT: [(key_of(*names), account) for names, account in world.accounts.items()],
            Kind.CODE: [(key_of(*names), otp) for names, otp in world.otps.items()],
            Kind.RATE_WINDOW: [(key_of(name), window) for name, window in world.windows.items()],
            Kind.RULE_COUNT: [(key_of(name), RuleCounted(name, count)) for name, count in world.rule_counts.items()],
            Kind.AGENDA: [(each.number, each) for each in world.agenda if each.kind is EntryKind.CALLBACK],
            Kind.INBOUND: [(each.number, each) for each in world.agenda if each.kind is EntryKind.INBOUND],
            Kind.LOST_REPLY: _lost_replies(world),
        }
        self._large: dict[Kind, dict[int, Any]] = {
            Kind.MESSAGE: world.messages.copy(),
            Kind.CALLBACK: world.callbacks.copy(),
            Kind.REQUEST: world.requests.copy(),
        }

    def __len__(self) -> int:
        """Return how many rows there are, but for settings of callbacks."""
        return sum(map(len, (*self._small.values(), *self._large.values())))

    def without(self, kinds: Iterable[Kind]) -> "Snapshot":
        """Return this snapshot without some kinds."""
        for kind in kinds:
            self._small.pop(kind, None)
            self._large.pop(kind, None)
        return self

    def __iter__(self) -> Iterator[Entity]:
        """Yield every row; the settings of callbacks come before the first of them that has them."""
        for kind, found in self._small.items():
            before = self._batches - len(found)  # no entity that comes later has a lower number
            for place, (key, value) in enumerate(found, start=1):
                yield kind, key, before + place, value
        for kind, values in self._large.items():
            if kind is Kind.CALLBACK:
                yield from self._iterate_callbacks(values.values())
            else:
                yield from ((kind, number, self._batches, value) for number, value in values.items())

    def _iterate_callbacks(self, callbacks: Iterable[Callback]) -> Iterator[Entity]:
        keys = SettingsKeys()
        for callback in callbacks:
            key = None
            if callback.settings is not None:
                key, is_new = keys.find(callback.settings)
                if is_new:
                    yield Kind.SETTINGS, key, self._batches, callback.settings
            yield Kind.CALLBACK, callback.id, self._batches, (callback, key)


def _lost_replies(world: World) -> list[tuple[RowKey, Any]]:
    """Return the lost replies, each with a number that no other has and that is at most that of its request."""
    found: list[tuple[RowKey, Any]] = []
    number = 0
    for lost in world.lost_replies:
        number = max(number + 1, lost.request)
        found.append((number, lost))
    return found
