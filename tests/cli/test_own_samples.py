"""`send` and `demo` with providers of one's own that have no examples: samples are made from their schemas."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from sandbox.testing import SandboxClient, WorkspaceOptions, open_workspace
from sandbox.testing import serving as serving_here
from tests.builders import NOON
from tests.cli.conftest import Say
from tests.specs.manners import MANNERS, document, write_manners


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, SandboxClient]]:
    """Return the address of a server with providers of many manners, and a workspace of it."""
    folder = tmp_path_factory.mktemp("specs")
    write_manners(folder)
    with serving_here(specs=[folder]) as server, open_workspace(server, None, WorkspaceOptions(start=NOON)) as handle:
        yield server.url, SandboxClient(handle)


@pytest.mark.parametrize("name", MANNERS)
def test_a_sample_reaches_the_workspace_whose_key_it_carries(
    own: tuple[str, SandboxClient], say: Say, name: str
) -> None:
    url, workspace = own
    options = ("--provider", name, "--to", "38761000001", "--text", "code 1234", "--workspace", workspace.id)
    said = say("send", *options, "--url", url)

    assert (said.code, [(each.to, each.text) for each in workspace.messages(provider=name)]) == (
        0,
        [("38761000001", "code 1234")],
    ), said


def test_a_demo_fills_providers_of_every_manner(own: tuple[str, SandboxClient], say: Say) -> None:
    url, workspace = own
    workspace.reset()
    said = say("demo", "--count", "200", "--rate", "1000", "--seed", "5", "--url", url, "--workspace", workspace.id)

    assert (said.code, said.err) == (0, "")
    assert {each.provider for each in workspace.messages(limit=1000)} >= set(MANNERS)


def test_a_provider_that_asks_for_no_key_is_sent_to_and_no_part_of_a_demo(say: Say, tmp_path: Path) -> None:
    (tmp_path / "open.yaml").write_text(yaml.safe_dump(document("open", None)), encoding="utf-8")
    with serving_here(specs=[tmp_path]) as server:
        options = ("--provider", "open", "--url", server.url, "--workspace", "default")
        codes = [say("send", *options).code, say("send", *options, "--account", "k").code]
        filled = say("demo", "--count", "1", "--url", server.url, "--workspace", "default")

    assert (codes, filled.err) == (
        [0, 2],
        "skipping open: it asks for no key, so a sample cannot be tried in a workspace of its own\n",
    )
