"""The pytest plugin, in test runs of its own."""

import os
import sys
from pathlib import Path

import pytest

from sandbox.testing import pytest_plugin, serving
from tests import commands
from tests.client.fixtures import NUMBER

pytest_plugins = "pytester"

ASYNCIO = (
    "-p",
    "pytest_asyncio.plugin",
    "-o",
    "asyncio_mode=auto",
    "-o",
    "asyncio_default_fixture_loop_scope=function",
)
SEND = f"""
import json
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest


def send(sandbox, to="{NUMBER}"):
    body = json.dumps({{"from": "SHOP", "to": to, "text": "Your code is 555345"}}).encode()
    headers = {{"Content-Type": "application/json", "x-api-key": sandbox.keys["betatel"]["x-api-key"]}}
    try:
        with urlopen(Request(sandbox.url + "/api/smpp/client/send", body, headers)) as reply:
            return json.load(reply)["uuid"]
    except HTTPError as error:
        with error:
            return error.code
"""


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Return a project with tests of its own, run without other plugins in an environment that names no sandbox."""
    for name in [name for name in os.environ if name.startswith("SANDBOX_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    return pytester


def run_here(project: pytest.Pytester, *flags: str) -> pytest.RunResult:
    """Run the tests of a project in this process, with the plugin."""
    return project.runpytest_inprocess("--strict-markers", *flags, plugins=[pytest_plugin])


def passes(project: pytest.Pytester, code: str, *flags: str) -> dict[str, int]:
    """Run some tests; return how many of each outcome there were."""
    project.makepyfile(SEND + code)
    return run_here(project, "-W", "error", *flags).parseoutcomes()


def test_each_test_has_a_workspace_of_its_own_on_one_server(project: pytest.Pytester) -> None:
    code = """
seen = []

@pytest.mark.parametrize("turn", range(3))
def test_turn(sandbox, turn):
    send(sandbox)
    seen.append((sandbox.url, sandbox.id))
    assert len(sandbox.messages()) == 1

def test_all():
    assert (len({url for url, _ in seen}), len({id for _, id in seen})) == (1, 3)
"""

    assert passes(project, code) == {"passed": 4}


def test_a_plain_test_sends_advances_reads_the_code_and_hears_the_callbacks(project: pytest.Pytester) -> None:
    code = """
def test_all(sandbox):
    uuid = send(sandbox)
    sandbox.receiver.answer_with(500, times=1)
    sandbox.advance("5m")
    assert sandbox.otp("38761930305").code == "555345"
    assert [call.json["status"] for call in sandbox.receiver.calls] == ["sent", "delivered", "sent"]
    assert sandbox.verify(text="code", exactly=1).matches == (uuid,)
    assert sandbox.messages()[0].status == "delivered"
"""

    assert passes(project, code) == {"passed": 1}


def test_an_async_test_awaits_while_its_own_loop_answers_the_callbacks(project: pytest.Pytester) -> None:
    code = """
import asyncio

async def test_all(sandbox):
    heard = []

    async def answer(reader, writer):
        heard.append(await reader.readline())
        writer.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\nConnection: close\\r\\n\\r\\n")
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        await sandbox.aio.set_target("betatel", f"http://127.0.0.1:{port}/mine")
        await asyncio.to_thread(send, sandbox)
        await sandbox.aio.advance("5m")
    assert heard == [b"POST /mine HTTP/1.1\\r\\n"] * 2
"""

    assert passes(project, code, *ASYNCIO) == {"passed": 1}


def test_a_test_may_freeze_the_time_of_its_process(project: pytest.Pytester) -> None:
    code = """
from datetime import datetime

import freezegun
import time_machine


@pytest.mark.parametrize("year", ["2001", "2099"])
@pytest.mark.parametrize("tick", [False, True])
@pytest.mark.parametrize("freeze", [freezegun.freeze_time, time_machine.travel])
def test_plain(sandbox, freeze, tick, year):
    with freeze(f"{year}-02-03", tick=tick):
        assert datetime.now().year == int(year)
        send(sandbox)
        sandbox.advance("5s")
    assert len(sandbox.receiver.calls) == 2


@pytest.mark.parametrize("freeze", [freezegun.freeze_time, time_machine.travel])
async def test_awaited(sandbox, freeze):
    with freeze("2001-02-03", tick=False):
        send(sandbox)
        await sandbox.aio.advance("5s")
    assert len(sandbox.receiver.calls) == 2
"""

    assert passes(project, code, *ASYNCIO) == {"passed": 10}


def test_a_marker_says_how_the_workspace_begins(project: pytest.Pytester) -> None:
    code = """
@pytest.mark.sandbox("instant", start="2026-03-02T12:00:00Z", seed=7, clock="60x")
def test_all(sandbox):
    clock = sandbox.clock()
    told = (sandbox.scenario().name, clock.start.isoformat(), sandbox.seed, clock.mode, clock.rate)
    assert told == ("instant", "2026-03-02T12:00:00+00:00", 7, "scaled", 60)

def test_other(sandbox):
    assert (sandbox.scenario().name, sandbox.clock().mode) == ("default", "frozen")
"""

    assert passes(project, code) == {"passed": 2}


def test_an_application_with_twelve_tests_passes(project: pytest.Pytester) -> None:
    project.makepyfile(test_shop=Path(__file__).with_name("shop_tests.py").read_text(encoding="utf-8"))

    assert run_here(project, "-W", "error").parseoutcomes() == {"passed": 12}


def test_a_scenario_is_used_in_the_middle_of_a_test(project: pytest.Pytester) -> None:
    code = """
def test_all(sandbox):
    first = send(sandbox)
    sandbox.load_scenario({"name": "down", "rules": [{"name": "down", "then": {"error": 500}}]})
    assert (send(sandbox), sandbox.message(first).id) == (500, first)
"""

    assert passes(project, code) == {"passed": 1}


def test_a_failing_test_shows_what_happened_in_its_workspace(project: pytest.Pytester) -> None:
    project.makepyfile(
        SEND
        + """
@pytest.mark.sandbox(start="2026-03-02T12:00:00Z")
def test_fails(sandbox):
    send(sandbox)
    send(sandbox, to="+3")
    sandbox.advance("1s")
    sandbox.verify(to="38761930306")
""",
    )
    result = run_here(project)

    result.stdout.fnmatch_lines(
        [
            '>       sandbox.verify(to="38761930306")',
            "E       AssertionError: verification failed: 0 messages match",
            "E         near miss: *: to: 38761930305 is not 38761930306",
            "*- sms-sandbox, workspace w* -*",
            "scenario default, clock frozen at 2026-03-02T12:00:01.000Z",
            "requests, newest first",
            "12:00:00 * betatel.sms.send *POST /api/smpp/client/send * 400 refused *",
            "* body.to: '+3' does not match *",
            "12:00:00 * betatel.sms.send *POST /api/smpp/client/send * 200 *",
            "messages, newest first",
            "12:00:00 *SHOP *38761930305 * sent (sent) * Your code is 555345",
            "callbacks, newest first",
            "12:00:00.200 * sent *delivered *POST http://127.0.0.1:*/betatel",
            "*attempt 1 at 12:00:00.200: 200 OK",
        ],
    )


def test_a_passing_test_and_a_test_without_a_sandbox_show_nothing(project: pytest.Pytester) -> None:
    project.makepyfile("def test_passes(sandbox): pass\ndef test_fails(): assert 0")
    result = run_here(project)

    result.stdout.no_fnmatch_line("*sms-sandbox*")


def test_a_marker_with_an_unknown_scenario_or_setting_is_one_line_at_its_test(project: pytest.Pytester) -> None:
    project.makepyfile(
        "import pytest\n"
        "@pytest.mark.sandbox('instnat')\ndef test_scenario(sandbox): pass\n"
        "@pytest.mark.sandbox(speed=2)\ndef test_setting(sandbox): pass"
    )
    result = run_here(project)
    scenario, setting = (
        result.outlines[number + 1] for number, line in enumerate(result.outlines) if "ERROR at setup" in line
    )

    problem = "the fixture 'sandbox' cannot create a workspace"
    assert (scenario, setting) == (
        f"{problem}: /scenario: no scenario is called 'instnat'. Did you mean 'instant'?",
        "@pytest.mark.sandbox takes no setting 'speed'. Did you mean 'seed'?",
    )


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("scenaro='instant'", "no setting 'scenaro'. Did you mean 'scenario'?"),
        ("zzz=1", "no setting 'zzz'. Available: clock, scenario, seed, start."),
        ("'instant', scenario='default'", "two values for 'scenario'"),
        ("'instant', 'frozen', None, 7, 8", "4 settings at most: scenario, clock, start, seed"),
    ],
)
def test_a_wrong_setting_of_the_marker_is_told_in_its_own_words(given: str, problem: str) -> None:
    scope: dict[str, pytest.MarkDecorator] = {}
    exec(f"import pytest; mark = pytest.mark.sandbox({given})", scope)  # noqa: S102 - our own text
    with pytest.raises(pytest.fail.Exception) as refused:
        pytest_plugin.read_marker(scope["mark"].mark)

    assert str(refused.value) == f"@pytest.mark.sandbox takes {problem}"


def test_a_marker_takes_a_scenario_as_a_file_or_a_mapping(project: pytest.Pytester) -> None:
    project.makefile(".yaml", evening="name: from a file\nrules: [{name: down, then: {error: 500}}]")
    project.mkdir("elsewhere")
    code = """
import os
from pathlib import Path

@pytest.fixture(params=[".", "elsewhere"])
def folder(request, monkeypatch):
    monkeypatch.chdir(Path(__file__).parent / request.param)

@pytest.mark.sandbox("evening.yaml")
def test_text(folder, sandbox):
    assert (sandbox.scenario().name, send(sandbox)) == ("from a file", 500)

@pytest.mark.sandbox(Path(__file__).with_name("evening.yaml"))
def test_path(folder, sandbox):
    assert sandbox.scenario().name == "from a file"

@pytest.mark.sandbox(scenario={"name": "mine", "rules": [{"then": {"error": 500}}]}, seed=7)
def test_mapping(sandbox):
    assert (sandbox.scenario().name, send(sandbox), sandbox.seed) == ("mine", 500, 7)

def test_in_the_middle(folder, sandbox):
    names = [sandbox.load_scenario(each).name for each in ("evening.yaml", Path("evening.yaml"))]
    assert [*names, sandbox.check_scenario("evening.yaml").name] == ["from a file"] * 3

@pytest.mark.parametrize("given", ["evening.yaml", Path("evening.yaml"), {"name": "from a mapping", "rules": []}])
def test_another_workspace(folder, sandbox, given):
    assert sandbox.make_workspace(scenario=given).scenario.startswith("from a ")
"""

    assert passes(project, code) == {"passed": 13}


def test_a_missing_file_of_a_marker_is_told_with_the_places_that_were_searched(project: pytest.Pytester) -> None:
    project.makepyfile(
        **{"tests/test_none": "import pytest\n@pytest.mark.sandbox('none.yaml')\ndef test_none(sandbox): pass"}
    )
    result = run_here(project, "tests")

    places = f"{project.path}/tests/none.yaml and {project.path}/none.yaml"
    problem = "the fixture 'sandbox' cannot create a workspace: none.yaml: No such file or directory"
    assert f"{problem}; looked for {places}" in result.outlines


def test_a_sandbox_that_serves_already_is_used_and_left_as_it_was(
    project: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    code = """
import os

def test_all(sandbox):
    send(sandbox)
    sandbox.advance("1m")
    assert (sandbox.url, len(sandbox.receiver.calls)) == (os.environ["SANDBOX_URL"], 2)
"""
    with serving() as server:
        monkeypatch.setenv("SANDBOX_URL", server.url)

        assert passes(project, code) == {"passed": 1}


def test_a_sandbox_that_asks_for_its_token_is_given_it(
    project: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SANDBOX_CONTROL_TOKEN", "t0ken")
    checkout = str(Path(pytest_plugin.__file__).parent.parent)
    with commands.serving("--control-token", "t0ken", PYTHONPATH=checkout) as (_, banner):
        monkeypatch.setenv("SANDBOX_URL", commands.url_of(banner))

        assert passes(project, "def test_all(sandbox): assert not sandbox.messages()") == {"passed": 1}


def test_a_sandbox_that_does_not_serve_is_one_line(
    project: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with serving() as server:
        monkeypatch.setenv("SANDBOX_URL", server.url)
    project.makepyfile("def test_all(sandbox): pass")
    result = run_here(project)

    result.stdout.fnmatch_lines(
        [
            f"SANDBOX_URL: no sandbox answers at {server.url}: Connection refused; run sms-sandbox serve, *",
        ],
    )


def test_a_project_says_itself_how_its_server_serves(project: pytest.Pytester) -> None:
    project.makeconftest(
        """
import pytest
from sandbox.testing import serving

@pytest.fixture(scope="session")
def sandbox_server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scenarios")
    (folder / "evening.yaml").write_text("name: evening\\n")
    with serving(scenarios=folder) as server:
        yield server
""",
    )
    code = """
@pytest.mark.sandbox("evening")
def test_all(sandbox):
    assert sandbox.scenario().name == "evening"
"""

    assert passes(project, code) == {"passed": 1}


def test_a_project_s_own_fixture_of_that_name_goes_first(project: pytest.Pytester) -> None:
    project.makeconftest("import pytest\n@pytest.fixture\ndef sandbox(): return 7")

    assert passes(project, "def test_all(sandbox):\n    assert sandbox == 7") == {"passed": 1}


@pytest.fixture
def installed(project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Return a project beside which the plugin is installed as the wheel installs it: as a module of its own name."""
    site = project.mkdir("site")
    source = Path(pytest_plugin.__file__).read_text(encoding="utf-8")
    (site / "pytest_sms_sandbox.py").write_text(source, encoding="utf-8")
    checkout = Path(pytest_plugin.__file__).parent.parent
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(site), str(checkout)]))
    return project


def run(project: pytest.Pytester, *flags: str) -> pytest.RunResult:
    """Run pytest as most people do, with the present folder first on the path."""
    return project.run(sys.executable, "-m", "pytest", "-p", "pytest_sms_sandbox", *flags)


def test_parallel_workers_have_a_server_each(installed: pytest.Pytester) -> None:
    pytest.importorskip("xdist")
    installed.makepyfile(
        SEND
        + """
import os

@pytest.mark.parametrize("turn", range(2))
def test_turn(sandbox, turn, tmp_path_factory):
    (tmp_path_factory.getbasetemp().parent / os.environ["PYTEST_XDIST_WORKER"]).write_text(sandbox.url)
    send(sandbox)
    assert len(sandbox.messages()) == 1
""",
    )
    result = run(installed, "-p", "xdist", "-n", "2", "--basetemp", str(installed.path / "base"))
    urls = {(installed.path / "base" / worker).read_text() for worker in ("gw0", "gw1")}

    assert (result.parseoutcomes()["passed"], len(urls)) == (2, 2)


def test_a_project_with_a_folder_called_sandbox_runs_its_tests_and_is_told_in_one_line(
    installed: pytest.Pytester,
) -> None:
    installed.mkpydir("sandbox").joinpath("mine.py").write_text("X = 1")
    installed.makepyfile("from sandbox.mine import X\ndef test_own(): assert X == 1\ndef test_ours(sandbox): pass")
    result = run(installed)
    line = (
        f"sms-sandbox: {installed.path / 'sandbox'} hides the installed package 'sandbox',"
        " so the fixture 'sandbox' is off in this run; rename the folder,"
        " or run a server: sms-sandbox serve"
    )

    assert result.parseoutcomes() == {"passed": 1, "errors": 1}
    assert result.outlines.count(line) == 2


def test_a_project_with_a_module_called_sandbox_runs_its_tests_too(installed: pytest.Pytester) -> None:
    installed.makepyfile(sandbox="X = 1", test_own="import sandbox\ndef test_own(): assert sandbox.X == 1")

    assert run(installed, "-q").parseoutcomes() == {"passed": 1}


def test_nothing_heavy_is_imported_before_the_fixture_is_used(installed: pytest.Pytester) -> None:
    installed.makepyfile(
        "import sys\n"
        "def test_before():\n"
        "    assert {'sandbox', 'aiohttp', 'jsonschema', 'yaml'} & set(sys.modules) == set()\n"
        "def test_use(sandbox): pass\n",
    )

    assert run(installed).parseoutcomes() == {"passed": 2}
