"""Sketches of delays: exact for some thousands of values, near for any number."""

from statistics import quantiles

import pytest

from sandbox.core.seeded_random import draw_fraction
from sandbox.recording.sketch import SHARES, Sketch


def drawn(count: int) -> list[float]:
    """Return values over nine decades."""
    return [10 ** (9 * draw_fraction(7, number, "test") - 5) for number in range(count)]


def sketch_of(values: list[float], exact: int) -> Sketch:
    sketch = Sketch(exact)
    for each in values:
        sketch.add(each)
    return sketch


def test_few_values_have_exact_percentiles() -> None:
    values = drawn(1000)
    sketch = sketch_of(values, exact=1000)

    assert sketch.is_exact
    assert sketch.at(range(1, 100)) == pytest.approx(quantiles(values, n=100, method="inclusive"))


def test_percentiles_of_many_values_are_half_a_percent_off_at_most() -> None:
    values = drawn(20_000)
    sketch = sketch_of(values, exact=1000)

    assert not sketch.is_exact
    assert sketch.at(range(1, 100)) == pytest.approx(quantiles(values, n=100, method="inclusive"), rel=0.005)
    assert sketch.at([0, 100]) == [min(values), max(values)]


def test_the_order_of_values_does_not_matter() -> None:
    values = drawn(3000)

    assert sketch_of(values, exact=1000).at(SHARES) == sketch_of(values[::-1], exact=1000).at(SHARES)


def test_the_percentiles_that_are_written_lead_to_the_others() -> None:
    sketch = sketch_of([0.4 + draw_fraction(7, number, "test") for number in range(2000)], exact=2000)

    assert len(sketch.points()) < 12


def test_one_value_is_every_percentile() -> None:
    assert sketch_of([2.5], exact=10).points() == {0.0: 2.5, 50.0: 2.5, 100.0: 2.5}


def test_what_takes_less_than_no_time_takes_none() -> None:
    assert sketch_of([-1.0, 0.0], exact=1).at([0, 50, 100]) == [0.0, 0.0, 0.0]
