"""The resources: provider documents, the schemas of files, and the documentation, below `sandbox://`."""

import json

from mcp.types import Resource, ResourceTemplate, TextResourceContents

from sandbox.client import AsyncClient
from sandbox.client.call import JSON, YAML, ApiCall
from sandbox.client.codec import path, plain_text
from sandbox.client.errors import Mistake, NotFoundError
from sandbox.core.errors import near_miss
from sandbox.docs.site import PAGES, description_of, title_of

MARKDOWN = "text/markdown"
SCHEME = "sandbox://"
SCHEMAS = {"scenario": "Keys of scenario files", "provider": "Keys of provider documents"}

KNOWN = [f"{SCHEME}{name}" for name in (*(f"docs/{page}" for page in PAGES), *(f"schemas/{kind}" for kind in SCHEMAS))]

TEMPLATES = (
    ResourceTemplate(
        name="docs",
        uri_template=f"{SCHEME}docs/{{page}}",
        description="A page of the documentation.",
        mime_type=MARKDOWN,
    ),
    ResourceTemplate(
        name="providers",
        uri_template=f"{SCHEME}providers/{{provider}}",
        description="The document of a provider: OpenAPI with the source of each fact.",
        mime_type=YAML,
    ),
    ResourceTemplate(
        name="schemas",
        uri_template=f"{SCHEME}schemas/{{kind}}",
        description="The JSON Schema of a kind of file: scenario or provider.",
        mime_type=JSON,
    ),
)


async def list_resources(client: AsyncClient) -> list[Resource]:
    """Return every resource of a server."""
    return [
        *(
            Resource(
                name=f"docs/{name}",
                uri=f"{SCHEME}docs/{name}",
                title=title_of(name),
                description=description_of(name),
                mime_type=MARKDOWN,
            )
            for name in PAGES
        ),
        *(
            Resource(
                name=f"providers/{each.name}",
                uri=f"{SCHEME}providers/{each.name}",
                title=each.title,
                description="The provider's OpenAPI document, with the source of each fact.",
                mime_type=YAML,
            )
            for each in await client.providers()
        ),
        *(
            Resource(name=f"schemas/{kind}", uri=f"{SCHEME}schemas/{kind}", title=title, mime_type=JSON)
            for kind, title in SCHEMAS.items()
        ),
    ]


async def read_resource(client: AsyncClient, uri: str) -> TextResourceContents:
    """Return the text of a resource.

    Raises:
        NotFoundError: there is none at this address.

    """
    kind, _, name = uri.removeprefix(SCHEME).partition("/")
    match kind, name:
        case "docs", _ if name in PAGES:
            page: ApiCall[str] = ApiCall("GET", path("docs", f"{name}.md"), plain_text, scoped=False)
            return TextResourceContents(uri=uri, text=await client.execute(page), mime_type=MARKDOWN)
        case "providers", _:
            return TextResourceContents(uri=uri, text=await client.provider_document(name), mime_type=YAML)
        case "schemas", "scenario":
            value = await client.scenario_schema()
        case "schemas", "provider":
            value = await client.provider_schema()
        case _:
            raise NotFoundError((Mistake("", f"there is no resource at {uri}.{near_miss(uri, KNOWN)}"),))
    return TextResourceContents(uri=uri, text=json.dumps(value, default=float, ensure_ascii=False), mime_type=JSON)
