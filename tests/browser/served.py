"""A sandbox at work on the loop that drives the browser, made from the options of `serve`."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import ClientSession, web

from sandbox.core.clock import ClockMode
from sandbox.server.app import make_app
from sandbox.server.runner import open_port
from sandbox.server.startup import Options, make_engine
from tests.servers import BETATEL_SMS, SMSBUDDY_SMS, UBILL_SMS, WHATSAPP, Sms

FROZEN = Options(seed=7, clock=(ClockMode.FROZEN, 1.0))
Value = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    body: bytes

    @property
    def value(self) -> Value:
        """The body as JSON."""
        found: Value = json.loads(self.body)
        return found


class Served:
    """A server. It comes back on the same port, empty, when it is started again."""

    def __init__(self, options: Options = FROZEN) -> None:
        self._options = options
        self._runner: web.AppRunner | None = None
        self.port = 0

    async def start(self) -> None:
        options = self._options
        self.engine = make_engine(options)
        app = make_app(self.engine, token=options.control_token, allow_host=options.allow_host)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        listener = open_port("127.0.0.1", self.port)
        await web.SockSite(self._runner, listener).start()
        self.port = listener.getsockname()[1]

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def page(self) -> str:
        """The address of the inbox."""
        return f"{self.url}/_sandbox/ui/"

    async def ask(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Return the answer to any request."""
        async with (
            ClientSession() as session,
            session.request(method, self.url + path, data=body, headers=headers) as reply,
        ):
            return Answer(reply.status, await reply.read())

    async def control(self, method: str, path: str, body: object = None) -> Value:
        """Return what a control call answers; it must succeed."""
        sent = b"" if body is None else json.dumps(body).encode()
        answer = await self.ask(method, f"/_sandbox/{path}", sent, {"Content-Type": "application/json"})
        assert answer.status < 300, answer.body
        return answer.value if answer.body else {}

    async def advance(self, by: str = "1m") -> None:
        """Let the clock pass."""
        await self.control("POST", "clock/advance", {"by": by})

    async def post(self, sms: Sms) -> Answer:
        """Return the answer to a request that sends."""
        content: dict[str, Any] = {"data" if sms.form else "json": sms.body}
        async with (
            ClientSession() as session,
            session.post(self.url + sms.path, headers=sms.headers, **content) as reply,
        ):
            return Answer(reply.status, await reply.read())

    async def send(self, text: str = "Your code is 555345", to: str = "38761930305", key: str = "k1") -> str:
        """Send an SMS through Betatel and return its id."""
        sms = Sms(BETATEL_SMS.path, {**BETATEL_SMS.body, "text": text, "to": to}, {"x-api-key": key})
        return str((await self.post(sms)).value["uuid"])

    async def send_whatsapp(self) -> str:
        """Send a code through Betatel's WhatsApp and return its id."""
        return str((await self.post(WHATSAPP)).value["uuid"])

    async def send_many(self, count: int) -> None:
        """Send one text to so many numbers through uBill."""
        numbers = [str(995500000100 + place) for place in range(count)]
        answer = await self.post(UBILL_SMS.with_values(numbers=numbers))
        assert answer.value["statusID"] == 0, answer.body

    async def send_buddy(self, text: str) -> None:
        """Send an SMS through SMS Buddy."""
        answer = await self.post(SMSBUDDY_SMS.with_values(message=text))
        assert answer.status == 200, answer.body
