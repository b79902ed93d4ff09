"""Who may call the control API, and what stands before every call: guards, and problem documents for every error.

The control API accepts calls of its own origin alone, under a host name that no stranger can own, and with the control
token if one is set. A page of another site must not be able to control the sandbox. Such a page may make its own name
resolve to this server (DNS rebinding); to the browser both are then one origin, and only the `Host` header tells them
apart. The `Host` header is therefore checked on every address, with and without a token.
"""

import hmac
import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from difflib import get_close_matches
from urllib.parse import quote

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from sandbox.control.call import problem_response
from sandbox.control.problems import BASE, ProblemError, from_error, refuse
from sandbox.core.errors import SandboxError
from sandbox.pipeline import READABLE, WHY_LIMIT

WORKSPACE = re.compile(rf"{BASE}/workspaces/[^/]+(?=/)")
WITHOUT_TOKEN = frozenset({"", "/", "/health", "/llms.txt", "/openapi.json"})
WITHOUT_TOKEN_BELOW = ("/docs/", "/schemas/", "/ui/")
SAME_SITE = frozenset({"same-origin", "none"})  # values of Sec-Fetch-Site
PORTS: Mapping[str, int] = {"http": 80, "https": 443}

# A name and a port as a `Host` header has them.
HOST = re.compile(r"\[([0-9A-Fa-f:.]+)\](?::\d{0,5})?|([A-Za-z0-9_.-]+)(?::\d{0,5})?", re.ASCII)
LONGEST_NAME = 253  # characters

# Names that nobody can register, so no page on the internet has one: RFC 6761 reserves `localhost` and `test`,
# ICANN reserves `internal` for private networks (`host.docker.internal`). Not `local`: any machine on the same network
# may claim such a name (RFC 6762). A name without a dot (`localhost`, a compose service) is not a public name either.
PRIVATE_SUFFIXES = (".localhost", ".internal", ".test")


@dataclass(frozen=True, slots=True)
class Access:
    """Which calls are accepted.

    `token`: what a call must carry; None if no token is set. `hosts`: the providers' own host names. `allowed`: the
    names of `--allow-host`, in lower case; `*.example.com` stands for every name that ends so.
    """

    token: str | None = None
    hosts: AbstractSet[str] = frozenset()
    allowed: tuple[str, ...] = ()


def make_middleware(
    access: Access, paths: Iterable[str], is_passed_on: Callable[[web.Request], bool] = lambda _: False
) -> Middleware:
    """Return the middleware of the control API; an unknown path is compared with `paths`.

    A call that `is_passed_on` by another replica was judged there.
    """
    known = tuple(paths)

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            refusal = check_access(access, request.path.removeprefix(BASE), request.headers, scheme=request.scheme)
            if refusal is not None and not is_passed_on(request):
                raise refusal
            response = await handler(request)
        except SandboxError as error:
            problem = from_error(error)
            if problem is None:
                raise
            response = problem_response(problem)
            if problem.status == web.HTTPUnauthorized.status_code:
                response.headers["WWW-Authenticate"] = "Bearer"
            if problem.status == web.HTTPServiceUnavailable.status_code:
                response.headers["X-Sandbox-Why"] = quote(str(problem), safe=READABLE)[:WHY_LIMIT]
        except web.HTTPException as error:
            response = problem_response(http_problem(error, request, known))
            if isinstance(error, web.HTTPMethodNotAllowed):
                response.headers["Allow"] = ", ".join(sorted(error.allowed_methods))
        if not response.prepared:
            response.headers["X-Content-Type-Options"] = "nosniff"
            response.headers.setdefault("Cache-Control", "no-store")
        return response

    return middleware


def http_problem(error: web.HTTPException, request: web.Request, paths: Iterable[str]) -> ProblemError:
    """Return the problem of an error that the web framework raises."""
    path = request.path[:200]
    at = f"{request.method} {path}"
    if isinstance(error, web.HTTPNotFound):
        return refuse(error.status, "", f"{at}: there is no such path.{_similar_path(path, paths)}")
    if isinstance(error, web.HTTPMethodNotAllowed):
        return refuse(error.status, "", f"{at}: method not allowed; use {', '.join(sorted(error.allowed_methods))}")
    return refuse(error.status, "", f"{at}: {error.reason}")


def _similar_path(path: str, paths: Iterable[str]) -> str:
    """Return the nearest path in words; below a workspace, the nearest of the paths that exist there."""
    match = WORKSPACE.match(path)
    prefix, rest = (match[0], path[match.end() :]) if match else (BASE, path.removeprefix(BASE))
    found = get_close_matches(rest, paths, n=1)
    return f" Did you mean '{prefix}{found[0]}'?" if found else f" {BASE}/openapi.json lists all paths."


def check_access(access: Access, path: str, headers: Mapping[str, str], *, scheme: str = "http") -> ProblemError | None:
    """Return why a call is refused, or None; `path` is what follows `/_sandbox`, `scheme` that of the connection."""
    host = headers.get("Host", "")
    if host and not is_known_host(access, host):
        return refuse(403, "", _unknown_host(host))
    site = headers.get("Sec-Fetch-Site", "none")
    if site not in SAME_SITE:
        return refuse(403, "", f"requests from other origins are not allowed (Sec-Fetch-Site: {site[:40]})")
    origin = headers.get("Origin")
    if origin is not None and not same_origin(access, origin, host, scheme=scheme):
        hint = _proxy_hint(origin, host)
        return refuse(403, "", f"requests from other origins are not allowed (Origin: {origin[:200]}){hint}")
    if access.token is None or path in WITHOUT_TOKEN or path.startswith(WITHOUT_TOKEN_BELOW):
        return None
    given = headers.get("Authorization", "").encode("utf-8", "replace")
    if hmac.compare_digest(given, f"Bearer {access.token}".encode()):
        return None
    return refuse(401, "", "the control token is missing or wrong; send it as Authorization: Bearer TOKEN")


def is_known_host(access: Access, host: str) -> bool:
    """Whether a `Host` header has a name or address that the control API accepts."""
    name = _name(host)
    if name is None:
        return False
    if "." not in name or name.endswith(PRIVATE_SUFFIXES) or name in access.hosts or is_allowed(access, name):
        return True
    return _is_address(name)


def is_allowed(access: Access, name: str) -> bool:
    """Whether `--allow-host` has a name."""
    return any(name.endswith(each[1:]) if each.startswith("*.") else name == each for each in access.allowed)


def same_origin(access: Access, origin: str, host: str, *, scheme: str) -> bool:
    """Whether an `Origin` header is that of a page that this server serves.

    Scheme, host and port must be those of the connection and its `Host` header. Behind a proxy that terminates TLS the
    connection is plain and the page's origin is not; nothing that such a proxy adds can be trusted, so `https` is
    accepted there only for the names of `--allow-host`.
    """
    given, _, authority = origin.lower().partition("://")
    here = host.lower()
    if not here or given not in PORTS:
        return False
    if given == scheme:
        port = f":{PORTS[scheme]}"
        return authority.removesuffix(port) == here.removesuffix(port)
    return given == "https" and authority == here and is_allowed(access, _name(host) or "")


def _name(host: str) -> str | None:
    """Return the name or address in a `Host` header, in lower case; None if it has none."""
    match = HOST.fullmatch(host)
    return None if match is None else (match[1] or match[2]).lower().removesuffix(".") or None


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _unknown_host(host: str) -> str:
    name = _name(host)
    flag = f"--allow-host {name}" if name and len(name) <= LONGEST_NAME else "--allow-host NAME"
    return f"the control API does not accept the host name {host[:200]!r}; to allow it, start with {flag}"


def _proxy_hint(origin: str, host: str) -> str:
    """Return what to do if only the scheme differs, as behind a proxy that terminates TLS."""
    if origin.lower() != f"https://{host.lower()}":
        return ""
    return f"; behind a proxy that terminates TLS, start with --allow-host {_name(host)}"
