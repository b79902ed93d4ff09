"""The provider of the guide "Add a provider": its document and its module, as they stand there."""

import re
from pathlib import Path

GUIDE = (Path(__file__).parents[2] / "sandbox" / "docs" / "own-provider.md").read_text(encoding="utf-8")


def block(begins: str) -> str:
    """Return the fenced block of the guide that begins with a line."""
    found = re.search(rf"^```\w+\n({re.escape(begins)}\n.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
    assert found
    return found[1]


DOCUMENT = block("# acme/acme.yaml")
MODULE = block("# acme/acme.py")
