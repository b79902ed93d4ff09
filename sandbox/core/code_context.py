"""A text with its words, and what the words beside a number make of it: an account, an amount, a date, an order."""

import re
from bisect import bisect_left
from functools import cached_property

from sandbox.core import code_words as table
from sandbox.core.code_numbers import PIECE, Candidate, Reason, numbers, runs_on
from sandbox.core.code_words import fold
from sandbox.core.money_words import ALSO_WORDS, ISO_4217, ISO_WORDS, MONEY_WORDS

LOOK_BACK = 6  # words that are looked at before a number or a word for a code
SMALL = 2  # digits of a number that may stand in a name: `last 4 digits`
SECONDS = 5  # digits of the longest time that is counted in a text
YEAR, SHORT_DATE, DATE = 4, 6, 8  # digits
LABELLED, LABELLED_WITHIN = 60, 15  # what `account is` takes, without and with a word for a code before it
URL = re.compile(
    r"[a-z][a-z0-9+.-]{1,9}://[!-~]+|(?<![\w@])www\.[!-~]+|(?<![\w.@-])(?:[a-z0-9-]{1,63}\.){1,4}[a-z]{2,12}/[!-~]*",
)
WORD = re.compile(r"[^\s\d!-/:-@\[-`{-~、。，：；！？「」『』【】（）《》〈〉“”‘’„«»…·•।،؛؟]+")  # noqa: RUF001 - other scripts' signs
SENTENCE_END = re.compile(r"[.!?;|](?=\s)|[。！？；।؟]|\n")  # noqa: RUF001 - other scripts' signs

DAY, MONTH = r"(?:0[1-9]|[12]\d|3[01])", r"(?:0[1-9]|1[0-2])"
SHORT_DATES = re.compile(rf"{DAY}{MONTH}\d\d|\d\d{MONTH}{DAY}|{MONTH}{DAY}\d\d")

Word = re.Match[str]


def is_cue(name: str) -> bool:
    """Whether a folded word is one for a code."""
    if name in table.CUES:
        return True
    if name.endswith(table.CUE_ENDS):
        return not name.startswith(table.OTHER_COMPOUNDS) and name not in table.NO_CUES
    return name.startswith(table.CUE_STEMS.get(name[:2], ("\0",)))


class Context:
    """A text, and `low`: the same folded, character by character, without the addresses in it."""

    def __init__(self, text: str) -> None:
        low = fold(text)
        if "a/c" in low:
            low = low.replace("a/c", "acc")
        has_address = "www." in low or ("/" in low and ("." in low or ":" in low))
        self.text = text
        self.low = URL.sub(_blank, low) if has_address else low

    def numbers(self) -> list[Candidate]:
        """Return the numbers of the text, judged by their looks alone."""
        return list(numbers(self.text, self.low))

    @cached_property
    def words(self) -> list[Word]:
        """The words of the text."""
        return [*WORD.finditer(self.low)]

    @cached_property
    def discounts(self) -> list[re.Match[str]]:
        """The words of the text that speak of a discount."""
        return [*table.DISCOUNT.finditer(self.low)]

    def place(self, at: int) -> int:
        """Return the place of the first word that begins at a character or behind it."""
        return bisect_left(self.words, at, key=re.Match.start)

    def back(self, place: int) -> list[Word]:
        """Return the last words before a place, the nearest first, within the sentence."""
        found: list[Word] = []
        edge = self.words[place].start() if place < len(self.words) else len(self.low)
        for word in reversed(self.words[max(0, place - LOOK_BACK) : place]):
            if SENTENCE_END.search(self.low, word.end(), edge):
                break
            found.append(word)
            edge = word.start()
        return found

    def is_cue(self, word: Word) -> bool:
        """Whether a word of the text is one for a code; TAN is one in capitals."""
        return is_cue(word[0]) or (word[0] == "tan" and self.text[word.start() : word.end()] == "TAN")

    def judged(self, each: Candidate) -> Candidate:
        """Return a candidate with the reason that the words beside it give, if it has none of its own."""
        if each.reason is not None:
            return each
        place = self.place(each.start)
        reason = self._counted(each, place) or self._sent_to(each, place) or self._dated(each, place)
        if reason is not None:
            return each._replace(reason=reason)
        label, apart = self._label(each.start, place)
        if label and not apart:
            return each._replace(reason=Reason.LABELLED)
        if label:
            within = any(self.is_cue(word) for word in self.back(place))
            return each._replace(minus=each.minus + (LABELLED_WITHIN if within else LABELLED))
        return each

    def _counted(self, each: Candidate, place: int) -> Reason | None:
        """Return the reason that a currency or a unit beside a number gives."""
        low, words = self.low, self.words
        if place:
            before = words[place - 1]
            if low[before.end() : each.start] in {"", " ", ".", ". ", "-"} and self._is_money(before):
                return Reason.AMOUNT
        behind = self.place(each.end)
        if behind < len(words):
            after = words[behind]
            near = low[each.end : after.start()] in {"", " ", "-"}
            if near and self._is_money(after) and not low[after.end() : after.end() + 2].strip(" .").isdecimal():
                return Reason.AMOUNT
            if near and (
                after[0] in table.COUNT_UNITS or (len(each.value) <= SECONDS and after[0] in table.TIME_UNITS)
            ):
                return Reason.COUNT
        blank = low[each.end : each.end + 1] == " "
        if not low.isascii() and low.startswith(table.INNER_UNITS, each.end + blank):
            return Reason.COUNT
        return None

    def _is_money(self, word: Word) -> bool:
        if word[0] in MONEY_WORDS or word[0] in ISO_WORDS:
            return True
        return word[0] in ALSO_WORDS and self.text[word.start() : word.end()] in ISO_4217

    def _sent_to(self, each: Candidate, place: int) -> Reason | None:
        """Return the reason that a number gets a message."""
        if not place or self.low[self.words[place - 1].end() : each.start] != " ":
            return None
        before = self.words[place - 1][0]
        if before in table.SENDING:
            return Reason.RECIPIENT
        if before in table.TARGETS:
            for word in self.back(place - 1):
                if word[0] in table.SENDING:
                    return Reason.RECIPIENT
        return None

    def _dated(self, each: Candidate, place: int) -> Reason | None:
        """Return the reason that a number is a year, a date or a time."""
        size = len(each.value)
        if not place or size not in {YEAR, SHORT_DATE, DATE} or each.start - self.words[place - 1].end() > SMALL:
            return None
        before = self.words[place - 1][0]
        dated = each.minus or (size == SHORT_DATE and SHORT_DATES.fullmatch(each.value))
        if dated and (before in table.DATE_WORDS or before[:3] in table.MONTHS):
            return Reason.DATE
        if size == YEAR and before in table.TIME_WORDS and each.value < "2400" and each.value[2:] < "60":
            return Reason.TIME
        return None

    def _label(self, edge: int, place: int) -> tuple[str, bool]:
        """Return the word that names the number at `edge`, if any, and whether an `is` or a colon stands between."""
        apart = False
        for word in reversed(self.words[max(0, place - LOOK_BACK) : place]):
            gap, name = self.low[word.end() : edge], word[0]
            ended = SENTENCE_END.search(gap) is not None
            if any(len(each) > SMALL for each in PIECE.findall(gap)) or self.is_cue(word):
                return "", False
            apart = apart or ":" in gap or "=" in gap
            if name in table.LABELS:
                return ("", False) if "," in gap or (ended and gap != ". ") else (name, apart)
            if not name.isascii() and (label := _inner_label(name)):
                return label, apart or not name.endswith(label)
            joins = name in table.CONNECTIVES or name in table.EQUALS
            if ended and name not in table.FILLERS:
                return "", False
            if not joins and name not in table.FILLERS:
                return "", False
            apart = apart or (joins and name not in table.FILLERS) or name in table.EQUALS
            edge = word.start()
        return "", False


def _inner_label(name: str) -> str:
    """Return what a word of a script without blanks names a number with, at its end."""
    stem = name.rstrip(table.JOINTS)
    if not stem or not runs_on(stem[-1]):
        return ""
    return next((label for label in table.INNER_LABELS if stem.endswith(label)), "")


def _blank(match: re.Match[str]) -> str:
    return " " * len(match[0])
