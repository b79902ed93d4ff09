"""`serve --watch`: an edited scenario is in force at once; a broken edit leaves the old one and says why."""

from collections.abc import Callable, Iterable
from pathlib import Path

from sandbox.core.errors import ScenarioError
from sandbox.core.scenario import SUFFIXES, Scenario
from sandbox.engine import Engine


def reload(engine: Engine, load: Callable[[], Scenario], say: Callable[[str], None]) -> None:
    """Put a scenario in force anew wherever it is in use.

    A scenario that reads as before changes nothing, so that its counters go on.
    """
    try:
        scenario = load()
    except ScenarioError as error:
        say(f"the scenario stays as it was; the edit has mistakes:\n{error}")
        return
    for workspace in engine.workspaces.values():
        old = workspace.world.scenario
        if old.name == scenario.name and old.sources != scenario.sources:
            workspace.use(scenario)
            say(f"{workspace.name} follows the edited scenario {scenario.name}")


def is_scenario(_: object, path: str) -> bool:
    """Whether a file may be a scenario: a log beside it is written to all the time."""
    return path.endswith(SUFFIXES)


async def watch(paths: Iterable[Path], changed: Callable[[], None]) -> None:
    """Call `changed` whenever a scenario in some folders was written; runs until cancelled."""
    from watchfiles import awatch  # noqa: PLC0415 - a start that watches nothing need not pay for it

    async for _ in awatch(*paths, watch_filter=is_scenario):
        changed()
