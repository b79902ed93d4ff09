"""Finds scenarios by name, loads them with what they extend, and checks and lists them; each file is read once."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from os.path import realpath
from pathlib import Path
from typing import NamedTuple

from sandbox.core.errors import FileMistake, ScenarioError, near_miss
from sandbox.core.scenario import Scenario, ScenarioSource
from sandbox.formats.yaml_files import Document, FileError, is_readable, parse, parse_shipped, read_text, shipped
from sandbox.providers.registry import Registry
from sandbox.scenarios.rulebook import COMPARISON_LIMIT, decided_by
from sandbox.scenarios.scenario_file import ScenarioFile, find_unknown_states, join_files, read_file
from sandbox.scenarios.scope import Catalogue
from sandbox.scenarios.yaml_node import SourceFile

EMPTY = "the file is empty; write a scenario as YAML or JSON, such as rules: []"
DEPTH_LIMIT = 50  # scenarios in a chain of extends


class ListedScenario(NamedTuple):
    """A scenario in a list; one with mistakes has no description."""

    name: str
    description: str
    path: Path
    mistakes: tuple[str, ...] = ()


class CheckResult(NamedTuple):
    """The mistakes in some files, and the warnings for those without mistakes."""

    mistakes: tuple[FileMistake, ...]
    warnings: tuple[FileMistake, ...]


class _Parsed(NamedTuple):
    """A file with its mistakes and warnings."""

    file: ScenarioFile
    mistakes: tuple[FileMistake, ...]
    warnings: tuple[FileMistake, ...] = ()


def scenario_paths(folders: Iterable[Path] = ()) -> Mapping[str, Path]:
    """Return the scenarios in some folders and the shipped ones, by name; the first folder that has a name wins."""
    found: dict[str, Path] = {}
    for folder in (*folders, shipped("scenarios")):
        for path in sorted(folder.glob("*.yaml")):
            if is_readable(path):
                found.setdefault(path.stem, path)
    return dict(sorted(found.items()))


def unknown_scenario(name: str, known: Iterable[str]) -> str:
    """Return the error for a name that no scenario has."""
    return f"no scenario is called '{name}'.{near_miss(name, known)}"


def _beside(name: str, path: str) -> str:
    """Return the words about a scenario that is not found by its name, but lies beside the file at a path."""
    file = Path(path).with_name(f"{name}.yaml") if path and Path(name).name == name else None
    if file is None or not file.is_file():
        return ""
    return f" {file.name} is beside this file; name its folder with --scenarios."


class ScenarioLibrary:
    """The scenarios that have a name, and those read so far."""

    def __init__(self, packs: Registry, folders: Iterable[Path] = ()) -> None:
        self.packs = packs
        self._catalogue = Catalogue(packs)
        self.paths = scenario_paths(folders)
        self._parsed: dict[Path, _Parsed] = {}

    def named(self, name: str) -> Scenario:
        """Return a scenario by name.

        Raises:
            ScenarioError: No scenario has the name, or it has mistakes.

        """
        path = self.paths.get(name)
        if path is None:
            raise ScenarioError([FileMistake(unknown_scenario(name, self.paths))])
        return self.file(path)

    def file(self, path: Path) -> Scenario:
        """Return the scenario of a file.

        Raises:
            ScenarioError: The file cannot be read, or it has mistakes.

        """
        return self._join(self._parse_file(path), path)

    def text(self, text: str, name: str, *, is_json: bool = False) -> Scenario:
        """Return the scenario of a YAML or JSON text; `is_json`: the text must be JSON.

        Raises:
            ScenarioError: The text has mistakes.

        """
        return self._join(_parse_text(text, self._catalogue, name=name, stem=name, is_json=is_json), None)

    def mistakes(self, path: Path) -> tuple[FileMistake, ...]:
        """Return every mistake in a file and in what it extends."""
        try:
            self.file(path)
        except ScenarioError as error:
            return error.mistakes
        return ()

    def _join(self, parsed: _Parsed, path: Path | None) -> Scenario:
        """Return the scenario of a file and what it extends."""
        found: dict[str, _Parsed] = {}
        self._collect(parsed, realpath(path) if path else "", found=found, below=())
        every = tuple(reversed(found.values()))
        files = tuple(each.file for each in every)
        mistakes = [mistake for each in every for mistake in sorted(each.mistakes, key=_position)]
        mistakes += find_unknown_states(files)
        if mistakes:
            raise ScenarioError(dict.fromkeys(mistakes))
        warnings = [*(warning for each in every for warning in each.warnings), *self._never_reached(parsed.file)]
        return replace(join_files(files), warnings=tuple(dict.fromkeys(sorted(warnings, key=_position))))

    def _collect(self, parsed: _Parsed, path: str, *, found: dict[str, _Parsed], below: tuple[str, ...]) -> None:
        """Add every file that a file extends, the last first, and then the file itself, with its mistakes.

        A file that is reached twice is added once, after all that extend it. `path` is the real path of the file, so
        that a link is the same file as its target; `below` has the paths of the files that led here.
        """
        own: list[FileMistake] = []
        for node in reversed(parsed.file.extends):
            name = str(node.value)
            named = self.paths.get(name)
            other = realpath(named) if named else ""
            problem = None
            if named is None and name in {parsed.file.name, Path(path).stem}:
                problem = "a scenario cannot extend itself"
            elif named is None:
                problem = unknown_scenario(name, self.paths) + _beside(name, path)
            elif other == path:
                problem = "a scenario cannot extend itself"
            elif other in below:
                problem = f"'{name}' extends this scenario in turn"
            elif len(below) >= DEPTH_LIMIT:
                problem = f"the chain of extends is longer than {DEPTH_LIMIT} scenarios"
            elif other not in found:
                self._collect(self._parse_file(named), other, found=found, below=(*below, path))
            if problem is not None:
                own.append(node.file.document.mistake(node.path, problem))
        found[path] = parsed._replace(mistakes=(*parsed.mistakes, *own))

    def _never_reached(self, file: ScenarioFile) -> Iterator[FileMistake]:
        """Yield a warning for each extended scenario that has only rules, none of which is ever reached.

        Scenarios that would take more than COMPARISON_LIMIT comparisons are left out.
        """
        for node in file.extends:
            other = self._parse_file(self.paths[str(node.value)]).file
            if not other.has_only_rules or len(file.rules) * len(other.rules) > COMPARISON_LIMIT:
                continue
            before = [decided_by(file.rules, each) for each in other.rules]
            if before and all(before):
                titles = ", ".join(sorted({f"'{each.rule.title}'" for each in before if each}))
                problem = f"no rule of '{node.value}' is ever reached: every request that they would match is"
                yield node.file.document.mistake(node.path, f"{problem} decided by {titles}")

    def _parse_file(self, path: Path) -> _Parsed:
        known = self._parsed.get(path)
        if known is None:
            try:
                text = read_text(path)
                own = path.parent != shipped("scenarios")
                document = parse(text, str(path)) if own else parse_shipped(path)
                known = _read_document(document, self._catalogue, stem=path.stem, text=text)
            except FileError as error:
                known = _unreadable(error, path.stem)
            self._parsed[path] = known
        return known


def _parse_text(text: str, catalogue: Catalogue, *, name: str, stem: str, is_json: bool = False) -> _Parsed:
    """Parse the text of a file; a text that is neither YAML nor JSON is one mistake."""
    try:
        document = parse(text, name, is_json=is_json)
    except FileError as error:
        return _unreadable(error, stem)
    return _read_document(document, catalogue, stem=stem, text=text)


def _read_document(document: Document, catalogue: Catalogue, *, stem: str, text: str) -> _Parsed:
    if document.value is None:
        return _unreadable(FileError(document.mistake((), EMPTY)), stem)
    source = SourceFile(document)
    file = read_file(source, catalogue, stem=stem, source=text)
    return _Parsed(file, tuple(source.mistakes), tuple(source.warnings))


def _unreadable(error: FileError, stem: str) -> _Parsed:
    """Return an empty file with the mistakes of an error, at its beginning if they have no place."""
    placed = (each._replace(line=1, column=1) if each.line is None else each for each in error.mistakes)
    return _Parsed(ScenarioFile(stem), tuple(placed))


def _position(mistake: FileMistake) -> tuple[int, int, str]:
    return mistake.line or 1, mistake.column or 1, mistake.problem


def load_named(name: str, *, packs: Registry, folders: Iterable[Path] = ()) -> Scenario:
    """Return the scenario called `name`, from `folders` or the shipped ones.

    Raises:
        ScenarioError: No scenario has the name, or it has mistakes: one `file:line:column: message` a line.

    """
    return ScenarioLibrary(packs, folders).named(name)


def load_file(path: Path, *, packs: Registry, folders: Iterable[Path] = ()) -> Scenario:
    """Return the scenario of a file; what it extends is looked up in `folders`, then among the shipped ones.

    Raises:
        ScenarioError: As for `load_named`.

    """
    return ScenarioLibrary(packs, folders).file(path)


def load_text(text: str, name: str, *, packs: Registry, folders: Iterable[Path] = ()) -> Scenario:
    """Return the scenario of a YAML or JSON text; `name` stands for the file in messages.

    Raises:
        ScenarioError: As for `load_named`.

    """
    return ScenarioLibrary(packs, folders).text(text, name)


def compile_sources(sources: Iterable[ScenarioSource], *, packs: Registry) -> Scenario:
    """Return the scenario of the texts in `Scenario.sources`, whatever files exist now.

    Raises:
        ScenarioError: As for `load_named`.

    """
    catalogue = Catalogue(packs)
    parsed = [_parse_text(each.text, catalogue, name=each.name, stem=each.name) for each in sources]
    mistakes = [mistake for each in parsed for mistake in each.mistakes]
    if mistakes:
        raise ScenarioError(mistakes)
    return join_files(each.file for each in parsed)


def list_scenarios(packs: Registry, folders: Iterable[Path] = ()) -> tuple[ListedScenario, ...]:
    """Return every scenario that has a name."""
    library = ScenarioLibrary(packs, folders)
    found = []
    for name, path in library.paths.items():
        mistakes = tuple(map(str, library.mistakes(path)))
        found.append(ListedScenario(name, "" if mistakes else library.file(path).description, path, mistakes))
    return tuple(found)


def check_scenarios(paths: Iterable[Path], packs: Registry, folders: Iterable[Path] = ()) -> CheckResult:
    """Return every mistake and warning in some files and in what they extend, each once."""
    library = ScenarioLibrary(packs, folders)
    mistakes: dict[FileMistake, None] = {}
    warnings: dict[FileMistake, None] = {}
    for path in paths:
        try:
            warnings |= dict.fromkeys(library.file(path).warnings)
        except ScenarioError as error:
            mistakes |= dict.fromkeys(error.mistakes)
    return CheckResult(tuple(mistakes), tuple(warnings))
