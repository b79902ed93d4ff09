"""A shop that signs customers up by a one-time code: WhatsApp by Betatel first, SMS by uBill as the fallback.

It stands for a user's application, written from the documentation alone; `shop_tests` has its tests.
"""

import json
import threading
from collections.abc import Mapping
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from socket import socket
from urllib.error import HTTPError
from urllib.parse import parse_qsl, urlencode, urlsplit
from urllib.request import Request, urlopen

CODES = count(482910)  # a real shop draws them
Access = tuple[str, Mapping[str, str]]  # the URL of a provider, and the credentials that it needs


class Shop:
    """The application."""

    def __init__(self, betatel: Access, ubill: Access, *, callback_key: str) -> None:
        self.betatel = betatel
        self.ubill = ubill
        self.callback_key = callback_key
        self.codes: dict[str, str] = {}  # by number
        self.attempts: dict[str, tuple[str, str, str]] = {}  # number, channel, status by the provider's id of a message
        self.reports: list[tuple[str, str]] = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, self))
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def sign_up(self, number: str) -> str | None:
        """Send a code; return the channel that took it, None if no provider did."""
        self.codes[number] = f"{next(CODES):06}"
        return self._by_whatsapp(number) or self._by_sms(number)

    def confirm(self, number: str, code: str) -> bool:
        return self.codes.get(number) == code

    def status(self, number: str) -> list[tuple[str, str]]:
        return [(channel, status) for to, channel, status in self.attempts.values() if to == number]

    def _by_whatsapp(self, number: str) -> str | None:
        url, keys = self.betatel
        body = json.dumps({"to": number, "text": self.codes[number]}).encode()
        headers = {"Content-Type": "application/json", **keys}
        request = Request(f"{url}/api/v1/connect-hub/whatsapp/otp", body, headers)  # noqa: S310 - the sandbox
        try:
            with urlopen(request, timeout=5) as reply:  # noqa: S310 - as above
                self.attempts[json.load(reply)["uuid"]] = number, "whatsapp", "pending"
        except OSError as error:  # includes HTTPError and a lost connection
            if isinstance(error, HTTPError):
                error.close()
            return None
        return "whatsapp"

    def _by_sms(self, number: str) -> str | None:
        url, keys = self.ubill
        values = {**keys, "brandID": 1, "numbers": number, "text": f"Your code is {self.codes[number]}"}
        try:
            with urlopen(f"{url}/v1/sms/send?{urlencode(values)}", timeout=5) as reply:  # noqa: S310 - as above
                answer = json.load(reply)
        except OSError as error:
            if isinstance(error, HTTPError):
                error.close()
            return None
        if answer["statusID"] != 0:  # uBill refuses with HTTP 200
            return None
        self.attempts[answer["smsID"]] = number, "sms", "pending"
        return "sms"

    def report(self, message: str, status: str, *, delivered: bool, failed: bool) -> None:
        """Take a delivery report."""
        self.reports.append((message, status))
        if message not in self.attempts:
            return
        number, channel, before = self.attempts[message]
        if before in {"delivered", "failed"}:
            return  # reported twice, or too late
        self.attempts[message] = number, channel, "failed" if failed else "delivered" if delivered else "sent"
        if failed and channel == "whatsapp":
            self._by_sms(number)


class Handler(BaseHTTPRequestHandler):
    """Receives delivery reports: Betatel posts JSON, uBill sends its values in the query."""

    def __init__(self, shop: Shop, connection: socket, address: tuple[str, int], server: ThreadingHTTPServer) -> None:
        self.shop = shop
        super().__init__(connection, address, server)

    def do_POST(self) -> None:
        report = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status = report["status"]
        delivered, failed = status in {"DELIVERED", "READ"}, status in {"FAILED", "EXPIRED"}
        self.shop.report(report["uuid"], status, delivered=delivered, failed=failed)
        self.answer(200)

    def do_GET(self) -> None:
        query = dict(parse_qsl(urlsplit(self.path).query))
        if query.get("key") != self.shop.callback_key:
            self.answer(403)
            return
        status = query["statusID"]
        self.shop.report(query["smsID"], status, delivered=status == "1", failed=status in {"2", "4"})
        self.answer(200)

    def answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass
