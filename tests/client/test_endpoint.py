import json

import pytest

from sandbox.client import (
    AddressError,
    Client,
    ClientError,
    NotFoundError,
    RefusedError,
    UnexpectedResponseError,
    server,
    traffic,
)
from sandbox.client.call import Endpoint, make_endpoint
from sandbox.client.errors import Mistake

WORKSPACES = server.workspaces()
MESSAGES = traffic.messages()


def endpoint(url: str = "http://127.0.0.1:8080", *, token: str | None = None, workspace: str | None = None) -> Endpoint:
    return make_endpoint(url, token=token, workspace=workspace)


def problem(status: int, *errors: tuple[str, str]) -> bytes:
    return json.dumps({"status": status, "errors": [{"at": at, "problem": what} for at, what in errors]}).encode()


def refusal(status: int, answer: bytes) -> ClientError:
    with pytest.raises(ClientError) as refused:
        endpoint().parse(MESSAGES, status, answer)
    return refused.value


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
        ("https://sandbox.test/sms/", "https://sandbox.test/sms"),
        ("http://[::1]:9", "http://[::1]:9"),
    ],
)
def test_a_url_is_shown_without_a_slash_at_its_end(url: str, shown: str) -> None:
    assert endpoint(url).url == shown


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("127.0.0.1:8080", "invalid URL '127.0.0.1:8080': use http://HOST:PORT"),
        ("localhost:8080", "invalid URL 'localhost:8080': use http://HOST:PORT"),
        ("ftp://host", "invalid URL 'ftp://host': use http://HOST:PORT"),
        ("http://", "invalid URL 'http://': use http://HOST:PORT"),
        ("http://a b", "invalid URL 'http://a b': use http://HOST:PORT"),
        ("http://host/ž", "invalid URL 'http://host/ž': use http://HOST:PORT"),
        ("http://host\n", "invalid URL 'http://host\n': use http://HOST:PORT"),
        (
            "http://host:99999",
            "invalid URL 'http://host:99999' (Port out of range 0-65535): use http://HOST:PORT",
        ),
    ],
)
def test_what_is_no_url_is_refused(url: str, problem: str) -> None:
    with pytest.raises(AddressError) as refused:
        Client(url)

    assert str(refused.value) == problem


@pytest.mark.parametrize("token", ["", "two words", "line\r\nbreak", "ključ"])
def test_a_token_that_no_header_carries_is_refused(token: str) -> None:
    with pytest.raises(AddressError) as refused:
        Client(token=token)

    assert str(refused.value) == "invalid control token: it is empty or contains characters that a header cannot carry"


def test_a_call_about_a_workspace_goes_below_it_and_one_about_the_server_does_not() -> None:
    seen = endpoint("http://host/sms", workspace="w 1")

    assert [seen.target(MESSAGES), seen.target(WORKSPACES)] == [
        "/sms/_sandbox/workspaces/w%201/messages",
        "/sms/_sandbox/workspaces",
    ]


def test_the_token_goes_with_every_call() -> None:
    assert endpoint(token="t").headers(MESSAGES) == {"Accept": "application/json", "Authorization": "Bearer t"}


def test_a_body_goes_with_its_type() -> None:
    assert endpoint().headers(traffic.verify()) == {"Accept": "application/json", "Content-Type": "application/json"}


def test_a_refusal_tells_every_mistake_in_words() -> None:
    refused = refusal(400, problem(400, ("/limit", "0 is less than 1"), ("", "body: no JSON")))

    assert (type(refused), str(refused), getattr(refused, "status", None), getattr(refused, "mistakes", None)) == (
        RefusedError,
        "/limit: 0 is less than 1; body: no JSON",
        400,
        (Mistake("/limit", "0 is less than 1"), Mistake("", "body: no JSON")),
    )


@pytest.mark.parametrize(("at", "of_workspace"), [("/workspace", True), ("/id", False)])
def test_what_is_not_there_is_an_error_of_its_own(at: str, of_workspace: bool) -> None:  # noqa: FBT001 - a case
    refused = refusal(404, problem(404, (at, "there is none")))

    assert isinstance(refused, NotFoundError)
    assert refused.of_workspace is of_workspace


@pytest.mark.parametrize(
    ("status", "answer", "what"),
    [
        (404, b"<html>not here</html>", "no problem document"),
        (502, b'{"errors": "none"}', "no problem document"),
        (200, b"<html>hello</html>", "a body that is not JSON"),
        (200, b"[]", "/: [] is not an object"),
        (200, b'{"items": [{}]}', "/items/0/id is missing"),
    ],
)
def test_whoever_answers_otherwise_is_taken_for_a_stranger(status: int, answer: bytes, what: str) -> None:
    refused = refusal(status, answer)

    assert (type(refused), str(refused)) == (
        UnexpectedResponseError,
        f"http://127.0.0.1:8080 answered GET /_sandbox/messages with {status} and {what}; is it an sms-sandbox server?",
    )
