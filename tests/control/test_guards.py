import pytest

from sandbox.control.guards import Access, object_to

HERE = "127.0.0.1:8080"


def turned_away(access: Access | None = None, path: str = "/messages", **headers: str) -> int | None:
    """Return the status with which a call is turned away; a header's underscores stand for hyphens."""
    named = {"Host": HERE, **{name.replace("_", "-"): value for name, value in headers.items()}}
    found = object_to(access or Access(), path, named)
    return None if found is None else found.status


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.0.0.1:8080",
        "127.9.9.9",
        "localhost",
        "localhost.:80",
        "LOCALHOST:1",
        "a.localhost",
        "[::1]:8080",
        "",
    ],
)
def test_names_of_this_machine_are_let_in(host: str) -> None:
    assert turned_away(Host=host) is None


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "192.168.1.7:8080",
        "api.betatel.com",
        "[::1",
        "x:y:z",
    ],
)
def test_a_foreign_name_that_leads_to_loopback_is_turned_away(host: str) -> None:
    assert turned_away(Host=host) == 403


def test_bound_elsewhere_every_name_is_let_in() -> None:
    assert turned_away(Access(local=False), Host="sandbox.internal:8080") is None


@pytest.mark.parametrize("site", ["cross-site", "same-site", "nonsense"])
def test_a_browser_on_another_site_is_turned_away(site: str) -> None:
    assert turned_away(Sec_Fetch_Site=site) == 403


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_the_sandbox_s_own_page_is_let_in(site: str) -> None:
    assert turned_away(Sec_Fetch_Site=site) is None


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "http://127.0.0.1:9090", "null", "http://localhost:8080", "http://["]
)
def test_another_origin_is_turned_away(origin: str) -> None:
    assert turned_away(Origin=origin) == 403


def test_its_own_origin_is_let_in() -> None:
    assert turned_away(Origin=f"http://{HERE}") is None


def test_with_a_token_only_who_carries_it_is_let_in() -> None:
    access = Access("s3cret")
    given = ["Bearer s3cret", "Bearer wrong", "s3cret", "Basic czpz", "Bearer ", "Bearer s3crét"]

    assert [turned_away(access, Authorization=each) for each in given] == [None, 401, 401, 401, 401, 401]


@pytest.mark.parametrize("path", ["/health", "/openapi.json", "/schemas/scenario.json", "/ui/", "/ui/js/app.js"])
def test_what_a_page_needs_before_it_can_ask_for_the_token_needs_none(path: str) -> None:
    assert turned_away(Access("s3cret"), path) is None


@pytest.mark.parametrize("path", ["/messages", "/healthy", "/workspaces/x/messages", "/metrics", "/events"])
def test_everything_else_needs_the_token(path: str) -> None:
    assert turned_away(Access("s3cret"), path) == 401
