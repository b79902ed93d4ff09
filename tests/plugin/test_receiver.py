import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from sandbox.testing import ReceivedCallback, Receiver, listening


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Return a receiver that listens."""
    with listening() as listener, listener.receiving() as found:
        yield found


def call(url: str, method: str = "POST", body: bytes = b"") -> tuple[int, str, str | None]:
    """Send a callback; return status, body and the header `Retry-After` of the answer."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.netloc)
    try:
        connection.request(method, f"{parts.path}?{parts.query}" if parts.query else parts.path, body)
        reply = connection.getresponse()
        return reply.status, reply.read().decode(), reply.getheader("Retry-After")
    finally:
        connection.close()


def test_a_callback_is_kept_as_it_came_and_answered_200(receiver: Receiver) -> None:
    answer = call(receiver.url("dlr/42?a=1&b="), "PUT", b'{"status": "sent"}')
    [heard] = receiver.calls

    assert (answer, heard, heard.json) == (
        (200, "OK", None),
        ReceivedCallback("PUT", "/dlr/42", {"a": "1", "b": ""}, heard.headers, '{"status": "sent"}'),
        {"status": "sent"},
    )


def test_answers_follow_one_another_and_then_it_is_200_again(receiver: Receiver) -> None:
    receiver.answer_with(500, times=2)
    receiver.answer_with(429, "slow down", times=1, headers={"Retry-After": "5"})
    receiver.answer_with(400, times=0)

    assert [call(receiver.url()) for _ in range(4)] == [
        (500, "", None),
        (500, "", None),
        (429, "slow down", "5"),
        (200, "OK", None),
    ]


def test_an_answer_without_a_number_of_times_stays_until_it_is_cleared(receiver: Receiver) -> None:
    receiver.answer_with(503)
    before = [call(receiver.url())[0] for _ in range(3)]
    receiver.clear()

    assert (before, call(receiver.url())[0], len(receiver.calls)) == ([503, 503, 503], 200, 1)


def test_whoever_waits_is_woken_by_the_call(receiver: Receiver) -> None:
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(receiver.wait_for, 2)
        call(receiver.url("a"))
        call(receiver.url("b"))

    assert [each.path for each in waiting.result()] == ["/a", "/b"]


def test_a_call_that_does_not_come_is_told(receiver: Receiver) -> None:
    with pytest.raises(AssertionError) as failed:
        receiver.wait_for(2, timeout=0.01)

    assert str(failed.value) == "received 0 of 2 callbacks within 0.01 s; a frozen clock must be advanced"


def test_each_receiver_hears_its_own_and_nothing_once_it_is_gone() -> None:
    with listening() as listener, listener.receiving() as first:
        with listener.receiving() as second:
            call(second.url("x"))
        late = call(second.url("y"))

        assert (first.calls, [each.path for each in second.calls], late[:2]) == (
            [],
            ["/x"],
            (404, "this receiver is closed"),
        )


def test_a_sandbox_elsewhere_is_given_the_name_by_which_it_reaches_this_machine() -> None:
    with listening("localhost") as listener, listener.receiving() as receiver:
        call(receiver.url("x"))

    assert (receiver.root.partition("//")[2].partition(":")[0], len(receiver.calls)) == ("localhost", 1)


def test_a_body_that_is_no_json_is_still_heard(receiver: Receiver) -> None:
    call(receiver.url(), body=b"\xff")

    with pytest.raises(json.JSONDecodeError):
        _ = receiver.calls[0].json
