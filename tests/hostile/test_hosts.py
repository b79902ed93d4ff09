"""Names and origins by which a foreign page may try to steer the sandbox, each with the verdict on it."""

import pytest

from sandbox.callbacks.egress import Policy
from sandbox.control.access import Access, check_access
from tests.conftest import SandboxMaker

PROVIDERS = frozenset({"api.betatel.com", "api.ubill.dev", "thesmsbuddy.com"})
ACCESS = Access(hosts=PROVIDERS, allowed=("sms.example.com", "*.dev.example.com"))
HERE = "127.0.0.1:8080"

# Where a page of the sandbox's own may stand.
TAKEN = [
    "",
    "127.0.0.1",
    "127.0.0.1:8080",
    "127.9.9.9",
    "192.168.1.7:8080",
    "203.0.113.7",
    "[::1]:8080",
    "[::1]",
    "[fe80::1]:80",
    "[::ffff:127.0.0.1]:8080",
    "localhost",
    "localhost:8080",
    "localhost.:80",
    "LOCALHOST:1",
    "a.localhost",
    "sms",
    "sms:8080",
    "SMS-Sandbox_1:8080",
    "build:9000",
    "host.docker.internal:8080",
    "gateway.docker.internal",
    "sandbox.shop.test",
    "api.betatel.com",
    "API.Betatel.com:443",
    "thesmsbuddy.com.:80",
    "sms.example.com",
    "SMS.example.com:8080",
    "a.dev.example.com",
    "a.b.dev.example.com:443",
]
# Names that somebody else can own, or that are none.
REFUSED = [
    "evil.example",
    "evil.example:8080",
    "evil.example.",
    "127.0.0.1.evil.example",
    "localhost.evil.example",
    "sms.evil.example",
    "api.betatel.com.evil.example",
    "evil-api.betatel.com",
    "x.api.betatel.com",
    "betatel.com",
    "dev.example.com",
    "evildev.example.com",
    "evilsms.example.com",
    "x.sms.example.com",
    "sms.example.com.evil.example",
    "test.example",
    "internal.example",
    "eviltest.com",
    "printer.local",
    "127.0.0.1@evil.example",
    "evil.example@127.0.0.1",
    "127.0.0.1/evil.example",
    "127.0.0.1:8080:8080",
    "127.0.0.1:x",
    "127.0.0.1 evil.example",
    "127.0.0.1,evil.example",
    "evil.example#.test",
    "ev\u0456l.test",
    "[::1",
    "::1",
    "[::1]evil.example",
    "x:y:z",
    "300.1.1.1",
    ".",
    ":8080",
    "é",
    "evil.example\x00.test",
]


def verdict(access: Access = ACCESS, *, host: str = HERE, scheme: str = "http", **headers: str) -> int | None:
    """Return the status with which a call is turned away; a header's underscores stand for hyphens."""
    named = {"Host": host, **{name.replace("_", "-"): value for name, value in headers.items()}}
    found = check_access(access, "/messages", named, scheme=scheme)
    return None if found is None else found.status


@pytest.mark.parametrize("host", TAKEN)
def test_a_name_that_no_stranger_can_own_is_answered(host: str) -> None:
    assert verdict(host=host) is None


@pytest.mark.parametrize("host", REFUSED)
def test_any_other_name_is_refused(host: str) -> None:
    assert verdict(host=host) == 403


@pytest.mark.parametrize("host", ["sms.example.com", "a.dev.example.com"])
def test_a_name_that_is_not_allowed_is_refused_with_the_flag_that_allows_it(host: str) -> None:
    found = check_access(Access(), "/messages", {"Host": f"{host}:8080"})

    assert str(found) == (
        f"the control API does not accept the host name '{host}:8080'; to allow it, start with --allow-host {host}"
    )


@pytest.mark.parametrize("path", ["", "/", "/health", "/ui/", "/messages", "/reset"])
@pytest.mark.parametrize("token", [None, "s3cret"])
def test_a_token_does_not_let_a_foreign_name_in(path: str, token: str | None) -> None:
    headers = {"Host": "evil.example", "Authorization": "Bearer s3cret", "Sec-Fetch-Site": "same-origin"}
    found = check_access(Access(token), path, headers)

    assert found is not None
    assert found.status == 403


# The scheme of the connection, its Host, the Origin, and whether it is the page's own.
ORIGINS = [
    ("http", HERE, "http://127.0.0.1:8080", True),
    ("http", HERE, "HTTP://127.0.0.1:8080", True),
    ("http", HERE, "https://127.0.0.1:8080", False),
    ("http", HERE, "http://127.0.0.1", False),
    ("http", HERE, "http://127.0.0.1:9090", False),
    ("http", HERE, "http://localhost:8080", False),
    ("http", HERE, "http://127.0.0.1:8080.evil.example", False),
    ("http", HERE, "http://127.0.0.1:8080@evil.example", False),
    ("http", HERE, "http://evil.example@127.0.0.1:8080", False),
    ("http", HERE, "ftp://127.0.0.1:8080", False),
    ("http", HERE, "127.0.0.1:8080", False),
    ("http", HERE, "//127.0.0.1:8080", False),
    ("http", HERE, "null", False),
    ("http", HERE, "", False),
    ("http", HERE, "http://[", False),
    ("http", HERE, "http://evil.example", False),
    ("http", "", "http://", False),
    ("http", "localhost", "http://localhost", True),
    ("http", "localhost", "http://localhost:80", True),
    ("http", "localhost:80", "http://localhost", True),
    ("http", "localhost", "http://localhost:443", False),
    ("http", "localhost", "https://localhost", False),
    ("http", "[::1]:8080", "http://[::1]:8080", True),
    ("http", "sms:8080", "http://sms:8080", True),
    ("https", "localhost:8443", "https://localhost:8443", True),
    ("https", "localhost:8443", "http://localhost:8443", False),
    ("https", "api.betatel.com", "https://api.betatel.com", True),
    ("https", "api.betatel.com:443", "https://api.betatel.com", True),
    ("https", "api.betatel.com", "http://api.betatel.com", False),
    # Behind a proxy that ends TLS and keeps Host: only what --allow-host names.
    ("http", "sms.example.com", "https://sms.example.com", True),
    ("http", "SMS.example.com", "https://sms.example.com", True),
    ("http", "a.dev.example.com:8443", "https://a.dev.example.com:8443", True),
    ("http", "sms.example.com", "https://sms.example.com:8443", False),
    ("http", "sms.example.com:8080", "https://sms.example.com", False),
    ("http", "sms.example.com", "https://a.dev.example.com", False),
    ("http", "sms:8080", "https://sms.example.com", False),
    ("http", "api.betatel.com", "https://api.betatel.com", False),
    ("https", "sms.example.com", "http://sms.example.com", False),
]


@pytest.mark.parametrize(("scheme", "host", "origin", "own"), ORIGINS)
def test_an_origin_is_the_pages_own_by_scheme_host_and_port(scheme: str, host: str, origin: str, own: bool) -> None:  # noqa: FBT001 - a column of the table
    assert verdict(scheme=scheme, host=host, Origin=origin) == (None if own else 403)


def test_an_origin_behind_a_tls_proxy_is_refused_with_the_flag_that_lets_it_in() -> None:
    found = check_access(Access(), "/", {"Host": "10.0.0.5", "Origin": "https://10.0.0.5"})

    assert str(found) == (
        "requests from other origins are not allowed (Origin: https://10.0.0.5); "
        "behind a proxy that terminates TLS, start with --allow-host 10.0.0.5"
    )


@pytest.mark.parametrize("site", ["cross-site", "same-site", "nonsense", ""])
def test_another_site_is_refused_by_whatever_name_it_comes(site: str) -> None:
    assert [verdict(host=host, Sec_Fetch_Site=site) for host in (HERE, "sms", "sms.example.com")] == [403] * 3


ATTACK = {"Host": "evil.example", "Origin": "http://evil.example", "Sec-Fetch-Site": "same-origin"}


@pytest.mark.parametrize("beyond", [False, True])
async def test_a_page_whose_name_was_made_to_lead_here_reads_and_changes_nothing(
    make_sandbox: SandboxMaker,
    beyond: bool,  # noqa: FBT001 - wherever it listens
) -> None:
    sandbox = await make_sandbox(policy=Policy(open_bind=beyond))
    await sandbox.send()
    calls = [
        ("GET", path) for path in ("/", "/_sandbox", "/_sandbox/", "/_sandbox/otp?to=38761930305", "/_sandbox/ui/")
    ]
    found = []
    for method, path in [*calls, ("POST", "/_sandbox/reset"), ("DELETE", "/_sandbox/messages")]:
        async with sandbox.client.request(method, path, headers=ATTACK, allow_redirects=False) as reply:
            found.append((reply.status, reply.content_type))

    assert (found, len(sandbox.world.messages)) == ([(403, "application/problem+json")] * 7, 1)
