"""`python -m tests.packaging.try_wheel WHEEL`: install a wheel into a new environment and try it in an empty folder."""

import subprocess
import sys
import venv
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.packaging.installed import free_environment, try_command


def main(wheel: Path) -> None:
    """Raise where something does not work."""
    with TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        scripts = Path(folder, "bin")
        subprocess.run([scripts / "pip", "install", "--quiet", wheel], check=True)  # noqa: S603 - of our own making
        try_command(str(scripts / "sms-sandbox"), free_environment(SANDBOX_PORT="0"))


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute())
