"""What a spec tells those who use it: its named errors, and the ways in which a request breaks its schemas."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import NamedTuple

JSON = "application/json"
PROBLEM = "application/problem+json"
METHODS = ("get", "post", "put", "patch", "delete")
WORDS = ("documented", "published", "inferred")  # whose word an item of a document is
Body = Mapping[str, object] | str


def problem(status: int, detail: str, **more: object) -> dict[str, object]:
    """Return a problem document (RFC 9457); `more` are its further members."""
    return {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail, **more}


class Violation(NamedTuple):
    """One way in which a request breaks its schema.

    `at` says where (`body.to`), `name` which parameter (`to`), `rule` which keyword (`pattern`, `required`, …; `syntax`
    for a body that cannot be read at all), `problem` what came and what would be right.
    """

    at: str
    name: str
    rule: str
    problem: str

    def __str__(self) -> str:
        """Return the sentence for a person."""
        return f"{self.at}: {self.problem}"


class ErrorReply(NamedTuple):
    """A named error of a provider, as its spec gives it: `code` is the provider's own number or word for it."""

    name: str
    status: int
    code: int | str
    type: str
    body: Body
