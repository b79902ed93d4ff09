"""Shapes: what a recording tells of an API without a value of an account, so that it can be committed and shared.

A shape has, by operation and outcome, the content type and the members of the reply: their types, their formats,
whether they are always present, and fixed words of the provider. Of callbacks it has the same by status, the sequences
of statuses, and how long after its send each came.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from sandbox.core.errors import FileMistake, SpecError
from sandbox.drift.compare import pointer
from sandbox.drift.trees import fits, format_of, is_varied, type_of
from sandbox.formats.json_text import ValuePath
from sandbox.formats.yaml_files import load
from sandbox.recording.sketch import Sketch

FORMAT = 1
MARK = "sms_sandbox_shape"
DYNAMIC = re.compile(r"\+?\d{3,}|[0-9a-fA-F-]{32,}|[0-9A-HJKMNP-TV-Z]{26}")  # names of members that are values
WORDS_KEPT = 40  # fixed words of one member
SEQUENCES_KEPT = 100  # of one channel
ENOUGH = 5  # callbacks that tell a time
FACTOR, SLACK = 1.5, 1.0  # how much longer or shorter, and by how many seconds, is another time
SHARES = (50, 95)  # percentiles of times


@dataclass(slots=True)
class Member:
    """A member of a reply or callback: in how many of those that may have it, with which types, formats and words."""

    count: int = 0
    types: set[str] = field(default_factory=set)
    formats: set[str] = field(default_factory=set)
    words: set[str] = field(default_factory=set)


class Members:
    """The members of values that are alike."""

    def __init__(self) -> None:
        self.count = 0
        self._found: dict[ValuePath, Member] = {}

    def add(self, value: object, fixed: frozenset[str]) -> None:
        """Add the members of a value; texts in `fixed` are words of the provider."""
        self.count += 1
        present: set[ValuePath] = set()
        self._walk(value, (), fixed, present)
        for path in present:
            self._found[path].count += 1

    def _walk(self, value: object, path: ValuePath, fixed: frozenset[str], present: set[ValuePath]) -> None:
        """Add a value, and the paths that it has to `present`."""
        member = self._found.get(path)
        if member is None:
            member = self._found[path] = Member()
        member.types.add(type_of(value))
        present.add(path)
        if isinstance(value, dict):
            for name, each in value.items():
                self._walk(each, (*path, "*" if DYNAMIC.fullmatch(name) else name), fixed, present)
        elif isinstance(value, list):
            for each in value:
                self._walk(each, (*path, "*"), fixed, present)
        elif isinstance(value, bool) or value in fixed:
            if len(member.words) < WORDS_KEPT:
                member.words.add(str(value).lower() if isinstance(value, bool) else str(value))
        else:
            member.formats.add(format_of(value))

    def to_json(self) -> dict[str, object]:
        """Return the members by their paths; a member that is not always there says so."""
        shown: dict[str, object] = {}
        for path, each in self._found.items():
            row: dict[str, object] = {"types": sorted(each.types)}
            formats = sorted(name for name in each.formats if is_varied(name) or name == "text")
            row |= {"formats": formats} if formats else {}
            row |= {"words": sorted(each.words)} if each.words else {}
            row |= {} if each.count == self._of_parent(path) else {"always": False}
            shown[pointer(path) or "/"] = row
        return shown

    def _of_parent(self, path: ValuePath) -> int:
        return self._found[path[:-1]].count if path else self.count


class SeenCallback(NamedTuple):
    """A callback of a channel and status; `parts` has its query and body, `after` the seconds since its send."""

    channel: str
    status: str
    method: str
    media: str
    parts: Mapping[str, object]
    after: float


class Shape:
    """Collects the shape of a recording."""

    def __init__(self) -> None:
        self._replies: dict[tuple[str, str], dict[str, Any]] = {}
        self._callbacks: dict[tuple[str, str], dict[str, Any]] = {}
        self._sequences: dict[str, dict[tuple[str, ...], None]] = {}

    def add_reply(self, operation: str, outcome: str, media: str, value: object, fixed: frozenset[str]) -> None:
        """Add a reply; `outcome` is its status, and the name of its error if it is one."""
        row = self._replies.setdefault((operation, outcome), {"types": set(), "members": Members()})
        row["types"].add(media)
        row["members"].add(value, fixed)

    def add_callback(self, seen: SeenCallback, fixed: frozenset[str]) -> None:
        """Add a callback."""
        new = {"methods": set(), "types": set(), "members": Members(), "after": Sketch()}
        row = self._callbacks.setdefault((seen.channel, seen.status), new)
        row["methods"].add(seen.method)
        row["types"] |= {seen.media} if seen.media else set()
        row["members"].add(seen.parts, fixed)
        row["after"].add(seen.after)

    def add_sequence(self, channel: str, statuses: Iterable[str]) -> None:
        """Add the statuses that callbacks reported of a message, in order."""
        known = self._sequences.setdefault(channel, {})
        if len(known) < SEQUENCES_KEPT:
            known[tuple(statuses)] = None

    def to_json(self) -> dict[str, object]:
        """Return the shape."""
        operations: dict[str, dict[str, object]] = {}
        for (operation, outcome), row in sorted(self._replies.items()):
            shown = {"content_types": sorted(row["types"]), "members": row["members"].to_json()}
            operations.setdefault(operation, {})[outcome] = shown
        channels: dict[str, dict[str, object]] = {}
        for (channel, status), row in sorted(self._callbacks.items()):
            times = zip(SHARES, row["after"].at(SHARES), strict=True)
            shown = {"methods": sorted(row["methods"])}
            shown |= {"content_types": sorted(row["types"])} if row["types"] else {}
            shown |= {"seen": row["after"].count, "after": {f"p{share}": f"{seconds:.2g}s" for share, seconds in times}}
            shown |= {"members": row["members"].to_json()}
            channels.setdefault(channel, {}).setdefault("callbacks", {})[status] = shown  # type: ignore[index]
        for channel, known in sorted(self._sequences.items()):
            channels.setdefault(channel, {})["sequences"] = [list(each) for each in sorted(known)]
        return {MARK: FORMAT, "operations": operations, "channels": channels}

    def to_yaml(self) -> str:
        """Return the shape as YAML."""
        return yaml.dump(self.to_json(), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)


class _Dumper(yaml.SafeDumper):
    """Writes lists on one line."""


_Dumper.add_representer(
    list, lambda dumper, rows: dumper.represent_sequence("tag:yaml.org,2002:seq", rows, flow_style=True)
)


def read_shape(path: Path) -> Mapping[str, Any]:
    """Return a shape from its file.

    Raises:
        SpecError: it cannot be read, or is no shape.

    """
    value = load(path)
    if not isinstance(value, dict) or value.get(MARK) != FORMAT:
        raise SpecError([FileMistake(f"this is not a shape: it has no {MARK}: {FORMAT}", str(path))])
    return value


def compare_shapes(theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the name and text of what is in one shape otherwise than in another, which was made before.

    What only one of them has seen is no difference, but for members of what both have seen.
    """
    for operation, outcomes in ours["operations"].items():
        for outcome, before in outcomes.items():
            now = theirs["operations"].get(operation, {}).get(outcome)
            if now is not None:
                yield from _rows(f"{operation} {outcome}", now, before)
    for channel, row in ours["channels"].items():
        there = theirs["channels"].get(channel, {})
        for status, before in row.get("callbacks", {}).items():
            now = there.get("callbacks", {}).get(status)
            if now is not None:
                yield from _rows(f"{channel} callback {status}", now, before)
                yield from _times(f"{channel} callback {status}", now, before)
        known = row.get("sequences", [])
        for each in there.get("sequences", []):
            if known and each not in known and not any(longer[: len(each)] == each for longer in known):
                shown = ", ".join(each)
                text = f"{channel} callbacks: they come as {shown}, as never before"
                yield f"{channel} callbacks: sequence {shown}", text


def _rows(subject: str, now: Mapping[str, Any], before: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name in ("methods", "content_types"):
        if not {*now.get(name, ())} <= {*before.get(name, ())}:
            here, there = (", ".join(each.get(name, ())) or "none" for each in (now, before))
            yield f"{subject}: {name}", f"{subject}: {name.replace('_', ' ')} {here}, before {there}"
    mine, known = now["members"], before["members"]
    for where, row in known.items():
        if where not in mine:
            if row.get("always", True) and _parent(where) in mine:
                yield f"{subject}: missing {where}", f"{subject}: {where} is missing, before it was always there"
        else:
            yield from _members(subject, where, mine[where], row)
    for where in mine.keys() - known.keys():
        if _parent(where) in known:
            yield f"{subject}: extra {where}", f"{subject}: {where} is there, before it never was"


def _times(subject: str, now: Mapping[str, Any], before: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield that callbacks take another time, if enough of them tell so."""
    if min(now.get("seen", 0), before.get("seen", 0)) < ENOUGH:
        return
    here, there = (float(str(each["after"]["p50"]).removesuffix("s")) for each in (now, before))
    if abs(here - there) > SLACK and max(here, there) > FACTOR * min(here, there):
        yield f"{subject}: time", f"{subject}: it comes after {here:g} s (median), before after {there:g} s"


def _members(subject: str, where: str, now: Mapping[str, Any], before: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if not {*now["types"]} <= {*before["types"]}:
        here, there = (" or ".join(each["types"]) for each in (now, before))
        yield f"{subject}: type {where}", f"{subject}: {where} is {here}, before {there}"
    elif new := _new_formats(now, before):
        there = " or ".join(before.get("formats", ())) or f"the word {' or '.join(before['words'])}"
        yield f"{subject}: format {where}", f"{subject}: {where} is {' or '.join(new)}, before {there}"
    if now.get("always", True) is False and before.get("always", True):
        yield f"{subject}: missing {where}", f"{subject}: {where} is missing in some, before it was always there"


def _parent(where: str) -> str:
    return where.rpartition("/")[0] or "/"


def _new_formats(now: Mapping[str, Any], before: Mapping[str, Any]) -> list[str]:
    """Return the formats that fit none of those before; of a member that had fixed words, every format is new."""
    known = before.get("formats", ())
    if not known and not before.get("words"):
        return []
    return [each for each in now.get("formats", ()) if not any(fits(each, other) for other in known)]


def has_seen(shape: Mapping[str, Any], subject: str) -> bool:
    """Return whether a shape tells of what a difference is about, such as `ubill.sms.send 401`."""
    channel, sign, status = subject.partition(" callback")
    if sign:
        seen = shape["channels"].get(channel, {})
        return status.strip() in seen.get("callbacks", {}) if status.startswith(" ") else bool(seen)
    operation, _, status = subject.partition(" ")
    return any(outcome.startswith(status) for outcome in shape["operations"].get(operation, {}))
