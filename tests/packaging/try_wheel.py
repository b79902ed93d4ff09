"""`python -m tests.packaging.try_wheel WHEEL`: install a wheel into a new environment and try it in an empty folder.

That is done with each supported Python that this machine has.
"""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.packaging.installed import BrokenError, free_environment, try_command
from tests.packaging.interpreters import interpreters


def main(wheel: Path) -> None:
    """Raise where something does not work."""
    for version, python in interpreters().items():
        sys.stdout.write(f"Python {version}: {python}\n")
        sys.stdout.flush()
        with TemporaryDirectory() as folder:
            scripts = Path(folder, "bin")
            subprocess.run([python, "-m", "venv", folder], check=True)  # noqa: S603 - found on this machine
            subprocess.run([scripts / "pip", "install", "--quiet", wheel], check=True)  # noqa: S603 - of our own making
            if not list(Path(folder).glob("lib/python*/site-packages/sandbox/py.typed")):
                message = "the wheel does not say that it is typed"
                raise BrokenError(message)
            try_command(str(scripts / "sms-sandbox"), free_environment(SANDBOX_PORT="0"))


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute())
