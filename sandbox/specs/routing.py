"""Finds the route of a method and path, or says what is nearest."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import NamedTuple

from sandbox.specs.path_difference import find_difference
from sandbox.specs.spec import Route

NEAR = 3  # how many operations a miss names
ASKED = 200  # characters of a path that are compared


class Found(NamedTuple):
    """A route and the values of its path's parameters."""

    route: Route
    path_values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Missed:
    """No route: `allowed` are the methods that the path has, none when it is unknown; `near` the nearest operations.

    `difference` says in words what sets an unknown path apart from the nearest; empty where it is simply another.
    """

    allowed: tuple[str, ...]
    near: tuple[str, ...]
    difference: str = ""


class Router:
    """Every route of every provider."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._fixed: dict[str, dict[str, Found]] = {}
        self._patterns: list[Route] = []
        self._routes = tuple(routes)
        templates = {route.template for route in self._routes}
        # What stands without a slash at its end need not be named with one too.
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
        """Return the route of a request, path parameters read."""
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
        asked = path[:ASKED]
        difference = None if allowed else find_difference(asked, [route.template for route in self._routes])
        meant = asked if difference is None else difference.template
        return Missed(tuple(sorted(allowed)), self._near(method, meant), difference.words if difference else "")

    def _near(self, method: str, asked: str) -> tuple[str, ...]:
        def likeness(route: Route) -> float:
            return SequenceMatcher(None, asked, route.template).ratio() + (0.05 if route.method == method else 0)

        best = sorted(self._named, key=likeness, reverse=True)[:NEAR]
        return tuple(f"{route.method} {route.template} ({route.operation.name})" for route in best)
