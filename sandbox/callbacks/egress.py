"""The egress policy: which addresses a callback may reach, and the request that is written to them.

A host is resolved for each attempt, its addresses are checked, and the request goes to a checked address itself, so a
name that resolves to another address a moment later changes nothing. Redirects are not followed.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox.callbacks.connection import NotThereError, Peer
from sandbox.callbacks.http_client import Awaited, HttpClient, nothing
from sandbox.core.callback import HOST, Outgoing, TargetOrigin
from sandbox.core.errors import SandboxError

if TYPE_CHECKING:
    from yarl import URL

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

AGENT = "sms-sandbox"
SCHEMES = frozenset({"http", "https"})
RESOLVE_LIMIT = 1.0  # seconds for the name of a target that is being configured
URL_LIMIT = 8192  # characters
LOOPBACK: tuple[Network, ...] = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))
PRIVATE: tuple[Network, ...] = tuple(
    map(ipaddress.ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")),
)

# The metadata services of clouds, besides the link-local 169.254.169.254.
METADATA = frozenset(map(ipaddress.ip_address, ("fd00:ec2::254", "fd20:ce::254", "100.100.100.200", "192.0.0.192")))
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class RefusedAddressError(SandboxError):
    """The address of a callback is not allowed; the text says why, and what would allow it."""


class UnresolvedHostError(RefusedAddressError):
    """The host of a callback has no address, or none yet."""


class BadUrlError(SandboxError):
    """The string is not a URL for callbacks."""


@lru_cache(maxsize=1024)
def parse_url(text: str) -> "URL":
    """Read the URL of a target.

    Raises:
        BadUrlError: it is not http or https, has no host, has credentials, or is too long.

    """
    problem = ""
    if len(text) > URL_LIMIT:
        problem = f"it has {len(text)} characters, more than {URL_LIMIT}"
    else:
        from yarl import URL  # noqa: PLC0415 - it takes 7 ms to load, and a start without targets has no URL

        try:
            url = URL(text)
            if url.scheme not in SCHEMES or not url.host:
                problem = "it must begin with http:// or https:// and name a host"
            elif not is_host(url.raw_host or ""):
                problem = f"'{url.host}' is not a host"
            elif url.user or url.password:
                problem = "it must not contain credentials"
            elif url.port is not None and not 0 < url.port < 65536:  # noqa: PLR2004 - the range of TCP ports
                problem = f"{url.port} is not a port"
        except ValueError as error:
            problem = str(error)
    if problem:
        message = f"'{text[:200]}' is not a callback URL: {problem}"
        raise BadUrlError(message)
    return url


def is_host(text: str) -> bool:
    """Return whether a URL's host is a valid name or address; it need not exist."""
    try:
        return bool(HOST.fullmatch(text) or (":" in text and ipaddress.ip_address(text.partition("%")[0])))
    except ValueError:
        return False


@lru_cache(maxsize=1024)
def host_queue_of(text: str) -> str:
    """Return scheme, host and port of a URL, which all callbacks to one server share; empty if it is not a URL."""
    try:
        return str(parse_url(text).origin())
    except BadUrlError:
        return ""


@dataclass(frozen=True, slots=True)
class Policy:
    """Where callbacks may go. `open_bind`: the server listens beyond loopback, so requests may name private addresses.

    `hosts` and `networks` are those of `--allow-callback`; `target_hosts` are those of configured targets, and allowed
    for these only.
    """

    open_bind: bool = False
    hosts: frozenset[str] = frozenset()
    networks: tuple[Network, ...] = ()
    target_hosts: frozenset[str] = frozenset()

    def allows(self, host: str, address: Address, origin: TargetOrigin) -> bool:
        """Return whether a target's resolved address may be reached; link-local and metadata addresses never are."""
        if is_never_allowed(address):
            return False
        plain = getattr(address, "ipv4_mapped", None) or address
        nets = LOOPBACK if origin is TargetOrigin.REQUEST and not self.open_bind else (*LOOPBACK, *PRIVATE)
        if any(plain in net for net in (*nets, *self.networks) if net.version == plain.version):
            return True
        return host in self.hosts or (host in self.target_hosts and origin is TargetOrigin.SETTINGS)


def is_never_allowed(address: Address) -> bool:
    """Return whether no permission covers an address: link-local, multicast, unspecified and metadata addresses."""
    plain = getattr(address, "ipv4_mapped", None) or address
    return _is_forbidden(plain) or _is_forbidden(_tunnelled(plain))


def refuse_never_allowed(url: str) -> None:
    """Check the host of a target that is allowed by being configured.

    Raises:
        RefusedAddressError: it is an address that is never allowed.

    """
    host = parse_url(url).host or ""
    address = _literal(host)
    if address is not None and is_never_allowed(address):
        raise RefusedAddressError(_never(host))


def _literal(host: str) -> Address | None:
    """Return a host as an address if it is one, None if it is a name."""
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None


def _is_forbidden(address: Address) -> bool:
    return address.is_link_local or address.is_multicast or address.is_unspecified or address in METADATA


def _tunnelled(address: Address) -> Address:
    """Return the IPv4 address inside an IPv6 address (6to4, NAT64), or else the address itself."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    inside = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF) if address in NAT64 else None
    return address.sixtofour or inside or address


def make_policy(*, open_bind: bool, allowed: Iterable[str], target_hosts: Iterable[str]) -> Policy:
    """Return a policy: `allowed` are the hosts, addresses or networks (CIDR) of `--allow-callback`."""
    hosts, networks = set(), []
    for each in allowed:
        try:
            networks.append(ipaddress.ip_network(each, strict=False))
        except ValueError:
            hosts.add(each.lower())
    return Policy(open_bind, frozenset(hosts), tuple(networks), frozenset(map(str.lower, target_hosts)))


class Egress:
    """Sends callbacks; `ca` is a file with the certificates used to verify receivers."""

    def __init__(self, policy: Policy, *, ca: Path | None = None) -> None:
        self.policy = policy
        self._client = HttpClient(ca)
        # A literal address is checked once: some URLs are alike but for their query, and many are the same.
        self._of_address = lru_cache(maxsize=1024)(self._check_address)
        self._known_peers = lru_cache(maxsize=1024)(self._peers_of_address)

    def close(self) -> None:
        """Close the idle connections."""
        self._client.close()

    async def send(self, outgoing: Outgoing, origin: TargetOrigin, *, owned: Awaited = nothing) -> tuple[int, str]:
        """Send a callback; return the status and the first 2 KB of the response.

        `owned` returns what to await right before the first byte, None if nothing; its error is raised.

        Raises:
            RefusedAddressError: its host resolves to no address that may be reached.
            BadUrlError: its URL is not one for callbacks.
            NoAnswerError: no HTTP response came back.
            ValueError: a header has more than one line.

        """
        url = parse_url(outgoing.url)
        request = write_request(outgoing, url)
        peers = self._known_peers(outgoing.url, origin) or _peers(url, await self.find_addresses(url, origin))
        for peer in peers[:-1]:
            try:
                return _shown(*await self._client.call(peer, request, owned))
            except NotThereError:
                continue
        return _shown(*await self._client.call(peers[-1], request, owned))

    async def find_addresses(self, url: "URL", origin: TargetOrigin) -> tuple[str, ...]:
        """Return the addresses of a URL's host that may be reached, at least one.

        Raises:
            RefusedAddressError: there is none.

        """
        host = (url.host or "").lower()
        return self._of_address(host, origin) or await self._resolve(host, url.port, origin)

    async def check_target(self, url: str) -> None:
        """Check a target that is being configured as an attempt would, as far as it can be known now.

        A name that cannot be resolved, or not within a second, may be known later and is not refused.

        Raises:
            RefusedAddressError: its host resolves to no address that may be reached.

        """
        target = parse_url(url)
        host = (target.host or "").lower()
        with suppress(UnresolvedHostError, TimeoutError):
            async with asyncio.timeout(RESOLVE_LIMIT):
                if not self._of_address(host, TargetOrigin.SETTINGS):
                    await self._resolve(host, target.port, TargetOrigin.SETTINGS)

    def _check_address(self, host: str, origin: TargetOrigin) -> tuple[str, ...]:
        """Return the host as an address if it is one that may be reached; nothing if it is a name."""
        address = _literal(host)
        return () if address is None else self._allowed(host, [address], origin)

    def _peers_of_address(self, text: str, origin: TargetOrigin) -> tuple[Peer, ...]:
        """Return the peers of a URL whose host is an address; nothing if it is a name."""
        url = parse_url(text)
        return _peers(url, self._of_address((url.host or "").lower(), origin))

    async def _resolve(self, host: str, port: int | None, origin: TargetOrigin) -> tuple[str, ...]:
        """Return the addresses of a name that may be reached."""
        loop = asyncio.get_running_loop()
        try:
            infos = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            message = f"{host} cannot be resolved: {getattr(error, 'strerror', None) or error}"
            raise UnresolvedHostError(message) from None
        unique = dict.fromkeys(ipaddress.ip_address(str(info[4][0]).partition("%")[0]) for info in infos)
        return self._allowed(host, sorted(unique, key=lambda address: address.version), origin)

    def _allowed(self, host: str, found: list[Address], origin: TargetOrigin) -> tuple[str, ...]:
        allowed = tuple(str(address) for address in found if self.policy.allows(host, address, origin))
        if not allowed:
            raise RefusedAddressError(_refusal(host, found[0], origin, self.policy))
        return allowed


def _peers(url: "URL", addresses: Iterable[str]) -> tuple[Peer, ...]:
    """Return the peers at the addresses of a URL's host."""
    name = (url.host or "").lower().rstrip(".") if url.scheme == "https" else None
    return tuple(Peer(address, url.port or 0, name) for address in addresses)


def write_request(outgoing: Outgoing, url: "URL") -> bytes:
    """Return the bytes of a request.

    Raises:
        ValueError: a header has more than one line.

    """
    body = outgoing.body.encode()
    headers = {"Host": url.host_port_subcomponent, "User-Agent": AGENT, "Accept": "*/*", **outgoing.headers}
    if body or outgoing.method != "GET":
        headers["Content-Length"] = str(len(body))
    lines = [f"{outgoing.method} {url.raw_path_qs} HTTP/1.1", *[f"{name}: {value}" for name, value in headers.items()]]
    head = "\r\n".join([*lines, "", ""])
    if not head.count("\n") == head.count("\r") == len(lines) + 1:
        broken = next(line for line in lines if "\n" in line or "\r" in line)
        message = f"a header of the callback has more than one line: {broken!r}"
        raise ValueError(message)
    return head.encode() + body


def _shown(status: int, body: bytes) -> tuple[int, str]:
    return status, body.decode("utf-8", "replace")


def _refusal(host: str, address: Address, origin: TargetOrigin, policy: Policy) -> str:
    where = host if host == str(address) else f"{host} ({address})"
    if is_never_allowed(address):
        return _never(where)
    whose = "a target that a request names must lead" if origin is TargetOrigin.REQUEST else "callbacks go"
    narrow = origin is TargetOrigin.REQUEST and not policy.open_bind
    nets = "loopback" if narrow else "loopback and private networks"
    return f"{where} is not allowed: {whose} to {nets}; to allow it, start with --allow-callback {host}"


def _never(where: str) -> str:
    return f"{where} is never allowed: it is a link-local, multicast, unspecified or metadata address"
