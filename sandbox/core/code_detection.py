"""Finds the one-time code in a text.

Every number of a text is a candidate. What it looks like and what stands beside it may disqualify it: an account, a
card, an order, an amount, a date, a telephone number. Those that are left are scored by the nearest words for a code,
and the best one wins. A text without such a word has a code only if it is nothing but the code.
"""

import re
from bisect import bisect_left
from functools import cached_property
from typing import NamedTuple

from sandbox.core import code_words as table
from sandbox.core.code_candidates import PIECE, Candidate, Reason, find_candidates, is_unspaced
from sandbox.core.code_words import CURRENCIES_THAT_ARE_WORDS, CURRENCY_WORDS, ISO_4217, MONEY_WORDS, fold

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


def is_code_word(name: str) -> bool:
    """Whether a folded word is one for a code."""
    if name in table.CODE_WORDS:
        return True
    if name.endswith(table.CODE_WORD_ENDINGS):
        return not name.startswith(table.OTHER_COMPOUNDS) and name not in table.NOT_CODE_WORDS
    return name.startswith(table.CODE_WORD_STEMS.get(name[:2], ("\0",)))


class TextContext:
    """A text, and `low`: the same folded, character by character, without the addresses in it."""

    def __init__(self, text: str) -> None:
        low = fold(text)
        if "a/c" in low:
            low = low.replace("a/c", "acc")
        has_address = "www." in low or ("/" in low and ("." in low or ":" in low))
        self.text = text
        self.low = URL.sub(_blank, low) if has_address else low

    def find_candidates(self) -> list[Candidate]:
        """Return the numbers of the text, judged by their looks alone."""
        return list(find_candidates(self.text, self.low))

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

    def is_code_word(self, word: Word) -> bool:
        """Whether a word of the text is one for a code; TAN is one in capitals."""
        return is_code_word(word[0]) or (word[0] == "tan" and self.text[word.start() : word.end()] == "TAN")

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
            within = any(self.is_code_word(word) for word in self.back(place))
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
        if not low.isascii() and low.startswith(table.UNSPACED_UNITS, each.end + blank):
            return Reason.COUNT
        return None

    def _is_money(self, word: Word) -> bool:
        if word[0] in MONEY_WORDS or word[0] in CURRENCY_WORDS:
            return True
        return word[0] in CURRENCIES_THAT_ARE_WORDS and self.text[word.start() : word.end()] in ISO_4217

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
            if any(len(each) > SMALL for each in PIECE.findall(gap)) or self.is_code_word(word):
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
    if not stem or not is_unspaced(stem[-1]):
        return ""
    return next((label for label in table.UNSPACED_LABELS if stem.endswith(label)), "")


def _blank(match: re.Match[str]) -> str:
    return " " * len(match[0])


REACH = 120  # characters between a code and its word
SHORT = 20  # characters of a text that is nothing but a code of letters and digits
SEARCHED = 4096  # characters at each end of a text that are searched: no message of any channel is longer
DIGITS = "0123456789"
LINE = 300  # characters at the end of a text that its line for browsers may take
DIGIT = re.compile(r"\d")
# The last line of a text for a browser: `@example.com #482910` (WICG, Origin-bound one-time codes delivered via SMS).
ORIGIN_LINE = re.compile(r"(?:^|\s)@[A-Za-z0-9.-]{3,253} #([A-Za-z0-9]{4,10})\s*$")
AROUND_BARE = r"[\s\[\](){}<>«»\"'“”‘’„*_.,:;!#【】「」]*"  # noqa: RUF001 - other scripts' signs
BARE = re.compile(
    rf"{AROUND_BARE}(?:[a-z]-)?(\d{{4,8}}|\d{{3}}[ -]\d{{3}}|\d\d[ -]\d\d[ -]\d\d|\d(?:[ -]\d){{3,7}}){AROUND_BARE}",
)
BARE_MIXED = re.compile(rf"{AROUND_BARE}((?=\w*(?:[A-Z]\d+[A-Z]|\d[A-Z]+\d))[A-Z\d]{{6,8}}){AROUND_BARE}", re.ASCII)

STRONG, WEAK, NEGATED = 100, 60, 45  # what a word for a code is worth; each character between takes one
DIRECT, EQUALLED, EQUATED, ENTERED, GROUPED = 40, 31, 30, 20, 6
SIZED = {6: 8, 4: 4, 5: 2}
AFTER = 5  # what it takes that the word comes after the number
SENTENCE = 25  # what each end of a sentence between takes
ENOUGH = 10


class CodeWord(NamedTuple):
    """A word for a code, and what it is worth."""

    start: int
    end: int
    worth: int


def find_code(text: str) -> str | None:
    """Return the one-time code in a text, without what groups it; None if there is none."""
    if DIGIT.search(text) is None:
        return None
    if len(text) <= REACH and (bare := BARE.fullmatch(fold(text))):
        return "".join(PIECE.findall(bare[1]))
    if len(text) <= SHORT and (mixed := BARE_MIXED.fullmatch(text)):
        return mixed[1]
    if "@" in text and (line := ORIGIN_LINE.search(text[-LINE:])) and DIGIT.search(line[1]):
        return line[1]
    return _best(TextContext(text if len(text) <= 2 * SEARCHED else _ends(text)))


def _ends(text: str) -> str:
    """Return the beginning and the end of a text that is longer than any message, without a number cut in two."""
    return f"{text[:SEARCHED].rstrip(DIGITS)}\n{text[-SEARCHED:].lstrip(DIGITS)}"


def _best(context: TextContext) -> str | None:
    """Return the value of the candidate with the highest score, the first of equals."""
    found = [each for each in context.find_candidates() if each.reason is None]
    cues = _cues(context) if found else []
    if not cues:
        return None
    firsts = [cue.start for cue in cues]
    best, value = ENOUGH, None
    for each in found:
        place = bisect_left(firsts, each.start)
        near = [cue for cue in cues[max(0, place - 2) : place + 2] if _is_near(cue, each)]
        judged = context.judged(each) if near else each
        if near and judged.reason is None and (score := _score(context, judged, near)) > best:
            best, value = score, judged.value
    return value


def _is_near(cue: CodeWord, each: Candidate) -> bool:
    return cue.start - each.end <= REACH and each.start - cue.end <= REACH


def _cues(context: TextContext) -> list[CodeWord]:
    """Return the words for a code in order."""
    low, found, names = context.low, [], [word[0] for word in context.words]
    for place, name in enumerate(names):
        kind = table.CODE_WORD_KINDS.get(name)
        if kind is None and not (name.endswith(table.CODE_WORD_ENDINGS) or name[:2] in table.CODE_WORD_STEMS):
            continue
        word, previous = context.words[place], names[place - 1] if place else ""
        if kind == "weak" or (previous, name) in table.LOGIN_PAIRS:
            found.append(CodeWord(word.start(), word.end(), WEAK))
        elif (
            (context.is_code_word(word) or (previous, name) in table.CODE_WORD_PAIRS)
            and not _is_of_another(context, names, place)
            and not (name in table.PLAIN_CODES and previous not in table.SECURITY and _is_of_discount(context, word))
        ):
            told = not table.NEGATIONS.isdisjoint(names[max(0, place - LOOK_BACK) : place])
            negated = told and any(before[0] in table.NEGATIONS for before in context.back(place))
            found.append(CodeWord(word.start(), word.end(), NEGATED if negated else STRONG))
    if low.isascii() or max(low) < table.FIRST_UNSPACED:
        return found
    for match in table.UNSPACED_CODE_WORDS.finditer(low):
        said = low[max(0, match.start() - 10) : match.start()] + low[match.end() : match.end() + 12]
        negated = any(each in said for each in table.UNSPACED_NEGATIONS)
        found.append(CodeWord(match.start(), match.end(), NEGATED if negated else STRONG))
    return sorted(found)


def _is_of_another(context: TextContext, names: list[str], place: int) -> bool:
    """Return whether the word beside `code` makes it another, as in `promo code` and `code promo`."""
    if place and names[place - 1] in table.OTHER_CODES:
        before, word = context.words[place - 1 : place + 1]
        if DIGIT.search(context.low, before.end(), word.start()) is None:
            return True
    after = names[place + 1 : place + 3]
    return bool(after) and after[after[0] in {"de", "di"} and len(after) > 1] in table.OTHER_CODES_AFTER


def _is_of_discount(context: TextContext, word: Word) -> bool:
    """Return whether a code takes something off a price, by what its sentence says before or after it."""
    discounts = context.discounts
    if not discounts:
        return False
    place = bisect_left(discounts, word.end(), key=re.Match.start)
    gaps = [(word.end(), after.start()) for after in discounts[place : place + 1]]
    gaps += [(before.end(), word.start()) for before in discounts[:place][-1:] if not before["checkout"]]
    return any(end - start <= REACH and SENTENCE_END.search(context.low, start, end) is None for start, end in gaps)


def _score(context: TextContext, each: Candidate, near: list[CodeWord]) -> int:
    """Return how well a candidate fits the words for a code around it."""
    low, place = context.low, context.place(each.start)
    word = context.words[place - 1] if place else None
    entered = word is not None and word[0] in table.ENTER and each.start - word.end() == 1
    opens = low[max(0, each.start - 8) : each.start].rstrip()[-1:] in {"", ".", "!", "?", ":", "]"}
    best = 0
    for cue in near:
        before = cue.end <= each.start
        start, end = (cue.end, each.start) if before else (each.end, cue.start)
        gap, between = low[start:end], context.words[context.place(start) : context.place(end)]
        bonus = _bonus_before(gap, between) if before else _bonus_after(gap, between)
        if each.exact and bonus != DIRECT and (bonus != EQUALLED or each.long):
            continue
        if cue.worth == WEAK and not (entered or opens or bonus == DIRECT):
            continue
        ends = 0 if bonus == DIRECT else len(SENTENCE_END.findall(gap))
        best = max(best, cue.worth - len(gap) + bonus - SENTENCE * ends - (0 if before else AFTER))
    if not best:
        return 0
    return best + ENTERED * entered + GROUPED * each.grouped + SIZED.get(len(each.value), 0) - each.minus


def _bonus_before(gap: str, between: list[Word]) -> int:
    """Return what speaks for a number behind its word: nothing else between, or `is` right before it."""
    if not DIGIT.search(gap):
        names = [word[0].strip(table.JOINTS) for word in between]
        bare = not between and not gap.strip(table.JOINTS + table.AROUND)
        if bare or (between and all(not name or name in table.CONNECTIVES for name in names)):
            return DIRECT
    said = gap.rstrip(table.AROUND_NUMBER)
    if said.endswith((*table.COLONS, "=")) or gap.strip()[-1:] in table.JOINT_CHARACTERS:
        return EQUATED
    return EQUATED if between and between[-1][0] in table.EQUALS else 0


def _bonus_after(gap: str, between: list[Word]) -> int:
    """Return what speaks for a number before its word: `is your`, nothing between, a dash or brackets."""
    if SENTENCE_END.search(gap) or len(between) > LOOK_BACK:
        return 0
    if gap[:1] in table.JOINT_CHARACTERS or (between and between[0][0] in table.EQUALS):
        return EQUALLED
    return EQUATED if not between or gap.lstrip(table.AROUND_END).startswith((" -", ":", "-")) else 0
