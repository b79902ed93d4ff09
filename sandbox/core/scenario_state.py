"""What a scenario remembers from one request to the next: counts, rates and its state, all values of the world."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sandbox.core.rate_window import Window

RULED = "rule "  # how the name of a rule's window begins; providers have windows of their own
START = "start"  # the state in which every scenario begins


@dataclass(frozen=True, slots=True)
class Tally:
    """How often a rule was met; `name` is the rule's key, and what it counts apart."""

    name: str
    count: int


@dataclass(frozen=True, slots=True)
class ScenarioStateSet:
    """The scenario is in the state `state` from now on."""

    state: str


@dataclass(slots=True)
class Run:
    """A scenario's memory as one request finds it and moves it on; it is written when its changes are committed."""

    tallies: Mapping[str, int]
    windows: Mapping[str, Window]
    state: str
    at: datetime
    _turned: bool = False
    _counted: dict[str, int] = field(default_factory=dict)
    _filled: dict[str, Window] = field(default_factory=dict)

    def count(self, name: str) -> int:
        """Count one more, and return how many it makes."""
        count = self._counted.get(name) or self.tallies.get(name, 0)
        self._counted[name] = count + 1
        return count + 1

    def turn(self, state: str) -> None:
        """Go over to another state."""
        self.state = state
        self._turned = True

    def exceeds(self, name: str, *, limit: int, per: timedelta) -> timedelta | None:
        """Take one more within the limit; where there is no room, return how long until there is."""
        own = RULED + name
        before = self._filled.get(own) or self.windows.get(own) or Window(own, self.at, 0)
        window = before.at(self.at, per)
        if window.count >= limit:
            return window.since + per - self.at
        self._filled[own] = window.plus(1)
        return None

    def changes(self) -> tuple[Tally | ScenarioStateSet | Window, ...]:
        """Return what a commit must write."""
        tallies = tuple(Tally(name, count) for name, count in self._counted.items())
        turns = (ScenarioStateSet(self.state),) if self._turned else ()
        return (*tallies, *turns, *self._filled.values())
