"""Web pages that call a provider's path: no provider documents that, so they may where `--cors` names their origin."""

import re
from collections.abc import Collection, Mapping

from sandbox.control.access import Access, same_origin
from sandbox.pipeline import Answer
from sandbox.specs.body_parsing import Request

ANY = "*"
ORIGIN = re.compile(r"https?://(?:[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?")
DEFAULT_PORTS = {"http": ":80", "https": ":443"}
NAMES = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+(?: *, *[!#$%&'*+.^_`|~0-9A-Za-z-]+)*")
METHOD = "access-control-request-method"
HEADERS = "access-control-request-headers"
NETWORK = "access-control-request-private-network"
EXPOSED = "X-Sandbox-Request, X-Sandbox-Why, X-Sandbox-Rule, Retry-After"
MAX_AGE = "600"  # seconds for which a browser need not ask again


def read_origin(text: str) -> str | None:
    """Return an origin as browsers write it, `*` as it is, None for a text that is neither."""
    origin = text.lower()
    if origin == ANY:
        return ANY
    if not ORIGIN.fullmatch(origin):
        return None
    return origin.removesuffix(DEFAULT_PORTS[origin.partition(":")[0]])


class Cors:
    """The origins whose pages may call the providers' paths."""

    def __init__(self, origins: Collection[str] = ()) -> None:
        self._origins = frozenset(filter(None, map(read_origin, origins)))

    def mark(self, request: Request, access: Access, *, scheme: str) -> Request:
        """Return a request with what its page may do; most come from no page.

        A page of the sandbox's own, such as the inbox, is told from others as the control API does it.
        """
        origin = request.headers.get("origin")
        if origin is None:
            return request
        if ANY in self._origins or origin.lower() in self._origins:
            return request._replace(allowed=True)
        if same_origin(access, origin, request.headers.get("host", ""), scheme=scheme):
            return request
        name = origin if read_origin(origin) else ANY
        page = (
            f"header Origin: {origin[:80]} is a web page, and browsers cannot read this reply, because no provider"
            f" documents CORS; to test a page, start with sms-sandbox serve --cors {name[:80]}"
        )
        return request._replace(page=page)

    def preflight(self, request: Request, methods: Collection[str]) -> Mapping[str, str] | None:
        """Return the headers that allow a page's call, None when the request asks for no such thing, or in vain."""
        if not request.allowed or request.method != "OPTIONS" or METHOD not in request.headers or not methods:
            return None
        asked = request.headers.get(HEADERS, "").strip()
        headers = {**self._origin(request), "Access-Control-Allow-Methods": ", ".join(methods)}
        if NAMES.fullmatch(asked):
            headers["Access-Control-Allow-Headers"] = asked
        if request.headers.get(NETWORK) == "true":
            headers["Access-Control-Allow-Private-Network"] = "true"
        return {**headers, "Access-Control-Max-Age": MAX_AGE}

    def opened(self, request: Request, answer: Answer) -> Answer:
        """Return an answer that the page may read, if its origin is allowed."""
        if not request.allowed:
            return answer
        headers = {**answer.headers, **self._origin(request), "Access-Control-Expose-Headers": EXPOSED}
        return answer._replace(headers=headers)

    def _origin(self, request: Request) -> dict[str, str]:
        if ANY in self._origins:
            return {"Access-Control-Allow-Origin": ANY}
        return {"Access-Control-Allow-Origin": request.headers["origin"], "Vary": "Origin"}
