"""Templates in replies: what they see, and the errors of those that fail. Jinja is imported with the first of them.

Nothing in them is left to chance: `uuid()`, `make_ulid()` and `fake` are drawn from the seed and the request's number.
"""

from collections.abc import Callable, Mapping
from itertools import count
from uuid import UUID

from sandbox.core.effects import TemplateContext
from sandbox.core.errors import SandboxError, near_miss
from sandbox.core.seeded_random import draw_bytes, make_ulid
from sandbox.scenarios.value_readers import text
from sandbox.scenarios.yaml_node import Node

NAMES = ("request", "message", "account", "now", "fake", "uuid", "ulid")
LONGEST_REASON = 500  # characters of an error's own text

Context = Mapping[str, object]
Render = Callable[[Context], str]


class TemplateFailedError(SandboxError):
    """A template that met something it cannot deal with; the text says where and what."""


def is_template(value: str) -> bool:
    """Whether a text has anything for a template to do."""
    return "{{" in value or "{%" in value


def template(node: Node) -> tuple[Render, frozenset[str]]:
    """Read a template; return it with the names of ours that it uses."""
    # 40 ms, for those who have templates.
    from jinja2 import TemplateSyntaxError  # noqa: PLC0415 - as above

    from sandbox.templates.environment import environment, render  # noqa: PLC0415 - as above

    source, place = text(node), node.sheet.document.place(node.path)
    try:
        compiled, used = environment().read(source)
    except TemplateSyntaxError as error:
        node.refuse(f"the template does not parse: {error.message}")
    except RecursionError:
        node.refuse("the template is nested too deeply")
    except (SyntaxError, MemoryError, ValueError, OverflowError) as error:  # of Python's compiler, behind Jinja's
        node.refuse(f"the template does not compile: {_reason(error)}")
    for name in sorted(used - set(NAMES)):
        node.refuse(f"templates have nothing called '{name}'.{near_miss(name, NAMES)}")
    if "fake" in used:
        _fake_data_class()

    def rendered(context: Context) -> str:
        try:
            written = render(compiled, context)
            return written if written.isascii() else written.encode("utf-8", "replace").decode()  # half a surrogate
        except Exception as error:  # noqa: BLE001 - templates reach Jinja, Faker and Python: each may raise anything
            message = f"{place}: the template failed: {_reason(error)}"
            raise TemplateFailedError(message) from None

    return rendered, frozenset(used)


def _reason(error: Exception) -> str:
    """Return the class and text of an error; the text may quote a value of the template, of any length."""
    try:
        said = str(error)
    except Exception:  # noqa: BLE001 - a text that cannot be made is no reason to fail once more
        said = ""
    if len(said) > LONGEST_REASON:
        said = f"{said[:LONGEST_REASON]}…"
    said = said.encode("utf-8", "replace").decode()
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def context_of(scene: TemplateContext, names: frozenset[str]) -> Context:
    """Return what the templates of one reply see; samples are made where `names` has them alone."""
    return {
        "request": scene.request,
        "message": scene.message,
        "account": scene.account,
        "now": scene.at,
        "fake": _fake_data_class()(scene.seed, scene.number, scene.at) if "fake" in names else None,
        "uuid": _uuids(scene),
        "ulid": _ulids(scene),
    }


def _fake_data_class() -> Callable[..., object]:
    """Return the class of `fake`, ready for use: Faker takes 100 ms and 20 MB, too much for the budget of a reply."""
    from sandbox.templates.fake_data import FakeData, prepare  # noqa: PLC0415 - for those who use it

    prepare()
    return FakeData


def _uuids(scene: TemplateContext) -> Callable[[], str]:
    places = count()
    return lambda: str(UUID(bytes=draw_bytes(scene.seed, scene.number, f"template uuid {next(places)}", 16), version=4))


def _ulids(scene: TemplateContext) -> Callable[[], str]:
    places = count()
    return lambda: make_ulid(scene.at, draw_bytes(scene.seed, scene.number, f"template ulid {next(places)}", 10))
