"""`python -m tests.packaging.walk_dockerfile`: take the Dockerfile's steps without an engine, below its own folder.

Commands run as they stand, with the image's folders moved below that folder; only those that need root are left out.
Then the health check and the entry point are tried as the image would run them, in memory and with a store in /data.
"""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.packaging.dockerfile import ROOT, Instruction, instructions
from tests.packaging.installed import BrokenError, free_environment, run, try_command
from tests.specs.manners import write_manners

FOLDERS = re.compile(
    r"(?<![\w.-])/(?=(?:src|opt|scenarios|specs|tls|data)\b)"
)  # of the image, as the Dockerfile names them
NEED_ROOT = ("useradd ", "chown ")


class Walk:
    """Where the steps have led: the folder that stands for `/`, the one worked in, the environment so far."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.here = root
        self.settings: dict[str, str] = {}
        self.health: list[str] = []
        self.entry: list[str] = []

    def take(self, step: Instruction) -> None:
        """Do what an instruction says; what only describes the image has nothing to do here."""
        known = {
            "WORKDIR": self.change,
            "COPY": self.copy,
            "RUN": self.run,
            "ENV": self.set,
            "HEALTHCHECK": self.watch,
            "ENTRYPOINT": self.enter,
        }
        if step.word in known:
            known[step.word](step.rest)

    def moved(self, text: str) -> str:
        """Return a text with the image's folders below the root."""
        return FOLDERS.sub(f"{self.root}/", text)

    def change(self, rest: str) -> None:
        self.here = Path(self.moved(rest))
        self.here.mkdir(parents=True, exist_ok=True)

    def copy(self, rest: str) -> None:
        """Copy from the checkout; what comes from the first stage is there already, as both share the root."""
        if rest.startswith("--from="):
            _, source, target = rest.split()
            if source != target or not Path(self.moved(source)).exists():
                raise ValueError(rest)
            return
        *sources, target = rest.split()
        for source in sources:
            there = self.here / target / source if target.endswith("/") else self.here / target
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, there, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / source, there)

    def run(self, rest: str) -> None:
        commands = [each.strip() for each in rest.split("&&")]
        for command in commands:
            if not command.startswith(NEED_ROOT):
                line = re.sub(r"^python\b", sys.executable, self.moved(command))
                subprocess.run(line, shell=True, check=True, cwd=self.here)  # noqa: S602 - the Dockerfile's own

    def set(self, rest: str) -> None:
        self.settings |= {name: self.moved(value) for name, value in re.findall(r'(\w+)="([^"]*)"', rest)}

    def watch(self, rest: str) -> None:
        self.health = json.loads(rest.partition("CMD ")[2])

    def enter(self, rest: str) -> None:
        self.entry = json.loads(rest)


def main() -> None:
    """Raise where a step or what it leads to does not work."""
    with TemporaryDirectory() as folder:
        walk = Walk(Path(folder))
        for step in instructions():
            walk.take(step)
        environment = free_environment(SANDBOX_PORT="0")
        path = walk.settings.pop("PATH").replace("$PATH", environment["PATH"])
        command = shutil.which(walk.entry[0], path=path)
        if command is None or walk.health[0] != walk.entry[0]:
            message = f"{walk.entry[0]} is not on {path}, or {walk.health} is another command"
            raise FileNotFoundError(message)
        settings = {**environment, **walk.settings, "PATH": path}
        write_manners(Path(walk.moved("/specs")), "header")
        if "header.send" not in run(command, "endpoints", environment=settings, folder=Path(folder)):
            message = "a document in /specs is not served"
            raise BrokenError(message)
        for store in ({}, {"SANDBOX_STORE": walk.moved("/data/sandbox.db")}):
            try_command(command, {**settings, **store}, check=tuple(walk.health[1:]))
        driver = [walk.moved("/opt/sms-sandbox/bin/python"), "-c", "import asyncpg, mcp"]
        subprocess.run(driver, check=True, env=settings)  # noqa: S603 - of the image


if __name__ == "__main__":
    main()
