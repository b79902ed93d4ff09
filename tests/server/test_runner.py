"""The command `serve` as a process: what it prints, how it stops, what it says when it cannot start."""

import json
import signal
import socket
import subprocess
import sys
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.commands import PATIENCE, launched, run, serving, url_of

HINT = "choose another with --port (0 picks a free one)"


def test_the_banner_tells_where_it_listens_what_it_serves_and_where_callbacks_go() -> None:
    with serving("--seed", "7", "--callback", "ubill=http://127.0.0.1:9/dlr") as (_, banner):
        port = url_of(banner).rpartition(":")[2]

    assert banner.splitlines() == [
        f"sms-sandbox listens on http://127.0.0.1:{port}",
        "  providers  betatel (8 operations), smsbuddy (8 operations), ubill (6 operations)",
        "  scenario   default, seed 7, clock real",
        "  callbacks  ubill to http://127.0.0.1:9/dlr",
    ]


@pytest.mark.parametrize("name", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_it_cleanly(name: signal.Signals) -> None:
    with serving() as (process, _):
        process.send_signal(name)

        assert process.wait(PATIENCE) == 0


def test_an_environment_variable_stands_in_for_a_flag_and_a_flag_goes_before_it() -> None:
    variables = {"SANDBOX_CALLBACK_BETATEL": "http://127.0.0.1:9/b", "SANDBOX_SEED": "5", "SANDBOX_CLOCK": "frozen"}

    with serving("--seed", "6", **variables) as (_, banner):
        lines = banner.splitlines()[2:]

    assert lines == ["  scenario   default, seed 6, clock frozen", "  callbacks  betatel to http://127.0.0.1:9/b"]


def test_ready_says_where_a_server_is() -> None:
    with serving() as (_, banner):
        url = url_of(banner)
        said = run("ready", "--wait", "10s", "--url", url)

    assert said == (0, f"ready at {url}\n")


def test_ready_answers_no_where_nobody_serves() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
    said = run("ready", SANDBOX_URL=url)

    assert said == (
        1,
        f"sms-sandbox: no sandbox answers at {url}; run sms-sandbox serve, or set SANDBOX_URL\n",
    )


def test_ready_says_why_a_server_does_not_answer_to_a_name() -> None:
    with serving() as (_, banner):
        url = url_of(banner).replace("127.0.0.1", "127.1")  # which leads there, and is no name of this machine
        said = run("ready", "--url", url)

    host = url.removeprefix("http://")
    why = f"the control API does not accept the host name '{host}'; to allow it, start with --allow-host 127.1"
    assert said == (1, f"sms-sandbox: {url}: {why}\n")


def test_a_port_in_use_is_one_clear_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = run("serve", "--port", str(port))

    assert said == (
        2,
        f"sms-sandbox: cannot listen on 127.0.0.1:{port}: Address already in use; {HINT}\n",
    )


def test_an_unknown_scenario_is_one_clear_line() -> None:
    said = run("serve", "--port", "0", "--scenario", "defualt")

    assert said == (2, "sms-sandbox: no scenario is called 'defualt'. Did you mean 'default'?\n")


def test_endpoints_lists_every_path_and_whose_word_it_is() -> None:
    code, text = run("endpoints")

    assert (code, text.splitlines()[0].split()) == (
        0,
        ["POST", "/api/smpp/client/send", "betatel.sms.send", "documented"],
    )


def test_a_get_may_name_ten_thousand_recipients() -> None:
    numbers = ",".join(f"9955111{place:05}" for place in range(10_000))
    with (
        serving() as (_, banner),
        closing(HTTPConnection(url_of(banner).removeprefix("http://"), timeout=PATIENCE)) as to,
    ):
        to.request("GET", f"/v1/sms/send?key=k1&brandID=1&text=hello&numbers={numbers}")
        sent = json.loads(to.getresponse().read())
        to.request("GET", f"/v1/sms/report/{sent['smsID']}?key=k1")

        assert len(json.loads(to.getresponse().read())["result"]) == 10_000


HEAVY = "{'faker', 'jinja2', 'jsonschema', 'phonenumbers', 'prometheus_client', 'watchfiles', 'trustme', 'gsm0338'}"
OF_EXTRAS = "{'mcp', 'pydantic', 'starlette', 'anyio', 'sandbox.agents'}"
START = f"""
import sys
import sandbox.cli
from sandbox.server.app import make_app
from sandbox.server.runner import Options, make_engine
make_engine(Options())
print(({HEAVY} | {OF_EXTRAS}) & {{*sys.modules}})
"""


def test_a_start_loads_nothing_that_it_has_no_use_for() -> None:
    done = subprocess.run([sys.executable, "-c", START], capture_output=True, text=True, check=True)  # noqa: S603 - our own

    assert done.stdout == "set()\n"


def test_with_a_log_of_json_the_banner_is_one_object_with_the_same_members_always() -> None:
    flags = ("--log", "json", "--seed", "7", "--callback", "ubill=http://127.0.0.1:9/dlr")
    with launched(*flags) as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())

    url = told["url"].replace(str(told["port"]), "PORT")
    assert {
        **told,
        "time": "",
        "port": 0,
        "url": url,
        "default_workspace": told["default_workspace"] == told["url"],
    } == {
        "time": "",
        "kind": "start",
        "url": "http://127.0.0.1:PORT",
        "port": 0,
        "tls_url": None,
        "tls_port": None,
        "tls_ca": None,
        "providers": {"betatel": 8, "smsbuddy": 8, "ubill": 6},
        "default_workspace": True,
        "scenario": "default",
        "seed": 7,
        "clock": "real",
        "callbacks": {"ubill": "http://127.0.0.1:9/dlr"},
        "store": "memory",
        "store_place": None,
        "store_software": None,
        "replica": None,
        "mcp": None,
    }


def test_an_unknown_variable_is_a_warning_in_the_manner_of_the_log() -> None:
    with launched("--log", "json", SANDBOX_SCENARO="instant") as process:
        assert process.stderr is not None
        told = json.loads(process.stderr.readline())

    assert {**told, "time": ""} == {
        "time": "",
        "kind": "warning",
        "what": "unknown environment variable SANDBOX_SCENARO. Did you mean SANDBOX_SCENARIO?",
    }


def test_a_mistake_in_a_document_ends_the_start_with_its_lines_and_exit_code_2(tmp_path: Path) -> None:
    (tmp_path / "acme.yaml").write_text("x-sandbox:\n  provider: acme\n  settings:\n  channels: 7\npaths: {}\n")
    file = tmp_path / "acme.yaml"

    code, said = run("serve", "--port", "0", "--specs", str(tmp_path))

    assert (code, said.replace(str(file), "acme.yaml").splitlines()) == (
        2,
        [
            "sms-sandbox: acme.yaml:4:3: x-sandbox.channels: 7 is a number, not a mapping",
            "sms-sandbox: acme.yaml:5:1: paths: is empty; write at least one path with a method",
        ],
    )
