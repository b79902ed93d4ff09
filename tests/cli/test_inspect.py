"""The commands that list what can be named, and that check it."""

import errno
import json
import os
import re
from pathlib import Path

import pytest

from sandbox.formats.yaml_files import shipped
from sandbox.scenarios.key_reference import sections
from tests.builders import packs
from tests.cli.conftest import Said, Say
from tests.specs.function_provider import DOCUMENT

BETATEL = (shipped("specs") / "betatel.yaml").read_bytes()
DOUBTFUL = "extends: [other]\nrules: [{then: {fault: hang, lifecycle: []}}]\n"
WARNING = (
    "mine.yaml:2:30: warning: this lifecycle never begins: the fault rejects the request; "
    "write accepted: true to store the message and lose only the reply\n"
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder `ours` with a scenario that has a warning and one that it extends; it lies where we are."""
    monkeypatch.chdir(tmp_path)
    made = tmp_path / "ours"
    made.mkdir()
    (made / "mine.yaml").write_text(DOUBTFUL, encoding="utf-8")
    (made / "other.yaml").write_text("seed: 7", encoding="utf-8")
    (made / "notes.txt").write_text("no scenario", encoding="utf-8")
    return made


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["ours"], Said(0, f"ours/{WARNING}2 files checked, no mistakes, 1 warning\n")),
        (["ours", "--strict"], Said(1, f"ours/{WARNING}2 files checked, no mistakes, 1 warning\n")),
        (["ours/mine.yaml", "--scenarios", "ours"], Said(0, f"ours/{WARNING}1 file checked, no mistakes, 1 warning\n")),
        (["mine", "--scenarios", "ours"], Said(0, f"ours/{WARNING}1 file checked, no mistakes, 1 warning\n")),
        (["ours/", "ours", "default", "other"], Said(0, f"ours/{WARNING}3 files checked, no mistakes, 1 warning\n")),
        (["default", "--strict"], Said(0, "1 file checked, no mistakes\n")),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_names_files_and_folders_are_checked_and_warnings_fail_only_if_asked_to(
    say: Say, words: list[str], said: Said
) -> None:
    assert say("check", *words) == said


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="only where there are named pipes")
def test_a_named_pipe_in_a_folder_is_passed_over(say: Say, folder: Path) -> None:
    os.mkfifo(folder / "pipe.yaml")

    assert say("check", "ours") == Said(0, f"ours/{WARNING}2 files checked, no mistakes, 1 warning\n")
    assert say("check", "default", "--specs", "ours").code == 2


def test_a_link_to_itself_is_told_as_such(say: Say, folder: Path) -> None:
    (folder / "loop.yaml").symlink_to("loop.yaml")

    assert say("check", "ours/loop.yaml") == Said(1, f"ours/loop.yaml:1:1: {os.strerror(errno.ELOOP)}\n")


def test_a_folder_with_the_name_of_a_scenario_is_meant_with_a_slash(say: Say, folder: Path) -> None:
    named = folder.rename(folder.parent / "default")
    (named / "mine.yaml").unlink()

    assert [say("check", word).out for word in ("default", "default/", "./default")] == [
        "1 file checked, no mistakes\n"
    ] * 3


def test_a_scenario_without_description_is_listed_by_its_name_and_a_broken_one_with_its_mistake(
    say: Say, tmp_path: Path
) -> None:
    (tmp_path / "silent.yaml").write_text("rules: []\n", encoding="utf-8")
    (tmp_path / "broken.yaml").write_text("rles: []\n", encoding="utf-8")
    said = say("scenarios", "--scenarios", str(tmp_path))
    lines = [line for line in said.out.splitlines() if line.startswith(("silent", "broken"))]

    assert (said.code, lines) == (
        0,
        [
            f"{'broken':22} {tmp_path / 'broken.yaml'}:1:1: a scenario has no key 'rles'. Did you mean 'rules'?",
            "silent",
        ],
    )


def test_the_settings_that_a_scenario_can_set_are_listed_with_the_endpoints(say: Say) -> None:
    listed = say("endpoints").out.partition("\n\n")[2]
    alone = say("endpoints", "--settings").out
    names = [f"{each['provider']}.{each['name']}" for each in json.loads(say("endpoints", "--settings", "--json").out)]

    assert listed == f"settings of scenarios, such as settings: {{betatel: {{timeout: 2s}}}}\n{alone}"
    assert names == re.findall(r"^([a-z]+\.\w+) = ", alone, re.MULTILINE)
    assert names == [f"{pack.spec.name}.{setting}" for pack in packs().values() for setting in pack.spec.settings]


@pytest.mark.parametrize(
    ("module", "hint"),
    [("acme_here", "{folder}"), ("acme_nowhere", "the folder that contains acme_nowhere.py")],
)
def test_a_module_that_is_not_found_is_told_with_python_path(say: Say, tmp_path: Path, module: str, hint: str) -> None:
    (tmp_path / "acme.yaml").write_text(DOCUMENT.replace("module: acme", f"module: {module}"), encoding="utf-8")
    (tmp_path / "acme_here.py").write_text("", encoding="utf-8")
    said = say("endpoints", "--specs", str(tmp_path))

    assert (said.code, said.err.partition("; ")[2]) == (
        2,
        f"install it, or set PYTHONPATH to {hint.format(folder=tmp_path)}\n",
    )


def test_the_keys_of_a_scenario_are_described_by_section_and_one_by_one(say: Say) -> None:
    every = {each.name: [key.name for key in each.keys] for each in sections(packs())}
    shown = json.loads(say("scenarios", "keys", "account", "when.to", "--json").out)
    described = say("scenarios", "keys").out

    assert say("scenarios", "keys", "copies") == Said(
        0,
        "callbacks: How the callbacks of the messages are sent.\n"
        "  copies: whole number (default: 1), such as 2\n"
        "      Number of times that each callback is sent.\n"
        "      Counts for each callback.\n",
    )
    assert [(each["name"], [key["name"] for key in each["keys"]]) for each in shown] == [
        ("when", ["to"]),
        ("account", every["account"]),
    ]
    assert [name for name in every if f"\n{name}" not in f"\n{described}"] == []


def test_every_mistake_of_a_spec_has_a_line(say: Say, tmp_path: Path) -> None:
    (tmp_path / "acme.yaml").write_text('x-sandbox: {provider: acme, "a\\nb": 1}\npaths: {}\n', encoding="utf-8")
    said = say("check", "default", "--specs", str(tmp_path))
    places = [line.split(" ")[0].removeprefix(f"{tmp_path}/") for line in said.out.splitlines()]

    assert (said.code, said.err, {*places}) == (2, "", {"acme.yaml:1:1:", "acme.yaml:1:29:", "acme.yaml:2:1:"})


@pytest.mark.parametrize("command", ["endpoints", "scenarios", "check"])
def test_the_folders_of_providers_may_be_named_by_the_environment(
    say: Say, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: str
) -> None:
    monkeypatch.setenv("SANDBOX_SPECS", f"{tmp_path},{tmp_path / 'none'}")

    assert say(command) == Said(2, "", f"sms-sandbox: {tmp_path / 'none'}: no such folder of specs\n")


ACME = """openapi: 3.1.0
x-sandbox:
  provider: acme
  channels: {sms: {life: [], statuses: {queued: {says: queued}}}}
paths:
  /acme/balance: {get: {x-operation: acme.balance, x-sandbox: {reply: {status: 204}}}}
"""
BROKEN = ACME.replace("status: 204", "staus: 204")
MISTAKE = (
    "ours/acme.yaml:6:72: GET /acme/balance: x-sandbox.reply.staus: reply has no key 'staus'. Did you mean 'status'?\n"
)


@pytest.mark.parametrize(
    ("text", "words", "said"),
    [
        (ACME, ["ours/acme.yaml"], Said(0, "1 file checked, no mistakes\n")),
        (ACME, ["ours/acme.yaml", "uses.yaml", "--strict"], Said(0, "2 files checked, no mistakes\n")),
        (ACME, ["ours", "uses.yaml"], Said(0, "2 files checked, no mistakes\n")),
        (ACME, ["ours", "uses.yaml", "--specs", "ours"], Said(0, "2 files checked, no mistakes\n")),
        (ACME, ["uses.yaml", "--specs", "ours"], Said(0, "2 files checked, no mistakes\n")),
        (BROKEN, ["ours/acme.yaml"], Said(2, MISTAKE)),
        (BROKEN, ["ours"], Said(2, MISTAKE)),
        (BROKEN, ["default", "--specs", "ours"], Said(2, MISTAKE)),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_provider_documents_are_checked_with_the_scenarios_that_use_them(
    say: Say, folder: Path, text: str, words: list[str], said: Said
) -> None:
    for path in folder.iterdir():
        path.unlink()
    (folder / "acme.yaml").write_text(text, encoding="utf-8")
    Path("uses.yaml").write_text("settings: {acme: {timeout: 1s}}\n", encoding="utf-8")

    assert say("check", *words) == said


@pytest.mark.parametrize("name", ["betatel", "smsbuddy", "ubill"])
def test_a_shipped_document_is_checked_as_one_of_ones_own(say: Say, name: str) -> None:
    assert say("check", str(shipped("specs") / f"{name}.yaml")) == Said(0, "1 file checked, no mistakes\n")


@pytest.mark.parametrize(
    ("name", "content", "mistake"),
    [
        ("copy.yaml", BETATEL, ":13:3: x-sandbox.provider: another spec already serves the provider 'betatel'"),
        ("latin.yaml", b"openapi: \xe9", ":1:1: byte 9 is not UTF-8"),
        ("big.yaml", b"openapi: 3\n" + b"#" * 10_000_000, ":1:1: 10000011 bytes (limit: 1048576)"),
        ("list.json", b'{"openapi": [1, }', ":1:17: not JSON: expected a value"),
        ("other.yaml", b"swagger: '2.0'", ":1:1: this is not an OpenAPI document with a mapping x-sandbox"),
        ("broken.yaml", b"a: 1\n'paths' : ['x", ":2:14: found unexpected end of stream"),
    ],
)
def test_a_document_that_cannot_be_read_is_one_line(
    say: Say, tmp_path: Path, name: str, content: bytes, mistake: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)

    assert say("check", str(path)) == Said(2, f"{path}{mistake}\n")


@pytest.mark.parametrize(
    "words",
    ["show uses.yaml --specs ours", "--specs ours show uses.yaml", "keys settings --specs ours", "keys --specs ours"],
)
def test_scenarios_are_described_with_the_providers_of_specs(
    say: Say, folder: Path, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    for path in folder.iterdir():
        path.unlink()
    monkeypatch.setenv("SANDBOX_SPECS", "none")
    (folder / "acme.yaml").write_text(ACME, encoding="utf-8")
    Path("uses.yaml").write_text("settings: {acme: {timeout: 1s}}\n", encoding="utf-8")
    said = say("scenarios", *words.split())

    assert (said.code, said.err, "acme" in said.out) == (0, "", True)
