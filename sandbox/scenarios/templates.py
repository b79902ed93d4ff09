"""Templates in replies: Jinja's sandboxed environment, imported when the first scenario with a template is read.

Nothing in it is left to chance: `uuid()`, `ulid()` and `fake` are drawn from the seed and the request's number.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from itertools import count
from typing import TYPE_CHECKING
from uuid import UUID

from sandbox.core.chance import draw_bytes
from sandbox.core.effects import Scene
from sandbox.core.errors import SandboxError
from sandbox.core.ulid import ulid
from sandbox.samples import seeded
from sandbox.scenarios.node import Node, near
from sandbox.scenarios.values import text

if TYPE_CHECKING:
    from jinja2.runtime import Context as Context_
    from jinja2.sandbox import SandboxedEnvironment

NAMES = ("request", "message", "account", "now", "fake", "uuid", "ulid")
LONGEST = 1024 * 1024  # characters that a template may write
UNSEEDED = ("lipsum",)

Context = Mapping[str, object]
Render = Callable[[Context], str]


class TemplateFailedError(SandboxError):
    """A template that met something it cannot deal with; the text says where and what."""


def is_template(value: str) -> bool:
    """Whether a text has anything for a template to do."""
    return "{{" in value or "{%" in value


def template(node: Node) -> tuple[Render, frozenset[str]]:
    """Read a template; return it with the names of ours that it uses."""
    from jinja2 import TemplateError, TemplateSyntaxError, meta  # noqa: PLC0415 - 40 ms, for those who have templates

    source, place, environment = text(node), node.sheet.document.place(node.path), _environment()
    try:
        used = meta.find_undeclared_variables(environment.parse(source)) - set(environment.globals)
        compiled = environment.from_string(source)
    except TemplateSyntaxError as error:
        node.refuse(f"the template does not parse: {error.message}")
    except RecursionError:
        node.refuse("the template is nested too deeply")
    for name in sorted(used - set(NAMES)):
        node.refuse(f"templates have nothing called '{name}'.{near(name, NAMES)}")

    def render(context: Context) -> str:
        try:
            written = "".join(_limited(compiled.generate(context)))
        except (
            TemplateError,
            ArithmeticError,
            AttributeError,
            LookupError,
            TypeError,
            ValueError,
            RecursionError,
        ) as error:
            message = f"{place}: the template failed: {type(error).__name__}: {error}"
            raise TemplateFailedError(message) from None
        return written if written.isascii() else written.encode("utf-8", "replace").decode()  # half a surrogate pair

    return render, frozenset(used)


def context_of(scene: Scene, names: frozenset[str]) -> Context:
    """Return what the templates of one reply see; samples are made where `names` has them alone."""
    return {
        "request": scene.request,
        "message": scene.message,
        "account": scene.account,
        "now": scene.at,
        "fake": seeded(scene.seed, scene.number) if "fake" in names else None,
        "uuid": _uuids(scene),
        "ulid": _ulids(scene),
    }


def _uuids(scene: Scene) -> Callable[[], str]:
    places = count()
    return lambda: str(UUID(bytes=draw_bytes(scene.seed, scene.number, f"template uuid {next(places)}", 16), version=4))


def _ulids(scene: Scene) -> Callable[[], str]:
    places = count()
    return lambda: ulid(scene.at, draw_bytes(scene.seed, scene.number, f"template ulid {next(places)}", 10))


def _limited(chunks: Iterable[str]) -> Iterable[str]:
    room = LONGEST
    for chunk in chunks:
        room -= len(chunk)
        if room < 0:
            message = f"it writes more than {LONGEST} characters"
            raise ValueError(message)
        yield chunk


def _size(operator: str, left: object, right: object) -> int:
    """Return how large a value becomes at the least that `*` or `**` makes."""
    if operator == "**":
        return left.bit_length() * right // 8 if isinstance(left, int) and isinstance(right, int) else 0
    times, value = (left, right) if isinstance(left, int) else (right, left)
    return len(value) * times if isinstance(times, int) and isinstance(value, str | list | tuple | bytes) else 0


@lru_cache(maxsize=1)
def _environment() -> "SandboxedEnvironment":
    from jinja2 import StrictUndefined  # noqa: PLC0415 - as above
    from jinja2.sandbox import ImmutableSandboxedEnvironment  # noqa: PLC0415

    class Environment(ImmutableSandboxedEnvironment):
        """Refuses to make values that are huge."""

        intercepted_binops = frozenset({"*", "**"})

        def call_binop(self, context: "Context_", operator: str, left: object, right: object) -> object:
            size = _size(operator, left, right)
            if size > LONGEST:
                message = f"{operator} makes a value of {size} characters"
                raise ValueError(message)
            return super().call_binop(context, operator, left, right)

    environment = Environment(undefined=StrictUndefined, keep_trailing_newline=True)
    for name in UNSEEDED:
        del environment.globals[name]
    del environment.filters["random"]
    return environment
