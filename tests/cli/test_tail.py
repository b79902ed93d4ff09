"""`tail`: lines from the events of a stream, filters, and what happens when the connection is lost."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from sandbox.cli.tail import follow
from sandbox.cli.traffic_lines import Filters, TrafficLines
from sandbox.client import Client, Event, NotFoundError, traffic
from sandbox.client.call import ApiCall
from sandbox.formats.terminal import TrafficLayout
from sandbox.testing import SandboxClient
from tests.cli.conftest import Say
from tests.client.fixtures import NUMBER, send

ALL = Filters()


def event(sandbox: SandboxClient, kind: str, call: ApiCall[Any]) -> Event:
    """Return the event that a thing of the control API would be."""
    return Event("1.0", kind, sandbox.execute(call.parsed_by(json.loads)))


def traffic_of(sandbox: SandboxClient) -> list[Event]:
    """Return an event for each message, request and callback, in the order in which they come."""
    return [
        *(event(sandbox, "message", traffic.message(each.id)) for each in reversed(sandbox.messages())),
        *(event(sandbox, "request", traffic.request(each.id)) for each in reversed(sandbox.requests())),
        *(event(sandbox, "callback", traffic.callback(each.id)) for each in reversed(sandbox.callbacks())),
    ]


def shown(events: list[Event], filters: Filters = ALL) -> list[str]:
    """Return the lines of events without the time that each took."""
    lines, layout = TrafficLines(filters), TrafficLayout(colour=False)
    return [
        row
        for each in events
        for line in lines.read(each)
        for row in layout.format(line._replace(ms=0.0)).replace("      0.0 ms", " ms").splitlines()
    ]


def test_requests_and_callbacks_have_a_line_each_with_the_text(sandbox: SandboxClient) -> None:
    sandbox.receiver.answer_with(503, times=1)
    uuid = send(sandbox)
    send(sandbox, to="1")
    sandbox.advance("6s")
    lines = shown(traffic_of(sandbox))

    assert lines == [
        f"12:00:00  →  betatel.sms.send  {NUMBER}  200 ms  Your code is 555345  #1  {uuid}",
        "12:00:00  →  betatel.sms.send  1            400 ms  refused  #2",
        f"          {sandbox.request(2).why[0]}",
        f"12:00:00  ←  betatel.sms.send  {NUMBER}  503 ms  sent: failed  callback 1  {uuid}",
        f"12:00:05  ←  betatel.sms.send  {NUMBER}  200 ms  sent, attempt 2: delivered  callback 1  {uuid}",
        f"12:00:02  ←  betatel.sms.send  {NUMBER}  200 ms  delivered: delivered  callback 2  {uuid}",
    ]


def test_a_send_says_how_it_will_end_and_a_retry_when_it_follows(sandbox: SandboxClient) -> None:
    sandbox.receiver.answer_with(503, times=1)
    send(sandbox)
    before = traffic_of(sandbox)
    sandbox.advance("300ms")
    lines = shown([*before, event(sandbox, "callback", traffic.callback(1))])

    assert [each.partition(" ms  ")[2].rpartition("  ")[0] for each in lines] == [
        "→ delivered in 2.2 s  Your code is 555345  #1",
        "sent: failed, next in 5 s  callback 1",
    ]


def test_an_attempt_is_shown_once_and_a_held_callback_not_at_all(sandbox: SandboxClient) -> None:
    sandbox.receiver.answer_with(503, times=1)
    send(sandbox)
    sandbox.advance("300ms")
    first = traffic_of(sandbox)
    sandbox.hold(1)
    held = event(sandbox, "callback", traffic.callback(1))

    assert (len(shown([*first, held, held])), len(shown(first))) == (2, 2)


def test_of_a_callback_that_began_before_only_the_last_attempt_is_shown(sandbox: SandboxClient) -> None:
    sandbox.receiver.answer_with(503, times=1)
    uuid = send(sandbox)
    sandbox.advance("6s")

    assert shown([event(sandbox, "callback", traffic.callback(1))]) == [
        f"12:00:05  ←  betatel  {NUMBER}  200 ms  sent, attempt 2: delivered  callback 1  {uuid}"
    ]


def test_a_reset_begins_anew(sandbox: SandboxClient) -> None:
    send(sandbox)
    sandbox.advance("300ms")
    events = traffic_of(sandbox)
    reset = Event("2.0", "clock", {"reset": True})

    assert len(shown([*events, *events])) == 3
    assert len(shown([*events, reset, *events])) == 4


@pytest.mark.parametrize(
    ("filters", "number"),
    [
        (Filters(), 4),
        (Filters(provider="betatel"), 4),
        (Filters(provider="ubill"), 0),
        (Filters(operation="betatel.*.send"), 4),
        (Filters(operation="betatel.whatsapp.*"), 0),
        (Filters(to="930 305"), 3),
        (Filters(outcomes=frozenset({"accepted"})), 1),
        (Filters(outcomes=frozenset({"refused"})), 1),
        (Filters(outcomes=frozenset({"delivered", "failed"})), 2),
    ],
)
def test_lines_are_filtered(sandbox: SandboxClient, filters: Filters, number: int) -> None:
    sandbox.receiver.answer_with(503, times=1)
    send(sandbox)
    send(sandbox, to="1")
    sandbox.advance("3s")
    found = [each for each in shown(traffic_of(sandbox), filters) if not each.startswith(" ")]

    assert len(found) == number


@contextmanager
def sending(sandbox: SandboxClient) -> Iterator[None]:
    """Send all the time."""
    done = threading.Event()

    def run() -> None:
        while not done.is_set():
            send(sandbox, to="1")
            send(sandbox)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def test_the_command_shows_what_comes_and_stops_after_so_many(sandbox: SandboxClient, say: Say) -> None:
    with sending(sandbox):
        said = say("tail", "--count", "2", "--outcome", "accepted", "--to", NUMBER)
    lines = said.out.splitlines()

    assert (said.code, said.err, [each[8:40].split() for each in lines]) == (
        0,
        "",
        [["→", "betatel.sms.send"]] * 2,
    )
    assert "\x1b" not in said.out


def test_json_has_an_event_a_line(sandbox: SandboxClient, say: Say) -> None:
    with sending(sandbox):
        found = json.loads(say("tail", "--count", "1", "--outcome", "refused", "--json").out)

    assert (found["kind"], found["refused"], found["to"]) == ("request", True, ["1"])


class Answer(BaseHTTPRequestHandler):
    """Answers calls for events from a list, and all others with an empty object."""

    answers: list[tuple[int, str, bytes]]
    asked: list[str | None]

    def do_GET(self) -> None:
        status, kind, body = 200, "application/json", b"{}"
        if self.path.endswith("/events"):
            self.asked.append(self.headers["Last-Event-ID"])
            status, kind, body = self.answers.pop(0)
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


def problem(status: int, text: str) -> tuple[int, str, bytes]:
    document: Mapping[str, object] = {"status": status, "errors": [{"at": "", "problem": text}]}
    return status, "application/problem+json", json.dumps(document).encode()


def test_a_lost_connection_is_made_again_and_goes_on_after_the_last_event() -> None:
    events = [b'id: 1.0\nevent: request\ndata: {"id": 1}\n\n', b'id: 2.0\nevent: request\ndata: {"id": 2}\n\n']
    handler = type("Scripted", (Answer,), {"asked": [], "answers": []})
    handler.answers += [(200, "text/event-stream", each) for each in events]  # type: ignore[attr-defined]
    handler.answers += [problem(503, "the server is stopping"), problem(404, "it was deleted")]  # type: ignore[attr-defined]
    reports: list[str] = []
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        stream = follow(Client(url), reports.append, retry=0.0)
        found = [next(stream).data["id"], next(stream).data["id"]]
        with pytest.raises(NotFoundError):
            next(stream)
        server.shutdown()

    assert (found, handler.asked, reports) == (  # type: ignore[attr-defined]
        [1, 2],
        [None, "1.0", "2.0", "2.0"],
        [
            f"{url} closed the connection; reconnecting",
            "connected again",
            f"{url} closed the connection; reconnecting",
            "connected again",
            "the server is stopping; reconnecting",
            "connected again",
        ],
    )
