"""`serve --watch`: an edited scenario is in force at once; a broken edit leaves the old one and says why."""

from collections.abc import Callable, Iterable
from pathlib import Path

from sandbox.core.errors import ScenarioError
from sandbox.core.scenario import Scenario
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
        if workspace.world.scenario.name == scenario.name and workspace.world.scenario != scenario:
            workspace.use(scenario)
            say(f"{workspace.name} follows the edited scenario {scenario.name}")


async def watch(paths: Iterable[Path], changed: Callable[[], None]) -> None:
    """Call `changed` whenever something in some folders was written; runs until cancelled."""
    from watchfiles import awatch  # noqa: PLC0415 - a start that watches nothing need not pay for it

    async for _ in awatch(*paths):
        changed()
