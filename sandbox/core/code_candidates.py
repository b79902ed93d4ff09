"""The numbers in a text that could be a one-time code, judged by their form and the characters around them."""

import re
from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple

from sandbox.core.code_words import (
    CALLING,
    CODE_WORDS,
    CURRENCY_SIGNS,
    CURRENCY_WORDS,
    FILLERS,
    JOINTS,
    LABELS,
    MONEY_WORDS,
    PERIOD,
    TOLL_FREE,
    UNITS,
    UNSPACED_LABELS,
)

SHORTEST, LONGEST = 4, 10  # characters of a code
LONG = 9  # a number of this many digits looks like a phone number
SPELLED = 8  # maximum digits written one by one
GLUED = 24  # letters checked before a number
PHONE = 15  # maximum digits of a phone number
PHONE_SPACED, PHONE_GROUP = 9, 5  # minimum digits of one with spaces, maximum digits of a group in it
CALLED = 40  # characters searched for a word for calling
DATED = 15  # penalty of a number that looks like a date

# Digits with letters, or groups of digits with separators. Letters before a number are found backwards, so that the
# search starts at digits alone; the quantifiers are possessive, so that no part is tried twice.
NUMBER = re.compile(
    r"\d++[a-z][a-z\d]*+(?:-[a-z\d]{3,4}(?![a-z\d-]))?"
    r"|[+(]{0,2}\d++(?:(?:[ .,:/-]|\)[ -]?| \()\d++(?![a-z]))*+",
)
PIECE = re.compile(r"\d+")
LETTER = re.compile("[a-z]")
COUNTED = re.compile(r" ?([^\W\d_]+)")
SPACED = re.compile(r"\d[\d.,:/-]*(?<=\d)")
DOTTED = re.compile(r"\d{3}\.\d{3}")  # a code only if right beside its word, because amounts have this form too
WHOLE = re.compile(r"([a-z]*)(\d+)([a-z]*)")
MASKED = re.compile(r"[\dx]*x{2,}[\dx]*|x+\d+")
DOMAIN = re.compile(r"\.(?:com|net|org|info|app|dev)\b")
MONEY_ALL = MONEY_WORDS | CURRENCY_WORDS
HALVES = frozenset({(3, 3), (2, 2, 2)})
UNCERTAIN = frozenset({(4, 4), (2, 2, 2, 2), (2, 2)})  # phone numbers and dates have these forms too
LOCAL = (3, 4)  # a phone number without area code
SPACED_SCRIPTS = ((0x10A0, 0x10FF), (0x1C90, 0x1CBF), (0x1E00, 0x1FFF), (0x2C00, 0x2DFF))  # from 0x590 on


class Reason(Enum):
    """Why a number is not a one-time code."""

    LABELLED = "another word names it: an account, an order, a reference"
    AMOUNT = "an amount of money, or a percentage"
    COUNT = "counts a unit"
    DATE = "a date"
    TIME = "a time"
    PHONE = "a phone number"
    RECIPIENT = "a message is sent to it"
    DATE_TIME_OR_AMOUNT = "a date, a time or an amount"
    DATE_OR_PHONE = "a date or a phone number"
    MASKED = "digits of it are masked"
    TOO_LONG = "more digits than a code has"
    PART = "part of a longer word, number or address"
    REFERENCE = "two groups of different lengths or of mixed case"


class Candidate(NamedTuple):
    """A number in a text; `reason` says why it is not a code, `exact` that it must stand right beside its word.

    `minus` is a penalty for its form.
    """

    value: str
    start: int
    end: int
    reason: Reason | None = None
    exact: bool = False
    grouped: bool = False
    minus: int = 0

    @property
    def long(self) -> bool:
        """Whether it looks like a phone number, so that its word must come before it."""
        return len(self.value) >= LONG and self.value.isdecimal()


def find_candidates(text: str, low: str) -> Iterator[Candidate]:
    """Yield the numbers in a text that are long enough for a code; `low` is the folded text."""
    for match in NUMBER.finditer(low):
        found, start, end = match[0], match.start(), match.end()
        if start and "a" <= low[start - 1] <= "z" and found[0].isdecimal():
            middle = end if _has_letters(found) else start + len(_first(found))
            begin = start - len(glued_word(low, start))
            yield from _mixed(text, low, begin, middle)
            if middle < end:
                yield from _joined(text, low, middle + 1, end)
        elif found.isdecimal():
            if end - start >= SHORTEST:
                yield _single(text, low, start, end)
        elif _has_letters(found):
            yield from _mixed(text, low, start, end)
        else:
            yield from _joined(text, low, start, end)


def separate_periods(low: str) -> str:
    """Return a folded text with a semicolon between a number and the period of time that touches it: `482910,5 min`."""
    return PERIOD.sub(r"\1;", low)


def _has_letters(found: str) -> bool:
    return LETTER.search(found) is not None


def _first(found: str) -> str:
    """Return the digits at the beginning of a text."""
    piece = PIECE.match(found)
    return piece[0] if piece else ""


def is_unspaced(character: str) -> bool:
    """Return whether a letter belongs to a script without spaces around numbers."""
    code = ord(character)
    return code >= 0x590 and not any(first <= code <= last for first, last in SPACED_SCRIPTS)  # noqa: PLR2004


def find_unspaced_label(name: str) -> str:
    """Return the label at the end of a word in a script without spaces, or an empty text."""
    stem = name.rstrip(JOINTS)
    if not stem or not is_unspaced(stem[-1]):
        return ""
    return next((label for label in UNSPACED_LABELS if stem.endswith(label)), "")


def _single(text: str, low: str, start: int, end: int) -> Candidate:
    """Return the candidate of an ungrouped number."""
    value, size = low[start:end], end - start
    reason = Reason.TOO_LONG if size > LONGEST else why_touched(text, low, start, end)
    return Candidate(value, start, end, reason, exact=size >= LONG, minus=DATED if _is_dated(value) else 0)


def _is_dated(value: str) -> bool:
    """Return whether a number could be a year, or a date of eight digits."""
    if len(value) == 4:  # noqa: PLR2004 - digits of a year
        return "1900" <= value < "2100"
    if len(value) != 8:  # noqa: PLR2004 - digits of a date
        return False
    return any(
        "1900" <= year < "2100" and "01" <= month <= "12" and "01" <= day <= "31"
        for year, month, day in ((value[:4], value[4:6], value[6:]), (value[4:], value[2:4], value[:2]))
    )


def _mixed(text: str, low: str, start: int, end: int) -> Iterator[Candidate]:
    """Yield candidates of letters and digits: a code such as E7CB7B, an amount such as 1500KM, a masked account."""
    found, value = low[start:end], text[start:end]
    if "-" in found:
        left, _, right = value.partition("-")
        same = len(left) == len(right) and value == value.upper() and not right.isdigit() and not right.isalpha()
        reason = why_touched(text, low, start, end) if same else Reason.REFERENCE
        yield Candidate(left + right, start, end, reason, exact=True, grouped=True)
        return
    whole = WHOLE.fullmatch(found)
    before, after = (whole[1], whole[3]) if whole else ("", "")
    if before in CODE_WORDS and whole and not after and SHORTEST <= len(whole[2]) <= LONGEST:
        yield Candidate(whole[2], start + len(before), end, why_touched(text, low, start, end), exact=True)
    elif SHORTEST <= len(found) <= LONGEST:
        reason = _worded(before, after) or _mixed_reason(text, low, start, end)
        yield Candidate(value, start, end, reason, exact=True)


def _worded(before: str, after: str) -> Reason | None:
    """Return why digits with these letters before and after are not a code."""
    if {before, after} & MONEY_ALL or (after in UNITS and not before):
        return Reason.AMOUNT
    return Reason.LABELLED if before in LABELS or (before in FILLERS and len(before) > 1) else None


def _mixed_reason(text: str, low: str, start: int, end: int) -> Reason | None:
    """Return why letters and digits are not a code, by their form and surroundings."""
    if MASKED.fullmatch(low, start, end):
        return Reason.MASKED
    if start and low[start - 1] in "+/=-.#&?@":
        return Reason.PART
    return why_touched(text, low, start, end) if text[start:end].isascii() else Reason.PART


def _joined(text: str, low: str, start: int, end: int) -> Iterator[Candidate]:
    """Yield the candidates of a group of digits: one code, one phone number, or separate numbers."""
    found = low[start:end]
    if found[0] in "+(" and (found[0] == "+" or found[:2] == "(+"):
        start = _after_phone(low, start, end)
        yield Candidate("", start, start, Reason.PHONE)
    elif "(" in found[1:] or ")" in found:
        area = PIECE.search(found)
        if area and len(area[0]) < SHORTEST:
            yield Candidate("", start, end, Reason.PHONE)
            return
    toll_free = TOLL_FREE.match(low, start, end)
    if toll_free and CALLING.search(low[max(0, start - CALLED) : start]):
        start = toll_free.end()
        yield Candidate("", start, start, Reason.PHONE)
    units = [(start + each.start(), start + each.end()) for each in SPACED.finditer(low[start:end])]
    if len(units) > 1 and counts_something(low, units[-1][1]):
        yield from _unit(text, low, *units.pop())
    sizes = tuple([last - first for first, last in units])
    if len(units) > 1:
        digits = sum(sizes)
        if sizes in HALVES or (set(sizes) == {1} and SHORTEST <= digits <= SPELLED) or sizes in UNCERTAIN:
            yield _grouped(text, low, units[0][0], units[-1][1], exact=sizes in UNCERTAIN)
            return
        pieces = [len(each) for each in PIECE.findall(low[units[0][0] : units[-1][1]])]
        if max(pieces) <= PHONE_GROUP and (sum(pieces) >= PHONE_SPACED or sizes == LOCAL):
            yield Candidate("", units[0][0], units[-1][1], Reason.PHONE)
            return
    for first, last in units:
        yield from _unit(text, low, first, last)


def _after_phone(low: str, start: int, end: int) -> int:
    """Return the end of a phone number that begins with +; it has at most `PHONE` digits."""
    digits, last = 0, start
    for each in PIECE.finditer(low, start, end):
        digits += len(each[0])
        if digits > PHONE and last > start:
            break
        last = each.end()
    return last


def _unit(text: str, low: str, start: int, end: int) -> Iterator[Candidate]:
    """Yield the candidate of a number without spaces."""
    found = low[start:end]
    if found.isdecimal():
        if end - start >= SHORTEST:
            yield _single(text, low, start, end)
        return
    if found.replace("-", "").isdecimal():
        sizes = tuple([len(each) for each in found.split("-")])
        spelled = set(sizes) == {1} and SHORTEST <= len(sizes) <= SPELLED
        if sizes in HALVES or sizes in UNCERTAIN or spelled:
            yield _grouped(text, low, start, end, exact=sizes in UNCERTAIN)
        else:
            yield Candidate("", start, end, Reason.DATE_OR_PHONE)
        return
    if DOTTED.fullmatch(found):
        yield _grouped(text, low, start, end, exact=True)
    else:
        yield Candidate("", start, end, Reason.DATE_TIME_OR_AMOUNT)


def _grouped(text: str, low: str, start: int, end: int, *, exact: bool) -> Candidate:
    value = "".join(PIECE.findall(low[start:end]))
    return Candidate(value, start, end, why_touched(text, low, start, end), exact=exact, grouped=True)


def counts_something(low: str, end: int) -> bool:
    """Return whether a unit or a currency follows a number."""
    word = COUNTED.match(low, end)
    return word is not None and (word[1] in UNITS or word[1] in MONEY_WORDS or word[1] in CURRENCY_WORDS)


def why_touched(text: str, low: str, start: int, end: int) -> Reason | None:
    """Return why a number is not a code, by the characters next to it."""
    before = low[start - 2 : start] if start > 1 else f" {low[:start]}".rjust(2)
    after = (low[end : end + 2]).ljust(2)
    if before == "  " and after[0] in " .":
        return None if after[0] == " " or not DOMAIN.match(low, end) else Reason.PART
    return _touched_before(low, before, after, start) or _touched_after(text, low, after, end)


def _touched_before(low: str, before: str, after: str, start: int) -> Reason | None:
    far, near = before[0], before[1]
    if near in CURRENCY_SIGNS or (near == " " and far in CURRENCY_SIGNS):
        return Reason.AMOUNT
    if near.isalpha():
        return None if is_unspaced(near) or glued_word(low, start) in CODE_WORDS else Reason.PART
    longer = near in "@+" or (near == "/" and far.isalnum()) or (near in "-." and far.isdecimal())
    if longer or (near == "_" and (after[0] != "_" or far.isalnum())):
        return Reason.PART
    masked = near in "•●…" or (near == "*" and (far.isalnum() or (far == "*" and after != "**")))
    return Reason.MASKED if masked else None


def _touched_after(text: str, low: str, after: str, end: int) -> Reason | None:
    near, far = after[0], after[1]
    if (
        near in CURRENCY_SIGNS
        or near in "%°"
        or after == "/-"
        or (near == " " and (far in CURRENCY_SIGNS or far == "%"))
    ):
        return Reason.AMOUNT
    if near.isalpha():
        return None if is_unspaced(near) else Reason.PART
    suffixed = near == "-" and (far.isdecimal() or (far.isalpha() and text[end + 1].isupper()))
    longer = near in "@+" or (near in "/_" and far.isalnum()) or (near == "." and DOMAIN.match(low, end))
    if suffixed or longer:
        return Reason.PART
    starred = near == "*" and (far.isalnum() or far == "*") and low[end + 2 : end + 3] not in {"", " ", "."}
    return Reason.MASKED if near in "•●" or starred else None


def glued_word(low: str, end: int) -> str:
    """Return the letters right before a number."""
    start = end
    while start and end - start < GLUED and low[start - 1].isalpha():
        start -= 1
    return low[start:end]
