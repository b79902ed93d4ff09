"""The tools by themselves: what they take, refuse and keep back, and what they say about themselves."""

import json
import re
import tomllib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError
from mcp.types import TextContent, TextResourceContents

from sandbox.agents.operations import mask_keys
from sandbox.agents.prompt import TEXT
from sandbox.agents.server import DESCRIPTIONS, INSTRUCTIONS, TOOLS, make_server
from sandbox.cli.command_line import commands
from sandbox.client import AsyncClient
from sandbox.docs.site import FOLDER, PAGES
from tests.agents.conftest import TOKEN, serving
from tests.servers import BETATEL_SMS, SMSBUDDY_SMS, UBILL_SMS, Sms

PAGE = (FOLDER / "agents.md").read_text(encoding="utf-8")
NUMBER = BETATEL_SMS.body["to"]


class Agent:
    """Uses tools without a transport, and sends as the application would."""

    def __init__(self, url: str) -> None:
        self.url = url

    def connect(self) -> Client:
        """Return a client of the tools, for the length of a block."""
        return Client(make_server(AsyncClient(self.url, token=TOKEN)))

    async def use(self, tool: str, **arguments: object) -> Any:  # noqa: ANN401 - JSON
        """Use a tool and return its result."""
        async with self.connect() as client:
            result = await client.call_tool(tool, arguments)
        assert not result.is_error, result.content
        return result.structured_content

    async def refused(self, tool: str, **arguments: object) -> str:
        """Use a tool that is refused and return the reason."""
        async with self.connect() as client:
            result = await client.call_tool(tool, arguments)
        (content,) = result.content
        assert isinstance(content, TextContent)
        assert result.is_error
        return content.text

    async def read(self, uri: str) -> TextResourceContents:
        """Return a resource."""
        async with self.connect() as client:
            (content,) = (await client.read_resource(uri)).contents
        assert isinstance(content, TextResourceContents)
        return content

    async def send(self, sms: Sms = BETATEL_SMS, **headers: str) -> None:
        """Send a message to a provider."""
        body: Any = {"data": sms.body} if sms.form else {"json": sms.body}
        named = {**sms.headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
        async with aiohttp.ClientSession() as session, session.post(self.url + sms.path, headers=named, **body):
            pass


@pytest.fixture
async def agent() -> AsyncIterator[Agent]:
    async with serving(TOKEN) as url:
        yield Agent(url)


async def test_a_number_without_a_code_leads_to_the_requests_that_were_refused(agent: Agent) -> None:
    assert await agent.refused("wait_for_otp", to=NUMBER, wait="0s") == (
        f"/to: no message to '{NUMBER}' has a one-time code; "
        "list_requests with refused=true shows what the application sent in vain"
    )


WRONG = [
    ("list_messages", {"limit": 51}, "limit: Input should be less than or equal to 50"),
    ("list_messages", {"sttus": "x"}, "sttus: there is no such argument. Did you mean 'status'?"),
    ("list_messages", {"workspace": "w1"}, "/workspace: no workspace is called 'w1'"),
    ("wait_for_otp", {}, "to: Field required"),
    ("wait_for_otp", {"to": "387", "wait": "1h"}, "/wait: '1h' is longer than the maximum wait of 60s"),
    ("use_scenario", {}, "give either name or document"),
    ("use_scenario", {"name": "instan"}, "/use: no scenario is called 'instan'. Did you mean 'instant'?"),
    (
        "describe_provider",
        {"provider": "twilio"},
        "no provider is called 'twilio'; use one of betatel, smsbuddy, ubill",
    ),
    (
        "describe_provider",
        {"operation": "ubill.sms.sent"},
        "no operation is called 'ubill.sms.sent'. Did you mean 'ubill.sms.send'?",
    ),
    (
        "create_workspace",
        {"scenario": "mine.yaml"},
        "'mine.yaml' is not the name of a scenario; to use a document, call use_scenario",
    ),
    ("fire_callback", {"id": 7}, "/id: no callback has the id '7'"),
]


@pytest.mark.parametrize(("tool", "arguments", "reason"), WRONG)
async def test_a_wrong_call_says_what_would_be_right(
    agent: Agent, tool: str, arguments: dict[str, object], reason: str
) -> None:
    assert await agent.refused(tool, **arguments) == reason


async def test_an_unknown_tool_is_answered_with_the_nearest(agent: Agent) -> None:
    async with agent.connect() as client:
        with pytest.raises(MCPError, match=r"^no tool is called 'get_mesage'\. Did you mean 'get_message'\?$"):
            await client.call_tool("get_mesage", {})


async def test_pages_follow_each_other_by_their_cursor(agent: Agent) -> None:
    for place in range(3):
        await agent.send(BETATEL_SMS.with_values(to=f"3876193030{place}"))
    first = await agent.use("list_messages", limit=2)
    second = await agent.use("list_messages", limit=2, cursor=first["next"])
    requests = await agent.use("list_requests", limit=1)

    assert (
        [each["to"] for each in (*first["items"], *second["items"])],
        "next" in second,
        (len(requests["items"]), "next" in requests),
    ) == (["38761930302", "38761930301", "38761930300"], False, (1, True))


@pytest.mark.parametrize(
    ("provider", "sms"), [("betatel", BETATEL_SMS), ("smsbuddy", SMSBUDDY_SMS), ("ubill", UBILL_SMS)]
)
async def test_no_result_has_a_key_or_the_control_token(agent: Agent, provider: str, sms: Sms) -> None:
    made = await agent.use("create_workspace")
    key, own = next(iter(made["keys"][provider].values())), {"workspace": made["id"]}
    await agent.send(sms.with_values(key=key) if sms.form else sms, x_api_key=key, key=key)
    results = [
        await agent.use("list_messages", **own),
        await agent.use("get_message", **own),
        await agent.use("list_requests", **own),
        await agent.use("explain_request", **own),
    ]
    text = json.dumps(results)

    assert (len(results[0]["items"]), key in text, TOKEN in text, TOKEN in json.dumps(made)) == (1, False, False, False)


@pytest.mark.parametrize(
    ("body", "masked"),
    [
        ("to=387&key=topsecret&text=my+key:1", "to=387&key=to…&text=my+key:1"),
        ('{"x-api-key": "topsecret", "text": "key: 4829"}', '{"x-api-key": "to…", "text": "key: 4829"}'),
        ("<sms><key>topsecret</key><to>387</to></sms>", "<sms><key>to…</key><to>387</to></sms>"),
        ("monkey=business", "monkey=business"),
    ],
)
def test_keys_in_a_body_are_masked_and_nothing_else(body: str, masked: str) -> None:
    assert mask_keys(body, ["key", "x-api-key"]) == masked


async def test_a_long_body_is_cut_and_says_how_much_is_left_out(agent: Agent) -> None:
    await agent.send(BETATEL_SMS.with_values(text="x" * 5_000))
    body = (await agent.use("explain_request"))["body"]

    assert (len(body), body[3_999:]) == (4_024, "x… (1053 more characters)")


async def test_an_explanation_has_the_errors_of_the_replys_status_and_a_request_that_works(agent: Agent) -> None:
    await agent.send(BETATEL_SMS.with_values(to="12"))
    found = await agent.use("explain_request")
    operation, (example,) = found["operation"], found["operation"]["examples"]
    async with (
        aiohttp.ClientSession() as session,
        session.request(example["method"], example["url"], headers=example["headers"], data=example["body"]) as reply,
    ):
        works = reply.status

    assert (
        found["request"]["status"],
        [each["name"] for each in operation["errors"]],
        [each["name"] for each in operation["parameters"]],
        works,
    ) == (400, ["invalid"], ["from", "to", "text"], 200)


async def test_a_request_for_no_operation_is_explained_by_the_nearest(agent: Agent) -> None:
    await agent.send(Sms("/api/smpp/client/sent", {}))
    found = await agent.use("explain_request")

    assert ("operation" in found, "Nearest: POST /api/smpp/client/send" in found["request"]["why"][0]) == (False, True)


@pytest.mark.parametrize("name", ["betatel.balance", "betatel.sms.send", "ubill.sms.send", "smsbuddy.otp.create"])
async def test_an_operation_is_described_in_less_than_20_kilobytes(agent: Agent, name: str) -> None:
    described = await agent.use("describe_provider", operation=name)

    assert len(json.dumps(described)) < 20_000


async def test_a_document_is_never_taken_for_the_name_of_a_file(agent: Agent, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("name: mine\n")
    checked = await agent.use("check_scenario", document=str(file))

    assert (checked["valid"], checked["mistakes"][0]["line"]) == (False, 1)


async def test_a_document_is_used(agent: Agent) -> None:
    used = await agent.use("use_scenario", document="name: mine\nrules: [{name: down, then: {reply: {status: 503}}}]\n")
    known = await agent.use("list_scenarios")

    assert (used["name"], used["rules"], known["used"]) == ("mine", ["down: a custom reply with status 503"], "mine")


async def test_every_resource_that_is_listed_can_be_read(agent: Agent) -> None:
    async with agent.connect() as client:
        listed = [each.uri for each in (await client.list_resources()).resources]
    pages = [each for each in listed if "/docs/" in each]
    read = [await agent.read(each) for each in listed if each not in pages or each.endswith("/clock")]

    assert (pages, {each.uri: (each.mime_type, each.text[:9]) for each in read}) == (
        [f"sandbox://docs/{name}" for name in PAGES],
        {
            "sandbox://docs/clock": ("text/markdown", "# Clock\n\n"),
            "sandbox://providers/betatel": ("application/yaml", "openapi: "),
            "sandbox://providers/smsbuddy": ("application/yaml", "openapi: "),
            "sandbox://providers/ubill": ("application/yaml", "openapi: "),
            "sandbox://schemas/scenario": ("application/json", '{"$schema'),
            "sandbox://schemas/provider": ("application/json", '{"$schema'),
        },
    )


async def test_a_resource_that_does_not_exist_is_answered_with_the_nearest(agent: Agent) -> None:
    async with agent.connect() as client:
        with pytest.raises(MCPError, match=r"Did you mean 'sandbox://docs/clock'\?$"):
            await client.read_resource("sandbox://docs/clocks")


async def test_the_prompt_names_the_provider_and_the_flow(agent: Agent) -> None:
    async with agent.connect() as client:
        (listed,) = (await client.list_prompts()).prompts
        found = await client.get_prompt(listed.name, {"provider": "ubill", "flow": "sign up with a code"})
    content = found.messages[0].content
    assert isinstance(content, TextContent)

    assert content.text.startswith("Test how this application does this: sign up with a code, with ubill replaced")


@pytest.mark.parametrize("text", [TEXT, INSTRUCTIONS, *(each.description or "" for each in DESCRIPTIONS)])
def test_every_tool_that_a_text_names_exists(text: str) -> None:
    named = set(re.findall(r"\b(?:[a-z]+_)+[a-z]+\b", text)) - {"test_my_integration"}

    assert named - set(TOOLS) == set()


def test_every_tool_says_when_to_use_it() -> None:
    assert [each.name for each in DESCRIPTIONS if "Use it" not in (each.description or "")] == []


def test_every_argument_is_described() -> None:
    silent = [
        (each.name, name)
        for each in DESCRIPTIONS
        for name, schema in each.input_schema["properties"].items()
        if "description" not in schema
    ]

    assert silent == []


def test_the_tools_weigh_less_than_40_kilobytes() -> None:
    assert sum(len(each.model_dump_json(by_alias=True, exclude_none=True)) for each in DESCRIPTIONS) < 40_000


def test_the_page_has_every_tool_in_its_own_words() -> None:
    assert re.findall(r"^\| `(\w+)` \| (.+) \|$", PAGE, re.MULTILINE) == [
        (each.name, each.description) for each in DESCRIPTIONS
    ]


def test_the_files_for_hosts_start_a_command_that_exists() -> None:
    blocks = re.findall(r"^```(json|toml)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    read = [json.loads(text) if kind == "json" else tomllib.loads(text) for kind, text in blocks]
    servers = [server for each in read for named in each.values() for server in named.values()]
    started = [each for each in servers if "command" in each]
    for each in started:
        command = commands.commands[each["args"][0]]
        command.make_context(command.name, each["args"][1:])

    assert (len(servers), {each["command"] for each in started}) == (4, {"sms-sandbox"})
