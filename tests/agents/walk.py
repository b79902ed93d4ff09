"""An agent at work: it uses every tool in a sensible order, on any server; what comes of it is the same everywhere."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from mcp import Client
from mcp.types import TextContent

from tests.servers import Receiver, says

NUMBER = "38761930305"
HEAD, TAIL = 220, 160  # characters of a long result that the transcript shows
MISTAKEN = "name: night\nrules:\n  - then: {lifecycle: [deliverd]}\n"

# What differs from run to run, and what stands for it. Times of 2030 are on the frozen clock.
VARYING = {
    r"\bw[a-z0-9]{9}\b": "w7k2m9p4x1",
    r"\bw[a-z0-9]{23}\b": "w7k2m9p4x1…",
    r"\b(?!2030)\d{4}-\d\d-\d\dT[\d:.]+Z": "2026-03-02T12:00:00Z",
}


@dataclass
class Agent:
    """Uses tools through the SDK's client; `steps` has what happened."""

    client: Client
    receiver: Receiver
    steps: list[str] = field(default_factory=list)
    called: set[str] = field(default_factory=set)

    async def use(self, tool: str, **arguments: object) -> Any:  # noqa: ANN401 - JSON
        """Use a tool and return its result."""
        result = await self.client.call_tool(tool, arguments)
        (content,) = result.content
        assert isinstance(content, TextContent)
        assert not result.is_error, content.text
        assert json.loads(content.text) == result.structured_content
        self.called.add(tool)
        self.steps += [f"→ {tool} {encode(arguments)}", f"← {encode(result.structured_content)}"]
        return result.structured_content

    async def send(self, workspace: Mapping[str, Any], to: str) -> None:
        """Send a code, as the application would."""
        body = {"from": "ACME", "to": to, "text": "Your code is 482910"}
        headers = {
            "x-api-key": workspace["keys"]["betatel"]["x-api-key"],
            "User-Agent": "acme/1.0",
            "Accept-Encoding": "identity",
        }
        url = f"{workspace['url']}/api/smpp/client/send"
        async with aiohttp.ClientSession() as session, session.post(url, json=body, headers=headers) as reply:
            self.steps.append(f"  the application sends {encode(body)} and gets {reply.status}")

    @property
    def transcript(self) -> str:
        """What happened, with what differs from run to run named instead and long results cut."""
        text = "\n".join(self.steps).replace(f"127.0.0.1:{self.receiver.port}", "127.0.0.1:3000")
        text = re.sub(r"127\.0\.0\.1:(?!3000)\d+", "127.0.0.1:8080", text)
        for pattern, name in VARYING.items():
            text = re.sub(pattern, name, text)
        lines = [line if len(line) <= HEAD + TAIL else f"{line[:HEAD]} … {line[-TAIL:]}" for line in text.splitlines()]
        return "\n".join(lines) + "\n"


def encode(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


async def walk(client: Client, receiver: Receiver) -> Agent:
    """Use every tool: correct a refused send, and the callback handler of an application that fails at first."""
    agent = Agent(client, receiver)
    receiver.answers.append(says(500, "no such message"))
    await agent.use("describe_provider", operation="betatel.sms.send")
    targets = {"betatel": receiver.url()}
    made = await agent.use(
        "create_workspace", name="sign-up", scenario="default", clock="frozen", seed=7, targets=targets
    )
    own = {"workspace": made["id"]}
    await agent.use("freeze_clock", at="2030-01-01T12:00:00Z", **own)
    await agent.send(made, "061930305")
    await agent.use("list_requests", refused=True, **own)
    await agent.use("explain_request", id=1, **own)
    await agent.send(made, NUMBER)
    await agent.use("wait_for_otp", to=NUMBER, **own)
    await agent.use("list_messages", to=NUMBER, **own)
    await agent.use("advance_clock", by="1s", **own)
    message = await agent.use("get_message", **own)
    callback = message["callbacks"][0]["id"]
    await agent.use("fire_callback", id=callback, **own)
    await agent.use("replay_callback", id=callback, **own)
    await agent.use("advance_clock", until="idle", **own)
    await agent.use("verify_messages", to=NUMBER, status="delivered", exactly=1, **own)
    await agent.use("list_scenarios", **own)
    await agent.use("use_scenario", name="carrier-outage", **own)
    await agent.use("check_scenario", document=MISTAKEN, **own)
    await agent.use("reset_workspace", **own)
    return agent
