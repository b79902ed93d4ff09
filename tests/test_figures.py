"""The benchmarks write README's table: a column for each hour, the last three of them."""

from datetime import UTC, datetime
from functools import reduce

import pytest

from tests.benchmarks.figures import TIMES, Figure
from tests.benchmarks.readme import README, add_figures

EMPTY = "Before\n<!-- figures -->\n| Beside the bare handler | Limit |\n| --- | --- |\n<!-- end of figures -->\nAfter\n"


def sends(value: float) -> Figure:
    return Figure("sends: of the bare handler", value, TIMES, "higher", bar=0.8, short="sends a second")


def add(text: str, hour: int) -> str:
    others = [Figure("large", 150 + hour, "ms", bar=155, short="wait"), Figure("not for README", 1, "")]
    at = datetime(2026, 11, 28, hour, 30, tzinfo=UTC)
    return add_figures(add_figures(text, [sends(hour / 10)], at=at), others if hour % 2 else [], at=at)


def test_the_table_has_the_last_three_hours_and_says_what_missed_its_limit() -> None:
    text = reduce(add, [3, 7, 8, 9], EMPTY)

    assert text == (
        "Before\n<!-- figures -->\n"
        "| Beside the bare handler | Limit | 28 Nov, 07 h | 28 Nov, 08 h | 28 Nov, 09 h |\n"
        "| --- | --- | --- | --- | --- |\n"
        "| sends a second | ≥ 0.80 \N{MULTIPLICATION SIGN} | 0.70 \N{MULTIPLICATION SIGN} (missed) "
        "| 0.80 \N{MULTIPLICATION SIGN} | 0.90 \N{MULTIPLICATION SIGN} |\n"
        "| wait | ≤ 155 ms | 157 ms (missed) |  | 159 ms (missed) |\n"
        "<!-- end of figures -->\nAfter\n"
    )


def test_a_figure_that_is_taken_again_in_the_same_hour_is_replaced() -> None:
    at = datetime(2026, 11, 28, 12, tzinfo=UTC)

    once, twice = ([sends(0.9)], [sends(0.1), sends(0.9)])
    assert add_figures(EMPTY, twice, at=at) == add_figures(EMPTY, once, at=at)


def test_a_text_without_the_table_is_refused() -> None:
    with pytest.raises(ValueError, match="no table of figures"):
        add_figures("Before", [], at=datetime(2026, 11, 28, tzinfo=UTC))


def test_the_table_of_the_readme_can_be_written() -> None:
    text = README.read_text(encoding="utf-8")

    assert "sends a second" in add_figures(text, [sends(0.9)], at=datetime(2026, 11, 28, tzinfo=UTC))
