"""The histogram of durations and its percentiles."""

import pytest

from sandbox.control.overview import Durations


def counted(*seconds: float) -> dict[str, object]:
    durations = Durations()
    for each in seconds:
        durations.add(each)
    return durations.show()


def test_without_durations_there_are_no_percentiles_and_no_buckets() -> None:
    assert counted() == {"count": 0, "p50": None, "p95": None, "p99": None, "buckets": []}


def test_the_buckets_reach_from_the_first_to_the_last_that_is_not_empty() -> None:
    assert counted(1.0, 1.001, 2.4, 2.0)["buckets"] == [
        {"up_to": 1, "count": 2},
        {"up_to": 1.5, "count": 0},
        {"up_to": 2, "count": 1},
        {"up_to": 3, "count": 1},
    ]


@pytest.mark.parametrize(
    ("seconds", "percentiles"),
    [
        ([0.5], [0.5, 0.5, 0.5]),
        ([1.0, 2.0], [1.0, 2.0, 2.0]),
        ([float(each) for each in range(1, 101)], [50.0, 95.0, 99.0]),
        ([1.23456, 0.0123456], [0.0123, 1.23, 1.23]),
        ([-3.0, 0.0], [0.0, 0.0, 0.0]),
    ],
)
def test_a_percentile_is_the_smallest_duration_that_so_many_do_not_exceed(
    seconds: list[float], percentiles: list[float]
) -> None:
    shown = counted(*seconds)

    assert [shown["p50"], shown["p95"], shown["p99"]] == percentiles


def test_what_takes_more_than_thirty_days_is_in_a_bucket_without_a_bound() -> None:
    assert counted(3_000_000)["buckets"] == [{"up_to": None, "count": 1}]
