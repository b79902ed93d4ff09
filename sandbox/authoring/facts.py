"""What a description says about a provider as a whole: its status words, its form of times, and that of its ids."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from sandbox.authoring.calls import Call, Hook
from sandbox.authoring.names import MEANINGS, PREFIX, STATUS_WORDS, normal, rank, status_of
from sandbox.authoring.reading import listing, text_of
from sandbox.authoring.samples import Sampler
from sandbox.core.message import LIFECYCLE_STATUSES, Status

NESTING_LIMIT = 6
LEAST_WORDS = 2  # words of an enumeration that must be known, so that it counts as one of statuses
QUOTED_WORD = re.compile(r"[`'\"*]([A-Za-z][A-Za-z_-]{2,30})[`'\"*]|\b([A-Z][A-Z_]{3,30})\b")

UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
PREFIXED = re.compile(r"([A-Za-z]{0,8}?[-_:]?)([0-9a-fA-F]{16,64})")
HEX_LENGTHS = (16, 24, 32, 40, 64)
FULL_TIME = r"\d{4}-\d\d-\d\d"
TIME_FORMATS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), name)
    for pattern, name in (
        (rf"{FULL_TIME}T\d\d:\d\d:\d\dZ", "iso-seconds"),
        (rf"{FULL_TIME}T\d\d:\d\d:\d\d\.\d+Z", "iso"),
        (rf"{FULL_TIME}T\d\d:\d\d:\d\d\.\d+[+-]\d\d:?\d\d", "%Y-%m-%dT%H:%M:%S.000+00:00"),
        (rf"{FULL_TIME}T\d\d:\d\d:\d\d[+-]\d\d:\d\d", "%Y-%m-%dT%H:%M:%S+00:00"),
        (rf"{FULL_TIME}T\d\d:\d\d:\d\d[+-]\d{{4}}", "%Y-%m-%dT%H:%M:%S%z"),
        (rf"{FULL_TIME}T\d\d:\d\d:\d\d(\.\d+)?", "%Y-%m-%dT%H:%M:%S"),
        (rf"{FULL_TIME} \d\d:\d\d:\d\d(\.\d+)?", "%Y-%m-%d %H:%M:%S"),
        (r"[A-Z][a-z]{2}, \d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [+-]\d{4}", "rfc2822"),
        (
            r"[A-Z][a-z]{2} [A-Z][a-z]{2} \d\d \d{4} \d\d:\d\d:\d\d GMT[+-]\d{4}.*",
            "%a %b %d %Y %H:%M:%S GMT+0000 (UTC)",
        ),
        (r"20\d{12}", "%Y%m%d%H%M%S"),
        (r"20\d{10}", "%Y%m%d%H%M"),
        (r"1[0-9]{9}", "unix"),
        (r"1[0-9]{12}", "unix-ms"),
    )
)
TIME_FIELDS = ("accepted_at", "sent_at", "delivered_at", "updated_at", "scheduled_for")


class Word(NamedTuple):
    """A provider's word for a status, and the others that mean the same."""

    says: str
    variants: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """What replies and channels are written from; `unknown` are status words that mean nothing to the sandbox."""

    words: Mapping[Status, Word]
    reported: frozenset[Status]
    unknown: tuple[str, ...]
    time: str
    balance: str


def collect_facts(calls: Iterable[Call], hooks: Iterable[Hook], sampler: Sampler) -> Facts:
    """Return the facts of the operations that were recognized and of the delivery report; the hooks come first."""
    hooks, calls = list(hooks), list(calls)
    in_queries = [word for call in calls for each in call.parameters for word in _filtered(each, sampler)]
    in_hooks = [word for hook in hooks for word in _status_words(hook.schema, hook.examples.values(), sampler)]
    replies = [reply for call in calls if (reply := call.good) is not None]
    in_replies = [word for each in replies for word in _status_words(each.schema, each.examples.values(), sampler)]
    found: dict[Status, list[str]] = {}
    unknown: list[str] = []
    for given in dict.fromkeys([*in_hooks, *in_replies, *in_queries]):
        word = bare_word(given)
        status = status_of(word)
        if status is None:
            unknown.append(word)
        elif normal(word) not in map(normal, found.get(status, [])):
            found.setdefault(status, []).append(word)
    words = {}
    for status in LIFECYCLE_STATUSES:
        several = sorted(found.get(status, []), key=lambda word, known=STATUS_WORDS[status]: _place(word, known))  # type: ignore[misc]
        if several:
            words[status] = Word(several[0], tuple(several[1:]))
    values = [*(each for hook in hooks for each in hook.examples.values())]
    values += [each for reply in replies for each in reply.examples.values()]
    members = [member for each in values for member in _members(each, 0)]
    times = Counter(form for name, each in members if time_field(name) and (form := time_format(each)) is not None)
    currencies = [each for value in values for each in _currencies(value, 0)]
    said = {status for word in in_hooks if (status := status_of(word)) is not None}
    reported = frozenset(
        said - {Status.QUEUED, Status.SCHEDULED}
    )  # a message begins with these, so it never reaches them
    return Facts(
        words,
        reported,
        tuple(unknown[:12]),
        times.most_common(1)[0][0] if times else "iso-seconds",
        currencies[0] if currencies else "USD",
    )


def bare_word(word: str) -> str:
    """Return a status word without what some providers write before it: `message-delivered`."""
    rest = PREFIX.sub("", word)
    return rest if normal(rest) in MEANINGS else word


def _place(word: str, known: tuple[str, ...]) -> int:
    return known.index(normal(word)) if normal(word) in known else len(known)


def _status_words(schema: object, examples: Iterable[object], sampler: Sampler) -> list[str]:
    """Return the words that the members of a body which look like a status can have."""
    words = list(_enumerated(schema, sampler, 0, set()))
    for example in examples:
        shown = [
            each for name, each in _members(example, 0) if isinstance(each, str) and rank("status", name) is not None
        ]
        words += [word for word in shown if status_of(word) is not None]
    return list(dict.fromkeys(words))


def _enumerated(schema: object, sampler: Sampler, depth: int, seen: set[int]) -> Iterator[str]:
    """Yield the words of the members that look like a status; each schema is looked at once."""
    source = sampler.resolved(schema)
    if depth > NESTING_LIMIT or id(source) in seen:
        return
    seen.add(id(source))
    if "items" in source:
        yield from _enumerated(source["items"], sampler, depth + 1, seen)
    for name, each in sampler.members(source).items():
        inner = sampler.resolved(each)
        if rank("status", name) is not None:
            words = [word for word in _words_of(inner, sampler) if isinstance(word, str)]
            known = {status_of(word) for word in words} - {None}
            if len(known) >= LEAST_WORDS:
                yield from words
        yield from _enumerated(inner, sampler, depth + 1, seen)


def _filtered(parameter: Mapping[str, object], sampler: Sampler) -> list[str]:
    """Return the status words by which a list can be filtered: the enumeration of a query parameter such as state."""
    name = normal(str(parameter.get("name", "")))
    if parameter.get("in") != "query" or not name.endswith(("status", "state")):
        return []
    schema = sampler.resolved(parameter.get("schema", parameter))
    words = [word for word in _words_of(schema, sampler) if isinstance(word, str)]
    return words if len({status_of(word) for word in words} - {None}) >= LEAST_WORDS else []


def _words_of(schema: Mapping[str, object], sampler: Sampler) -> list[object]:
    """Return the words of an enumeration, of its branches, or those that its description quotes."""
    listed = listing(schema.get("enum")) or listing(schema.get("x-possible-values"))
    for name in ("allOf", "anyOf", "oneOf"):
        for each in listing(schema.get(name)):
            listed = [*listed, *listing(sampler.resolved(each).get("enum"))]
    if listed:
        return listed
    quoted = [first or second for first, second in QUOTED_WORD.findall(text_of(schema.get("description"))[:5000])]
    return [word for word in dict.fromkeys(quoted) if status_of(word) is not None]


def _members(value: object, depth: int) -> Iterator[tuple[str, object]]:
    """Yield the members of the objects in an example, each followed by those inside it; of a list, the first items."""
    if depth > NESTING_LIMIT:
        return
    if isinstance(value, list):
        for each in value[:3]:
            yield from _members(each, depth + 1)
    elif isinstance(value, dict):
        for name, each in value.items():
            yield name, each
            yield from _members(each, depth + 1)


def time_format(value: object) -> str | None:
    """Return the format in which an example is a time, None if it is none."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    text = str(value)
    return next((name for pattern, name in TIME_FORMATS if pattern.fullmatch(text)), None)


def time_field(name: str) -> str | None:
    """Return which time of a message a member has, by its name."""
    found = [(place, field) for field in TIME_FIELDS if (place := rank(field, name)) is not None]
    return min(found)[1] if found else None


def _currencies(value: object, depth: int) -> Iterator[str]:
    if isinstance(value, dict) and depth < NESTING_LIMIT:
        for name, each in value.items():
            if rank("currency", name) is not None and isinstance(each, str) and re.fullmatch("[A-Z]{3}", each):
                yield each
            yield from _currencies(each, depth + 1)


def id_format(value: object, description: str) -> tuple[object, str]:
    """Return how ids are made, as `send.id` says it, and the reason."""
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if isinstance(value, int) or (text.isdecimal() and text):
        return {"kind": "digits", "length": min(max(len(text), 6), 18)}, f"the example {text} has digits alone"
    if UUID.fullmatch(text) or "uuid" in description.lower():
        return "uuid", f"the example {text} is a UUID" if text else "its format is uuid"
    if ULID.fullmatch(text):
        return "ulid", f"the example {text} is a ULID"
    prefixed = PREFIXED.fullmatch(text)
    if prefixed and any(each in "0123456789abcdefABCDEF" for each in prefixed[2]):
        prefix, digits = prefixed.groups()
        more = next((count for count in range(1, 5) if len(digits) - count in HEX_LENGTHS), 0)
        if len(digits) not in HEX_LENGTHS and digits[:more].isalpha():  # the letters of AC… are hexadecimal digits, too
            prefix, digits = prefix + digits[:more], digits[more:]
        kind: dict[str, object] = {"kind": "hex", "length": len(digits)}
        return ({**kind, "prefix": prefix} if prefix else kind), f"the example {text} is hexadecimal"
    if re.fullmatch(r"[A-Za-z0-9_-]{8,64}", text) and text != "text":
        return {"kind": "alphanumeric", "length": len(text)}, f"the example {text} has letters and digits"
    return "uuid", "no example shows what an id looks like"
