"""Masks the credentials in the rows of a saved state: each one has the same stand-in wherever it is.

A stand-in is the credential as the control API shows it, and a number: `k1…1`. So what is loaded still relates messages
to accounts, and two keys that begin alike stay two. Values are found by the name of their header, parameter or member,
and keys that are known also in texts; a short key only where it is a whole word.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote, quote_plus

from sandbox.control.masking import SECRET, shorten
from sandbox.core.account import Account, Otp, RateWindow
from sandbox.core.callback import Attempt, Callback, Outgoing, Target
from sandbox.core.journal import LostReply, RequestRecord
from sandbox.core.message import Message
from sandbox.core.rules import RuleCounted
from sandbox.core.scenario import Scenario
from sandbox.specs.body_parsing import UnreadableError, unquoted
from sandbox.store.base import Kind
from sandbox.store.snapshot import Entity

LONG = 8  # characters from which a credential is found inside a word, too
FIELD = re.compile(r"(^|[?&])([^=&?#\s]+)=([^&#\s]*)")  # of a query or form
MEMBER = re.compile(r'"((?:[^"\\]|\\.)*)"(\s*:\s*)"((?:[^"\\]|\\.)*)"')  # of a JSON object; a body may be cut off
PART = re.compile(r'(name="([^"]*)"[^\r\n]*\r?\n(?:[^\r\n]+\r?\n)*\r?\n)([^\r\n]*)')  # of a multipart form
SEPARATORS = re.compile(r"([\s:/|,]+)")  # between the words of the name of a rate window or count

Encode = Callable[[str], str]
Texts = Mapping[str, str]


class StateMasking:
    """Masks rows in the order of a saved state, accounts before messages before callbacks."""

    def __init__(self, names: Iterable[str], secrets: Iterable[str]) -> None:
        """Store the names of headers and parameters that carry credentials, and the credentials that are known."""
        self._names = SECRET | {name.lower() for name in names}
        self._stand_ins: dict[str, str] = {}
        self._known = tuple(dict.fromkeys(filter(None, secrets)))
        self._keys: set[str] = set()  # of accounts
        self._account_of: dict[int, str] = {}  # by the number of a message

    def apply(self, entities: Iterable[Entity]) -> Iterator[Entity]:
        """Yield rows with their credentials masked; the keys of rows that have them are theirs."""
        for kind, key, created, value in entities:
            write = MASKED.get(kind)
            yield kind, key, created, value if write is None else write(self, value)

    def stand_in(self, secret: str) -> str:
        """Return what replaces a credential."""
        if not secret:
            return secret
        known = self._stand_ins.get(secret)
        if known is None:
            shown = shorten(secret).encode(errors="replace").decode()  # without lone surrogates
            known = self._stand_ins[secret] = f"{shown}{len(self._stand_ins) + 1}"
        return known

    def account(self, account: Account) -> Account:
        """Mask an account."""
        self._keys.add(account.key)
        return account._replace(key=self.stand_in(account.key), secret=self._maybe(account.secret))

    def target(self, pair: tuple[str, Target]) -> tuple[str, Target]:
        """Mask a provider's target."""
        provider, target = pair
        return provider, target._replace(url=self._url(target.url), key=self._maybe(target.key))

    def scenario(self, scenario: Scenario) -> Scenario:
        """Mask the texts of a scenario."""
        own = [target.key for target in scenario.targets.values() if target.key]
        keys = [rule.key for rules in scenario.accounts.values() for rule in rules if not set(rule.key) & set("*?[")]
        sources = tuple(each._replace(text=self._text(each.text, *own, *keys)) for each in scenario.sources)
        return replace(scenario, sources=sources)

    def code(self, otp: Otp) -> Otp:
        """Mask a one-time code's account; the code itself is what a test looks for."""
        return replace(otp, account=self.stand_in(otp.account))

    def rate_window(self, window: RateWindow) -> RateWindow:
        """Mask the account in the name of a rate window."""
        return replace(window, name=self._counted(window.name))

    def rule_count(self, counted: RuleCounted) -> RuleCounted:
        """Mask the account in the name of what a rule counts."""
        return replace(counted, name=self._counted(counted.name))

    def lost_reply(self, lost: LostReply) -> LostReply:
        """Mask the accounts of a lost reply."""
        return lost._replace(texts=tuple(each._replace(account=self.stand_in(each.account)) for each in lost.texts))

    def message(self, message: Message) -> Message:
        """Mask a message."""
        self._account_of[message.number] = message.account
        policy = message.callback_policy
        data = message.data and {
            name: self._url(value) if "://" in value else self._named(name, value)
            for name, value in message.data.items()
        }
        return message._replace(
            account=self.stand_in(message.account),
            text=self._text(message.text, message.account),
            callback_policy=policy if policy.key is None else replace(policy, key=self.stand_in(policy.key)),
            data=data,
            reply=message.reply and message.reply._replace(text=self._text(message.reply.text, message.account)),
        )

    def settings(self, settings: Mapping[str, object]) -> Mapping[str, object]:
        """Mask a provider's settings."""
        return {name: self._named(name, value) if isinstance(value, str) else value for name, value in settings.items()}

    def callback(self, pair: tuple[Callback, str | None]) -> tuple[Callback, str | None]:
        """Mask a callback."""
        callback, settings = pair
        key = self._account_of.get(callback.message, "")
        outgoing = None if callback.request is None else self._outgoing(callback.request, key)
        attempts = tuple(self._attempt(each, key) for each in callback.attempts)
        return callback._replace(request=outgoing, attempts=attempts), settings

    def _outgoing(self, outgoing: Outgoing, key: str) -> Outgoing:
        return outgoing._replace(
            url=self._url(outgoing.url, key),
            headers=self._headers(outgoing.headers, key),
            body=self._content(outgoing.body, key),
        )

    def _attempt(self, attempt: Attempt, key: str) -> Attempt:
        error = None if attempt.error is None else self._text(attempt.error, key)
        return attempt._replace(url=self._url(attempt.url, key), answer=self._content(attempt.answer, key), error=error)

    def request(self, record: RequestRecord) -> RequestRecord:
        """Mask an entry of the journal."""
        key = record.key or ""
        body = self._bytes(record.body, key)
        return record._replace(
            key=self._maybe(record.key),
            path=self._text(record.path, key, encode=quote),
            query=self._url(record.query, key),
            headers=self._headers(record.headers, key),
            body=body,
            body_size=max(record.body_size + len(body) - len(record.body), 0),
            reply_headers=self._headers(record.reply_headers, key),
            reply_body=self._bytes(record.reply_body, key),
            why=tuple(self._text(each, key) for each in record.why),
        )

    def _maybe(self, secret: str | None) -> str | None:
        return None if secret is None else self.stand_in(secret)

    def _named(self, name: str, value: str, *keys: str) -> str:
        """Return the value of a header or member of a name."""
        if name.lower() not in self._names and value not in self._stand_ins:
            return self._text(value, *keys)
        key = next((each for each in keys if each and each != value and each in value), None)
        return self.stand_in(value) if key is None else value.replace(key, self.stand_in(key))

    def _headers(self, headers: Texts, *keys: str) -> dict[str, str]:
        return {name: self._named(name, value, *keys) for name, value in headers.items()}

    def _url(self, url: str, *keys: str) -> str:
        """Return a URL, query or form."""
        return self._text(FIELD.sub(self._field, url), *keys, encode=quote)

    def _field(self, match: re.Match[str]) -> str:
        before, name, value = match.groups()
        try:
            secret = unquoted(name).lower() in self._names and unquoted(value)
        except UnreadableError:
            secret = value
        return f"{before}{name}={quote(self.stand_in(secret))}" if secret else match[0]

    def _content(self, body: str, *keys: str) -> str:
        """Return a body: JSON, a form, or any other text."""
        if body.lstrip()[:1] in {"{", "["}:
            return self._text(MEMBER.sub(self._member, body), *keys)
        if "\n" in body:
            return self._text(PART.sub(self._part, body), *keys)
        return self._url(body, *keys) if "=" in body else self._text(body, *keys)

    def _member(self, match: re.Match[str]) -> str:
        name, colon, value = match.groups()
        if name.lower() not in self._names:
            return match[0]
        try:
            secret = json.loads(f'"{value}"')
        except ValueError:
            secret = value
        return f'"{name}"{colon}{json.dumps(self.stand_in(secret), ensure_ascii=False)}'

    def _part(self, match: re.Match[str]) -> str:
        head, name, value = match.groups()
        return head + self.stand_in(value) if name.lower() in self._names else match[0]

    def _bytes(self, body: bytes, *keys: str) -> bytes:
        return self._content(body.decode(errors="surrogateescape"), *keys).encode(errors="surrogateescape")

    def _text(self, text: str, *keys: str, encode: Encode = str) -> str:
        """Return a text without the credentials that are known and those given, however they are encoded."""
        for secret in (*keys, *self._known):
            for form in _forms(secret) if secret else ():
                if form in text:
                    edge = r"(?<![0-9A-Za-z]){}(?![0-9A-Za-z])" if len(form) < LONG else "{}"
                    written = encode(self.stand_in(secret)) if form == secret else quote(self.stand_in(secret))
                    text = re.sub(edge.format(re.escape(form)), written.replace("\\", r"\\"), text)
        return text

    def _counted(self, name: str) -> str:
        """Return the name of a rate window or count, which may contain the key of an account."""
        words = [self.stand_in(each) if each in self._keys else each for each in SEPARATORS.split(name)]
        return "".join(words)


def _forms(secret: str) -> set[str]:
    """Return a credential as it may be written in a URL."""
    return {secret, quote(secret, safe="", errors="replace"), quote_plus(secret, errors="replace")}


MASKED: Mapping[Kind, Callable[[StateMasking, Any], Any]] = {
    Kind.ACCOUNT: StateMasking.account,
    Kind.CALLBACK: StateMasking.callback,
    Kind.CODE: StateMasking.code,
    Kind.LOST_REPLY: StateMasking.lost_reply,
    Kind.MESSAGE: StateMasking.message,
    Kind.RATE_WINDOW: StateMasking.rate_window,
    Kind.REQUEST: StateMasking.request,
    Kind.RULE_COUNT: StateMasking.rule_count,
    Kind.SCENARIO: StateMasking.scenario,
    Kind.SETTINGS: StateMasking.settings,
    Kind.TARGET: StateMasking.target,
}
