"""The search box of the inbox, and the filter `search` of lists: a part of a number or of a text, whatever its case."""

import re
from collections.abc import Iterable

from sandbox.core.trace import TraceContext
from sandbox.formats.phone_numbers import contains_number

NUMBER = re.compile(r"[\s+()./-]*\d[\d\s+()./-]*")


class Search:
    """What a person looks for."""

    def __init__(self, words: str) -> None:
        self._words = words.strip().lower()
        self._may_be_number = NUMBER.fullmatch(self._words) is not None

    def is_in(self, texts: Iterable[str]) -> bool:
        """Whether one of the texts contains the words."""
        return any(self._words in text.lower() for text in texts)

    def is_number(self, number: str) -> bool:
        """Whether a phone number contains the words, if they are a part of a number in any notation."""
        return self._may_be_number and contains_number(number, self._words)

    def is_trace(self, trace: TraceContext | None) -> bool:
        """Whether the words are the whole id of a trace; a part could be that of a number."""
        return trace is not None and self._words == trace.trace_id

    @property
    def may_be_code(self) -> bool:
        """Whether the words may be a part of a one-time code."""
        return self._words.isalnum() and any(map(str.isdigit, self._words))


def contains(text: str, part: str) -> bool:
    """Return whether a text contains a part, whatever the case of its letters."""
    return part.lower() in text.lower()
