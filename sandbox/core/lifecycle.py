"""Statuses, the moves between them, and lives: the planned way of a message through them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from difflib import get_close_matches
from enum import StrEnum
from typing import NamedTuple

from sandbox.core.errors import UnknownStatusError


class Status(StrEnum):
    """Our words; each provider has its own for them."""

    SCHEDULED = "scheduled"
    QUEUED = "queued"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    EXPIRED = "expired"
    REJECTED = "rejected"
    READ = "read"


class LifecycleStep(NamedTuple):
    """A planned step: `status` comes `delay` after the one before; `word` is the provider's, where it has several."""

    status: Status
    delay: timedelta
    word: str | None = None


Lifecycle = tuple[LifecycleStep, ...]


@dataclass(frozen=True, slots=True)
class Channel:
    """How messages of one kind live at one provider; compiled from `x-sandbox` in its spec."""

    name: str
    words: Mapping[Status, str]
    variants: Mapping[Status, frozenset[str]]
    read_back: Mapping[str, Status]
    moves: Mapping[Status, frozenset[Status]]
    reports: frozenset[Status]
    life: Lifecycle

    def may_follow(self, status: Status) -> frozenset[Status]:
        """Return the statuses that a message in `status` may move to."""
        return self.moves.get(status, frozenset())

    def word(self, status: Status, variant: str | None = None) -> str:
        """Return the provider's word for `status`: `variant` where a step names one of several."""
        return variant or self.words[status]

    def parse(self, word: str) -> tuple[Status, str | None]:
        """Read one of our words, the provider's word, or both as `rejected/DNDNUMB`.

        Raises:
            UnknownStatusError: no such status here; the text has the near miss.

        """
        ours, _, theirs = word.partition("/")
        if ours in self.words and (not theirs or theirs in self.variants.get(Status(ours), ())):
            return Status(ours), theirs or None
        if not theirs and word in self.read_back:
            status = self.read_back[word]
            return status, None if self.words[status] == word else word
        known = [*self.words, *self.read_back]
        known += [f"{status}/{variant}" for status, variants in self.variants.items() for variant in sorted(variants)]
        near = get_close_matches(word, known, n=1)
        hint = f" Did you mean '{near[0]}'?" if near else f" There are: {', '.join(self.words)}."
        message = f"no status is called '{word}' for {self.name}.{hint}"
        raise UnknownStatusError(message)
