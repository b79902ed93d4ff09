"""What `serve` shows on a terminal, and that a pipe gets what it always got."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple
from urllib.request import urlopen

from sandbox.core.callback import Attempt, Callback, CallbackState
from sandbox.core.message import Status, Step
from sandbox.formats.terminal import TrafficLayout
from sandbox.server.logs import Log
from sandbox.server.terminal_log import TerminalLog
from tests.builders import NOON, Desk, make_world
from tests.commands import PATIENCE, url_of
from tests.core.test_world import EXCHANGE
from tests.scenarios.builders import load

KEY = {"x-api-key": "k1secret"}
SMS = {"from": "FACEBOOK", "to": "38761930305", "text": "Your code is 555345"}


def shown(desk: Desk, *, bodies: bool = False) -> list[str]:
    """Return a list that grows by every line of the desk's log, as a terminal without colours would get it."""
    lines: list[str] = []
    terminal = TerminalLog(TrafficLayout(colour=False), bodies)
    log = Log({"default": desk.world}.get, lines.append, bodies=bodies, terminal=terminal)
    log.subscribe(desk.world.subscribers)
    desk.world.batch_subscribers.append(lambda _: log.flush())
    return lines


def send(desk: Desk, **changes: str) -> None:
    desk.send("POST", "/api/smpp/client/send", headers=KEY, json_body={**SMS, **changes})


def took(line: str) -> str:
    """Return a line without the time it took."""
    return re.sub(r" +\d+\.\d ms", " ms", line, count=1)


async def test_a_send_shows_its_number_its_code_and_how_it_will_end() -> None:
    desk = Desk()
    lines = shown(desk)
    send(desk)

    uuid = desk.world.messages[1].id

    assert [took(line) for line in lines] == [
        f"12:00:00  →  betatel.sms.send  38761930305  200 ms  → delivered in 2.2 s  code 555345  #1  {uuid}\n"
    ]


async def test_a_refusal_shows_each_reason_below_without_the_key() -> None:
    desk = Desk()
    lines = shown(desk)
    send(desk, to="k1secret")
    first, *reasons = lines[0].splitlines()

    assert (took(first), [each.strip() for each in reasons]) == (
        "12:00:00  →  betatel.sms.send               400 ms  refused  #1",
        [each.replace("k1secret", "k1…") for each in desk.world.requests[1].why],
    )


async def test_only_some_of_many_reasons_are_shown() -> None:
    desk = Desk()
    lines = shown(desk)
    desk.world.commit(EXCHANGE._replace(refused=True, why=tuple(f"reason {number}" for number in range(7))))

    assert [each.strip() for each in lines[0].splitlines()[1:]] == [
        *(f"reason {number}" for number in range(5)),
        "… and 2 more",
    ]


async def test_a_rule_and_a_delay_are_shown() -> None:
    desk = Desk(make_world(load('{"rules": [{"name": "slow", "then": {"after": "1m30s"}}]}')))
    lines = shown(desk)
    send(desk)

    assert "  → delivered in 2.2 s  rule: slow  delay: 90 s  code 555345  #1  " in lines[0]


async def test_attempts_show_what_they_report_and_how_they_went() -> None:
    desk = Desk()
    send(desk)
    lines = shown(desk)
    step, uuid = Step(Status.SENT, "sent", NOON), desk.world.messages[1].id
    first, second = Attempt(1, NOON, None, "", 1.25, "refused"), Attempt(2, NOON, 200, "OK", 2.0, None)
    waiting = Callback(1, 1, "betatel", step, NOON.replace(second=5), CallbackState.PENDING, attempts=(first,))
    desk.world.commit(waiting)
    desk.world.commit(waiting._replace(state=CallbackState.DELIVERED, attempts=(first, second)))

    begin = "12:00:00  ←  betatel.sms.send  38761930305"

    assert "".join(lines).splitlines() == [
        f"{begin}  ---      1.2 ms  sent: failed, next in 5 s  callback 1  {uuid}",
        "          refused",
        f"{begin}  200      2.0 ms  sent, attempt 2: delivered  callback 1  {uuid}",
    ]


async def test_nobody_reads_the_codes_of_a_thousand_sends_a_second() -> None:
    desk = Desk()
    lines: list[str] = []
    log = Log({"default": desk.world}.get, lines.append, terminal=TerminalLog(TrafficLayout(colour=False)))
    log.subscribe(desk.world.subscribers)
    for _ in range(60):
        send(desk)
    log.flush()

    assert ["code 555345" in line for line in lines[0].splitlines()] == [True] * 50 + [False] * 10


async def test_bodies_have_lines_of_their_own_if_they_are_asked_for() -> None:
    desk = Desk()
    lines = shown(desk, bodies=True)
    send(desk)
    uuid = desk.world.messages[1].id

    assert [each.strip() for each in lines[0].splitlines()[1:]] == [
        'body: {"from": "FACEBOOK", "to": "38761930305", "text": "Your code is 555345"}',
        f'reply: {{"uuid":"{uuid}"}}',
    ]


def test_a_server_without_a_terminal_loads_nothing_for_one() -> None:
    imports = "import sys, sandbox.server.runner, sandbox.cli.serve; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", imports], capture_output=True, text=True, check=True)  # noqa: S603 - ours
    loaded = done.stdout.split()

    assert [name for name in loaded if name.rpartition(".")[2] in {"terminal", "terminal_log", "exports"}] == []


class Shown(NamedTuple):
    """A server behind a terminal: its address, and the terminal's other end."""

    url: str
    screen: int

    def read(self, until: bytes) -> bytes:
        """Return what is written up to a text."""
        return read(self.screen, until)


def read(screen: int, until: bytes) -> bytes:
    content = b""
    while until not in content:
        readable, _, _ = select.select([screen], [], [], PATIENCE)
        assert readable, content
        content += os.read(screen, 65536)
    return content


@contextmanager
def terminal() -> Iterator[Shown]:
    """Start a server whose standard output and error are a terminal of 140 columns."""
    screen, keyboard = pty.openpty()
    fcntl.ioctl(keyboard, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 140, 0, 0))
    outer = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "COLUMNS"}}
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox", "serve", "--port", "0"],
        stdin=keyboard,
        stdout=keyboard,
        stderr=keyboard,
        env={**outer, "TERM": "xterm-256color"},
    )
    os.close(keyboard)
    try:
        yield Shown(url_of(read(screen, b"callbacks").decode()), screen)
    finally:
        process.kill()
        process.wait(PATIENCE)
        os.close(screen)


def test_a_terminal_gets_coloured_lines_and_no_control_character_of_a_text() -> None:
    send = "/v1/sms/send?key=SECRETKEY&brandID=1&numbers=995511194242&text="
    with terminal() as server:
        for text in ("Your%20code%20is%20482910", "%1b%5b2J%07"):
            with urlopen(server.url + send + text) as reply:  # noqa: S310 - our own server
                reply.read()
        written = server.read(b"ends with U+0007 (control character)")
    lines = re.sub(rb"\x1b\[[\d;]*m", b"", written).decode().replace("\r", "").splitlines()
    first, second = (re.sub(r" {2,}", " ", took(line))[8:] for line in lines[-4:-2])

    assert re.search(rb"\x1b(?!\[[\d;]+m)|[\x00-\x09\x0b\x0c\x0e-\x1a\x1c-\x1f]", written) is None
    assert (re.sub(r" \d+-1$", "", first), second, lines[-1]) == (
        " → ubill.sms.send 995511194242 200 ms → delivered in 2.2 s code 482910 #1",
        " → ubill.sms.send 200 ms refused #2",
        "          query.text: '\\x1b[2J\\x07' begins with U+001B (escape) and ends with U+0007 (control character)",
    )
    assert b"code \x1b[1;7m482910\x1b[0m" in written
