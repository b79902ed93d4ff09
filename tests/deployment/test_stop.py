"""A replica that stops, as in a rolling restart, still answers what it has passed on."""

import asyncio
import json
import signal
import subprocess
from pathlib import Path

from aiohttp import ClientSession

from tests.commands import PATIENCE, serving, url_of

SCENARIO = "name: slow\nrules:\n- name: slow\n  then: {after: 200ms}\n"
SEND = "/api/v1/connect-hub/whatsapp/otp"


async def send_while_stopping(stopped: "subprocess.Popen[str]", here: str, owner: str) -> int:
    """Send at `here`, stop that server once the owner of the workspace has the request; return the reply's status."""
    async with ClientSession() as session:
        headers = {"x-api-key": "k1", "x-account-id": "a1"}
        reply = asyncio.ensure_future(
            session.post(here + SEND, json={"to": "38761444555", "text": "482910"}, headers=headers)
        )
        async with asyncio.timeout(PATIENCE):
            while not json.loads(await (await session.get(f"{owner}/_sandbox/requests")).read())["items"]:
                await asyncio.sleep(0)
        stopped.send_signal(signal.SIGTERM)
        return (await reply).status


def test_what_a_replica_has_passed_on_is_answered_though_it_stops(postgres: str, tmp_path: Path) -> None:
    (tmp_path / "slow.yaml").write_text(SCENARIO)
    with (
        serving("--store", postgres, "--scenario", str(tmp_path / "slow.yaml")) as (_, owner),
        serving("--store", postgres) as (other, banner),
    ):
        status = asyncio.run(send_while_stopping(other, url_of(banner), url_of(owner)))

        assert (status, other.wait(PATIENCE)) == (200, 0)
