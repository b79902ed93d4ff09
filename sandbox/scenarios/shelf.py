"""Finds scenarios by name and loads them, with what they extend; each file is read once."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from sandbox.core.errors import ScenarioError
from sandbox.core.scenario import Scenario
from sandbox.files import FileError, read_text, shipped
from sandbox.packs import Packs
from sandbox.scenarios.node import Mistake, Sheet, near
from sandbox.scenarios.part import Part, join, unknown_states
from sandbox.scenarios.scope import Catalogue
from sandbox.scenarios.sources import Read, read_source, unreadable


def library(folders: Iterable[Path] = ()) -> Mapping[str, Path]:
    """Return the scenarios of some folders and the shipped ones, by name; what comes first hides its namesakes."""
    found: dict[str, Path] = {}
    for folder in (*folders, shipped("scenarios")):
        for path in sorted(folder.glob("*.yaml")):
            found.setdefault(path.stem, path)
    return dict(sorted(found.items()))


class Shelf:
    """The scenarios that can be named, and those read so far."""

    def __init__(self, packs: Packs, folders: Iterable[Path] = ()) -> None:
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
            message = f"no scenario is called '{name}'.{near(name, self.paths)}"
            raise ScenarioError(message)
        return self.file(path)

    def file(self, path: Path) -> Scenario:
        """Return the scenario of a file.

        Raises:
            ScenarioError: it cannot be read, or it has mistakes.

        """
        return self._whole(self._of(path), path)

    def text(self, text: str, name: str) -> Scenario:
        """Return the scenario of a YAML or JSON text.

        Raises:
            ScenarioError: it has mistakes.

        """
        return self._whole(read_source(text, self._catalogue, name=name, stem=name), None)

    def mistakes(self, path: Path) -> list[str]:
        """Return every mistake in a file and in what it extends."""
        try:
            self.file(path)
        except ScenarioError as error:
            return str(error).splitlines()
        return []

    def _whole(self, read: Read, path: Path | None) -> Scenario:
        """Return a file joined with what it extends."""
        mistakes: list[Mistake] = []
        line: list[Part] = []
        self._collect(read, path, line=line, mistakes=mistakes, below=())
        mistakes += unknown_states(line)
        if mistakes:
            raise ScenarioError("\n".join(dict.fromkeys(each.text for each in mistakes)))
        latest = {id(part): place for place, part in enumerate(line)}  # one that is reached twice stands after both
        return join(part for place, part in enumerate(line) if latest[id(part)] == place)

    def _collect(
        self,
        read: Read,
        path: Path | None,
        *,
        line: list[Part],
        mistakes: list[Mistake],
        below: tuple[Path | None, ...],
    ) -> None:
        """Add a file and, after it, all that it extends; `below` are the files that led here."""
        own = Sheet(read.sheet.document) if read.sheet else None
        line.append(read.part)
        inherited: list[Mistake] = []
        for node in read.part.extends:
            name = str(node.value)
            other = self.paths.get(name)
            if own is None:
                continue
            if other is None:
                own.note(node.path, f"no scenario is called '{name}'.{near(name, self.paths)}")
            elif other in (*below, path):
                own.note(node.path, f"'{name}' extends this scenario in turn")
            else:
                self._collect(self._of(other), other, line=line, mistakes=inherited, below=(*below, path))
        mistakes += sorted([*read.mistakes, *(own.mistakes if own else ())])
        mistakes += inherited

    def _of(self, path: Path) -> Read:
        known = self._read.get(path)
        if known is None:
            try:
                known = read_source(read_text(path), self._catalogue, name=str(path), stem=path.stem)
            except FileError as error:
                known = unreadable(error, str(path), path.stem)
            self._read[path] = known
        return known


def load_named(name: str, *, packs: Packs, folders: Iterable[Path] = ()) -> Scenario:
    """Return the scenario called `name`, from `folders` or else of the shipped ones.

    Raises:
        ScenarioError: there is none, or it has mistakes: one `file:line:column: message` a line.

    """
    return Shelf(packs, folders).named(name)


def load_file(path: Path, *, packs: Packs, folders: Iterable[Path] = ()) -> Scenario:
    """Return the scenario of a file; what it extends is looked up in `folders`, then among the shipped ones.

    Raises:
        ScenarioError: as `load_named`.

    """
    return Shelf(packs, folders).file(path)


def load_text(text: str, name: str, *, packs: Packs, folders: Iterable[Path] = ()) -> Scenario:
    """Return the scenario of a YAML or JSON text; `name` stands for the file in messages.

    Raises:
        ScenarioError: as `load_named`.

    """
    return Shelf(packs, folders).text(text, name)
