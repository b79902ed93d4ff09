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


def _template(name: str, parameter: str, description: str, mime_type: str) -> ResourceTemplate:
    uri = f"{SCHEME}{name}/{{{parameter}}}"
    return ResourceTemplate(name=name, uri_template=uri, description=description, mime_type=mime_type)


TEMPLATES = (
    _template("docs", "page", "A page of the documentation.", MARKDOWN),
    _template("providers", "provider", "The document of a provider: OpenAPI with the source of each fact.", YAML),
    _template("schemas", "kind", "The JSON Schema of a kind of file: scenario or provider.", JSON),
)


def _resource(name: str, title: str, mime_type: str, description: str | None = None) -> Resource:
    return Resource(name=name, uri=SCHEME + name, title=title, description=description, mime_type=mime_type)


async def list_resources(client: AsyncClient) -> list[Resource]:
    """Return every resource of a server."""
    about = "The provider's OpenAPI document, with the source of each fact."
    return [
        *(_resource(f"docs/{name}", title_of(name), MARKDOWN, description_of(name)) for name in PAGES),
        *(_resource(f"providers/{each.name}", each.title, YAML, about) for each in await client.providers()),
        *(_resource(f"schemas/{kind}", title, JSON) for kind, title in SCHEMAS.items()),
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
