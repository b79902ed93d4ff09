"""`report`: what it says, its exit codes, and the JUnit XML that it writes."""

import json
from collections.abc import Mapping
from pathlib import Path
from xml.etree.ElementTree import Element

import pytest
from defusedxml.ElementTree import fromstring

from sandbox.cli.junit import Report, in_one_line, printable
from sandbox.testing import SandboxClient
from tests.cli.conftest import Said, Say
from tests.client.fixtures import NUMBER, send


def fail_one_callback(sandbox: SandboxClient) -> str:
    """Send a message whose first callback fails once; return its id."""
    sandbox.receiver.answer_with(503, times=1)
    uuid = send(sandbox)
    sandbox.advance("300ms")
    return uuid


def cases(document: Element) -> Mapping[str, list[str | None]]:
    """Return class and result of each test case, by its name."""
    return {
        str(case.get("name")): [
            case.get("classname"),
            case.findtext("system-out"),
            *(each.get("message") for each in case.iter("failure")),
        ]
        for case in document.iter("testcase")
    }


def test_a_run_without_problems_is_a_success(sandbox: SandboxClient, say: Say) -> None:
    send(sandbox)
    sandbox.advance("1m")

    assert say("report") == Said(0, f"1 request, 0 refused; {len(sandbox.callbacks())} callbacks, 0 failed\n")


def test_refusals_and_failed_callbacks_are_listed(sandbox: SandboxClient, say: Say) -> None:
    uuid = fail_one_callback(sandbox)
    send(sandbox, to="1")
    said = say("report")
    lines = said.out.splitlines()

    assert (said.code, lines[0], lines[3].split()[1:3], lines[4].split()[0], uuid in lines[7], lines[8]) == (
        1,
        "2 requests, 1 refused; 1 callback, 1 failed",
        ["2", "betatel.sms.send"],
        "body.to:",
        True,
        "        attempt 1 at 12:00:00.200: 503",
    )


@pytest.mark.parametrize(
    ("words", "code"),
    [([], 1), (["--exit-zero"], 0), (["--provider", "ubill"], 0), (["--since", "2026-03-02T12:00:00Z"], 0)],
    ids=str,
)
def test_the_exit_code_says_whether_something_was_refused(
    sandbox: SandboxClient, say: Say, words: list[str], code: int
) -> None:
    send(sandbox, to="1")

    assert say("report", *words).code == code


def test_refusals_by_a_rule_of_the_scenario_can_be_left_out(sandbox: SandboxClient, say: Say) -> None:
    sandbox.load_scenario({"name": "full", "rules": [{"name": "full", "then": {"error": "invalid"}}]})
    send(sandbox)
    numbers = [json.loads(say("report", "--json", *words).out)["refused"] for words in ([], ["--ignore-rules"])]

    assert (numbers, say("report", "--ignore-rules").code) == ([[1], []], 0)


def test_junit_xml_has_a_test_case_for_each_problem(sandbox: SandboxClient, say: Say, tmp_path: Path) -> None:
    uuid = fail_one_callback(sandbox)
    send(sandbox, to="1")
    file = tmp_path / "report.xml"
    code = say("report", "--junit", str(file)).code
    document = fromstring(file.read_bytes())
    suites = [{name: each.get(name) for name in ("name", "tests", "failures", "timestamp")} for each in document]
    refusal, failure = (str(each.text) for each in document.iter("failure"))

    assert (code, document.get("tests"), document.get("failures"), suites) == (
        1,
        "3",
        "2",
        [
            {"name": "sms-sandbox.requests", "tests": "2", "failures": "1", "timestamp": "2026-03-02T12:00:00"},
            {"name": "sms-sandbox.callbacks", "tests": "1", "failures": "1", "timestamp": "2026-03-02T12:00:05"},
        ],
    )
    assert cases(document) == {
        "betatel.sms.send accepted": ["sms-sandbox.requests.betatel", "accepted requests: 1"],
        "betatel.sms.send, request 2": ["sms-sandbox.requests.betatel", None, sandbox.request(2).why[0]],
        "callback 1 reports sent": ["sms-sandbox.callbacks.betatel", None, "attempt 1: replied with 503"],
    }
    assert (refusal.splitlines()[:2], failure.splitlines()[0]) == (
        ["POST /api/smpp/client/send", "to 1"],
        f"message {uuid} to {NUMBER}, pending",
    )


def test_what_was_delivered_is_a_test_case_of_its_provider(sandbox: SandboxClient, say: Say) -> None:
    send(sandbox)
    sandbox.advance("1m")
    said = say("report", "--junit", "-")

    assert (said.code, cases(fromstring(said.out))["callbacks delivered"]) == (
        0,
        ["sms-sandbox.callbacks.betatel", f"delivered callbacks: {len(sandbox.callbacks())}"],
    )


def test_a_workspace_without_requests_is_a_report_without_test_cases(say: Say) -> None:
    document = fromstring(say("report", "--junit", "-").out)

    assert ([each.get("tests") for each in document.iter("testsuite")], document.get("time")) == (["0", "0"], "0.000")


def test_characters_that_xml_cannot_have_are_escaped(sandbox: SandboxClient) -> None:
    send(sandbox, to="\x1b[31m\x00\ufffe\x85]]>&<\r\n")
    found = Report()
    found.add_request(sandbox.request())
    text = str(next(fromstring(found.to_xml()).iter("failure")).text)

    assert ("\x1b" in text, r"\x1b[31m\x00" in text.replace("\\\\", "\\")) == (False, True)


@pytest.mark.parametrize(
    ("text", "whole", "line"),
    [
        ("a\x1b[31mb", r"a\x1b[31mb", r"a\x1b[31mb"),
        ("a\r\nb\tc", "a\\r\nb\tc", r"a\r\nb\tc"),
        ("\x00\x85\ud800\uffff", r"\x00\x85\ud800\uffff", r"\x00\x85\ud800\uffff"),
        ("Šifra 👍🏽", "Šifra 👍🏽", "Šifra 👍🏽"),
    ],
)
def test_a_text_is_escaped_where_it_must_be(text: str, whole: str, line: str) -> None:
    assert (printable(text), in_one_line(text)) == (whole, line)
