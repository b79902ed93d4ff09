"""Providers and their operations, in words for an agent: paths, parameters, errors, statuses and examples."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from sandbox.agents.results import (
    ErrorResult,
    ExampleResult,
    OperationResult,
    ParameterResult,
    ProviderResult,
)
from sandbox.client import Provider
from sandbox.demo.request_templates import sample_requests

Operation = Mapping[str, Any]  # as the control API describes one

EXAMPLES = 2  # of an operation


def find_operation(providers: Iterable[Provider], name: str | None) -> tuple[Provider, Operation] | None:
    """Return an operation by its name, with its provider; None if there is none."""
    for provider in providers:
        for operation in provider.operations:
            if operation["name"] == name:
                return provider, operation
    return None


def describe_provider(provider: Provider) -> ProviderResult:
    """Return a provider with its operations, its words for the statuses, and its settings."""
    return ProviderResult.of(
        provider,
        operations=tuple(map(summarize_operation, provider.operations)),
        statuses={
            str(channel["name"]): {each["status"]: each["says"] for each in _items(channel["statuses"])}
            for channel in provider.channels
        },
        settings={
            str(each["name"]): f"{each['description']} Default: {encode(each['default'])}" for each in provider.settings
        },
    )


def summarize_operation(operation: Operation) -> OperationResult:
    """Return an operation with its paths."""
    return OperationResult(
        name=operation["name"],
        summary=operation["summary"],
        channel=operation["channel"],
        calls=tuple(f"{call['method']} {call['path']}" for call in operation["calls"]),
        word=operation["word"],
    )


def describe_operation(
    provider: Provider, operation: Operation, *, url: str, status: int | None = None
) -> OperationResult:
    """Return an operation with its parameters, errors and examples; with a `status`, the errors of that one alone.

    `url` is that of the sandbox.
    """
    parameters = {
        (each["name"], each["in"]): ParameterResult.model_validate({**each, "place": each["in"]})
        for call in operation["calls"]
        for each in call["parameters"]
    }
    errors = [
        ErrorResult.model_validate(each) for each in operation["errors"] if status is None or each["status"] == status
    ]
    return summarize_operation(operation).model_copy(
        update={
            "parameters": tuple(parameters.values()),
            "errors": tuple(errors),
            "examples": tuple(_examples(provider, operation, url))[:EXAMPLES],
        }
    )


def mask_keys(body: str, names: Iterable[str]) -> str:
    """Return a body as form fields, JSON or XML, with the values of some fields masked; the server masks the rest."""
    fields = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
    opening = rf"""(?:^|&)(?:{fields})=|"(?:{fields})"\s*:\s*"?|<(?:{fields})>\s*"""
    return re.sub(rf"""({opening})([^&"<\s]{{1,2}})[^&"<\s]*""", r"\1\2…", body)


def _examples(provider: Provider, operation: Operation, url: str) -> Iterator[ExampleResult]:
    """Yield the documented requests of an operation that sends messages."""
    for sample in sample_requests(replace(provider, operations=(operation,))):
        request = sample.render(lambda _, value: value)
        yield ExampleResult(method=request.method, url=url + request.target, headers=request.headers, body=request.body)


def encode(value: object) -> str:
    """Return a value as JSON."""
    return json.dumps(value, ensure_ascii=False, default=float)


def _items(value: object) -> Iterable[Mapping[str, str]]:
    return value if isinstance(value, list | tuple) else ()
