"""The comparator: what of one tree of values is otherwise in another, but for what may differ from call to call."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sandbox.drift.trees import fits, format_of, is_varied, leaves, type_of
from sandbox.formats.json_text import ValuePath, children_of
from sandbox.specs.types import BRANCHES, CONDITIONS

QUOTED = 60  # characters of a value in a difference
Schemas = tuple[Mapping[str, Any], ...]


class Finding(NamedTuple):
    """A difference: where (in our tree), of what aspect, and both sides in words; a side that has nothing is empty.

    Aspects: type, missing (they do not have it), extra (we do not have it), renamed, order, value, format, length.
    """

    path: ValuePath
    aspect: str
    theirs: str = ""
    ours: str = ""


@dataclass(frozen=True, slots=True)
class Leeway:
    """What may differ.

    `varied` are the paths at which two sandboxes differ from each other, `words` the provider's words for statuses,
    `secrets` the names of credentials in lower case, `same` their ids with ours. `reads`: the reply shows what an
    account has, of which a recording knows a part. `fixed` is the body of a declared error: a text that is otherwise in
    our reply was made for the request, and may be any. `schemas` are those of our reply, `closed` the paths of words.
    """

    varied: frozenset[ValuePath] = frozenset()
    words: frozenset[str] = frozenset()
    secrets: frozenset[str] = frozenset()
    same: Mapping[Any, str] = field(default_factory=dict)
    reads: bool = False
    fixed: object = None
    schemas: Schemas = ()
    closed: frozenset[ValuePath] = frozenset()


def compare(
    theirs: object, ours: object, leeway: Leeway, path: ValuePath = (), schemas: Schemas | None = None
) -> Iterator[Finding]:
    """Yield every difference between two values; `path` is that of ours, `schemas` what a document says of it."""
    known = leeway.schemas if schemas is None else schemas
    their_type, our_type = type_of(theirs), type_of(ours)
    if their_type != our_type:
        if not (_may_be(their_type, known) and (leeway.reads or path in leeway.varied)):
            yield Finding(path, "type", f"{their_type} {quoted(theirs)}", f"{our_type} {quoted(ours)}")
    elif isinstance(theirs, dict) and isinstance(ours, dict):
        yield from _objects(theirs, ours, leeway, path, known)
    elif isinstance(theirs, list) and isinstance(ours, list):
        yield from _arrays(theirs, ours, leeway, path, known)
    elif theirs != ours:
        found = _values(theirs, ours, leeway, path, known)
        if found is not None:
            yield found


def _objects(
    theirs: Mapping[str, object], ours: Mapping[str, object], leeway: Leeway, path: ValuePath, schemas: Schemas
) -> Iterator[Finding]:
    missing = [name for name in ours if name not in theirs]
    extra = [name for name in theirs if name not in ours]
    if len(missing) == len(extra) == 1 and _is_same(missing[0], extra[0], theirs, ours):
        yield Finding((*path, missing[0]), "renamed", extra[0], missing[0])
        missing, extra = [], []
    yield from (Finding((*path, name), "missing", "", quoted(ours[name])) for name in missing)
    yield from (Finding((*path, name), "extra", quoted(theirs[name])) for name in extra)
    common = [name for name in ours if name in theirs]
    their_order = [name for name in theirs if name in ours]
    if common != their_order:
        yield Finding(path, "order", ", ".join(their_order), ", ".join(common))
    for name in common:
        yield from compare(theirs[name], ours[name], leeway, (*path, name), step_into(schemas, name))


def _is_same(missing: str, extra: str, theirs: Mapping[str, object], ours: Mapping[str, object]) -> bool:
    """Return whether a member that is missing and one that is extra are one with another name."""
    at_same_place = [*theirs].index(extra) == [*ours].index(missing)
    return at_same_place and fits(format_of(theirs[extra]), format_of(ours[missing]))


def _arrays(
    theirs: list[object], ours: list[object], leeway: Leeway, path: ValuePath, schemas: Schemas
) -> Iterator[Finding]:
    inside = step_into(schemas, 0)
    if not leeway.reads and len(theirs) != len(ours):
        yield Finding(path, "length", f"{len(theirs)} items", f"{len(ours)} items")
    if leeway.reads and len(theirs) != len(ours):  # a recording knows a part of what the account has
        theirs = theirs if ours else []
        pairs = [(each, _ours_of(each, ours, leeway)) for each in theirs]
    else:
        pairs = [*zip(theirs, range(len(ours)), strict=False)]
    for each, place in pairs:
        yield from compare(each, ours[place], leeway, (*path, place), inside)


def _ours_of(item: object, ours: list[object], leeway: Leeway) -> int:
    """Return the place of our item that is about the same message as theirs, else the first."""
    named = {leeway.same[each] for _, each in leaves(item) if isinstance(each, str) and each in leeway.same}
    found = (place for place, each in enumerate(ours) if any(value in named for _, value in leaves(each)))
    return next(found, 0) if named else 0


def _values(  # noqa: PLR0911 - one reason after the other for which values may differ
    theirs: object, ours: object, leeway: Leeway, path: ValuePath, schemas: Schemas
) -> Finding | None:
    if name_at(path).lower() in leeway.secrets or leeway.same.get(str(theirs)) == str(ours):
        return None
    different = Finding(path, "value", quoted(theirs), quoted(ours))
    varies = path in leeway.varied
    if path in leeway.closed:
        return different
    if leeway.fixed is not None and not varies:
        return different if at_path(leeway.fixed, path) == ours else None
    closed = [each for each in schemas if "const" in each or "enum" in each]
    if closed and not varies:
        known = any(theirs == each.get("const", ...) or theirs in each.get("enum", ()) for each in closed)
        return None if known and leeway.reads else different
    if leeway.reads and theirs in leeway.words and ours in leeway.words:
        return None
    their_format, our_format = format_of(theirs), format_of(ours)
    if "empty" in {their_format, our_format} and leeway.reads:
        return None
    if varies or is_varied(our_format) or (leeway.reads and our_format in {"integer", "number", "boolean"}):
        if fits(their_format, our_format):
            return None
        return Finding(path, "format", f"{their_format} {quoted(theirs)}", f"{our_format} {quoted(ours)}")
    if leeway.reads and (not path or any(isinstance(step, int) for step in path)):
        return None
    return different


def varied_paths(ours: object, other: object, path: ValuePath = ()) -> Iterator[ValuePath]:
    """Yield the paths at which two replies of sandboxes differ."""
    if isinstance(ours, dict) and isinstance(other, dict):
        for name in ours:
            yield from varied_paths(ours[name], other.get(name), (*path, name))
    elif isinstance(ours, list) and isinstance(other, list) and len(ours) == len(other):
        for place, (one, two) in enumerate(zip(ours, other, strict=True)):
            yield from varied_paths(one, two, (*path, place))
    elif ours != other:
        yield path


def step_into(schemas: Iterable[Mapping[str, Any]], step: str | int) -> Schemas:
    """Return the schemas of a member or item, of all branches."""
    found: list[Mapping[str, Any]] = []
    for schema in schemas:
        inner = schema.get("items") if isinstance(step, int) else schema.get("properties", {}).get(step)
        if isinstance(inner, Mapping):
            found += expand(inner)
    return tuple(found)


def expand(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield a schema and those of its branches."""
    yield schema
    branches = [schema.get(name) for name in CONDITIONS]
    for name in BRANCHES:
        branches += schema.get(name, ())
    for each in branches:
        if isinstance(each, Mapping):
            yield from expand(each)


def _may_be(kind: str, schemas: Schemas) -> bool:
    """Return whether a schema names a type."""
    for each in schemas:
        given = each.get("type", ())
        if kind in ([given] if isinstance(given, str) else given):
            return True
        if kind == "null" and None in each.get("enum", ()):
            return True
    return False


def at_path(value: object, path: ValuePath) -> object:
    """Return the value at a path, or an ellipsis if there is none."""
    for step in path:
        known = children_of(value)
        if step not in known:
            return ...
        value = known[step]
    return value


def quoted(value: object) -> str:
    """Return a value as JSON, shortened for a sentence."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= QUOTED else f"{text[: QUOTED - 1]}…"


def name_at(path: ValuePath) -> str:
    """Return the name of the member at a path; items of a list have that of the list."""
    return next((step for step in reversed(path) if isinstance(step, str)), "")


def pointer(path: ValuePath) -> str:
    """Return a path as people write it; an item of an array is `*`."""
    return "".join(f"/{'*' if isinstance(step, int) else step}" for step in path)
