"""The MCP server of a sandbox: the SDK's server with tools, resources and prompt, each of which calls the client."""

from typing import Any

from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError
from mcp.types import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    GetPromptRequestParams,
    GetPromptResult,
    ListPromptsResult,
    ListResourcesResult,
    ListResourceTemplatesResult,
    ListToolsResult,
    PaginatedRequestParams,
    ReadResourceRequestParams,
    ReadResourceResult,
)

from sandbox import __version__
from sandbox.agents.prompt import PROMPT, write_prompt
from sandbox.agents.resources import TEMPLATES, list_resources, read_resource
from sandbox.agents.server_tools import SERVER_TOOLS
from sandbox.agents.tool import Sandbox
from sandbox.agents.traffic_tools import TRAFFIC_TOOLS
from sandbox.client import AsyncClient, NotFoundError
from sandbox.core.errors import SandboxError, near_miss

TOOLS = {each.name: each for each in (*TRAFFIC_TOOLS, *SERVER_TOOLS)}
DESCRIPTIONS = [each.describe() for each in TOOLS.values()]

INSTRUCTIONS = """\
sms-sandbox stands in for SMS and WhatsApp providers while an application is tested: the application sends to its URL \
on the providers' own paths, and nothing reaches a phone. describe_provider returns the URL and says how to call a \
provider. create_workspace returns the keys of an isolated sandbox; without one, every key works and belongs to the \
workspace default. freeze_clock and advance_clock replace waiting. If a message is missing, list_requests with \
refused=true and explain_request say why. use_scenario makes providers fail.
"""

Context = ServerRequestContext[Any, Any]


class SandboxTools:
    """The handlers of an MCP server: each calls the client."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    def _url(self, context: Context) -> str:
        """Return the URL at which the agent has reached the server, which the application can reach there, too."""
        request = context.request
        if request is None or "host" not in request.headers:  # on standard input, or in HTTP/1.0
            return self._client.url
        return f"{request.url.scheme}://{request.headers['host']}"

    async def list_tools(self, _: Context, __: PaginatedRequestParams | None) -> ListToolsResult:
        """Return every tool."""
        return ListToolsResult(tools=DESCRIPTIONS)

    async def call_tool(self, context: Context, params: CallToolRequestParams) -> CallToolResult:
        """Return what a tool returns."""
        tool = TOOLS.get(params.name)
        if tool is None:
            raise MCPError(INVALID_PARAMS, f"no tool is called '{params.name}'.{near_miss(params.name, TOOLS)}")
        return await tool.call(Sandbox(self._client, self._url(context)), params.arguments or {})

    async def list_resources(self, _: Context, __: PaginatedRequestParams | None) -> ListResourcesResult:
        """Return every resource."""
        return ListResourcesResult(resources=await list_resources(self._client))

    async def list_templates(self, _: Context, __: PaginatedRequestParams | None) -> ListResourceTemplatesResult:
        """Return the forms of the addresses of resources."""
        return ListResourceTemplatesResult(resource_templates=[*TEMPLATES])

    async def read_resource(self, _: Context, params: ReadResourceRequestParams) -> ReadResourceResult:
        """Return the text of a resource."""
        try:
            return ReadResourceResult(contents=[await read_resource(self._client, params.uri)])
        except SandboxError as error:
            code = INVALID_PARAMS if isinstance(error, NotFoundError) else INTERNAL_ERROR
            raise MCPError(code, str(error), {"uri": params.uri}) from None

    async def list_prompts(self, _: Context, __: PaginatedRequestParams | None) -> ListPromptsResult:
        """Return the prompt."""
        return ListPromptsResult(prompts=[PROMPT])

    async def get_prompt(self, _: Context, params: GetPromptRequestParams) -> GetPromptResult:
        """Return the text of the prompt."""
        if params.name != PROMPT.name:
            raise MCPError(INVALID_PARAMS, f"no prompt is called '{params.name}'; use {PROMPT.name}")
        given = params.arguments or {}
        return write_prompt(given.get("provider"), given.get("flow"))


def make_server(client: AsyncClient) -> "Server[Any]":
    """Return the MCP server of the sandbox that a client calls."""
    tools = SandboxTools(client)
    return Server(
        "sms-sandbox",
        version=__version__,
        title="sms-sandbox",
        instructions=INSTRUCTIONS,
        on_list_tools=tools.list_tools,
        on_call_tool=tools.call_tool,
        on_list_resources=tools.list_resources,
        on_list_resource_templates=tools.list_templates,
        on_read_resource=tools.read_resource,
        on_list_prompts=tools.list_prompts,
        on_get_prompt=tools.get_prompt,
    )
