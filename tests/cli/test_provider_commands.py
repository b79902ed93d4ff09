"""`provider new` and `provider import`: what they write and say, and that they overwrite nothing."""

import os
from pathlib import Path

import pytest

from sandbox.authoring import write_starter
from sandbox.providers.registry import discover
from tests.authoring.descriptions import COURIER, OWL, imported, saved, small
from tests.cli.conftest import Said, Say

CURL = (
    "  curl http://127.0.0.1:8080/v1/messages -H 'X-Api-Key: k1' -H 'Content-Type: application/json' "
    """-d '{"to": "38761444555", "text": "Your code is 482910"}'\n"""
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_new_writes_a_provider_and_says_how_to_serve_and_to_call_it(say: Say, folder: Path) -> None:
    said = say("provider", "new", "acme")

    assert said == Said(0, f"wrote acme/acme.yaml\nnext:\n  sms-sandbox serve --specs acme\n{CURL}")
    assert (folder / "acme" / "acme.yaml").read_text(encoding="utf-8") == write_starter("acme")


@pytest.mark.parametrize("name", ["acme", "acme-sms_2"])
def test_the_new_provider_is_sound_whatever_its_name(say: Say, folder: Path, name: str) -> None:
    say("provider", "new", name, "--out", "mine/a.yaml")

    assert [*discover([folder / "mine"])] == [name]


@pytest.mark.parametrize(
    "words", [("new", "acme"), ("import", str(COURIER), "--name", "acme")], ids=lambda words: str(words[0])
)
def test_nothing_is_overwritten(say: Say, folder: Path, words: tuple[str, ...]) -> None:
    (folder / "acme").mkdir()
    (folder / "acme" / "acme.yaml").write_text("mine", encoding="utf-8")

    said = say("provider", *words)

    problem = "acme/acme.yaml exists already, and is not overwritten; choose another file with --out"
    assert said == Said(2, "", f"sms-sandbox: {problem}\n")
    assert (folder / "acme" / "acme.yaml").read_text(encoding="utf-8") == "mine"


@pytest.mark.skipif(os.geteuid() != 0, reason="a link that leads nowhere is written through by root too")
def test_a_link_is_not_written_through(say: Say, folder: Path) -> None:
    (folder / "acme.yaml").symlink_to(folder / "elsewhere.yaml")

    assert say("provider", "new", "acme", "--out", "acme.yaml").code == 2
    assert not (folder / "elsewhere.yaml").exists()


def test_import_says_what_it_recognized_and_what_is_left_to_do(say: Say, folder: Path) -> None:
    made = imported(OWL)

    said = say("provider", "import", str(OWL))

    assert said == Said(
        0,
        "\n".join(
            [
                f"wrote owl-verify/owl-verify.yaml: 2 operations of {OWL}",
                "recognized:",
                *(f"  {line}" for line in made.proposals),
                "left to do:",
                *(f"  {line}" for line in made.left),
                "next:",
                "  sms-sandbox serve --specs owl-verify",
                "",
            ]
        ),
    )
    assert (folder / "owl-verify" / "owl-verify.yaml").read_text(encoding="utf-8") == made.text


def test_import_takes_a_name_a_file_and_a_selection(say: Say, folder: Path) -> None:
    said = say(
        "provider",
        "import",
        str(COURIER),
        "--name",
        "mine",
        "--out",
        "o/p.yaml",
        "--only",
        "*/balance",
        "--only",
        "getM*",
    )

    assert said.out.startswith(f"wrote o/p.yaml: 2 operations of {COURIER}\n")
    assert [*discover([folder / "o"])] == ["mine"]


def test_what_matches_nothing_is_one_line(say: Say, folder: Path) -> None:
    saved(folder, small())

    assert say("provider", "import", "wren.json", "--only", "sendSmss") == Said(
        2, "", "sms-sandbox: wren.json: no operation matches --only sendSmss. Did you mean 'sendSms'?\n"
    )


def test_a_description_of_10_mb_that_is_none_is_one_line(say: Say, folder: Path) -> None:
    saved(folder, "[" + f'"{"words " * 200}",' * 9_000 + "0]")

    problem = "this is not an API description: OpenAPI 3, Swagger 2 or a Postman collection 2.1 is a mapping"
    assert say("provider", "import", "wren.json") == Said(2, "", f"sms-sandbox: wren.json: {problem}\n")
