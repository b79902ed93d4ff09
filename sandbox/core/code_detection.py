"""Find the one-time code in a text.

Every number in a text is a candidate. Its form and the words beside it may disqualify it: an account, a card, an order,
an amount, a date, a phone number. The others are scored by the nearest words for a code, and the best one wins. A text
without such a word has a code only if it consists of nothing else.
"""

import re
from bisect import bisect_left
from functools import cached_property
from typing import NamedTuple

from sandbox.core import code_words as table
from sandbox.core.code_candidates import (
    PIECE,
    Candidate,
    Reason,
    find_candidates,
    find_unspaced_label,
    separate_periods,
)
from sandbox.core.code_words import CURRENCIES_THAT_ARE_WORDS, CURRENCY_WORDS, ISO_4217, MONEY_WORDS, fold

LOOK_BACK = 6  # words checked before a number or a word for a code
SMALL = 2  # digits of a number that may be part of a label: `last 4 digits`
SECONDS = 5  # digits of the longest period of time in a text
YEAR, SHORT_DATE, DATE = 4, 6, 8  # digits
LABELLED, LABELLED_WITHIN = 60, 15  # penalty of `account is`, without and with a word for a code before it
URL = re.compile(
    r"[a-z][a-z0-9+.-]{1,9}://[!-~]+|(?<![\w@])www\.[!-~]+|(?<![\w.@-])(?:[a-z0-9-]{1,63}\.){1,4}[a-z]{2,12}/[!-~]*",
)
WORD = re.compile(r"[^\s\d!-/:-@\[-`{-~、。，：；！？「」『』【】（）《》〈〉“”‘’„«»…·•।،؛؟]+")  # noqa: RUF001 - other scripts' signs
SENTENCE_END = re.compile(r"[.!?;|](?=\s)|[。！？；।؟]|\n")  # noqa: RUF001 - other scripts' signs

DAY, MONTH = r"(?:0[1-9]|[12]\d|3[01])", r"(?:0[1-9]|1[0-2])"
SHORT_DATES = re.compile(rf"{DAY}{MONTH}\d\d|\d\d{MONTH}{DAY}|{MONTH}{DAY}\d\d")

REACH = 120  # maximum characters between a code and its word
SHORT = 20  # maximum characters of a text that is only a code of letters and digits
SEARCHED = 4096  # characters searched at each end of a text; no message is longer
DIGITS = "0123456789"
LINE = 300  # maximum characters of the line for browsers at the end of a text
DIGIT = re.compile(r"\d")
# The last line of a text for a browser: `@example.com #482910` (WICG, Origin-bound one-time codes delivered via SMS).
ORIGIN_LINE = re.compile(r"(?:^|\s)@[A-Za-z0-9.-]{3,253} #([A-Za-z0-9]{4,10})\s*$")
AROUND_BARE = r"[\s\[\](){}<>«»\"'“”‘’„*_.,:;!#【】「」]*"  # noqa: RUF001 - other scripts' signs
BARE = re.compile(
    rf"{AROUND_BARE}(?:[a-z]-)?(\d{{4,8}}|\d{{3}}[ -]\d{{3}}|\d\d[ -]\d\d[ -]\d\d|\d(?:[ -]\d){{3,7}}){AROUND_BARE}",
)
BARE_MIXED = re.compile(rf"{AROUND_BARE}((?=\w*(?:[A-Z]\d+[A-Z]|\d[A-Z]+\d))[A-Z\d]{{6,8}}){AROUND_BARE}", re.ASCII)

STRONG, WEAK, NEGATED = 100, 60, 45  # score of a word for a code; each character between costs one
DIRECT, EQUALLED, EQUATED, ENTERED, GROUPED = 40, 31, 30, 20, 6
SIZED = {6: 8, 4: 4, 5: 2}
AFTER = 5  # penalty if the word comes after the number
SENTENCE = 25  # penalty for each end of a sentence between
ENOUGH = 10

Word = re.Match[str]


def is_code_word(name: str) -> bool:
    """Return whether a folded word means a code."""
    if name in table.CODE_WORDS:
        return True
    if name.endswith(table.CODE_WORD_ENDINGS):
        return not name.startswith(table.OTHER_COMPOUNDS) and name not in table.NOT_CODE_WORDS
    return name.startswith(table.CODE_WORD_STEMS.get(name[:2], ("\0",)))


class TextContext:
    """A text and its words; `low` is the text folded, with URLs blanked out, of the same length."""

    def __init__(self, text: str) -> None:
        low = fold(text)
        if "a/c" in low:
            low = low.replace("a/c", "acc")
        has_address = "www." in low or ("/" in low and ("." in low or ":" in low))
        self.text = text
        self.low = separate_periods(URL.sub(_blank, low) if has_address else low)

    def find_candidates(self) -> list[Candidate]:
        """Return the numbers in the text, judged by their form alone."""
        return list(find_candidates(self.text, self.low))

    @cached_property
    def words(self) -> list[Word]:
        """The words of the text."""
        return [*WORD.finditer(self.low)]

    @cached_property
    def discounts(self) -> list[re.Match[str]]:
        """The words of the text that are about a discount."""
        return [*table.DISCOUNT.finditer(self.low)]

    def place(self, at: int) -> int:
        """Return the index of the first word that begins at offset `at` or after it."""
        return bisect_left(self.words, at, key=re.Match.start)

    def words_before(self, place: int) -> list[Word]:
        """Return the words before an index in the same sentence, nearest first, at most `LOOK_BACK`."""
        found: list[Word] = []
        edge = self.words[place].start() if place < len(self.words) else len(self.low)
        for word in reversed(self.words[max(0, place - LOOK_BACK) : place]):
            if SENTENCE_END.search(self.low, word.end(), edge):
                break
            found.append(word)
            edge = word.start()
        return found

    def is_code_word(self, word: Word) -> bool:
        """Return whether a word of the text means a code; TAN does in capitals."""
        return is_code_word(word[0]) or (word[0] == "tan" and self.text[word.start() : word.end()] == "TAN")

    def judge(self, each: Candidate) -> Candidate:
        """Return a candidate with the reason that the words beside it give, unless it has a reason already."""
        if each.reason is not None:
            return each
        place = self.place(each.start)
        reason = self._why_counted(each, place) or self._why_recipient(each, place) or self._why_date(each, place)
        if reason is not None:
            return each._replace(reason=reason)
        label, apart = self._find_label(each.start, place)
        if label and not apart:
            return each._replace(reason=Reason.LABELLED)
        if label:
            within = any(self.is_code_word(word) for word in self.words_before(place))
            return each._replace(minus=each.minus + (LABELLED_WITHIN if within else LABELLED))
        return each

    def _why_counted(self, each: Candidate, place: int) -> Reason | None:
        """Return the reason if a currency or a unit stands beside a number."""
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

    def _why_recipient(self, each: Candidate, place: int) -> Reason | None:
        """Return the reason if a message is sent to a number."""
        if not place or self.low[self.words[place - 1].end() : each.start] != " ":
            return None
        before = self.words[place - 1][0]
        if before in table.SENDING:
            return Reason.RECIPIENT
        if before in table.TARGETS:
            for word in self.words_before(place - 1):
                if word[0] in table.SENDING:
                    return Reason.RECIPIENT
        return None

    def _why_date(self, each: Candidate, place: int) -> Reason | None:
        """Return the reason if a number is a year, a date or a time."""
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

    def _find_label(self, edge: int, place: int) -> tuple[str, bool]:
        """Return the word that names the number at `edge`, if any, and whether `is` or a colon comes between."""
        apart = False
        for word in reversed(self.words[max(0, place - LOOK_BACK) : place]):
            gap, name = self.low[word.end() : edge], word[0]
            ended = SENTENCE_END.search(gap) is not None
            if any(len(each) > SMALL for each in PIECE.findall(gap)) or self.is_code_word(word):
                return "", False
            apart = apart or ":" in gap or "=" in gap
            if name in table.LABELS and not table.is_picked_up(self.low, word.start()):
                return ("", False) if "," in gap or (ended and gap != ". ") else (name, apart)
            if not name.isascii() and (label := find_unspaced_label(name)):
                return label, apart or not name.endswith(label)
            joins = name in table.CONNECTIVES or name in table.EQUALS
            if ended and name not in table.FILLERS:
                return "", False
            if not joins and name not in table.FILLERS:
                return "", False
            apart = apart or (joins and name not in table.FILLERS) or name in table.EQUALS
            edge = word.start()
        return "", False


def _blank(match: re.Match[str]) -> str:
    return " " * len(match[0])


class CodeWord(NamedTuple):
    """The offsets of a word for a code, and its score."""

    start: int
    end: int
    score: int


def find_code(text: str) -> str | None:
    """Return the one-time code in a text, without spaces and hyphens, or None."""
    if DIGIT.search(text) is None:
        return None
    text = table.unframe_keycaps(text)
    if len(text) <= REACH and (bare := BARE.fullmatch(fold(text))):
        return "".join(PIECE.findall(bare[1]))
    if len(text) <= SHORT and (mixed := BARE_MIXED.fullmatch(text)):
        return mixed[1]
    if "@" in text and (line := ORIGIN_LINE.search(text[-LINE:])) and DIGIT.search(line[1]):
        return line[1]
    return _find_best(TextContext(text if len(text) <= 2 * SEARCHED else _cut_ends(text)))


def _cut_ends(text: str) -> str:
    """Return the beginning and end of a text that is longer than any message; no number is cut in two."""
    return f"{text[:SEARCHED].rstrip(DIGITS)}\n{text[-SEARCHED:].lstrip(DIGITS)}"


def _find_best(context: TextContext) -> str | None:
    """Return the value of the candidate with the highest score, or the first of equals."""
    found = [each for each in context.find_candidates() if each.reason is None]
    code_words = _find_code_words(context) if found else []
    if not code_words:
        return None
    firsts = [code_word.start for code_word in code_words]
    best, value = ENOUGH, None
    for each in found:
        place = bisect_left(firsts, each.start)
        near = [code_word for code_word in code_words[max(0, place - 2) : place + 2] if _is_near(code_word, each)]
        after = context.judge(each) if near else each
        if near and after.reason is None and (score := _score(context, after, near)) > best:
            best, value = score, after.value
    return value


def _is_near(code_word: CodeWord, each: Candidate) -> bool:
    return code_word.start - each.end <= REACH and each.start - code_word.end <= REACH


def _find_code_words(context: TextContext) -> list[CodeWord]:
    """Return the words for a code, in order."""
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
            and not _is_other_code(context, names, place)
            and not (name in table.PLAIN_CODES and previous not in table.SECURITY and _is_discount_code(context, word))
        ):
            has_negation = not table.NEGATIONS.isdisjoint(names[max(0, place - LOOK_BACK) : place])
            negated = has_negation and any(before[0] in table.NEGATIONS for before in context.words_before(place))
            found.append(CodeWord(word.start(), word.end(), NEGATED if negated else STRONG))
    if low.isascii() or max(low) < table.FIRST_UNSPACED:
        return found
    for match in table.UNSPACED_CODE_WORDS.finditer(low):
        around = low[max(0, match.start() - 10) : match.start()] + low[match.end() : match.end() + 12]
        negated = any(each in around for each in table.UNSPACED_NEGATIONS)
        found.append(CodeWord(match.start(), match.end(), NEGATED if negated else STRONG))
    return sorted(found)


def _is_other_code(context: TextContext, names: list[str], place: int) -> bool:
    """Return whether the word beside `code` means another kind, as in `promo code` and `code promo`."""
    if place and names[place - 1] in table.OTHER_CODES:
        before, word = context.words[place - 1 : place + 1]
        if DIGIT.search(context.low, before.end(), word.start()) is None:
            return True
    after = names[place + 1 : place + 3]
    return bool(after) and after[after[0] in {"de", "di"} and len(after) > 1] in table.OTHER_CODES_AFTER


def _is_discount_code(context: TextContext, word: Word) -> bool:
    """Return whether the sentence of a code is about a discount."""
    discounts = context.discounts
    if not discounts:
        return False
    place = bisect_left(discounts, word.end(), key=re.Match.start)
    gaps = [(word.end(), after.start()) for after in discounts[place : place + 1]]
    gaps += [(before.end(), word.start()) for before in discounts[:place][-1:] if not before["checkout"]]
    return any(end - start <= REACH and SENTENCE_END.search(context.low, start, end) is None for start, end in gaps)


def _score(context: TextContext, each: Candidate, near: list[CodeWord]) -> int:
    """Return the score of a candidate by the words for a code around it."""
    low, place = context.low, context.place(each.start)
    word = context.words[place - 1] if place else None
    entered = word is not None and word[0] in table.ENTER and each.start - word.end() == 1
    opens = low[max(0, each.start - 8) : each.start].rstrip()[-1:] in {"", ".", "!", "?", ":", "]"}
    best = 0
    for code_word in near:
        before = code_word.end <= each.start
        start, end = (code_word.end, each.start) if before else (each.end, code_word.start)
        gap, between = low[start:end], context.words[context.place(start) : context.place(end)]
        bonus = _bonus_before(gap, between) if before else _bonus_after(gap, between)
        if each.exact and bonus != DIRECT and (bonus != EQUALLED or each.long):
            continue
        if code_word.score == WEAK and not (entered or opens or bonus == DIRECT):
            continue
        ends = 0 if bonus == DIRECT else len(SENTENCE_END.findall(gap))
        best = max(best, code_word.score - len(gap) + bonus - SENTENCE * ends - (0 if before else AFTER))
    if not best:
        return 0
    return best + ENTERED * entered + GROUPED * each.grouped + SIZED.get(len(each.value), 0) - each.minus


def _bonus_before(gap: str, between: list[Word]) -> int:
    """Return the bonus of a number after its word: nothing between, or `is` right before it."""
    if not DIGIT.search(gap):
        names = [word[0].strip(table.JOINTS) for word in between]
        bare = not between and not gap.strip(table.JOINTS + table.AROUND)
        if bare or (between and all(not name or name in table.CONNECTIVES for name in names)):
            return DIRECT
    before = gap.rstrip(table.AROUND_NUMBER)
    if before.endswith((*table.COLONS, "=")) or gap.strip()[-1:] in table.JOINT_CHARACTERS:
        return EQUATED
    return EQUATED if between and between[-1][0] in table.EQUALS else 0


def _bonus_after(gap: str, between: list[Word]) -> int:
    """Return the bonus of a number before its word: `is your`, nothing between, a dash or brackets."""
    if SENTENCE_END.search(gap) or len(between) > LOOK_BACK:
        return 0
    if gap[:1] in table.JOINT_CHARACTERS or (between and between[0][0] in table.EQUALS):
        return EQUALLED
    return EQUATED if not between or gap.lstrip(table.AROUND_END).startswith((" -", ":", "-")) else 0
