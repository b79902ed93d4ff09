"""Imported providers and the one of `provider new`, served: they send, read back, refuse, and call back."""

import base64
import hmac
import json
import re
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.error import HTTPError
from urllib.parse import parse_qsl, urlencode

import pytest

import sandbox.docs
from sandbox.authoring import write_starter
from sandbox.authoring.yaml_text import write_yaml
from sandbox.client import Client
from sandbox.formats.yaml_files import parse
from sandbox.testing import listening
from sandbox.testing.receiver import Receiver
from sandbox.testing.server import serving
from tests.authoring.descriptions import COURIER, HERON, OWL, PIGEON, document, imported

FORM = "application/x-www-form-urlencoded"
BASIC = f"Basic {base64.b64encode(b'user:secret').decode()}"
NUMBER = "+38761444555"


class Tried(NamedTuple):
    """A provider as its user tries it: how to send, with which headers, how to read back, what the report has."""

    name: str
    path: str
    body: Mapping[str, object]
    headers: Mapping[str, str]
    id_at: tuple[str | int, ...]
    read: str
    status_at: str
    reports: tuple[str, ...]
    form: bool = False


class Answer(NamedTuple):
    """The answer to a request; `body` is its JSON."""

    status: int
    body: object


TRIED = (
    Tried(
        "courier-sms",
        "/v2/messages",
        {"to": [NUMBER], "text": "hi"},
        {"Authorization": "Bearer key"},
        ("id",),
        "/v2/messages/{id}",
        "status",
        ("message.sent", "message.delivered"),
    ),
    Tried(
        "pigeon",
        "/rest/v1/sms",
        {"phone": NUMBER, "message": "hi"},
        {"Authorization": BASIC},
        ("sms_id",),
        "/rest/v1/sms/{id}/status",
        "state",
        ("status=DELIVRD",),
        form=True,
    ),
    Tried(
        "heron-messaging",
        "/sms/send",
        {"messages": [{"recipient": NUMBER, "body": "hi"}]},
        {"X-Heron-Key": "key"},
        ("messages", 0, "message_id"),
        "/sms/{id}",
        "state",
        ('"DELIVERED"',),
    ),
    Tried(
        "acme",
        "/v1/messages",
        {"to": NUMBER, "text": "hi"},
        {"X-Api-Key": "key"},
        ("id",),
        "/v1/messages/{id}",
        "status",
        ('"sent"', '"delivered"'),
    ),
)
BY_NAME = pytest.mark.parametrize("tried", TRIED, ids=[each.name for each in TRIED])


class Served(NamedTuple):
    """A server with all providers, and a receiver of their callbacks."""

    url: str
    client: Client
    receiver: Receiver

    def call(
        self, path: str, body: object = None, headers: Mapping[str, str] | None = None, *, form: bool = False
    ) -> Answer:
        """Send a request, a POST if it has a body."""
        data = (
            None
            if body is None
            else (urlencode(body) if form and isinstance(body, dict) else json.dumps(body)).encode()
        )
        kind = {"Content-Type": FORM if form else "application/json"}
        request = urllib.request.Request(self.url + path, data, {**kind, **(headers or {})})  # noqa: S310 - our own server
        try:
            with urllib.request.urlopen(request) as answer:  # noqa: S310 - as above
                return Answer(answer.status, json.loads(answer.read()))
        except HTTPError as error:
            return Answer(error.code, json.loads(error.read()))

    def send(self, tried: Tried) -> Answer:
        """Send a message and return the answer."""
        return self.call(tried.path, tried.body, tried.headers, form=tried.form)


def paged() -> str:
    """Return an imported provider with the callback that the page on importing shows."""
    page = (Path(sandbox.docs.__file__).parent / "import-provider.md").read_text(encoding="utf-8")
    shown = re.findall(r"^```yaml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    value = document(imported(PIGEON, name="paged"))
    value["x-sandbox"]["channels"]["sms"]["callback"] = parse(shown[0], "page.yaml").value
    return write_yaml(value, {}).replace("/rest/v1/", "/paged/")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder: Path = tmp_path_factory.mktemp("specs")
    for path in (COURIER, PIGEON, HERON, OWL):
        made = imported(path)
        (folder / f"{made.name}.yaml").write_text(made.text, encoding="utf-8")
    (folder / "acme.yaml").write_text(write_starter("acme"), encoding="utf-8")
    signed = re.sub(r"^( {8})# (signature:| {2}\w+: |headers: )", r"\1\2", write_starter("signed"), flags=re.MULTILINE)
    (folder / "signed.yaml").write_text(signed.replace("/v1/", "/signed/"), encoding="utf-8")
    (folder / "paged.yaml").write_text(paged(), encoding="utf-8")
    with serving(specs=[folder]) as server, listening() as listener, listener.receiving() as receiver:
        client = Client(server.url)
        client.set_clock("frozen")
        urls = {name: receiver.url("/dlr") for name in (*(each.name for each in TRIED), "owl-verify")}
        urls["paged"] = receiver.url("/paged?a=1")
        client.set_targets({**urls, "signed": {"url": receiver.url("/signed"), "key": "secret"}})
        yield Served(server.url, client, receiver)


def found(body: object, steps: tuple[str | int, ...]) -> object:
    for step in steps:
        body = body[step]  # type: ignore[index] # a body of the test's own provider
    return body


@BY_NAME
def test_a_message_is_sent_read_back_and_reported(served: Served, tried: Tried) -> None:
    served.client.advance("1m")  # what the tests before have sent
    served.receiver.clear()
    sent = served.send(tried)
    path = tried.read.replace("{id}", str(found(sent.body, tried.id_at)))
    before = served.call(path, headers=tried.headers)
    served.client.advance("1m")
    after = served.call(path, headers=tried.headers)
    reported = [call.body for call in served.receiver.wait_for(len(tried.reports))]

    assert (sent.status // 100, before.status, after.status) == (2, 200, 200)
    assert found(before.body, (tried.status_at,)) != found(after.body, (tried.status_at,))
    assert [word in body for word, body in zip(tried.reports, reported, strict=True)] == [True] * len(tried.reports)


@BY_NAME
def test_a_request_without_a_key_is_refused(served: Served, tried: Tried) -> None:
    assert served.call(tried.path, tried.body, form=tried.form).status == 401


@BY_NAME
def test_a_request_that_lacks_what_is_required_is_refused(served: Served, tried: Tried) -> None:
    assert served.call(tried.path, {"other": "1"}, tried.headers, form=tried.form).status == 400


def test_a_code_is_made_and_checked_once(served: Served) -> None:
    sent = served.call("/verifications?api_key=k1", {"phone_number": NUMBER})
    code = served.client.otp(NUMBER).code
    answers = [
        served.call("/verifications/check?api_key=k1", {"phone_number": NUMBER, "code": each}).body
        for each in ("000", code, code)
    ]

    assert sent.status == 200
    assert [found(each, ("status",)) for each in answers] == ["pending", "approved", "pending"]


def test_the_signature_that_the_new_provider_has_in_comments_works(served: Served) -> None:
    served.client.advance("1m")  # what the tests before have sent
    served.receiver.clear()
    served.call("/signed/messages", {"to": NUMBER, "text": "hi"}, {"X-Api-Key": "key"})
    served.client.advance("1m")
    reports = served.receiver.wait_for(2)

    assert [each.headers["x-signature"] for each in reports] == [
        hmac.new(b"secret", f"{each.headers['x-timestamp']}.{each.body}".encode(), "sha256").hexdigest()
        for each in reports
    ]


def test_the_signature_that_the_page_on_importing_shows_works(served: Served) -> None:
    served.client.advance("1m")  # what the tests before have sent
    served.receiver.clear()
    served.call("/paged/sms", {"phone": NUMBER, "message": "hi"}, {"Authorization": BASIC}, form=True)
    served.client.advance("1m")
    (report,) = served.receiver.wait_for(1)

    fields = "".join(name + value for name, value in sorted(parse_qsl(report.body)))
    signed = hmac.new(b"secret", f"{served.receiver.url('/paged?a=1')}{fields}".encode(), "sha1").digest()
    assert report.headers["x-acme-signature"] == base64.b64encode(signed).decode()
