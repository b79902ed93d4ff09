r"""A run as JUnit XML, which CI systems show as tests: what was refused and which callbacks failed are the failures.

Each refused request and each failed callback is a test case of its own; what went well is one test case for each
operation and provider, so that a report is as long as its problems. XML has no control characters, not even escaped
ones, so texts have `\x1b` in their place.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from sandbox.client import Callback, Request
from sandbox.core.callback import CallbackState

UNWANTED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")  # carriage returns included
ANSWER_LIMIT = 2_000  # characters of a reply
MESSAGE_LIMIT = 500  # characters of a reason where CI systems show one line


class Failure(NamedTuple):
    """Why a test case fails: in one line, and in full."""

    kind: str
    message: str
    text: str


class JUnitCase(NamedTuple):
    """A test case; `seconds` is real time, `output` says what went well."""

    group: str
    name: str
    seconds: float
    failure: Failure | None = None
    output: str = ""


class Report:
    """Collects the requests and callbacks of a run."""

    def __init__(self) -> None:
        self.requests = self.callbacks = 0
        self.evicted = 0  # requests that are no longer kept
        self.refused: list[Request] = []
        self.failed: list[Callback] = []
        self._accepted: dict[tuple[str, str], list[float]] = {}  # how long each took, by provider and operation
        self._delivered: dict[str, list[float]] = {}
        self._begin: dict[str, datetime] = {}

    def add_request(self, request: Request) -> None:
        """Add a request."""
        self.requests += 1
        self._note("requests", request.at)
        if request.refused:
            self.refused.append(request)
        else:
            place = request.provider or "none", request.operation or "unknown path"
            self._accepted.setdefault(place, []).append(request.ms / 1000)

    def add_callback(self, callback: Callback) -> None:
        """Add a callback; one that has neither failed nor been delivered is no test case."""
        self.callbacks += 1
        self._note("callbacks", callback.due)
        if callback.failing:
            self.failed.append(callback)
        elif callback.state is CallbackState.DELIVERED:
            self._delivered.setdefault(callback.provider, []).append(_seconds(callback))

    def _note(self, suite: str, at: datetime) -> None:
        self._begin[suite] = min(at, self._begin.get(suite, at))

    def to_xml(self) -> bytes:
        """Return the document."""
        suites = {"requests": [*self._request_cases()], "callbacks": [*self._callback_cases()]}
        root = Element(
            "testsuites", {"name": "sms-sandbox", **_totals(case for each in suites.values() for case in each)}
        )
        for name, cases in suites.items():
            suite = SubElement(root, "testsuite", {"name": f"sms-sandbox.{name}", **_totals(cases)})
            if name in self._begin:
                suite.set("timestamp", self._begin[name].strftime("%Y-%m-%dT%H:%M:%S"))
            for case in cases:
                _add(suite, name, case)
        indent(root)
        text: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
        return text + b"\n"

    def _request_cases(self) -> Iterator[JUnitCase]:
        for (provider, operation), times in sorted(self._accepted.items()):
            yield JUnitCase(provider, f"{operation} accepted", sum(times), output=f"accepted requests: {len(times)}")
        for each in sorted(self.refused, key=lambda request: request.id):
            operation = each.operation or f"{each.method} {each.path}"
            name = f"{operation}, request {each.id}"
            yield JUnitCase(each.provider or "none", name, each.ms / 1000, _refusal(each))

    def _callback_cases(self) -> Iterator[JUnitCase]:
        for provider, times in sorted(self._delivered.items()):
            yield JUnitCase(provider, "callbacks delivered", sum(times), output=f"delivered callbacks: {len(times)}")
        for each in sorted(self.failed, key=lambda callback: callback.id):
            name = f"callback {each.id} reports {each.reports}"
            yield JUnitCase(each.provider, name, _seconds(each), _undelivered(each))


def _refusal(request: Request) -> Failure:
    reasons = request.why or (f"replied with {request.reply.status}",)
    lines = (
        f"{request.method} {request.path}",
        *([f"to {', '.join(request.to)}"] if request.to else ()),
        *reasons,
        *([f"rule: {request.rule}"] if request.rule else ()),
        f"reply {request.reply.status}",
        request.reply.body[:ANSWER_LIMIT],
    )
    return Failure("refused by a rule" if request.rule else "refused", reasons[0], "\n".join(filter(None, lines)))


def _undelivered(callback: Callback) -> Failure:
    attempts = [
        f"attempt {each.number} at {each.at.isoformat()} to {each.url}: {each.error or f'{each.status} {each.answer}'}"
        for each in callback.attempts
    ]
    last = callback.attempts[-1] if callback.attempts else None
    result = "not sent" if last is None else last.error or f"replied with {last.status}"
    head = f"message {callback.message} to {callback.to}, {callback.state}"
    return Failure("failed", f"attempt {last.number}: {result}" if last else result, "\n".join((head, *attempts)))


def _seconds(callback: Callback) -> float:
    return sum(each.ms for each in callback.attempts) / 1000


def _totals(cases: Iterable[JUnitCase]) -> dict[str, str]:
    found = [*cases]
    return {
        "tests": str(len(found)),
        "failures": str(sum(each.failure is not None for each in found)),
        "errors": "0",
        "skipped": "0",
        "time": f"{sum(each.seconds for each in found):.3f}",
    }


def _add(suite: Element, name: str, case: JUnitCase) -> None:
    attributes = {"classname": f"sms-sandbox.{name}.{case.group}", "name": case.name, "time": f"{case.seconds:.3f}"}
    element = SubElement(suite, "testcase", {key: in_one_line(value) for key, value in attributes.items()})
    if case.failure is not None:
        kind, message, text = case.failure
        failure = SubElement(element, "failure", {"type": kind, "message": in_one_line(message)[:MESSAGE_LIMIT]})
        failure.text = printable(text)
    if case.output:
        SubElement(element, "system-out").text = printable(case.output)


def printable(text: str) -> str:
    """Return a text with escapes in place of characters that XML cannot have, or that would control a terminal."""
    return UNWANTED.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def in_one_line(text: str) -> str:
    """Return a text as `printable` does, with its line breaks and tabs escaped too."""
    return printable(text).replace("\n", "\\n").replace("\t", "\\t")
