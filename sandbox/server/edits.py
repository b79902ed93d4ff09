"""Follows edits while a server runs (`--watch`): reloads its scenario and the documents of your own providers.

A broken edit is told once, and what was in force stays in force. Both kinds of files are read at each change of either,
as an operation may be renamed in a document and in a scenario at the same time.
"""

import asyncio
import importlib
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from os.path import realpath
from pathlib import Path

from sandbox.core.change import WorkspaceDeleted
from sandbox.core.errors import ScenarioError, SpecError
from sandbox.core.scenario import SUFFIXES, Scenario, is_file
from sandbox.engine.engine import Engine
from sandbox.engine.providers import replace_providers
from sandbox.formats.yaml_files import shipped
from sandbox.providers.registry import Registry, discover
from sandbox.server.startup import Options, find_scenario

CHECK_INTERVAL = 1000  # milliseconds after which the folders to watch are looked up again
STAYS = "the previous version stays active"
FOLLOWED = (*SUFFIXES, ".py")  # a module is not loaded again, but its author is told so


async def follow_edits(engine: Engine, options: Options, report: Callable[[str], None]) -> None:
    """Reload the scenario and the providers whenever a file in their folders changes."""
    folder = Path(options.scenario).parent if is_file(options.scenario) else shipped("scenarios")
    edits = Edits(engine, options, report)
    try:
        await watch([*options.folders, folder, *options.specs], edits.reload)
    except (OSError, RuntimeError) as error:  # such as the system's limit of watches
        report(f"no longer watching scenarios and provider documents for edits: {error}")


class Edits:
    """Brings the edits of files into force; `report` writes a line to the log."""

    def __init__(self, engine: Engine, options: Options, report: Callable[[str], None]) -> None:
        self._engine = engine
        self._options = options
        self._report = report
        self._documents = Mistakes(report, "provider documents")
        self._scenario = Mistakes(report, "scenario")
        self._modules = dict(_modules(engine.packs))
        self._does_not_fit = False  # a scenario in use needs what the edited documents do not have
        engine.subscribers.add(self._try_again, Scenario, WorkspaceDeleted)

    def reload(self) -> None:
        """Read all files again, and replace what has changed."""
        if self._options.specs:
            self._reload_providers()
            self._note_modules()
        reload_scenario(self._engine, lambda: find_scenario(self._options, self._engine.packs), self._scenario)

    def _reload_providers(self) -> None:
        old, self._does_not_fit = self._engine.packs, False
        importlib.invalidate_caches()  # of a module that was written a moment ago
        try:
            found = _keep_unchanged(old, discover([shipped("specs"), *self._options.specs]))
        except SpecError as error:
            self._documents.tell(f"the edited provider documents have mistakes; {STAYS}:\n{error}")
            return
        lines = [*_differences(old, found)]
        if lines:
            edited, mistakes = self._read_scenario(found)
            try:
                replaced = replace_providers(self._engine, found, edited=edited)
            except ScenarioError as error:
                self._does_not_fit = True
                problem = _with_files(error, mistakes)
                self._documents.tell(
                    f"a scenario in use does not fit the edited provider documents; {STAYS}:\n{problem}"
                )
                return
            lines += [_reloaded(name, self._engine.workspaces[name].world.scenario) for name in replaced]
        self._modules = {**dict(_modules(found)), **self._modules}
        self._documents.clear(lines)

    def _try_again(self, *_: object) -> None:
        """Read the files again if a scenario was in the way, as there is one less now."""
        if self._does_not_fit:
            self._does_not_fit = False
            asyncio.get_running_loop().call_soon(self.reload)

    def _read_scenario(self, packs: Registry) -> tuple[Scenario | None, ScenarioError | None]:
        """Return the scenario of the options for some providers, or its mistakes."""
        try:
            return find_scenario(self._options, packs), None
        except ScenarioError as error:
            return None, error

    def _note_modules(self) -> None:
        """Report the modules of providers that were edited, once for each edit."""
        for file, modified in _modules(self._engine.packs):
            if self._modules.get(file, modified) != modified:
                self._modules[file] = modified
                self._report(f"{file} has changed; restart the server, because modules are loaded only at the start")


class Mistakes:
    """Tells the mistakes of some files once, until they change, and that they are gone."""

    def __init__(self, report: Callable[[str], None], what: str) -> None:
        self._report = report
        self._what = what
        self._told: str | None = None

    def tell(self, text: str) -> None:
        """Report mistakes, unless they were reported last."""
        if text != self._told:
            self._told = text
            self._report(text)

    def clear(self, changed: Iterable[str]) -> None:
        """Report what has changed; if nothing has, that there are no mistakes any more."""
        lines = [*changed]
        if self._told is not None and not lines:
            lines = [f"the mistakes in the {self._what} are gone; what is active has not changed"]
        self._told = None
        for line in lines:
            self._report(line)


def reload_scenario(engine: Engine, load: Callable[[], Scenario], mistakes: Mistakes) -> None:
    """Load a scenario again and activate it in each workspace that uses it.

    A scenario whose text is unchanged stays active, and keeps its counters.
    """
    try:
        scenario = load()
    except ScenarioError as error:
        mistakes.tell(f"the edited scenario has mistakes; {STAYS}:\n{error}")
        return
    if _is_newer(scenario, engine.start.scenario):
        engine.start = replace(engine.start, scenario=scenario)
    lines = []
    for workspace in engine.workspaces.values():
        if _is_newer(scenario, workspace.world.scenario):
            workspace.use(scenario)
            lines.append(_reloaded(workspace.name, scenario))
    mistakes.clear(lines)


def _is_newer(scenario: Scenario, active: Scenario) -> bool:
    return active.name == scenario.name and active.sources != scenario.sources


def _reloaded(workspace: str, scenario: Scenario) -> str:
    return f"workspace {workspace} reloaded scenario {scenario.name}"


def _keep_unchanged(old: Registry, new: Registry) -> Registry:
    """Return the new providers, each as it was if its document says the same as before."""
    # True equals 1, but a document with one is not a document with the other; `repr` tells them apart.
    kept = {
        name: old[name]
        for name, pack in new.items()
        if name in old and repr(old[name].spec.document) == repr(pack.spec.document)
    }
    return {**new, **kept}


def _differences(old: Registry, new: Registry) -> Iterator[str]:
    """Yield a line for each provider that was edited, added or removed."""
    for name, pack in new.items():
        if name not in old:
            yield f"added the provider {name}"
        elif old[name] is not pack:
            yield f"reloaded the provider {name}"
    for name in old:
        if name not in new:
            yield f"removed the provider {name}; the messages that it has accepted continue"


def _modules(packs: Registry) -> Iterator[tuple[str, int]]:
    """Yield the file of each provider's module, and when it was modified."""
    for pack in packs.values():
        file = getattr(sys.modules.get(pack.spec.module), "__file__", None)
        if file is not None:
            with suppress(OSError):  # it was deleted meanwhile
                yield file, Path(file).stat().st_mtime_ns


def _with_files(error: ScenarioError, mistakes: ScenarioError | None) -> ScenarioError:
    """Return the mistakes of a scenario in force; those of its file instead, if they are the same but for the place."""
    if mistakes is not None and [each.problem for each in error.mistakes] == [
        each.problem for each in mistakes.mistakes
    ]:
        return mistakes
    return error


def may_matter(_: object, path: str) -> bool:
    """Return whether a change of a path may change a scenario or provider; a log file beside one changes all the time.

    If they are reached through links to folders, as in a Kubernetes volume, a link changes and no file does.
    """
    return path.endswith(FOLLOWED) or Path(path).is_symlink()


def folders_to_watch(paths: Iterable[Path]) -> Mapping[str, int]:
    """Return the folders whose changes may change the scenarios and documents in some folders, each with its inode.

    These are the folders themselves, the targets of links to such files, and, for a folder that does not exist, the
    nearest one above it.
    """
    found: dict[str, int] = {}
    for folder in paths:
        files = [each for each in folder.glob("*") if each.suffix in SUFFIXES and each.is_symlink()]
        for each in (folder, *(Path(realpath(file)).parent for file in files)):
            nearest = next((place for place in (each, *each.absolute().parents) if place.is_dir()), each)
            with suppress(OSError):  # it was deleted meanwhile
                found[str(nearest)] = nearest.stat().st_ino
    return found


async def watch(paths: Iterable[Path], changed: Callable[[], None], *, every: int = CHECK_INTERVAL) -> None:
    """Call `changed` whenever a scenario or document in some folders has changed, until cancelled.

    A folder may be deleted and created again, and a link may change its target, so the folders are looked up again
    `every` so many milliseconds.
    """
    from watchfiles import awatch  # noqa: PLC0415 - only --watch needs it

    folders = tuple(paths)
    while True:
        watched = folders_to_watch(folders)
        begun = False
        with suppress(FileNotFoundError):  # a folder was deleted: look them up again
            async for changes in awatch(
                *watched,
                watch_filter=may_matter,
                recursive=False,
                rust_timeout=every,
                yield_on_timeout=True,
            ):
                if changes or not begun:  # a change before the watch began would be missed
                    changed()
                begun = True
                if folders_to_watch(folders) != watched:
                    break
