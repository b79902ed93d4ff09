"""Calls about the server as a whole: its health, providers and workspaces, and the documents that describe it."""

from collections.abc import Mapping

from sandbox.client.call import ApiCall, Duration, body, document, nothing, one, page, path, query, text
from sandbox.client.values import Health, Index, Page, Provider, ScenarioEntry, Workspace


def index() -> ApiCall[Index]:
    """Return the server's name and version, and the paths of its API; asks for no token."""
    return ApiCall("GET", "/", one(Index), scoped=False)


def health() -> ApiCall[Health]:
    """Tell that the sandbox serves; asks for no token."""
    return ApiCall("GET", path("health"), one(Health), scoped=False)


def providers() -> ApiCall[Page[Provider]]:
    """List the providers, with all that they offer."""
    return ApiCall("GET", path("providers"), page(Provider), scoped=False)


def scenarios() -> ApiCall[Page[ScenarioEntry]]:
    """List the scenarios that can be used by name."""
    return ApiCall("GET", path("scenarios"), page(ScenarioEntry), scoped=False)


def workspaces(*, limit: int | None = None, cursor: str | None = None) -> ApiCall[Page[Workspace]]:
    """List the workspaces, newest first; `default` is the last."""
    return ApiCall("GET", path("workspaces"), page(Workspace), query(limit=limit, cursor=cursor), scoped=False)


def make_workspace(
    *,
    scenario: str | None = None,
    clock: str | Mapping[str, object] | None = None,
    seed: int | None = None,
    targets: Mapping[str, Mapping[str, str]] | None = None,
    ttl: Duration | None = None,
) -> ApiCall[Workspace]:
    """Make a workspace; what is not given is as the server was started with.

    Args:
        scenario: the name of one.
        clock: `frozen`, `real`, a pace such as `60x`, or `{"mode": "frozen", "start": …}` and so on.
        seed: the same seed and requests give the same bytes.
        targets: where callbacks go, by provider: `{"betatel": {"url": …, "key": …}}`.
        ttl: unused for so long, in real time, it is deleted; an hour unless told.

    """
    running = clock_config(clock) if isinstance(clock, str) else clock
    wanted = body(scenario=scenario, clock=running, seed=seed, targets=targets, ttl=ttl)
    return ApiCall("POST", path("workspaces"), one(Workspace), body=wanted, scoped=False)


def clock_config(word: str) -> Mapping[str, object]:
    """Return how a clock runs that is described by a word, as on the command line of `serve`."""
    rate = word.removesuffix("x")
    if rate != word and rate.replace(".", "", 1).isdecimal():
        return {"mode": "scaled", "rate": float(rate)}
    return {"mode": word}


def show_workspace(id: str) -> ApiCall[Workspace]:  # noqa: A002 - the API's word
    """Return one workspace.

    Raises:
        NotFoundError: there is none.

    """
    return ApiCall("GET", path("workspaces", id), one(Workspace), scoped=False)


def delete_workspace(id: str) -> ApiCall[None]:  # noqa: A002 - the API's word
    """End a workspace; its keys are nobody's from then on.

    Raises:
        NotFoundError: there is none.
        RefusedError: 409, it is `default`.

    """
    return ApiCall("DELETE", path("workspaces", id), nothing, scoped=False)


def metrics() -> ApiCall[str]:
    """Return the figures of the whole server as Prometheus reads them."""
    return ApiCall("GET", path("metrics"), text, scoped=False)


def openapi() -> ApiCall[Mapping[str, object]]:
    """Return the OpenAPI document of this API; asks for no token."""
    return ApiCall("GET", path("openapi.json"), document, scoped=False)


def scenario_schema() -> ApiCall[Mapping[str, object]]:
    """Return the JSON Schema of scenario files; asks for no token."""
    return ApiCall("GET", path("schemas", "scenario.json"), document, scoped=False)
