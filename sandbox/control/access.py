"""Who may call the control API: this origin alone, by a name that no stranger can own, with the token where one is set.

A browser that visits a foreign page must not be able to steer the sandbox. Such a page may have made its own name lead
to this server (DNS rebinding); to the browser the two are then one origin, and the `Host` header alone tells them
apart. So `Host` is judged wherever the server listens, and whether or not there is a token.
"""

import hmac
import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.control.problems import ProblemError, refuse

OPEN = frozenset({"", "/", "/health", "/openapi.json"})
OPEN_BELOW = ("/schemas/", "/ui/")
FRIENDLY_SITES = frozenset({"same-origin", "none"})
PORTS: Mapping[str, int] = {"http": 80, "https": 443}

# A name and a port as a `Host` header has them.
HOST = re.compile(r"\[([0-9A-Fa-f:.]+)\](?::\d{0,5})?|([A-Za-z0-9_.-]+)(?::\d{0,5})?", re.ASCII)

# Names that nobody can register, so that no page on the internet bears one: RFC 6761 keeps `localhost` and `test`,
# ICANN keeps `internal` for private networks (`host.docker.internal`). Not `local`: any machine on the same network may
# claim such a name (RFC 6762). A name without a dot (`localhost`, a compose service) is no public name either.
PRIVATE_SUFFIXES = (".localhost", ".internal", ".test")


@dataclass(frozen=True, slots=True)
class Access:
    """Who is let in.

    `token`: what a call must carry; None asks for none. `hosts`: the providers' own. `allowed`: the names of
    `--allow-host`, in small letters; `*.example.com` stands for every name that ends so.
    """

    token: str | None = None
    hosts: frozenset[str] = frozenset()
    allowed: tuple[str, ...] = ()


def object_to(access: Access, path: str, headers: Mapping[str, str], *, scheme: str = "http") -> ProblemError | None:
    """Return why a call is turned away; `path` is what follows `/_sandbox`, `scheme` that of the connection."""
    host = headers.get("Host", "")
    if host and not answers_to(access, host):
        return refuse(403, "", _not_answered(host))
    site = headers.get("Sec-Fetch-Site", "none")
    if site not in FRIENDLY_SITES:
        return refuse(403, "", f"requests from other origins are not taken (Sec-Fetch-Site: {site[:40]})")
    origin = headers.get("Origin")
    if origin is not None and not same_origin(access, origin, host, scheme=scheme):
        return refuse(
            403, "", f"requests from other origins are not taken (Origin: {origin[:200]}){_hint(origin, host)}"
        )
    if access.token is None or path in OPEN or path.startswith(OPEN_BELOW):
        return None
    given = headers.get("Authorization", "").encode("utf-8", "replace")
    if hmac.compare_digest(given, f"Bearer {access.token}".encode()):
        return None
    return refuse(401, "", "this sandbox asks for its control token: Authorization: Bearer TOKEN")


def answers_to(access: Access, host: str) -> bool:
    """Whether a `Host` header has a name or address that the control API answers to."""
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
    """Whether an `Origin` header is the one that a page served here has.

    Scheme, host and port must be those of the connection and its `Host` header. Behind a proxy that ends TLS the
    connection is plain and the page's origin is not; nothing such a proxy says of itself can be trusted, so `https` is
    taken there for the names of `--allow-host` alone.
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
    """Return the name or address in a `Host` header, in small letters; None where it has none."""
    match = HOST.fullmatch(host)
    return None if match is None else (match[1] or match[2]).lower().removesuffix(".") or None


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _not_answered(host: str) -> str:
    flag = f"--allow-host {name}" if (name := _name(host)) and len(name) <= 253 else "--allow-host NAME"  # noqa: PLR2004 - the longest name
    return f"the control API does not answer to the host {host[:200]!r}; if that name is yours, serve with {flag}"


def _hint(origin: str, host: str) -> str:
    """Return what helps on where the scheme alone differs, as behind a proxy that ends TLS."""
    if origin.lower() != f"https://{host.lower()}":
        return ""
    return f"; behind a proxy that ends TLS, serve with --allow-host {_name(host)}"
