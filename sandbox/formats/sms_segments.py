"""SMS segments: how many a text takes and where it is split; GSM 03.38 if its alphabet suffices, otherwise UCS-2.

A segment of a longer text holds fewer characters than a single SMS, because of the header that joins the segments.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal, NamedTuple

Encoding = Literal["gsm-7", "ucs-2"]

ESCAPE = 0x1B


class Capacity(NamedTuple):
    """How many units (septets or UTF-16 units) fit into one segment; a `wide` character takes two units."""

    alone: int
    part: int
    wide: re.Pattern[str]


class Alphabet(NamedTuple):
    """The characters of GSM 03.38: basic, extension (behind an escape), and patterns for texts of them."""

    basic: str
    extension: str
    plain: re.Pattern[str]
    whole: re.Pattern[str]
    capacities: dict[Encoding, Capacity]


@cache
def load_alphabet() -> Alphabet:
    """Return the alphabet; it is loaded on first use, because importing its library takes 30 ms.

    The codec only supplies the alphabet: it copies the whole text for each character, too slow for 1 MB.
    """
    from gsm0338 import Codec  # noqa: PLC0415 - as said above

    septets = [septet for septet in range(0x80) if septet != ESCAPE]
    basic = str(Codec().decode(bytes(septets))[0])
    extension = "".join(Codec().decode(bytes([ESCAPE, septet]), "ignore")[0] for septet in septets)
    capacities: dict[Encoding, Capacity] = {
        "gsm-7": Capacity(160, 153, re.compile(f"[{re.escape(extension)}]")),
        "ucs-2": Capacity(70, 67, re.compile("[\U00010000-\U0010ffff]")),
    }
    plain, whole = (re.compile(f"[{re.escape(each)}]*") for each in (basic, basic + extension))
    return Alphabet(basic, extension, plain, whole, capacities)


@dataclass(frozen=True, slots=True)
class Segments:
    """A text as the network carries it: `count` segments; `length` is the number of characters."""

    encoding: Encoding
    count: int
    length: int
    text: str

    @property
    def parts(self) -> tuple[str, ...]:
        """The texts of the segments, in order."""
        return tuple(self.text[begin:end] for begin, end in split_text(self.text, self.encoding))


def segment(text: str) -> Segments:
    """Return the segments of a text; an empty text takes one."""
    known = load_alphabet()
    if known.plain.fullmatch(text):
        capacity = known.capacities["gsm-7"]
        count = 1 if len(text) <= capacity.alone else -(-len(text) // capacity.part)
        return Segments("gsm-7", count, len(text), text)
    encoding: Encoding = "gsm-7" if known.whole.fullmatch(text) else "ucs-2"
    return Segments(encoding, sum(1 for _ in split_text(text, encoding)), len(text), text)


def split_text(text: str, encoding: Encoding) -> Iterator[tuple[int, int]]:
    """Yield start and end of each segment, each as full as possible."""
    alone, part, wide = load_alphabet().capacities[encoding]
    if len(text) <= alone and len(text) + len(wide.findall(text)) <= alone:
        yield 0, len(text)
        return
    places = (match.start() for match in wide.finditer(text))
    never = len(text) + part
    ahead = next(places, never)
    end = 0
    while end < len(text):
        begin, end = end, end + part
        while ahead < end:
            end -= 1
            if ahead == end:
                break  # only half of it fits, so it begins the next segment
            ahead = next(places, never)
        yield begin, min(end, len(text))
