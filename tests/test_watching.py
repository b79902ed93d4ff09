"""An edited scenario is in force at once; a broken edit leaves the old one."""

from pathlib import Path

import pytest

from sandbox.core.scenario import Scenario
from sandbox.door import Door, Policy
from sandbox.engine import Engine
from sandbox.scenarios import load_file
from sandbox.watching import is_scenario, reload
from sandbox.workspace import Start
from tests.builders import packs


class Edited:
    """A scenario file in the hands of somebody who edits it, and the engine that follows it."""

    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        self.path.write_text(text)
        self.said: list[str] = []
        self.engine = Engine(packs(), door=Door(Policy()), start=Start(self.load()))

    def edit(self, text: str) -> None:
        self.path.write_text(text)
        reload(self.engine, self.load, self.said.append)

    def load(self) -> Scenario:
        return load_file(self.path, packs=packs(), folders=[self.path.parent])

    @property
    def description(self) -> str:
        return self.engine.default.world.scenario.description


def test_an_edit_is_in_force_at_once(tmp_path: Path) -> None:
    edited = Edited(tmp_path / "mine.yaml", "name: mine\ndescription: before\n")
    edited.edit("name: mine\ndescription: after\n")

    assert (edited.description, edited.said) == ("after", ["default follows the edited scenario mine"])


def test_a_broken_edit_keeps_the_old_scenario_and_says_why(tmp_path: Path) -> None:
    edited = Edited(tmp_path / "mine.yaml", "name: mine\ndescription: before\n")
    edited.edit("name: mine\ndescriptoin: after\n")
    why = f"{edited.path}:2:1: "

    assert (edited.description, len(edited.said), why in edited.said[0]) == ("before", 1, True)


RULE = "name: mine\nrules:\n- {name: slow, when: {to: '387*'}, then: {lifecycle: [sent: 2s]}}\n"


def test_an_edit_of_a_rule_is_in_force_at_once(tmp_path: Path) -> None:
    edited = Edited(tmp_path / "mine.yaml", RULE)
    edited.edit(RULE.replace("2s", "3s"))

    assert edited.said == ["default follows the edited scenario mine"]


def test_rules_that_read_as_before_leave_counters_alone(tmp_path: Path) -> None:
    edited = Edited(tmp_path / "mine.yaml", RULE)
    edited.edit(RULE)

    assert edited.said == []


def test_an_edit_of_what_a_scenario_extends_is_followed(tmp_path: Path) -> None:
    base = "name: base\nrules:\n- {name: r, then: {reply: {status: 503, body: one}}}\n"
    (tmp_path / "base.yaml").write_text(base)
    edited = Edited(tmp_path / "mine.yaml", "name: mine\nextends: [base]\n")
    edited.edit("name: mine\nextends: [base]\n")
    (tmp_path / "base.yaml").write_text(base.replace("one", "two"))
    edited.edit("name: mine\nextends: [base]\n")

    assert edited.said == ["default follows the edited scenario mine"]


@pytest.mark.parametrize(
    ("name", "followed"), [("mine.yaml", True), ("mine.yml", True), ("mine.json", True), ("log.txt", False)]
)
def test_scenario_files_alone_are_followed(name: str, *, followed: bool) -> None:
    assert is_scenario(None, f"/scenarios/{name}") is followed


def test_an_edit_that_changes_nothing_leaves_counters_alone(tmp_path: Path) -> None:
    edited = Edited(tmp_path / "mine.yaml", "name: mine\n")
    batches = edited.engine.default.world.batches
    edited.edit("name: mine\n")

    assert (edited.engine.default.world.batches, edited.said) == (batches, [])
