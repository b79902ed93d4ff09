"""Writes what was observed as a scenario: delays as percentiles, outcomes by weight, and comments that give the counts.

No value of the account is written: statuses are words of this program or of the provider's document, a status that the
document does not have is quoted only if it looks like a word.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from sandbox import __version__
from sandbox.core.clock import LONGEST_DURATION
from sandbox.core.errors import SandboxError
from sandbox.core.message import Channel, Status
from sandbox.drift.sends import ways_to
from sandbox.learning.observations import Delays, Observations, Observed, Refusal
from sandbox.learning.observations import Path as StatusPath
from sandbox.providers.registry import Registry
from sandbox.recording.session import SessionHeader
from sandbox.recording.session_reader import read_session
from sandbox.recording.sketch import EXACT, Sketch

SCHEMA = "# yaml-language-server: $schema=http://127.0.0.1:8080/_sandbox/schemas/scenario.json"
SERVER_ERROR = 500  # the HTTP status from which on a refusal is not the request's fault
DIGITS, WHOLE = 4, 1000  # significant digits of a duration, and from where on it is a whole number
UNITS = (("ms", 0.001, 1.0), ("s", 1.0, 600.0), ("m", 60.0, 36_000.0), ("h", 3600.0, float("inf")))  # from, up to
STATUS_WORD = re.compile(r"[A-Za-z][A-Za-z_-]{0,29}|\d{1,3}", re.ASCII)
SHOWN = (50, 95, 99)  # percentiles in comments


class LearntStep(NamedTuple):
    """A step of a lifecycle as YAML has it, and its delay; None: it follows at once."""

    status: str
    delay: Sketch | None


def learn_scenario(path: Path, packs: Registry) -> str:
    """Return the scenario that a session teaches.

    Raises:
        SandboxError: the file is no session, or it has nothing to learn from.

    """
    session = read_session(path)
    observations = Observations(packs)
    observations.read(session.entries)
    return write_scenario(session.header, observations)


def write_scenario(header: SessionHeader, observations: Observations) -> str:
    """Return a scenario as YAML.

    Raises:
        SandboxError: there is nothing to learn from.

    """
    learnt = [each for _, each in sorted(observations.operations.items()) if each.accepted]
    rules = [line for each in learnt for line in _rule(each)]
    if not rules:
        message = "there is nothing to learn: the session has no accepted request with a time or a callback"
        raise SandboxError(message)
    providers = ", ".join(dict.fromkeys(each.operation.provider for each in learnt))
    lines = [SCHEMA, *(f"# {each}" for each in _origin(header, observations))]
    lines += [f"description: As recorded on {header.at:%Y-%m-%d} ({providers}).", "rules:"]
    return "\n".join([*lines, *rules, ""])


def _origin(header: SessionHeader, observations: Observations) -> Iterator[str]:
    """Yield what the comments at the top say."""
    source = {"record": "recorded", "har": "imported from a HAR file", "wiremock": "imported from WireMock"}
    yield (
        f"Learnt by sms-sandbox {__version__} from a session {source.get(header.source, header.source)} on"
        f" {header.at:%Y-%m-%d}: {_counted(observations.exchanges, 'request')},"
        f" {_counted(observations.callbacks, 'callback')}."
    )
    yield "Delays are percentiles: of the reply, of the first status after the reply, of others after the one before."
    yield f"Of more than {EXACT:,} values, a percentile is at most 0.5% off; lines between two points at most 1%."
    if observations.unbound:
        yield f"Not learnt: {_counted(observations.unbound, 'callback')} that no known request explains."
    for what, count in observations.left_out.items():
        yield f"Not learnt: {what} ({count:,})."
    for name, each in sorted(observations.operations.items()):
        if not each.accepted:
            yield f"Not learnt: {name}, none of whose requests was accepted{_listed(each)}."


def _rule(observed: Observed) -> Iterator[str]:
    """Yield the lines of the rule of an operation."""
    name, outcomes = observed.operation.name, [*_outcomes(observed)]
    if not observed.replies.count and not outcomes:
        return
    yield from (f"  # {comment}" for comment in _comments(observed))
    yield f"  - name: {name} as recorded"
    yield f"    when: {{operation: {name}}}"
    yield "    then:"
    if observed.replies.count:
        yield f"      after: {write_delay(observed.replies)}"
        if observed.reported:
            yield "      lifecycle_from: reply"
    if len(outcomes) == 1:
        yield from (f"      {line}" for line in outcomes[0][1:])
        return
    if outcomes:
        yield "      outcomes:"
    for first, *rest in outcomes:
        yield f"        - {first}"
        yield from (f"          {line}" for line in rest)


def _comments(observed: Observed) -> Iterator[str]:
    """Yield the counts of an operation, what was not learnt of it, and the times from the reply to the last status."""
    sends = observed.operation.channel is not None
    messages = f", {_counted(observed.messages, 'message')}" if sends else ""
    yield f"{observed.operation.name}: {_counted(observed.accepted, 'accepted request')}{messages}."
    if sends and not observed.reported:
        yield "No callback reports its messages, so that they have the provider's default lifecycle."
    for path, delays in _by_count(observed.paths if observed.reported else {}):
        if len(path) > 1:
            times = delays.total.at(SHOWN)
            shown = ", ".join(f"p{share} {write_duration(each)}" for share, each in zip(SHOWN, times, strict=True))
            yield f"From the reply to {path[-1][0]}, by way of {', '.join(each for each, _ in path[:-1])}: {shown}."
    if observed.refusals.keys() - {*_learnt_refusals(observed)} or observed.faults:
        yield f"Not learnt, as requests or the connection cause them{_listed(observed)}."
    unknown = [f"{word} ({count:,})" for word, count in observed.unknown.items() if STATUS_WORD.fullmatch(word)]
    if observed.unknown:
        yield f"Statuses that the document does not have: {', '.join(unknown) or 'some, which are not words'}."
    for count, what in (
        (observed.unlearnt, "message{s} with other statuses, or in yet another order"),
        (observed.dropped, "recipient{s} that cannot be a number and had no callback, unlike others of the request"),
        (observed.unfinished, "message{s} sent too shortly before the end of the recording"),
        (observed.repeated, "callback{s} that said the same once more"),
    ):
        if count:
            yield f"Not learnt: {count:,} {what.format(s='' if count == 1 else 's')}."


def _listed(observed: Observed) -> str:
    """Return the refusals that were not learnt, and the faults, in words."""
    learnt = {*_learnt_refusals(observed)} if observed.accepted else set()
    found = [f"{refusal} {count:,}" for refusal, count in observed.refusals.items() if refusal not in learnt]
    found += [f"{fault} {count:,}" for fault, count in observed.faults.items()]
    return f": {', '.join(found)}" if found else ""


def _learnt_refusals(observed: Observed) -> list[Refusal]:
    """Return the refusals that come by chance: errors of the provider's server. Others depend on request or account."""
    return [each for each in observed.refusals if each.status >= SERVER_ERROR and each.error]


def _outcomes(observed: Observed) -> Iterator[list[str]]:
    """Yield the lines of each outcome, its weight first."""
    channel = observed.operation.channel
    errors = _learnt_refusals(observed)
    if channel is None or not observed.reported:
        if errors:
            yield [f"weight: {observed.messages or observed.accepted}"]
    else:
        for path, delays in _by_count(observed.paths):
            yield [f"weight: {delays.count}", *_lifecycle(channel, path, delays)]
    for refusal in errors:
        delay = observed.refusal_delays.get(refusal)
        after = [f"after: {write_delay(delay)}"] if delay is not None else []
        yield [f"weight: {observed.refusals[refusal]}", f"error: {refusal.error}", *after]


def _by_count(paths: Mapping[StatusPath, Delays]) -> list[tuple[StatusPath, Delays]]:
    return sorted(paths.items(), key=lambda each: (-each[1].count, str(each[0])))


def _lifecycle(channel: Channel, path: StatusPath, delays: Delays) -> Iterator[str]:
    """Yield the lines of a lifecycle."""
    if not path:
        yield "lifecycle: []"
        return
    steps, is_illegal = complete(channel, path, delays)
    yield "lifecycle:"
    for status, delay in steps:
        yield f"  - {status}: {'0s' if delay is None else write_delay(delay)}"
    if is_illegal:
        yield "illegal: true"


def complete(channel: Channel, path: StatusPath, delays: Delays) -> tuple[list[LearntStep], bool]:
    """Return the steps of a lifecycle, and whether the channel does not have their order.

    Callbacks do not show statuses that are never reported; those that lie between are added.
    """
    steps: list[LearntStep] = []
    now, is_illegal = Status.QUEUED, False
    for (status, variant), delay in zip(path, delays.steps, strict=True):
        between = find_way(channel, now, status)
        is_illegal |= between is None
        steps += [LearntStep(each, None) for each in between or ()]
        steps.append(LearntStep(f"{status}/{variant}" if variant else status, delay))
        now = status
    return steps, is_illegal


def find_way(channel: Channel, begin: Status, end: Status) -> tuple[Status, ...] | None:
    """Return the fewest unreported statuses between two; None if there is no such way."""
    ways = (way[1:-1] for way in ways_to(channel, end, begin) if begin is not end)
    return next((way for way in ways if channel.reports.isdisjoint(way)), None)


def write_delay(sketch: Sketch) -> str:
    """Return the delays of a sketch as YAML: a duration if they are all the same, else percentiles."""
    points = {share: write_duration(value) for share, value in sketch.points().items()}
    if len({*points.values()}) == 1:
        return points[0.0]
    return f"{{percentiles: {{{', '.join(f'{share:g}: {each}' for share, each in points.items())}}}}}"


def write_duration(seconds: float) -> str:
    """Return a duration as scenarios have it, to four digits."""
    value = min(seconds, LONGEST_DURATION.total_seconds())
    unit, size, _ = next(each for each in UNITS if value < each[2])
    count = round(value / size, 3)
    text = f"{count:.0f}" if count >= WHOLE else f"{count:.{DIGITS}g}"
    return "0s" if text == "0" else text + unit


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
