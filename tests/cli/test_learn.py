"""`learn` writes or prints a scenario that `check` accepts."""

from pathlib import Path

from tests.cli.conftest import Said, Say
from tests.learning.sessions import betatel_callback, exchange, write


def session(folder: Path) -> str:
    """Write a session of one message and return its path."""
    done = betatel_callback(2, "failed", seconds=3, send=1)
    return str(write(folder / "s.jsonl", [exchange(1, "betatel.sms.send", ms=84.2), done]))


def test_a_learnt_scenario_passes_the_strict_check(say: Say, tmp_path: Path) -> None:
    path = tmp_path / "recorded.yaml"
    written = say("learn", session(tmp_path), "--scenario", str(path))
    checked = say("check", "--strict", str(path))

    assert written == Said(0, f"wrote {path}; check it with sms-sandbox check {path}\n")
    assert checked == Said(0, "1 file checked, no mistakes\n")


def test_without_a_file_the_scenario_is_printed(say: Say, tmp_path: Path) -> None:
    path = tmp_path / "recorded.yaml"
    words = ("learn", session(tmp_path))
    say(*words, "--scenario", str(path))

    assert say(*words) == Said(0, path.read_text(encoding="utf-8"))


def test_a_file_that_exists_is_not_overwritten(say: Say, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("seed: 7\n", encoding="utf-8")
    said = say("learn", session(tmp_path), "--scenario", str(path))

    assert said == Said(
        2, "", f"sms-sandbox: {path} exists already, and is not overwritten; choose another file with --scenario\n"
    )
    assert path.read_text(encoding="utf-8") == "seed: 7\n"


def test_a_file_that_cannot_be_written_is_named(say: Say, tmp_path: Path) -> None:
    path = tmp_path / "missing" / "recorded.yaml"

    assert say("learn", session(tmp_path), "--scenario", str(path)) == Said(
        2, "", f"sms-sandbox: cannot write {path}: No such file or directory\n"
    )


def test_a_file_that_is_no_session_is_refused_with_its_line(say: Say, tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    path.write_text("{}\n", encoding="utf-8")

    assert say("learn", str(path)) == Said(
        2,
        "",
        f"sms-sandbox: {path}:1: this is not a session: the first line has no sms_sandbox_session;"
        " sms-sandbox record makes one\n",
    )


def test_a_session_that_teaches_nothing_leaves_no_file(say: Say, tmp_path: Path) -> None:
    path = tmp_path / "recorded.yaml"
    empty = write(tmp_path / "s.jsonl", [])
    said = say("learn", str(empty), "--scenario", str(path))

    assert said == Said(
        2,
        "",
        "sms-sandbox: there is nothing to learn: the session has no accepted request with a time or a callback\n",
    )
    assert not path.exists()
