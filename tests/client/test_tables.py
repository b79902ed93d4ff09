from dataclasses import replace
from datetime import timedelta

from sandbox.client import tables
from sandbox.client.behaviour_values import Advance, AdvanceItem
from sandbox.client.values import NearMiss, Verdict
from sandbox.core.message import Status
from sandbox.testing import SandboxClient, failure_report
from tests.builders import NOON
from tests.client.fixtures import NUMBER, send


def test_columns_are_as_wide_as_their_widest_cell_and_lines_end_without_blanks() -> None:
    assert tables.table(("A", "LONG", "C"), [("wider", None, 1), ("b", "x", "")]) == (
        "A      LONG  C\nwider        1\nb      x"
    )


def test_what_would_steer_a_terminal_is_blanked() -> None:
    assert tables.table(("A",), [("a\x1b[31mb\r\nc\u202ed",)]) == "A\na [31mb  c d"


def test_near_misses_cannot_steer_a_terminal_either() -> None:
    verdict = Verdict(passed=False, count=0, matches=(), near=(NearMiss("id", ("text: 'a\x1bb' lacks 'c'",)),))

    assert tables.verdict(verdict) == "verification failed: 0 messages match\n  near miss: id: text: 'a b' lacks 'c'"


def test_a_long_advance_tells_how_much_is_left_out() -> None:
    items = (AdvanceItem(NOON, "status", "id", status=Status.SENT), AdvanceItem(NOON, "callback", "id"))
    advance = Advance(NOON, NOON + timedelta(milliseconds=5), count=1002, items=items, truncated=True)

    assert tables.advance(advance) == (
        "12:00:00 → 12:00:00.005: 1002 events\n"
        "  12:00:00  id  sent\n"
        "  12:00:00  id  callback collected\n"
        "  … and 1000 more"
    )


def test_the_story_of_a_workspace_has_requests_refusals_messages_and_callbacks(sandbox: SandboxClient) -> None:
    uuid = send(sandbox)
    send(sandbox, "+3")
    sandbox.receiver.answer_with(503, "not\nnow", times=1)
    sandbox.advance("2s")
    told = [" ".join(line.split()) for line in failure_report(sandbox).splitlines()]
    took = [f"{each.ms:.1f}" for each in sandbox.requests()]

    assert told == [
        "scenario default, clock frozen at 2026-03-02T12:00:02.000Z",
        "",
        "requests, newest first",
        "TIME NO OPERATION TO REQUEST REPLY MS",
        f"12:00:00 2 betatel.sms.send +3 POST /api/smpp/client/send 400 refused {took[0]}",
        r"body.to: '+3' does not match ^\+?[1-9]\d{6,14}$ (published: international format; a leading + is accepted)",
        f"12:00:00 1 betatel.sms.send {NUMBER} POST /api/smpp/client/send 200 {took[1]}",
        "",
        "messages, newest first",
        "TIME ID OPERATION FROM TO STATUS TEXT",
        f"12:00:00 {uuid} betatel.sms.send FACEBOOK {NUMBER} sent (sent) Your code is 555345",
        "",
        "callbacks, newest first",
        "DUE NO REPORTS STATE MESSAGE REQUEST",
        f"12:00:05.200 1 sent pending {uuid} POST {sandbox.receiver.url('betatel')}",
        "attempt 1 at 12:00:00.200: 503 not now",
    ]


def test_a_request_to_many_numbers_shows_the_first_and_how_many_follow(sandbox: SandboxClient) -> None:
    send(sandbox)
    request = replace(sandbox.request(), to=("38761930305", "38761930306", "38761930307"))

    assert tables.requests([request]).splitlines()[1].split()[3:5] == ["38761930305", "+2"]


def test_the_story_of_an_empty_workspace_is_short(sandbox: SandboxClient) -> None:
    assert failure_report(sandbox) == (
        "scenario default, clock frozen at 2026-03-02T12:00:00.000Z\n\nno requests\n\nno messages\n\nno callbacks"
    )


def test_the_story_of_a_workspace_that_is_gone_says_so(sandbox: SandboxClient) -> None:
    sandbox.delete_workspace(sandbox.id)

    assert failure_report(sandbox) == f"the workspace cannot be read: /workspace: no workspace is called '{sandbox.id}'"
