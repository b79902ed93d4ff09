"""Finds the Pythons of this machine that the project says it runs on: on the path, or kept by pyenv."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from tests.packaging.dockerfile import ROOT

VERSION = re.compile(r"Programming Language :: Python :: (3\.\d+)")
TELL = "import ensurepip, sys, venv; print('%d.%d' % sys.version_info[:2])"


def supported() -> list[str]:
    """Return the versions that the classifiers name, such as `3.12`."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return [found[1] for each in project["classifiers"] if (found := VERSION.fullmatch(each))]


def interpreters() -> dict[str, str]:
    """Return an interpreter for each supported version that there is one of."""
    found = {}
    for version in supported():
        for path in candidates(version):
            if tells(path) == version:
                found[version] = path
                break
    return found


def candidates(version: str) -> Iterator[str]:
    """Yield what may be an interpreter of a version; this one goes first."""
    yield sys.executable
    on_path = shutil.which(f"python{version}")
    if on_path is not None:
        yield on_path
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from map(str, sorted(pyenv.glob(f"versions/{version}.*/bin/python")))


def tells(path: str) -> str | None:
    """Return the version of an interpreter that can make environments; a shim of pyenv may lead nowhere."""
    done = subprocess.run([path, "-c", TELL], capture_output=True, text=True, check=False)  # noqa: S603 - found here
    return done.stdout.strip() if done.returncode == 0 else None
