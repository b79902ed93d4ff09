"""How long something takes: fixed, or drawn from a distribution."""

from datetime import timedelta
from statistics import quantiles

import pytest

from sandbox.core.seeded_random import Distribution, Fixed, Lognormal, Normal, Percentiles, Uniform, draw_fraction
from sandbox.formats.yaml_files import parse
from sandbox.scenarios.value_readers import read_delay
from sandbox.scenarios.yaml_node import Node, SourceFile

SECOND = timedelta(seconds=1)


def reading(text: str) -> Distribution:
    file = SourceFile(parse(text, "delay.yaml"))
    return read_delay(Node(file, (), file.document.value))


@pytest.mark.parametrize(
    ("text", "distribution"),
    [
        ("200ms", Fixed(SECOND / 5)),
        ("1.5", Fixed(SECOND * 1.5)),
        ("uniform: [100ms, 400ms]", Uniform(SECOND / 10, SECOND * 2 / 5)),
        ("normal: [2s, 500ms]", Normal(SECOND * 2, SECOND / 2)),
        ("lognormal: [2s, 0.5]", Lognormal(SECOND * 2, 0.5)),
        ("percentiles: {50: 1s, 95: 8s, 99.9: 1m}", Percentiles((50.0, 95.0, 99.9), (SECOND, SECOND * 8, SECOND * 60))),
    ],
)
def test_a_delay_is_fixed_or_one_of_four_distributions(text: str, distribution: Distribution) -> None:
    assert reading(text) == distribution


@pytest.mark.parametrize(
    ("distribution", "expected"),
    [
        (Fixed(SECOND), (1.0, 1.0, 1.0)),
        (Uniform(SECOND, SECOND * 3), (1.5, 2.0, 2.5)),
        (Normal(SECOND * 10, SECOND), (9.326, 10.0, 10.674)),
        (Lognormal(SECOND, 1.0), (0.509, 1.0, 1.963)),
        (Percentiles((50.0, 80.0, 100.0), (SECOND, SECOND * 2, SECOND * 10)), (0.5, 1.0, 1.833)),
    ],
)
def test_draws_have_the_quartiles_of_their_distribution(
    distribution: Distribution, expected: tuple[float, float, float]
) -> None:
    seconds = [distribution.at(draw_fraction(7, number, "test")).total_seconds() for number in range(10_000)]

    assert quantiles(seconds, n=4) == pytest.approx(expected, rel=0.05)


def test_nothing_takes_less_than_no_time() -> None:
    assert Normal(SECOND, SECOND * 5).at(0.0) == timedelta(0)


def test_percentiles_end_with_the_last_one() -> None:
    drawn = Percentiles((50.0, 99.0), (SECOND, SECOND * 8))

    assert [drawn.at(fraction) for fraction in (0.0, 0.5, 0.9999)] == [timedelta(0), SECOND, SECOND * 8]
