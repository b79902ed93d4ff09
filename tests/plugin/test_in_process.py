"""`Sandbox` in a block, for any test framework."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.client import Client, NotFoundError, RefusedError, UnreachableError
from sandbox.core.errors import SpecError
from sandbox.engine import engine
from sandbox.testing import (
    NoReceiverError,
    Sandbox,
    SandboxClient,
    SandboxServer,
    WorkspaceOptions,
    listening,
    open_workspace,
    serving,
)
from tests.builders import NOON
from tests.client.fixtures import NUMBER, send


@pytest.fixture(scope="module")
def server() -> Iterator[SandboxServer]:
    """Return a server that these tests share."""
    with serving() as found:
        yield found


def workspaces(server: SandboxServer) -> list[str]:
    return [each.id for each in Client(server.url).workspaces()]


def test_a_block_has_a_sandbox_of_its_own() -> None:
    with Sandbox(scenario="instant", start=NOON, seed=7) as sandbox:
        send(sandbox)
        sandbox.advance("1m")
        heard = [each.path for each in sandbox.receiver.calls]

        assert (heard, sandbox.clock().start, sandbox.seed, sandbox.scenario().name) == (
            ["/betatel", "/betatel"],
            NOON,
            7,
            "instant",
        )


@pytest.mark.parametrize("kind", ["text", "path", "mapping"])
def test_a_block_takes_a_scenario_as_a_file_or_a_mapping(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "evening.yaml"
    file.write_text("name: evening\nrules: []", encoding="utf-8")
    given: dict[str, str | Path | dict[str, object]] = {
        "text": str(file),
        "path": file,
        "mapping": {"name": "evening", "rules": []},
    }
    with Sandbox(given[kind]) as sandbox:
        assert sandbox.scenario().name == "evening"


async def test_a_block_that_is_awaited_has_one_too() -> None:
    async with Sandbox("instant", clock="real") as sandbox:
        await asyncio.to_thread(send, SandboxClient(sandbox.handle))
        code = await sandbox.otp(NUMBER, wait="5s")
        heard = await asyncio.to_thread(sandbox.receiver.wait_for, 2)

        assert (code.code, [each.path for each in heard]) == ("555345", ["/betatel", "/betatel"])


def test_nobody_serves_once_the_block_is_over() -> None:
    with Sandbox() as sandbox:
        pass

    with pytest.raises(UnreachableError):
        sandbox.health()


def test_a_sandbox_that_serves_already_keeps_nothing_of_the_block(server: SandboxServer) -> None:
    with Sandbox(url=server.url) as sandbox:
        during = workspaces(server)

    assert (during, workspaces(server)) == ([sandbox.id, "default"], ["default"])


def test_a_block_that_fails_ends_its_workspace_too(server: SandboxServer) -> None:
    with pytest.raises(ZeroDivisionError), Sandbox(url=server.url):
        _ = 1 / 0

    assert workspaces(server) == ["default"]


def test_a_workspace_that_the_test_has_ended_itself_is_no_mistake(server: SandboxServer) -> None:
    with Sandbox(url=server.url) as sandbox:
        sandbox.delete_workspace(sandbox.id)

    with pytest.raises(NotFoundError):
        sandbox.messages()


def test_an_unknown_scenario_is_told_and_leaves_nothing(server: SandboxServer) -> None:
    with pytest.raises(RefusedError) as refused, Sandbox("instnat", url=server.url):
        pass

    assert (str(refused.value), workspaces(server)) == (
        "/scenario: no scenario is called 'instnat'. Did you mean 'instant'?",
        ["default"],
    )


def test_a_folder_of_specs_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SpecError) as refused, Sandbox(specs=[tmp_path / "none"]):
        pass

    assert str(refused.value) == f"{tmp_path / 'none'}: no such folder of specs"


def test_scenarios_of_ones_own_are_found_by_name(tmp_path: Path) -> None:
    (tmp_path / "evening.yaml").write_text("name: evening\nextends: [instant]\n", encoding="utf-8")

    with Sandbox("evening", scenarios=tmp_path) as sandbox:
        assert sandbox.scenario().name == "evening"


def test_the_same_seed_and_start_give_the_same_bytes(server: SandboxServer) -> None:
    ids = []
    for _ in range(2):
        with Sandbox(url=server.url, start=NOON, seed=11) as sandbox:
            ids.append([send(sandbox), send(sandbox)])

    assert ids[0] == ids[1]


def test_a_verification_that_does_not_pass_fails_with_what_nearly_matches(server: SandboxServer) -> None:
    with Sandbox(url=server.url) as sandbox:
        uuid = send(sandbox)
        passed = sandbox.verify(to=NUMBER, exactly=1)
        with pytest.raises(AssertionError) as failed:
            sandbox.verify(to="38761930306")

    assert (passed.matches, str(failed.value)) == (
        (uuid,),
        f"verification failed: 0 messages match\n  near miss: {uuid}: to: {NUMBER} is not 38761930306",
    )


async def test_a_verification_that_is_awaited_fails_too(server: SandboxServer) -> None:
    async with Sandbox(url=server.url) as sandbox:
        with pytest.raises(AssertionError) as failed:
            await sandbox.verify(to=NUMBER)

    assert str(failed.value) == "verification failed: 0 messages match"


def test_applications_find_their_settings_in_the_environment(server: SandboxServer) -> None:
    with Sandbox(url=server.url) as sandbox:
        environ, keys = sandbox.environ, sandbox.keys

    assert environ == {
        "SANDBOX_URL": server.url,
        "SANDBOX_WORKSPACE": sandbox.id,
        "BETATEL_URL": server.url,
        "BETATEL_API_KEY": keys["betatel"]["x-api-key"],
        "BETATEL_ACCOUNT_ID": keys["betatel"]["x-account-id"],
        "SMSBUDDY_URL": server.url,
        "SMSBUDDY_KEY": keys["smsbuddy"]["key"],
        "UBILL_URL": server.url,
        "UBILL_KEY": keys["ubill"]["key"],
    }


def test_without_a_way_back_to_this_machine_callbacks_are_collected_and_the_receiver_says_why(
    server: SandboxServer,
) -> None:
    with open_workspace(server, None, WorkspaceOptions()) as handle:
        sandbox = SandboxClient(handle)
        send(sandbox)
        sandbox.advance("1m")
        states = [each.state for each in sandbox.callbacks()]
        with pytest.raises(NoReceiverError) as refused:
            _ = sandbox.receiver

    assert states == ["collected", "collected"]
    assert str(refused.value) == (
        f"the sandbox at {server.url} cannot reach this machine;"
        " set SANDBOX_RECEIVER_HOST to a name by which it can, such as host.docker.internal"
    )


def test_a_workspace_that_is_created_without_a_call_is_like_one_of_the_control_api(server: SandboxServer) -> None:
    def shown(place: SandboxServer) -> tuple[object, ...]:
        with listening() as listener, open_workspace(place, listener, WorkspaceOptions()) as handle:
            made = Client(server.url).show_workspace(handle.id)
            again = (made.id, made.seed, made.keys) == (handle.id, handle.seed, handle.keys)
            targets = {each: target.url.removeprefix(listener.root) for each, target in made.targets.items()}
            names = {provider: [*keys] for provider, keys in made.keys.items()}
            return again, names, targets, made.name, made.scenario, made.clock.mode, made.clock.rate, made.ttl

    assert shown(server) == shown(server._replace(local=None))


def test_a_workspace_too_many_is_refused_by_the_control_api(
    server: SandboxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "WORKSPACES", 0)

    with pytest.raises(RefusedError) as refused, open_workspace(server, None, WorkspaceOptions()):
        pass

    assert str(refused.value) == "there are 0 workspaces; delete some, or give them a shorter ttl"


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_fork_of_the_process_has_workspaces_too(server: SandboxServer) -> None:
    child = os.fork()
    if not child:  # without the thread of the server, which runs in the parent alone
        status = 1
        try:
            with open_workspace(server, None, WorkspaceOptions()) as handle:
                status = 0 if send(SandboxClient(handle)) == SandboxClient(handle).message("latest").id else 2
        finally:
            os._exit(status)

    assert (os.waitpid(child, 0), workspaces(server)) == ((child, 0), ["default"])


def test_two_workspaces_of_one_server_hear_their_own_callbacks_alone(server: SandboxServer) -> None:
    with (
        listening() as listener,
        open_workspace(server, listener, WorkspaceOptions()) as one,
        open_workspace(server, listener, WorkspaceOptions()) as other,
    ):
        first, second = SandboxClient(one), SandboxClient(other)
        send(first)
        first.advance("1m")
        second.advance("1m")

        assert (len(first.receiver.calls), len(second.receiver.calls), len(second.messages())) == (2, 0, 0)
