"""The scenarios that are shipped: each does what its description says."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from sandbox.core.callback import CallbackState, Target
from sandbox.core.change import TargetSet
from sandbox.core.effects import Fault
from sandbox.scenarios import list_scenarios, load_named, scenario_paths
from tests.builders import NOON, Desk, make_world, packs, read, run_until
from tests.scenarios.builders import balance, betatel, later, lives, named, reports, rule_of, smsbuddy, times, ubill

NUMBER = "38761930305"


def test_every_shipped_scenario_is_described_and_without_mistakes() -> None:
    told = [(each.name, bool(each.description), each.mistakes) for each in list_scenarios(packs())]

    assert told == [(name, True, ()) for name in scenario_paths()]


def test_at_least_a_dozen_are_shipped_beside_the_default() -> None:
    assert {*scenario_paths()} >= {
        "all-delivered",
        "brownout",
        "callbacks-before-reply",
        "carrier-outage",
        "default",
        "dlt-enforced",
        "duplicate-callbacks",
        "flaky-network",
        "instant",
        "late-callbacks",
        "lost-callbacks",
        "lost-replies",
        "low-balance",
        "maintenance-window",
        "production-like",
        "rate-limited",
        "reordered-callbacks",
    }


@pytest.mark.parametrize("name", sorted(scenario_paths()))
def test_keys_that_begin_with_invalid_are_unknown_in_every_scenario(name: str) -> None:
    at = named(name)
    later(at, minutes=1)  # past the maintenance at the start

    statuses = {betatel(at, key=f"invalid{number}").status for number in range(3)}

    assert statuses <= ({401} if name not in {"flaky-network", "brownout"} else {401, 500})


def test_all_delivered_delivers_magic_numbers_too() -> None:
    at = named("all-delivered")

    betatel(at, "38761000001")
    ubill(at, "995511000020")
    smsbuddy(at, "919876000050")
    later(at, seconds=2)

    assert [life[-1] for life in lives(at)] == ["delivered", "1", "DELIVRD"]


def test_instant_delivers_in_the_same_instant() -> None:
    at = named("instant")

    betatel(at)
    ubill(at)
    later(at)

    assert (lives(at), times(at)) == ([["queued", "sent", "delivered"], ["3", "0", "1"]], [0.0] * 4)


def test_instant_leaves_magic_numbers_their_outcome() -> None:
    at = named("instant")

    assert [betatel(at, number).status for number in ("38761000050", "38761100050")] == [500, 200]


def test_carrier_outage_lets_nothing_through_for_ten_minutes() -> None:
    at = named("carrier-outage")

    for _ in range(30):
        betatel(at)
    later(at, minutes=10)
    ends = {life[-1] for life in lives(at)}
    betatel(at)
    later(at, minutes=1)

    assert (ends, lives(at)[-1][-1]) == ({"failed", "undelivered", "sent"}, "delivered")


def test_brownout_is_worst_in_the_middle_and_recovers() -> None:
    at = named("brownout")

    spans = []
    for _ in range(3):
        replies = [balance(at) for _ in range(200)]
        failed = sum(reply.status == 500 or reply.fault is Fault.EMPTY_REPLY for reply in replies)
        slow = sum(reply.delay > timedelta(milliseconds=600) for reply in replies)
        spans.append((failed, slow))
        later(at, seconds=150)

    (early, _), (worst, slowest), last = spans
    assert (early < 25, 75 < worst < 125, slowest > 100, last) == (True, True, True, (0, 0))


def test_duplicate_callbacks_come_twice_and_of_every_tenth_message_five_times() -> None:
    at = named("duplicate-callbacks")

    for _ in range(10):
        betatel(at)
    later(at, minutes=1)

    copies = Counter(each.message for each in at.world.callbacks.values())
    assert [*copies.values()] == [4] * 9 + [10]


def test_reordered_callbacks_are_reversed_for_every_second_message() -> None:
    at = named("reordered-callbacks")
    at.world.commit(TargetSet("betatel", Target("http://127.0.0.1:9/")))

    for _ in range(2):
        betatel(at)
    leaving = run_until(at.world, NOON + timedelta(minutes=1))

    assert [each.step.word for each in leaving if each.message == 2] == ["delivered", "sent"]


def test_lost_callbacks_loses_some_for_good_and_some_for_a_while() -> None:
    at = named("lost-callbacks")

    for _ in range(1000):
        betatel(at)
    later(at, minutes=5)

    rules = Counter(message.rule for message in at.world.messages.values())
    states = Counter(state for _, state, _ in reports(at))
    shares = [rules[name] for name in ("never reported", "sent not reported", "first attempt lost")]
    assert (
        [70 < shares[0] < 130, 70 < shares[1] < 130, 160 < shares[2] < 240],
        states[CallbackState.FAILED] == 2 * shares[0] + shares[1],
    ) == ([True, True, True], True)


def test_late_callbacks_come_seconds_to_an_hour_late() -> None:
    at = named("late-callbacks")

    for _ in range(300):
        betatel(at)
    later(at, hours=2)

    late = sorted(times(at))
    assert (late[0] > 10, 25 < late[300] < 45, 1800 < late[-1] < 3605) == (True, True, True)


def test_low_balance_pays_for_three_messages() -> None:
    at = named("low-balance")

    statuses = [betatel(at).status for _ in range(4)]
    bodies = [read(ubill(at)) for _ in range(4)]

    assert (statuses, bodies[-1], len(lives(at)), [smsbuddy(at).status for _ in range(4)]) == (
        [200, 200, 200, 402],
        {"statusID": 40, "message": "Not enough balance"},
        6,
        [200, 200, 200, 409],
    )


def test_rate_limited_takes_ten_in_a_second_of_each_account() -> None:
    at = named("rate-limited")

    statuses = [betatel(at).status for _ in range(12)]
    other = betatel(at, key="k2").status
    later(at, seconds=1)

    assert (statuses, other, betatel(at).status) == ([200] * 10 + [429] * 2, 200, 200)


def test_maintenance_window_answers_503_at_the_start_and_at_night() -> None:
    at = named("maintenance-window")

    down = betatel(at, "nobody")
    later(at, seconds=30)
    up = betatel(at)
    later(at, hours=13, minutes=15)
    night = balance(at)

    assert [(reply.status, rule_of(reply), reply.headers.get("Retry-After")) for reply in (down, up, night)] == [
        (503, "at the start", "30"),
        (200, None, None),
        (503, "every night", "30"),
    ]


def test_maintenance_window_says_what_time_it_is() -> None:
    scenario = load_named("maintenance-window", packs=packs())
    at = Desk(make_world(scenario, start=datetime(2026, 3, 2, 1, 30, tzinfo=UTC)))

    page = b"<h1>503 Service Unavailable</h1><p>Down for maintenance; it is 01:30 UTC.</p>"
    assert betatel(at).body == page


def test_flaky_network_breaks_one_in_five_and_accepts_half_of_these() -> None:
    at = named("flaky-network")

    replies = [betatel(at) for _ in range(1000)]

    broken = [reply for reply in replies if rule_of(reply) == "flaky"]
    accepted = sum(message.rule == "flaky" for message in at.world.messages.values())
    faults = {reply.fault for reply in broken}
    assert (160 < len(broken) < 240, 0.4 < accepted / len(broken) < 0.6, len(faults)) == (True, True, 5)


def test_dlt_enforced_rejects_what_is_not_registered() -> None:
    at = named("dlt-enforced")
    registered = {"template_id": "1207161234567890123"}

    smsbuddy(at, message="Your OTP is 1234. It is valid for 5 minutes. SMSBDY", **registered)
    smsbuddy(at, message="Your code is 1234", **registered)
    smsbuddy(at, "919811111111", message="Your OTP is 1234. It is valid for 5 minutes. SMSBDY", **registered)
    header = smsbuddy(at, sender="NEWHDR").status
    later(at, minutes=1)

    assert ([life[-1] for life in lives(at)], header) == (["DELIVRD", "DLT-REJECTED", "DNDNUMB"], 412)


def test_dlt_enforced_sends_promotions_by_day_alone() -> None:
    at = Desk(make_world(load_named("dlt-enforced", packs=packs()), start=datetime(2026, 3, 2, 20, tzinfo=UTC)))

    assert smsbuddy(at, type="2", sender="123456").status == 451


def test_production_like_delivers_96_of_100_and_takes_its_time() -> None:
    at = named("production-like")

    replies = [betatel(at, text="Hello") for _ in range(1000)]
    later(at, hours=1)

    ends = Counter(life[-1] for life in lives(at))
    pauses = sorted(reply.delay.total_seconds() for reply in replies)
    assert (
        [935 <= ends["delivered"] <= 985, 15 <= ends["failed"] <= 50, 2 <= ends["sent"] <= 25],
        0.05 < pauses[500] < 0.07,
        pauses[990] > 0.15,
    ) == ([True, True, True], True, True)


def test_production_like_leaves_magic_numbers_their_outcome() -> None:
    assert betatel(named("production-like"), "38761000050").status == 500


def test_rough_evening_is_as_its_description_says() -> None:
    at = named("rough-evening")

    hiccups = [smsbuddy(at).status for _ in range(3)]
    for _ in range(3):
        betatel(at, NUMBER)
    later(at, minutes=5)

    betatel_lives = [life for life in lives(at) if life[0] == "queued"]
    callbacks = Counter(each.message for each in at.world.callbacks.values())
    assert (hiccups, [life[-1] for life in betatel_lives], [callbacks[number] for number in (2, 3, 4)]) == (
        [500, 500, 200],
        ["delivered", "delivered", "failed"],
        [2, 2, 4],
    )
