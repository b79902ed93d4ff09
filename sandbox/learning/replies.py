"""Tells whether a recorded reply accepts its request, and which error of the provider's document it is if not."""

from typing import NamedTuple

from sandbox.drift.outcomes import SUCCESS, UNKNOWN, Outcomes
from sandbox.drift.trees import read_tree
from sandbox.recording.session import RecordedReply, media_of
from sandbox.specs.spec import Operation

NOT_DECLARED = "not in the document"


class Refusal(NamedTuple):
    """A reply that refuses: its HTTP status, and the name of the error, empty if the document has none like it."""

    status: int
    error: str

    def __str__(self) -> str:
        """Return the refusal in words."""
        return f"{self.error or NOT_DECLARED} (HTTP {self.status})"


def find_refusal(operation: Operation, reply: RecordedReply) -> Refusal | None:
    """Return what a reply refuses with, None if it accepts.

    Providers refuse by an HTTP status, or with 200 and a code in the body: the one of an error in the document.
    """
    tree = read_tree(reply.body.text, media_of(reply.headers))
    name = Outcomes(operation.errors).name(reply.status, tree)
    return None if name == SUCCESS else Refusal(reply.status, "" if name == UNKNOWN else name)
