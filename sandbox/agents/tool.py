"""A tool: a function that calls the client, with the schemas of its arguments and its result.

The signature of the function is the schema of the arguments, its docstring says when to use it, and its return type is
the schema of the result.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from inspect import Parameter, getdoc, signature
from typing import Annotated, Any, get_type_hints

from mcp.types import CallToolResult, TextContent, ToolAnnotations
from mcp.types import Tool as ToolDescription
from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from sandbox.agents.results import Result
from sandbox.client import AsyncClient
from sandbox.core.errors import SandboxError, near_miss

WORKSPACE = "workspace"
NULL = {"type": "null"}
WorkspaceId = Annotated[
    str | None, Field(description="id of a workspace from create_workspace (default: the one of this connection)")
]


@dataclass(frozen=True, slots=True)
class Sandbox:
    """The workspace that a tool is about: `client` calls it, and an application that is tested reaches it at `url`."""

    client: AsyncClient
    url: str

    def workspace(self, name: str | None) -> "Sandbox":
        """Return another workspace of the same server; the same one if none is named."""
        return self if name is None else Sandbox(self.client.workspace(name), self.url)


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool: its name, its function and its schemas. One that is `scoped` takes the id of a workspace, too."""

    name: str
    description: str
    function: Callable[..., Awaitable[Result]]
    arguments: type[BaseModel]
    result: type[Result]
    annotations: ToolAnnotations
    scoped: bool

    def describe(self) -> ToolDescription:
        """Return the tool as an agent sees it."""
        return ToolDescription(
            name=self.name,
            description=self.description,
            input_schema=short(self.arguments.model_json_schema()),
            output_schema=short(self.result.model_json_schema()),
            annotations=self.annotations,
        )

    async def call(self, sandbox: Sandbox, given: Mapping[str, object]) -> CallToolResult:
        """Call the tool with arguments as they came; a refusal is a result that is marked as an error."""
        try:
            read = self.arguments.model_validate(given)
            arguments = {name: getattr(read, name) for name in self.arguments.model_fields}
            workspace = arguments.pop(WORKSPACE, None) if self.scoped else None
            result = await self.function(sandbox.workspace(workspace), **arguments)
        except ValidationError as error:
            return refusal("; ".join(self._describe(each) for each in error.errors(include_url=False)))
        except SandboxError as error:
            return refusal(str(error))
        text = result.model_dump_json(exclude_none=True)
        return CallToolResult(
            content=[TextContent(type="text", text=text)],
            structured_content=result.model_dump(mode="json", exclude_none=True),
        )

    def _describe(self, mistake: Mapping[str, Any]) -> str:
        """Return what is wrong with an argument."""
        name = ".".join(map(str, mistake["loc"]))
        if mistake["type"] == "extra_forbidden":
            return f"{name}: there is no such argument.{near_miss(name, self.arguments.model_fields)}"
        return f"{name}: {mistake['msg']}"


def refusal(text: str) -> CallToolResult:
    """Return the result that says why a call was refused."""
    return CallToolResult(content=[TextContent(type="text", text=text)], is_error=True)


def make_tool(
    function: Callable[..., Awaitable[Result]], *, changes: bool = False, deletes: bool = False, scoped: bool = True
) -> Tool:
    """Return the tool that a function is.

    Args:
        function: it is called with the sandbox and with its arguments by name.
        changes: whether it changes the sandbox.
        deletes: whether it deletes what is there.
        scoped: whether it is about one workspace, so that it takes the id of one.

    """
    hints = get_type_hints(function, include_extras=True)
    fields: dict[str, Any] = {
        name: (hints[name], Field() if parameter.default is Parameter.empty else parameter.default)
        for name, parameter in list(signature(function).parameters.items())[1:]  # without the sandbox
    }
    if scoped:
        fields[WORKSPACE] = (WorkspaceId, None)
    name = function.__name__
    return Tool(
        name=name,
        description=" ".join((getdoc(function) or "").split()),
        function=function,
        arguments=create_model(name, __config__=ConfigDict(extra="forbid"), **fields),
        result=hints["return"],
        annotations=ToolAnnotations(read_only_hint=not changes, destructive_hint=deletes, open_world_hint=False),
        scoped=scoped,
    )


def short(schema: Any) -> Any:  # noqa: ANN401 - a JSON Schema
    """Return a schema without what an agent need not read: titles made of names, and null for what is left out."""
    if isinstance(schema, list):
        return [short(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {key: short(each) for key, each in schema.items() if key != "title" or not isinstance(each, str)}
    options = [each for each in plain.get("anyOf", ()) if each != NULL]
    if len(options) == 1:  # a union with null alone
        del plain["anyOf"]
        plain = {**options[0], **plain}
    if plain.get("default", ...) is None:
        del plain["default"]
    return plain
