"""Writes how requests of an imported provider name their account: by security schemes, or by parameters like a key."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from sandbox.authoring.calls import Call
from sandbox.authoring.marks import Source, inferred
from sandbox.authoring.names import KEY_NAMES, SECRET_NAMES, normal
from sandbox.authoring.places import Leaf, leaves_of
from sandbox.authoring.reading import Node, listing, mapping, text_of
from sandbox.authoring.samples import Sampler
from sandbox.authoring.schemas import first_sentence, followed


class Credentials(NamedTuple):
    """`own` is the credential of `x-sandbox`, empty if the security schemes say it all."""

    own: Node
    security: list[Node]
    schemes: Node
    left: tuple[str, ...] = ()


def write_credentials(description: Node, calls: list[Call], source: Source, sampler: Sampler) -> Credentials:
    """Return the credential of a description, of which `calls` are the operations that matter."""
    left: list[str] = []
    schemes: Node = {}
    for name, each in mapping(mapping(description.get("components")).get("securitySchemes")).items():
        scheme = _scheme(followed(description, each))
        if scheme is None:
            left.append(f"the security scheme {name}: the sandbox cannot check it, so it is left out")
            continue
        text = first_sentence(mapping(each).get("description"))
        schemes[name] = {**scheme, **({"description": text} if text else {}), **source.published()}
    asked = next((each.security for each in calls if each.security), description.get("security"))
    security: list[Node] = [{name: [] for name in mapping(each)} for each in listing(asked)]
    security = [each for each in security if each and each.keys() <= schemes.keys()]
    used = {name for each in security for name in each} or set(schemes)
    schemes = {name: each for name, each in schemes.items() if name in used}
    if schemes:
        return Credentials({}, security or [{name: []} for name in schemes], schemes, tuple(left))
    guessed = _guess(calls, sampler)
    if guessed is None:
        left.append("the credential: none was recognized, so all requests are of one account")
        return Credentials({}, [], {}, tuple(left))
    if "all" not in guessed:
        left.append("the credential: only a key was recognized; if there is a secret, write {all: [KEY, SECRET]}")
    return Credentials(
        {"credential": {**guessed, **inferred("a parameter has the name of a key")}}, [], {}, tuple(left)
    )


def _scheme(scheme: Mapping[str, Any]) -> Node | None:
    """Return a scheme that the sandbox checks: a key in a header or the query, Basic, or a bearer token."""
    kind = text_of(scheme.get("type"))
    if kind == "apiKey" and text_of(scheme.get("in")) in {"header", "query"} and text_of(scheme.get("name")):
        return {"type": "apiKey", "in": scheme["in"], "name": scheme["name"]}
    if kind == "http" and text_of(scheme.get("scheme")).lower() in {"basic", "bearer"}:
        return {"type": "http", "scheme": text_of(scheme.get("scheme")).lower()}
    return {"type": "http", "scheme": "bearer"} if kind in {"oauth2", "openIdConnect"} else None


def _guess(calls: list[Call], sampler: Sampler) -> Node | None:
    """Return the credential that the parameters of an operation suggest, None if none does."""
    for call in calls:
        leaves = [each for each in leaves_of(call, sampler) if len(each.steps) == 1 and each.origin != "path"]
        key, secret = _first(leaves, KEY_NAMES), _first(leaves, SECRET_NAMES)
        if key is not None:
            return {"all": [_place(key), _place(secret)]} if secret is not None and secret.required else _place(key)
    return None


def _first(leaves: list[Leaf], names: tuple[str, ...]) -> Leaf | None:
    def ranked() -> Iterator[tuple[int, int]]:
        for place, each in enumerate(leaves):
            if normal(each.steps[0]) in names:
                yield names.index(normal(each.steps[0])), place

    return leaves[min(ranked())[1]] if any(True for _ in ranked()) else None


def _place(leaf: Leaf) -> Node:
    return {leaf.origin if leaf.origin in {"header", "query"} else "body": leaf.steps[0]}
