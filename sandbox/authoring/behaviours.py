"""Writes what one operation of an imported provider does: the behaviour below its `x-sandbox`."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.authoring.bodies import BodyWriter
from sandbox.authoring.calls import Call
from sandbox.authoring.facts import Facts, id_format, time_format
from sandbox.authoring.failures import good_example
from sandbox.authoring.names import normal, rank
from sandbox.authoring.places import Leaf, best, leaves_of, place_of
from sandbox.authoring.proposals import BALANCE, CHECK, MESSAGE, MESSAGES, REPLY, SEND, Proposal
from sandbox.authoring.reading import Node, inferred, text_of
from sandbox.authoring.samples import Sampler
from sandbox.authoring.template_text import unescaped

OFFSETS = frozenset({"offset", "skip", "start", "startat", "from"})
FILTERS = {"recipient": "to", "status": "provider_status", "sender": "from", "id": "id"}
CODE_MARK = re.compile(r"[{#<\[%]{1,2}\s*(?:code|otp|pin)\s*[}#>\]%]{1,2}", re.IGNORECASE)
LISTED_LIMIT = 4  # operations in one line
SURE = 8  # names of a field that are certain enough for a filter
CODE = "#code#"  # stands in a text that is made up where the code comes
MADE_REPLY: Node = {"id": "{{ message.id }}", "status": "{{ message.provider_status }}"}


@dataclass(slots=True)
class BehaviourWriter:
    """Writes the behaviours of one description; `notes` collects what is left to do, each with its operations."""

    facts: Facts
    sampler: Sampler
    callback: str
    notes: dict[str, list[str]] = field(default_factory=dict)
    scheduled: bool = False

    def write(self, call: Call, proposal: Proposal) -> Node:
        """Return the `x-sandbox` of an operation."""
        body, writer = self._reply(call, proposal)
        reply: Node = {} if body is None else {"body": body}
        if proposal.hint:
            self._note(call, proposal.hint)
        if proposal.role == REPLY:
            made = call.good is not None and call.good.made
            return {**(inferred("made of its schema") if made else {}), "reply": reply}
        marks = inferred(proposal.reason)
        if proposal.role == SEND:
            return {**marks, "send": {**self._send(call, proposal, writer), "reply": reply}}
        places = {name: place_of(leaf.steps) for name, leaf in proposal.found.items()}
        node: Node = {MESSAGES: self._listing(call), BALANCE: {}}.get(proposal.role, {})
        return {**marks, proposal.role: {**places, **node, "reply": reply}}

    def _reply(self, call: Call, proposal: Proposal) -> tuple[object, BodyWriter]:
        good = call.good
        parameters = {normal(each["name"]): str(each["name"]) for each in call.parameters if each.get("in") == "path"}
        writer = BodyWriter(proposal.role, self.facts, parameters, made=good is not None and good.made)
        example = good_example(good) if good is not None else None
        if example is None:
            if proposal.role in {SEND, MESSAGE}:
                self._note(call, "the reply: the description has none, so it is made up")
                writer.used.add("id")
                return dict(MADE_REPLY), writer
            return None, writer
        if proposal.role == REPLY:
            return unescaped(example), writer
        body = writer.write(example)
        if good is not None and good.made and proposal.role != BALANCE:
            self._note(call, "the reply: the description has no example, so it is made of the schema")
        if proposal.role == CHECK and (writer.guessed or "result" not in writer.used):
            what = (
                f"'{writer.guessed}' for a wrong code is a guess"
                if writer.guessed
                else "it is the same for a wrong code"
            )
            self._note(call, f"the reply: {what}; see code.result and refusals")
        wanted = {SEND: "id", MESSAGE: "status", MESSAGES: "rows", BALANCE: "balance"}.get(proposal.role)
        if wanted and wanted not in writer.used:
            what = {"rows": "list of messages"}.get(wanted, wanted)
            self._note(call, f"the {what} in the reply: no member was recognized as such")
        return body, writer

    @property
    def left(self) -> list[str]:
        """Return what is left to do, in one line for all operations that have it in common."""
        lines = []
        for text, labels in self.notes.items():
            more = f" and {len(labels) - LISTED_LIMIT} more" if len(labels) > LISTED_LIMIT else ""
            lines.append(f"{', '.join(labels[:LISTED_LIMIT])}{more}: {text}")
        return lines

    def _note(self, call: Call, text: str) -> None:
        self.notes.setdefault(text, []).append(call.label)

    def _send(self, call: Call, proposal: Proposal, writer: BodyWriter) -> Node:
        places = proposal.places
        if places is None:
            return {}
        leaves = leaves_of(call, self.sampler)
        named = {"rows": places.rows, "recipient": places.recipient, "sender": places.sender, "text": places.text}
        node: Node = {name: place for name, place in named.items() if place}
        outer = [each for each in leaves if "[]" not in each.steps and each.origin in {"body", "query"}]
        node.update(self._schedule(call, outer))
        url = self._callback_url(outer)
        if url:
            node["callback_url"] = url
        kind, reason = id_format(writer.parts.id_example, "")
        if writer.parts.grouped:
            kind = {**(kind if isinstance(kind, dict) else {"kind": kind}), "per": "request"}
        node["id"] = kind
        if "no example" in reason:
            self._note(call, "the form of the ids: the description shows none, so they are UUIDs")
        mark = self._code_mark(call, places.text)
        if proposal.makes_code or mark:
            node["make_code"] = {"digits": 6, "expires": "10m", "replaces": mark or CODE}
            if not mark:
                node["text"] = f"Your code is {{{{ '{CODE}' }}}}"
                self._note(call, "the text with the code, its digits and when it expires: they are made up")
        return node

    def _schedule(self, call: Call, leaves: Iterable[Leaf]) -> Node:
        """Return where a send says when to send."""
        found = best("schedule", leaves)
        if found is None:
            return {}
        kind = self.sampler.kind(found.schema)
        example = self.sampler.published(found.schema)
        written = time_format(example)
        if written is None and self.sampler.resolved(found.schema).get("format") == "date-time":
            written = "iso"
        if written is None and kind in {"integer", "number"}:
            written = "unix"
        if written is None or kind in {"boolean", "array", "object"} or found.required:
            place = place_of(found.steps)
            self._note(call, f"{place} may schedule the message, but its format is unknown; add schedule below send")
            return {}
        self.scheduled = True
        return {"schedule": {"at": place_of(found.steps), "format": written}}

    def _callback_url(self, leaves: list[Leaf]) -> str:
        known = {place_of(each.steps) for each in leaves}
        if self.callback in known:
            return self.callback
        beside = {each.steps[:-1] for each in leaves if normal(each.steps[-1]) == "method"}
        urls = [each for each in leaves if normal(each.steps[-1]) == "url" and each.steps[:-1] in beside]
        found = best("callback", leaves) or next(iter(urls), None)  # the method is that of the callback
        return place_of(found.steps) if found is not None and self.sampler.kind(found.schema) in {"string", ""} else ""

    def _code_mark(self, call: Call, text: str) -> str:
        """Return the mark in an example's text that a code made by the provider replaces, empty if there is none."""
        example: Any = call.body_example if isinstance(call.body_example, Mapping) else {}
        found = CODE_MARK.search(text_of(example.get(text)))
        return found[0] if found else ""

    def _listing(self, call: Call) -> Node:
        """Return the filters and the page of a list of messages."""
        leaves = [
            each for each in leaves_of(call, self.sampler) if each.origin in {"query", "body"} and len(each.steps) == 1
        ]
        filters: Node = {}
        page: Node = {}
        for each in leaves:
            name = each.steps[0]
            ranks = ((rank(key, name), value) for key, value in FILTERS.items())
            kind = next((value for place, value in ranks if place is not None and place < SURE), None)
            if rank("size", name) is not None:
                page.setdefault("size", name)
            elif rank("page", name) is not None:
                page.setdefault("number", name)
            elif normal(name) in OFFSETS - {"from"}:
                page.setdefault("offset", name)
            elif kind is not None and kind not in filters.values() and self.sampler.kind(each.schema) in {"string", ""}:
                filters[name] = kind
        if "offset" in page:
            page.pop("number", None)
        return {**({"filters": filters} if filters else {}), **({"page": page} if page else {})}


ROLES = {
    SEND: "sends",
    MESSAGE: "reads a message",
    MESSAGES: "lists messages",
    BALANCE: "shows the balance",
    CHECK: "checks a code",
}
