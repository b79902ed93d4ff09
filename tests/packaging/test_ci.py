import re
import sys

import yaml

from tests.packaging.dockerfile import ROOT
from tests.packaging.interpreters import interpreters, supported

README = (ROOT / "README.md").read_text()


def test_ci_finds_the_readmes_own_line_for_the_tests() -> None:
    pattern = re.search(r"-E '([^']+)' README\.md", (ROOT / ".ci" / "run").read_text())
    found = re.findall(pattern[1], README, re.MULTILINE) if pattern else []

    assert found == ["python3 -m venv .venv && .venv/bin/pip install -e '.[dev]' && .venv/bin/python -m pytest"]


def test_the_workflow_runs_ci_and_nothing_else() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yaml").read_text())

    assert [step["run"] for job in workflow["jobs"].values() for step in job["steps"] if "run" in step] == [".ci/run"]


def test_every_python_that_is_named_is_one_that_ci_runs_on() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yaml").read_text())

    assert workflow["jobs"]["ci"]["strategy"]["matrix"]["python"] == supported()


def test_the_wheel_is_tried_on_this_python_at_least() -> None:
    assert interpreters()[f"{sys.version_info.major}.{sys.version_info.minor}"] == sys.executable
