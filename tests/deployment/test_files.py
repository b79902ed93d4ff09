"""The files for Compose, HAProxy and Kubernetes are valid, and what they name of the product exists."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import kubernetes_validate
import pytest
import yaml

from sandbox import __version__
from sandbox.cli.command_line import commands
from sandbox.control.problems import BASE
from sandbox.control.routes import SERVER_ROUTES
from sandbox.docs.reference import DEPLOY
from tests.builders import packs
from tests.packaging.dockerfile import instructions

Node = Mapping[str, Any]

TEXTS = {path.name: path.read_text(encoding="utf-8") for path in DEPLOY.iterdir()}
SERVICES: Mapping[str, Node] = yaml.safe_load(TEXTS["compose.yaml"])["services"]
MANIFEST: tuple[Node, ...] = tuple(yaml.safe_load_all(TEXTS["kubernetes.yaml"]))
SECRET, SERVICE, DEPLOYMENT = MANIFEST
POD: Node = DEPLOYMENT["spec"]["template"]["spec"]
CONTAINER: Node = POD["containers"][0]
IMAGE = f"registry.example/sms-sandbox:{__version__}"
USER_ID = re.findall(r"useradd .*--uid (\d+)", "\n".join(each.rest for each in instructions()))
EXPOSED = {int(port) for each in instructions() if each.word == "EXPOSE" for port in each.rest.split()}
HEALTH, INDEX = f"{BASE}/health", f"{BASE}/"


def settings() -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the variables that each file starts a replica with."""
    yield "compose", dict(SERVICES["replica"]["environment"])
    yield "kubernetes", {each["name"]: each.get("value", "elsewhere") for each in CONTAINER["env"]}


def test_the_compose_file_is_valid() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run([*command, str(DEPLOY / "compose.yaml")], capture_output=True, text=True, check=False)  # noqa: S603 - ours

    assert (done.returncode, done.stdout) == (0, "ok -- validation done\n"), done.stdout + done.stderr


@pytest.mark.parametrize("version", ["1.30.0", kubernetes_validate.latest_version()])
@pytest.mark.parametrize("resource", MANIFEST, ids=[each["kind"] for each in MANIFEST])
def test_the_manifest_is_valid(resource: Node, version: str) -> None:
    assert kubernetes_validate.validate(resource, version, strict=True) == version.rpartition(".")[0]


@pytest.mark.skipif(shutil.which("haproxy") is None, reason="HAProxy is not installed")
def test_the_load_balancers_configuration_is_valid() -> None:
    done = subprocess.run(["haproxy", "-c", "-f", DEPLOY / "haproxy.cfg"], capture_output=True, text=True, check=False)  # noqa: S603, S607 - ours, wherever it is

    assert done.returncode == 0, done.stdout + done.stderr


def test_each_names_the_image_of_this_version() -> None:
    assert {SERVICES["replica"]["image"], CONTAINER["image"]} == {IMAGE}


@pytest.mark.parametrize(("where", "given"), [*settings()])
def test_replicas_are_given_variables_that_they_understand(
    where: str, given: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    known = {each.envvar for each in commands.commands["serve"].params}
    ours = {name: value for name, value in given.items() if name.startswith("SANDBOX_")}
    for name, value in ours.items():
        monkeypatch.setenv(name, value)
    commands.commands["serve"].make_context("serve", [])

    assert (ours.keys() - known, {"SANDBOX_STORE", "SANDBOX_CONTROL_TOKEN"} - ours.keys()) == (set(), set()), where


def test_three_replicas_run_in_each() -> None:
    assert (SERVICES["replica"]["deploy"]["replicas"], DEPLOYMENT["spec"]["replicas"]) == (3, 3)


def test_the_load_balancer_passes_on_to_the_port_of_the_image() -> None:
    config = TEXTS["haproxy.cfg"]
    published = SERVICES["sms"]["ports"][0].rpartition(":")[2]

    assert set(re.findall(r"server-template replica 9 (\w+):(\d+) ", config)) == {("replica", "8080")}
    assert re.findall(r"bind :(\d+)", config) == [published]
    assert (8080 in EXPOSED, "replica" in SERVICES) == (True, True)


def test_each_file_that_compose_mounts_is_one_that_is_shown() -> None:
    mounted = [each.partition(":")[0] for each in SERVICES["sms"]["volumes"]]

    assert [name.removeprefix("./") in TEXTS for name in mounted] == [True]


def test_readiness_is_the_health_of_the_store_and_liveness_is_not() -> None:
    served = {f"{BASE}{path}" for method, path, _ in SERVER_ROUTES if method == "GET"}
    probes = {name: CONTAINER[f"{name}Probe"]["httpGet"]["path"] for name in ("startup", "readiness", "liveness")}
    checked = re.findall(r"http-check send meth GET uri (\S+)", TEXTS["haproxy.cfg"])

    assert (probes, checked) == ({"startup": INDEX, "readiness": HEALTH, "liveness": INDEX}, [HEALTH])
    assert {HEALTH, INDEX} <= served


def test_the_probes_and_the_service_lead_to_the_container_s_port() -> None:
    ports = {each["name"]: each["containerPort"] for each in CONTAINER["ports"]}
    named = {CONTAINER[f"{name}Probe"]["httpGet"]["port"] for name in ("startup", "readiness", "liveness")}
    named |= {each["targetPort"] for each in SERVICE["spec"]["ports"]}
    (url,) = (each["value"] for each in CONTAINER["env"] if each["name"] == "SANDBOX_REPLICA_URL")

    assert (ports, named, url) == ({"http": 8080}, {"http"}, "http://$(POD_IP):8080")


def test_the_service_and_the_deployment_select_the_pods() -> None:
    labels = DEPLOYMENT["spec"]["template"]["metadata"]["labels"]

    assert (SERVICE["spec"]["selector"], DEPLOYMENT["spec"]["selector"]["matchLabels"]) == (labels, labels)


def test_what_is_secret_comes_from_the_secret() -> None:
    taken = {
        each["name"]: each["valueFrom"]["secretKeyRef"]["key"]
        for each in CONTAINER["env"]
        if "secretKeyRef" in each.get("valueFrom", {})
    }

    assert taken == {"SANDBOX_STORE": "store", "SANDBOX_CONTROL_TOKEN": "control-token"}
    assert SECRET["stringData"].keys() == set(taken.values())


def test_a_pod_runs_as_the_image_s_user_without_rights() -> None:
    assert (POD["securityContext"]["runAsNonRoot"], [str(POD["securityContext"]["runAsUser"])]) == (True, USER_ID)
    assert CONTAINER["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_the_store_in_each_is_one_that_replicas_share() -> None:
    stores = [SERVICES["replica"]["environment"]["SANDBOX_STORE"], SECRET["stringData"]["store"]]

    assert {each.partition("://")[0] for each in stores} == {"postgresql"}


def test_every_provider_is_served_by_every_replica_so_none_is_named() -> None:
    assert [name for text in TEXTS.values() for name in packs() if name in text] == []
