"""Compares recorded callbacks with those that the sandbox would send of the same statuses."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import NamedTuple
from urllib.parse import urlsplit

from sandbox.callbacks.compose import retry_schedule
from sandbox.core.callback import Outgoing, Target, is_success
from sandbox.core.lifecycle import with_steps
from sandbox.core.message import Channel, Message, Status, Step
from sandbox.drift.compare import Leeway, compare, pointer, varied_paths
from sandbox.drift.differences import describe
from sandbox.drift.exchanges import Exchanges, plain_media
from sandbox.drift.facts import Fact
from sandbox.drift.places import status_path, webhook_path
from sandbox.drift.player import Player
from sandbox.drift.sends import Reported, Sent, judge_order
from sandbox.drift.shape import SeenCallback
from sandbox.drift.trees import leaves, read_pairs, read_tree
from sandbox.formats.json_text import ValuePath
from sandbox.formats.phone_numbers import digits_alone
from sandbox.providers.base import Report
from sandbox.recording.session import RecordedCallback, media_of

ADDRESS = "http://receiver.invalid/"  # of a target that is never called
PAUSE_LEEWAY, PAUSE_PART = timedelta(seconds=2), 0.2
STANDARD = frozenset({"content-type", "user-agent", "accept", "host", "content-length"})


class Shown(NamedTuple):
    """A callback as values: `parts` has its query and body, `headers` those of the provider's own."""

    method: str
    media: str
    parts: Mapping[str, object]
    headers: Mapping[str, str]


class Callbacks:
    """Compares callbacks; `exchanges` knows which messages were sent."""

    def __init__(self, exchanges: Exchanges) -> None:
        self.exchanges = exchanges
        self.one, _ = exchanges.players
        self.counts = {"compared": 0, "unbound": 0, "unreadable": 0}
        exchanges.sent.finished = self._finish

    def compare(self, entry: RecordedCallback) -> None:
        """Compare a callback; one that reports no message of the recording is counted only."""
        if entry.request.body.withheld:
            self.counts["unreadable"] += 1
            return
        sent = None if entry.reports is None else self.exchanges.sent.of(entry.reports.exchange)
        recorded = _recorded(entry)
        number = None if sent is None else self._find_message(entry, sent, recorded)
        if sent is None or number is None or entry.reports is None:
            self.counts["unbound"] += 1
            return
        self.counts["compared"] += 1
        for player in self.exchanges.players:
            player.move_clock(entry.at)
        _ComparedCallback(self, entry, recorded, sent, number).compare()

    def finish(self) -> None:
        """Judge the order of the callbacks of all messages that are left."""
        for entry, sent in self.exchanges.sent.drain():
            self._finish(sent, entry)

    def _find_message(self, entry: RecordedCallback, sent: Sent, recorded: Shown) -> int | None:
        messages = [world.messages[each] for each in sent.messages if each in (world := self.one.world).messages]
        if len(messages) > 1 and entry.reports is not None:
            ours = self.one.our_id("id", entry.reports.id)
            named = None if ours is None else self.one.world.message(ours)
            if named is not None and named in messages:
                return named.number
            values = {digits_alone(str(each)) for _, each in leaves(recorded.parts)}
            messages = [each for each in messages if digits_alone(each.recipient) in values]
        # A request may name a number twice; its messages are reported in turn.
        return min((each.number for each in messages), key=lambda each: len(sent.reported.get(each, ())), default=None)

    def _finish(self, sent: Sent, entry: int) -> None:
        """Judge which statuses the callbacks of a send have reported, and in which order."""
        provider = self.exchanges.providers[sent.provider]
        for number, reported in sent.reported.items():
            message = self.one.world.messages.get(number)
            if message is None:
                continue
            of, statuses = f"{message.provider} {message.channel.name}", tuple(each.status for each in reported)
            self.exchanges.shape.add_sequence(of, [each.value for each in statuses])
            problem = judge_order(message.channel, statuses)
            if problem is None:
                continue
            subject = f"{of} callbacks"
            fact = provider.facts.at(*status_path(message.channel, problem.status))
            name = f"{subject}: {problem.aspect} {problem.status}"
            self.exchanges.differences.add(name, f"{subject}: {problem.text}; {fact.cited}", fact, entry)
            provider.facts.judge(fact, confirmed=False)


class _ComparedCallback:
    """One callback of one message."""

    def __init__(self, whole: Callbacks, entry: RecordedCallback, recorded: Shown, sent: Sent, number: int) -> None:
        self._entry = entry
        self._exchanges = whole.exchanges
        self._one, self._other = whole.exchanges.players
        self._message = self._one.world.messages[number]
        self._provider = whole.exchanges.providers[self._message.provider]
        self._facts = self._provider.facts
        self._reported = sent.reported.setdefault(number, [])
        self._sent_at = sent.at
        self._recorded = recorded
        self._leaves = leaves(recorded.parts)
        self._subject = f"{self._message.provider} {self._message.channel.name} callback"

    def compare(self) -> None:
        channel, step = self._message.channel, self._find_step()
        ours, varied = self._compose(step)
        self._closed = self._status_paths(ours, step)
        webhook = webhook_path(self._provider.pack.spec, channel.name, ours.method)
        of_status = self._facts.at(*status_path(channel, step.status))
        general, self._subject = self._subject, f"{self._subject} {step.status}"
        recorded, after = self._recorded, (self._entry.at - self._sent_at).total_seconds()
        of = f"{self._message.provider} {channel.name}"
        seen = SeenCallback(of, step.status.value, recorded.method, recorded.media, recorded.parts, after)
        self._exchanges.shape.add_callback(seen, self._provider.fixed)
        if step.status not in channel.reports:
            self._add("reported", f"a callback comes here, {of_status.cited} reports none", of_status)
        elif step.word in {str(value) for _, value in self._leaves}:
            self._facts.judge(of_status, confirmed=True)
        self._judge_repetition(step.status, self._facts.at(*webhook), general)
        self._judge_head(ours, self._facts.at(*webhook))
        self._judge_values(ours, varied, webhook)
        for player in self._exchanges.players if self._message.status is not step.status else ():
            player.put_status(self._message.number, step.status, step.word)

    def _add(self, aspect: str, text: str, fact: Fact, subject: str = "") -> None:
        name = subject or self._subject
        self._exchanges.differences.add(f"{name}: {aspect}", f"{name}: {text}", fact, self._entry.number)
        self._facts.judge(fact, confirmed=False)

    def _judge_head(self, ours: Shown, fact: Fact) -> None:
        """Compare method, media type and the provider's own headers."""
        recorded = self._recorded
        if recorded.method != ours.method:
            self._add("method", f"it is a {recorded.method} here, a {ours.method} in {fact.cited}", fact)
        if plain_media(recorded.media) != plain_media(ours.media):
            here, mine = recorded.media or "of no type", ours.media or "of no type"
            self._add("content-type", f"the body is {here} here, {mine} in {fact.cited}", fact)
        for name in ours.headers.keys() - recorded.headers.keys():
            self._add(f"header {name}", f"it has no header {name} here, it has one in {fact.cited}", fact)

    def _judge_values(self, ours: Shown, varied: frozenset[ValuePath], webhook: ValuePath) -> None:
        """Compare query and body, and confirm the parameters that are alike."""
        leeway = Leeway(
            varied, self._provider.words, self._provider.vocabulary.secrets, self._one.ids, closed=self._closed
        )
        paths = self._provider.parameters_of(webhook)
        otherwise: set[str] = set()
        for each in compare(self._recorded.parts, ours.parts, leeway):
            name = str(each.path[1]) if len(each.path) > 1 else ""
            otherwise.add(name)
            fact = self._facts.at(*paths.get(name, webhook))
            here, mine = describe(each)
            self._add(f"{each.aspect} {pointer(each.path)}", f"{here}, {mine} in {fact.cited}", fact)
        present = {str(path[1]) for path, _ in self._leaves if len(path) > 1}
        for name in present - otherwise:
            if name in paths:
                self._facts.judge(self._facts.at(*paths[name]), confirmed=True)
        if not otherwise:
            self._facts.judge(self._facts.at(*webhook), confirmed=True)

    def _judge_repetition(self, status: Status, fact: Fact, subject: str) -> None:
        """Note the status; one that was reported before is another attempt, or a callback too many."""
        known = next((each for each in self._reported if each.status is status), None)
        if known is None:
            self._reported.append(Reported(status, self._entry.at, self._is_received()))
        elif known.received:
            text = f"it comes again here, after it was received; once in {fact.cited}"
            self._add("repeated", text, fact)
        else:
            self._judge_pause(known, subject)
            known.attempts, known.at, known.received = known.attempts + 1, self._entry.at, self._is_received()

    def _judge_pause(self, known: Reported, subject: str) -> None:
        """Compare the pause before an attempt with the retry schedule."""
        schedule = retry_schedule(self._one.world, self._one.packs, self._message)
        fact = self._facts.at("x-sandbox", "settings", "retries")
        pause, attempts = self._entry.at - known.at, known.attempts
        if attempts > len(schedule):
            text = f"attempt {attempts + 1} comes here, {attempts} are all in {fact.cited}"
            self._add("attempts", text, fact, subject)
            return
        right = schedule[attempts - 1]
        if abs(pause - right) > PAUSE_LEEWAY + right * PAUSE_PART:
            text = f"attempt {attempts + 1} comes after {_seconds(pause)} here, after {_seconds(right)} in {fact.cited}"
            self._add(f"pause {attempts}", text, fact, subject)
        else:
            self._facts.judge(fact, confirmed=True)

    def _is_received(self) -> bool:
        """Return whether the application's answer counts as received; without one, the recorder has answered 200."""
        reply, message = self._entry.reply, self._message
        if reply is None:
            return not self._entry.fault
        judge = self._one.packs[message.provider].provider.received.get(message.channel.key)
        if judge is not None:
            return judge(reply.status, reply.body.text)
        return is_success(reply.status)

    def _find_step(self) -> Step:
        """Return the status that a callback reports: the one whose callback of ours is most like it."""
        message, channel = self._message, self._message.channel
        theirs = {(path, str(each)) for path, each in self._leaves}
        values = {each for _, each in theirs}

        def likeness(status: Status, word: str) -> tuple[int, bool, bool, bool]:
            ours = _shown(self._one, message, Step(status, word, self._entry.at))
            equal = len(theirs & {(path, str(each)) for path, each in leaves(ours.parts)})
            follows = status in channel.may_follow(message.status)
            return equal, follows, channel.read_back.get(word) is status, status in channel.reports

        steps = [(status, word) for status in channel.words for word in _words(channel, status)]
        steps = [each for each in steps if each[1] in values] or steps
        status, word = steps[0] if len(steps) == 1 else max(steps, key=lambda each: likeness(*each))
        return Step(status, word, self._entry.at)

    def _status_paths(self, ours: Shown, step: Step) -> frozenset[ValuePath]:
        """Return where our callback has the provider's word for its status."""
        channel = self._message.channel
        status, word = next((item for item in channel.words.items() if item[1] != step.word), (step.status, ""))
        other = _shown(self._one, self._message, Step(status, word, step.at))
        words = {path for path, value in leaves(ours.parts) if str(value) == step.word}
        return frozenset(words.intersection(varied_paths(ours.parts, other.parts)))

    def _compose(self, step: Step) -> tuple[Shown, frozenset[ValuePath]]:
        """Return the sandbox's callback of a status, and the paths at which two sandboxes differ."""
        ours, twin = _shown(self._one, self._message, step), self._other.world.messages.get(self._message.number)
        if twin is None:
            return ours, frozenset()
        other = _shown(self._other, twin, step._replace(at=self._other.world.now()))
        return ours, frozenset(varied_paths(ours.parts, other.parts))


def _shown(player: Player, message: Message, step: Step) -> Shown:
    """Return the callback of a status that a message would have."""
    provider = player.packs[message.provider].provider
    moved = with_steps(message, step)
    target = provider.target(moved) or Target(ADDRESS)
    settings = player.world.settings[message.provider]
    return _of_outgoing(provider.report(Report(moved, step, target, settings, player.world, player.world.now(), 1)))


def _words(channel: Channel, status: Status) -> Iterable[str]:
    return (channel.words[status], *sorted(channel.variants.get(status, ())))


def _recorded(entry: RecordedCallback) -> Shown:
    request = entry.request
    media = media_of(request.headers)
    parts = _parts(request.query, request.body.text, media)
    return Shown(request.method, media, parts, {name.lower(): value for name, value in request.headers})


def _parts(query: str, body: str, media: str) -> dict[str, object]:
    """Return the query and the body of a callback as values, as far as it has them."""
    parts: dict[str, object] = {"query": read_pairs(query)} if query else {}
    return {**parts, "body": read_tree(body, media).value} if body else parts


def _of_outgoing(outgoing: Outgoing) -> Shown:
    headers = {name.lower(): value for name, value in outgoing.headers.items()}
    media = headers.get("content-type", "") if outgoing.body else ""
    parts = _parts(urlsplit(outgoing.url).query, outgoing.body, media)
    own = {name: value for name, value in headers.items() if name not in STANDARD}
    return Shown(outgoing.method, media, parts, own)


def _seconds(span: timedelta) -> str:
    return f"{span.total_seconds():.3g} s"
