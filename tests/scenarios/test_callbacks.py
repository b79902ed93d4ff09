"""How scenarios send callbacks, key by key; where nobody listens, what would have left is collected in its order."""

from datetime import timedelta

import pytest

from sandbox.callbacks.compose import retry_schedule, timeout_of
from sandbox.callbacks.dispatch import follow_ups
from sandbox.core.callback import Callback, CallbackState, Target
from sandbox.core.change import Batch, TargetSet
from sandbox.core.lifecycle import replan
from sandbox.core.message import Status, Step
from sandbox.engine.report import report_next
from tests.builders import Desk, packs, run_until
from tests.scenarios.builders import (
    betatel,
    desk,
    later,
    messages,
    reports,
    rule_desk,
    smsbuddy,
    times,
    ubill,
    whatsapp,
)

DONE = CallbackState.COLLECTED


def order(at: Desk) -> list[tuple[str, float]]:
    """Return the callbacks as they ended: the word that each reports, and when."""
    ended: list[tuple[str, float]] = []
    begin = at.world.now()

    def hear(batch: Batch) -> None:
        done = [each for each in batch.changes if isinstance(each, Callback) and each.state is DONE]
        ended.extend((each.step.word, (batch.at - begin).total_seconds()) for each in done)

    at.world.batch_subscribers.append(hear)
    return ended


def test_a_delay_counts_from_the_status() -> None:
    at = rule_desk("", "callbacks: {delay: 30s}")

    betatel(at)
    later(at, minutes=1)

    assert times(at) == [30.2, 32.2]


def test_a_delay_by_chance_differs_from_callback_to_callback() -> None:
    at = rule_desk("", "callbacks: {delay: {uniform: [1s, 20s]}}")

    for _ in range(3):
        betatel(at)
    later(at, minutes=1)

    assert (len({*times(at)}), all(1 <= due <= 22.2 for due in times(at))) == (6, True)


def test_copies_are_callbacks_of_their_own() -> None:
    at = rule_desk("", "callbacks: {copies: 3}")

    betatel(at)
    later(at, minutes=1)

    assert (reports(at), messages(at)[0].callbacks) == (
        [("sent", DONE, 0)] * 3 + [("delivered", DONE, 0)] * 3,
        (1, 2, 3, 4, 5, 6),
    )


def test_dropped_callbacks_never_leave_and_are_not_retried() -> None:
    at = rule_desk("", "callbacks: {drop: all}")

    betatel(at)
    later(at, days=1)

    errors = [attempt.error for each in at.world.callbacks.values() for attempt in each.attempts]
    assert (reports(at), errors) == (
        [("sent", CallbackState.FAILED, 1), ("delivered", CallbackState.FAILED, 1)],
        ["lost in transit: the scenario drops it"] * 2,
    )


def test_the_callbacks_of_some_statuses_can_be_dropped() -> None:
    at = rule_desk("", "callbacks: {drop: [sent, failed]}")

    betatel(at)
    later(at, minutes=1)

    assert reports(at) == [("sent", CallbackState.FAILED, 1), ("delivered", DONE, 0)]


def test_when_the_first_attempt_is_dropped_the_retry_follows_the_ladder() -> None:
    at = rule_desk("", "callbacks: {drop: first}")

    betatel(at)
    later(at, minutes=1)

    assert (reports(at), times(at)) == ([("sent", DONE, 1), ("delivered", DONE, 1)], [5.2, 7.2])


def test_reversed_callbacks_wait_for_the_last_one() -> None:
    at = rule_desk("", "lifecycle: [sent: 1s, delivered: 2s, read: 3s], callbacks: {order: reverse}")
    ended = order(at)

    whatsapp(at)
    later(at, minutes=1)

    assert ended == [("READ", 6.0), ("DELIVERED", 6.0), ("SENT", 6.0)]


def test_shuffled_callbacks_come_in_any_order() -> None:
    at = rule_desk("", "lifecycle: [sent: 1s, delivered: 2s, read: 3s], callbacks: {order: shuffle}")
    ended = order(at)

    for _ in range(12):
        whatsapp(at)
        later(at, minutes=1)

    orders = {tuple(word for word, _ in ended[begin : begin + 3]) for begin in range(0, 36, 3)}
    assert len(orders) > 3


def test_an_order_keeps_one_delay_for_all() -> None:
    at = rule_desk("", "callbacks: {order: reverse, delay: {uniform: [10s, 20s]}}")
    ended = order(at)

    betatel(at)
    later(at, minutes=1)

    assert ([word for word, _ in ended], len({when for _, when in ended})) == (["delivered", "sent"], 1)


def test_held_callbacks_wait_until_they_are_released() -> None:
    at = rule_desk("", "callbacks: {hold: true}")

    betatel(at)
    later(at, days=1)

    assert (reports(at), len(at.world.agenda)) == (
        [("sent", CallbackState.HELD, 0), ("delivered", CallbackState.HELD, 0)],
        0,
    )


def test_a_key_stands_in_place_of_the_targets() -> None:
    at = rule_desk("provider: ubill, to: '*'", "callbacks: {key: wrong}")

    ubill(at)
    later(at, minutes=1)

    assert ["key=wrong&" in request.url for request in at.callbacks()] == [True, True]


def test_a_timeout_stands_in_place_of_the_providers() -> None:
    at = desk("rules: [{when: {to: '387*'}, then: {callbacks: {timeout: 3s}}}]")

    betatel(at)
    betatel(at, "995511194241")

    assert [timeout_of(at.world, message) for message in messages(at)] == [timedelta(seconds=3), timedelta(seconds=10)]


@pytest.mark.parametrize(
    ("retries", "ladder"),
    [("[1s, 2m]", (timedelta(seconds=1), timedelta(minutes=2))), ("[]", ())],
)
def test_retries_stand_in_place_of_the_providers_ladder(retries: str, ladder: tuple[timedelta, ...]) -> None:
    at = rule_desk("", f"callbacks: {{retries: {retries}}}")

    betatel(at)

    assert retry_schedule(at.world, packs(), messages(at)[0]) == ladder


def test_the_callbacks_of_a_request_from_another_site_are_collected_whatever_the_rule_says() -> None:
    at = rule_desk("", "callbacks: {drop: all, delay: 1m, copies: 5}")

    betatel(at, headers={"Sec-Fetch-Site": "cross-site"})
    later(at, minutes=10)

    assert (reports(at), times(at)) == ([("sent", DONE, 0), ("delivered", DONE, 0)], [0.2, 2.2])


def aimed(then: str) -> Desk:
    """Return a desk with one rule, whose Betatel callbacks have somewhere to go."""
    at = rule_desk("", then)
    at.world.commit(TargetSet("betatel", Target("http://127.0.0.1:9/")))
    return at


def leaving(at: Desk, **by: float) -> list[str]:
    """Let the clock pass, and return what the callbacks report that leave meanwhile."""
    return [each.step.word for each in run_until(at.world, at.world.now() + timedelta(**by))]


def end(at: Desk, number: int, state: CallbackState) -> None:
    """End the attempt at a callback as a courier would tell it."""
    after = at.world.callbacks[number]._replace(state=state)
    if state is CallbackState.PENDING:
        after = after._replace(due=after.due + timedelta(seconds=5))
    at.world.commit(after, *follow_ups(at.world, after))


def test_without_strict_a_callback_does_not_wait_for_earlier_ones() -> None:
    at = aimed("callbacks: {copies: 1}")

    betatel(at)

    assert leaving(at, minutes=1) == ["sent", "delivered"]


def test_with_strict_a_callback_waits_until_the_earlier_ones_have_ended() -> None:
    at = aimed("callbacks: {strict: true}")

    betatel(at)
    first = leaving(at, minutes=1)
    end(at, 1, CallbackState.PENDING)
    retry = leaving(at, minutes=1)
    end(at, 1, CallbackState.DELIVERED)

    assert (first, retry, leaving(at, seconds=0)) == (["sent"], ["sent"], ["delivered"])


def test_with_strict_a_failure_lets_the_next_callback_go() -> None:
    at = aimed("callbacks: {strict: true}")

    betatel(at)
    leaving(at, minutes=1)
    end(at, 1, CallbackState.FAILED)

    assert leaving(at, seconds=0) == ["delivered"]


def test_with_strict_all_that_are_collected_end_in_order() -> None:
    at = rule_desk("", "callbacks: {strict: true, drop: first}")

    betatel(at)
    later(at, minutes=1)

    assert (reports(at), times(at)) == ([("sent", DONE, 1), ("delivered", DONE, 1)], [5.2, 10.2])


def test_a_target_that_comes_with_the_request_is_used_by_rules_too() -> None:
    at = rule_desk("provider: smsbuddy, to: '*'", "callbacks: {copies: 2}")

    smsbuddy(at, dlr_url="http://127.0.0.1:9/dlr")

    assert leaving(at, minutes=1) == ["DELIVRD", "DELIVRD"]


def test_a_move_by_hand_makes_the_callbacks_that_the_rule_asks_for() -> None:
    at = rule_desk("", "lifecycle: [], callbacks: {copies: 2}")

    betatel(at)
    report_next(at.world, packs(), replan(messages(at)[0], Step(Status.SENT, "sent", at.world.now())))

    assert [word for word, _, _ in reports(at)] == ["sent", "sent"]
