"""Messages move as their channel allows, callbacks end as their ladder has it."""

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.core.callback import Attempt, Callback, CallbackState, Outgoing, record_attempt
from sandbox.core.errors import IllegalMoveError, UnknownStatusError
from sandbox.core.lifecycle import plan_lifecycle, reach_next, replan, skip_first_delay
from sandbox.core.message import Channel, LifecycleStep, Message, MessageStep, MessageSteps, Status, Step
from tests.builders import NOON, packs

CHANNELS = {
    f"{provider}.{name}": channel for provider, pack in packs().items() for name, channel in pack.spec.channels.items()
}
SMS = CHANNELS["betatel.sms"]
NOW = timedelta(0)  # after acceptance
channels = st.sampled_from(list(CHANNELS.values()))
legs = st.lists(
    st.builds(LifecycleStep, st.sampled_from(Status), st.timedeltas(timedelta(0), timedelta(days=1)), st.none()),
    max_size=6,
)


def message(channel: Channel = SMS, status: Status = Status.QUEUED, *, plan: MessageSteps = ()) -> Message:
    return Message(
        id="m1",
        number=1,
        request=1,
        provider="betatel",
        operation="betatel.sms.send",
        channel=channel,
        account="k1",
        sender=None,
        recipient="38761930305",
        text="",
        accepted_at=NOON,
        steps=(MessageStep(status, channel.word(status), NOW), *plan),
    )


def to(channel: Channel, status: Status) -> Step:
    return Step(status, channel.word(status), NOON)


@given(channels, st.sampled_from(Status), st.sampled_from(Status))
def test_a_message_moves_where_its_channel_allows_and_nowhere_else(
    channel: Channel, here: Status, there: Status
) -> None:
    if here not in channel.words or there not in channel.words:
        return
    before = message(channel, here)
    if there in channel.moves[here]:
        assert [step.status for step in reach_next(replan(before, to(channel, there))).history] == [here, there]
    else:
        with pytest.raises(IllegalMoveError):
            replan(before, to(channel, there))


def test_a_move_that_is_not_allowed_says_which_are() -> None:
    with pytest.raises(IllegalMoveError) as caught:
        replan(message(status=Status.QUEUED), to(SMS, Status.DELIVERED))

    assert str(caught.value) == "m1 is queued and cannot become delivered; allowed: failed, rejected, sent"


def test_a_message_that_has_ended_says_so() -> None:
    with pytest.raises(IllegalMoveError) as caught:
        replan(message(status=Status.DELIVERED), to(SMS, Status.SENT))

    assert str(caught.value) == "m1 is delivered and cannot become sent, because that status is final"


def test_a_scenario_may_move_a_message_anywhere() -> None:
    plan = (MessageStep(Status.SENT, "sent", NOW),)

    assert reach_next(message(status=Status.DELIVERED, plan=plan)).status == "sent"


def test_what_is_planned_after_a_planned_step_stays_planned() -> None:
    planned = message(plan=plan_lifecycle(SMS, SMS.lifecycle, begin=NOW))

    assert reach_next(planned).plan == planned.plan[1:]


def test_a_step_that_was_not_planned_ends_the_plan() -> None:
    plan = plan_lifecycle(SMS, SMS.lifecycle, begin=NOW)

    assert replan(message(plan=plan), to(SMS, Status.FAILED)).plan == (to(SMS, Status.FAILED),)


@given(channels, legs)
def test_a_life_is_laid_out_step_after_step_without_what_the_channel_lacks(
    channel: Channel, life: list[LifecycleStep]
) -> None:
    plan = plan_lifecycle(channel, tuple(life), begin=NOW)

    assert (
        [step.status for step in plan],
        all(earlier.after <= later.after for earlier, later in pairwise(plan)),
        [step.word for step in plan],
    ) == (
        [leg.status for leg in life if leg.status in channel.words],
        True,
        [channel.words[step.status] for step in plan],
    )


def test_a_life_in_a_hurry_begins_at_once() -> None:
    assert [leg.delay for leg in skip_first_delay(SMS.lifecycle)] == [timedelta(0), SMS.lifecycle[1].delay]


@given(channels, st.sampled_from(Status))
def test_our_words_read_as_themselves(channel: Channel, status: Status) -> None:
    if status in channel.words:
        assert channel.parse(status) == (status, None)


@pytest.mark.parametrize(
    ("channel", "word", "expected"),
    [
        ("betatel.sms", "undelivered", (Status.UNDELIVERED, None)),
        ("betatel.whatsapp", "FAILED", (Status.FAILED, None)),
        ("betatel.connect-sms", "Delivered", (Status.DELIVERED, None)),
        ("ubill.sms", "3", (Status.QUEUED, None)),
        ("ubill.sms", "2", (Status.FAILED, None)),
        ("ubill.sms", "4", (Status.REJECTED, None)),
        ("smsbuddy.sms", "DELIVRD", (Status.DELIVERED, None)),
        ("smsbuddy.sms", "DNDNUMB", (Status.REJECTED, "DNDNUMB")),
        ("smsbuddy.sms", "rejected/DNDNUMB", (Status.REJECTED, "DNDNUMB")),
        ("smsbuddy.sms", "rejected", (Status.REJECTED, None)),
    ],
)
def test_a_providers_word_reads_as_the_status_it_stands_for(
    channel: str,
    word: str,
    expected: tuple[Status, str | None],
) -> None:
    assert CHANNELS[channel].parse(word) == expected


@pytest.mark.parametrize(
    ("channel", "word", "hint"),
    [
        ("betatel.sms", "deliverd", "Did you mean 'delivered'?"),
        ("betatel.sms", "read", "Available: queued, sent, delivered, undelivered, failed, expired, rejected."),
        ("betatel.whatsapp", "SEND", "Did you mean 'SENT'?"),
        ("smsbuddy.sms", "rejected/DNDNUM", "Did you mean 'rejected/DNDNUMB'?"),
        ("smsbuddy.sms", "delivered/DNDNUMB", "Did you mean 'delivered'?"),
    ],
)
def test_a_word_that_nobody_has_is_refused_with_the_nearest(channel: str, word: str, hint: str) -> None:
    with pytest.raises(UnknownStatusError) as caught:
        CHANNELS[channel].parse(word)

    assert str(caught.value) == f"no status is called '{word}' for {CHANNELS[channel].name}. {hint}"


@given(channels, st.text(max_size=20))
def test_every_word_is_read_or_refused(channel: Channel, word: str) -> None:
    try:
        status, variant = channel.parse(word)
    except UnknownStatusError:
        assert word not in {*channel.words, *channel.read_back}
    else:
        assert channel.word(status, variant) in {word, word.rpartition("/")[2], channel.words[status]}


CALLBACK = Callback(1, 1, "betatel", Step(Status.SENT, "sent", NOON), NOON, CallbackState.SENDING)
SENT = Outgoing("POST", "http://app.test/", {})


def attempt(number: int, status: int | None) -> Attempt:
    return Attempt(number, NOON, status, "", 1.0)


@given(st.lists(st.sampled_from([200, 204, 302, 404, 503, None]), min_size=1, max_size=8), st.integers(0, 4))
def test_a_callback_is_tried_until_it_succeeds_or_its_ladder_ends(statuses: list[int | None], rungs: int) -> None:
    ladder = tuple(timedelta(seconds=10**rung) for rung in range(rungs))
    callback = CALLBACK
    for number, status in enumerate(statuses, start=1):
        callback = record_attempt(callback, attempt(number, status), request=SENT, schedule=ladder)
        if callback.state is not CallbackState.PENDING:
            break

    outcomes = [each.succeeded for each in callback.attempts]
    waited = callback.due - NOON
    made = len(outcomes) - (callback.state is not CallbackState.PENDING)
    assert (
        any(outcomes[:-1]),
        len(outcomes) <= rungs + 1,
        callback.state is CallbackState.DELIVERED,
        callback.state is CallbackState.FAILED,
        waited,
    ) == (
        False,
        True,
        outcomes[-1],
        not outcomes[-1] and len(outcomes) == rungs + 1,
        sum(ladder[:made], timedelta(0)),
    )
