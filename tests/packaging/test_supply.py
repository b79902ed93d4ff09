"""What is installed from elsewhere is locked: packages by hash, actions and the base image by digest."""

import re
import tomllib

import pytest
import yaml
from packaging.requirements import Requirement

from tests.packaging.dockerfile import ROOT

LOCKS = {path.stem.removeprefix("requirements-"): path.read_text() for path in ROOT.glob(".ci/requirements-*.txt")}
HASHES = r"(?:\n    --hash=sha256:[0-9a-f]{64}(?: \\)?$)+"
PIN = re.compile(r"^([a-z0-9.-]+)(?:\[[^]]*\])?==(\S+)(?: ; [^\\]+)? \\$" + HASHES, re.MULTILINE)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
WANTED = {
    "build": PROJECT["build-system"]["requires"],
    "image": [
        *PROJECT["project"]["dependencies"],
        *(each for extra in ("mcp", "otel", "postgres") for each in PROJECT["project"]["optional-dependencies"][extra]),
    ],
    "dev": [*PROJECT["project"]["dependencies"], *PROJECT["project"]["optional-dependencies"]["dev"]],
    "tools": (ROOT / ".ci" / "requirements-tools.in").read_text().splitlines()[1:],
}
WORKFLOWS = {path.name: path.read_text() for path in (ROOT / ".github" / "workflows").iterdir()}


def pins(name: str) -> dict[str, str]:
    """Return the version of each locked package."""
    return {found[1]: found[2] for found in PIN.finditer(LOCKS[name])}


@pytest.mark.parametrize("name", WANTED)
def test_a_lock_file_has_what_is_asked_for(name: str) -> None:
    locked = pins(name)
    wanted = [Requirement(each) for each in WANTED[name]]
    missing = [str(each) for each in wanted if not each.specifier.contains(locked.get(each.name.lower(), "none"))]

    assert (missing, LOCKS.keys()) == ([], WANTED.keys())


@pytest.mark.parametrize("name", WANTED)
def test_a_lock_file_is_pins_with_hashes_and_nothing_else(name: str) -> None:
    rest = PIN.sub("", LOCKS[name]).split("\n")

    assert [line for line in rest if line and not line.startswith("#")] == []


def test_the_image_has_the_packages_that_the_tests_ran_with() -> None:
    assert pins("image").items() <= pins("dev").items()


@pytest.mark.parametrize("name", WORKFLOWS)
def test_actions_are_named_by_commit(name: str) -> None:
    used = re.findall(r"uses: (.*)", WORKFLOWS[name])

    assert [each for each in used if not re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v[\d.]+", each)] == []


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_may_read_alone_unless_a_job_says_otherwise(name: str) -> None:
    workflow = yaml.safe_load(WORKFLOWS[name])
    more = {job: each["permissions"] for job, each in workflow["jobs"].items() if "permissions" in each}
    rights = dict.fromkeys(("contents", "packages", "id-token", "attestations"), "write")
    expected = {"release": rights} if name == "release.yaml" else {}

    assert (workflow["permissions"], more) == ({"contents": "read"}, expected)


def test_what_is_locked_is_kept_up_to_date() -> None:
    dependabot = yaml.safe_load((ROOT / ".github" / "dependabot.yml").read_text())
    places = {
        each["package-ecosystem"]: each.get("directories", each.get("directory")) for each in dependabot["updates"]
    }

    assert places == {"pip": ["/", "/.ci"], "docker": "/", "github-actions": "/"}
