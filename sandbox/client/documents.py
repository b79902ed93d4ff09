"""Calls that return a document as it is: metrics, the description of the API, providers' documents, and schemas."""

from collections.abc import Mapping

from sandbox.client.call import ApiCall
from sandbox.client.codec import mapping_of, path, plain_text


def metrics() -> ApiCall[str]:
    """Return the metrics of the whole server in the Prometheus text format."""
    return ApiCall("GET", path("metrics"), plain_text, scoped=False)


def openapi() -> ApiCall[Mapping[str, object]]:
    """Return the OpenAPI document of this API; needs no token."""
    return ApiCall("GET", path("openapi.json"), mapping_of(object), scoped=False)


def scenario_schema() -> ApiCall[Mapping[str, object]]:
    """Return the JSON Schema of scenario files; needs no token."""
    return ApiCall("GET", path("schemas", "scenario.json"), mapping_of(object), scoped=False)


def provider_schema() -> ApiCall[Mapping[str, object]]:
    """Return the JSON Schema of provider documents; needs no token."""
    return ApiCall("GET", path("schemas", "provider.json"), mapping_of(object), scoped=False)


def provider_document(provider: str) -> ApiCall[str]:
    """Return the document that a provider is made of, as YAML: OpenAPI, with the source of each fact.

    Raises:
        NotFoundError: no provider has this name.

    """
    return ApiCall("GET", path("providers", provider, "document"), plain_text, scoped=False)
