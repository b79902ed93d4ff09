"""Any value passes the checks of the reader, masked or not, and comes back from a file as it was."""

import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.control.state_masking import MASKED, StateMasking
from sandbox.core.clock import ClockMode, make_clock
from sandbox.core.journal import RequestRecord
from sandbox.core.scenario import Scenario, ScenarioSource
from sandbox.store.base import Kind
from sandbox.store.row_shapes import SHAPES
from sandbox.store.rows import WRITERS
from sandbox.store.state_file import LineReader, write_state
from sandbox.store.workspace_codec import from_text
from tests.builders import NOON
from tests.store import strategies as some
from tests.store.test_codec import CODECS

AMOUNTS = st.dictionaries(some.TEXT, st.decimals(-(10**12), 10**12, places=6), max_size=3)
EVICTED = st.fixed_dictionaries(dict.fromkeys(["messages", "callbacks", "requests"], some.NUMBER))
VALUES: dict[Kind, st.SearchStrategy[Any]] = {
    **{kind: codec.values for kind, codec in CODECS.items() if kind is not Kind.CLOCK},
    Kind.ACCOUNT: st.builds(lambda account, balance: account._replace(balance=balance), some.ACCOUNT, AMOUNTS),
    Kind.COUNTERS: st.builds(lambda counters, evicted: counters._replace(evicted=evicted), some.COUNTERS, EVICTED),
    Kind.CALLBACK: some.CALLBACK.map(lambda callback: (callback, None)),
}


def written(kind: Kind, value: object) -> Any:  # noqa: ANN401 - any JSON
    """Return a value as a file has it, which must pass the checks."""
    reader = LineReader()
    file = b"".join(write_state({}, [(kind, 1, 1, value)]))
    _, line = [*reader.feed(file), *reader.finish()]
    found = from_text(line.decode())["value"]
    SHAPES[kind](found, kind)
    return found


@pytest.mark.parametrize("kind", VALUES)
@given(data=st.data())
def test_a_value_comes_back_from_a_file_as_it_was(kind: Kind, data: st.DataObject) -> None:
    value = data.draw(VALUES[kind])
    bare = value[0] if kind is Kind.CALLBACK else value

    assert CODECS[kind].read(bare, written(kind, value)) == bare


@pytest.mark.parametrize("kind", [kind for kind in MASKED if kind in VALUES])
@given(data=st.data())
def test_any_value_can_be_masked(kind: Kind, data: st.DataObject) -> None:
    masking = StateMasking(["x-account-id"], data.draw(st.lists(some.TEXT, max_size=2)))
    ((*_, masked),) = masking.apply([(kind, 1, 1, data.draw(VALUES[kind]))])

    written(kind, masked)


@pytest.mark.parametrize("mode", ClockMode)
def test_every_clock_passes_also_while_it_is_advanced(mode: ClockMode) -> None:
    clock = make_clock(mode, rate=60, start=NOON)

    assert [written(Kind.CLOCK, each)["rate"] for each in (clock, clock.stopped())] == [clock.rate, clock.rate]


def test_a_scenario_passes() -> None:
    scenario = Scenario("mine", sources=(ScenarioSource("mine", "rules: []"),))

    assert written(Kind.SCENARIO, scenario) == WRITERS[Kind.SCENARIO](scenario)


KEY = "key/with+signs"
BODIES = [
    (b"key=key%2Fwith%2Bsigns&to=1", b"key=ke%E2%80%A61&to=1"),
    (b"to=1&PASSWORD=a+b", b"to=1&PASSWORD=a%20%E2%80%A61"),
    (b'{"key":"key/with+signs","to":"1"}', '{"key":"ke…1","to":"1"}'.encode()),
    (b'[{"a":{"apikey" : "q\\"uote"}, "b": "key/with+signs!"}', '[{"a":{"apikey" : "q\\"…1"}, "b": "ke…2!"}'.encode()),
    (b'{"token": "cut o', b'{"token": "cut o'),
    (
        b'--x\r\nContent-Disposition: form-data; name="key"\r\n\r\nsecret\r\n--x--',
        '--x\r\nContent-Disposition: form-data; name="key"\r\n\r\nse…1\r\n--x--'.encode(),
    ),
    (b"\xff key/with+signs", b"\xff ke\xe2\x80\xa61"),
    (b"nothing here", b"nothing here"),
]


@pytest.mark.parametrize(("body", "masked"), BODIES)
def test_credentials_in_a_body_are_masked(body: bytes, masked: bytes) -> None:
    record = RequestRecord(
        1, NOON, "ubill", None, "POST", "/", "", {}, body, len(body), 200, {}, body, refused=False, key=KEY
    )
    ((*_, found),) = StateMasking([], []).apply([(Kind.REQUEST, 1, 1, record)])

    assert (found.body, found.reply_body, found.body_size) == (masked, masked, len(masked))


def test_a_short_key_is_masked_where_it_is_a_word() -> None:
    masking = StateMasking([], ["k1", "a-long-secret"])
    texts = {"text": "k1 k10 xk1 key=k1; k1", "long": "xa-long-secretx", "number": "1"}
    ((*_, found),) = masking.apply([(Kind.SETTINGS, "x", 1, {**texts, "key": "k1", "retries": [1]})])

    assert found == {
        "text": "k1…1 k10 xk1 key=k1…1; k1…1",
        "long": "xa-…2x",
        "number": "1",
        "key": "k1…1",
        "retries": [1],
    }


def test_pieces_of_any_size_give_the_same_lines() -> None:
    file = b"".join(write_state({}, [(Kind.SETTINGS, "x", 1, {"n": n}) for n in range(300)]))
    counts = []
    for size in (1, 7, len(file)):
        reader = LineReader()
        pieces = [file[start : start + size] for start in range(0, len(file), size)]
        counts.append([line for piece in pieces for line in reader.feed(piece)] + [*reader.finish()])

    assert counts[0] == counts[1] == counts[2] == zlib.decompress(file, 31).splitlines()
