"""Every value comes back from JSON as it was, in the order that it had."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.core.agenda import EntryKind
from sandbox.core.clock import ClockMode, make_clock
from sandbox.store.base import Kind
from sandbox.store.codec import (
    read_account,
    read_callback,
    read_message,
    read_request,
    write_account,
    write_callback,
    write_message,
    write_request,
)
from sandbox.store.restore import find_channel
from sandbox.store.rows import CHANGES, WITHOUT_ROWS
from sandbox.store.workspace_codec import (
    from_text,
    read_agenda_entry,
    read_clock,
    read_clock_config,
    read_code,
    read_counters,
    read_lost_reply,
    read_rate_window,
    read_rule_count,
    read_target,
    to_text,
    write_agenda_entry,
    write_clock,
    write_clock_config,
    write_counters,
    write_fields,
    write_lost_reply,
    write_target,
)
from tests.builders import NOON, packs
from tests.store import strategies as some


class Codec(NamedTuple):
    """How a value is written and read, and any value."""

    values: st.SearchStrategy[Any]
    write: Callable[[Any], object]
    read: Callable[[Any, Any], object]  # of the value, for the number that its key has, and what was written


CODECS = {
    Kind.MESSAGE: Codec(
        some.MESSAGE,
        write_message,
        lambda value, written: read_message(value.number, written, partial(find_channel, packs())),
    ),
    Kind.CALLBACK: Codec(
        some.CALLBACK,
        lambda value: write_callback(value, None),
        lambda value, written: read_callback(value.id, written, {}),
    ),
    Kind.ACCOUNT: Codec(some.ACCOUNT, write_account, lambda _, written: read_account(written)),
    Kind.REQUEST: Codec(some.REQUEST, write_request, lambda value, written: read_request(value.id, written)),
    Kind.CODE: Codec(some.CODE, write_fields, lambda _, written: read_code(written)),
    Kind.RATE_WINDOW: Codec(some.RATE_WINDOW, write_fields, lambda _, written: read_rate_window(written)),
    Kind.RULE_COUNT: Codec(some.RULE_COUNT, write_fields, lambda _, written: read_rule_count(written)),
    Kind.LOST_REPLY: Codec(some.LOST_REPLY, write_lost_reply, lambda _, written: read_lost_reply(written)),
    Kind.AGENDA: Codec(some.ENTRY, write_agenda_entry, lambda value, written: read_agenda_entry(value.number, written)),
    Kind.INBOUND: Codec(
        some.PHONE_REPLY,
        write_agenda_entry,
        lambda value, written: read_agenda_entry(value.number, written, EntryKind.INBOUND),
    ),
    Kind.TARGET: Codec(some.TARGET, write_target, lambda _, written: read_target(written)),
    Kind.COUNTERS: Codec(some.COUNTERS, write_counters, lambda _, written: read_counters(written)),
    Kind.CLOCK: Codec(some.CLOCK_CONFIG, write_clock_config, lambda _, written: read_clock_config(written)),
}


@pytest.mark.parametrize("kind", CODECS)
@given(data=st.data())
def test_a_value_comes_back_from_json_as_it_was(kind: Kind, data: st.DataObject) -> None:
    codec = CODECS[kind]
    value = data.draw(codec.values)

    assert codec.read(value, from_text(to_text(codec.write(value)))) == value


@given(balance=some.ACCOUNT.map(lambda account: account.balance))
def test_the_order_of_a_mapping_comes_back(balance: dict[str, object]) -> None:
    account = read_account(from_text(to_text({"provider": "", "key": "", "balance": [[k, "1"] for k in balance]})))

    assert list(account.balance) == list(balance)


def test_a_frozen_clock_stands_where_it_stood() -> None:
    clock = make_clock(ClockMode.FROZEN, start=NOON).moved(NOON + timedelta(hours=1))

    assert read_clock(from_text(to_text(write_clock(clock))), at_least=NOON).now() == NOON + timedelta(hours=1)


def test_a_running_clock_has_gone_on_by_the_real_time_at_its_own_rate() -> None:
    clock = make_clock(ClockMode.SCALED, rate=60, start=NOON)
    written = {**from_text(to_text(write_clock(clock))), "real": "2026-01-01T00:00:00+00:00"}
    long_ago = {**written, "real": "2025-12-31T23:59:00+00:00"}

    passed = read_clock(long_ago, at_least=NOON).origin - read_clock(written, at_least=NOON).origin

    assert timedelta(minutes=59, seconds=59) < passed < timedelta(minutes=61)


def test_a_clock_never_shows_less_than_what_has_happened() -> None:
    written = {**from_text(to_text(write_clock(make_clock(ClockMode.REAL, start=NOON)))), "real": "2200-01-01T00:00Z"}
    later = NOON + timedelta(days=1)

    assert read_clock(written, at_least=later).now() >= later


def test_a_clock_that_an_advance_has_stopped_runs_on_after_a_restart() -> None:
    stopped = make_clock(ClockMode.SCALED, rate=60, start=NOON).stopped()

    assert read_clock(from_text(to_text(write_clock(stopped))), at_least=NOON).rate == 60


def test_every_change_has_its_rows() -> None:
    from sandbox.core.world import World  # noqa: PLC0415 - its table of writers names every change

    assert set(World._WRITERS) - set(CHANGES) == WITHOUT_ROWS  # noqa: SLF001
