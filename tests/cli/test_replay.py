"""`record --replay` sends a recording again and says what it lacks."""

from pathlib import Path

from sandbox.recording.session import RecordedExchange, RecordedReply, RecordedRequest, SessionHeader, SessionWriter
from sandbox.recording.session_reader import read_session
from sandbox.testing import SandboxClient
from tests.builders import NOON
from tests.cli.conftest import Said, Say


def session(folder: Path) -> Path:
    """Write a session that asks for the balance, and return its path."""
    request = RecordedRequest("GET", "/api/billing/me/balance", "", (("x-api-key", "STANDIN"),))
    reply = RecordedReply(200, ())
    with SessionWriter(folder / "s.jsonl", SessionHeader(NOON, "0", "record")) as writer:
        writer.write(RecordedExchange(1, NOON, "betatel", "betatel.balance", request, reply))
    return writer.path


def test_a_replay_writes_what_the_provider_replies_now(say: Say, sandbox: SandboxClient, tmp_path: Path) -> None:
    out = tmp_path / "now.jsonl"
    key = sandbox.keys["betatel"]["x-api-key"]
    words = ["record", f"betatel={sandbox.url}", "--insecure", "--out", str(out), "--replay", str(session(tmp_path))]
    said = say(*words, "--credential", f"betatel={key}")
    (kept,) = read_session(out).entries

    counts = "  replayed 1 of 1 recorded request; the provider answered 1\n"
    assert (said.code, said.out) == (0, f"wrote {out}: 1 exchange, 0 callbacks\n{counts}")
    assert isinstance(kept, RecordedExchange)
    assert kept.reply is not None
    assert (kept.reply.status, kept.replays, read_session(out).header.source) == (200, 1, "replay")
    assert key not in out.read_text(encoding="utf-8")


def test_a_replay_that_sends_nothing_says_what_is_missing(say: Say, tmp_path: Path) -> None:
    out = tmp_path / "now.jsonl"
    said = say("record", "betatel=https://127.0.0.1:1", "--out", str(out), "--replay", str(session(tmp_path)))

    assert said.code == 1
    assert said.out == (
        f"wrote {out}: 1 exchange, 0 callbacks, 1 refused\n"
        "  replayed 0 of 1 recorded request; the provider answered 0\n"
        "  not sent 1: name the real value with --credential betatel.x-api-key=VALUE\n"
    )


def test_the_options_of_a_replay_need_one(say: Say, tmp_path: Path) -> None:
    said = say("record", "betatel=https://127.0.0.1:1", "--out", str(tmp_path / "s.jsonl"), "--pace")

    assert said == Said(2, "", "sms-sandbox: --pace is about a replay; name its session with --replay\n")
