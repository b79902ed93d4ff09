"""Reads a session and counts what its provider did: replies, refusals, and the statuses of each message with times.

Callbacks are bound to the request that they report, and to one of its messages by id and number. What is kept does not
grow with the session: delays are sketches, and only the messages that were sent last wait for callbacks.
"""

from collections import Counter, OrderedDict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple, TypeVar

from sandbox.core.errors import SandboxError
from sandbox.core.message import Status
from sandbox.drift.outcomes import SUCCESS, UNKNOWN, Outcomes
from sandbox.drift.trees import read_tree
from sandbox.formats.phone_numbers import digits_alone, is_possible
from sandbox.learning.callback_statuses import CallbackReader
from sandbox.providers.registry import Registry
from sandbox.recording.limits import recipients_of
from sandbox.recording.session import Entry, RecordedCallback, RecordedExchange, RecordedReply, media_of
from sandbox.recording.sketch import Sketch
from sandbox.specs.body_parsing import Request
from sandbox.specs.routing import Missed, Router, decode_path
from sandbox.specs.spec import Operation

NOT_DECLARED = "not in the document"


class Refusal(NamedTuple):
    """A reply that refuses: its HTTP status, and the name of the error, empty if the document has none like it."""

    status: int
    error: str

    def __str__(self) -> str:
        """Return the refusal in words."""
        return f"{self.error or NOT_DECLARED} (HTTP {self.status})"


def find_refusal(operation: Operation, reply: RecordedReply) -> Refusal | None:
    """Return what a reply refuses with, None if it accepts.

    Providers refuse by an HTTP status, or with 200 and a code in the body: the one of an error in the document.
    """
    tree = read_tree(reply.body.text, media_of(reply.headers))
    name = Outcomes(operation.errors).name(reply.status, tree)
    return None if name == SUCCESS else Refusal(reply.status, "" if name == UNKNOWN else name)


WAITING = 50_000  # requests and callbacks that are kept until no more callbacks are expected
PATHS = 50  # sequences of statuses of one operation
KINDS = 30  # refusals, faults and unknown words of one operation, each

Kind = TypeVar("Kind", bound=Hashable)
Path = tuple[tuple[Status, str | None], ...]  # the statuses of a message, each with its variant


class Report(NamedTuple):
    """A callback: when it came, and the status; None if the document does not have its word."""

    at: datetime
    status: Status | None
    variant: str | None


@dataclass(slots=True)
class Delays:
    """The messages that took one path: how many, the delay of each step, and the time from the reply to the last."""

    steps: tuple[Sketch, ...]
    count: int = 0
    total: Sketch = field(default_factory=Sketch)


@dataclass(slots=True)
class Observed:
    """What a session shows of an operation.

    `messages` were accepted. `unknown` counts the words of statuses that the document does not have; messages that
    have one are `unlearnt`, as are those whose path is one too many. `repeated` callbacks said the same once more;
    `unfinished` messages were sent so shortly before the end that callbacks may be missing. `dropped` recipients are no
    messages: they cannot be numbers, and had no callback though others of their requests had.
    """

    operation: Operation
    accepted: int = 0
    messages: int = 0
    replies: Sketch = field(default_factory=Sketch)
    refusals: Counter[Refusal] = field(default_factory=Counter)
    refusal_delays: dict[Refusal, Sketch] = field(default_factory=dict)
    faults: Counter[str] = field(default_factory=Counter)
    paths: dict[Path, Delays] = field(default_factory=dict)
    unknown: Counter[str] = field(default_factory=Counter)
    unlearnt: int = 0
    unfinished: int = 0
    dropped: int = 0
    repeated: int = 0
    longest: timedelta = timedelta(0)

    @property
    def reported(self) -> int:
        """How many messages had a callback."""
        return sum(each.count for path, each in self.paths.items() if path)


@dataclass(slots=True)
class _Send:
    """An accepted request that sends: when its reply came, how many messages it asked for, and their callbacks.

    `doubtful` are the digits of its recipients that are no possible numbers.
    """

    observed: Observed
    at: datetime
    messages: int
    doubtful: tuple[str, ...] = ()
    reports: dict[tuple[str, str], list[Report]] = field(default_factory=dict)


@dataclass(slots=True)
class Observations:
    """What a session shows; `unbound` callbacks report no message whose request is known.

    `waiting`: so many requests and callbacks are kept for callbacks that may still come.
    """

    packs: Registry
    waiting: int = WAITING
    operations: dict[str, Observed] = field(default_factory=dict)
    exchanges: int = 0
    callbacks: int = 0
    unbound: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    _sends: OrderedDict[int, _Send] = field(default_factory=OrderedDict)
    _waiting: int = 0
    _routers: dict[str, Router] = field(default_factory=dict)
    _readers: dict[tuple[str, str], CallbackReader] = field(default_factory=dict)
    _end: datetime | None = None

    def read(self, entries: Iterable[Entry]) -> None:
        """Count the entries of a session.

        Raises:
            SandboxError: a provider has no document.

        """
        for entry in entries:
            if entry.provider not in self.packs:
                message = f"the session has {entry.provider}, which no document describes; name its folder with --specs"
                raise SandboxError(message)
            ended = entry.at + timedelta(milliseconds=entry.ms or 0)
            self._end = max(self._end or ended, ended)
            if isinstance(entry, RecordedExchange):
                self.exchanges += 1
                self._exchange(entry, ended)
            else:
                self.callbacks += 1
                self._callback(entry)
            while self._waiting > self.waiting:
                self._settle(self._sends.popitem(last=False)[1])
        self._finish()

    def _exchange(self, entry: RecordedExchange, ended: datetime) -> None:
        operation = self.packs[entry.provider].spec.operations.get(entry.operation)
        if operation is None:
            self.left_out["an operation that the document does not have"] += 1
            return
        if entry.refused or entry.reply is None:
            self.left_out["a request that was not sent on" if entry.refused else "a request without a reply"] += 1
            return
        observed = self.operations.setdefault(entry.operation, Observed(operation))
        if entry.fault:
            _count(observed.faults, entry.fault)
            return
        refusal = find_refusal(operation, entry.reply)
        if refusal is not None:
            if _count(observed.refusals, refusal) and entry.ms is not None:
                observed.refusal_delays.setdefault(refusal, Sketch()).add(entry.ms / 1000)
            return
        observed.accepted += 1
        if entry.ms is not None:
            observed.replies.add(entry.ms / 1000)
        if operation.channel is not None:
            messages = max(1, entry.messages)
            observed.messages += messages
            doubtful = self._doubtful(entry) if messages > 1 else ()
            self._sends[entry.number] = _Send(observed, ended, messages, doubtful)
            self._waiting += 1

    def _doubtful(self, entry: RecordedExchange) -> tuple[str, ...]:
        """Return the digits of a request's recipients that are no possible numbers: providers drop these silently."""
        spec = self.packs[entry.provider].spec
        router = self._routers.get(entry.provider)
        if router is None:
            router = self._routers[entry.provider] = Router(spec.routes)
        sent, path = entry.request, decode_path(entry.request.path)
        found = router.find(sent.method, path)
        if isinstance(found, Missed):
            return ()
        headers = {name.lower(): value for name, value in sent.headers}
        body = sent.body.text.encode("utf-8", "surrogateescape")
        country = spec.home.country if spec.home is not None else ""
        numbers = map(digits_alone, recipients_of(found, Request(sent.method, path, sent.query, headers, body)))
        return tuple(each for each in numbers if not is_possible(each) and not is_possible(country + each.lstrip("0")))

    def _callback(self, entry: RecordedCallback) -> None:
        send = None if entry.reports is None else self._sends.get(entry.reports.exchange)
        if send is None or entry.reports is None or send.observed.operation.channel is None:
            self.unbound += 1
            return
        channel = send.observed.operation.channel
        reader = self._readers.get((entry.provider, channel.name))
        if reader is None:
            reader = CallbackReader.of(self.packs[entry.provider], channel)
            self._readers[entry.provider, channel.name] = reader
        word, number = reader.read(entry.request)
        report = Report(entry.at, *reader.parse(word))
        if report.status is None:
            _count(send.observed.unknown, word)
        send.reports.setdefault((entry.reports.id, number), []).append(report)
        self._waiting += 1

    def _settle(self, send: _Send, *, end: datetime | None = None) -> None:
        """Count the messages of a request; those that may still have changed at the `end` of the session are apart."""
        observed = send.observed
        self._waiting -= 1 + sum(map(len, send.reports.values()))
        channel = observed.operation.channel
        silent = max(0, send.messages - len(send.reports))
        numbers = {number for _, number in send.reports}
        dropped = min(silent, sum(each not in numbers for each in send.doubtful)) if numbers else 0
        observed.messages -= dropped
        observed.dropped += dropped
        silent -= dropped
        for reports in (*send.reports.values(), *([] for _ in range(silent))):
            steps = self._steps(observed, reports)
            last = steps[-1].status if steps else Status.QUEUED
            is_final = last is not None and channel is not None and not channel.may_follow(last)
            if end is not None and not is_final and end - send.at < observed.longest:
                observed.unfinished += 1
            else:
                _add(observed, steps, send.at)

    def _steps(self, observed: Observed, reports: list[Report]) -> list[Report]:
        """Return the callbacks of a message in the order in which they came, each status once."""
        steps: list[Report] = []
        for report in sorted(reports, key=lambda each: each.at):
            if any(each[1:] == report[1:] for each in steps):
                observed.repeated += 1
            else:
                steps.append(report)
        return steps

    def _finish(self) -> None:
        """Count the messages that still wait for callbacks."""
        for send in self._sends.values():
            times = [report.at - send.at for reports in send.reports.values() for report in reports]
            send.observed.longest = max(send.observed.longest, *times, timedelta(0))
        for send in self._sends.values():
            self._settle(send, end=self._end)
        self._sends.clear()


def _count(counter: Counter[Kind], kind: Kind) -> bool:
    """Count one more of a kind, and return whether it is among the kinds that are kept."""
    if kind not in counter and len(counter) >= KINDS:
        return False
    counter[kind] += 1
    return True


def _add(observed: Observed, steps: list[Report], begin: datetime) -> None:
    """Count a message and its delays."""
    path = tuple((each.status, each.variant) for each in steps if each.status is not None)
    if len(path) < len(steps) or (path not in observed.paths and len(observed.paths) >= PATHS):
        observed.unlearnt += 1
        return
    if path not in observed.paths:
        observed.paths[path] = Delays(tuple(Sketch() for _ in path))
    delays = observed.paths[path]
    delays.count += 1
    before = begin
    for sketch, step in zip(delays.steps, steps, strict=True):
        sketch.add((step.at - before).total_seconds())
        before = max(before, step.at)
    if steps:
        delays.total.add((before - begin).total_seconds())
        observed.longest = max(observed.longest, before - begin)
