"""Writes what a recording has shown as a patch of provider documents: a unified diff, with the reasons before it."""

from collections.abc import Iterable, Iterator
from datetime import date
from difflib import unified_diff

from sandbox.drift.edits import YamlEdits
from sandbox.drift.facts import Fact, Facts, Verdict, shown_path
from sandbox.drift.run import DriftReport
from sandbox.formats.yaml_files import read_text
from sandbox.providers.registry import Registry

OBSERVED, INFERRED = "observed", "inferred"


def write_patch(report: DriftReport, packs: Registry) -> str:
    """Return a patch that makes the documents say what was recorded, empty if there is nothing to say.

    Facts that were inferred and are confirmed become observed, with the date of the recording. What takes more than an
    edit is listed.
    """
    # The schema can have a member, but what the sandbox replies with is declared or programmed elsewhere.
    left = [each.text for each in report.differences if not each.edits or ": extra " in each.name]
    diffs: list[str] = []
    for name, facts in report.facts.items():
        file = packs[name].file
        text = read_text(file)
        edits = YamlEdits(text, facts.name)
        for each in report.differences:
            of_provider = each.fact is not None and each.fact.provider == name
            for edit in each.edits.values() if of_provider else ():
                if not edit.apply(edits):
                    left.append(each.text)
                elif edit.raises:
                    _raise(edits, facts.at(*edit.raises), report.on)
        for edit in report.examples.get(name, ()):
            edit.apply(edits)
        for fact in _confirmed(facts):
            _raise(edits, fact, report.on)
        diffs += _diff(text, edits.result(), shown_path(file).lstrip("/"))
    return "".join([*_comments(left), *diffs]) if diffs or left else ""


def _confirmed(facts: Facts) -> Iterator[Fact]:
    """Yield the facts that were inferred and are confirmed now."""
    for place, verdict in facts.verdicts.items():
        fact = facts.all.get(place)
        if fact is not None and verdict is Verdict.CONFIRMED and fact.word == INFERRED and place in facts.shown:
            yield fact


def _raise(edits: YamlEdits, fact: Fact, on: date) -> None:
    """Make a fact observed."""
    if edits.replace((*fact.path, "x-word"), OBSERVED):
        edits.append((*fact.path, "x-source"), f"; observed {on}")


def _diff(before: str, after: str, path: str) -> list[str]:
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    return list(unified_diff(old, new, f"a/{path}", f"b/{path}"))


def _comments(left: Iterable[str]) -> list[str]:
    """Return the lines before a patch, which tools that apply it pass over."""
    rows = [f"#   {each}\n" for each in left]
    return ["# What takes more than an edit of the document:\n", *rows, "\n"] if rows else []
