"""Rows behave as a dictionary does, and what is gone from them leaves no room behind."""

import gc
from sys import getsizeof

from hypothesis import given
from hypothesis import strategies as st

from sandbox.core.sequence_store import SequenceStore

NUMBERS = st.integers(1, 20_000)


@given(st.lists(NUMBERS, unique=True).map(sorted), st.sets(NUMBERS), st.lists(NUMBERS))
def test_rows_behave_as_a_dictionary(made: list[int], gone: set[int], changed: list[int]) -> None:
    rows: SequenceStore[str] = SequenceStore()
    model: dict[int, str] = {}
    for number in made:
        rows[number] = model[number] = f"row {number}"
    for number in gone.intersection(made):
        del rows[number], model[number]
    for number in model.keys() & {*changed}:
        rows[number] = model[number] = "changed"

    asked = [*gone, *changed]
    assert (
        [*rows.items()],
        [*rows.values()],
        [*reversed(rows)],
        (len(rows), len(rows.values())),
        [rows.get(number) for number in asked],
        [number in rows for number in asked],
    ) == (
        [*model.items()],
        [*model.values()],
        [*reversed(model)],
        (len(model), len(model)),
        [model.get(number) for number in asked],
        [number in model for number in asked],
    )
    assert rows == model


def test_what_is_gone_leaves_no_room_behind() -> None:
    rows: SequenceStore[None] = SequenceStore()
    sizes = []
    for number in range(400_000):
        rows[number] = None
        if number >= 50_000:
            del rows[number - 50_000]
        if number % 100_000 == 99_999:
            sizes.append(sum(map(getsizeof, gc.get_referents(*gc.get_referents(rows)))))

    assert max(sizes) < 1.1 * sizes[0]
