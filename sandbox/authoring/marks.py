"""How well each fact of an imported document is known, and where it is from: `x-word` and `x-source`."""

from typing import NamedTuple

from sandbox.authoring.reading import Node
from sandbox.core.errors import on_one_line

REASON_LIMIT = 200


class Source(NamedTuple):
    """The file that a provider is imported from, with the title and version of its description."""

    file: str
    title: str
    version: str

    @property
    def name(self) -> str:
        """Return the file with title and version."""
        about = " ".join(filter(None, (self.title, self.version)))
        return on_one_line(f"{self.file} ({about})" if about else self.file)[:REASON_LIMIT]

    def published(self, *, full: bool = False) -> Node:
        """Return the marks of what the file says; `full`: with title and version."""
        return {"x-word": "published", "x-source": self.name if full else on_one_line(self.file)}


def inferred(reason: str) -> Node:
    """Return the marks of a guess."""
    return {"x-word": "inferred", "x-source": on_one_line(reason)[:REASON_LIMIT]}
