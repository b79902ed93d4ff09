"""Collected callbacks are kept as numbers and made when they are read: as they were, whatever has changed since."""

from datetime import timedelta

from sandbox.core.callback import Callback, CallbackState
from sandbox.core.callback_store import CallbackStore
from sandbox.core.message import Status, Step
from tests.builders import NOON, Desk
from tests.scenarios.builders import betatel, desk, load

MINUTE = timedelta(minutes=1)


def collect(at: Desk) -> list[Callback]:
    """Send a message, let its life pass and return the callbacks as they were committed."""
    seen: list[Callback] = []
    at.world.subscribers.add(lambda callback, _: seen.append(callback), Callback)
    betatel(at)
    at.advance(MINUTE)
    at.world.subscribers.clear()
    return seen


def test_callbacks_are_read_as_they_were_committed() -> None:
    at = desk("rules: []")

    committed = collect(at)

    assert ([*at.world.callbacks.values()], [each.state for each in committed]) == (
        committed,
        [CallbackState.COLLECTED] * 2,
    )


def test_each_has_the_settings_of_its_time_after_any_number_of_scenarios() -> None:
    at = desk("rules: []")
    committed = []
    for number in range(5):
        at.world.commit(load(f"settings: {{betatel: {{timeout: {number + 1}s}}}}"))
        committed += collect(at) if number % 2 else []

    assert ([*at.world.callbacks.values()], [each.settings["timeout"] for each in committed if each.settings]) == (
        committed,
        ["2s", "2s", "4s", "4s"],
    )


def test_a_copy_keeps_what_is_deleted_later() -> None:
    at = desk("rules: []")
    committed = collect(at)
    copy = at.world.callbacks.copy()
    at.world.callbacks.clear()
    at.world.messages.clear()

    assert ([*copy.values()], len(at.world.callbacks)) == (committed, 0)


def test_settings_that_no_kept_callback_has_are_forgotten() -> None:
    at = desk("rules: []")
    store = CallbackStore(at.world.messages, at.world.settings)
    step = Step(Status.SENT, "sent", NOON)
    for number in range(1, 1000):
        store.use_settings({"betatel": {"number": number}}, first=number)
        store.put(Callback(number, 1, "betatel", step, NOON))
        if number > 1:
            del store[number - 1]

    assert len(store._periods) <= 2  # noqa: SLF001 - nothing else shows what is kept


def test_one_that_is_sent_after_all_is_kept_whole() -> None:
    at = desk("rules: []")
    first, _ = collect(at)
    sending = first._replace(state=CallbackState.SENDING)
    at.world.commit(sending)

    assert (at.world.callbacks[first.id], at.world.callbacks.is_open(first.id), at.world.callbacks.is_open(2)) == (
        sending,
        True,
        False,
    )
