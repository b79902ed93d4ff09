"""A sandbox that serves in a thread of its own, so that a browser and blocking tests can talk to it."""

import asyncio
import json
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from threading import Thread
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from aiohttp import web

from sandbox.app import make_app
from sandbox.core.clock import Mode
from sandbox.serving import Options, make_engine, open_port

KEYS = {"x-api-key": "k1", "x-account-id": "a1"}
FROZEN = Options(seed=7, clock=(Mode.FROZEN, 1.0))
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
    """A server made from the options of `serve`. It comes back on the same port, empty, when it is started again."""

    def __init__(self, options: Options = FROZEN) -> None:
        self._options = options
        self._end: tuple[asyncio.AbstractEventLoop, asyncio.Event] | None = None
        self._thread = Thread()
        self.port = 0

    def start(self) -> None:
        ready: Future[int] = Future()
        self._thread = Thread(target=lambda: asyncio.run(self._serve(ready)))
        self._thread.start()
        self.port = ready.result(timeout=30)

    def stop(self) -> None:
        if self._end is None:
            return
        loop, end = self._end
        self._end = None
        loop.call_soon_threadsafe(end.set)
        self._thread.join()

    async def _serve(self, ready: "Future[int]") -> None:
        end = asyncio.Event()
        runner = web.AppRunner(
            make_app(make_engine(self._options), token=self._options.control_token),
            access_log=None,
            shutdown_timeout=0.1,
        )
        await runner.setup()
        listener = open_port("127.0.0.1", self.port)
        await web.SockSite(runner, listener).start()
        self._end = (asyncio.get_running_loop(), end)
        ready.set_result(listener.getsockname()[1])
        await end.wait()
        await runner.cleanup()

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
