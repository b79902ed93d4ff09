"""The command `demo`: what it sends, what it says, how it ends."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sandbox.client import Client, Message
from sandbox.core.message import LIFECYCLE_STATUSES, Status
from sandbox.testing import SandboxClient, WorkspaceOptions, open_workspace
from sandbox.testing import serving as serving_here
from tests.builders import NOON
from tests.cli.conftest import Said, Say
from tests.commands import PATIENCE, serving, url_of
from tests.test_readme import block

FAST = ("--count", "200", "--rate", "1000", "--seed", "5")


def sent(sandbox: SandboxClient) -> list[Message]:
    return list(sandbox.messages(limit=1000))


@contextmanager
def filling(url: str) -> Iterator[subprocess.Popen[str]]:
    """Run a demo that does not end by itself, as a process that has said what it is about to do."""
    command = [sys.executable, "-m", "sandbox", "demo", "--url", url, "--rate", "50"]
    environ = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(  # noqa: S603 - our own
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environ
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().startswith(f"sending to betatel, smsbuddy, ubill at {url}: 50 requests")
            yield process
        finally:
            process.kill()


def test_a_demo_sends_by_every_operation_that_sends(sandbox: SandboxClient, say: Say) -> None:
    say("demo", *FAST)
    operations = [each for provider in sandbox.providers() for each in provider.operations]

    assert {each.operation for each in sent(sandbox)} == {each["name"] for each in operations if each["channel"]}


def test_a_demo_has_codes_scripts_emoji_and_every_end_that_a_message_can_have(sandbox: SandboxClient, say: Say) -> None:
    say("demo", *FAST)
    sandbox.advance("1h")
    messages = sent(sandbox)
    text = " ".join(each.text for each in messages)

    assert (
        {each.encoding for each in messages},
        {each.code is None for each in messages},
        {each.segments > 1 for each in messages},
        {script for script in ("ა", "а", "क", "č", "🚚") if script in text},  # noqa: RUF001 - the second is Cyrillic
        {each.status for each in messages},
    ) == (
        {"gsm-7", "ucs-2"},
        {True, False},
        {True, False},
        {"ა", "а", "क", "č", "🚚"},  # noqa: RUF001 - as above
        {*LIFECYCLE_STATUSES} - {Status.SCHEDULED, Status.QUEUED},
    )


def test_a_demo_tells_in_its_summary_what_was_accepted_and_what_was_refused(sandbox: SandboxClient, say: Say) -> None:
    said = say("demo", *FAST)
    requests = sandbox.requests(limit=1000)
    refused = sum(each.refused for each in requests)
    named = re.findall(r"^  ([\w.]+) +(\d+)$", said.out, re.MULTILINE)
    head, clock, figures, *_, last = said.out.splitlines()

    assert (said.code, head, clock, re.sub(r"in \d+ s", "in N s", figures), last, refused > 0) == (
        0,
        f"sending to betatel, smsbuddy, ubill at {sandbox.url}: 1000 requests per second, seed 5; press Ctrl-C to stop",
        "the clock is frozen; to deliver the messages, run: sms-sandbox advance 5m",
        f"200 of 200 sent in N s: {200 - refused} accepted, {refused} refused, 0 unanswered",
        f"inbox: {sandbox.url}/",
        True,
    )
    assert sum(int(number) for _, number in named) == 200


def test_the_same_seed_is_the_same_traffic(sandbox: SandboxClient, say: Say) -> None:
    def traffic() -> list[tuple[str, str, str]]:
        return sorted((each.operation, each.to, each.text) for each in sent(sandbox) if each.operation != MAKES_CODES)

    say("demo", *FAST)
    first = traffic()
    sandbox.reset()
    say("demo", *FAST)

    assert traffic() == first


MAKES_CODES = "smsbuddy.otp.create"  # its codes are the sandbox's own


def test_a_demo_ends_after_a_while(sandbox: SandboxClient, say: Say) -> None:
    said = say("demo", "--for", "1ms", "--seed", "5")

    assert (said.code, len(sandbox.requests())) == (0, 1)


def test_a_demo_that_would_take_no_time_is_refused(say: Say) -> None:
    refused = say("demo", "--for", "0")

    assert (refused.code, "Invalid value for '--for': '0' must be longer than 0" in refused.err) == (2, True)


def test_what_a_demo_tries_first_reaches_no_receiver(sandbox: SandboxClient, say: Say) -> None:
    hears = sandbox.receiver
    targets = [f"--callback={provider}={hears.url()}" for provider in ("betatel", "ubill", "smsbuddy")]
    with serving("--clock", "frozen", *targets) as (_, banner):
        said = say("demo", "--url", url_of(banner), "--workspace", "default", "--count", "1", "--seed", "1")

    assert (said.code, hears.calls) == (0, [])


def test_a_demo_leaves_nothing_but_its_messages(sandbox: SandboxClient, say: Say) -> None:
    before = {each.id for each in sandbox.workspaces()}
    say("demo", *FAST)

    assert {each.id for each in sandbox.workspaces()} == before


def test_a_provider_that_was_added_is_part_of_the_demo(tmp_path: Path, say: Say) -> None:
    (tmp_path / "acme.yaml").write_text(block("Add a provider", "yaml", "# acme/acme.yaml"))
    with serving_here(specs=[tmp_path]) as server, open_workspace(server, None, WorkspaceOptions(start=NOON)) as handle:
        added = SandboxClient(handle)
        say("demo", *FAST, "--url", server.url, "--workspace", handle.id)
        kinds = {each.operation for each in added.messages(provider="acme")}

    assert kinds == {"acme.send"}


def test_an_accepted_request_with_a_hint_counts_as_accepted(tmp_path: Path, say: Say) -> None:
    spec = block("Add a provider", "yaml", "# acme/acme.yaml")
    (tmp_path / "acme.yaml").write_text(spec.replace('{to: "38761444555",', '{unread: x, to: "38761444555",'))
    with serving_here(specs=[tmp_path]) as server, open_workspace(server, None, WorkspaceOptions(start=NOON)) as handle:
        added = SandboxClient(handle)
        said = say("demo", *FAST, "--url", server.url, "--workspace", handle.id)
        requests = added.requests(limit=1000)

    hinted = [each for each in requests if not each.refused and each.why]
    refused = sum(each.refused for each in requests)
    assert (f": {200 - refused} accepted, {refused} refused, 0 unanswered" in said.out, hinted != []) == (True, True)


def test_a_provider_that_refuses_its_sample_is_left_out_and_the_refusal_is_named(tmp_path: Path, say: Say) -> None:
    spec = block("Add a provider", "yaml", "# acme/acme.yaml")
    (tmp_path / "acme.yaml").write_text(spec.replace('{to: "38761444555",', '{to: "Zenica",'))
    with serving_here(specs=[tmp_path]) as server:
        said = say("demo", "--count", "1", "--url", server.url, "--workspace", "default")

    reason = r"body.to: 'Zenica' does not match ^[1-9]\d{6,14}$ (inferred: digits alone)"
    assert (said.code, said.err) == (
        0,
        f"skipping acme: its sample of a request that sends is refused with 400: {reason}\n",
    )


def test_ctrl_c_ends_a_demo_with_its_summary() -> None:
    with serving() as (_, banner):
        url = url_of(banner)
        with filling(url) as process:
            assert Client(url).verify(at_least=5, wait="30s")
            process.send_signal(signal.SIGINT)
            out, _ = process.communicate(timeout=PATIENCE)

    assert (process.returncode, out.splitlines()[-1]) == (0, f"inbox: {url}/")


def test_a_server_that_stops_ends_a_demo_with_its_summary_and_one_clear_line() -> None:
    with serving() as (server, banner):
        url = url_of(banner)
        with filling(url) as process:
            assert Client(url).verify(at_least=5, wait="30s")
            server.kill()
            out, _ = process.communicate(timeout=PATIENCE)

    assert (process.returncode, out.splitlines()[-2:]) == (
        2,
        [f"inbox: {url}/", f"sms-sandbox: the sandbox at {url} no longer answers"],
    )


def test_a_workspace_that_there_is_not_is_one_clear_line(say: Say) -> None:
    assert say("demo", "--workspace", "nope") == Said(
        1, "", "sms-sandbox: --workspace: no workspace has the id 'nope'\n"
    )


def test_faker_is_imported_by_the_demo_alone() -> None:
    code = "import sys, sandbox.cli, sandbox.cli.send; print({'faker', 'aiohttp'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603

    assert done.stdout == "set()\n"
