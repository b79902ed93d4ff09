"""`sandbox.provider`, which README promises to providers of one's own."""

import ast
from pathlib import Path

import sandbox.provider
from sandbox import providers

SHARED = {"__init__.py", "base.py", "registry.py"}  # of the folder itself


def test_its_names_are_those_that_the_shipped_providers_need() -> None:
    folder = Path(providers.__file__).parent
    used = {
        alias.name
        for path in folder.rglob("*.py")
        if path.parent != folder or path.name not in SHARED
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }

    assert set(sandbox.provider.__all__) - used == set()


def test_each_name_is_documented() -> None:
    told = sandbox.provider.__doc__ or ""
    mentioned = {name for name in sandbox.provider.__all__ if f"`{name}`" in told}

    assert set(sandbox.provider.__all__) - mentioned == {"Body", "CheckResult", "Provider"}
