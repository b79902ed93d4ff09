"""Finds the route of a method and path, or the nearest routes and how the path differs from them."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import NamedTuple
from urllib.parse import unquote

from sandbox.specs.spec import Route

PARAMETER = re.compile(r"\{\w+\}")
ENCODED_SLASH = re.compile("%2f", re.IGNORECASE)


def decode_path(raw: str) -> str:
    """Return the path of a request as routes have it; with an encoded slash it has other steps, and stays."""
    return raw if ENCODED_SLASH.search(raw) else unquote(raw)


class Difference(NamedTuple):
    """How a path differs from a template, in words."""

    template: str
    words: str


def find_difference(path: str, templates: Iterable[str]) -> Difference | None:
    """Return how a path differs from one of the templates, None if it resembles none."""
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
    """Return the difference of a path with an extra or a missing prefix."""
    for template in sorted(known, key=len, reverse=True):
        match = re.fullmatch(f"(?P<prefix>(?:/[^/]+)+){_pattern(template).pattern}", path)
        if match:
            return Difference(template, ", ".join([*words, f"extra prefix {match['prefix'][:80]}"]))
    for template in sorted(known, key=len):
        if path.count("/") > 1 and template.endswith(path):
            missing = template.removesuffix(path)
            return Difference(template, ", ".join([*words, f"missing prefix {missing}"]))
    return None


def _matches(path: str, known: tuple[str, ...]) -> list[str]:
    return [each for each in known if _pattern(each).fullmatch(path)]


def _pattern(template: str, flags: int = 0) -> re.Pattern[str]:
    return re.compile("[^/]+".join(map(re.escape, PARAMETER.split(template))), flags)


SUGGESTION_LIMIT = 3  # operations that a miss names
COMPARE_LIMIT = 200  # characters of a path that are compared


class Found(NamedTuple):
    """A route and the values of its path's parameters."""

    route: Route
    path_values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Missed:
    """No route; `allowed` has the methods of the path (none if it is unknown), `near` the nearest operations.

    `difference` says how an unknown path differs from the nearest, empty if it resembles none.
    """

    allowed: tuple[str, ...]
    near: tuple[str, ...]
    difference: str = ""


class Router:
    """The routes of all providers."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self.use(routes)

    def use(self, routes: Iterable[Route]) -> None:
        """Have these routes from now on."""
        self._fixed: dict[str, dict[str, Found]] = {}
        self._patterns: list[Route] = []
        self._routes = tuple(routes)
        templates = {route.template for route in self._routes}
        # A path that exists without a trailing slash is not suggested with one.
        self._named = tuple(
            each for each in self._routes if not each.template.endswith("/") or each.template[:-1] not in templates
        )
        for route in self._routes:
            if route.pattern is None:
                self._fixed.setdefault(route.template, {})[route.method] = Found(route, {})
            else:
                self._patterns.append(route)

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths without parameters."""
        return tuple(self._fixed)

    def find(self, method: str, path: str) -> Found | Missed:
        """Return the route of a request with its path parameters, or the nearest routes."""
        fixed = self._fixed.get(path)
        if fixed is not None and method in fixed:
            return fixed[method]
        allowed = set(fixed or ())
        for route in self._patterns:
            match = route.pattern.fullmatch(path) if route.pattern else None
            if match and route.method == method:
                return Found(route, match.groupdict())
            if match:
                allowed.add(route.method)
        asked = path[:COMPARE_LIMIT]
        difference = None if allowed else find_difference(asked, [route.template for route in self._routes])
        meant = asked if difference is None else difference.template
        return Missed(tuple(sorted(allowed)), self._near(method, meant), difference.words if difference else "")

    def _near(self, method: str, asked: str) -> tuple[str, ...]:
        def likeness(route: Route) -> float:
            return SequenceMatcher(None, asked, route.template).ratio() + (0.05 if route.method == method else 0)

        best = sorted(self._named, key=likeness, reverse=True)[:SUGGESTION_LIMIT]
        return tuple(f"{route.method} {route.template} ({route.operation.name})" for route in best)
