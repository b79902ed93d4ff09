"""The pytest plugin: the fixture `sandbox` gives each test a workspace of its own, on one server for each session.

The plugin is installed as the module `pytest_sms_sandbox` beside the package, and imports the package only when the
fixture is used: a project that has a folder called `sandbox` must still be able to run its tests.
"""

import os
from collections.abc import Generator, Iterator
from contextlib import ExitStack, nullcontext
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from sandbox.testing import Listener, SandboxClient, SandboxServer

MARK = (
    'sandbox(scenario=None, clock="frozen", start=None, seed=None): the settings of the fixture `sandbox`: '
    "the name of a scenario, its file, or a mapping; frozen, real, or a speed such as 60x; the time at which the clock"
    " begins; the seed."
)
SETTINGS = ("scenario", "clock", "start", "seed")  # of the marker, in the order of its arguments
CLIENT: "pytest.StashKey[SandboxClient]" = pytest.StashKey()


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line("markers", MARK)


def pytest_report_header() -> list[str]:
    """Return a warning if something hides the package."""
    warning = hidden()
    return [] if warning is None else [warning]


def hidden() -> str | None:
    """Return a line that names what hides the package `sandbox`, if anything does."""
    try:
        spec = find_spec("sandbox")
    except ValueError:  # a module of that name without a spec
        spec = None
    places = [Path(place) for place in (spec.submodule_search_locations or ())] if spec else []
    if any((place / "testing" / "workspace.py").is_file() for place in places):
        return None
    what = places[0] if places else spec.origin if spec else "a module of this run"
    return (
        f"sms-sandbox: {what} hides the installed package 'sandbox', so the fixture 'sandbox' is off in this run;"
        " rename the folder, or run a server: sms-sandbox serve"
    )


@pytest.fixture(scope="session")
def sandbox_server() -> "Iterator[SandboxServer]":
    """Run a server for this session, or use the one at `SANDBOX_URL`. Override it to run one with other settings."""
    warning = hidden()
    if warning is not None:
        pytest.fail(warning, pytrace=False)
    from sandbox.core.garbage import without_collections  # noqa: PLC0415 - runs without the fixture stay fast

    with without_collections():
        from sandbox.testing import ClientError, connect, serving  # noqa: PLC0415 - as above

    url = os.environ.get("SANDBOX_URL")
    if not url:
        with serving() as server:
            yield server
        return
    try:
        server = connect(url, os.environ.get("SANDBOX_CONTROL_TOKEN") or None)
    except ClientError as error:
        message = f"SANDBOX_URL: {error}"
        raise pytest.fail.Exception(message, pytrace=False) from None
    yield server


@pytest.fixture(scope="session")
def sandbox_listener(sandbox_server: "SandboxServer") -> "Iterator[Listener | None]":
    """Listen for callbacks if the server can reach this machine."""
    from sandbox.testing import listening, receiver_host  # noqa: PLC0415 - as above

    reachable, name = receiver_host(sandbox_server.url)
    with listening(name) if reachable else nullcontext() as listener:
        yield listener


@pytest.fixture
def sandbox(
    request: pytest.FixtureRequest,
    sandbox_server: "SandboxServer",
    sandbox_listener: "Listener | None",
) -> "Iterator[SandboxClient]":
    """Return a client of a new workspace: its URL, keys, receiver, clock, and every call of the control API."""
    from sandbox.testing import ClientError, SandboxClient, WorkspaceOptions, open_workspace  # noqa: PLC0415 - as above

    mark = request.node.get_closest_marker("sandbox")
    given = read_marker(mark) if mark else {}
    options = WorkspaceOptions(**given, folder=request.path.parent)
    with ExitStack() as stack:
        try:
            handle = stack.enter_context(open_workspace(sandbox_server, sandbox_listener, options))
        except (ClientError, OSError) as error:
            message = f"the fixture 'sandbox' cannot create a workspace: {error}"
            raise pytest.fail.Exception(message, pytrace=False) from None
        request.node.stash[CLIENT] = SandboxClient(handle)
        yield request.node.stash[CLIENT]
        del request.node.stash[CLIENT]


def read_marker(mark: pytest.Mark) -> dict[str, Any]:
    """Return the settings of a marker.

    Raises:
        pytest.fail.Exception: the marker has a setting that does not exist, or one twice.

    """
    from sandbox.core.errors import near_miss  # noqa: PLC0415 - as above

    problem = None
    given = dict(zip(SETTINGS, mark.args, strict=False))
    for name in mark.kwargs:
        if name not in SETTINGS:
            problem = f"no setting '{name}'.{near_miss(name, SETTINGS)}"
        elif name in given:
            problem = f"two values for '{name}'"
    if len(mark.args) > len(SETTINGS):
        problem = f"{len(SETTINGS)} settings at most: {', '.join(SETTINGS)}"
    if problem is not None:
        message = f"@pytest.mark.sandbox takes {problem}"
        raise pytest.fail.Exception(message, pytrace=False)
    return {**given, **mark.kwargs}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the traffic of the workspace to the report of a failing test, and save its state if a folder is named."""
    report = yield
    client = item.stash.get(CLIENT, None)
    if client is not None and report.failed:
        from sandbox.testing import failure_report  # noqa: PLC0415 - as above
        from sandbox.testing.state_files import save_failed_test  # noqa: PLC0415 - as above

        text = failure_report(client)
        saved = save_failed_test(client, item.nodeid, item.config.invocation_params.dir)
        section = text if saved is None else f"{text}\n\n{saved}"
        report.sections.append((f"sms-sandbox, workspace {client.id}", section))
    return report
