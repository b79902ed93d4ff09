"""The fixture saves the state of a failed test where `SANDBOX_STATE_DIR` names a folder."""

import gzip
import json
from pathlib import Path

import pytest

from sandbox.testing.state_files import file_name
from tests.plugin.test_plugin import SEND, project, run_here

pytest_plugins = "pytester"

__all__ = ["project"]
CODE = """
@pytest.mark.parametrize("to", ["38761444555", "a/b é"])
def test_that_fails(sandbox, to, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    send(sandbox, to)
    assert False

def test_that_passes(sandbox):
    send(sandbox)

def test_without_the_fixture():
    assert False
"""


def test_each_failed_test_leaves_a_file_that_its_report_names(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SANDBOX_STATE_DIR", "left/states")
    project.makepyfile(SEND + CODE)
    result = run_here(project, "-W", "error")
    files = sorted((project.path / "left" / "states").iterdir())
    named = [line.rpartition(" ")[2] for line in result.outlines if line.startswith("state saved, to be shown by: ")]
    numbers = [
        [
            line["value"]["recipient"]
            for line in map(json.loads, gzip.decompress(file.read_bytes()).splitlines())
            if line.get("kind") == "message"
        ]
        for file in files
    ]

    assert (result.parseoutcomes(), sorted(named)) == ({"failed": 3, "passed": 1}, [str(file) for file in files])
    assert sorted(numbers) == [[], ["38761444555"]]


def test_without_a_folder_nothing_is_saved(project: pytest.Pytester) -> None:
    project.makepyfile(SEND + CODE)
    result = run_here(project)

    assert [line for line in result.outlines if "state saved" in line] == []


def test_a_folder_that_cannot_be_written_fails_no_test_by_itself(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = project.path / "file"
    file.write_text("")
    monkeypatch.setenv("SANDBOX_STATE_DIR", str(file))
    project.makepyfile(SEND + CODE)
    result = run_here(project, "-W", "error", "-k", "38761444555 or passes")
    told = [line for line in result.outlines if line.startswith("the state is not saved")]

    assert (result.parseoutcomes()["failed"], result.parseoutcomes()["passed"]) == (1, 1)
    assert told == [f"the state is not saved in SANDBOX_STATE_DIR: [Errno 17] File exists: '{file}'"]


def test_files_are_named_after_their_tests() -> None:
    ids = [
        "tests/test_a.py::test_b",
        "tests/test_a.py::test_b[x/y]",
        "tests/test_a.py::test_b[x-y]",
        "t.py::" + "n" * 300,
    ]
    names = [file_name(each) for each in ids]

    assert names[:2] == ["tests-test_a.py-test_b", f"tests-test_a.py-test_b-x-y-{names[1][-6:]}"]
    assert (len({*names}), max(map(len, names)) < 130, Path(names[3]).name == names[3]) == (4, True, True)
