import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from sandbox.client import ArgumentError, Target, server, traffic
from sandbox.client.call import ApiCall
from sandbox.core.clock import DurationError
from tests.builders import NOON

ARBITRARY = datetime(2026, 3, 2, 12, 0)  # noqa: DTZ001 - a time without its zone is the case


@pytest.mark.parametrize(
    ("call", "target"),
    [
        (traffic.messages(), "/messages"),
        (traffic.messages(to="+387 61", sender="A&B", limit=5), "/messages?to=%2B387+61&from=A%26B&limit=5"),
        (traffic.messages(since=NOON, wait="5s"), "/messages?since=2026-03-02T12%3A00%3A00.000Z&wait=5s"),
        (traffic.messages(wait=timedelta(milliseconds=200)), "/messages?wait=0.2"),
        (traffic.requests(refused=True, since=17), "/requests?refused=true&since=17"),
        (traffic.message("a/b?c"), "/messages/a%2Fb%3Fc"),
        (traffic.message(), "/messages/latest"),
        (traffic.replay(7), "/callbacks/7/replay"),
        (server.account("betatel", "k 1"), "/accounts/betatel/k%201"),
    ],
)
def test_what_is_given_goes_into_the_path_and_query_escaped(call: ApiCall[Any], target: str) -> None:
    assert call.target == target


@pytest.mark.parametrize(
    ("call", "body"),
    [
        (traffic.verify(to="3876"), {"to": "3876", "count": {"at_least": 1}}),
        (
            traffic.verify(sender="A", exactly=0, since=NOON),
            {
                "from": "A",
                "count": {"exactly": 0},
                "since": "2026-03-02T12:00:00.000Z",
            },
        ),
        (traffic.move("id", "delivered"), {"status": "delivered"}),
        (server.advance("5m"), {"by": "5m"}),
        (server.advance(timedelta(minutes=5)), {"by": 300.0}),
        (server.advance(to=NOON), {"to": "2026-03-02T12:00:00.000Z"}),
        (server.advance(until="idle"), {"until": "idle"}),
        (server.use("default"), {"use": "default"}),
        (server.load_scenario({"name": "mine"}), {"name": "mine"}),
        (server.set_clock("scaled", rate=60), {"mode": "scaled", "rate": 60}),
        (server.set_clock("60x"), {"mode": "scaled", "rate": 60.0}),
        (server.set_clock({"mode": "scaled", "rate": 2}, rate=3), {"mode": "scaled", "rate": 3}),
        (server.set_clock({"start": NOON}), {"start": "2026-03-02T12:00:00.000Z"}),
        (server.patch_account("betatel", "k", balance={"USD": Decimal("0.5")}), {"balance": {"USD": 0.5}}),
        (server.patch_account("ubill", "k", balance=Decimal(5)), {"balance": 5}),
        (server.set_target("ubill", "http://h/", key="k"), {"url": "http://h/", "key": "k"}),
        (server.set_targets({"ubill": "http://h/"}), {"ubill": {"url": "http://h/"}}),
        (server.make_workspace(clock="frozen", ttl=60), {"clock": {"mode": "frozen"}, "ttl": 60}),
        (server.make_workspace(clock="2.5x"), {"clock": {"mode": "scaled", "rate": 2.5}}),
        (server.make_workspace(scenario="instant"), {"scenario": "instant"}),
        (server.make_workspace(scenario={"rules": []}), {"scenario": {"rules": []}}),
        (server.make_workspace(scenario="rules: []"), {"scenario": {"source": "rules: []"}}),
        (server.make_workspace(clock="fast"), {"clock": {"mode": "fast"}}),
        (
            server.make_workspace(clock={"mode": "frozen", "start": NOON}),
            {
                "clock": {"mode": "frozen", "start": "2026-03-02T12:00:00.000Z"},
            },
        ),
    ],
)
def test_what_is_given_goes_into_the_body(call: ApiCall[Any], body: object) -> None:
    assert json.loads(call.body) == body


@pytest.mark.parametrize(
    ("given", "target"),
    [
        ("http://h/", {"url": "http://h/"}),
        (Target("http://h/"), {"url": "http://h/"}),
        (Target("http://h/", "k"), {"url": "http://h/", "key": "k"}),
        ({"url": "http://h/", "key": "k"}, {"url": "http://h/", "key": "k"}),
    ],
)
def test_every_call_that_sets_targets_takes_a_url_a_target_or_a_mapping(
    given: str | Target | Mapping[str, str], target: Mapping[str, str]
) -> None:
    calls = (
        server.set_targets({"ubill": given}),
        server.make_workspace(targets={"ubill": given}),
        server.set_target("ubill", given),
        server.set_target("ubill", given, key="other"),
    )

    assert [json.loads(call.body) for call in calls] == [
        {"ubill": target},
        {"targets": {"ubill": target}},
        target,
        {**target, "key": "other"},
    ]


def test_a_scenario_is_loaded_from_its_file(tmp_path: Path) -> None:
    (tmp_path / "ours.yaml").write_text("name: ours\n", encoding="utf-8")

    file = tmp_path / "ours.yaml"
    calls = [make(given) for make in (server.load_scenario, server.check_scenario) for given in (file, str(file))]

    assert [each.body for each in calls] == [b"name: ours\n"] * 4
    assert json.loads(server.make_workspace(scenario=file).body) == {"scenario": {"source": "name: ours\n"}}


def test_a_scenario_whose_file_does_not_exist_is_told_with_its_whole_path() -> None:
    with pytest.raises(ArgumentError) as refused:
        server.load_scenario("evening.yaml")

    assert str(refused.value) == (
        f"evening.yaml: No such file or directory; looked for {Path('evening.yaml').absolute()}"
    )


@pytest.mark.parametrize("make", [server.load_scenario, server.check_scenario])
def test_the_name_of_a_scenario_in_place_of_a_text_is_told_what_to_call(make: Callable[[str], ApiCall[Any]]) -> None:
    with pytest.raises(ArgumentError) as refused:
        make("carrier-outage")

    assert str(refused.value) == (
        "'carrier-outage' is not the text of a scenario; for the scenario of that name call use('carrier-outage'),"
        " for a file pass Path('carrier-outage')"
    )


def test_the_text_of_a_scenario_goes_as_yaml() -> None:
    call = server.load_scenario("name: mine\n")

    assert (call.body, call.type) == (b"name: mine\n", "application/yaml")


def test_an_answer_is_awaited_longer_than_the_call_itself_waits() -> None:
    assert [traffic.otp("1", wait=wait).timeout for wait in (None, "1m", 5, timedelta(seconds=2))] == [30, 90, 35, 32]


def test_a_time_without_its_zone_is_refused() -> None:
    with pytest.raises(ArgumentError) as refused:
        traffic.messages(since=ARBITRARY)

    assert (
        str(refused.value) == "2026-03-02T12:00:00 has no time zone; pass an aware datetime, such as datetime.now(UTC)"
    )


def test_a_wait_that_is_no_duration_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(DurationError) as refused:
        traffic.messages(wait="soon")

    assert str(refused.value) == "'soon' is not a duration; write 200ms, 5s, 2m, 1h30m, 1d or a number of seconds"


def test_what_has_no_form_in_json_is_refused() -> None:
    with pytest.raises(ArgumentError) as refused:
        server.load_scenario({"name": {1}})

    assert str(refused.value) == "{1} cannot be encoded as JSON"


def test_a_time_of_another_zone_is_the_same_instant() -> None:
    there = NOON.astimezone(timezone(timedelta(hours=2)))

    assert traffic.messages(since=there).target == traffic.messages(since=NOON).target
