"""A store of texts behaves as the dictionary of their values, and decodes each once, when it is first read."""

from sys import getsizeof

from hypothesis import given
from hypothesis import strategies as st

from sandbox.core.lazy_store import LazyStore, compact, read_values

NUMBERS = st.integers(1, 200)


class Decoder:
    """Decodes texts, and notes which."""

    def __init__(self) -> None:
        self.decoded: list[int] = []

    def __call__(self, number: int, text: str) -> tuple[int, str]:
        self.decoded.append(number)
        return number, text


def decode_alone(number: int, text: str) -> tuple[int, str]:
    return number, text


@given(st.sets(NUMBERS, min_size=1), st.sets(NUMBERS), st.sets(NUMBERS), st.lists(NUMBERS, max_size=5))
def test_a_store_behaves_as_the_dictionary_of_its_values(
    kept: set[int], gone: set[int], changed: set[int], read: list[int]
) -> None:
    rows = LazyStore({number: f"row {number}" for number in kept}, decode_alone)
    model = {number: (number, f"row {number}") for number in sorted(kept)}
    first = [(rows.get(number), number in rows) for number in read]
    assert first == [(model.get(number), number in model) for number in read]
    for number in gone & kept:
        del rows[number], model[number]
    for number in sorted(changed):
        rows[number] = model[number] = (number, "changed")

    copy = rows.copy()
    asked = [*gone, *changed, *kept]
    for each in (copy, rows):
        assert (
            [*each],
            [*reversed(each)],
            (len(each), len(each.values())),
            [each.get(number) for number in asked],
            [*each.values()],
            [*each.items()],
        ) == (
            [*model],
            [*reversed(model)],
            (len(model), len(model)),
            [model.get(number) for number in asked],
            [*model.values()],
            [*model.items()],
        )
    rows.clear()
    assert ([*rows.values()], [*copy.values()]) == ([], [*model.values()])


def test_each_text_is_decoded_once_when_it_is_first_read() -> None:
    decoder = Decoder()
    rows = LazyStore({3: "c", 1: "a", 2: "b", 4: "d"}, decoder)
    rows[4] = (4, "changed")
    assert ([*rows], decoder.decoded, [*read_values(rows)]) == ([1, 2, 3, 4], [], [(4, "changed")])
    assert (rows[2], rows.get(2), rows[2]) == ((2, "b"), (2, "b"), (2, "b"))
    assert (decoder.decoded, [*read_values(rows)]) == ([2], [(2, "b"), (4, "changed")])
    assert [*rows.values()] == [(1, "a"), (2, "b"), (3, "c"), (4, "changed")]
    assert [*rows.values()] == [*read_values(rows)]
    assert decoder.decoded == [2, 1, 3]


def test_a_copy_is_decoded_by_itself_and_stays_as_it_is() -> None:
    decoder = Decoder()
    rows = LazyStore({1: "a", 2: "b"}, decoder)
    copy = rows.copy()
    rows[1] = (1, "changed")
    del rows[2]
    assert [*copy.values()] == [(1, "a"), (2, "b")]
    assert (decoder.decoded, [*rows.values()]) == ([1, 2], [(1, "changed")])


def test_a_store_without_the_room_of_what_was_deleted_has_its_texts_still() -> None:
    decoder = Decoder()
    rows = LazyStore({number: f"row {number}" for number in range(1_000)}, decoder)
    for number in range(900):
        del rows[number]
    before = getsizeof(rows)
    compact(rows)

    assert getsizeof(rows) < before / 4
    assert ([*rows], rows[950], decoder.decoded) == ([*range(900, 1_000)], (950, "row 950"), [950])
