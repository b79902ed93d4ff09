"""Before and after every control call: strangers are turned away, every refusal becomes a problem document."""

from collections.abc import Iterable
from difflib import get_close_matches

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from sandbox.control.access import Access, object_to
from sandbox.control.call import problem
from sandbox.control.problems import ProblemError, of, refuse
from sandbox.core.errors import SandboxError

BASE = "/_sandbox"


def front(access: Access, calls: Iterable[str]) -> Middleware:
    """Return the middleware; `calls` are the paths that a miss may have meant."""
    known = tuple(calls)

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            turned_away = object_to(access, request.path.removeprefix(BASE), request.headers, scheme=request.scheme)
            if turned_away is not None:
                raise turned_away
            answer = await handler(request)
        except SandboxError as error:
            refused = of(error)
            if refused is None:
                raise
            answer = problem(refused)
            if refused.status == web.HTTPUnauthorized.status_code:
                answer.headers["WWW-Authenticate"] = "Bearer"
        except web.HTTPException as error:
            answer = problem(worded(error, request, known))
            if isinstance(error, web.HTTPMethodNotAllowed):
                answer.headers["Allow"] = ", ".join(sorted(error.allowed_methods))
        if not answer.prepared:
            answer.headers["X-Content-Type-Options"] = "nosniff"
            answer.headers.setdefault("Cache-Control", "no-store")
        return answer

    return middleware


def worded(error: web.HTTPException, request: web.Request, calls: Iterable[str]) -> ProblemError:
    """Return what the server itself refuses, in our words."""
    path = request.path.removeprefix(BASE)[:200]
    where = f"{request.method} {path}"
    if isinstance(error, web.HTTPNotFound):
        return refuse(error.status, "", f"{where}: there is no such call.{_hint(path, calls)}")
    if isinstance(error, web.HTTPMethodNotAllowed):
        return refuse(error.status, "", f"{where}: this call takes {', '.join(sorted(error.allowed_methods))}")
    return refuse(error.status, "", f"{where}: {error.reason}")


def _hint(path: str, calls: Iterable[str]) -> str:
    found = get_close_matches(path, calls, n=1)
    return f" Did you mean '{found[0]}'?" if found else f" {BASE}/openapi.json tells which there are."
