import pytest

from sandbox.control.access import Access, check_access

HERE = "127.0.0.1:8080"


def turned_away(access: Access | None = None, path: str = "/messages", **headers: str) -> int | None:
    """Return the status with which a call is turned away; a header's underscores stand for hyphens."""
    named = {"Host": HERE, **{name.replace("_", "-"): value for name, value in headers.items()}}
    found = check_access(access or Access(), path, named)
    return None if found is None else found.status


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
