"""Runs a comparison: reads a session, plays it in order, and returns what was found: for people, as JSON, as a patch.

A patch is a unified diff of provider documents, with the reasons before it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from difflib import unified_diff
from itertools import chain
from pathlib import Path
from typing import Any

from sandbox.drift.callbacks import Callbacks
from sandbox.drift.differences import Difference, Differences, by_name
from sandbox.drift.edits import Edit, YamlEdits
from sandbox.drift.exchanges import Exchanges, Outcome
from sandbox.drift.facts import Fact, Facts, Provider, Verdict, find_facts, shown_path
from sandbox.drift.player import Player
from sandbox.drift.shape import Shape, compare_shapes, has_seen, read_shape
from sandbox.formats.yaml_files import read_text
from sandbox.providers.registry import Registry
from sandbox.recording.session import RecordedExchange
from sandbox.recording.session_reader import in_order, is_session, read_session
from sandbox.specs.routing import Router
from sandbox.specs.types import WORDS

ONCE_SEEN = frozenset({"status", "content-type", "value", "method", "header", "undeclared"})  # no shape tells these


@dataclass(frozen=True, slots=True)
class DriftReport:
    """What a comparison has found.

    `counts` says how many exchanges and callbacks were compared, and why others were not. `not_asked` has the requests
    that a limit of the recording kept from the provider, by operation. `facts` has the verdicts by provider,
    `on` is the day on which the recording ended, `examples` the edits that add examples which documents lack.
    """

    differences: tuple[Difference, ...]
    counts: Mapping[str, int]
    not_asked: Mapping[str, int]
    facts: Mapping[str, Facts] = field(default_factory=dict)
    ignored: Mapping[str, int] = field(default_factory=dict)
    shape: Shape = field(default_factory=Shape)
    on: date = date.min
    examples: Mapping[str, tuple[Edit, ...]] = field(default_factory=dict)

    @property
    def is_telling(self) -> bool:
        """Whether anything was compared."""
        return self.counts["compared"] > 0

    def words(self) -> Mapping[str, Mapping[Verdict, int]]:
        """Return how many facts of each word have each verdict, of all providers."""
        total: dict[str, dict[Verdict, int]] = {}
        for facts in self.facts.values():
            for place, fact in facts.all.items():
                counts = total.setdefault(fact.word, dict.fromkeys(Verdict, 0))
                counts[facts.verdicts.get(place, Verdict.NOT_SEEN)] += 1
        return total


def find_drift(
    session: Path,
    packs: Registry,
    *,
    ignored: Iterable[str] = (),
    progress: Callable[[int], None] = lambda _: None,
    outcomes: dict[int, Outcome] | None = None,
) -> DriftReport:
    """Compare a recording with the sandbox; `progress` is called with the number of entries that are done.

    `outcomes` takes what came of each request.

    Raises:
        SessionError: the file is no session.
        SpecError: a document cannot be read.

    """
    header, entries = read_session(session)
    ordered = in_order(entries)
    first = next(ordered, None)
    named = [name for name in header.upstreams if name in packs] or [*packs]
    facts = find_facts(packs, named)
    router = Router(route for name in facts for route in packs[name].spec.routes)
    begin = header.at if first is None else first.at
    players = Player(packs, router, begin=begin), Player(packs, router, begin=begin, variant=True)
    providers = {name: Provider.of(packs[name], each) for name, each in facts.items()}
    differences = Differences(ignored)
    shape, on = Shape(), begin
    exchanges = Exchanges(players, providers, differences, shape)
    exchanges.outcomes = outcomes
    callbacks = Callbacks(exchanges)
    for done, entry in enumerate(chain([first] if first else [], ordered), 1):
        if isinstance(entry, RecordedExchange):
            exchanges.compare(entry)
        else:
            callbacks.compare(entry)
        progress(done)
        on = max(on, entry.at)
    callbacks.finish()
    counts = {**exchanges.counts, **{f"callbacks {name}": count for name, count in callbacks.counts.items()}}
    found = tuple(by_name(differences.found))
    examples = {name: tuple(filter(None, each.examples.values())) for name, each in providers.items()}
    return DriftReport(found, counts, exchanges.not_asked, facts, differences.ignored, shape, on.date(), examples)


def find_change(
    session: Path,
    before: Path,
    packs: Registry,
    *,
    ignored: Iterable[str] = (),
    progress: Callable[[int], None] = lambda _: None,
) -> DriftReport:
    """Compare a recording with an earlier one or with a shape: what a provider does otherwise than before.

    Two recordings are compared by what each has otherwise than the sandbox, and by their shapes.

    Raises:
        SessionError: a file is no session.
        SpecError: a file is neither session nor shape.

    """
    outcomes: dict[int, Outcome] = {}
    now, differences = find_drift(session, packs, progress=progress, outcomes=outcomes), Differences(ignored)
    shape, known = now.shape.to_json(), {each.name: each for each in now.differences}
    old_shape: Mapping[str, Any]
    if is_session(before):
        earlier: dict[int, Outcome] = {}
        then = find_drift(before, packs, outcomes=earlier)
        old, old_shape = {each.name: each for each in then.differences}, then.shape.to_json()
        for name in known.keys() - old.keys():
            if has_seen(old_shape, name.partition(":")[0]):
                differences.add(name, f"{known[name].text}; not so before", known[name].fact, known[name].latest)
        for name in old.keys() - known.keys():
            subject, _, aspect = name.partition(": ")
            if aspect.partition(" ")[0] in ONCE_SEEN and has_seen(shape, subject):
                differences.add(name, f"before: {old[name].text}; no more", old[name].fact, 0)
        for number, each in outcomes.items():
            once = earlier.get(each.replays)
            if once is not None and once.outcome != each.outcome:
                text = f"{each.operation}: {each.outcome} here, {once.outcome} before to the same request"
                differences.add(f"{each.operation}: outcome", text, None, number)
    else:
        old_shape = read_shape(before)
    for name, text in compare_shapes(shape, old_shape):
        if name not in differences.found:
            differences.add(name, text, None, 0)
    return replace(now, differences=tuple(by_name(differences.found)), ignored=differences.ignored, facts={})


COUNTED = ("not asked", "failed", "unreadable", "callbacks unbound", "callbacks unreadable")
EXPLAINED = {
    "not asked": "not asked: the recorder did not send them on",
    "failed": "without a reply of the provider",
    "unreadable": "with a body that is not in the recording, or a path of no document",
    "callbacks unbound": "callbacks that report no message of the recording",
    "callbacks unreadable": "callbacks with a body that is not in the recording",
}


def to_text(report: DriftReport, *, facts: bool = False) -> str:
    """Return a line for each difference, and a summary; `facts`: each fact with its verdict after these."""
    lines = [*_lines(report)]
    if facts:
        every = [each for row in report.facts.values() for each in row.judged()]
        lines += ["", *(f"{verdict:14}{fact.word:12}{fact.place:26} {fact}" for fact, verdict in every)]
    return "\n".join(lines)


def _lines(report: DriftReport) -> Iterator[str]:
    yield from map(str, report.differences)
    if report.differences:
        yield ""
    known = sum(report.ignored.values())
    counts, count = report.counts, len(report.differences)
    ignored = f", and {known} times one that is known" if known else ""
    yield (
        f"{count} difference{'' if count == 1 else 's'}{ignored}: compared {_number(counts['compared'], 'exchange')} "
        f"and {_number(counts['callbacks compared'], 'callback')}"
    )
    for name in COUNTED:
        if counts.get(name):
            asked = f" ({', '.join(f'{each} {times}' for each, times in report.not_asked.items())})"
            yield f"  {counts[name]} {EXPLAINED[name]}{asked if name == 'not asked' else ''}"
    unused = [pattern for pattern, times in report.ignored.items() if not times]
    yield from (f"  known, but not seen any more: {pattern}" for pattern in unused)
    if not report.is_telling:
        yield "  nothing was compared: no exchange of the recording has a reply of the provider"
    words = report.words()
    if not words:
        return
    yield ""
    yield f"{'facts':12}" + "".join(f"{verdict:>14}" for verdict in Verdict)
    for word in sorted(words, key=lambda each: (*WORDS, each).index(each)):
        yield f"{word:12}" + "".join(f"{words[word][verdict]:>14}" for verdict in Verdict)


def _number(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def to_json(report: DriftReport) -> dict[str, object]:
    """Return a report as JSON."""
    return {
        "differences": [
            {
                "name": each.name,
                "text": each.text,
                "count": each.count,
                "entries": each.entries,
                "fact": None
                if each.fact is None
                else {"place": each.fact.place, "word": each.fact.word, "source": each.fact.source},
            }
            for each in report.differences
        ],
        "counts": dict(report.counts),
        "not_asked": dict(report.not_asked),
        "words": {
            word: {verdict.value: count for verdict, count in row.items()} for word, row in report.words().items()
        },
        "ignored": dict(report.ignored),
        "facts": [
            {
                "provider": fact.provider,
                "of": str(fact),
                "place": fact.place,
                "word": fact.word,
                "source": fact.source,
                "verdict": verdict.value,
            }
            for facts in report.facts.values()
            for fact, verdict in facts.judged()
        ],
    }


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
