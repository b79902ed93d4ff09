"""Who may call the control API: this origin alone, by a name of this machine, with the token where one is set.

A browser that visits a foreign page must not be able to steer the sandbox, nor a name that is made to lead to loopback.
"""

import hmac
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from sandbox.control.problems import ProblemError, refuse

OPEN = frozenset({"/health", "/openapi.json"})
OPEN_BELOW = ("/schemas/", "/ui/")
FRIENDLY_SITES = frozenset({"same-origin", "none"})


@dataclass(frozen=True, slots=True)
class Access:
    """Who is let in: `token` None asks for none; `local` answers only to names of this machine."""

    token: str | None = None
    local: bool = True


def object_to(access: Access, path: str, headers: Mapping[str, str]) -> ProblemError | None:
    """Return why a call is turned away; `path` is what follows `/_sandbox`."""
    host = headers.get("Host", "")
    if access.local and host and not is_local(host):
        return refuse(403, "", f"this sandbox serves this machine alone and is not called {host[:200]!r}")
    site = headers.get("Sec-Fetch-Site", "none")
    if site not in FRIENDLY_SITES:
        return refuse(403, "", f"requests from other origins are not taken (Sec-Fetch-Site: {site[:40]})")
    origin = headers.get("Origin")
    if origin is not None and not same_origin(origin, host):
        return refuse(403, "", f"requests from other origins are not taken (Origin: {origin[:200]})")
    if access.token is None or path in OPEN or path.startswith(OPEN_BELOW):
        return None
    given = headers.get("Authorization", "").encode("utf-8", "replace")
    if hmac.compare_digest(given, f"Bearer {access.token}".encode()):
        return None
    return refuse(401, "", "this sandbox asks for its control token: Authorization: Bearer TOKEN")


def is_local(host: str) -> bool:
    """Whether a `Host` header names this machine."""
    try:
        name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
        return name == "localhost" or name.endswith(".localhost") or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def same_origin(origin: str, host: str) -> bool:
    """Whether an `Origin` header is the one that a page served here has."""
    try:
        return urlsplit(origin).netloc.lower() == host.lower() != ""
    except ValueError:
        return False
