"""Sends the requests of a recording again, one at a time, as they were recorded but for their stand-ins.

Credentials are never in a recording, and recipients only if it kept content: real ones are given for their stand-ins,
and what has a stand-in for a recipient or a credential is not sent. Ids that the provider gave become those that it
gives now.
"""

import asyncio
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime
from itertools import zip_longest
from typing import NamedTuple

from sandbox.core.clock import monotonic
from sandbox.formats.phone_numbers import digits_alone, is_possible
from sandbox.providers.registry import Registry
from sandbox.recording.ids import Ids, ids_in_reply, is_id, is_refusal
from sandbox.recording.limits import Refused, recipients_of
from sandbox.recording.real_values import Credentials, Given, GivenValues, MissingError, Recipients, Senders
from sandbox.recording.recorder import Incoming, Outcome, Recorder, as_text
from sandbox.recording.rewriting import Leaf, Replacer, rewrite_body, rewrite_pairs, rewrite_segment
from sandbox.recording.session import CHARSET, Entry, Headers, RecordedExchange, RecordedRequest, media_of, read_text
from sandbox.recording.session_reader import in_order
from sandbox.recording.stand_ins import SHAPED_NUMBER, is_time
from sandbox.recording.vocabulary import Vocabulary
from sandbox.specs.body_parsing import Request
from sandbox.specs.routing import Found, Router, decode_path
from sandbox.specs.spec import Operation

PARAMETER = re.compile(r"\{([^{}]*)\}")  # in the template of a path
SHORTEST = 4  # characters of a credential that is found in other parts of a request
WANTING = 20  # options that are listed as missing
NOT_AGAIN = frozenset({"content-encoding", "content-length", "cookie", "sec-fetch-site", "transfer-encoding"})
FIRST = ("credential", "recipient", "sender", "id")  # which of several missing values is the reason
SENDABLE = frozenset({"budget", *FIRST[:3]})  # reasons that an option takes away
WRONG_KEY = frozenset({401, 403})  # the stand-in of a wrong credential is as wrong


class Timing(NamedTuple):
    """Keeps the distances in time of the recorded requests: `pause` waits some seconds, `now` is in seconds."""

    pause: Callable[[float], Awaitable[None]] = asyncio.sleep
    now: Callable[[], float] = monotonic


class Replayer:
    """Sends exchanges again by a recorder, which keeps what comes.

    `sent` requests went to the provider, which answered `answered` of them. `wanting` has the options that were missing
    with how many requests each would help, `reasons` why others were not sent, `unsent` how many of all that send.
    `is_complete`: no request is left.
    """

    def __init__(  # noqa: PLR0913 - each is a part of its own
        self,
        packs: Registry,
        recorder: Recorder,
        masked: Iterable[str],
        *,
        credentials: Given,
        numbers: Mapping[str, str],
        senders: Mapping[str, str],
        pace: Timing | None = None,
    ) -> None:
        """Prepare to send; `masked` is what the recording replaced, `senders` real ones by their stand-ins."""
        names = recorder.routes
        self.sent = self.answered = self.skipped = self.unsent = 0
        self.is_complete = False
        self.wanting: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()
        self.recipients, self.senders = GivenValues(numbers), GivenValues(senders)
        self._recorder = recorder
        self._router = Router(route for name in names for route in packs[name].spec.routes)
        self._words = {name: Vocabulary.of(packs[name]) for name in names}
        self._credentials = {name: Credentials.of(packs[name].spec, credentials.get(name, {})) for name in names}
        replaced = frozenset(masked)
        are_masked = "numbers" in replaced
        self._recipients = {name: Recipients(self.recipients, are_masked, packs[name].spec.home) for name in names}
        self._senders = {name: Senders(self.senders, replaced, self._words[name].fixed) for name in names}
        self._ids = Ids()
        self._pace = pace
        self._begun: tuple[datetime, float] | None = None

    async def run(self, entries: Iterable[Entry]) -> None:
        """Send the requests of a session to the providers that are recorded, one after the other."""
        for entry in in_order(entries):
            if isinstance(entry, RecordedExchange) and entry.provider in self._recorder.routes:
                await self._keep_pace(entry.at)
                await self._repeat(entry)
        self.is_complete = True

    async def _keep_pace(self, at: datetime) -> None:
        if self._pace is None:
            return
        if self._begun is None:
            self._begun = at, self._pace.now()
        first, begun = self._begun
        left = (at - first).total_seconds() - (self._pace.now() - begun)
        if left > 0:
            await self._pace.pause(left)

    async def _repeat(self, exchange: RecordedExchange) -> None:
        """Send an exchange's request, or keep why it is not sent."""
        found = self._find(exchange.request.method, exchange.request.path)
        if found is None:
            self.skipped += 1
            return
        refusal = Refused("recorded", "the recording did not send it either") if exchange.refused else None
        incoming = incoming_of(exchange.request)
        if refusal is None:
            try:
                incoming = self._prepare(exchange, found)
            except MissingError as error:
                refusal = Refused(error.kind, str(error))
                if not error.option:
                    self.reasons[str(error)] += 1
        try:
            outcome = await self._recorder.ask(incoming, refusal=refusal, replays=exchange.number)
        except asyncio.CancelledError:
            self.sent += 1  # the provider may have handled it
            raise
        is_answered = not (outcome.fault or outcome.refused)
        self.sent += not outcome.refused
        self.answered += is_answered
        self.unsent += outcome.refused in SENDABLE and found.route.operation.channel is not None
        if exchange.reply is not None and not exchange.fault:
            operation = found.route.operation
            before = ids_in_reply(exchange.reply.body.text, kind_of(exchange.reply.headers))
            if is_answered or operation.channel is not None:
                self._ids.add(operation, before, ids_of(outcome) if is_answered else ())

    def _find(self, method: str, path: str) -> Found | None:
        found = self._router.find(method, decode_path(path))
        return found if isinstance(found, Found) else None

    def _prepare(self, exchange: RecordedExchange, found: Found) -> Incoming:
        """Return the request with real values.

        Raises:
            MissingError: there is no real value for a stand-in.

        """
        request, provider = exchange.request, exchange.provider
        if request.body.withheld:
            why = f"the recording does not have its body: {request.body.withheld}"
            raise MissingError(why, kind="body")
        missing: list[MissingError] = []
        real = self._real_values(exchange, found.route.operation, missing)
        value = real("header").value  # first, as a path may repeat what the headers name
        headers = tuple((name, value(Leaf(name.lower(), text))) for name, text in request.headers)
        query = rewrite_pairs(request.query, real("query")) if request.query else ""
        body = rewrite_body(request.body.text, kind_of(request.headers), real("body")) if request.body.text else ""
        path = rewrite_path(request.path, found.route.template, real("path").value)
        for option in dict.fromkeys(each.option for each in missing if each.option):
            if option in self.wanting or len(self.wanting) < WANTING:
                self.wanting[option] += 1
        if missing:
            raise min(missing, key=lambda each: FIRST.index(each.kind))
        changed = RecordedRequest(request.method, path, query, headers, request.body._replace(text=body))
        incoming = incoming_of(changed)
        again = self._find(request.method, path)
        if again is None or again.route is not found.route:
            why = "with real values, its path is another one"
            raise MissingError(why, kind="path")
        self._check_recipients(exchange, again, incoming, self._recipients[provider])
        return incoming

    def _real_values(
        self, exchange: RecordedExchange, operation: Operation, missing: list[MissingError]
    ) -> Callable[[str], Replacer]:
        """Return what replaces the values of a part of a request by real ones: of path, query, header or body.

        What there is no real value for stays, and is added to `missing`.
        """
        provider = exchange.provider
        words, credentials = self._words[provider], self._credentials[provider]
        is_wrong = exchange.reply is not None and exchange.reply.status in WRONG_KEY
        sends = operation.channel is not None
        known: dict[str, str] = {}

        def part(place: str) -> Replacer:
            def real(leaf: Leaf) -> str:
                name, value = leaf.name.lower(), leaf.value
                if not value or (place == "header" and name in NOT_AGAIN):
                    return value
                if name in words.secrets:
                    if is_wrong:
                        return value
                    known.update(credentials.stand_ins(place, name, value))
                    repeated = None if credentials.has(place, name) else known.get(value)
                    return credentials.real(place, name, value) if repeated is None else repeated
                if value in known and (place == "path" or len(value) >= SHORTEST):
                    return known[value]
                if place == "path" or is_id(name):
                    value = self._ids.real(provider, value)
                return self._content(provider, name, value, sends=sends)

            def real_or_missing(leaf: Leaf) -> str:
                try:
                    return real(leaf)
                except MissingError as error:
                    missing.append(error)
                    return leaf.value

            return Replacer(real_or_missing, str, str)

        return part

    def _content(self, provider: str, name: str, value: str, *, sends: bool) -> str:
        """Return the real recipient or sender in the place of a stand-in; other values stay."""
        words = self._words[provider]
        if name in words.recipients:
            return self._recipients[provider].real(value)
        if name in words.senders:
            return self._senders[provider].real(value, kind="senders")
        if name in words.names:
            return self._senders[provider].real(value, kind="names")
        is_other = sends and name not in words.texts and not is_id(name) and is_shaped(value)
        return self._recipients[provider].real(value) if is_other else value  # the document may not have all recipients

    def _check_recipients(
        self, exchange: RecordedExchange, found: Found, incoming: Incoming, recipients: Recipients
    ) -> None:
        """Check that a request sends to real numbers alone, wherever its document has them.

        Raises:
            MissingError: it has another recipient, or none although the provider did not refuse it.

        """
        operation = found.route.operation
        if operation.channel is None or not recipients.are_masked:
            return
        path, _, query = incoming.target.partition("?")
        request = Request(incoming.method, path, query, incoming.named, incoming.body)
        named = recipients_of(found, request)
        if not all(map(recipients.allow, named)):
            why = "one of its recipients is a stand-in, and is not where the document has recipients"
            raise MissingError(why, kind="recipient")
        if not named and (exchange.reply is None or not is_refusal(operation, exchange.reply)):
            why = "it has no recipient where the document has one, and was not refused: it may have one elsewhere"
            raise MissingError(why, kind="recipient")


def is_shaped(value: str) -> bool:
    """Return whether a value has the shape by which the masking finds phone numbers."""
    if not SHAPED_NUMBER.fullmatch(value):
        return False
    digits = digits_alone(value)
    return value.startswith("+") or (is_possible(digits) and not is_time(digits))


def rewrite_path(path: str, template: str, real: Callable[[Leaf], str]) -> str:
    """Return a path whose parameters are replaced; a segment may have one beside other text."""

    def rewrite(raw: str, named: str) -> str:
        names = PARAMETER.findall(named)
        if not names:
            return raw
        pattern = re.compile("(.+)".join(map(re.escape, PARAMETER.sub("\n", named).split("\n"))), re.DOTALL)

        def replace(value: str) -> str:
            found = pattern.fullmatch(value)
            texts = iter(
                [real(Leaf(name, each)) for name, each in zip(names, found.groups(), strict=True)] if found else ()
            )
            return PARAMETER.sub(lambda _: next(texts), named) if found else value

        return rewrite_segment(raw, replace)

    return "/".join(
        rewrite(raw, named) for raw, named in zip_longest(path.split("/"), template.split("/"), fillvalue="")
    )


def kind_of(headers: Headers) -> str:
    """Return the media type of a body."""
    return media_of(headers).lower()


def ids_of(outcome: Outcome) -> Iterable[Leaf]:
    """Return the ids in a reply."""
    text, kind = read_text(outcome.reply.body, as_text(outcome.reply.headers))
    return ids_in_reply(text.text, kind)


def incoming_of(request: RecordedRequest) -> Incoming:
    """Return a recorded request as an application would send it; its body is not packed again."""
    headers = tuple(
        (name.encode("latin-1", "replace"), value.encode("utf-8", "surrogateescape"))
        for name, value in request.headers
        if name.lower() not in NOT_AGAIN
    )
    body = encode(request.body.text, kind_of(request.headers))
    if any(name.lower() == "content-length" for name, _ in request.headers):
        headers = (*headers, (b"Content-Length", b"%d" % len(body)))
    target = f"{request.path}?{request.query}" if request.query else request.path
    return Incoming(request.method, target, headers, body)


def encode(text: str, kind: str) -> bytes:
    """Return a body in the charset that its media type names, or else in UTF-8."""
    named = CHARSET.search(kind)
    try:
        return text.encode(named[1] if named is not None else "utf-8")
    except (LookupError, UnicodeEncodeError):
        return text.encode("utf-8", "surrogateescape")
