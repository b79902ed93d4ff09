"""Files that extend one another: in a circle, through links, in great numbers; and files that are none."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.core.errors import ScenarioError
from sandbox.scenarios import load_file, scenario_paths
from tests.builders import packs


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    """Return a function that writes a scenario, and returns its path."""

    def written(name: str, text: str) -> Path:
        path = tmp_path / f"{name}.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return written


Write = Callable[[str, str], Path]


def mistakes(path: Path) -> list[str]:
    """Return what is wrong with a file whose folder has what it extends, as `file:line:column: problem`."""
    with pytest.raises(ScenarioError) as raised:
        load_file(path, packs=packs(), folders=[path.parent])
    return [str(each).removeprefix(f"{path.parent}/") for each in raised.value.mistakes]


def titles(path: Path) -> list[str]:
    """Return the names of a scenario's rules, in order."""
    return [each.partition(":")[0] for each in load_file(path, packs=packs(), folders=[path.parent]).words]


def test_a_scenario_that_extends_itself_is_a_mistake(write: Write) -> None:
    path = write("own", "name: x\nextends: [own]")

    assert mistakes(path) == ["own.yaml:2:11: a scenario cannot extend itself"]


def test_scenarios_that_extend_one_another_in_a_circle_are_a_mistake(write: Write) -> None:
    path = write("a", "extends: [b]")
    write("b", "extends: [c]")
    write("c", "extends: [a]")

    assert mistakes(path) == ["c.yaml:1:11: 'a' extends this scenario in turn"]


def test_a_link_is_the_file_that_it_leads_to(write: Write) -> None:
    path = write("a", "extends: [link]")
    (path.parent / "link.yaml").symlink_to("a.yaml")

    assert [mistakes(path), mistakes(path.parent / "link.yaml")] == [
        ["a.yaml:1:11: a scenario cannot extend itself"],
        ["link.yaml:1:11: a scenario cannot extend itself"],
    ]


def test_a_file_that_is_reached_by_two_names_counts_once(write: Write) -> None:
    path = write("base", "rules: [{name: base, when: {first: 1}, then: {}}]")
    (path.parent / "link.yaml").symlink_to("base.yaml")

    assert titles(write("mine", "extends: [base, link]")) == ["base"]


def test_a_hundred_links_in_a_circle_are_read_at_once(write: Write) -> None:
    names = [f"link{number}" for number in range(100)]
    path = write("a", f"extends: [{', '.join(names)}]")
    for name in names:
        (path.parent / f"{name}.yaml").symlink_to("a.yaml")

    assert len(mistakes(path)) == 100


def test_what_two_extend_stands_after_both(write: Write) -> None:
    for name, extends in (("a", "[b, c]"), ("b", "[d]"), ("c", "[d, e]"), ("d", "[]"), ("e", "[]")):
        path = write(name, f"extends: {extends}\nrules: [{{name: {name}, when: {{first: 1}}, then: {{}}}}]")

    assert titles(path.with_name("a.yaml")) == ["a", "b", "c", "d", "e"]


def test_forty_diamonds_in_a_row_cost_no_more_than_their_files(write: Write) -> None:
    for number in range(40):
        write(f"a{number}", f"extends: [a{number + 1}, b{number + 1}, a{number + 1}]")
        write(f"b{number}", f"extends: [a{number + 1}, b{number + 1}]")
    write("a40", "rules: [{name: last, when: {first: 1}, then: {}}]")

    assert titles(write("b40", "seed: 7").with_name("a0.yaml")) == ["last"]


def test_too_many_scenarios_in_a_row_are_a_mistake(write: Write) -> None:
    for number in range(2000):
        write(f"a{number}", f"extends: [a{number + 1}]")

    assert mistakes(write("a2000", "seed: 7").with_name("a0.yaml")) == [
        "a50.yaml:1:11: the chain of extends is longer than 50 scenarios"
    ]


def test_a_link_to_itself_and_one_to_nowhere_are_mistakes(tmp_path: Path) -> None:
    (tmp_path / "loop.yaml").symlink_to("loop.yaml")
    (tmp_path / "gone.yaml").symlink_to("nowhere.yaml")

    assert [mistakes(tmp_path / "loop.yaml"), mistakes(tmp_path / "gone.yaml")] == [
        ["loop.yaml:1:1: Too many levels of symbolic links"],
        ["gone.yaml:1:1: No such file or directory"],
    ]


@pytest.mark.skipif(not Path("/dev/zero").is_char_device(), reason="only where there are such devices")
def test_a_device_that_never_ends_is_read_as_far_as_a_file_may_go(tmp_path: Path) -> None:
    (tmp_path / "zero.yaml").symlink_to("/dev/zero")

    assert mistakes(tmp_path / "zero.yaml") == ["zero.yaml:1:1: too many bytes (limit: 1048576)"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="only where there are named pipes")
def test_a_pipe_and_a_device_have_no_name_as_scenarios(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "null.yaml").symlink_to("/dev/null")

    assert {"pipe", "null"} & {*scenario_paths([tmp_path])} == set()
