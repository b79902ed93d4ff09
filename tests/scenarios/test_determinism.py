"""One seed, the same bytes: replies, ids and callbacks; and another seed gives others."""

from datetime import timedelta
from typing import NamedTuple

from hypothesis import assume, given
from hypothesis import strategies as st

from sandbox.callbacks.compose import request_of
from sandbox.core.effects import StepTemplate, make_lifecycle_template
from sandbox.core.message import Status
from sandbox.core.seeded_random import Uniform, draw_fraction
from tests.builders import Desk, packs
from tests.scenarios.builders import betatel, desk, smsbuddy, ubill, whatsapp

NIGHT = r"""
rules:
  - name: flaky
    when: {chance: 0.2}
    then:
      outcomes:
        - {weight: 1, fault: connection_reset, accepted: true}
        - {weight: 1, error: server-error, after: {normal: [1s, 300ms]}}
        - {weight: 1, after: {lognormal: [1s, 0.5]}, lifecycle: [sent: {uniform: [1s, 9s]}]}
  - name: written
    when: {to: "*[05]", provider: betatel}
    then: {reply: {headers: {X-Id: "{{ uuid() }}"}, body: {id: "{{ ulid() }}", name: "{{ fake.name() }}"}}}
  - name: shuffled
    when: {every: 2, per: account}
    then: {callbacks: {order: shuffle, delay: {percentiles: {50: 1s, 99: 20s}}}}
  - name: rough
    then:
      outcomes:
        - {weight: 3, lifecycle: [sent: {uniform: [100ms, 2s]}, delivered: {lognormal: [2s, 1]}]}
        - {weight: 1, lifecycle: [sent: {normal: [1s, 300ms]}, failed: 2s]}
"""


class Happening(NamedTuple):
    """Something that is done to the sandbox: a request to a number, or time that passes."""

    kind: str
    number: int


HAPPENINGS = st.lists(
    st.builds(Happening, st.sampled_from(["betatel", "whatsapp", "ubill", "smsbuddy", "time"]), st.integers(0, 99)),
    min_size=3,
    max_size=12,
)


def happen(at: Desk, happening: Happening) -> tuple[object, ...]:
    """Do something; return what came back."""
    number = f"{happening.number:02}"
    match happening.kind:
        case "betatel":
            return betatel(at, f"387619303{number}")
        case "whatsapp":
            return whatsapp(at, f"387614445{number}")
        case "ubill":
            return ubill(at, f"9955111942{number}", f"9955111943{number}")
        case "smsbuddy":
            return smsbuddy(at, f"9198765432{number}", dlr_url="")
    at.advance(timedelta(seconds=happening.number))
    return ()


def transcript(happenings: list[Happening], *, seed: int) -> tuple[object, ...]:
    """Return every byte that came out, and when: replies, callbacks, ids."""
    at = desk(NIGHT, seed=seed)
    replies = [happen(at, each) for each in happenings]
    at.advance(timedelta(hours=1))
    callbacks = [(each.due, request_of(at.world, packs(), each), each.state) for each in at.world.callbacks.values()]
    return replies, callbacks, [*at.world.messages.values()], [*at.world.rule_counts.items()]


@given(HAPPENINGS)
def test_the_same_seed_and_requests_give_the_same_bytes(happenings: list[Happening]) -> None:
    assert transcript(happenings, seed=7) == transcript(happenings, seed=7)


@given(HAPPENINGS)
def test_another_seed_gives_others(happenings: list[Happening]) -> None:
    assume(any(each.kind != "time" for each in happenings))

    assert transcript(happenings, seed=7) != transcript(happenings, seed=8)


def test_a_draw_does_not_depend_on_what_else_is_drawn() -> None:
    course = make_lifecycle_template("rule", (StepTemplate(Status.SENT, Uniform(timedelta(0), timedelta(seconds=1))),))

    alone = course.draw(7, 3)
    for number in range(10):
        course.draw(7, number)

    assert course.draw(7, 3) == alone


def test_draws_of_one_subject_differ_by_their_purpose() -> None:
    assert draw_fraction(7, 1, "rule chance 0") != draw_fraction(7, 1, "rule outcome 0")
