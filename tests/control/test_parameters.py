from datetime import UTC, datetime, timedelta

import pytest

from sandbox.control.parameters import Context, FormatError, Since, parse_instant, read_value
from sandbox.control.problems import Mistake
from sandbox.specs.fast_validation import CompiledSchema
from tests.builders import Desk, packs


def context() -> Context:
    desk = Desk()
    desk.send(
        "POST",
        "/api/smpp/client/send",
        headers={"x-api-key": "k"},
        json_body={"from": "A", "to": "38761930305", "text": "x"},
    )
    return Context(packs(), desk.world)


def read(format_: str, value: object) -> object:
    schema = CompiledSchema({"properties": {"value": {"format": format_}}})
    found, mistakes = read_value({"value": value}, schema, context())
    return mistakes[0].problem if mistakes else found["value"] if isinstance(found, dict) else None


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-02T12:00:00Z",
        "2026-03-02t12:00:00.000z",
        "2026-03-02 12:00:00Z",
        "2026-03-02T13:00:00+01:00",
        "2026-03-02T13:00:00 01:00",
        "2026-03-02T06:30:00.000000-05:30",
    ],
)
def test_a_time_is_read_in_every_form_of_rfc_3339_and_with_the_plus_that_a_query_loses(text: str) -> None:
    assert parse_instant(text) == datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2026-03-02",
        "2026-03-02T12:00:00",
        "2026-02-30T12:00:00Z",
        "2026-03-02T25:00:00Z",
        "0001-01-01T00:00:00+01:00",
    ],
)
def test_what_is_no_time_says_how_one_is_written(text: str) -> None:
    with pytest.raises(
        FormatError, match=r"^invalid time '.*': use a time with its zone such as 2026-03-02T12:00:00Z$"
    ):
        parse_instant(text)


def test_a_wait_is_a_duration_of_at_most_a_minute() -> None:
    assert [read("wait", each) for each in ("250ms", 2, "1m", "61s")] == [
        timedelta(milliseconds=250),
        timedelta(seconds=2),
        timedelta(minutes=1),
        "'61s' is longer than the maximum wait of 60s",
    ]


def test_since_is_an_id_the_latest_or_a_time() -> None:
    given = context()
    message = next(iter(given.world.messages.values())).id
    schema = CompiledSchema({"properties": {"value": {"format": "since-message"}}})
    values = [read_value({"value": each}, schema, given) for each in (message, "latest", "2026-03-02T12:00:00Z")]

    assert values == [
        ({"value": Since(1)}, []),
        ({"value": Since(1)}, []),
        ({"value": Since(0, datetime(2026, 3, 2, 12, 0, tzinfo=UTC))}, []),
    ]


@pytest.mark.parametrize("value", ["2", "01", "-1", "x", "99999999999999999999", "\u0661"])
def test_a_number_that_no_request_has_is_named(value: str) -> None:
    words = "is not the id of a request; use an id, latest or a time such as 2026-03-02T12:00:00Z"

    assert read("since-request", value) == f"'{value}' {words}"


def test_unknown_names_come_with_the_near_miss() -> None:
    assert [
        read("provider", "betatl"),
        read("operation", "betatel.sms.sen"),
        read("status", "deliverd"),
        read("state", "hold"),
    ] == [
        "no provider is called 'betatl'. Did you mean 'betatel'?",
        "no operation is called 'betatel.sms.sen'. Did you mean 'betatel.sms.send'?",
        "no status is called 'deliverd'. Did you mean 'delivered'?",
        "no state is called 'hold'. Did you mean 'held'?",
    ]


def test_a_status_is_ours_or_any_provider_s() -> None:
    assert [read("status", each) for each in ("delivered", "DELIVERED", "DELIVRD", "1")] == [
        "delivered",
        "DELIVERED",
        "DELIVRD",
        "1",
    ]


def test_a_clock_stands_between_two_years() -> None:
    assert [read("clock-time", "2999-12-31T23:59:59Z"), read("clock-time", "3000-01-01T00:00:00Z")] == [
        datetime(2999, 12, 31, 23, 59, 59, tzinfo=UTC),
        "invalid time '3000-01-01T00:00:00Z': the clock runs from the year 1970 to 2999",
    ]


def test_every_mistake_of_a_value_comes_out_at_once_with_its_pointer() -> None:
    schema = {
        "additionalProperties": False,
        "required": ["count"],
        "properties": {
            "count": {"type": "integer"},
            "limit": {"type": "integer", "maximum": 9},
            "since": {"format": "since-request"},
            "a/b": {"properties": {"wait": {"format": "wait"}}},
        },
    }
    found = read_value(
        {"limit": 10, "since": "x", "a/b": {"wait": "2m"}, "cuont": 1}, CompiledSchema(schema), context()
    )[1]

    assert sorted(found) == [
        Mistake("/a~1b/wait", "'2m' is longer than the maximum wait of 60s"),
        Mistake("/count", "count is missing"),
        Mistake("/cuont", "unknown parameter 'cuont'. Did you mean 'count'?"),
        Mistake("/limit", "10 is more than the maximum of 9"),
        Mistake("/since", "'x' is not the id of a request; use an id, latest or a time such as 2026-03-02T12:00:00Z"),
    ]


def test_of_thousands_of_mistakes_the_first_are_named() -> None:
    schema = CompiledSchema({"additionalProperties": False})
    found = read_value({str(number): 1 for number in range(10_000)}, schema, context())[1]

    assert len(found) == 50
