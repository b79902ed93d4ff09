"""What a comparison prints, for people and as JSON."""

from collections.abc import Iterator

from sandbox.drift.facts import Verdict
from sandbox.drift.run import DriftReport
from sandbox.specs.types import WORDS

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
