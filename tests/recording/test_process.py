"""`sms-sandbox record` as a process: what it says, and that Ctrl-C and kill -9 leave a whole file."""

import http.client
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import IO

import pytest

from sandbox.recording.session import RecordedExchange
from sandbox.recording.session_reader import read_session


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL], ids=lambda end: end.name)
def test_a_recorder_that_ends_leaves_a_whole_file(tmp_path: Path, end: signal.Signals) -> None:
    out = tmp_path / "s.jsonl"
    words = ["record", "betatel=http://127.0.0.1:1", "--insecure", "--port", "0", "--out", str(out), "--budget", "5"]
    pipe = subprocess.PIPE
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(  # noqa: S603 - our own
        [sys.executable, "-m", "sandbox", *words], stdout=pipe, stderr=pipe, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        banner = read_banner(process.stdout)
        port = re.search(r"on http://127\.0\.0\.1:(\d+) to", banner)
        assert port is not None
        connection = http.client.HTTPConnection("127.0.0.1", int(port[1]))
        connection.request("GET", "/api/billing/me/balance", headers={"x-api-key": "SECRETKEY123"})
        status = connection.getresponse().status
        connection.close()
        process.send_signal(end)
        said, log = process.communicate()
    (kept,) = read_session(out).entries

    assert isinstance(kept, RecordedExchange)
    assert (status, kept.fault) == (502, "unreachable")
    assert "limits     at most 5 messages" in banner
    if end is signal.SIGINT:
        assert (process.returncode, said) == (0, f"wrote {out}: 1 exchange, 0 callbacks, 1 fault\n")
        assert re.search(r"betatel\.balance 502 recorded as 1 \(.*Connection refused\)", log)


def read_banner(stream: IO[str]) -> str:
    """Return what a recorder says when it starts."""
    lines = []
    for line in stream:
        lines.append(line)
        if "Ctrl-C" in line:
            break
    return "".join(lines)
