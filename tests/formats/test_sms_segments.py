"""How texts are cut into SMS."""

from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.formats.sms_segments import Encoding, load_alphabet, segment

BASIC, EXTENSION = load_alphabet().basic, load_alphabet().extension

ALONE = {"gsm-7": 160, "ucs-2": 70}
PART = {"gsm-7": 153, "ucs-2": 67}

gsm_texts = st.text(st.sampled_from(BASIC + EXTENSION * 3), max_size=700)
texts = st.one_of(gsm_texts, st.text(max_size=300), st.text(st.sampled_from("жა😀𝄞a€"), max_size=300))


def units(text: str, encoding: Encoding) -> int:
    return sum(map(len, characters(text, encoding)))


def characters(text: str, encoding: Encoding) -> Iterator[str]:
    """Yield what stands for each character on the air: one unit, or two that belong together."""
    for character in text:
        wide = character in EXTENSION if encoding == "gsm-7" else ord(character) > 0xFFFF
        yield "ab" if wide else "a"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ("gsm-7", 1, 0)),
        ("test message", ("gsm-7", 1, 12)),
        ("a" * 160, ("gsm-7", 1, 160)),
        ("a" * 161, ("gsm-7", 2, 161)),
        ("a" * 306, ("gsm-7", 2, 306)),
        ("a" * 307, ("gsm-7", 3, 307)),
        ("€" * 80, ("gsm-7", 1, 80)),
        ("€" * 81, ("gsm-7", 2, 81)),
        ("a" * 152 + "€" + "a" * 151, ("gsm-7", 2, 304)),
        ("a" * 152 + "€" + "a" * 152, ("gsm-7", 3, 305)),
        ("ç", ("ucs-2", 1, 1)),
        ("\x1b", ("ucs-2", 1, 1)),
        ("`", ("ucs-2", 1, 1)),
        ("ж" * 70, ("ucs-2", 1, 70)),
        ("ж" * 71, ("ucs-2", 2, 71)),
        ("😀" * 35, ("ucs-2", 1, 35)),
        ("😀" * 36, ("ucs-2", 2, 36)),
        ("😀" * 66, ("ucs-2", 2, 66)),
        ("😀" * 67, ("ucs-2", 3, 67)),
        ("ж" * 66 + "😀" + "ж" * 65, ("ucs-2", 2, 132)),
    ],
)
def test_a_text_takes_as_many_sms_as_its_alphabet_asks_for(text: str, expected: tuple[str, int, int]) -> None:
    segments = segment(text)

    assert (segments.encoding, segments.count, segments.length) == expected


def test_a_character_of_two_units_is_not_split_between_two_parts() -> None:
    parts = segment("a" * 152 + "€" + "b" * 10).parts

    assert parts == ("a" * 152, "€" + "b" * 10)


@given(texts)
def test_the_parts_joined_are_the_text(text: str) -> None:
    assert "".join(segment(text).parts) == text


@given(texts)
def test_there_are_as_many_parts_as_are_counted(text: str) -> None:
    segments = segment(text)

    assert len(segments.parts) == segments.count


@given(texts)
def test_every_part_is_within_its_limit(text: str) -> None:
    segments = segment(text)
    limit = (ALONE if segments.count == 1 else PART)[segments.encoding]

    assert [part for part in segments.parts if units(part, segments.encoding) > limit] == []


@given(texts)
def test_no_part_has_room_for_the_first_character_of_the_next(text: str) -> None:
    encoding = segment(text).encoding
    joined = [part + following[0] for part, following in pairwise(segment(text).parts)]

    assert [each for each in joined if units(each, encoding) <= PART[encoding]] == []


@given(texts)
def test_a_text_that_fits_into_one_sms_takes_one(text: str) -> None:
    segments = segment(text)

    assert (segments.count == 1) == (units(text, segments.encoding) <= ALONE[segments.encoding])


@given(gsm_texts)
def test_the_gsm_alphabet_is_never_sent_as_ucs_2(text: str) -> None:
    assert segment(text).encoding == "gsm-7"


@pytest.mark.parametrize(("character", "parts"), [("a", 6854), ("€", 13798), ("ж", 15651), ("😀", 31776)])
def test_a_text_of_a_million_characters_is_counted_and_cut(character: str, parts: int) -> None:
    segments = segment(character * 2**20)

    assert (segments.count, len(segments.parts)) == (parts, parts)


def test_half_of_a_surrogate_pair_counts_as_one_unit() -> None:
    assert segment("\ud83d" * 70).count == 1
