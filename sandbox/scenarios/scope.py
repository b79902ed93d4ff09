"""The operations that a rule applies to, and the errors and channels of their providers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property

from sandbox.core.errors import near_miss
from sandbox.core.message import Channel
from sandbox.providers.registry import Pack, Registry
from sandbox.scenarios.yaml_node import Fields
from sandbox.specs.spec import Operation
from sandbox.specs.types import ErrorReply


@dataclass(frozen=True)
class Scope:
    """Operations, each with its pack.

    `named`: the rule names a provider or operation, so each operation must have the errors that the rule names.
    """

    operations: tuple[tuple[Pack, Operation], ...]
    named: bool = True

    @cached_property
    def names(self) -> frozenset[str]:
        """The names of the operations."""
        return frozenset(operation.name for _, operation in self.operations)

    @cached_property
    def sending(self) -> "Scope":
        """The operations that send messages."""
        return Scope(tuple(each for each in self.operations if each[1].channel is not None), self.named)

    @cached_property
    def channels(self) -> Mapping[str, Channel]:
        """The channels that the operations send on, by names such as `betatel.sms`."""
        return {
            f"{pack.spec.name}.{operation.channel.name}": operation.channel
            for pack, operation in self.operations
            if operation.channel is not None
        }


class Catalogue:
    """The providers and operations that rules can name; scopes are cached, because many rules share one."""

    def __init__(self, packs: Registry) -> None:
        self.packs = packs
        self.number_plans = {name: pack.spec.home for name, pack in packs.items() if pack.spec.home}
        self._scopes: dict[tuple[str, str, bool], Scope] = {}

    def scope(self, fields: Fields, *, provider: str, operation: str) -> Scope:
        """Return the operations that two globs match; a glob that matches none is a mistake at its key."""
        named = "provider" in fields or "operation" in fields
        known = self._scopes.get((provider, operation, named))
        if known is None:
            known = self._find(fields, provider, operation)
            if known.operations:
                self._scopes[provider, operation, named] = known
        return known

    def _find(self, fields: Fields, provider: str, operation: str) -> Scope:
        served = {name: pack for name, pack in self.packs.items() if fnmatchcase(name, provider)}
        if not served:
            fields.add_mistake("provider", f"no provider is called '{provider}'.{near_miss(provider, self.packs)}")
            return Scope(())
        every = [(pack, each) for pack in served.values() for each in pack.spec.operations.values()]
        found = tuple((pack, each) for pack, each in every if fnmatchcase(each.name, operation))
        if not found:
            whose = f" of {provider}" if "provider" in fields else ""
            names = [each.name for _, each in every]
            fields.add_mistake(
                "operation", f"no operation{whose} is called '{operation}'.{near_miss(operation, names)}"
            )
        return Scope(found, "provider" in fields or "operation" in fields)


def errors_of(pack: Pack, operation: Operation) -> dict[str, ErrorReply]:
    """Return the errors of an operation by name, followed by those of its provider's other operations."""
    found = dict(operation.errors)
    for other in pack.spec.operations.values():
        for name, error in other.errors.items():
            found.setdefault(name, error)
    return found


def has_retry_after(pack: Pack, operation: str, error: str) -> bool:
    """Return whether the spec gives an operation's error a Retry-After header."""
    for item in pack.spec.document["paths"].values():
        for node in item.values():
            if isinstance(node, dict) and node.get("x-operation") == operation:
                return any(_declares_retry_after(response, error) for response in node.get("responses", {}).values())
    return False


def _declares_retry_after(response: dict[str, dict[str, dict[str, Iterable[str]]]], error: str) -> bool:
    names = {name for content in response.get("content", {}).values() for name in content.get("examples", ())}
    return error in names and "Retry-After" in response.get("headers", {})
