"""A template or setting that fails while a request is answered: reply and callback say where in the document."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.specs.served import Served
from tests.specs.test_behaviour_mistakes import DOCUMENT, changed

ENDLESS = "{% for a in range(1000) %}{% for b in range(1000) %}{{ a * b }}{% endfor %}{% endfor %}"
MESSAGE = {"to": "38761444555", "from": "ACME", "text": "hi", "batch": [{"to": "38761444555"}]}
Serve = Callable[..., Served]


@pytest.fixture
def serve(tmp_path: Path) -> Serve:
    def serve(document: object = DOCUMENT, *, scenario: str = "rules: []\n") -> Served:
        (tmp_path / "acme.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
        return Served(tmp_path, scenario=scenario)

    return serve


def test_the_document_of_all_behaviours_sends_looks_up_and_calls_back(serve: Serve) -> None:
    acme = serve()
    sent = acme.ask("POST", "/acme/messages", MESSAGE)
    (message_id,) = json.loads(sent.body)["ids"]
    callbacks = acme.callbacks()

    assert sent.status == 201
    assert [each.url for each in callbacks] == [f"http://127.0.0.1:9/dlr/{message_id}"] * 2
    assert json.loads(acme.ask("GET", f"/acme/messages/{message_id}").body) == {"status": "delivered"}


@pytest.mark.parametrize(
    ("at", "value", "says"),
    [
        (
            "send.reply.body",
            {"a": "{{ 1 / 0 }}"},
            "x-sandbox.send.reply.body.a: the template failed: ZeroDivisionError",
        ),
        ("send.reply.body", ENDLESS, "x-sandbox.send.reply.body: the template failed: "),
        ("send.reply.headers", {"location": "{{ 'a' * 9000 }}"}, "the header location exceeds the limit of 8190 bytes"),
        ("send.keep", {"ref": "{{ 1 / 0 }}"}, "x-sandbox.send.keep.ref: the template failed: ZeroDivisionError"),
        ("refusals.1.when", "{{ 1 / 0 }}", "x-sandbox.refusals.1.when: the template failed: ZeroDivisionError"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_template_that_fails_is_a_problem_that_names_its_place(
    serve: Serve, at: str, value: object, says: str
) -> None:
    reply = serve(changed(at, value)).ask("POST", "/acme/messages", MESSAGE)
    detail = json.loads(reply.body)["detail"]

    assert (reply.status, says in detail, ".py" in detail) == (500, True, False)


@pytest.mark.parametrize("value", ["{{ 1 / 0 }}", ENDLESS])
def test_a_callback_whose_template_fails_says_where_and_is_sent_nowhere(serve: Serve, value: str) -> None:
    acme = serve(changed("callback.body", {"a": value}))
    acme.ask("POST", "/acme/messages", MESSAGE)
    first = acme.callbacks()[0]

    assert first.url == ""
    assert first.body.startswith(
        "the callback of acme cannot be written: x-sandbox.channels.sms.callback.body.a: the template failed: "
    )


@pytest.mark.parametrize(
    ("setting", "value", "path", "says"),
    [
        ("price", "cheap", "/acme/messages", "the setting 'price' is 'cheap', not an amount of 0 or more"),
        ("tries", "few", "/acme/check", "the setting 'tries' is 'few', not a number of tries"),
    ],
)
def test_a_setting_that_a_scenario_makes_unusable_is_a_problem_that_names_it(
    serve: Serve, setting: str, value: str, path: str, says: str
) -> None:
    document: Any = copy.deepcopy(DOCUMENT)
    acme = serve(document, scenario=f"settings: {{acme: {{{setting}: {value}}}}}\n")
    acme.ask("GET", "/acme/balance")
    reply = acme.ask("POST", path, MESSAGE, query="to=38761444555&code=1" if "check" in path else "")

    assert (reply.status, says in reply.body.decode()) == (500, True)
