"""The yardstick: one aiohttp handler that parses, validates, makes an id and remembers, and nothing else.

With `--target` it posts two callbacks a send by `loop.call_later`, after the delays of `--delays`, through one session.
"""

import argparse
import asyncio
import json
import uuid
from collections import deque
from contextlib import suppress
from functools import partial
from time import time

from aiohttp import ClientError, ClientSession, web
from jsonschema import Draft202012Validator

SCHEMA = {
    "type": "object",
    "required": ["to", "text"],
    "properties": {
        "to": {"type": "string", "pattern": r"^[1-9]\d{6,14}$"},
        "text": {"type": "string", "minLength": 1, "maxLength": 4096},
    },
}
WORDS = ("SENT", "DELIVERED")
KEPT = 10_000


class Callbacks:
    """Posts two callbacks a send; `due` in their body is the real time at which each should leave."""

    def __init__(self, target: str, delays: list[float]) -> None:
        self._target = target
        self._delays = delays
        self._tasks: set[asyncio.Task[None]] = set()
        self._session = ClientSession()

    def plan(self, message: str, recipient: str) -> None:
        loop, now = asyncio.get_running_loop(), time()
        for word, delay in zip(WORDS, self._delays, strict=True):
            body = {"uuid": message, "status": word, "to": f"+{recipient}", "due": now + delay}
            loop.call_later(delay, self._start, body)

    def _start(self, body: dict[str, object]) -> None:
        task = asyncio.get_running_loop().create_task(self._post(body))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _post(self, body: dict[str, object]) -> None:
        with suppress(ClientError, OSError):  # the receiver's count tells what was lost
            async with self._session.post(self._target, json=body) as response:
                await response.read()


def make_app(target: str | None, delays: list[float]) -> web.Application:
    validator = Draft202012Validator(SCHEMA)
    recent: deque[object] = deque(maxlen=KEPT)
    callbacks: list[Callbacks] = []

    async def send(request: web.Request) -> web.Response:
        body = await request.json()
        if not request.headers.get("x-api-key") or not request.headers.get("x-account-id"):
            return web.json_response({"message": "Missing API Key"}, status=401)
        errors = [error.message for error in validator.iter_errors(body)]
        if errors:
            return web.json_response({"message": errors[0]}, status=400)
        message = str(uuid.uuid4())
        recent.append(body)
        for each in callbacks:
            each.plan(message, body["to"])
        return web.json_response({"uuid": message, "to": body["to"]})

    async def open_session(_: web.Application) -> None:
        if target:
            callbacks.append(Callbacks(target, delays))

    app = web.Application()
    app.router.add_post("/api/v1/connect-hub/whatsapp/otp", send)
    app.on_startup.append(open_session)
    return app


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--target")
    parser.add_argument("--delays", type=json.loads, default=[0.2, 1.2])
    given = parser.parse_args()
    web.run_app(
        make_app(given.target, given.delays),
        host="127.0.0.1",
        port=0,
        access_log=None,
        print=partial(print, flush=True),
    )


if __name__ == "__main__":
    main()
