"""Compares recorded exchanges with what the sandbox replies to the same requests."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from sandbox.core.message import Message
from sandbox.drift.compare import Finding, Leeway, at_path, compare, name_at, pointer, quoted, step_into, varied_paths
from sandbox.drift.differences import Differences, describe
from sandbox.drift.edits import Edit, as_sample, error_edit, example_edit, key_edit, member_edit, value_edit
from sandbox.drift.facts import Fact, Provider
from sandbox.drift.outcomes import SUCCESS, UNKNOWN, declared_body
from sandbox.drift.places import error_path, operation_path, status_path, walk
from sandbox.drift.player import Played, Player, words_of
from sandbox.drift.sends import Sent, SentMessages
from sandbox.drift.shape import Shape
from sandbox.drift.trees import Tree, leaves, pairs_of_ids, read_tree
from sandbox.formats.json_text import ValuePath
from sandbox.formats.phone_numbers import digits_alone
from sandbox.recording.session import RecordedExchange, RecordedReply, media_of
from sandbox.specs.compile import OWN_ERRORS
from sandbox.specs.routing import Found
from sandbox.specs.types import ErrorReply

WHY_SHOWN = 2  # reasons of a refusal in a difference
FIRST_FAILURE = 500
OF_ACCOUNT = frozenset({401, 402, 403, 429})  # statuses of errors that depend on the account


class Outcome(NamedTuple):
    """What came of a request; `replays` is the number of the exchange that it repeats, 0 if none."""

    operation: str
    outcome: str
    replays: int


class Exchanges:
    """Plays exchanges in two sandboxes that differ in all that may differ, and compares the replies."""

    def __init__(
        self,
        players: tuple[Player, Player],
        providers: Mapping[str, Provider],
        differences: Differences,
        shape: Shape,
    ) -> None:
        self.players = players
        self.providers = providers
        self.differences = differences
        self.shape = shape
        self.sent = SentMessages()
        self.counts = {"compared": 0, "not asked": 0, "failed": 0, "unreadable": 0}
        self.not_asked: dict[str, int] = {}
        self.outcomes: dict[int, Outcome] | None = None  # by the number of the exchange, if somebody wants them

    def compare(self, entry: RecordedExchange) -> None:
        """Compare an exchange; one without a reply of the provider is counted only."""
        reply = entry.reply
        if entry.refused:
            self.counts["not asked"] += 1
            self.not_asked[entry.operation] = self.not_asked.get(entry.operation, 0) + 1
        elif entry.fault or reply is None:
            self.counts["failed"] += 1
        elif entry.request.body.withheld or reply.body.withheld:
            self.counts["unreadable"] += 1
        else:
            found = self.players[0].find(entry.request)
            if found is None or entry.provider not in self.providers:
                self.counts["unreadable"] += 1
                return
            self.counts["compared"] += 1
            _ComparedExchange(self, entry, reply, found).compare()


class _ComparedExchange:
    def __init__(self, whole: Exchanges, entry: RecordedExchange, reply: RecordedReply, found: Found) -> None:
        self._whole = whole
        self._entry = entry
        self._reply = reply
        self._found = found
        self._operation = found.route.operation
        self._provider = whole.providers[self._operation.provider]
        self._media = media_of(reply.headers)
        self._tree = read_tree(reply.body.text, self._media)
        self._reads = self._operation.channel is None
        self._named: dict[str, str] = {}

    def compare(self) -> None:
        one, other = self._play()
        if self._reads and one.error == SUCCESS and self._follow_statuses(one):
            one, other = self._play()
        wanted = self._name(one.instead if one.forced else one.error)
        outcome = f"{self._reply.status} {wanted}" if wanted in self._operation.errors else str(self._reply.status)
        words = self._provider.fixed
        if self._whole.outcomes is not None:
            self._whole.outcomes[self._entry.number] = Outcome(self._operation.name, outcome, self._entry.replays)
        self._whole.shape.add_reply(self._operation.name, outcome, self._media, self._tree.value, words)
        if wanted == UNKNOWN and one.error != UNKNOWN:
            fact = self._fact(SUCCESS)
            text = f"{self._reply.status} {quoted(self._tree.value)} here, none of the replies of {fact.cited}"
            sample = as_sample(self._tree.value, words)
            edit = error_edit((*self._path, "responses"), self._reply.status, self._media, sample, self._source)
            subject = f"{self._operation.name} {self._reply.status}"
            self._add("undeclared", text, fact, subject=subject, edit=edit)
            return
        if one.error != wanted:
            self._refusal(one, wanted)
            return
        if one.forced and not _depends_on_account(self._operation.errors[wanted]):
            self._refusal(one._replace(error=one.instead), wanted)
            return
        self._replies(one, other, wanted)

    def _play(self) -> tuple[Played, Played]:
        played = []
        for player in self._whole.players:
            player.move_clock(self._entry.at)
            played.append(player.play(self._entry.request, self._found, self._name))
        return played[0], played[1]

    def _name(self, likely: str) -> str:
        if likely not in self._named:
            outcomes = self._whole.players[0].outcomes(self._operation)
            name = outcomes.name(self._reply.status, self._tree, likely=likely)
            self._named[likely] = UNKNOWN if name == SUCCESS and self._is_refused_otherwise() else name
        return self._named[likely]

    def _is_refused_otherwise(self) -> bool:
        """Return whether a reply with the status of success lacks what a success always has, such as a code of 0."""
        operation, status = self._operation, self._reply.status
        if all(each.status != status for each in operation.errors.values()):
            return False
        schemas = self._provider.schemas_of(self._found, status, operation.type, self._tree.kind)
        for path, value in leaves(self._tree.value):
            inside = schemas
            for step in path:
                inside = step_into(inside, step)
            constants = [each["const"] for each in inside if "const" in each]
            if isinstance(value, int) and constants and value not in constants:
                return True
        return False

    def _fact(self, error: str) -> Fact:
        """Return the fact of an outcome: the operation, or the declared error."""
        spec = self._provider.pack.spec
        if error in self._operation.errors:
            return self._provider.facts.at(*error_path(spec, self._found, self._operation.errors[error]))
        return self._provider.facts.at(*operation_path(self._found))

    def _add(self, aspect: str, text: str, fact: Fact, *, subject: str = "", edit: Edit | None = None) -> None:
        name = subject or self._operation.name
        self._whole.differences.add(f"{name}: {aspect}", f"{name}: {text}", fact, self._entry.number, edit)
        self._provider.facts.judge(fact, confirmed=False)

    def _refusal(self, one: Played, wanted: str) -> None:
        """Add that one side refuses what the other accepts, or refuses it otherwise."""
        why = "; ".join(one.why[:WHY_SHOWN])
        if wanted != SUCCESS:
            accepted = one.error == SUCCESS
            fact = self._fact(wanted if accepted else one.error)
            ours = f"accepted by the sandbox; {fact.cited}" if accepted else f"with {one.error} by {fact.cited}: {why}"
            self._add("refused" if accepted else "precedence", f"refused with {wanted} here, {ours}", fact)
            return
        if one.status >= FIRST_FAILURE and one.error == UNKNOWN:
            self._add("sandbox", f"accepted here; the sandbox fails: {why}", self._fact(SUCCESS))
            return
        fact = self._violated(one) or self._fact(one.error)
        self._add("accepted", f"accepted here, refused with {one.error} by {fact.cited}: {why}", fact)

    def _violated(self, one: Played) -> Fact | None:
        """Return the fact of the parameter that the sandbox refuses, if its reason begins with one."""
        paths = self._parameters()
        named = (each.partition(":")[0].rpartition(".")[2] for each in one.why)
        return next((self._provider.facts.at(*paths[name]) for name in named if name in paths), None)

    def _parameters(self) -> Mapping[str, ValuePath]:
        return self._provider.parameters_of(self._path)

    def _replies(self, one: Played, other: Played, error: str) -> None:
        """Compare two replies of one outcome."""
        fact, status = self._fact(error), self._reply.status
        subject = f"{self._operation.name} {one.status}"
        same = True
        if status != one.status:
            text = f"the status is {status} here, {one.status} in {fact.cited}"
            edit = key_edit((*self._path, "responses", str(one.status)), str(status), fact.path)
            self._add("status", text, fact, subject=subject, edit=edit)
            same = False
        if plain_media(self._media) != plain_media(one.media):
            text = f"the body is {self._media or 'of no type'} here, {one.media} in {fact.cited}"
            place = (*self._path, "responses", str(one.status), "content", one.media)
            media = key_edit(place, self._media, fact.path) if self._media else None
            self._add("content-type", text, fact, subject=subject, edit=media)
            same = False
        if not same and (self._tree.broken or self._tree.kind != one.tree.kind):
            return
        if self._tree.broken and not one.tree.broken:
            self._add("body", f"the body is {self._media} here, but {self._tree.broken}", fact, subject=subject)
            return
        varied = frozenset(varied_paths(one.tree.value, other.tree.value))
        for each in self._findings(one, varied, error):
            here, ours = describe(each)
            aspect, text = f"{each.aspect} {pointer(each.path)}".strip(), f"{here}, {ours} in {fact.cited}"
            self._add(aspect, text, fact, subject=subject, edit=self._edit(each, one, error, fact))
            same = False
        if same:
            self._provider.facts.judge(fact, confirmed=True)
        if error == SUCCESS:
            self._accepted(one, other, varied)
            if same:
                self._add_example(one)

    def _add_example(self, one: Played) -> None:
        """Note an example of success, the first of each reply, for documents without one."""
        path = (*self._path, "responses", str(one.status), "content", one.media)
        if path not in self._provider.examples:
            content = walk(self._provider.pack.spec.document, path)
            sample = as_sample(self._tree.value, self._provider.fixed)
            found = example_edit(content, path, sample, self._source) if self._tree.kind == "json" and content else None
            self._provider.examples[path] = found

    def _edit(self, finding: Finding, one: Played, error: str, fact: Fact) -> Edit | None:
        """Return the edit of the document that a difference asks for; None if it takes more than an edit."""
        theirs = at_path(self._tree.value, finding.path)
        if finding.aspect == "value" and error in self._operation.errors:
            inside = finding.path[1:] if one.tree.kind == "xml" else finding.path
            return value_edit((*fact.path, "value", *inside), theirs, fact.path)
        if finding.aspect == "extra" and error == SUCCESS:
            schema = (*self._path, "responses", str(one.status), "content", one.media, "schema")
            return member_edit(self._provider.pack.spec.document, schema, finding.path, theirs, self._source)
        return None

    @property
    def _path(self) -> ValuePath:
        return operation_path(self._found)

    @property
    def _source(self) -> str:
        return f"observed {self._entry.at:%Y-%m-%d}"

    def _findings(self, one: Played, varied: frozenset[ValuePath], error: str) -> Iterator[Finding]:
        of_unknown: object = {} if error == UNKNOWN else None
        declared = declared_body(self._operation.errors[error]) if error in self._operation.errors else of_unknown
        leeway = Leeway(
            varied,
            self._provider.words,
            self._provider.vocabulary.secrets,
            self._whole.players[0].ids,
            reads=self._reads and error == SUCCESS,
            fixed=_as_in(one.tree, declared),
            schemas=self._provider.schemas_of(self._found, one.status, one.media, one.tree.kind),
        )
        return compare(self._tree.value, one.tree.value, leeway)

    def _accepted(self, one: Played, other: Played, varied: frozenset[ValuePath]) -> None:
        """Learn the ids of an accepted request, and confirm its parameters."""
        theirs = dict(leaves(self._tree.value))
        ids: set[str] = set()
        for player, played in zip(self._whole.players, (one, other), strict=True):
            ours = dict(leaves(played.tree.value))
            for path in varied:
                for known, mine in pairs_of_ids(theirs.get(path), ours.get(path)):
                    ids.add(known)
                    player.learn_id(name_at(path), known, mine)
        if one.messages:
            numbers = tuple(self._whole.players[0].world.numbers[each] for each in one.messages)
            self._whole.sent.add(self._entry.number, Sent(self._operation.provider, numbers, self._entry.at), ids)
        paths, facts = self._parameters(), self._provider.facts
        for name in self._whole.players[0].values:
            if name in paths:
                facts.judge(facts.at(*paths[name]), confirmed=True, shown=False)

    def _follow_statuses(self, one: Played) -> bool:
        """Move messages to the statuses that the recorded reply shows of them; return whether any was moved."""
        theirs, moved = dict(leaves(self._tree.value)), False
        for path, ours in leaves(one.tree.value):
            word = theirs.get(path)
            if not isinstance(word, str) or word not in self._provider.words or ours not in self._provider.words:
                continue
            message = self._message_beside(one.tree.value, path)
            if message is None or word not in message.channel.read_back:
                continue
            status, variant = message.channel.parse(word)
            facts = self._provider.facts
            facts.judge(facts.at(*status_path(message.channel, status, variant)), confirmed=True)
            if word != ours:
                moved = True
                for player in self._whole.players:
                    player.put_status(message.number, status, word)
        return moved

    def _message_beside(self, tree: object, path: ValuePath) -> Message | None:
        """Return the message of which a value of a reply tells: named beside it, or in the request."""
        world = self._whole.players[0].world
        values = [str(each) for _, each in leaves(walk(tree, path[:-1])) if isinstance(each, str)]
        for each in values:
            if (named := world.message(each)) is not None:
                return named
        words = words_of(f"{self._entry.request.path} {self._entry.request.query} {self._entry.request.body.text}")
        sent = next(filter(None, map(self._whole.sent.of_id, words)), None)
        if sent is None:
            return None
        asked = [world.messages[number] for number in sent.messages if number in world.messages]
        digits = {digits_alone(each) for each in values} - {""}
        return next((each for each in asked if digits_alone(each.recipient) in digits), asked[0] if asked else None)


def _depends_on_account(error: ErrorReply) -> bool:
    """Return whether an error comes of the account or the moment, so that any request may get it."""
    return error.name in OWN_ERRORS or error.status in OF_ACCOUNT or error.status >= FIRST_FAILURE


def plain_media(media: str) -> str:
    """Return a media type as it is compared."""
    return media.lower().replace(" ", "").replace('"', "")


def _as_in(tree: Tree, declared: object) -> object:
    """Return the body of a declared error as a reply has it: XML has a root and texts alone."""
    if tree.kind != "xml" or not isinstance(declared, Mapping) or not isinstance(tree.value, Mapping):
        return declared
    if declared.keys() == tree.value.keys():
        return declared
    return {root: {name: str(value) for name, value in declared.items()} for root in tree.value}
