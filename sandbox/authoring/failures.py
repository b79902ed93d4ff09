"""Names the documented errors of an operation as refusals need them: `invalid`, `unknown-key`, `not-found`."""

import re
from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import NamedTuple

from sandbox.authoring.calls import GOOD, Call, Reply
from sandbox.authoring.names import ERROR_CODES, normal
from sandbox.authoring.samples import KINDS
from sandbox.authoring.template_text import literal, unescaped
from sandbox.specs.types import JSON

BY_STATUS = {
    400: "invalid",
    401: "unknown-key",
    402: "insufficient-funds",
    403: "forbidden",
    404: "not-found",
    413: "too-large",
    422: "unprocessable",
    429: "too-many-requests",
    500: "server-error",
}
# What the name or the text of an example says about the error; the first match counts.
BY_WORDS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(pattern, re.IGNORECASE))
    for name, pattern in (
        (
            "insufficient-funds",
            r"insufficient|not enough|low balance|(credit|quota|balance|funds).*(exceed|exhaust|low)|partner quota",
        ),
        ("too-many-requests", r"too many|throttl|rate.?limit"),
        ("stopped", r"opted?.?out|black.?list|unsubscribed|stop list"),
        ("server-error", r"internal|server error|unexpected"),
        ("missing-key", r"missing.{0,12}(api.?key|token|credential)|no (api.?key|token)"),
        ("unknown-key", r"credential|unauthori[sz]ed|unauthenticated|authenticat|api.?key|access token|invalid.creds"),
        ("not-found", r"not.?found|no such|does not exist|unknown.{0,10}(message|id)"),
        ("invalid-schedule", r"schedul|send.?at"),
        ("unknown-sender", r"sender|originator|source address|\bfrom\b"),
        ("invalid-recipient", r"recipient|destination|phone|msisdn|\bto\b.{0,20}(number|invalid)|number"),
        ("invalid", r"invalid|missing|malformed|required|bad.?request|validation"),
    )
)
FAILED = re.compile(
    r"error|invalid|missing|fail|denied|refused|disabled|throttl|limit|blacklist|cannot|not[-_ ]|unable|unsupported",
    re.IGNORECASE,
)
SHORT_TEXT = 200
SAMPLE = KINDS["string"]  # what the sandbox makes up for a text
MADE_UP = (SAMPLE, KINDS["integer"], KINDS["number"])
MESSAGES = frozenset(
    {"message", "detail", "description", "errormessage", "errortext", "error", "title", "reason", "errordescription"}
)


class Failure(NamedTuple):
    """A named error of an operation; `guess` says why it is one if the description does not have it."""

    name: str
    status: int
    media: str
    code: int | str
    body: dict[str, object] | str
    guess: str
    schema: object
    description: str


def failures_of(call: Call) -> Iterator[Failure]:
    """Yield the documented errors of an operation, each name once."""
    seen: set[str] = set()
    has_400 = any(each.status == 400 for each in call.replies)  # noqa: PLR2004 - Bad Request
    for reply in sorted(call.replies, key=lambda each: (each.status == 0, each.status)):
        status = reply.status or 400
        examples = {
            name: value for name, value in reply.examples.items() if status not in GOOD or is_failure(name, value)
        }
        if status in GOOD and (not examples or len(examples) == len(reply.examples) == 1):
            continue
        usual = "invalid" if status == 422 and not has_400 else BY_STATUS.get(status) or _phrase(status)  # noqa: PLR2004 - Unprocessable Content
        for label, value in (examples or {"": {}}).items():
            if not isinstance(value, dict | str) or status < HTTPStatus.OK:
                continue
            name = _name(label, value, usual, alone=len(examples) < 2 and status not in GOOD, taken=seen)  # noqa: PLR2004 - it has no sibling
            if name in seen:
                continue
            seen.add(name)
            body = unescaped(value)
            made = reply.made or not examples
            if made and isinstance(body, dict):
                body = _reworded(body, Wording(reply.description or _phrase(status), status, status, made=True))
            if isinstance(body, dict | str):
                guess = "made of its schema" if made else ""
                code = code_of(body, status)
                yield Failure(name, status, reply.media or JSON, code, body, guess, reply.schema, reply.description)


def _phrase(status: int) -> str:
    try:
        return re.sub(r"[^a-z]+", "-", HTTPStatus(status).phrase.lower()).strip("-")
    except ValueError:
        return f"status-{status}"


def _name(label: str, value: object, usual: str, *, alone: bool, taken: set[str]) -> str:
    """Return the name of an error: what its words say, or the usual one of its status."""
    if alone:
        return usual
    text = f"{re.sub(r'[-_]', ' ', label)} {' '.join(texts_of(value, 0))}"[:SHORT_TEXT]
    said = next((name for name, pattern in BY_WORDS if pattern.search(text)), usual)
    if said in taken:
        own = re.sub(r"[^a-z0-9]+", "-", label.lower()).strip("-")
        return own or said
    return said


def texts_of(value: object, depth: int) -> list[str]:
    """Return the texts of an example, those of its members and items too, up to four levels down."""
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for each in inner for text in texts_of(each, depth + 1)] if depth < 4 else []  # noqa: PLR2004 - deeper are details


def is_failure(name: str, value: object) -> bool:
    """Return whether an example of a successful status shows an error, as providers have that always answer 200."""
    members: Mapping[str, object] = value if isinstance(value, dict) else {}
    words = {normal(key): each for key, each in members.items()}
    return (
        bool(FAILED.search(name))
        or words.get("success") is False
        or bool(words.get("errortext"))
        or bool(words.get("errormessage"))
    )


def code_of(value: object, status: int) -> int | str:
    """Return the provider's own code of an error: the outermost member with a usual name, or else the status."""
    level: list[object] = [value]
    for _ in range(4):
        for wanted in ERROR_CODES:
            for each in level:
                for key, found in each.items() if isinstance(each, dict) else ():
                    if normal(key) == wanted and not isinstance(found, bool) and _is_code(found):
                        return found  # type: ignore[no-any-return] # _is_code has looked at it
        inner = [
            part
            for each in level
            for part in (each.values() if isinstance(each, dict) else each[:1] if isinstance(each, list) else ())
        ]
        level = [part for part in inner if isinstance(part, dict | list)]
    return status


def _is_code(value: object) -> bool:
    return isinstance(value, int) or (isinstance(value, str) and bool(re.fullmatch(r"[A-Za-z0-9_.:-]{1,60}", value)))


def complete(failures: list[Failure], needed: Mapping[str, int], others: Iterable[Failure]) -> list[Failure]:
    """Return the errors of an operation with those that it needs: as other operations have them, or in their manner."""
    known = [each for each in others if isinstance(each.body, dict) and each.body]
    found = [*failures]
    for name, status in needed.items():
        if any(each.name == name for each in failures):
            continue
        same = next((each for each in known if each.name == name and not each.guess), None)
        if same is not None:
            found.append(same._replace(guess="as other operations have it"))
        else:
            found.append(_in_the_manner_of(known[0] if known else None, name, status))
    return found


def _in_the_manner_of(pattern: Failure | None, name: str, status: int) -> Failure:
    """Return an error that the description lacks, with the members of one that it has."""
    text = {"invalid": "Invalid request", "not-found": "Message not found"}.get(name, name)
    body: dict[str, object] = {"error": text}
    if pattern is not None and isinstance(pattern.body, dict):
        body = _reworded(pattern.body, Wording(text, status, pattern.status))
    guess = "the description has no such error"
    return Failure(name, status, JSON, code_of(body, status), body, guess, schema=None, description=f"{text}.")


class Wording(NamedTuple):
    """What is written into the body of an error; `made`: only in place of what the sandbox itself made up."""

    text: str
    status: int
    before: int
    made: bool = False


def _reworded(body: Mapping[str, object], new: Wording) -> dict[str, object]:
    """Return the body of an error with another message and status."""
    result: dict[str, object] = {}
    for key, value in body.items():
        if isinstance(value, dict):
            result[key] = _reworded(value, new)
        elif isinstance(value, list):
            result[key] = [_reworded(each, new) for each in value[:1] if isinstance(each, dict)]
        elif isinstance(value, str) and normal(key) in MESSAGES and (not new.made or value == SAMPLE):
            result[key] = literal(new.text)
        elif new.made and not isinstance(value, bool) and value in MADE_UP and normal(key) in ERROR_CODES:
            result[key] = str(new.status) if value == SAMPLE else new.status
        else:
            result[key] = new.status if value == new.before and not isinstance(value, bool) else value
    return result


def good_example(reply: Reply) -> object:
    """Return the example of a reply that shows no error, None if it has none."""
    fine = [value for name, value in reply.examples.items() if not is_failure(name, value)]
    return next(iter(fine or reply.examples.values()), None)
