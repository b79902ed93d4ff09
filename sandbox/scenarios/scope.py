"""The operations that a rule applies to, the channels and errors of their providers, and how a rule refuses."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from fnmatch import fnmatchcase
from functools import cached_property

from sandbox.core.effects import Rate
from sandbox.core.errors import near_miss
from sandbox.core.message import Channel
from sandbox.providers.registry import Pack, Registry
from sandbox.scenarios.value_readers import read_choice, read_count, read_duration
from sandbox.scenarios.yaml_node import Fields, Node
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


RATE_KEYS = ("limit", "per", "error", "by")
RATE_BY = ("account", "workspace")


def read_error(node: Node, scope: Scope) -> Mapping[str, str]:
    """Read the name or code of an error; return its name by operation.

    A rule that names neither provider nor operation applies to the providers that have the error.
    """
    given = node.value
    if isinstance(given, bool) or not isinstance(given, str | int):
        node.fail_type("the name or code of an error")
    code = int(given) if str(given).isascii() and str(given).isdecimal() else None
    codes = {str(given), str(code)}  # a code may be a word, too
    found: dict[str, str] = {}
    lacking: dict[str, list[str]] = {}
    for pack, operation in scope.operations:
        known = errors_of(pack, operation)
        name = (
            given if given in known else next((each.name for each in known.values() if str(each.code) in codes), None)
        )
        if isinstance(name, str):
            found[operation.name] = name
        else:
            words = [str(each.code) for each in known.values() if code is not None or isinstance(each.code, str)]
            words += [] if code is not None else list(known)
            lacking.setdefault(pack.spec.name, []).extend(words)
    if lacking and (scope.named or not found):
        provider, words = next(iter(lacking.items()))
        what = "with the code" if code is not None else "called"
        node.fail(f"{provider} has no error {what} '{given}'.{near_miss(str(given), {*words})}")
    return found


def read_rate(node: Node, scope: Scope) -> Rate:
    """Read a rate limit."""
    fields = node.fields(RATE_KEYS, what="rate")
    for name in ("limit", "per", "error"):
        fields.need(name, f"rate needs {name}: write {{limit: 10, per: 1m, error: too-many-requests}}")
    errors: Mapping[str, str] = fields.read("error", lambda each: read_error(each, scope), {})
    packs = {operation.name: pack for pack, operation in scope.operations}
    return Rate(
        limit=fields.read("limit", read_count, 1),
        per=fields.read("per", _read_period, timedelta(minutes=1)),
        error=errors,
        apart=fields.read("by", lambda each: read_choice(each, RATE_BY, what="way to count"), RATE_BY[0]) == RATE_BY[0],
        announced=frozenset(name for name, each in errors.items() if has_retry_after(packs[name], name, each)),
    )


def _read_period(node: Node) -> timedelta:
    """Read a duration above 0."""
    value = read_duration(node)
    if not value:
        node.fail("the duration must be longer than 0")
    return value
