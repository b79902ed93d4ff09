"""Which declared error a reply is, if any: by its values, wherever they stand, as names may be what is different."""

import re
from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from sandbox.drift.trees import Tree, leaves, read_tree
from sandbox.formats.json_text import ValuePath
from sandbox.specs.types import ErrorReply

SUCCESS, UNKNOWN = "", "?"  # the names of what is no declared error
ENOUGH = 0.5  # of an error's values, to be that error
FIRST_REFUSAL = 400
TELLING = 4  # characters
TEMPLATE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)


class DeclaredError(NamedTuple):
    """An error of an operation, its values, those that are made by templates, and the places of its code."""

    error: ErrorReply
    values: Counter[str]
    patterns: tuple[re.Pattern[str], ...]
    code_at: frozenset[ValuePath]

    @property
    def is_telling(self) -> bool:
        """Whether its values are enough to know it by them: one digit is not."""
        known = [*self.values, *(each.pattern for each in self.patterns)]
        return len(known) > 1 or any(len(each) >= TELLING for each in known)


class Outcomes:
    """Names the outcomes of one operation's requests."""

    def __init__(self, errors: Mapping[str, ErrorReply]) -> None:
        self._declared = {name: _declared(error) for name, error in errors.items()}

    def name(self, status: int, tree: Tree, *, likely: str = "") -> str:
        """Return the name of the error that a reply is, SUCCESS, or UNKNOWN; `likely` decides between equals."""
        found = [(path, _word(value)) for path, value in leaves(tree.value)]
        given = Counter(value for _, value in found)
        scores = {name: _score(each, given) for name, each in self._declared.items()}
        at = {*found, *((path[1:], value) for path, value in found if tree.kind == "xml")}
        named = [name for name, score in scores.items() if _is_named(self._declared[name], score, at, status)]
        if named:
            return max(
                named, key=lambda name: (scores[name], self._declared[name].error.status == status, name == likely)
            )
        if status < FIRST_REFUSAL:
            return SUCCESS
        of_status = [name for name, each in self._declared.items() if each.error.status == status]
        if likely in of_status:
            return likely
        return of_status[0] if len(of_status) == 1 else UNKNOWN


def _declared(error: ErrorReply) -> DeclaredError:
    body, code = declared_body(error), _word(error.code)
    found = [(path, _word(value)) for path, value in leaves(body)]
    code_at = frozenset(path for path, value in found if value == code and path)
    templates = (value for _, value in found if TEMPLATE.search(value))
    made = tuple(_pattern(value) for value in templates if TEMPLATE.sub("", value).strip())
    return DeclaredError(error, Counter(value for _, value in found if not TEMPLATE.search(value)), made, code_at)


def declared_body(error: ErrorReply) -> object:
    """Return the body of an error as a tree; one that is a text is read as its media type says."""
    return read_tree(error.body, error.type).value if isinstance(error.body, str) else error.body


def _pattern(value: str) -> re.Pattern[str]:
    """Return what the results of a template match."""
    return re.compile(".*".join(map(re.escape, TEMPLATE.split(value))), re.DOTALL)


def _is_named(declared: DeclaredError, score: float, at: set[tuple[ValuePath, str]], status: int) -> bool:
    """Return whether a reply is an error: it has all its values, or enough of them and the status, or its code."""
    error = declared.error
    if score == 1 and declared.is_telling:
        return True
    if status >= FIRST_REFUSAL:
        return score >= ENOUGH and error.status >= FIRST_REFUSAL
    return error.status == status and any((path, _word(error.code)) in at for path in declared.code_at)


def _score(declared: DeclaredError, given: Counter[str]) -> float:
    """Return which part of an error's values a reply has."""
    shared = sum(min(count, given[value]) for value, count in declared.values.items())
    shared += sum(any(map(each.fullmatch, given)) for each in declared.patterns)
    return shared / max(1, declared.values.total() + len(declared.patterns))


def _word(value: object) -> str:
    return str(value).strip()
