"""The variables of templates in a provider document, and how each is shown to a template."""

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any, NamedTuple

from sandbox.core.account import Account
from sandbox.core.message import Message
from sandbox.providers.behaviours.fields import (
    ACCOUNT,
    CALLBACK,
    MESSAGE,
    SEND,
    TARGET,
    Fields,
    FieldView,
    Lenient,
    MessageViews,
)
from sandbox.providers.behaviours.scope import NOTHING, Scope
from sandbox.specs.body_parsing import UnreadableError, gather, pairs
from sandbox.templates.text import random_variables

PAGE = ("number", "size", "total", "pages", "has_next", "has_previous", "offset", "sort_by", "order")
CODE = ("result", "to", "tries_left")


ERROR = ("name", "code", "status", "message", "why", "parameter")


class Variable(NamedTuple):
    """A variable; `fields` are its members, `names` the members of a mapping, both None if any name may be read."""

    get: Callable[[Scope], Any]
    fields: Fields | None = None
    names: tuple[str, ...] | None = None


def _bound(name: str) -> Callable[[Scope], Any]:
    return lambda scope: scope.bound[name]


def _account(scope: Scope) -> Account | None:
    """Return the account of the call, or that of the message which a callback is about."""
    message = scope.message
    if scope.call is not None or not isinstance(message, Message):
        return scope.account
    return scope.world.accounts.get((message.provider, message.account))


def _parameters(scope: Scope) -> Mapping[str, object]:
    return scope.call.values if scope.call else NOTHING


def _request(scope: Scope) -> Mapping[str, object]:
    call = scope.call
    if call is None or call.request is None:
        return NOTHING
    try:
        query = gather(pairs(call.request.query))
    except UnreadableError:
        query = {}
    return {
        "method": call.request.method,
        "path": call.request.path,
        "query": Lenient(query),
        "headers": Lenient(call.headers),
        "body": Lenient({name: value for name, value in call.values.items() if name not in call.headers}),
    }


VARIABLES: Mapping[str, Variable] = {
    "message": Variable(attrgetter("message"), MESSAGE),
    "messages": Variable(attrgetter("messages")),
    "account": Variable(_account, ACCOUNT),
    "parameters": Variable(_parameters),
    "request": Variable(_request, names=("method", "path", "query", "headers", "body")),
    "settings": Variable(attrgetter("settings")),
    "now": Variable(attrgetter("at")),
    "send": Variable(_bound("send"), SEND),
    "refused": Variable(_bound("refused")),
    "page": Variable(_bound("page"), names=PAGE),
    "code": Variable(_bound("code"), names=CODE),
    "callback": Variable(attrgetter("report"), CALLBACK),
    "target": Variable(lambda scope: scope.report.target if scope.report is not None else None, TARGET),
    "error": Variable(_bound("error"), names=ERROR),
    "why": Variable(_bound("why")),
    **{name: Variable(_bound(name)) for name in ("url", "method", "body", "pairs")},
    "timestamp": Variable(lambda scope: int(scope.at.timestamp())),
}
MOST_ATTEMPTS = 1000  # of one callback
FAR = 10**12  # the numbers of attempts are far from those of requests
RANDOM = ("uuid", "ulid", "fake")
IN_REQUESTS = ("request", "parameters", "account", "settings", "now", *RANDOM)
IN_CALLBACKS = ("message", "account", "settings", "now", "callback", "target", *RANDOM)


def template_variables(scope: Scope, names: frozenset[str]) -> Mapping[str, object]:
    """Return the variables that a template of Jinja uses."""
    found: dict[str, object] = {}
    for name in names:
        if name in VARIABLES:
            found[name] = _show(scope, name)
        elif name in scope.bound:
            found[name] = scope.bound[name]
    if not names.isdisjoint(RANDOM):
        found.update(_random(scope, names))
    return found


def _random(scope: Scope, names: frozenset[str]) -> Mapping[str, object]:
    """Return what draws invented values; the templates of one reply or attempt go on where the one before ended."""
    drawn = scope.random
    if not drawn or ("fake" in names and drawn["fake"] is None):
        seed, number = _seed(scope)
        more = random_variables(seed, number, scope.at, names)
        drawn.update({name: value for name, value in more.items() if drawn.get(name) is None})
    return drawn


def _seed(scope: Scope) -> tuple[int, int]:
    """Return the seed and the number from which invented values are drawn: another one for each request and attempt."""
    report = scope.report
    if report is not None:
        return scope.world.seed, FAR + report.callback * MOST_ATTEMPTS + report.attempt
    return (scope.call.seed, scope.call.request_number) if scope.call else (scope.world.seed, 0)


def _show(scope: Scope, name: str) -> object:
    variable = VARIABLES[name]
    value = variable.get(scope)
    if name == "messages":
        return MessageViews(scope, value)
    if name == "now":
        return scope.moment(value)
    if name == "parameters":
        return Lenient(value)
    return value if variable.fields is None or value is None else FieldView(scope, value, variable.fields)
