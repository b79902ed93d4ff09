"""A sandbox that serves in a process of its own, as a user starts it."""

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import sandbox

ROOT = Path(sandbox.__file__).parent.parent
LISTENS = re.compile(r"listens on http://127\.0\.0\.1:(\d+)")
KEYS = {"x-api-key": "k1", "x-account-id": "a1"}
Value = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def value(self) -> Value:
        """The body as JSON."""
        found: Value = json.loads(self.body)
        return found


class Served:
    """A server process; `options` are flags of `serve`. It comes back on the same port when it is started again."""

    def __init__(self, *options: str) -> None:
        self._options = options
        self._process: subprocess.Popen[str] | None = None
        self._log: list[str] = []
        self.port = 0

    def start(self) -> None:
        command = [sys.executable, "-m", "sandbox", "serve", "--port", str(self.port), "--log", "json", *self._options]
        self._process = subprocess.Popen(  # noqa: S603 - our own command
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        if self._process.stdout is None:
            raise AssertionError
        first = self._process.stdout.readline()
        match = LISTENS.search(first)
        assert match is not None, first + self._process.stdout.read()
        self.port = int(match[1])

    def stop(self) -> None:
        if self._process is None:
            return
        self._process.terminate()
        self._process.communicate(timeout=10)
        self._process = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def page(self) -> str:
        """The address of the inbox."""
        return f"{self.url}/_sandbox/ui/"

    def ask(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        """Return the answer to any request, refusals included; redirects are followed."""
        request = Request(self.url + path, body, dict(headers), method=method)  # noqa: S310 - loopback alone
        try:
            with urlopen(request, timeout=30) as answer:  # noqa: S310 - as above
                return Answer(answer.status, dict(answer.headers), answer.read())
        except HTTPError as error:
            with error:
                return Answer(error.code, dict(error.headers), error.read())

    def control(self, method: str, path: str, body: object = None) -> Value:
        """Return what a control call answers; it must succeed."""
        sent = None if body is None else json.dumps(body).encode()
        answer = self.ask(method, f"/_sandbox/{path}", sent, {"Content-Type": "application/json"})
        assert answer.status < 300, answer.body
        return answer.value if answer.body else {}

    def send(self, text: str = "Your code is 555345", to: str = "38761930305", **headers: str) -> str:
        """Send an SMS through Betatel and return its id; a header's underscores stand for hyphens."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._sent("/api/smpp/client/send", {"from": "FACEBOOK", "to": to, "text": text}, named)

    def send_whatsapp(self, text: str = "482910", to: str = "38761444555") -> str:
        """Send a code through Betatel's WhatsApp and return its id."""
        return self._sent("/api/v1/connect-hub/whatsapp/otp", {"to": to, "text": text}, {})

    def _sent(self, path: str, body: Mapping[str, str], headers: Mapping[str, str]) -> str:
        answer = self.ask(
            "POST", path, json.dumps(body).encode(), {**KEYS, "Content-Type": "application/json", **headers}
        )
        assert answer.status == 200, answer.body
        return str(answer.value["uuid"])

    def send_many(self, count: int) -> None:
        """Send one text to so many numbers through uBill."""
        numbers = [str(995500000100 + place) for place in range(count)]
        body = json.dumps({"brandID": 1, "numbers": numbers, "text": "message"}).encode()
        answer = self.ask("POST", "/v1/sms/send?key=u1", body, {"Content-Type": "application/json"})
        assert answer.value["statusID"] == 0, answer.body

    def send_buddy(self, text: str = "test message", to: str = "9800000100") -> None:
        """Send an SMS through SMS Buddy."""
        fields = {"key": "s1", "type": "1", "sender": "SMSBDY", "to": to, "message": text}
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = self.ask("POST", "/api/v1/sms/send", urlencode(fields).encode(), kind)
        assert answer.status == 200, answer.body
