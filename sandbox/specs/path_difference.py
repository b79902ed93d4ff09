"""Tells in words how a path differs from the one that its client meant."""

import re
from collections.abc import Iterable
from typing import NamedTuple

PARAMETER = re.compile(r"\{\w+\}")
ENCODED_SLASH = re.compile("%2f", re.IGNORECASE)


class Difference(NamedTuple):
    """What sets a path apart from a template, in words."""

    template: str
    words: str


def find_difference(path: str, templates: Iterable[str]) -> Difference | None:
    """Return what sets a path apart from one of the templates; None where it is simply another path."""
    known = tuple(dict.fromkeys(templates))
    words: list[str] = []
    if "\\" in path:
        path = path.replace("\\", "/")
        words.append("a backslash")
    if ENCODED_SLASH.search(path):
        path = ENCODED_SLASH.sub("/", path)
        words.append("a percent-encoded slash")
    if "//" in path:
        path = re.sub("/{2,}", "/", path)
        words.append("a doubled slash")
    for found in _matches(path, known):
        return Difference(found, ", ".join(words)) if words else None
    if path.endswith("/") and path != "/":
        path = path.rstrip("/")
        words.append("a trailing slash")
        for found in _matches(path, known):
            return Difference(found, ", ".join(words))
    for template in known:
        if _pattern(template, re.IGNORECASE).fullmatch(path):
            return Difference(template, ", ".join([*words, "letter case"]))
    return _prefixed(path, known, words)


def _prefixed(path: str, known: tuple[str, ...], words: list[str]) -> Difference | None:
    """Return the difference of a path that has a prefix too many, or lacks one."""
    for template in sorted(known, key=len, reverse=True):
        match = re.fullmatch(f"(?P<prefix>(?:/[^/]+)+){_pattern(template).pattern}", path)
        if match:
            return Difference(template, ", ".join([*words, f"the prefix {match['prefix'][:80]} is too much"]))
    for template in sorted(known, key=len):
        if path.count("/") > 1 and template.endswith(path):
            missing = template.removesuffix(path)
            return Difference(template, ", ".join([*words, f"the prefix {missing} is missing"]))
    return None


def _matches(path: str, known: tuple[str, ...]) -> list[str]:
    return [each for each in known if _pattern(each).fullmatch(path)]


def _pattern(template: str, flags: int = 0) -> re.Pattern[str]:
    return re.compile("[^/]+".join(map(re.escape, PARAMETER.split(template))), flags)
