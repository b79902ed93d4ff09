"""The guide's compose file and CI jobs hold what the product has: images, ports, variables, commands, host names."""

import re
import shlex
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import click
import pytest
import yaml

from sandbox import __version__
from sandbox.cli.command_line import commands
from sandbox.engine.providers import provider_hosts
from sandbox.server.tls import CA_FILE
from sandbox.testing.workspace import RECEIVER_HOST
from tests.builders import packs
from tests.packaging.dockerfile import instructions
from tests.test_readme import BLOCKS, parse

Node = Mapping[str, Any]

FILES = {
    each.text.splitlines()[0].removeprefix("# "): yaml.safe_load(each.text)
    for each in BLOCKS
    if each.page == "ci" and each.language == "yaml"
}
COMPOSE = FILES["compose.yaml"]["services"]
GITHUB = FILES[".github/workflows/test.yaml"]["jobs"]["test"]
GITLAB = FILES[".gitlab-ci.yml"]["test"]
IMAGE = f"registry.example/sms-sandbox:{__version__}"
SERVICES: Mapping[str, Node] = {  # the variables that each service is started with
    "compose": COMPOSE["sms"]["environment"],
    "github": GITHUB["services"]["sms"]["env"],
    "gitlab": GITLAB["variables"],  # GitLab hands a job's variables to its services, too
}


def exposed() -> set[str]:
    return {port for each in instructions() if each.word == "EXPOSE" for port in each.rest.split()}


def folders() -> set[str]:
    """Return the image's folders that are made for a volume."""
    made = [each.rest for each in instructions() if each.word == "RUN" and each.stage == 1]
    return {name for line in made for name in re.findall(r"mkdir -p ([^&]*)", line)[0].split()}


def command_lines(node: object) -> Iterator[str]:
    """Yield every text of a file that runs our command."""
    if isinstance(node, str):
        yield from re.findall(r'(?:^|")sms-sandbox ([^"]*)', node)
    for each in node.values() if isinstance(node, Mapping) else node if isinstance(node, list) else ():
        yield from command_lines(each)


def test_each_names_the_image_of_this_version() -> None:
    named = {COMPOSE["sms"]["image"], GITHUB["services"]["sms"]["image"], GITLAB["services"][0]["name"]}

    assert named == {IMAGE}


@pytest.mark.parametrize("where", SERVICES)
def test_what_the_server_is_told_by_variables_is_what_it_understands(
    where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve = commands.commands["serve"]
    known = {each.envvar for command in commands.commands.values() for each in command.params}
    known |= {f"SANDBOX_CALLBACK_{name.upper()}" for name in packs()} | {RECEIVER_HOST}
    given = {name: value for name, value in SERVICES[where].items() if name.startswith("SANDBOX_")}
    for name, value in given.items():
        monkeypatch.setenv(name, value)

    assert (given.keys() - known, serve.make_context("serve", []).params["port"]) == (
        set(),
        int(given.get("SANDBOX_PORT", 8080)),
    )


def test_the_ports_that_are_published_are_served() -> None:
    environment = COMPOSE["sms"]["environment"]
    inside = [each.rpartition(":")[2] for each in COMPOSE["sms"]["ports"]]

    assert (inside, exposed()) == ([environment["SANDBOX_PORT"]], {"8080", "8443"})
    assert {each.rpartition(":")[2] for each in GITHUB["services"]["sms"]["ports"]} < exposed()
    assert str(urlsplit(GITLAB["variables"]["SANDBOX_URL"]).port) in exposed()


def test_the_volumes_are_mounted_where_the_image_looks() -> None:
    mounted = {each.split(":")[1] for each in COMPOSE["sms"]["volumes"]}

    assert (mounted - folders(), COMPOSE["app"]["environment"]) == (set(), {"SSL_CERT_FILE": f"/tls/{CA_FILE}"})


def test_the_sandbox_bears_the_host_name_of_every_provider() -> None:
    assert set(COMPOSE["sms"]["networks"]["default"]["aliases"]) == set(provider_hosts(packs()))


def test_the_sandbox_has_the_ports_that_go_without_saying() -> None:
    environment = COMPOSE["sms"]["environment"]

    assert (environment["SANDBOX_PORT"], environment["SANDBOX_TLS_PORT"]) == ("80", "443")


def test_callbacks_go_to_a_service_that_there_is() -> None:
    callbacks = {n: v for n, v in COMPOSE["sms"]["environment"].items() if n.startswith("SANDBOX_CALLBACK")}
    _, *receiver = COMPOSE["receiver"]["command"]

    assert {urlsplit(url).hostname for url in callbacks.values()} <= COMPOSE.keys()
    assert {str(urlsplit(url).port) for url in callbacks.values()} == {receiver[-1]}


def test_each_is_waited_for_by_the_command_ready() -> None:
    lines = [*command_lines(GITHUB), *command_lines(GITLAB), shlex.join(COMPOSE["sms"]["healthcheck"]["test"][2:])]
    for line in lines:
        parse(commands, shlex.split(line))

    assert (lines, COMPOSE["sms"]["healthcheck"]["test"][:2]) == (
        ["ready --wait 5s", "ready --wait 30s", "ready"],
        ["CMD", "sms-sandbox"],
    )


def test_what_the_tests_are_told_by_variables_is_what_they_understand() -> None:
    talking = {each.envvar for each in commands.commands["messages"].params if isinstance(each, click.Option)}
    told = {name for node in (GITHUB["env"], GITLAB["variables"]) for name in node if name.startswith("SANDBOX_")}

    assert told == {"SANDBOX_URL", RECEIVER_HOST}
    assert "SANDBOX_URL" in talking
