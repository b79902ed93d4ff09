"""The differences of a comparison, each once, with its fact and how often it was seen."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from sandbox.drift.compare import Finding, pointer
from sandbox.drift.edits import Edit
from sandbox.drift.facts import Fact
from sandbox.formats.json_text import ValuePath

EXAMPLES = 5  # numbers of entries that are shown with a difference


@dataclass(slots=True)
class Difference:
    """A difference: `name` identifies it, as in a file of known ones; `entries` are the first that show it.

    `edits` change the document so that it says what was recorded; there are none if that takes more than an edit.
    """

    name: str
    text: str
    fact: Fact | None
    count: int = 0
    entries: list[int] = field(default_factory=list)
    latest: int = 0
    edits: dict[ValuePath, Edit] = field(default_factory=dict)

    def __str__(self) -> str:
        if not self.entries:
            return self.text
        numbers = ", ".join(map(str, self.entries))
        more = f" and {self.count - len(self.entries)} more" if self.count > len(self.entries) else ""
        return f"{self.text} [{'entry' if self.count == 1 else 'entries'} {numbers}{more}]"


class Differences:
    """All differences by name; those that a pattern of `ignored` matches are counted only."""

    def __init__(self, ignored: Iterable[str] = ()) -> None:
        self.found: dict[str, Difference] = {}
        self.ignored = dict.fromkeys(ignored, 0)

    def add(self, name: str, text: str, fact: Fact | None, entry: int, edit: Edit | None = None) -> None:
        """Add a difference that an entry shows, 0 if none does."""
        pattern = next((each for each in self.ignored if each == name or fnmatchcase(name, each)), None)
        if pattern is not None:
            self.ignored[pattern] += 1
            return
        known = self.found.get(name)
        if known is None:
            known = self.found[name] = Difference(name, text, fact)
        if edit is not None:
            known.edits.setdefault(edit.at, edit)
        if entry != known.latest or not entry:  # an entry may show it in several rows
            known.count, known.latest = known.count + 1, entry
            known.entries += [entry] if entry and len(known.entries) < EXAMPLES else []


def describe(finding: Finding) -> tuple[str, str]:
    """Return the recorded side and our side of a difference between values, in words."""
    where = pointer(finding.path) or "the body"
    match finding.aspect:
        case "missing":
            return f"{where} is missing here", f"it is {finding.ours}"
        case "extra":
            return f"{where} is {finding.theirs} here", "there is none"
        case "renamed":
            return f"{where} is called {finding.theirs} here", f"{finding.ours}"
        case "order":
            return f"the members of {where} come as {finding.theirs} here", f"as {finding.ours}"
    return f"{where} is {finding.theirs} here", finding.ours


def read_ignored(text: str) -> tuple[str, ...]:
    """Return the names and patterns of a file of known differences, one a line; what follows # is a comment."""
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return tuple(line for line in lines if line)


def by_name(differences: Mapping[str, Difference]) -> list[Difference]:
    """Return differences in the order of their names."""
    return [differences[name] for name in sorted(differences)]
