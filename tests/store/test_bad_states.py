"""A file that is not a saved state, or has a mistake, is refused with its line; nothing changes then."""

import gzip
import json
import zlib
from collections.abc import Callable

import pytest

from sandbox.store import state_file
from tests.control.calls import Control
from tests.servers import BETATEL_SMS, UBILL_SMS, Sandbox
from tests.store.saved import Line, edited, lines_of, load, packed, save
from tests.store.test_restart import everything

FIRST = {"sms_sandbox_state": 1, "version": "0.2.0", "workspace": "default", "saved_at": "2026-03-02T12:00:00Z"}


async def filled(sandbox: Sandbox) -> bytes:
    """Return the file of a sandbox with two messages, one of which has callbacks."""
    await sandbox.send(BETATEL_SMS)
    await sandbox.advance()
    await sandbox.send(UBILL_SMS)
    return await save(sandbox)


async def refusal(sandbox: Sandbox, file: bytes) -> tuple[int, str, int | None]:
    """Return the status, the mistake and its line of a load that changes nothing."""
    before = await everything(Control(sandbox))
    status, value = await load(sandbox, file)
    assert await everything(Control(sandbox)) == before
    (mistake,) = value["errors"]
    return status, mistake["problem"].removeprefix("saved state: "), mistake.get("line")


BROKEN: list[tuple[bytes, str, int | None]] = [
    (b"", "the file is empty", None),
    (gzip.compress(b""), "the file is empty", None),
    (b"PK\x03\x04", "the file is not gzip, or is damaged; sms-sandbox state save writes such files", None),
    (packed([{**FIRST, "keys": "masked"}])[:-4], "the file is cut off: its end is missing", None),
    (gzip.compress(b"")[:-1] + b"x", "the file is not gzip, or is damaged", None),
    (gzip.compress(b"{}"), "line 1: the file is not a saved state: its first line has no sms_sandbox_state", 1),
    (gzip.compress(b"hello"), "line 1: the line does not begin with sms_sandbox_state", 1),
    (gzip.compress(b"[" * 100_000), "line 1: the line does not begin with sms_sandbox_state", 1),
    (gzip.compress(b"\xff\xfe"), "line 1: the line does not begin with sms_sandbox_state", 1),
    (packed([FIRST]), "line 1: header.keys is missing", 1),
    (
        packed([{**FIRST, "sms_sandbox_state": 2}]),
        "line 1: this is a saved state of version 2; this sms-sandbox reads versions up to 1",
        1,
    ),
    (
        packed([{**FIRST, "keys": "kept", "sms_sandbox_state": "1"}]),
        "line 1: header.sms_sandbox_state is '1'; it must be",
        1,
    ),
    (packed([{**FIRST, "keys": "masked"}]), "the file has no line of the kind clock", None),
    (packed([{**FIRST, "keys": "masked"}, {"kind": "x"}]), "line 2: no kind of line is called 'x'.", 2),
    (packed([{**FIRST, "keys": "masked"}, {"kind": "workspace"}]), "line 2: no kind of line is called", 2),
]


@pytest.mark.parametrize(
    ("file", "problem", "line"), BROKEN, ids=[f"{place} {row[1][:50]}" for place, row in enumerate(BROKEN)]
)
async def test_what_is_no_saved_state_is_refused(sandbox: Sandbox, file: bytes, problem: str, line: int | None) -> None:
    status, told, where = await refusal(sandbox, file)

    assert (status, told[: len(problem)], where) == (422, problem, line)


def put(*path: str | int, value: object) -> Callable[[Line], None]:
    """Return an edit that puts a value below `value`."""

    def edit(line: Line) -> None:
        place = line["value"]
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value

    return edit


def drop(name: str) -> Callable[[Line], None]:
    """Return an edit that removes a member of `value`."""
    return lambda line: line["value"].pop(name)


MISTAKES = [
    ("message", put("text", value=5), "message.value.text is 5; it must be a text"),
    ("message", drop("recipient"), "message.value.recipient is missing"),
    (
        "message",
        put("trace", value=["4b" * 16, "b7" * 8, 1, "a=1\r\nX: 1"]),
        f"message.value.trace is ['{'4b' * 16}', '{'b7' * 8}', 1, …; it must be the ids, flags and tracestate of a W3C",
    ),
    ("message", put("texts", value="x"), "message.value has an unknown member 'texts'. Did you mean 'text'?"),
    ("message", put("provider", value="betatl"), "no provider is called 'betatl'. Did you mean 'betatel'?"),
    ("message", put("channel", value="fax"), "no channel of betatel is called 'fax'."),
    ("message", put("history", value=[]), "message.value.history is []; it must be a list of at least 1"),
    ("message", put("history", 0, 0, value="sentt"), "message.value.history[0][0] is 'sentt', which is not known. Did"),
    ("message", put("history", 0, 0, value="read"), "a status of a message of the channel sms is 'read'"),
    ("message", put("history", 0, 2, value="2026-03-02T12:00:00"), "message.value.history[0][2] is '2026-03-02T12:00"),
    ("message", put("history", 0, 2, value="9999-03-02T12:00:00Z"), "message.value.history[0][2] is '9999-03-02T12"),
    ("message", put("callbacks", value=[77]), "message 1 has no callback 77: no such line of the kind callback"),
    ("message", put("callbacks", value=[]), "callback 1 is of message 1, which does not have it"),
    ("message", lambda line: line.update(key=0), "message.key is 0; it must be a whole number from 1"),
    ("message", lambda line: line.update(key="1"), "message.key is '1'; it must be a whole number from 1"),
    ("message", lambda line: line.update(key=10**9), "counters.last_message is 2, but there is a message 1000000000"),
    ("message", lambda line: line.pop("value"), "message.value is missing"),
    ("message", lambda line: line.update(value=[]), "message.value is []; it must be an object"),
    ("message", put("callback_policy", value={"delay": {"fixed": -1}}), "message.value.callback_policy.delay.fixed is"),
    ("callback", put("message", value=9), "message 1 has no callback 1: no such line of the kind callback"),
    ("callback", put("provider", value="ubill"), "callback.provider is 'ubill', that of its message betatel"),
    ("callback", put("settings", value="x"), "no settings before this line are called 'x'"),
    ("callback", put("step", 1, value="X"), "callback.step is not in the history of message 1"),
    ("callback", put("state", value="sent"), "callback.value.state is 'sent', which is not known"),
    ("counters", put("last_message", value=1), "counters.last_message is 1, but there is a message 2"),
    ("counters", put("last_request", value=7), "2 requests are saved, but not the last ones up to 7"),
    ("counters", put("evicting", value=9), "counters.evicting is 9; it must be at most 3"),
    ("counters", put("seed", value=1e400), "counters.value.seed is inf; it must be a whole number"),
    ("counters", put("seed", value=True), "counters.value.seed is true; it must be a whole number"),
    ("counters", put("at", value="now"), "counters.value.at is 'now'; it must be a time with its zone"),
    ("account", put("balance", value=[]), "account.balance has no USD"),
    ("account", put("balance", 0, 1, value="NaN"), "account.value.balance[0][1] is 'NaN'; it must be an amount"),
    ("account", put("provider", value="x"), "no provider is called 'x'."),
    ("clock", put("rate", value=5), "clock.rate is 5; that of a frozen clock must be 0"),
    ("clock", put("mode", value="still"), "clock.value.mode is 'still', which is not known."),
    (
        "clock",
        lambda line: line["value"].update(mode="scaled", rate=1e6, real="1971-01-01T00:00:00Z"),
        "the clock has run beyond the year 2999 since the state was saved",
    ),
    ("scenario", put("sources", value=[{"name": "x", "text": "rulez: []"}]), "the scenario cannot be used: x:1:1: "),
    ("request", put("body", value={"base64": "!"}), "request.value.body.base64 is '!'; it must be base64"),
    ("request", put("headers", value={}), "request.value.headers is {}; it must be a list"),
]


@pytest.mark.parametrize(("kind", "edit", "problem"), MISTAKES, ids=[problem[:60] for *_, problem in MISTAKES])
async def test_a_mistake_is_told_with_its_line(
    sandbox: Sandbox, kind: str, edit: Callable[[Line], object], problem: str
) -> None:
    status, told, where = await refusal(sandbox, edited(await filled(sandbox), kind, edit))

    assert (status, told.partition(": ")[2][: len(problem)]) == (422, problem)
    assert told.partition(": ")[0] == f"line {where}"


async def test_no_line_may_come_twice(sandbox: Sandbox) -> None:
    lines = lines_of(await filled(sandbox))
    twice = {each["kind"]: packed([*lines, each]) for each in lines[1:]}
    told = {kind: (await refusal(sandbox, file))[1] for kind, file in twice.items()}

    assert {kind: text.endswith(" already") for kind, text in told.items()} == dict.fromkeys(twice, True)


async def test_two_messages_cannot_have_one_id(sandbox: Sandbox) -> None:
    lines = lines_of(await filled(sandbox))
    first, second = (each for each in lines if each.get("kind") == "message")
    second["value"]["id"] = first["value"]["id"]
    told = (await refusal(sandbox, packed(lines)))[1]

    assert f"is that of the message in line {lines.index(first) + 1} already" in told


async def test_a_bomb_is_refused_before_it_is_unpacked(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state_file, "TEXT_LIMIT", 8 * 1024 * 1024)
    monkeypatch.setattr(state_file, "LINE_LIMIT", 4 * 1024 * 1024)
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    line = packer.compress(b" " * 64 * 1024 * 1024) + packer.flush()
    lines = gzip.compress(json.dumps({**FIRST, "keys": "kept"}).encode() + b"\n" + b'{"kind": "x"}\n' * 1_000_000)
    limits = [
        (await refusal(sandbox, file))[1]
        for file in (line, gzip.compress(b" \n" * 1024 * 1024 + b"\n".join([b" " * 1024 * 1024] * 9)), lines)
    ]

    assert limits == [
        "a line has more than 4 MB",
        "the file has more than 8 MB when it is unpacked",
        "line 2: no kind of line is called 'x'. Available: " + limits[2].partition("Available: ")[2],
    ]


async def test_a_file_of_several_megabytes_is_loaded(sandbox: Sandbox) -> None:
    lines = lines_of(await filled(sandbox))
    record = next(each for each in lines if each.get("kind") == "request")
    record["value"]["reply_body"] = "".join(str(hash(str(number))) for number in range(200_000))
    file = packed(lines)

    assert (len(file) > 1024 * 1024, (await load(sandbox, file))[0]) == (True, 200)


async def test_there_is_nothing_after_the_end_of_the_file(sandbox: Sandbox) -> None:
    file = await filled(sandbox)

    assert (await refusal(sandbox, file + b"more"))[1] == "the file has data after the end of what gzip has packed"


async def test_lines_may_end_in_any_way_that_people_write(sandbox: Sandbox) -> None:
    text = gzip.decompress(await filled(sandbox))
    statuses = [
        (await load(sandbox, gzip.compress(each)))[0] for each in (text.rstrip(b"\n"), text.replace(b"\n", b"\r\n"))
    ]

    assert statuses == [200, 200]
