"""Reads a recorded callback: the status that it reports, and the number of its recipient.

The provider's document says where the status is: in its declaration of callbacks, or by the values that a parameter of
its webhook may have. Where an application chose the name itself, as in the URL that it sends for its callbacks, the
provider's words are looked for.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, Self
from urllib.parse import unquote

from sandbox.core.message import Channel, Status
from sandbox.formats.phone_numbers import digits_alone
from sandbox.providers.registry import Pack
from sandbox.recording.rewriting import FORM, Leaf, leaves_in
from sandbox.recording.session import RecordedRequest, media_of
from sandbox.recording.vocabulary import Vocabulary
from sandbox.specs.types import METHODS, Schema, properties_of

REPORTED = re.compile(r"\{\{-?\s*callback\.(provider_)?status\s*-?\}\}")  # the template of a status
TEMPLATE = re.compile(r"\{\{.*?\}\}", re.DOTALL)
STATUS, OTHER = "0the0status0", "0another0value0"  # what templates are filled with, to find them again
PLACES = ("query", "headers", "body")


class Place(NamedTuple):
    """Where a callback has the status: the name of a value in lower case, empty for a whole text, and its form."""

    name: str
    form: re.Pattern[str]
    is_ours: bool = False

    def find(self, leaf: Leaf) -> re.Match[str] | None:
        """Return where the status is in a value; None if the value is another one."""
        return self.form.fullmatch(leaf.value) if leaf.name.lower() == self.name else None


class Reported(NamedTuple):
    """What a callback says: the provider's word and the digits of the number, each empty if there is none."""

    word: str
    number: str


class CallbackReader(NamedTuple):
    """Reads the callbacks of one channel; `words` are those of its statuses.

    `says_ours`: the document writes statuses by our names, not in the provider's words.
    """

    channel: Channel
    places: tuple[Place, ...]
    recipients: frozenset[str]
    words: frozenset[str]
    says_ours: bool = False

    @classmethod
    def of(cls, pack: Pack, channel: Channel) -> Self:
        """Return the reader of a channel's callbacks."""
        document, words = pack.spec.document, frozenset(channel.read_back)
        own = document["x-sandbox"]["channels"].get(channel.name, {})
        declared = tuple(_declared(own.get("callback") or {}))
        places = declared or _enumerated(document, channel.name, words)
        says_ours = bool(declared) and all(each.is_ours for each in declared)
        words = frozenset(channel.words) if says_ours else words
        return cls(channel, places, Vocabulary.of(pack).recipients, words, says_ours)

    def read(self, request: RecordedRequest) -> Reported:
        """Return what a callback reports."""
        leaves = [*leaves_of(request)]
        named = [found["word"] for leaf in leaves for each in self.places if (found := each.find(leaf))]
        numbers = (digits_alone(each.value) for each in leaves if each.name.lower() in self.recipients)
        return Reported(self._status(named, leaves), next(filter(None, numbers), ""))

    def _status(self, named: list[str], leaves: list[Leaf]) -> str:
        """Return the word of a status; one that the document does not have counts where a status belongs."""
        found = next((each for each in named if each in self.words), None)
        if found is None:
            other = {leaf.value for leaf in leaves if leaf.value in self.words and not leaf.value.isdecimal()}
            found = other.pop() if len(other) == 1 else next(iter(named), "")
        return found

    def parse(self, word: str) -> tuple[Status | None, str | None]:
        """Return the status of a word, and the word itself if it is one of several; None if there is no such status."""
        if self.says_ours:
            return (Status(word) if word in self.words else None), None
        status = self.channel.read_back.get(word)
        return status, None if status is None or self.channel.words[status] == word else word


def leaves_of(request: RecordedRequest) -> Iterator[Leaf]:
    """Yield the values of a request: of its query, its body and its path."""
    yield from leaves_in(request.query, FORM)
    yield from leaves_in(request.body.text, media_of(request.headers).lower())
    yield from (Leaf("", unquote(each)) for each in request.path.split("/") if each)


def _declared(callback: Mapping[str, Any]) -> Iterator[Place]:
    """Yield the places that a declaration fills with the status."""
    waiting: list[object] = [callback.get(place) for place in PLACES]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += value
        elif isinstance(value, Mapping):
            waiting += [each for each in value.values() if not isinstance(each, str)]
            yield from (place for name, each in value.items() if isinstance(each, str) for place in _place(name, each))
        elif isinstance(value, str):
            leaves = leaves_in(_filled(value), "")
            match = REPORTED.search(value)
            yield from (
                Place(leaf.name.lower(), _form(leaf.value), bool(match and not match[1]))
                for leaf in leaves
                if STATUS in leaf.value
            )


def _place(name: object, template: str) -> Iterator[Place]:
    match = REPORTED.search(template)
    if match is not None:
        yield Place(str(name).lower(), _form(_filled(template)), not match[1])


def _filled(template: str) -> str:
    return TEMPLATE.sub(OTHER, REPORTED.sub(STATUS, template))


def _form(filled: str) -> re.Pattern[str]:
    """Return a pattern of the values that a filled template stands for; `word` is the status."""
    before, _, after = (re.escape(each).replace(OTHER, ".*") for each in filled.partition(STATUS))
    return re.compile(f"{before}(?P<word>.+?){after.replace(STATUS, '.*')}", re.DOTALL)


def _enumerated(document: Mapping[str, Any], channel: str, words: frozenset[str]) -> tuple[Place, ...]:
    """Return the webhook's parameter whose enumeration has most of a channel's words."""
    found = {
        name: len(words & {str(value) for schema in schemas for value in schema.get("enum", ())})
        for name, schemas in _parameters(document, channel)
    }
    best = max(found, key=lambda name: found[name], default="")
    return (Place(best.lower(), _form(STATUS)),) if found.get(best) else ()


def _parameters(document: Mapping[str, Any], channel: str) -> Iterator[tuple[str, list[Schema]]]:
    """Yield the parameters and members of a channel's webhooks, each with its schemas."""
    paths = [*document.get("webhooks", {}).values()]
    for each in document.get("components", {}).get("callbacks", {}).values():
        paths += each.values()
    for node in (path[method] for path in paths for method in METHODS if method in path):
        if node.get("x-channel") != channel:
            continue
        for parameter in node.get("parameters", ()):
            schema = parameter.get("schema", {})
            yield parameter["name"], [schema]
            yield from properties_of([schema]).items()
        for media in node.get("requestBody", {}).get("content", {}).values():
            yield from properties_of([media.get("schema", {})]).items()
