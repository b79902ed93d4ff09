"""The values of a session that were replaced, so that they are found again wherever they appear later.

Credentials are kept for good; of the rest, those that were seen last, so that a session of any length takes the same
memory. Numbers and codes need no memory to keep their stand-ins: those depend on the value alone.
"""

import re
from collections.abc import Callable

LIMIT = 50_000  # values other than credentials
SECRETS = 10_000
SHORTEST = 2  # characters of a credential that is found elsewhere
BEGIN = 4  # characters of a value by which it is found inside a text; a shorter one is found only alone
UNMISTAKABLE = 8  # characters of a credential or text that is found inside of words, too
YEAR = re.compile(r"(?:19|20)\d\d")
DATE_REST = re.compile(r"[-/.]\d\d?[-/.]\d")


class KnownValues:
    """What was replaced, by value."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._secrets: dict[str, str] = {}
        self._others: dict[str, str] = {}
        self._begins: dict[str, set[str]] = {}

    def add_secret(self, value: str, stand_in: str) -> None:
        """Keep a credential, unless it is so short that other values are likely to be the same."""
        if len(value) < SHORTEST or (value.isdecimal() and len(value) < BEGIN):
            return
        if value not in self._secrets and len(self._secrets) < SECRETS:
            self._secrets[value] = stand_in
            self._index(value)

    def add(self, value: str, stand_in: str) -> None:
        """Keep another value; the one that was seen longest ago goes if there are too many."""
        if len(value) < BEGIN:
            return
        self._others.pop(value, None)
        self._others[value] = stand_in
        self._index(value)
        if len(self._others) > self._limit:
            oldest = next(iter(self._others))
            del self._others[oldest]
            if oldest not in self._secrets:
                rest = self._begins[oldest[:BEGIN]]
                rest.discard(oldest)
                if not rest:
                    del self._begins[oldest[:BEGIN]]

    def _index(self, value: str) -> None:
        if len(value) >= BEGIN:
            self._begins.setdefault(value[:BEGIN], set()).add(value)

    def find(self, value: str) -> str | None:
        """Return what takes the place of a whole value, None if it is not known."""
        return self._secrets.get(value) or self._others.get(value)

    def find_cut(self, value: str) -> str | None:
        """Return what takes the place of the beginning of a credential, as providers cut long ones."""
        if len(value) < UNMISTAKABLE:
            return None
        for whole in self._begins.get(value[:BEGIN], ()):
            if whole.startswith(value) and whole in self._secrets:
                return self._secrets[whole][: len(value)]
        return None

    def replace(self, text: str, rest: Callable[[str], str]) -> str:
        """Return a text with the known values in it replaced; `rest` changes what is between them."""
        begins = self._begins
        done: list[str] = []
        begin = at = 0
        last = len(text) - BEGIN
        while at <= last:
            candidates = begins.get(text[at : at + BEGIN])
            found = self._longest(text, at, candidates) if candidates else None
            if found is None:
                at += 1
                continue
            if at > begin:
                done.append(rest(text[begin:at]))
            done.append(self._secrets.get(found) or self._others[found])
            begin = at = at + len(found)
        if begin < len(text):
            done.append(rest(text[begin:]))
        return "".join(done)

    def _longest(self, text: str, at: int, candidates: set[str]) -> str | None:
        fits = (each for each in candidates if text.startswith(each, at) and self._is_apart(text, at, each))
        return max(fits, key=len, default=None)

    def _is_apart(self, text: str, at: int, value: str) -> bool:
        """Return whether a value is not a part of a longer word, number or id."""
        is_number = value.isdecimal()
        if not is_number and len(value) >= UNMISTAKABLE:
            return True
        if value in self._secrets and len(value) >= UNMISTAKABLE:
            return True
        end = at + len(value)
        before, after = text[at - 1 : at] if at else "", text[end : end + 1]
        if YEAR.fullmatch(value) and DATE_REST.match(text, end):
            return False
        in_word = str.isdecimal if is_number and len(value) > UNMISTAKABLE else _is_plain
        return not ((in_word(before) and in_word(value[0])) or (in_word(value[-1]) and in_word(after)))


def _is_plain(char: str) -> bool:
    """Return whether a character is an ASCII letter or digit; other scripts do not separate words by spaces."""
    return char.isascii() and char.isalnum()
