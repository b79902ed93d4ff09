"""The pytest plugin: the fixture `sandbox` gives each test a workspace of its own, on one server a session.

It is installed as a module of its own name, `pytest_sms_sandbox`, beside the package, and imports the package when the
fixture is first used: a project may have a folder called `sandbox`, and must still be able to run its tests.
"""

import os
from collections.abc import Generator, Iterator
from contextlib import ExitStack, nullcontext
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from sandbox.testing import Listener, Place, Rig

MARK = (
    'sandbox(scenario=None, clock="frozen", start=None, seed=None): how the workspace of the fixture `sandbox` begins: '
    "the scenario's name; frozen, real, or a pace such as 60x; the time at which its clock begins; its seed."
)
RIG: "pytest.StashKey[Rig]" = pytest.StashKey()


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", MARK)


def pytest_report_header() -> list[str]:
    """Say so if something hides the package."""
    found = hidden()
    return [] if found is None else [found]


def hidden() -> str | None:
    """Return in one line what hides the package `sandbox`, if anything does."""
    try:
        spec = find_spec("sandbox")
    except ValueError:  # a module of that name that nothing was loaded from
        spec = None
    places = [Path(place) for place in (spec.submodule_search_locations or ())] if spec else []
    if any((place / "testing" / "workspace.py").is_file() for place in places):
        return None
    what = places[0] if places else spec.origin if spec else "a module of this run"
    return (
        f"sms-sandbox: {what} hides the installed package 'sandbox', so the fixture 'sandbox' is off in this run;"
        " rename the folder, or start a server by itself: sms-sandbox serve"
    )


@pytest.fixture(scope="session")
def sandbox_server() -> "Iterator[Place]":
    """Serve for this session, or use the sandbox at `SANDBOX_URL`. Write your own over it to serve otherwise."""
    found = hidden()
    if found is not None:
        pytest.fail(found, pytrace=False)
    from sandbox.testing import ClientError, find, serving  # noqa: PLC0415 - only who uses a sandbox pays for it

    url = os.environ.get("SANDBOX_URL")
    if not url:
        with serving() as place:
            yield place
        return
    try:
        place = find(url, os.environ.get("SANDBOX_CONTROL_TOKEN") or None)
    except ClientError as error:
        message = f"SANDBOX_URL: {error}"
        raise pytest.fail.Exception(message, pytrace=False) from None
    yield place


@pytest.fixture(scope="session")
def sandbox_listener(sandbox_server: "Place") -> "Iterator[Listener | None]":
    """Listen for callbacks, where the sandbox can reach this machine."""
    from sandbox.testing import listening, receiver_host  # noqa: PLC0415 - as above

    reachable, name = receiver_host(sandbox_server.url)
    with listening(name) if reachable else nullcontext() as listener:
        yield listener


@pytest.fixture
def sandbox(
    request: pytest.FixtureRequest,
    sandbox_server: "Place",
    sandbox_listener: "Listener | None",
) -> "Iterator[Rig]":
    """Return a workspace of this test's own: its URL, keys, receiver, clock and every call of the control API."""
    from sandbox.testing import ClientError, Recipe, Rig, desk_at  # noqa: PLC0415 - as above

    mark = request.node.get_closest_marker("sandbox")
    with ExitStack() as stack:
        try:
            recipe = Recipe(*mark.args, **mark.kwargs) if mark else Recipe()
            desk = stack.enter_context(desk_at(sandbox_server, sandbox_listener, recipe))
        except (ClientError, TypeError) as error:
            message = f"the fixture 'sandbox' has no workspace: {error}"
            raise pytest.fail.Exception(message, pytrace=False) from None
        request.node.stash[RIG] = Rig(desk)
        yield request.node.stash[RIG]
        del request.node.stash[RIG]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Tell in the report of a failing test what happened in its workspace."""
    report = yield
    rig = item.stash.get(RIG, None)
    if rig is not None and report.failed:
        from sandbox.testing import failure_report  # noqa: PLC0415 - as above

        report.sections.append((f"sms-sandbox, workspace {rig.id}", failure_report(rig)))
    return report
