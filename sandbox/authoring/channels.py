"""Writes the channels of an imported provider: statuses, lifecycle and the callback that reports them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from sandbox.authoring.bodies import BodyWriter
from sandbox.authoring.calls import Call, Hook
from sandbox.authoring.facts import Facts
from sandbox.authoring.names import normal
from sandbox.authoring.proposals import is_report
from sandbox.authoring.reading import Node, Source, inferred
from sandbox.core.message import LIFECYCLE_STATUSES, Status
from sandbox.specs.body_parsing import FORM

FAILURES = (Status.UNDELIVERED, Status.FAILED, Status.EXPIRED, Status.REJECTED)
FORMATS = {FORM: "form", "application/xml": "xml", "text/xml": "xml", "text/plain": "text"}
REQUEST_MEMBER = re.compile(r"\{\$request\.(body#|query\.)/?([^}]+)\}")
CALLBACK_METHODS = ("GET", "POST", "PUT", "PATCH")
SIGNED = re.compile(r"sig$|signature|hmac|digest", re.IGNORECASE)
OTHER_CHANNELS = ("whatsapp", "viber", "rcs", "mms")
# Without a documented report, one is made up so that the provider can be tried; its owner replaces it.
USUAL_REPORT: Node = {
    "id": "{{ message.id }}",
    "status": "{{ callback.provider_status }}",
    "to": "{{ message.e164 }}",
    "timestamp": "{{ callback.at }}",
}


class Channel(NamedTuple):
    """A channel with the mapping that describes it, and what is left to do about it."""

    name: str
    node: Node
    left: tuple[str, ...]


def channel_of(call: Call) -> str:
    """Return the channel that a call sends on, by its words."""
    return next((name for name in OTHER_CHANNELS if name in call.words and "sms" not in call.words), "sms")


def report_of(calls: list[Call], hooks: list[Hook]) -> Hook | None:
    """Return the callback that reports statuses: that of a send, or else the webhook that looks most like one."""
    own = [hook for call in calls for hook in call.hooks if is_report(hook)]
    found = own or [hook for hook in hooks if is_report(hook)]
    return max(found, key=is_report) if found else None


@dataclass(frozen=True, slots=True)
class ChannelWriter:
    """Writes channels; `form`: requests are forms, so a report that is made up is one, too."""

    facts: Facts
    report: Hook | None
    source: Source
    form: bool

    def write(self, name: str, *, scheduled: bool) -> Channel:
        """Return a channel; `scheduled`: its messages can be sent later."""
        words = self.facts.words
        needed = [Status.QUEUED, Status.DELIVERED, *([Status.SCHEDULED] if scheduled else [])]
        needed += [] if words.keys() & {*FAILURES} else [Status.FAILED]
        missing = [status for status in needed if status not in words]
        left = []
        if missing:
            left.append(f"the words for {', '.join(missing)}: the description has none, so they are guessed")
        if self.facts.unknown:
            left.append(
                f"the status words {', '.join(self.facts.unknown)}: no status of the sandbox matches for sure; leave "
                "them out, or add them as variants"
            )
        known = [status for status in LIFECYCLE_STATUSES if status in words or status in missing]
        life = [{Status.SENT.value: "200ms"}] if Status.SENT in known else []
        callback, more = self._callback()
        node: Node = {
            "life": [*life, {Status.DELIVERED.value: "2s"}],
            "statuses": {status.value: self._status(status, known) for status in known},
            "callback": callback,
        }
        return Channel(name, node, (*left, *more))

    def _status(self, status: Status, known: list[Status]) -> Node:
        word = self.facts.words.get(status)
        reported = self.facts.reported or {each for each in known if each not in {Status.SCHEDULED, Status.QUEUED}}
        following = _next(status, known)
        return {
            "says": status.value if word is None else word.says,
            **({"variants": [*word.variants]} if word is not None and word.variants else {}),
            **({"reported": True} if status in reported else {}),
            **({"next": following} if following else {}),
            **(inferred("the description has no word for it") if word is None else self.source.published()),
        }

    def _callback(self) -> tuple[Node, list[str]]:
        report = self.report
        if report is None:
            reason = "the description has no delivery report"
            node = {**({"format": "form"} if self.form else {}), "body": dict(USUAL_REPORT), **inferred(reason)}
            return node, [f"the callback: {reason}, so its body is made up"]
        writer = BodyWriter("callback", self.facts, made="made" in report.examples)
        body = writer.write(_best_example(report))
        method = report.method.upper()
        left = [
            f"the {what} in the callback: no member was recognized"
            for what in ("id", "status")
            if what not in writer.used
        ]
        members = body if isinstance(body, dict) else {}
        signed = [name for name in (*report.headers, *members) if SIGNED.search(name)]
        if signed:
            left.append(f"the signature of the callback ({', '.join(signed)}): add signature below callback")
        known = method if method in CALLBACK_METHODS else "POST"
        return {"method": known, **_body(known, report.media, body), **self.source.published()}, left


def _body(method: str, media: str, body: object) -> Node:
    """Return the body of a callback in its format; a GET has a query instead."""
    flat = (
        {name: each for name, each in body.items() if not isinstance(each, dict | list)}
        if isinstance(body, dict)
        else {}
    )
    if method == "GET":
        return {"query": flat}
    if isinstance(body, str):
        return {"format": FORMATS.get(media, "text"), "body": body}
    return {"format": "form", "body": flat} if FORMATS.get(media) == "form" else {"body": body}


def _next(status: Status, known: list[Status]) -> list[str]:
    """Return the statuses that can follow one."""
    failures = [each for each in FAILURES if each in known]
    after: Mapping[Status, list[Status]] = {
        Status.SCHEDULED: [Status.QUEUED],
        Status.QUEUED: [Status.SENT if Status.SENT in known else Status.DELIVERED, *failures],
        Status.SENT: [Status.DELIVERED, *failures],
        Status.DELIVERED: [Status.READ],
    }
    return [each.value for each in after.get(status, []) if each in known]


def _best_example(report: Hook) -> object:
    """Return the example of a report of a delivered message, or else the first; of a list the first item stays one."""
    named = [
        value for name, value in report.examples.items() if "deliver" in normal(name) and "fail" not in normal(name)
    ]
    return next(iter([*named, *report.examples.values()]), {})


def callback_place(report: Hook | None) -> str:
    """Return the place of a send that has the callback URL, if the description refers to it."""
    found = REQUEST_MEMBER.search(report.url) if report is not None else None
    if found is None:
        return ""
    steps = found[2]
    return f"/{steps}" if "/" in steps else steps
