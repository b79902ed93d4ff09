import re
import sys

import yaml

from tests.packaging.dockerfile import ROOT
from tests.packaging.interpreters import interpreters, supported

README = (ROOT / "README.md").read_text()
FORMS = ROOT / ".github" / "ISSUE_TEMPLATE"


def test_ci_finds_the_readmes_own_line_for_the_tests() -> None:
    pattern = re.search(r"-E '([^']+)' README\.md", (ROOT / ".ci" / "run").read_text())
    found = re.findall(pattern[1], README, re.MULTILINE) if pattern else []

    assert found == ["python3 -m venv .venv && .venv/bin/pip install -e '.[dev]' && .venv/bin/python -m pytest"]


def test_the_workflow_runs_ci_and_nothing_else() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yaml").read_text())

    assert [step["run"] for job in workflow["jobs"].values() for step in job["steps"] if "run" in step] == [".ci/run"]


def test_the_hooks_run_the_checks_of_ci() -> None:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    hooks = [hook["entry"] for repo in config["repos"] for hook in repo["hooks"]]
    script = (ROOT / ".ci" / "run").read_text()
    checks = re.findall(r"^\.venv/bin/(?:ruff \w+|mypy)", script, re.MULTILINE)

    assert [re.sub(r" (-n|--\w).*", "", each) for each in hooks] == [*checks, ".venv/bin/python -m pytest"]


def test_each_issue_form_is_one_that_github_takes() -> None:
    forms = {path.name: yaml.safe_load(path.read_text()) for path in FORMS.glob("*.yaml")}
    fields = {name: [each for each in form["body"] if each["type"] != "markdown"] for name, form in forms.items()}

    keys = {name: " ".join(sorted(form)) for name, form in forms.items()}
    types = {each["type"] for body in fields.values() for each in body}

    assert keys == dict.fromkeys(("bug.yaml", "feature.yaml", "provider.yaml"), "body description labels name title")
    assert types <= {"input", "textarea", "dropdown", "checkboxes"}
    assert all(each["attributes"]["label"] and each["id"].isalpha() for body in fields.values() for each in body)
    assert all(len({each["id"] for each in body}) == len(body) for body in fields.values())


def test_every_python_that_is_named_is_one_that_ci_runs_on() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yaml").read_text())

    assert workflow["jobs"]["ci"]["strategy"]["matrix"]["python"] == supported()


def test_the_wheel_is_tried_on_this_python_at_least() -> None:
    assert interpreters()[f"{sys.version_info.major}.{sys.version_info.minor}"] == sys.executable
