"""The command that lists what can be named."""

from pathlib import Path

from tests.cli.conftest import Say


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
