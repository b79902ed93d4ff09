"""Makes a provider document from an API description: reads, proposes, writes, and checks that what it wrote serves.

An operation that the sandbox would not serve is left out with the reason, and the rest is written again: the document
either serves or is refused in one line.
"""

import re
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from sandbox.authoring.behaviours import ROLES
from sandbox.authoring.calls import Call, CallReader, Found, Hook, server_url
from sandbox.authoring.document import DocumentWriter, Draft
from sandbox.authoring.postman import from_postman
from sandbox.authoring.proposals import REPLY, Proposal, propose, propose_send
from sandbox.authoring.reading import Description, Kind, Node, Source, listing, mapping, read_description, refuse
from sandbox.authoring.samples import Sampler
from sandbox.authoring.swagger2 import from_swagger
from sandbox.authoring.yaml_text import write_yaml
from sandbox.core.errors import FileMistake, SpecError, near_miss, on_one_line
from sandbox.formats.yaml_files import SIZE_LIMIT, FileError, parse, shipped
from sandbox.providers.registry import discover
from sandbox.specs.spec import NAME

WHOLE_LIMIT = 40  # operations up to which all are taken
LISTED_LIMIT = 30  # lines of one list in the comment at the top
NO_NAME = re.compile(r"[^a-z0-9]+")
OTHER_WORDS = re.compile(r"(-(api|rest|http|json|v\d+(-x)?|openapi|docs?|documentation|collection|reference))+$")
GENERIC = frozenset({"sms", "message", "messages", "messaging", "verify", "api", "whatsapp", "otp", "public", "rest"})


class Imported(NamedTuple):
    """A provider document: its text, and what a person should know about it."""

    name: str
    text: str
    proposals: tuple[str, ...]
    left: tuple[str, ...]
    left_out: tuple[str, ...]
    operations: int


def import_provider(
    path: Path, *, name: str | None = None, only: tuple[str, ...] = (), beside: Iterable[Path] | None = None
) -> Imported:
    """Return the provider of an API description; `beside` are the specs that serve with it (default: the shipped).

    `only` are patterns of paths, operation ids or `METHOD path`.

    Raises:
        ImportRefusedError: The file is no API description, or no operation in it can be served.

    """
    described = read_description(path)
    document = _as_openapi(described)
    reader = CallReader(document)
    found = reader.read(only)
    if not found.calls:
        refuse(path, _why_none(reader, only))
    info = mapping(document.get("info"))
    title, version = (on_one_line(str(info.get(each) or "")).strip()[:80] for each in ("title", "version"))
    proposals = _propose(document, found)
    chosen = proposals if only or len(proposals) <= WHOLE_LIMIT else _related(proposals)
    left_out = list(found.left_out)
    if len(chosen) < len(proposals):
        count = len(proposals) - len(chosen)
        left_out.append(f"{count} operations that seem to have nothing to do with messages; --only '*' takes all")
    made = _Import(
        described,
        Source(path.name, title, version),
        name or provider_name(title, server_url(listing(document.get("servers"))), path),
        document,
        found.hooks,
        tuple([shipped("specs")] if beside is None else beside),
    )
    return made.make(chosen, left_out)


def _why_none(reader: CallReader, only: tuple[str, ...]) -> str:
    """Return why a description gives no operation."""
    if reader.found.left_out:
        return f"it describes no operation that the sandbox can serve: {reader.found.left_out[0]}"
    if only and reader.known:
        return f"no operation matches --only {only[0]}.{near_miss(only[0], reader.known[:LISTED_LIMIT])}"
    return "it describes no operation that the sandbox can serve"


def _as_openapi(described: Description) -> Node:
    match described.kind:
        case Kind.SWAGGER:
            return from_swagger(described.document)
        case Kind.POSTMAN:
            return from_postman(described.document)
    return described.document


def provider_name(title: str, url: str, path: Path) -> str:
    """Return a name for a provider: of its title, its host, or else of its file."""
    host = re.sub(r"^[^/]*//|[:/].*", "", url).split(".")
    for text in (title, host[-2] if len(host) > 1 else "", path.stem):
        slug = NO_NAME.sub("-", text.lower()).strip("-")
        slug = OTHER_WORDS.sub("", slug)[:40].strip("-").lstrip("0123456789-")
        if NAME.fullmatch(slug) and slug not in GENERIC:
            return slug
    return "provider"


Proposals = list[tuple[Call, Proposal]]


def _propose(document: Node, found: Found) -> Proposals:
    sampler = Sampler(document)
    sends = {call.label: scored for call in found.calls if (scored := propose_send(call, sampler)) is not None}
    sending = [call for call in found.calls if call.label in sends]
    return [
        (call, sends[call.label][1] if call.label in sends else propose(call, sampler, sending)) for call in found.calls
    ]


def _related(proposals: Proposals) -> Proposals:
    """Return the operations with a behaviour, and those on the same paths."""
    paths = {call.path for call, proposal in proposals if proposal.role != REPLY}
    chosen = [each for each in proposals if each[0].path in paths]
    return chosen or proposals[:WHOLE_LIMIT]


@dataclass(frozen=True, slots=True)
class _Import:
    """One description on its way to a provider; `document` is the description as OpenAPI 3."""

    described: Description
    source: Source
    name: str
    document: Node
    hooks: list[Hook]
    beside: tuple[Path, ...]

    def make(self, chosen: Proposals, left_out: list[str]) -> Imported:
        """Return the provider of some operations, without those that the sandbox would not serve."""
        while True:
            draft = DocumentWriter(self.name, self.source, self.document).write(chosen, self.hooks)
            text = write_yaml(draft.document, draft.comments, self._head(draft, chosen, left_out))
            mistakes = _mistakes(text, self.name, self.beside)
            if not mistakes:
                return Imported(self.name, text, tuple(_said(chosen)), draft.left, tuple(left_out), len(chosen))
            wrong = _operations_at(text, mistakes, [call.label for call, _ in chosen])
            kept = [each for each in chosen if each[0].label not in wrong]
            if not kept or len(kept) == len(chosen):
                refuse(self.described.path, f"the sandbox cannot serve it: {mistakes[0].problem}")
            left_out = [*left_out, *(f"{label}: {problem}" for label, problem in wrong.items())]
            chosen = kept

    def _head(self, draft: Draft, chosen: Proposals, left_out: list[str]) -> str:
        """Return the comment at the top of the file."""
        version = f" {self.described.version}" if self.described.kind is Kind.OPENAPI else ""
        lines = [
            f"{self.name}, imported from {self.source.name}: {self.described.kind}{version}.",
            "x-word: published is taken from that file; inferred is a guess, for which x-source gives the reason.",
        ]
        sections = (
            ("What the operations do, as far as it was recognized:", [*_said(chosen)] or ["nothing was recognized"]),
            ("Left to do:", [*draft.left] or ["check what is inferred"]),
            ("Left out:", left_out),
        )
        for title, rows in sections:
            if rows:
                lines += ["", title, *(f"  - {on_one_line(each)}" for each in rows[:LISTED_LIMIT])]
            if len(rows) > LISTED_LIMIT:
                lines.append(f"  - … and {len(rows) - LISTED_LIMIT} more")
        return "\n".join(lines)


def _mistakes(text: str, name: str, folders: Iterable[Path]) -> tuple[FileMistake, ...]:
    """Return why the sandbox would not serve a document; none if it would."""
    if len(text.encode()) > SIZE_LIMIT:
        return (FileMistake(f"it would have more than {SIZE_LIMIT} bytes; take fewer operations with --only"),)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / f"{name}.yaml").write_text(text, encoding="utf-8")
        try:
            discover([*folders, Path(folder)])
        except SpecError as error:
            return tuple(error.mistakes)
    return ()


def _operations_at(text: str, mistakes: Iterable[FileMistake], labels: list[str]) -> dict[str, str]:
    """Return the operations whose lines have mistakes, each with the first of them; a path's are those of all on it."""
    try:
        places = parse(text, "").places
    except FileError:
        return {}
    starts = sorted((line, path) for path, (line, _) in places.items() if path and len(path) <= 3)  # noqa: PLR2004 - paths, path, method
    found: dict[str, str] = {}
    for mistake in mistakes:
        above = [path for line, path in starts if mistake.line is not None and line <= mistake.line]
        if not above or above[-1][0] != "paths":
            continue
        _, template, *method = above[-1] if len(above[-1]) > 1 else ("", "")
        for label in labels:
            if label.partition(" ")[2] == template and label.startswith(
                tuple(str(each).upper() for each in method) or ""
            ):
                problem = mistake.problem.removeprefix(f"{label}: ").removeprefix(f"paths.{template}: ")
                found.setdefault(label, problem)
    return found


def _said(chosen: Proposals) -> Iterator[str]:
    """Yield what each operation does, as proposed."""
    for call, proposal in chosen:
        if proposal.role != REPLY:
            yield f"{call.label} {ROLES[proposal.role]}: {proposal.reason}"
