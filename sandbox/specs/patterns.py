r"""Patterns follow ECMA-262, in which `$` is the very end and `\d` is ASCII; Python's are laxer."""

import re
from functools import lru_cache


def ecma_source(pattern: str) -> str:
    r"""Return an ECMA-262 pattern as Python writes it: `$` becomes `\Z`."""
    out: list[str] = []
    escaped = in_class = False
    for character in pattern:
        bare = not escaped
        out.append(r"\Z" if character == "$" and bare and not in_class else character)
        if bare and character in "[]":
            in_class = character == "["
        escaped = character == "\\" and bare
    return "".join(out)


@lru_cache(maxsize=1024)
def ecma(pattern: str) -> re.Pattern[str]:
    r"""Return an ECMA-262 pattern compiled: `\d`, `\w` and `\b` know ASCII alone."""
    return re.compile(ecma_source(pattern), re.ASCII)
