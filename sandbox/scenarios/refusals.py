"""Reads how a rule refuses requests: the provider's errors, and rate limits."""

from collections.abc import Mapping
from datetime import timedelta

from sandbox.core.effects import Rate
from sandbox.core.errors import near_miss
from sandbox.scenarios.scope import Scope, errors_of, has_retry_after
from sandbox.scenarios.value_readers import read_choice, read_count, read_duration
from sandbox.scenarios.yaml_node import Node

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
        if name not in fields:
            fields.add_mistake(name, f"rate needs {name}: write {{limit: 10, per: 1m, error: too-many-requests}}")
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
