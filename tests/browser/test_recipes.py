"""The page on browser tests: each of its examples runs in Chromium; of that for Cypress, the tasks run in Node."""

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from shutil import which
from typing import Any

import playwright
import pytest
from werkzeug.serving import make_server

from sandbox.testing import SandboxServer, serving
from tests.browser.conftest import chromium_path
from tests.commands import PATIENCE
from tests.test_readme import BLOCKS, ROOT

DRIVER = Path(playwright.__file__).parent / "driver"  # has playwright-core as npm has it, and a Node
PLUGINS = ("sandbox.testing.pytest_plugin", "pytest_playwright.pytest_playwright", "pytest_django.plugin")
BROWSER = """
import pytest


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    return {{**browser_type_launch_args, "executable_path": "{}"}}
"""
TASKS = """
import config from "./cypress.config.mjs";

const tasks = {};
config.e2e.setupNodeEvents((name, given) => Object.assign(tasks, given));
const { id, keys } = await tasks.openWorkspace({ targets: {} });
await fetch(`${process.env.SANDBOX_URL}/api/smpp/client/send`, {
  method: "POST",
  headers: { "Content-Type": "application/json", ...keys.betatel },
  body: JSON.stringify({ from: "SHOP", to: "38761444555", text: "Your code is 482910" }),
});
const code = await tasks.otp({ id, to: "38761444555" });
await tasks.advance({ id, by: "5s" });
const { status } = await tasks.lastMessage({ id });
await tasks.closeWorkspace({ id });
console.log(Object.keys(tasks).sort().join(" "), code, status);
"""


def files() -> dict[str, str]:
    """Return the files that the page shows, by the names in their first lines."""
    shown = (each.text for each in BLOCKS if each.page == "browser-tests" and each.language != "bash")
    return {re.split(r"[:\s]", text, maxsplit=2)[1]: text for text in shown}


def write(folder: Path, *names: str) -> None:
    """Write files of the page into a folder."""
    shown = files()
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(shown[name], encoding="utf-8")


def run(folder: Path, *words: str, **environ: str) -> str:
    """Return what a program says that ends well."""
    done = subprocess.run(  # noqa: S603 - our own text
        words,
        capture_output=True,
        text=True,
        timeout=3 * PATIENCE,
        check=False,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environ},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def node(tmp_path: Path) -> str:
    """Return a Node that finds playwright-core from the folder of the test."""
    found = which("node") or which("node", path=DRIVER)
    if found is None or not (DRIVER / "package").is_dir():
        pytest.skip("there is no Node here, or no playwright-core in the package playwright")
    modules = tmp_path / "node_modules"
    modules.mkdir()
    (modules / "playwright-core").symlink_to(DRIVER / "package")
    return found


@pytest.fixture(scope="module")
def server() -> Iterator[SandboxServer]:
    """Return a server for what is not Python."""
    with serving() as running:
        yield running


@pytest.fixture
def shop(server: SandboxServer) -> Iterator[str]:
    """Run the application of the page; return its URL."""
    module: dict[str, Any] = {"__name__": "shop"}
    exec(files()["shop.py"], module)  # noqa: S102 - our own text
    environ: Mapping[str, str] = {"BETATEL_URL": server.url, "SHOP_TEST_KEYS": "1"}
    running = make_server("127.0.0.1", 0, module["make_app"](environ), threaded=True)
    thread = threading.Thread(target=running.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{running.server_port}"
    running.shutdown()
    thread.join()
    running.server_close()


def test_the_examples_for_pytest_pass(tmp_path: Path) -> None:
    names = [name for name in files() if name.endswith((".py", ".ini"))]
    write(tmp_path, *names)
    (tmp_path / "conftest.py").write_text(BROWSER.format(chromium_path()))
    flags = ["-q", "-W", "error", "-W", "ignore::pytest.PytestRemovedIn10Warning", "-p", "no:cacheprovider"]
    plugins = [word for plugin in PLUGINS for word in ("-p", plugin)]
    said = run(tmp_path, sys.executable, "-m", "pytest", *flags, *plugins, PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")

    assert said.splitlines()[-1].startswith("5 passed"), said


def test_the_example_for_playwright_in_node_passes(tmp_path: Path, node: str, server: SandboxServer, shop: str) -> None:
    write(tmp_path, "sandbox.mjs", "sign-up.test.mjs")
    environ = {"SANDBOX_URL": server.url, "SHOP_URL": shop, "CHROMIUM": chromium_path()}
    said = run(tmp_path, node, "--test", "--test-reporter", "tap", "sign-up.test.mjs", **environ)

    assert re.findall(r"^# (?:pass|fail|skipped) \d+$", said, re.MULTILINE) == ["# pass 1", "# fail 0", "# skipped 0"]


def test_the_tasks_for_cypress_do_what_its_test_needs(tmp_path: Path, node: str, server: SandboxServer) -> None:
    write(tmp_path, "sandbox.mjs", "cypress.config.mjs", "cypress/e2e/sign-up.cy.js")
    run(tmp_path, node, "--check", "cypress/e2e/sign-up.cy.js")
    (tmp_path / "tasks.mjs").write_text(TASKS)
    used = sorted({*re.findall(r'cy\.task\("(\w+)"', files()["cypress/e2e/sign-up.cy.js"])})

    assert run(tmp_path, node, "tasks.mjs", SANDBOX_URL=server.url) == f"{' '.join(used)} 482910 delivered\n"
