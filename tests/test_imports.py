"""The directions in which modules may import, read from their source."""

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import sandbox

ROOT = Path(sandbox.__file__).parent
PROVIDERS = "sandbox.providers"
SHARED = ("sandbox.providers.base", "sandbox.providers.registry", "sandbox.providers.behaviours")

# Lower may not import higher. What is not named here is a folder of the same rank throughout.
RANKS = (
    ("sandbox.core",),
    ("sandbox.formats", "sandbox.templates"),
    ("sandbox.specs",),
    ("sandbox.providers.base", "sandbox.provider"),
    ("sandbox.providers",),
    ("sandbox.scenarios",),
    ("sandbox.pipeline", "sandbox.callbacks", "sandbox.store"),
    ("sandbox.engine",),
    ("sandbox.control", "sandbox.docs"),
    ("sandbox.server", "sandbox.inbox"),
    ("sandbox.client",),
    ("sandbox.testing", "sandbox.demo", "sandbox.recording"),
    ("sandbox.drift",),
    ("sandbox.agents",),
    ("sandbox.authoring", "sandbox.learning"),
    ("sandbox.cli", "sandbox.__main__"),
)
LOOSE = {"__init__.py", "__main__.py", "provider.py"}  # the last is what README promises to providers of one's own
MAY_KNOW_AIOHTTP = (
    "sandbox.agents",
    "sandbox.client",
    "sandbox.control",
    "sandbox.demo",
    "sandbox.docs",
    "sandbox.recording",
    "sandbox.server",
    "sandbox.testing",
)
REAL_CLOCK = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today"}
REAL_TIME = {"time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "sleep"}
UNSEEDED = {"uuid1", "uuid4", "urandom"}


@cache
def sources() -> dict[str, ast.Module]:
    """Return the syntax tree of every module, by dotted name."""
    found = {}
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT.parent).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name] = ast.parse(path.read_text(encoding="utf-8"))
    return found


def imported(tree: ast.Module) -> Iterator[str]:
    """Return every dotted name that a module imports, inside functions too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield from (f"{module}.{alias.name}" for alias in node.names)


@cache
def imports() -> tuple[tuple[str, str], ...]:
    """Return pairs of module and imported name."""
    return tuple((module, name) for module, tree in sources().items() for name in imported(tree))


def within(name: str, *packages: str) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def is_pack(name: str) -> bool:
    """Whether a name belongs to a provider: `sandbox.providers` has what they share beside them."""
    return within(name, PROVIDERS) and name != PROVIDERS and not within(name, *SHARED)


def rank(name: str) -> int | None:
    """Return how high a module stands."""
    return next((place for place, packages in enumerate(RANKS) if within(name, *packages)), None)


def names_used(tree: ast.Module) -> Iterator[str]:
    """Return each attribute of a plain name, as `time.sleep`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            yield f"{node.value.id}.{node.attr}"


def test_every_module_has_a_rank() -> None:
    unranked = [name for name in sources() if name != "sandbox" and rank(name) is None]

    assert unranked == []


def test_no_module_lies_beside_the_folders() -> None:
    assert {path.name for path in ROOT.glob("*.py")} == LOOSE


def test_imports_point_down_only() -> None:
    upward = [
        f"{module} imports {name}"
        for module, name in imports()
        if (here := rank(module)) is not None and (there := rank(name)) is not None and there > here
    ]

    assert upward == []


def test_imports_are_written_in_full() -> None:
    assert [f"{module} imports {name}" for module, name in imports() if name.startswith(".")] == []


def test_the_core_knows_itself_and_the_standard_library_alone() -> None:
    allowed = {*sys.stdlib_module_names} - {"asyncio", "threading", "socket"}
    foreign = [
        f"{module} imports {name}"
        for module, name in imports()
        if within(module, "sandbox.core") and not within(name, "sandbox.core") and name.partition(".")[0] not in allowed
    ]

    assert foreign == []


def test_nobody_names_a_pack() -> None:
    named = [
        f"{module} imports {name}" for module, name in imports() if is_pack(name) and not within(module, PROVIDERS)
    ]

    assert named == []


def test_no_pack_knows_another() -> None:
    def pack(name: str) -> str:
        return ".".join(name.split(".")[:3])

    crossing = [
        f"{module} imports {name}"
        for module, name in imports()
        if is_pack(module) and is_pack(name) and pack(module) != pack(name)
    ]

    assert crossing == []


def test_a_pack_knows_neither_http_nor_yaml_nor_the_engine() -> None:
    allowed = (
        "sandbox.__version__",
        "sandbox.core",
        "sandbox.formats.json_text",
        "sandbox.formats.phone_numbers",
        "sandbox.formats.sms_segments",
        "sandbox.formats.urls",
        "sandbox.providers",
        "sandbox.specs",
    )
    outside = [
        f"{module} imports {name}"
        for module, name in imports()
        if is_pack(module)
        and (
            (within(name, "sandbox") and not within(name, *allowed))
            or within(name, "aiohttp", "yarl", "yaml", "asyncio", "socket", "http", "urllib.request", "time")
        )
    ]

    assert outside == []


def test_aiohttp_stays_at_the_edges() -> None:
    inside = [
        f"{module} imports {name}"
        for module, name in imports()
        if within(name, "aiohttp") and not within(module, *MAY_KNOW_AIOHTTP)
    ]

    assert inside == []


def test_the_sdk_of_mcp_stays_in_one_folder() -> None:
    outside = [
        f"{module} imports {name}"
        for module, name in imports()
        if within(name, "mcp", "mcp_types", "pydantic", "starlette", "anyio") and not within(module, "sandbox.agents")
    ]

    assert outside == []


def test_one_module_knows_opentelemetry_and_is_imported_only_if_it_is_needed() -> None:
    knowing = {module for module, name in imports() if within(name, "opentelemetry")}
    at_the_start = {
        module
        for module, tree in sources().items()
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and node.module == "sandbox.server.spans"
    }

    assert (knowing, at_the_start) == ({"sandbox.server.spans"}, set())


def test_the_clock_alone_reads_the_real_time() -> None:
    readers = {
        module
        for module, tree in sources().items()
        for name in (*names_used(tree), *imported(tree))
        if name in REAL_CLOCK or (name.startswith("time.") and name.removeprefix("time.") in REAL_TIME)
    }

    assert readers == {"sandbox.core.clock"}


def test_chance_alone_draws_without_a_seed() -> None:
    drawers = {
        module
        for module, tree in sources().items()
        for name in (*names_used(tree), *imported(tree))
        if within(name, "random", "secrets") or name.rpartition(".")[2] in UNSEEDED
    }

    assert drawers == {"sandbox.core.seeded_random"}


def test_no_module_is_longer_than_350_lines() -> None:
    long = {
        str(path.relative_to(ROOT)): count
        for path in ROOT.rglob("*.py")
        if (count := len(path.read_text(encoding="utf-8").splitlines())) > 350
    }

    assert long == {}


def test_every_module_opens_with_a_sentence() -> None:
    silent = [name for name, tree in sources().items() if not ast.get_docstring(tree)]

    assert silent == []


def defined(tree: ast.Module) -> Iterator[str]:
    """Return the names of a module's classes and functions."""
    kinds = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return (node.name.lstrip("_") for node in ast.walk(tree) if isinstance(node, kinds))


def test_no_name_is_of_a_private_language() -> None:
    private = {
        *("advancing", "arriving", "asking", "awaiting", "blanks", "claims", "door", "express", "feeds", "happening"),
        *("look", "outbound", "packs", "replying", "rig", "ruling", "scene", "serving", "settling", "shelf"),
        *("showing", "story", "sweeping", "talk", "tally", "telling", "ticking", "watching", "wording"),
        *(
            "Aim",
            "Arrival",
            "Case",
            "Cleared",
            "Course",
            "Doorstep",
            "Ear",
            "Emptied",
            "Exchange",
            "Express",
            "Figures",
        ),
        *("Hearers", "Journey", "Leg", "Nothing", "Pace", "Patience", "Shelf", "Stage", "Talk", "Turn", "Visit"),
    }
    found = {
        f"{module}: {name}"
        for module, tree in sources().items()
        for name in (module.rpartition(".")[2], *defined(tree))
        if name in private and module != "sandbox.testing.server"  # `serving` is promised to users
    }

    assert found == set()


def test_a_short_module_is_read_in_more_than_one_place() -> None:
    importers: dict[str, set[str]] = {}
    for module, name in imports():
        importers.setdefault(name.rpartition(".")[0], set()).add(module)
    paragraphs = {
        name
        for name, tree in sources().items()
        if (tree.body[-1].end_lineno or 0) < 30
        and len(importers.get(name, ())) == 1
        and name.count(".") > 1  # not a folder
    }

    assert paragraphs == set()
