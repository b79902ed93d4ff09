"""What the control API itself remembers between calls; the state of the workspaces is in their worlds."""

from pathlib import Path

from sandbox.control.event_stream import EventStreams
from sandbox.control.long_poll import WaitRegistry
from sandbox.control.metrics_collector import MetricsCollector
from sandbox.control.phone_numbers import homes_of
from sandbox.engine.engine import Engine
from sandbox.scenarios import ScenarioLibrary, scenario_paths


class Memory:
    """Belongs to one server."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.homes = homes_of(engine.packs)
        self.feeds = EventStreams()
        self.waits = WaitRegistry()
        self.figures = MetricsCollector(engine)
        self._shelf: ScenarioLibrary | None = None
        self._stamps: dict[Path, int] = {}
        self._places: dict[str, int] = {}
        self._place = 0

    async def close(self, _: object) -> None:
        """Let everybody go who follows a workspace, or waits for something in it."""
        self.waits.stop()
        self.feeds.close()

    def shelf(self) -> ScenarioLibrary:
        """Return the scenarios that can be named; files that have changed are read anew."""
        stamps = {path: path.stat().st_mtime_ns for path in scenario_paths(self.engine.folders).values()}
        if self._shelf is None or stamps != self._stamps:
            self._shelf, self._stamps = ScenarioLibrary(self.engine.packs, self.engine.folders), stamps
        return self._shelf

    def places(self) -> dict[str, int]:
        """Return a number for each workspace that grows with the order of making, and stays."""
        known, self._places = self._places, {}
        for name in self.engine.workspaces:
            if name not in known:
                self._place += 1
                known[name] = self._place
            self._places[name] = known[name]
        return self._places
