"""An edited scenario is in force at once; a broken edit leaves the old one."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from sandbox.callbacks.egress import Egress, Policy
from sandbox.core.scenario import Scenario
from sandbox.engine.engine import Engine
from sandbox.engine.workspace import WorkspaceConfig
from sandbox.scenarios import load_file
from sandbox.server.edits import Mistakes, folders_to_watch, may_matter, reload_scenario, watch
from tests.builders import packs
from tests.servers import PATIENCE


class Edited:
    """A scenario file in the hands of somebody who edits it, and the engine that follows it."""

    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        self.path.write_text(text)
        self.reports: list[str] = []
        self.mistakes = Mistakes(self.reports.append, "scenario")
        self.engine = Engine(packs(), egress=Egress(Policy()), start=WorkspaceConfig(self.load()))

    def edit(self, text: str) -> None:
        self.path.write_text(text)
        reload_scenario(self.engine, self.load, self.mistakes)

    def load(self) -> Scenario:
        return load_file(self.path, packs=packs(), folders=[self.path.parent])

    @property
    def description(self) -> str:
        return self.engine.default.world.scenario.description


def test_an_edit_is_in_force_at_once(tmp_path: Path) -> None:
    edited = Edited(tmp_path / "mine.yaml", "name: mine\ndescription: before\n")
    edited.edit("name: mine\ndescription: after\n")

    assert (edited.description, edited.reports) == ("after", ["workspace default reloaded scenario mine"])


def test_a_broken_edit_keeps_the_old_scenario_and_says_why(tmp_path: Path) -> None:
    edited = Edited(tmp_path / "mine.yaml", "name: mine\ndescription: before\n")
    edited.edit("name: mine\ndescriptoin: after\n")
    why = f"{edited.path}:2:1: "

    assert (edited.description, len(edited.reports), why in edited.reports[0]) == ("before", 1, True)


RULE = "name: mine\nrules:\n- {name: slow, when: {to: '387*'}, then: {lifecycle: [sent: 2s]}}\n"


def test_an_edit_of_a_rule_is_in_force_at_once(tmp_path: Path) -> None:
    edited = Edited(tmp_path / "mine.yaml", RULE)
    edited.edit(RULE.replace("2s", "3s"))

    assert edited.reports == ["workspace default reloaded scenario mine"]


def test_rules_that_read_as_before_leave_counters_alone(tmp_path: Path) -> None:
    edited = Edited(tmp_path / "mine.yaml", RULE)
    edited.edit(RULE)

    assert edited.reports == []


def test_an_edit_of_what_a_scenario_extends_is_followed(tmp_path: Path) -> None:
    base = "name: base\nrules:\n- {name: r, then: {reply: {status: 503, body: one}}}\n"
    (tmp_path / "base.yaml").write_text(base)
    edited = Edited(tmp_path / "mine.yaml", "name: mine\nextends: [base]\n")
    edited.edit("name: mine\nextends: [base]\n")
    (tmp_path / "base.yaml").write_text(base.replace("one", "two"))
    edited.edit("name: mine\nextends: [base]\n")

    assert edited.reports == ["workspace default reloaded scenario mine"]


@pytest.mark.parametrize(
    ("name", "followed"), [("mine.yaml", True), ("mine.yml", True), ("mine.json", True), ("log.txt", False)]
)
def test_scenario_files_alone_are_followed(name: str, *, followed: bool) -> None:
    assert may_matter(None, f"/scenarios/{name}") is followed


def test_an_edit_that_changes_nothing_leaves_counters_alone(tmp_path: Path) -> None:
    edited = Edited(tmp_path / "mine.yaml", "name: mine\n")
    batches = edited.engine.default.world.batches
    edited.edit("name: mine\n")

    assert (edited.engine.default.world.batches, edited.reports) == (batches, [])


class Seen:
    """The text of a scenario as it was at the last change that was noticed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.text: str | None = None
        self.noticed = asyncio.Event()

    def look(self) -> None:
        self.text = self.path.read_text() if self.path.exists() else None
        self.noticed.set()

    async def until(self, text: str) -> str | None:
        """Return the text once it is `text`."""
        while self.text != text:
            self.noticed.clear()
            await asyncio.wait_for(self.noticed.wait(), PATIENCE)
        return self.text


@asynccontextmanager
async def watching(path: Path) -> AsyncIterator[Seen]:
    """Watch the folder of a scenario."""
    seen = Seen(path)
    task = asyncio.create_task(watch([path.parent], seen.look, every=100))
    try:
        await asyncio.wait_for(seen.noticed.wait(), PATIENCE)
        yield seen
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def write(path: Path, text: str) -> None:
    path.write_text(text)


def replace(path: Path, text: str) -> None:
    """Write a file as editors do: another one takes its place."""
    path.with_suffix(".tmp").write_text(text)
    path.with_suffix(".tmp").replace(path)


def make_again(path: Path, text: str) -> None:
    """Delete the folder of a file and make both again."""
    shutil.rmtree(path.parent)
    path.parent.mkdir()
    path.write_text(text)


def write_target(path: Path, text: str) -> None:
    Path(os.path.realpath(path)).write_text(text)


def exchange_link(path: Path, text: str) -> None:
    """Write a file as Kubernetes does: in a new folder, to which the link `..data` then leads."""
    newer = path.parent / "..newer"
    newer.mkdir()
    (newer / path.name).write_text(text)
    (path.parent / "..link").symlink_to("..newer")
    (path.parent / "..link").replace(path.parent / "..data")


@pytest.fixture
def scenario(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Return a scenario: a plain file, a link to one elsewhere, or one in a volume of Kubernetes."""
    folder = tmp_path / "scenarios"
    for each in (folder, folder / "..data1", tmp_path / "elsewhere"):
        each.mkdir()
    path = folder / "mine.yaml"
    match request.param:
        case "plain":
            path.write_text("before")
        case "link":
            (tmp_path / "elsewhere" / "real.yaml").write_text("before")
            path.symlink_to("../elsewhere/real.yaml")
        case "volume":
            (folder / "..data1" / "mine.yaml").write_text("before")
            (folder / "..data").symlink_to("..data1")
            path.symlink_to("..data/mine.yaml")
    return path


@pytest.mark.parametrize(
    ("scenario", "edit"),
    [
        ("plain", write),
        ("plain", replace),
        ("plain", make_again),
        ("link", write_target),
        ("link", replace),
        ("volume", exchange_link),
    ],
    indirect=["scenario"],
)
async def test_an_edit_is_noticed_however_it_is_made(scenario: Path, edit: Callable[[Path, str], None]) -> None:
    async with watching(scenario) as seen:
        before = seen.text
        edit(scenario, "after")

        assert (before, await seen.until("after")) == ("before", "after")


async def test_after_a_storm_of_edits_the_last_one_counts(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("before")
    async with watching(path) as seen:
        for number in range(200):
            (replace, write)[number % 2](path, f"edit {number}")
            await asyncio.sleep(0)

        assert await seen.until("edit 199") == "edit 199"


def test_where_a_folder_is_not_there_the_one_above_it_is_watched(tmp_path: Path) -> None:
    assert {*folders_to_watch([tmp_path / "none" / "of" / "them"])} == {str(tmp_path)}
