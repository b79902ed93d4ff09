"""Stand-ins for credentials, numbers, texts and codes: the same for the same value, and of the same shape.

A stand-in is a function of the value and of a random salt that is written nowhere. Digits are permuted, so that two
numbers or codes of one length never share a stand-in; letters are replaced word by word by letters of their case and
script, so that a text keeps its length, its SMS encoding and the places of its words, also where it is cut or quoted.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from hashlib import blake2b
from unicodedata import category

from sandbox.core.code_detection import find_code
from sandbox.formats.phone_numbers import is_possible
from sandbox.formats.sms_segments import load_alphabet
from sandbox.specs.spec import NumberPlan

ROUNDS = 10  # of the Feistel network that permutes digits
TABLE_LENGTH = 4  # digits up to which a permutation is a table, so that no value stands for itself
SHORTEST_NUMBER = 9  # digits of a number that is recognized by its digits alone
KEPT_NATIONAL = 1  # digits after the country code that stay: they tell mobile from other numbers
ENOUGH_NATIONAL = 5  # national digits of which one may stay

LOWER, UPPER, DIGITS = "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789"
HEX = re.compile(r"(?=.*[0-9])(?=.*[a-fA-F])[0-9a-fA-F-]+")
EMOJI = range(0x1F300, 0x1FB00)
EMOJI_POOL = "".join(map(chr, range(0x1F600, 0x1F640)))
NUMBER_TEXT = re.compile(r"\+?[\d ().\-/]*\d", re.ASCII)  # digits, and what people write between them
COMPACT_TIME = re.compile(r"20[2-4]\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:[01]\d|2[0-3])[0-5]\d(?:[0-5]\d)?")
SHAPED_NUMBER = re.compile(
    r"(?<![\w+])\+\d(?:[ ().-]{0,2}\d){6,14}(?!\d)|(?<![\w.:-])(?:00)?[1-9]\d{8,14}(?![\w:]|[.-]\d)", re.ASCII
)
TOKEN = re.compile(
    r"\{[{#%]?[\w. ]{1,32}[}#%]?\}"  # a placeholder, which the provider fills in
    r"|(?<![\w+])\+\d(?:[ ().-]{0,2}\d){6,14}(?!\d)"  # a number with +
    r"|[A-Za-z]*(?:[^\x00-\x7f\s]+[A-Za-z]*)+"  # a word with characters beyond ASCII
    r"|[A-Za-z0-9]+",
    re.ASCII,
)


class StandIns:
    """Makes stand-ins; `salt` must be random, and is needed to make the same ones again."""

    def __init__(self, salt: str) -> None:
        self._key = blake2b(salt.encode(), digest_size=32).digest()
        self._tables: dict[str, dict[str, str]] = {}

    def secret(self, value: str) -> str:
        """Return the stand-in of a credential: letters, digits and hexadecimal digits stay what they are."""
        if value.isdecimal() and value.isascii():
            return self.digits(value)
        return self._replace(value, "secret", in_hex=bool(HEX.fullmatch(value)))

    def number(self, value: str, home: NumberPlan | None = None) -> str:
        """Return the stand-in of a phone number, with its country code, its `+` or `00`, and what is between digits.

        `home` is the provider's national format: the same number with and without country code is one number.
        """
        digits = "".join(filter(str.isdecimal, value))
        lead = "00" if digits.startswith("00") and "+" not in value else ""
        core = digits.removeprefix(lead)
        if home is not None and "+" not in value and not lead:
            zero = "0" if len(core) == home.national + 1 and core.startswith("0") else ""
            if len(core) == home.national + len(zero):
                whole = self._international(home.country + core.removeprefix(zero))
                return _fill(value, zero + whole.removeprefix(home.country))
        return _fill(value, lead + self._international(core))

    def digits(self, value: str) -> str:
        """Return the stand-in of a run of digits, such as a code; leading zeros stay."""
        rest = value.lstrip("0")
        if not rest:
            return value if len(value) == 1 else self._digit_table(value, str(len(value)))
        return value[: len(value) - len(rest)] + self._permuted(rest, "digits", leads=True)

    def run(self, digits: str, home: NumberPlan | None = None) -> str:
        """Return the stand-in of a run of digits that may be a number or something else."""
        is_number = len(digits) >= SHORTEST_NUMBER and is_possible(digits.removeprefix("00"))
        return self.number(digits, home) if is_number and not is_time(digits) else self.digits(digits)

    def text(self, value: str, home: NumberPlan | None = None) -> str:
        """Return the stand-in of a text, word by word; a code in it has its own stand-in, placeholders stay."""
        code = find_code(value)
        if code is not None and code.isdecimal() and code not in value:
            apart = re.search("[ -]?".join(code), value)
            if apart is not None:
                before, after = value[: apart.start()], value[apart.end() :]
                return self.text(before, home) + _fill(apart[0], self.digits(code)) + self.text(after, home)
        return TOKEN.sub(lambda token: self._word(token[0], home), value)

    def _word(self, token: str, home: NumberPlan | None) -> str:
        if token.startswith("{"):
            return token
        if token.startswith("+"):
            return self.number(token, home)
        if token.isascii() and token.isdecimal():
            return self.run(token, home)
        return self._replace(token, "word", in_hex=False)

    def _international(self, digits: str) -> str:
        """Return the stand-in of a number with its country code."""
        size = _country_code_size(digits[:3]) if is_possible(digits) else 0
        if not size:
            return self.digits(digits)
        kept = size + (KEPT_NATIONAL if len(digits) - size > ENOUGH_NATIONAL else 0)
        return digits[:kept] + self._permuted(digits[kept:], digits[:kept], leads=False)

    def _permuted(self, digits: str, tweak: str, *, leads: bool) -> str:
        """Return the image of digits under a permutation of all texts of their length.

        `leads`: the first digit is not 0, and stays so, as a JSON number may not begin with 0.
        """
        if leads and len(digits) <= TABLE_LENGTH:
            return self._digit_table(digits, tweak, leads=True)
        for attempt in range(100):
            found = self._feistel(digits, f"{tweak}/{attempt}")
            while leads and found.startswith("0"):  # a walk along the cycle, which is still a permutation
                found = self._feistel(found, f"{tweak}/{attempt}")
            if found != digits:
                break
        return found

    def _feistel(self, digits: str, tweak: str) -> str:
        middle = len(digits) // 2
        left, right = digits[:middle], digits[middle:]
        for turn in range(ROUNDS):
            drawn = int.from_bytes(self._draw(f"{tweak}/{len(digits)}/{turn}/{right}", 16), "big")
            left, right = right, f"{(int(left) + drawn) % 10 ** len(left):0{len(left)}}"
        return left + right

    def _digit_table(self, digits: str, purpose: str, *, leads: bool = False) -> str:
        """Return the image of a few digits: the next of all in a random order, so that none stands for itself."""
        size = len(digits)
        if size > TABLE_LENGTH:  # zeros alone
            return self._permuted("1" + digits[1:], "zeros", leads=True)
        name = f"{purpose}/{size}"
        if name not in self._tables:
            known = [f"{each:0{size}}" for each in range(10**size)]
            order = sorted(
                (each for each in known if not leads or each[0] != "0"),
                key=lambda each: self._draw(f"table/{name}/{each}", 8),
            )
            self._tables[name] = dict(zip(order, [*order[1:], order[0]], strict=True))
        return self._tables[name][digits]

    def _replace(self, value: str, purpose: str, *, in_hex: bool) -> str:
        """Return a text with each letter and digit replaced by another of its kind."""
        for attempt in range(100):
            drawn = self._stream(f"{purpose}/{attempt}/{value}")
            found = "".join(_other(each, next(drawn), in_hex=in_hex) for each in value)
            if found != value:
                break
        return found

    def _stream(self, purpose: str) -> Iterator[int]:
        block = 0
        while True:
            drawn = self._draw(f"{purpose}/{block}", 64)
            yield from (int.from_bytes(drawn[place : place + 2], "big") for place in range(0, 64, 2))
            block += 1

    def _draw(self, purpose: str, size: int) -> bytes:
        return blake2b(purpose.encode("utf-8", "surrogatepass"), key=self._key, digest_size=size).digest()


def is_time(digits: str) -> bool:
    """Return whether digits are a date and time without signs between, such as 20261128072735."""
    return bool(COMPACT_TIME.fullmatch(digits))


def _fill(pattern: str, digits: str) -> str:
    """Return a text with its digits replaced one by one."""
    given = iter(digits)
    return "".join(next(given) if each.isdecimal() else each for each in pattern)


def _other(char: str, drawn: int, *, in_hex: bool) -> str:
    pool = _pool(char, in_hex)
    return pool[drawn % len(pool)] if pool else char


@lru_cache(maxsize=4096)
def _pool(char: str, in_hex: bool) -> str:  # noqa: FBT001 - cached by place
    """Return the characters that may stand for one: of its case, script and SMS alphabet; none for punctuation."""
    for pool, hexadecimal in ((LOWER, "abcdef"), (UPPER, "ABCDEF"), (DIGITS, DIGITS)):
        if char in pool:
            return hexadecimal if in_hex else pool
    kind, point = category(char), ord(char)
    if char.isascii() or kind[0] not in "LNS" or (kind[0] == "S" and point not in EMOJI):
        return ""
    if kind[0] == "S":
        return EMOJI_POOL
    gsm = load_alphabet().basic
    if char in gsm:
        return "".join(each for each in gsm if not each.isascii() and category(each) == kind)
    block = point & ~0x7F
    return "".join(each for each in map(chr, range(block, block + 0x80)) if category(each) == kind and each not in gsm)


@lru_cache(maxsize=1024)
def _country_code_size(begin: str) -> int:
    """Return the number of digits of the country code with which a number begins, 0 if it begins with none."""
    import phonenumbers  # noqa: PLC0415 - 40 ms that only a recording pays

    known = phonenumbers.COUNTRY_CODE_TO_REGION_CODE
    return next((size for size in range(1, 4) if begin[:size].isdecimal() and int(begin[:size]) in known), 0)
