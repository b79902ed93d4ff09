"""The specs as the tests of them read them."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import pytest

from sandbox.formats.yaml_files import load, shipped
from sandbox.specs.compile import operations_of
from tests.builders import packs

Node = dict[str, Any]
PROVIDERS = ("betatel", "smsbuddy", "ubill")


@cache
def raw(provider: str) -> Node:
    """Return a spec as its file has it."""
    document = load(shipped("specs") / f"{provider}.yaml")
    assert isinstance(document, dict)
    return document


def resolved(provider: str) -> Mapping[str, Any]:
    """Return a spec with its references written out."""
    return packs()[provider].spec.document


def operations() -> Iterator[tuple[str, str, str, Node]]:
    """Return provider, method, path and node of every operation."""
    for provider in PROVIDERS:
        for method, path, node in operations_of(resolved(provider)):
            yield provider, method, path, node


OPERATIONS = [pytest.param(node, id=node["operationId"]) for _, _, _, node in operations()]


def errors(node: Node) -> Iterator[tuple[str, Node, Node]]:
    """Return name, example and schema of every error of an operation."""
    for response in node["responses"].values():
        for content in response.get("content", {}).values():
            for name, example in content.get("examples", {}).items():
                if "x-code" in example:
                    yield name, example, content["schema"]
