"""Plays recorded requests into a sandbox of its own, whose clock stands at the recorded times.

Nothing happens in it by itself and nothing leaves it: messages stay queued until a recorded status moves them. What a
recording cannot show of an account (whether the key is known, what is left, which senders are approved) is supposed to
be as the recorded reply says.
"""

import re
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache, partial
from itertools import islice
from typing import NamedTuple

from sandbox.core.account import Account, Approval, Sender
from sandbox.core.change import MessagesDeleted
from sandbox.core.clock import ClockMode, make_clock
from sandbox.core.lifecycle import with_steps
from sandbox.core.message import Status, Step
from sandbox.core.scenario import AccountRule
from sandbox.core.world import World
from sandbox.drift.outcomes import SUCCESS, UNKNOWN, Outcomes
from sandbox.drift.sends import ways_to
from sandbox.drift.trees import Tree, read_tree
from sandbox.formats.phone_numbers import digits_alone
from sandbox.pipeline import ServerContext, handle
from sandbox.providers.registry import Pack, Registry
from sandbox.recording.rewriting import Leaf, Replacer, rewrite_body, rewrite_pairs, rewrite_segment
from sandbox.recording.session import RecordedRequest
from sandbox.scenarios import load_text
from sandbox.specs.body_parsing import Request
from sandbox.specs.routing import Found, Router, decode_path
from sandbox.specs.spec import Operation

STAY = "rules: [{name: messages stay queued, then: {lifecycle: []}}]"
REFUSE = "rules: [{{name: as recorded, when: {{operation: '{}', valid: any}}, then: {{error: '{}'}}}}]"
IDS_KEPT = 50_000
MESSAGES_KEPT = 10_000
SHORT = 6  # characters; a shorter id is one only under its own name
WORD = re.compile(r"(?=([\w.-]+))\b[\w-]+")  # with what follows a dot, as an id may have one or end before one
PART = re.compile(r"[\w-]{6,}")
PLENTY = Decimal(1_000_000_000)
MORE = Decimal(4321)  # what the accounts of a variant have more than others
LATER = timedelta(seconds=3)  # how much later it is in a variant
Id = str | tuple[str, str]  # one that is long enough to be the same wherever it appears, or a name and a short one
NOT_OURS = frozenset({"content-encoding", "content-length", "transfer-encoding", "sec-fetch-site"})


class Played(NamedTuple):
    """A reply of the sandbox; `error` names its outcome, `messages` are the ids of those that it accepted.

    `forced`: it took a rule to get this reply; `instead` is the outcome without it, and `why` the reasons of that.
    """

    status: int
    media: str
    tree: Tree
    error: str
    why: tuple[str, ...]
    messages: tuple[str, ...]
    forced: bool = False
    instead: str = ""


class Player:
    """One sandbox. A `variant` has other ids and other accounts, so that what differs between two is what may."""

    def __init__(self, packs: Registry, router: Router, *, begin: datetime, variant: bool = False) -> None:
        self.packs = _varied(packs) if variant else packs
        self.later = LATER if variant else timedelta(0)
        self._plain = load_text(STAY, "drift", packs=packs)
        self._refusing = lru_cache(maxsize=512)(
            lambda operation, error: load_text(REFUSE.format(operation, error), "drift", packs=packs)
        )
        self.world = World(
            "default",
            clock=make_clock(ClockMode.FROZEN, start=begin),
            seed=2 if variant else 1,
            scenario=self._plain,
            defaults={name: pack.spec.defaults for name, pack in packs.items()},
        )
        self._context = ServerContext(self.packs, router, self.world, lambda _: self.world)
        self._router = router
        self._outcomes: dict[str, Outcomes] = {}
        self.ids: OrderedDict[Id, str] = OrderedDict()  # ours by theirs
        self._short: set[str] = set()  # theirs that are short, of which there are few
        self.values: Mapping[str, object] = {}  # the parameters of the last request

    def outcomes(self, operation: Operation) -> Outcomes:
        """Return what names the outcomes of an operation."""
        known = self._outcomes.get(operation.name)
        if known is None:
            known = self._outcomes[operation.name] = Outcomes(operation.errors)
        return known

    def find(self, recorded: RecordedRequest) -> Found | None:
        """Return the route of a recorded request."""
        found = self._router.find(recorded.method, decode_path(recorded.path))
        return found if isinstance(found, Found) else None

    def move_clock(self, at: datetime) -> None:
        """Let the clock stand at an instant, unless it is later already."""
        at += self.later
        if at > self.world.now():
            self.world.commit(self.world.clock.moved(at))
        while len(self.world.messages) > MESSAGES_KEPT:
            oldest = tuple(islice(self.world.messages, MESSAGES_KEPT // 10))
            self.world.commit(MessagesDeleted(oldest))

    def play(self, recorded: RecordedRequest, found: Found, name: Callable[[str], str]) -> Played:
        """Return the sandbox's reply; the account is made to fit, if it can, so that the outcome is the recorded one.

        `name` names the recorded outcome; its argument is the likely one.
        """
        request = self._request(recorded)
        operation = found.route.operation
        before = self._account(found, request)
        played = self._send(request, found)
        wanted = name(played.error)
        if wanted in {played.error, UNKNOWN}:
            return played
        self._undo(played, before)
        for adjusted in self._suppositions(request, found, before, wanted):
            tried = self._send(adjusted, found)
            self.world.commit(self._plain)
            if tried.error == wanted:
                if wanted != SUCCESS and before is not None:
                    self.world.commit(before)
                return tried
            self._undo(tried, before)
        if wanted == SUCCESS:
            return self._send(request, found)
        self.world.commit(self._refusing(operation.name, wanted))
        forced = self._send(request, found)._replace(forced=True, instead=played.error, why=played.why)
        self.world.commit(self._plain)
        self._undo(forced, before)
        return forced if forced.error == wanted else played

    def _send(self, request: Request, found: Found) -> Played:
        _, response = handle(request, self._context)
        record = self.world.requests[self.world.last_request]
        media = response.headers["Content-Type"]
        tree = read_tree(response.body.decode("utf-8", "replace"), media)
        refused = record.refused or response.status >= 400  # noqa: PLR2004 - HTTP's errors
        error = self.outcomes(found.route.operation).name(response.status, tree) if refused else SUCCESS
        return Played(response.status, media, tree, error, record.why, record.messages)

    def _undo(self, played: Played, before: Account | None) -> None:
        """Delete the messages of a request that the provider did not accept, and restore its account."""
        numbers = tuple(self.world.numbers[each] for each in played.messages if each in self.world.numbers)
        if numbers:
            self.world.commit(MessagesDeleted(numbers))
        if before is not None:
            self.world.commit(before)

    def _account(self, found: Found, request: Request) -> Account | None:
        """Return the account of a request, a fresh one if it is new; None if the request names none."""
        pack = self.packs[found.route.operation.provider]
        values = self.values = found.route.read(request, found.path_values).values
        key = pack.provider.key(values, request.headers)
        if not key:
            return None
        known = self.world.accounts.get((pack.spec.name, key))
        return known or pack.spec.fresh_account(key, at=self.world.now())

    def _suppositions(self, request: Request, found: Found, account: Account | None, wanted: str) -> Iterator[Request]:
        """Yield a request for each thing that may be so at the provider, once the sandbox has been made so."""
        world = self.world
        asked = [*islice(found.route.operation.message.messages(self.values), MESSAGES_KEPT)]
        if wanted == SUCCESS:
            if account is not None:
                world.commit(_enriched(account, {each.sender for each in asked}, world.now()))
                yield request
            yield from self._with_code(request, found, account)
            return
        if account is None:
            return
        world.commit(replace(self._plain, accounts={account.provider: (AccountRule(account.key, closed=True),)}))
        yield request
        world.commit(account._replace(balance=dict.fromkeys(account.balance, Decimal(0))))
        yield request
        world.commit(account._replace(senders=()))
        yield request
        world.commit(account._replace(stop_list=frozenset(digits_alone(each.recipient) for each in asked)))
        yield request

    def _with_code(self, request: Request, found: Found, account: Account | None) -> Iterator[Request]:
        """Yield the request with the code that the sandbox has sent instead of the one that the provider has."""
        world = self.world
        names = {pointer[-1].lower() for pointer in found.route.operation.message.code if pointer} | {"code", "otp"}
        for name, otp in list(world.otps.items()):
            if account is None or name[:2] != (account.provider, account.key):
                continue
            world.commit(replace(otp, wrong_tries=0))
            yield rewritten(request, partial(_with_value, names, otp.code))

    def _request(self, recorded: RecordedRequest) -> Request:
        headers = {name.lower(): value for name, value in recorded.headers if name.lower() not in NOT_OURS}
        body = recorded.body.text.encode("utf-8", "surrogateescape")
        request = Request(recorded.method, recorded.path, recorded.query, headers, body)
        text = f"{recorded.path} {recorded.query} {recorded.body.text}"
        if self.ids and any(map(self._may_be_id, words_of(text))):
            request = rewritten(request, self._our_leaf)
        return request._replace(path=decode_path(request.path))

    def _may_be_id(self, word: str) -> bool:
        return word in self.ids or word in self._short

    def _our_leaf(self, leaf: Leaf) -> str:
        found = self.our_id(leaf.name, leaf.value)
        return found or PART.sub(lambda part: self.ids.get(part[0], part[0]), leaf.value)

    def our_id(self, name: str, value: str) -> str | None:
        """Return our id for theirs."""
        return self.ids.get(_id(name, value))

    def learn_id(self, name: str, theirs: str, ours: str) -> None:
        """Note that their id is ours."""
        key = _id(name, theirs)
        if isinstance(key, tuple):
            self._short.add(theirs)
        self.ids.pop(key, None)
        self.ids[key] = ours
        if len(self.ids) > IDS_KEPT:
            self.ids.popitem(last=False)

    def put_status(self, number: int, status: Status, word: str) -> None:
        """Give a message a status now, if it is still kept; the statuses on the way come at the same time."""
        message, at = self.world.messages.get(number), self.world.now()
        if message is None:
            return
        way = next(ways_to(message.channel, status, message.status), (message.status, status))
        between = [Step(each, message.channel.words[each], at) for each in way[1:-1]]
        self.world.commit(with_steps(message, *between, Step(status, word, at)))


def _id(name: str, value: str) -> Id:
    return value if len(value) >= SHORT else (name.lower(), value)


def words_of(text: str) -> Iterator[str]:
    """Yield what may be an id in a text, with and without what follows a dot."""
    for match in WORD.finditer(text):
        yield match[0]
        if match[1] != match[0]:
            yield match[1]


def rewritten(request: Request, replace_value: Callable[[Leaf], str]) -> Request:
    """Return a request with its values replaced, in path, query and body."""
    replacer = Replacer(replace_value, str, lambda text: replace_value(Leaf("", text)))
    segments = request.path.split("/")
    path = "/".join(rewrite_segment(each, lambda text: replace_value(Leaf("", text))) for each in segments)
    query = rewrite_pairs(request.query, replacer) if request.query else ""
    text = request.body.decode("utf-8", "surrogateescape")
    body = rewrite_body(text, request.headers.get("content-type", "").lower(), replacer) if text else ""
    return request._replace(path=path, query=query, body=body.encode("utf-8", "surrogateescape"))


def _with_value(names: set[str], value: str, leaf: Leaf) -> str:
    """Return the value for members of some names, and their own for others."""
    return value if leaf.name.lower() in names else leaf.value


def _enriched(account: Account, senders: set[str], now: datetime) -> Account:
    """Return an account to which no send is refused: its senders are approved, and it has plenty of everything."""
    others = tuple(each for each in account.senders if each.id not in senders)
    approved = tuple(Sender(each, each, Approval.APPROVED, now) for each in sorted(senders - {""}))
    balance = {name: max(amount, PLENTY) for name, amount in account.balance.items()}
    return account._replace(balance=balance, senders=(*others, *approved), templates=(), stop_list=frozenset())


def _varied(packs: Registry) -> Registry:
    """Return providers whose fresh accounts have other amounts and names."""
    return {name: _with_other_account(pack) for name, pack in packs.items()}


def _with_other_account(pack: Pack) -> Pack:
    own: Mapping[str, object] = pack.spec.document["x-sandbox"]
    account = dict(pack.spec.document["x-sandbox"]["account"])
    account["balance"] = {name: str(Decimal(str(amount)) + MORE) for name, amount in account["balance"].items()}
    for kind in ("senders", "brands"):
        if kind in account:
            account[kind] = [{**each, "name": f"{each['name']}2"} for each in account[kind]]
    document = {**pack.spec.document, "x-sandbox": {**own, "account": account}}
    return replace(pack, spec=replace(pack.spec, document=document))
