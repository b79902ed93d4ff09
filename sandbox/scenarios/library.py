"""Finds scenarios by name and loads them, with what they extend; each file is read once."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from os.path import realpath
from pathlib import Path

from sandbox.core.errors import FileMistake, ScenarioError, near_miss
from sandbox.core.scenario import Scenario
from sandbox.formats.yaml_files import FileError, read_text, shipped
from sandbox.providers.registry import Registry
from sandbox.scenarios.parse import Read, read_source, unreadable
from sandbox.scenarios.rulebook import decided_by
from sandbox.scenarios.scenario_file import Part, join, unknown_states
from sandbox.scenarios.scope import Catalogue

DEPTH_LIMIT = 50  # scenarios in a row, each of which extends the next


def library(folders: Iterable[Path] = ()) -> Mapping[str, Path]:
    """Return the scenarios of some folders and the shipped ones, by name; what comes first hides its namesakes."""
    found: dict[str, Path] = {}
    for folder in (*folders, shipped("scenarios")):
        for path in sorted(folder.glob("*.yaml")):
            if not (path.is_fifo() or path.is_char_device() or path.is_socket()):  # whose reading may never end
                found.setdefault(path.stem, path)
    return dict(sorted(found.items()))


def unknown_name(name: str, known: Iterable[str]) -> str:
    """Return what to say of a name that no scenario has."""
    return f"no scenario is called '{name}'.{near_miss(name, known)}"


class ScenarioLibrary:
    """The scenarios that can be named, and those read so far."""

    def __init__(self, packs: Registry, folders: Iterable[Path] = ()) -> None:
        self._catalogue = Catalogue(packs)
        self.paths = library(folders)
        self._read: dict[Path, Read] = {}

    def named(self, name: str) -> Scenario:
        """Return a scenario by name.

        Raises:
            ScenarioError: there is none of that name, or it has mistakes.

        """
        path = self.paths.get(name)
        if path is None:
            raise ScenarioError([FileMistake(unknown_name(name, self.paths))])
        return self.file(path)

    def file(self, path: Path) -> Scenario:
        """Return the scenario of a file.

        Raises:
            ScenarioError: it cannot be read, or it has mistakes.

        """
        return self._whole(self._of(path), path)

    def text(self, text: str, name: str, *, is_json: bool = False) -> Scenario:
        """Return the scenario of a YAML or JSON text; `is_json`: it must be JSON.

        Raises:
            ScenarioError: it has mistakes.

        """
        return self._whole(read_source(text, self._catalogue, name=name, stem=name, is_json=is_json), None)

    def mistakes(self, path: Path) -> tuple[FileMistake, ...]:
        """Return every mistake in a file and in what it extends."""
        try:
            self.file(path)
        except ScenarioError as error:
            return error.mistakes
        return ()

    def _whole(self, read: Read, path: Path | None) -> Scenario:
        """Return a file joined with what it extends."""
        found: dict[str, Read] = {}
        self._collect(read, realpath(path) if path else "", found=found, below=())
        reads = tuple(reversed(found.values()))
        parts = tuple(each.part for each in reads)
        mistakes = [mistake for each in reads for mistake in sorted(each.mistakes, key=_in_the_file)]
        mistakes += unknown_states(parts)
        if mistakes:
            raise ScenarioError(dict.fromkeys(mistakes))
        warnings = [*(warning for each in reads for warning in each.warnings), *self._never_reached(read.part)]
        return replace(join(parts), warnings=tuple(dict.fromkeys(sorted(warnings, key=_in_the_file))))

    def _collect(self, read: Read, file: str, *, found: dict[str, Read], below: tuple[str, ...]) -> None:
        """Add all that a file extends, the last first, and then the file itself, with its mistakes.

        A file that is reached twice is added once, so that it stands after all that extend it. `file` is its real
        path, as a link to a file is that file; `below` are those of the files that led here.
        """
        own: list[FileMistake] = []
        for node in reversed(read.part.extends):
            name = str(node.value)
            path = self.paths.get(name)
            other = realpath(path) if path else ""
            problem = None
            if path is None:
                problem = unknown_name(name, self.paths)
            elif other == file:
                problem = "a scenario cannot extend itself"
            elif other in below:
                problem = f"'{name}' extends this scenario in turn"
            elif len(below) >= DEPTH_LIMIT:
                problem = f"more than {DEPTH_LIMIT} scenarios extend one another in a row"
            elif other not in found:
                self._collect(self._of(path), other, found=found, below=(*below, file))
            if problem is not None:
                own.append(node.sheet.document.mistake(node.path, problem))
        found[file] = read._replace(mistakes=(*read.mistakes, *own))

    def _never_reached(self, part: Part) -> Iterator[FileMistake]:
        """Yield a warning for each scenario that a file extends in vain: it has only rules, which are never reached."""
        for node in part.extends:
            other = self._of(self.paths[str(node.value)]).part
            before = [decided_by(part.rules, each) for each in other.rules]
            if before and all(before) and other.has_only_rules:
                titles = sorted({f"'{each.rule.title}'" for each in before if each})
                problem = f"no rule of '{node.value}' is ever reached: {', '.join(titles)} decides all that they would"
                yield node.sheet.document.mistake(node.path, problem)

    def _of(self, path: Path) -> Read:
        known = self._read.get(path)
        if known is None:
            try:
                known = read_source(read_text(path), self._catalogue, name=str(path), stem=path.stem)
            except FileError as error:
                known = unreadable(error, path.stem)
            self._read[path] = known
        return known


def _in_the_file(mistake: FileMistake) -> tuple[int, int, str]:
    return mistake.line or 1, mistake.column or 1, mistake.problem


def load_named(name: str, *, packs: Registry, folders: Iterable[Path] = ()) -> Scenario:
    """Return the scenario called `name`, from `folders` or else of the shipped ones.

    Raises:
        ScenarioError: there is none, or it has mistakes: one `file:line:column: message` a line.

    """
    return ScenarioLibrary(packs, folders).named(name)


def load_file(path: Path, *, packs: Registry, folders: Iterable[Path] = ()) -> Scenario:
    """Return the scenario of a file; what it extends is looked up in `folders`, then among the shipped ones.

    Raises:
        ScenarioError: as `load_named`.

    """
    return ScenarioLibrary(packs, folders).file(path)


def load_text(text: str, name: str, *, packs: Registry, folders: Iterable[Path] = ()) -> Scenario:
    """Return the scenario of a YAML or JSON text; `name` stands for the file in messages.

    Raises:
        ScenarioError: as `load_named`.

    """
    return ScenarioLibrary(packs, folders).text(text, name)
