"""README's provider of one's own: its document and its module, as they stand there."""

import re
from pathlib import Path

README = (Path(__file__).parent.parent.parent / "README.md").read_text(encoding="utf-8")


def block(begins: str) -> str:
    """Return the fenced block of README that begins with a line."""
    found = re.search(rf"^```\w+\n({re.escape(begins)}\n.*?)^```$", README, re.MULTILINE | re.DOTALL)
    assert found
    return found[1]


DOCUMENT = block("# acme/acme.yaml")
MODULE = block("# acme/acme.py")
