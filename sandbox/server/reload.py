"""`serve --watch`: an edited scenario is in force at once; a broken edit leaves the old one and says why."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from os.path import realpath
from pathlib import Path

from sandbox.core.errors import ScenarioError
from sandbox.core.scenario import SUFFIXES, Scenario
from sandbox.engine.engine import Engine

LOOK_UP_EVERY = 1000  # milliseconds


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
    """Whether a change of a path may change a scenario: a log beside one is written to all the time.

    Where a scenario is reached by links to folders, as in a volume of Kubernetes, a link is exchanged and no file.
    """
    return path.endswith(SUFFIXES) or Path(path).is_symlink()


def watched(paths: Iterable[Path]) -> Mapping[str, int]:
    """Return the folders whose changes may change the scenarios in some folders, each with its number on the disk.

    These are the folders themselves, those that links to scenarios lead to, and, for each folder that is not there, the
    nearest one above it, in which it may be made.
    """
    found: dict[str, int] = {}
    for folder in paths:
        files = [each for each in folder.glob("*") if each.suffix in SUFFIXES and each.is_symlink()]
        for each in (folder, *(Path(realpath(file)).parent for file in files)):
            there = next((place for place in (each, *each.absolute().parents) if place.is_dir()), each)
            with suppress(OSError):  # it is gone since
                found[str(there)] = there.stat().st_ino
    return found


async def watch(paths: Iterable[Path], changed: Callable[[], None], *, every: int = LOOK_UP_EVERY) -> None:
    """Call `changed` whenever a scenario in some folders was written; runs until cancelled.

    A folder may be deleted and made again, and a link may lead elsewhere: the folders are looked up again after each
    `every` milliseconds.
    """
    from watchfiles import awatch  # noqa: PLC0415 - a start that watches nothing need not pay for it

    folders = tuple(paths)
    while True:
        now = watched(folders)
        begun = False
        with suppress(FileNotFoundError):  # a folder that is gone since: it is looked up again
            async for changes in awatch(
                *now,
                watch_filter=is_scenario,
                recursive=False,
                rust_timeout=every,
                yield_on_timeout=True,
            ):
                if changes or not begun:  # what changed before the watch began is seen by nobody else
                    changed()
                begun = True
                if watched(folders) != now:
                    break
