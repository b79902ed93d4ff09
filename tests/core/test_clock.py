"""Clocks as values, durations as people write them, and chance without state."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.core.account import RateWindow
from sandbox.core.clock import (
    Clock,
    ClockMode,
    DurationError,
    format_time,
    make_clock,
    monotonic,
    parse_duration,
    utc_now,
)
from sandbox.core.errors import ClockBackwardsError
from sandbox.core.seeded_random import (
    DECIMAL_DIGITS,
    HEX_DIGITS,
    LETTERS_AND_DIGITS,
    draw_bytes,
    draw_fraction,
    draw_text,
    make_seed,
    make_token,
)
from tests.builders import NOON

spans = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=3650))


def test_a_frozen_clock_stands() -> None:
    clock = make_clock(ClockMode.FROZEN, start=NOON)

    assert (clock.now(), clock.now(), clock.real_seconds_until(NOON + timedelta(seconds=1))) == (NOON, NOON, None)


def test_what_is_due_now_or_before_is_due_at_once_on_every_clock() -> None:
    clocks = [make_clock(mode, rate=60, start=NOON) for mode in ClockMode]

    assert [clock.real_seconds_until(NOON - timedelta(days=1)) for clock in clocks] == [0.0, 0.0, 0.0]


def test_a_scaled_clock_runs_as_many_times_as_fast() -> None:
    clock = Clock(ClockMode.SCALED, 3600.0, NOON, NOON, monotonic() - 1)
    past = clock.now() - NOON - timedelta(hours=1)

    assert timedelta(0) <= past < timedelta(hours=1)


def test_the_wait_on_a_scaled_clock_is_that_many_times_shorter() -> None:
    clock = make_clock(ClockMode.SCALED, rate=60, start=NOON)
    seconds = clock.real_seconds_until(clock.now() + timedelta(minutes=10))

    assert seconds == pytest.approx(10, abs=1)


def test_without_a_start_a_clock_begins_at_the_real_time() -> None:
    before = utc_now()
    clock = make_clock(ClockMode.FROZEN)

    assert before <= clock.now() <= utc_now()


@given(spans)
def test_a_clock_that_is_moved_stands_where_it_was_moved_to(by: timedelta) -> None:
    clock = make_clock(ClockMode.FROZEN, start=NOON).moved(NOON + by)

    assert (clock.now(), clock.start, clock.mode) == (NOON + by, NOON, ClockMode.FROZEN)


def test_no_clock_goes_back() -> None:
    with pytest.raises(ClockBackwardsError) as caught:
        make_clock(ClockMode.FROZEN, start=NOON).moved(NOON - timedelta(milliseconds=1))

    told = "the clock is at 2026-03-02T12:00:00.000Z and cannot go back to 2026-03-02T11:59:59.999Z"
    assert str(caught.value) == told


@given(st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - a bound
def test_a_stamp_is_rfc_3339_with_milliseconds(at: datetime) -> None:
    text = format_time(at)

    assert (len(text), text[-1], datetime.fromisoformat(text)) == (
        24,
        "Z",
        at.replace(microsecond=at.microsecond // 1000 * 1000),
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("200ms", timedelta(milliseconds=200)),
        ("5s", timedelta(seconds=5)),
        ("2m", timedelta(minutes=2)),
        ("1h", timedelta(hours=1)),
        ("1d", timedelta(days=1)),
        ("1.5h", timedelta(minutes=90)),
        (" 5s ", timedelta(seconds=5)),
        ("5", timedelta(seconds=5)),
        (5, timedelta(seconds=5)),
        (0.25, timedelta(milliseconds=250)),
        (0, timedelta(0)),
        ("3650d", timedelta(days=3650)),
        ("1h30m", timedelta(hours=1, minutes=30)),
        (" 1d2h3m4s500ms ", timedelta(days=1, hours=2, minutes=3, seconds=4.5)),
        ("1.5m1.5s", timedelta(seconds=91.5)),
    ],
)
def test_a_duration_is_numbers_with_units_or_one_of_seconds(text: object, expected: timedelta) -> None:
    assert parse_duration(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "s",
        "-5s",
        -5,
        "5 s",
        "5S",
        "1h30",
        "1h 30m",
        "1hm",
        "1e3",
        "\u0665s",
        "5s\n5s",
        True,
        None,
        [],
        {},
        "nan",
        float("nan"),
        float("inf"),
    ],
)
def test_what_is_no_duration_is_refused_with_what_would_be_right(text: object) -> None:
    with pytest.raises(DurationError) as caught:
        parse_duration(text)

    assert str(caught.value) == f"{text!r} is not a duration; write 200ms, 5s, 2m, 1h30m, 1d or a number of seconds"


@pytest.mark.parametrize("text", ["3651d", "3650d1s", "999999999999d", 10**11])
def test_a_duration_of_more_than_ten_years_is_refused(text: object) -> None:
    with pytest.raises(DurationError) as caught:
        parse_duration(text)

    assert str(caught.value) == f"{text!r} is longer than ten years"


@given(st.text() | st.integers() | st.floats() | st.none() | st.booleans() | st.lists(st.integers()))
def test_everything_is_a_duration_or_is_refused(value: object) -> None:
    with suppress(DurationError):
        assert parse_duration(value) >= timedelta(0)


@given(st.integers(0, 10**6), st.sampled_from(["ms", "s", "m", "h"]))
def test_a_duration_is_as_long_as_its_unit_says(number: int, unit: str) -> None:
    step = {
        "ms": timedelta(milliseconds=1),
        "s": timedelta(seconds=1),
        "m": timedelta(minutes=1),
        "h": timedelta(hours=1),
    }
    longest = timedelta(days=3650)
    expected = number * step[unit]

    assert expected > longest or abs(parse_duration(f"{number}{unit}") - expected) <= timedelta(milliseconds=1)


seeds = st.integers(0, 2**32)


@given(seeds, st.integers(0, 10**9), st.text("abc ", max_size=10))
def test_a_draw_is_a_function_of_seed_subject_and_purpose(seed: int, number: int, purpose: str) -> None:
    once = (draw_bytes(seed, number, purpose, 16), draw_fraction(seed, number, purpose))

    assert once == (draw_bytes(seed, number, purpose, 16), draw_fraction(seed, number, purpose))


@given(seeds, seeds, st.integers(0, 100), st.integers(0, 100))
def test_another_seed_or_subject_draws_something_else(seed: int, other: int, number: int, another: int) -> None:
    same = (seed, number) == (other, another)

    assert (draw_bytes(seed, number, "x", 16) == draw_bytes(other, another, "x", 16)) is same


@given(seeds, st.integers(0, 100))
def test_a_fraction_lies_from_nought_to_one(seed: int, number: int) -> None:
    assert 0 <= draw_fraction(seed, number, "x") < 1


def test_fractions_are_spread_evenly() -> None:
    tenths = [int(draw_fraction(7, number, "x") * 10) for number in range(10_000)]

    assert [tenth for tenth in range(10) if not 900 < tenths.count(tenth) < 1100] == []


@given(seeds, st.integers(0, 40), st.sampled_from(["01", "0123456789", "abc"]))
def test_a_drawn_text_is_as_long_as_asked_and_of_its_alphabet(seed: int, length: int, alphabet: str) -> None:
    text = draw_text(seed, 1, "x", length=length, alphabet=alphabet)

    assert (len(text), set(text) <= set(alphabet)) == (length, True)


@pytest.mark.parametrize(
    ("alphabet", "text"),
    [
        (DECIMAL_DIGITS, "267182118"),
        (HEX_DIGITS, "26b12f66"),
        (LETTERS_AND_DIGITS, "ye9xcInECkj"),
        (LETTERS_AND_DIGITS + "!?", "ith8mV?!mbU"),
    ],
)
def test_the_texts_of_a_seed_stay_the_same_from_one_version_to_the_next(alphabet: str, text: str) -> None:
    assert draw_text(7, 1, "x", length=len(text), alphabet=alphabet) == text


def test_what_no_seed_rules_differs_each_time() -> None:
    assert (len({make_seed() for _ in range(50)}) > 45, len({make_token(14) for _ in range(50)})) == (True, 50)


def test_a_window_that_is_over_counts_as_empty() -> None:
    window = RateWindow("x", NOON, 999).plus(1)
    minute = timedelta(minutes=1)

    assert [window.at(NOON + by, minute).count for by in (minute - timedelta(microseconds=1), minute)] == [1000, 0]


def test_instants_of_other_zones_are_the_same_instants() -> None:
    tbilisi = NOON.astimezone(timezone(timedelta(hours=4)))

    assert make_clock(ClockMode.FROZEN, start=tbilisi).real_seconds_until(NOON) == 0.0
